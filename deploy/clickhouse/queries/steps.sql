-- The way of people through each scenario: who came to a step, answered it, and went no further: is still at it, or left the
-- scenario there without its goal. Names and people are put together by their hashes, which takes half the time.
WITH last AS
(
    SELECT scenario, version, step, countIf(NOT ended) AS still_here, countIf(ended AND NOT goal) AS left_here
    FROM
    (
        WITH toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
        SELECT
            cityHash64(name) AS scenario,
            version,
            argMaxIf(cityHash64(entry), at, kind = 'step_reached') AS step,
            argMax(kind = 'scenario_ended', at) AS ended,
            argMax(counted.goal, at) AS goal
        FROM counted
        WHERE kind IN ('step_reached', 'scenario_ended') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR name = {scenario:String})
            AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
        GROUP BY cityHash64(bot, person), scenario, version
    )
    WHERE step != 0
    GROUP BY scenario, version, step
)
SELECT
    toString(any_name) AS scenario,
    steps.version AS version,
    toString(any_entry) AS step,
    reached,
    answered,
    invalid_answers,
    reminders,
    expired,
    last.still_here AS still_here,
    last.left_here AS left_here,
    if(reached = 0, 0, round((still_here + left_here) / reached, 4)) AS drop_off
FROM
(
    SELECT
        any(name) AS any_name,
        any(entry) AS any_entry,
        cityHash64(name) AS scenario_hash,
        version,
        cityHash64(entry) AS step_hash,
        uniqExactIf(cityHash64(bot, person), kind = 'step_reached') AS reached,
        uniqExactIf(cityHash64(bot, person), kind = 'step_answered' AND what = 'valid') AS answered,
        countIf(kind = 'step_answered' AND what = 'invalid') AS invalid_answers,
        countIf(kind = 'step_reminded') AS reminders,
        countIf(kind = 'step_expired') AS expired,
        min(time) AS first
    FROM counted
    WHERE kind IN ('step_reached', 'step_answered', 'step_reminded', 'step_expired') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR name = {scenario:String})
        AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    GROUP BY scenario_hash, version, step_hash
) AS steps
LEFT JOIN last ON last.scenario = steps.scenario_hash AND last.version = steps.version AND last.step = steps.step_hash
ORDER BY scenario, version, first, reached DESC, step
