-- Which scenario each person had, where they are, and whether it came to an end: the thousand latest.
SELECT
    bot,
    person,
    toString(scenario) AS scenario_name,
    ifNull(scenario_version, 0) AS version,
    formatDateTime(min(events.time), '%Y-%m-%d %H:%i', {zone:String}) AS first,
    formatDateTime(max(events.time), '%Y-%m-%d %H:%i', {zone:String}) AS last,
    countIf(kind = 'scenario_started') AS started,
    argMaxIf(toString(step), (time, seq), step != '') AS at_step,
    countIf(kind = 'scenario_ended') AS ended,
    countIf(kind = 'scenario_ended' AND ifNull(goal, false)) AS goals
FROM events
WHERE scenario != '' AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR scenario = {scenario:String})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
GROUP BY bot, person, scenario, scenario_version
ORDER BY max(events.time) DESC, bot, person, scenario_name, version
LIMIT 1000
