-- The way of people through each scenario: who came to a step, answered it, and went no further.
WITH here AS
(
    SELECT name, version, step, count() AS people
    FROM
    (
        SELECT name, version, argMax((entry, kind), (time, event)) AS last, last.1 AS step
        FROM counted
        WHERE kind IN ('step_reached', 'scenario_ended') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR name = {scenario:String})
            AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
        GROUP BY bot, person, name, version
        HAVING last.2 = 'step_reached'
    )
    GROUP BY name, version, step
)
SELECT
    toString(steps.name) AS scenario,
    steps.version AS version,
    toString(steps.step) AS step,
    reached,
    answered,
    invalid_answers,
    reminders,
    expired,
    here.people AS still_here,
    if(reached = 0, 0, round(still_here / reached, 4)) AS drop_off
FROM
(
    SELECT
        name,
        version,
        entry AS step,
        uniqExactIf((bot, person), kind = 'step_reached') AS reached,
        uniqExactIf((bot, person), kind = 'step_answered' AND what = 'valid') AS answered,
        countIf(kind = 'step_answered' AND what = 'invalid') AS invalid_answers,
        countIf(kind = 'step_reminded') AS reminders,
        countIf(kind = 'step_expired') AS expired,
        min(time) AS first
    FROM counted
    WHERE kind IN ('step_reached', 'step_answered', 'step_reminded', 'step_expired') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR name = {scenario:String})
        AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    GROUP BY name, version, step
) AS steps
LEFT JOIN here ON here.name = steps.name AND here.version = steps.version AND here.step = steps.step
ORDER BY scenario, version, first, reached DESC, step
