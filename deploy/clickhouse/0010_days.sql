-- Days apart, and days that are over counted beforehand.
--
-- What happened on a day lies by itself: once nothing is written to it any more it becomes one part, which is counted
-- without looking for repetitions. Otherwise this is `counted_told` as it was.
CREATE TABLE IF NOT EXISTS happened
(
    kind LowCardinality(String) COMMENT 'as in events',
    what LowCardinality(String) COMMENT 'the kind closer: source of replied and message_sent; reason of silent, delivery_failed, handed_over, handed_back, webhook_called; own_bot of message_received; valid or invalid; goal or no_goal; session; method; act',
    time DateTime64(3, 'UTC') COMMENT 'when it happened' CODEC(T64('bit'), ZSTD(1)),
    bot UInt64 CODEC(T64, ZSTD(1)),
    chat Int64 COMMENT '0 without a chat' CODEC(Delta, ZSTD(1)),
    chat_kind LowCardinality(String) COMMENT 'direct or group; empty without a chat',
    person Int64 COMMENT '0 without a person' CODEC(Delta, ZSTD(1)),
    name LowCardinality(String) COMMENT 'the trigger group or library that answered, the scenario, the goal, the variable, the operator, the target of a webhook',
    entry LowCardinality(String) COMMENT 'the entry of a library, the step, what the operator acted on',
    variation Int32 COMMENT 'which variation of an answer or which reminder, from 0, or how many tries before; -1 without' CODEC(T64, ZSTD(1)),
    version UInt32 COMMENT 'of the content; 0 where it is not told' CODEC(T64, ZSTD(1)),
    figure UInt64 COMMENT 'reply_ms of message_sent, decide_us of replied and silent, wait_s of flood_wait, bytes of file_stored' CODEC(T64('bit'), ZSTD(1)),
    missed UInt64 COMMENT 'hash of the update for which nothing was found, else 0' CODEC(ZSTD(1)),
    event UInt64 COMMENT 'which of its kind in its chat; in the order of messages where it comes of one' CODEC(T64('bit'), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
PRIMARY KEY (kind, toDate(time), bot)
ORDER BY (kind, toDate(time), bot, chat, event)
SETTINGS non_replicated_deduplication_window = 1000, min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1
COMMENT 'what happened, for counting; read `counted`';

-- What ingress and webhooks tell by their own clock may be told again on another day, and is not counted again then. That can only be
-- where the day has changed since what it answers was received, and only for as long as the broker keeps actions
-- (`nats.retention`, three days), so in nearly every insert nothing has to be looked up. A view sees of the table that it
-- reads only what is being inserted, wherever it is named.
CREATE MATERIALIZED VIEW IF NOT EXISTS happened_filled TO happened AS
WITH
    kind = 'replied' AS answers,
    scenario != '' AS scenic,
    (kind = 'silent' AND reason = 'no_match') OR (kind = 'replied' AND source = 'fallback') AS unanswerable,
    -- The key of the update where the row does not tell it, since its id begins with it.
    if(update = '', extract(id, '^[^#!]+'), update) AS cause,
    -- The message with the number of its action or event; otherwise what comes before the number of an event, and that.
    extractGroups(id, '^(?:[0-9]+/-?[0-9]+/([0-9]{1,10})/new(?:#([0-9]{1,2})!sent|!([0-9]{1,2}))|(.*)!([0-9]{1,2}))$') AS named
SELECT
    events_told.kind AS kind,
    multiIf(
        kind IN ('replied', 'message_sent'), toString(source),
        kind IN ('silent', 'delivery_failed', 'handed_over', 'handed_back', 'webhook_called'), toString(reason),
        kind = 'message_received', if(own_bot, 'own_bot', ''),
        kind = 'step_answered', if(ifNull(valid, false), 'valid', 'invalid'),
        kind = 'scenario_ended', if(ifNull(goal, false), 'goal', 'no_goal'),
        kind = 'session', toString(session),
        kind = 'flood_wait', toString(method),
        kind = 'operator_acted', toString(act),
        '') AS what,
    events_told.time AS time,
    events_told.bot AS bot,
    ifNull(events_told.chat, 0) AS chat,
    events_told.chat_kind AS chat_kind,
    ifNull(events_told.person, 0) AS person,
    multiIf(answers, toString(source_name), scenic, toString(scenario), kind = 'goal_reached', toString(goal_name),
        kind = 'operator_acted', toString(operator), toString(variable)) AS name,
    multiIf(answers, toString(source_entry), kind = 'operator_acted', act_on, toString(step)) AS entry,
    ifNull(toInt32(if(answers, source_variation, reminder)), -1) AS variation,
    ifNull(multiIf(answers, source_version, scenic, scenario_version, act_version), 0) AS version,
    multiIf(
        kind = 'message_sent', ifNull(reply_ms, 0),
        kind = 'flood_wait', ifNull(toUInt64(wait_s), 0),
        kind = 'file_stored', ifNull(bytes, 0),
        ifNull(decide_us, 0)) AS figure,
    if(unanswerable, cityHash64(cause), 0) AS missed,
    multiIf(
        empty(named), bitOr(cityHash64(id), 9223372036854775808),
        named[1] = '', bitOr(bitShiftLeft(cityHash64(named[4]), 8), 9223372036854775808) + toUInt64OrZero(named[5]),
        toUInt64OrZero(named[1]) * 256 + if(named[2] = '', toUInt64OrZero(named[3]), 128 + toUInt64OrZero(named[2]))) AS event
FROM events_told
WHERE kind NOT IN ('message_sent', 'delivery_failed', 'file_stored', 'bot_blocked', 'webhook_called')
    OR (kind, bot, chat, event) NOT IN
    (
        SELECT kind, bot, chat, event FROM happened
        WHERE (kind, toDate(time), bot) IN
            (
                SELECT kind, toDate(time) - ago, bot FROM events_told
                ARRAY JOIN [1, 2, 3, 4] AS ago
                WHERE kind IN ('delivery_failed', 'file_stored', 'bot_blocked', 'webhook_called')
                    OR (kind = 'message_sent' AND (ifNull(reply_ms, 0) = 0 OR toDate(subtractMilliseconds(time, reply_ms)) < toDate(time)))
            )
    );

-- What was counted until now. Both views fill their tables until here, and what is copied twice is one row.
INSERT INTO happened SELECT * FROM counted_told;

-- Each event once, and what is often asked of one. Rows that are the same event are of one day.
CREATE OR REPLACE VIEW counted AS
SELECT
    *,
    kind = 'message_received' AND what != 'own_bot' AND person != 0 AS wrote,
    kind = 'goal_reached' OR (kind = 'scenario_ended' AND what = 'goal') AS goal
FROM happened FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
