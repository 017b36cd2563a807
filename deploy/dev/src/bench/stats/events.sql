-- What happens in the turns {first} to {first} + {count}: someone writes, a bot answers or does not, and every so often
-- more comes of it; three events on average. Everything is drawn from hashes of the turn's number, so that the
-- same turns are the same events.
--
-- Three hundred bots, the busiest with a seventeenth of everything; twenty groups each, with 2,000 people, and 20,000 people who
-- write directly, few of them most of the time. One bot in ten keeps texts for thirty days.
--
-- Who writes goes on for a while: a visit has 1 to {longest} messages, each a minute and a half after the one before. A hundred
-- visits go on at a time.
--
-- `nullIf` and not `if(…, NULL)`: below a NULL that leaves the number that would have been there, and it is stored.
INSERT INTO events_told
(
    id, kind, time, bot, chat, chat_kind, person, update, action, message, own_bot, text, text_until,
    source, source_name, source_entry, source_variation, source_version, reason,
    scenario, scenario_version, step, valid, goal, variable, decide_us, reply_ms, wait_s, method, session,
    operator, act, act_on, act_version, trace_id, partition, seq, stream, written
)
WITH
    -- From 0 to 1.
    (salt) -> cityHash64(turn, salt) / 18446744073709551616 AS chance,
    -- The same for all turns of a visit.
    (salt) -> cityHash64(visit, salt) / 18446744073709551616 AS lot,
    fromUnixTimestamp64Milli(at, 'UTC') AS moment,
    kind IN ('replied', 'message_sent') AS answers,
    startsWith(kind, 'scenario_') OR startsWith(kind, 'step_') AS scenic
SELECT
    -- As ingress and the responder name them.
    concat(key, multiIf(kind = 'message_sent', '#0!sent', kind = 'delivery_failed', '#0!failed', concat('!', toString(place)))),
    kind,
    -- Telegram's clock counts whole seconds.
    if(kind = 'message_received', fromUnixTimestamp64Milli(intDiv(at, 1000) * 1000, 'UTC'), addMilliseconds(moment, if(kind = 'message_sent', pace, 3))),
    bot,
    if(kind IN ('session', 'flood_wait', 'operator_acted'), NULL, chat),
    if(kind IN ('session', 'flood_wait', 'operator_acted'), '', chat_kind),
    if(kind IN ('session', 'flood_wait', 'operator_acted'), NULL, person),
    -- Their ids begin with them.
    '',
    '',
    nullIf(if(kind IN ('message_received', 'message_edited', 'message_sent'), message + (kind = 'message_sent'), -1), -1),
    own_bot AND kind = 'message_received',
    if(kind = 'message_received' AND bot % 10 = 0, concat('how do I ', ['open', 'close', 'change', 'find', 'pay for'][1 + turn % 5], ' my order ', toString(intDiv(word, 50))), ''),
    if(kind = 'message_received' AND bot % 10 = 0, toDateTime(addDays(moment, 30)), toDateTime(0, 'UTC')),
    if(answers, source, ''),
    if(answers, multiIf(source IN ('trigger_group', 'fail_message'), concat('rule-', toString(word)), source = 'step', scenario_name, 'small-talk'), ''),
    if(answers, multiIf(source = 'entry', concat('entry-', toString(word)), source = 'step', step_name, ''), ''),
    if(answers AND source IN ('entry', 'fallback'), toUInt16(turn % 4), NULL),
    nullIf(if(answers AND source = 'step', toUInt32(version), 0), 0),
    multiIf(kind = 'silent', if(chat_kind = 'direct', 'no_match', ['not_addressed', 'no_match', 'cooldown'][1 + turn % 3]), kind = 'delivery_failed', ['USER_IS_BLOCKED', 'CHAT_WRITE_FORBIDDEN'][1 + turn % 2], ''),
    if(scenic, scenario_name, ''),
    nullIf(if(scenic, toUInt32(version), 0), 0),
    if(scenic AND kind != 'scenario_started', step_name, ''),
    if(kind = 'step_answered', chance('valid') < 0.85, NULL),
    if(kind = 'scenario_ended', chance('goal') < 0.3, NULL),
    if(kind = 'variable_changed', ['name', 'age', 'city'][1 + turn % 3], ''),
    nullIf(if(kind IN ('replied', 'silent'), toUInt64(200 + 3000 * pow(chance('decide'), 4)), 0), 0),
    nullIf(if(kind = 'message_sent', toUInt64(pace), 0), 0),
    nullIf(if(kind = 'flood_wait', toUInt32(5 + 60 * chance('wait')), 0), 0),
    if(kind = 'flood_wait', 'messages.sendMessage', ''),
    if(kind = 'session', ['connecting', 'online'][1 + turn % 2], ''),
    if(kind = 'operator_acted', 'olga', ''),
    if(kind = 'operator_acted', 'changed', ''),
    if(kind = 'operator_acted', concat('scenario/', scenario_name), ''),
    nullIf(if(kind = 'operator_acted', toUInt32(version), 0), 0),
    if(at < {traces:Int64}, '', lower(hex(MD5(toString(turn))))),
    toUInt16(bot % 64),
    turn * 8 + place,
    fromUnixTimestamp64Milli({begin:Int64}, 'UTC'),
    fromUnixTimestamp64Milli(intDiv(at, 500) * 500 + 1000, 'UTC')
FROM
(
    SELECT
        number AS turn,
        {begin:Int64} + toInt64(turn * {turn_ms:UInt64}) AS at,
        -- Each hundredth turn, so many of them in a row.
        (turn % 100, intDiv(intDiv(turn, 100), 1 + turn % 100 % {longest:UInt64})) AS visit,
        toUInt64(1 + floor(300 * pow(lot('bot'), 2))) AS bot,
        if(lot('place') < 0.6, 'direct', 'group') AS chat_kind,
        cityHash64(visit, 'group') % 20 AS group,
        toInt64(bot * 1000000 + if(chat_kind = 'direct', floor(20000 * pow(lot('person'), 2)), 100000 + group * 2000 + floor(2000 * pow(lot('person'), 3)))) AS person,
        if(chat_kind = 'direct', person, -1000000000000 - toInt64(bot * 100 + group)) AS chat,
        toInt32(turn % 2000000000) AS message,
        concat(toString(bot), '/', toString(chat), '/', toString(message), '/new') AS key,
        chat_kind = 'group' AND chance('own') < 0.05 AS own_bot,
        chance('answered') < if(chat_kind = 'direct', 0.9, 0.3) AND NOT own_bot AS answered,
        toUInt16(floor(500 * pow(chance('word'), 3))) AS word,
        toUInt32(400 + 9000 * pow(chance('pace'), 2)) AS pace,
        chat_kind = 'direct' AND answered ? chance('scene') : 1 AS scene,
        ['welcome', 'order', 'survey', 'feedback'][1 + person % 4] AS scenario_name,
        1 + intDiv(person, 4) % 2 AS version,
        ['ask-name', 'ask-age', 'offer', 'done'][toUInt8(1 + floor(4 * pow(chance('step'), 2)))] AS step_name,
        multiIf(scene < 0.2, 'step', chance('source') < 0.5, 'entry', chance('source') < 0.85, 'trigger_group', chance('source') < 0.9, 'fail_message', 'fallback') AS source,
        arrayConcat(
            ['message_received'],
            if(answered, ['replied', 'message_sent'], ['silent']),
            multiIf(scene < 0.03, ['person_first_seen', 'scenario_started', 'step_reached'], scene < 0.05, ['step_answered', 'scenario_ended'], scene < 0.2, ['step_answered', 'step_reached', 'variable_changed'], []),
            if(chance('edited') < 0.01, ['message_edited'], []),
            if(chance('failed') < 0.002, ['delivery_failed'], []),
            if(chance('flood') < 0.0003, ['flood_wait'], []),
            if(chance('session') < 0.0003, ['session'], []),
            if(chance('out') < 0.0003, ['opted_out'], []),
            if(chance('act') < 0.00001, ['operator_acted'], [])) AS kinds
    FROM numbers({first:UInt64}, {count:UInt64})
)
ARRAY JOIN kinds AS kind, arrayEnumerate(kinds) AS place
