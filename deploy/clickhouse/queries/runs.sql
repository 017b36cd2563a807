-- Which scenario each person had, where they are, and whether it came to an end: the thousand latest. These are looked for among
-- what was told last, unless too few are there.
WITH
    told AS
    (
        SELECT bot, person, name, version, entry, kind, what, time, event FROM counted
        WHERE kind IN ('scenario_assigned', 'scenario_started', 'step_reached', 'step_answered', 'step_reminded', 'step_expired', 'scenario_ended')
            AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND ({scenario:String} = '' OR name = {scenario:String})
            AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    ),
    (
        SELECT if(uniqExact(run) < 1000, toDateTime64(0, 3, 'UTC'), min(time))
        FROM (SELECT cityHash64(bot, person, name, version) AS run, time FROM told ORDER BY time DESC LIMIT 10000)
    ) AS recent
SELECT
    bot,
    person,
    toString(name) AS scenario_name,
    version,
    formatDateTime(min(time), '%Y-%m-%d %H:%i', {zone:String}) AS first,
    formatDateTime(max(time), '%Y-%m-%d %H:%i', {zone:String}) AS last,
    countIf(kind = 'scenario_started') AS started,
    argMaxIf(toString(entry), (time, event), entry != '') AS at_step,
    countIf(kind = 'scenario_ended') AS ended,
    countIf(kind = 'scenario_ended' AND what = 'goal') AS goals
FROM told
WHERE (bot, person) IN (SELECT bot, person FROM told WHERE time >= recent)
GROUP BY bot, person, name, version
ORDER BY max(time) DESC, bot, person, scenario_name, version
LIMIT 1000
