-- Which scenarios people had, whether these came to an end, how often to the goal, and how long it took.
SELECT
    name AS scenario,
    version,
    uniqExactIf(who, kind = 'scenario_started') AS people,
    countIf(kind = 'scenario_started') AS started,
    countIf(kind = 'scenario_ended') AS ended,
    countIf(kind = 'scenario_ended' AND reached) AS goals,
    if(started = 0, 0, round(goals / started, 4)) AS goal_rate,
    ifNotFinite(round(medianExactIf(seconds, kind = 'scenario_ended' AND began > 0)), 0) AS median_seconds
FROM
(
    SELECT
        kind,
        assumeNotNull(person) AS who,
        toString(scenario) AS name,
        ifNull(scenario_version, 0) AS version,
        ifNull(goal, false) AS reached,
        max(if(kind = 'scenario_started', toUnixTimestamp64Milli(time), 0)) OVER run AS began,
        (toUnixTimestamp64Milli(time) - began) / 1000 AS seconds
    FROM events
    WHERE kind IN ('scenario_started', 'scenario_ended') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR scenario = {scenario:String})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    WINDOW run AS (PARTITION BY bot, person, scenario, scenario_version ORDER BY time, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
GROUP BY name, version
ORDER BY name, version
