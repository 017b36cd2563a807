-- The way of people through each scenario: who came to a step, answered it, and went no further.
SELECT
    name AS scenario,
    version,
    place AS step,
    uniqExactIf((bot, who), kind = 'step_reached') AS reached,
    uniqExactIf((bot, who), kind = 'step_answered' AND accepted) AS answered,
    countIf(kind = 'step_answered' AND NOT accepted) AS invalid_answers,
    countIf(kind = 'step_reminded') AS reminders,
    countIf(kind = 'step_expired') AS expired,
    uniqExactIf((bot, who), kind = 'step_reached' AND is_last) AS still_here,
    if(reached = 0, 0, round(still_here / reached, 4)) AS drop_off
FROM
(
    SELECT
        bot,
        kind,
        assumeNotNull(person) AS who,
        toString(scenario) AS name,
        ifNull(scenario_version, 0) AS version,
        toString(step) AS place,
        ifNull(valid, false) AS accepted,
        time AS at,
        countIf(kind IN ('step_reached', 'scenario_ended')) OVER run = 0 AS is_last
    FROM events
    WHERE kind IN ('step_reached', 'step_answered', 'step_reminded', 'step_expired', 'scenario_ended') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR scenario = {scenario:String})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    WINDOW run AS (PARTITION BY bot, person, scenario, scenario_version ORDER BY time, stream, seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
)
WHERE kind != 'scenario_ended'
GROUP BY name, version, place
ORDER BY name, version, min(at), reached DESC, place
