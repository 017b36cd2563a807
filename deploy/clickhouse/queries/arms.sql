-- The arms of a comparison: of the people whose scenario came to an end, how many came to the goal. Whoever is still
-- under way is not counted: what becomes of them is not known yet.
SELECT
    toString(name) AS scenario_name,
    version,
    uniqExactIf((bot, person), kind IN ('scenario_started', 'scenario_assigned')) AS people,
    uniqExactIf((bot, person), kind = 'scenario_ended') AS finished,
    uniqExactIf((bot, person), kind = 'scenario_ended' AND what = 'goal') AS goals,
    if(finished = 0, 0, round(goals / finished, 4)) AS rate
FROM counted
WHERE kind IN ('scenario_started', 'scenario_assigned', 'scenario_ended') AND person != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR name = {scenario:String})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
GROUP BY name, version
ORDER BY scenario_name, version
LIMIT 100
