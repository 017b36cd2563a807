-- What each person wrote and got, and which scenario each had last: the thousand who wrote most. That a bot kept silent
-- is left out: it also tells of our own bots, whom others of ours hear in a group.
WITH
    (
        SELECT groupArray(person) FROM
        (
            SELECT person FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64})
            WHERE wrote > 0 AND person != 0 AND ({person:Int64} = 0 OR person = {person:Int64})
            GROUP BY person
            ORDER BY sum(wrote) DESC, person
            LIMIT 1000
        )
    ) AS writers,
    -- Whoever did not write comes after all who did.
    length(writers) < 1000 AS all_fit
SELECT
    counts.person AS person,
    wrote_in_groups,
    wrote_directly,
    got,
    scenarios_started,
    scenarios_ended,
    goals,
    last_scenario,
    ended,
    opted_out,
    blocked,
    formatDateTime(counts.first, '%Y-%m-%d %H:%i', {zone:String}) AS first,
    formatDateTime(counts.last, '%Y-%m-%d %H:%i', {zone:String}) AS last
FROM
(
    SELECT
        person,
        sumIf(wrote, chat_kind = 'group') AS wrote_in_groups,
        sumIf(wrote, chat_kind = 'direct') AS wrote_directly,
        sum(sent) AS got,
        sum(by_person.scenarios_started) AS scenarios_started,
        sum(by_person.scenarios_ended) AS scenarios_ended,
        sum(by_person.goals) AS goals,
        min(by_person.first) AS first,
        max(by_person.last) AS last
    FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64}) AS by_person
    WHERE others > 0 AND person != 0 AND ({person:Int64} = 0 OR person = {person:Int64}) AND (all_fit OR person IN (SELECT arrayJoin(writers)))
    GROUP BY person
) AS counts
LEFT JOIN
(
    SELECT
        person,
        argMaxIf(toString(name), (time, event), kind IN ('scenario_started', 'scenario_ended')) AS last_scenario,
        argMaxIf(kind = 'scenario_ended', (time, event), kind IN ('scenario_started', 'scenario_ended')) AS ended,
        max(kind = 'opted_out') AS opted_out,
        max(kind = 'bot_blocked') AS blocked
    FROM counted
    WHERE kind IN ('scenario_started', 'scenario_ended', 'opted_out', 'bot_blocked') AND person != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
        AND (all_fit OR person IN (SELECT arrayJoin(writers)))
    GROUP BY person
) AS told ON told.person = counts.person
ORDER BY wrote_in_groups + wrote_directly DESC, person
LIMIT 1000
