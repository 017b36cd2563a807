-- Plain numbers for reports and dashboards, by period of UTC, bot and chat. A period of another time zone is put together
-- from `counts`. `people` are those who wrote; they must not be added up over chats or periods, see `people_by_…`.
CREATE OR REPLACE VIEW activity_by_hour AS
SELECT
    toStartOfHour(slot) AS hour,
    bot,
    chat,
    chat_kind,
    uniqExactMergeIf(events, kind = 'message_received') AS received,
    uniqExactMergeIf(events, kind = 'message_sent') AS sent,
    uniqExactMergeIf(events, kind = 'message_edited') AS edited,
    uniqExactMergeIf(events, kind = 'message_deleted') AS deleted,
    uniqExactMergeIf(events, kind = 'delivery_failed') AS failed,
    uniqExactMergeIf(events, kind = 'replied') AS replied,
    uniqExactMergeIf(events, kind = 'silent') AS silent,
    uniqExactMergeIf(events, kind = 'scenario_started') AS scenarios_started,
    uniqExactMergeIf(events, kind = 'scenario_ended') AS scenarios_ended,
    uniqExactMergeIf(events, (kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    uniqExactMergeIf(people, kind = 'message_received') AS people
FROM counts
GROUP BY hour, bot, chat, chat_kind;

CREATE OR REPLACE VIEW activity_by_day AS
SELECT
    day,
    bot,
    chat,
    chat_kind,
    uniqExactMergeIf(events, kind = 'message_received') AS received,
    uniqExactMergeIf(events, kind = 'message_sent') AS sent,
    uniqExactMergeIf(events, kind = 'message_edited') AS edited,
    uniqExactMergeIf(events, kind = 'message_deleted') AS deleted,
    uniqExactMergeIf(events, kind = 'delivery_failed') AS failed,
    uniqExactMergeIf(events, kind = 'replied') AS replied,
    uniqExactMergeIf(events, kind = 'silent') AS silent,
    uniqExactMergeIf(events, kind = 'scenario_started') AS scenarios_started,
    uniqExactMergeIf(events, kind = 'scenario_ended') AS scenarios_ended,
    uniqExactMergeIf(events, (kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    uniqExactMergeIf(people, kind = 'message_received') AS people
FROM counts_by_day
GROUP BY day, bot, chat, chat_kind;

CREATE OR REPLACE VIEW activity_by_week AS
SELECT
    toMonday(day) AS week,
    bot,
    chat,
    chat_kind,
    uniqExactMergeIf(events, kind = 'message_received') AS received,
    uniqExactMergeIf(events, kind = 'message_sent') AS sent,
    uniqExactMergeIf(events, kind = 'message_edited') AS edited,
    uniqExactMergeIf(events, kind = 'message_deleted') AS deleted,
    uniqExactMergeIf(events, kind = 'delivery_failed') AS failed,
    uniqExactMergeIf(events, kind = 'replied') AS replied,
    uniqExactMergeIf(events, kind = 'silent') AS silent,
    uniqExactMergeIf(events, kind = 'scenario_started') AS scenarios_started,
    uniqExactMergeIf(events, kind = 'scenario_ended') AS scenarios_ended,
    uniqExactMergeIf(events, (kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    uniqExactMergeIf(people, kind = 'message_received') AS people
FROM counts_by_day
GROUP BY week, bot, chat, chat_kind;

CREATE OR REPLACE VIEW activity_by_month AS
SELECT
    toStartOfMonth(day) AS month,
    bot,
    chat,
    chat_kind,
    uniqExactMergeIf(events, kind = 'message_received') AS received,
    uniqExactMergeIf(events, kind = 'message_sent') AS sent,
    uniqExactMergeIf(events, kind = 'message_edited') AS edited,
    uniqExactMergeIf(events, kind = 'message_deleted') AS deleted,
    uniqExactMergeIf(events, kind = 'delivery_failed') AS failed,
    uniqExactMergeIf(events, kind = 'replied') AS replied,
    uniqExactMergeIf(events, kind = 'silent') AS silent,
    uniqExactMergeIf(events, kind = 'scenario_started') AS scenarios_started,
    uniqExactMergeIf(events, kind = 'scenario_ended') AS scenarios_ended,
    uniqExactMergeIf(events, (kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    uniqExactMergeIf(people, kind = 'message_received') AS people
FROM counts_by_day
GROUP BY month, bot, chat, chat_kind;

CREATE OR REPLACE VIEW people_by_day AS
SELECT
    day,
    bot,
    uniqExactMerge(people) AS active,
    uniqExactMergeIf(people, chat_kind = 'direct') AS active_direct,
    uniqExactMergeIf(people, chat_kind = 'group') AS active_group
FROM counts_by_day
WHERE kind = 'message_received'
GROUP BY day, bot;

CREATE OR REPLACE VIEW people_by_week AS
SELECT
    toMonday(day) AS week,
    bot,
    uniqExactMerge(people) AS active,
    uniqExactMergeIf(people, chat_kind = 'direct') AS active_direct,
    uniqExactMergeIf(people, chat_kind = 'group') AS active_group
FROM counts_by_day
WHERE kind = 'message_received'
GROUP BY week, bot;

CREATE OR REPLACE VIEW people_by_month AS
SELECT
    toStartOfMonth(day) AS month,
    bot,
    uniqExactMerge(people) AS active,
    uniqExactMergeIf(people, chat_kind = 'direct') AS active_direct,
    uniqExactMergeIf(people, chat_kind = 'group') AS active_group
FROM counts_by_day
WHERE kind = 'message_received'
GROUP BY month, bot;
