use super::{
    DECIDED, GOAL, MISSED, RECEIVED, SENT, SHOWN, by, by_day, events, one_bot, over_time, over_time_by,
    people, rows, share, time_zone, total,
};
use crate::model::{Board, Panel, Row};

const BOT: &str = "bot = ${bot:csv}";

/// One bot: its chats, its answers, what happened last.
pub(super) fn board() -> Board {
    let (received, sent) = (events(RECEIVED), events(SENT));
    let missed = share(&events(MISSED), &events(DECIDED));
    let chats = |kind: &str| {
        let figures = format!(
            "{received} AS received, {sent} AS sent, {people} AS people, {failed} AS failed",
            people = people(RECEIVED),
            failed = events("kind = 'delivery_failed'"),
        );
        by("chat", &figures, &format!("{BOT} AND chat_kind = '{kind}'"), "received DESC LIMIT 100")
    };
    let answers = format!(
        "SELECT concat(what, ' ', name, if(entry = '', '', concat('/', entry))) AS answer, count() AS hits, \
         uniqExact(person) AS people FROM counted WHERE kind = 'replied' AND {BOT} AND {SHOWN} GROUP BY answer ORDER BY hits DESC LIMIT 50"
    );
    // To show each event once, `events` looks at all of a bot's; only the newest can be among these.
    let latest = format!(
        "SELECT time, kind, chat, person, source, source_name, source_entry, reason, trace_id FROM events_told \
         WHERE {BOT} AND $__timeFilter(time) AND time >= (SELECT min(time) FROM \
         (SELECT time FROM counted WHERE {BOT} AND $__timeFilter(time) ORDER BY time DESC LIMIT 100)) \
         ORDER BY time DESC LIMIT 1 BY kind, id LIMIT 100"
    );
    let active = |period: &str| {
        let figure = people(RECEIVED);
        format!(
            "SELECT toDateTime({period}(counted.time, ${{tz:sqlstring}}), ${{tz:sqlstring}}) AS time, {figure} AS \"people\" {} \
             GROUP BY time ORDER BY time",
            rows(&figure, BOT)
        )
    };
    Board {
        uid: "troupe-bot",
        title: "One bot",
        description: "What one bot heard and said, where, and what made it answer.",
        from: "now-7d",
        variables: vec![one_bot(), time_zone()],
        rows: vec![
            Row {
                title: "In the range",
                panels: vec![
                    Panel::stat("Received", "Messages that the bot received.").sql(total(&received, BOT)),
                    Panel::stat("Sent", "Messages that the bot sent.").sql(total(&sent, BOT)),
                    Panel::stat("Active people", "People who wrote to it or beside it.")
                        .sql(total(&people(RECEIVED), BOT)),
                    Panel::stat("New people", "People who wrote to it for the first time.")
                        .sql(total(&events("kind = 'person_first_seen'"), BOT)),
                    Panel::stat("Goals", "Goals that people reached with it.").sql(total(&events(GOAL), BOT)),
                    Panel::stat("Unanswerable", "Share of messages for which nothing was found.")
                        .sql(total(&missed, BOT))
                        .unit("percentunit")
                        .limits(0.3, 0.6),
                ],
            },
            Row {
                title: "Over time",
                panels: vec![
                    Panel::lines("Messages", "Messages received and sent.")
                        .sql(over_time(&format!("{received} AS \"received\", {sent} AS \"sent\""), BOT)),
                    Panel::bars("What answered", "Answered messages by what answered them.")
                        .sql(over_time_by("what", &events("1"), &format!("kind = 'replied' AND {BOT}"))),
                    Panel::bars(
                        "Messages by day",
                        "Messages received by day, in direct chats and in groups.",
                    )
                    .sql(by_day(
                        &format!(
                            "{} AS \"direct\", {} AS \"groups\"",
                            events("kind = 'message_received' AND chat_kind = 'direct'"),
                            events("kind = 'message_received' AND chat_kind = 'group'"),
                        ),
                        BOT,
                    ))
                    .wide(8),
                    Panel::bars("Active people by week", "People who wrote in each week.")
                        .sql(active("toMonday"))
                        .wide(8),
                    Panel::bars("Active people by month", "People who wrote in each month.")
                        .sql(active("toStartOfMonth"))
                        .wide(8),
                ],
            },
            Row {
                title: "Where and with what",
                panels: vec![
                    Panel::table("Groups", "The groups it is in; a click shows the group.")
                        .sql(chats("group"))
                        .wide(8)
                        .drill("chat", "troupe-group", "group"),
                    Panel::table("Direct chats", "The people it talks with, by the chat's id.")
                        .sql(chats("direct"))
                        .wide(8),
                    Panel::table("Answers", "What answered how often, and how many people.")
                        .sql(answers)
                        .wide(8),
                ],
            },
            Row {
                title: "What happened last",
                panels: vec![
                    Panel::table(
                        "Events",
                        "The newest hundred events of the range, with the trace each belongs to.",
                    )
                    .sql(latest)
                    .wide(24),
                ],
            },
        ],
    }
}
