-- Which scenarios people had, whether these came to an end, how often to the goal, and how long it took.
SELECT
    toString(name) AS scenario,
    version,
    uniqExactIf(person, kind = 'scenario_started') AS people,
    countIf(kind = 'scenario_started') AS started,
    countIf(kind = 'scenario_ended') AS ended,
    countIf(kind = 'scenario_ended' AND what = 'goal') AS goals,
    if(started = 0, 0, round(goals / started, 4)) AS goal_rate,
    ifNotFinite(round(medianExactIf(seconds, kind = 'scenario_ended' AND began > 0)), 0) AS median_seconds
FROM
(
    SELECT
        kind,
        what,
        person,
        name,
        version,
        max(if(kind = 'scenario_started', toUnixTimestamp64Milli(time), 0)) OVER run AS began,
        (toUnixTimestamp64Milli(time) - began) / 1000 AS seconds
    FROM counted
    WHERE kind IN ('scenario_started', 'scenario_ended') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR name = {scenario:String})
        AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    WINDOW run AS (PARTITION BY bot, person, name, version ORDER BY time, event ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
GROUP BY name, version
ORDER BY scenario, version
