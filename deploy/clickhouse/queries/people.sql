-- What each person wrote and got, and which scenario each had last: the thousand who wrote most. That a bot kept silent
-- is left out: it also tells of our own bots, whom others of ours hear in a group.
WITH
    writers AS
    (
        SELECT person FROM counted
        WHERE kind = 'message_received' AND what != 'own_bot' AND person != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
        GROUP BY person
        ORDER BY count() DESC, person
        LIMIT 1000
    ),
    -- Whoever did not write comes after all who did.
    (SELECT count() FROM writers) < 1000 AS all_fit
SELECT
    person,
    countIf(kind = 'message_received' AND chat_kind = 'group') AS wrote_in_groups,
    countIf(kind = 'message_received' AND chat_kind = 'direct') AS wrote_directly,
    countIf(kind = 'message_sent') AS got,
    countIf(kind = 'scenario_started') AS scenarios_started,
    countIf(kind = 'scenario_ended') AS scenarios_ended,
    countIf((kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    argMaxIf(toString(name), (time, event), kind IN ('scenario_started', 'scenario_ended')) AS last_scenario,
    argMaxIf(kind = 'scenario_ended', (time, event), kind IN ('scenario_started', 'scenario_ended')) AS ended,
    max(kind = 'opted_out') AS opted_out,
    max(kind = 'bot_blocked') AS blocked,
    formatDateTime(min(time), '%Y-%m-%d %H:%i', {zone:String}) AS first,
    formatDateTime(max(time), '%Y-%m-%d %H:%i', {zone:String}) AS last
FROM counted
WHERE person != 0 AND what != 'own_bot' AND kind != 'silent' AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND (all_fit OR person IN writers)
GROUP BY person
ORDER BY wrote_in_groups + wrote_directly DESC, person
LIMIT 1000
