-- Counts of each chat of each bot: the thousand with the most messages.
WITH
    most AS
    (
        SELECT bot, chat FROM counted
        WHERE chat != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND kind IN ('message_received', 'message_sent')
            AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
        GROUP BY bot, chat
        ORDER BY count() DESC, bot, chat
        LIMIT 1000
    ),
    -- Where nothing was received or sent comes after all others.
    (SELECT count() FROM most) < 1000 AS all_fit
SELECT
    bot AS owner,
    chat AS place,
    any(toString(kind_of_chat)) AS place_kind,
    sumIf(times, kind = 'message_received') AS received,
    sumIf(times, kind = 'message_sent') AS sent,
    sumIf(times, kind = 'delivery_failed') AS failed,
    uniqExactMerge(who) AS people,
    sumIf(times, kind = 'scenario_started') AS scenarios_started,
    sumIf(times, kind = 'scenario_ended') AS scenarios_ended,
    sumIf(times, (kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    groupArrayIf((toString(what), times), kind = 'replied') AS replies,
    groupArrayIf((toString(what), times), kind = 'silent') AS silences
FROM
(
    SELECT bot, chat, any(chat_kind) AS kind_of_chat, kind, what, count() AS times,
        uniqExactStateIf(person, kind = 'message_received' AND person != 0 AND what != 'own_bot') AS who
    FROM counted
    WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND kind IN ('message_received', 'message_sent', 'delivery_failed', 'scenario_started', 'scenario_ended', 'goal_reached', 'replied', 'silent')
        AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
        AND chat != 0 AND (all_fit OR (bot, chat) IN most)
    GROUP BY bot, chat, kind, what
)
GROUP BY bot, chat
ORDER BY received + sent DESC, owner, place
LIMIT 1000
