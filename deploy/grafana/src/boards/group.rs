use super::{
    BOTS, RECEIVED, SENT, bots, by, by_day, events, over_time, people, rows, share, time_zone, total,
};
use crate::model::{Board, Panel, Row, Variable};

/// One group: who says how much, and what the bots do there.
pub(super) fn board() -> Board {
    let scope = format!("chat = ${{group:csv}} AND {BOTS}");
    let (received, sent) = (events(RECEIVED), events(SENT));
    let answered = share(&events("kind = 'replied'"), &events("kind IN ('replied', 'silent')"));
    let figures = format!(
        "{received} AS received, {sent} AS sent, {answered} AS answered_share, {silent} AS silent",
        silent = events("kind = 'silent'"),
    );
    let by_bot = by("bot", &figures, &scope, "sent DESC");
    let hours = format!(
        "SELECT formatDateTime(counted.time, '%H:00', ${{tz:sqlstring}}) AS hour, {received} AS received {} \
         GROUP BY hour ORDER BY hour",
        rows(&received, &scope)
    );
    let silent = format!("kind = 'silent' AND {scope}");
    let reasons = by("what", &format!("{} AS messages", events("1")), &silent, "messages DESC");
    let answers = format!(
        "SELECT what AS source, name, entry, count() AS hits, uniqExact(person) AS people FROM counted \
         WHERE kind = 'replied' AND {scope} AND $__timeFilter(time) GROUP BY source, name, entry ORDER BY hits DESC LIMIT 50"
    );
    let writers = format!(
        "SELECT person, count() AS messages, max(time) AS last FROM counted \
         WHERE kind = 'message_received' AND person != 0 AND what != 'own_bot' AND {scope} AND $__timeFilter(time) \
         GROUP BY person ORDER BY messages DESC LIMIT 50"
    );
    Board {
        uid: "troupe-group",
        title: "Group",
        description: "One group: how lively it is, and what the bots do in it. Several bots in it see the same messages.",
        from: "now-7d",
        variables: vec![
            Variable {
                name: "group",
                label: "Group",
                sql: "SELECT DISTINCT chat FROM counted WHERE kind = 'message_received' AND chat_kind = 'group' AND time > now() - INTERVAL 90 DAY ORDER BY chat"
                    .to_owned(),
                many: false,
                default: None,
            },
            bots(),
            time_zone(),
        ],
        rows: vec![
            Row {
                title: "In the range",
                panels: vec![
                    Panel::stat(
                        "Received",
                        "Messages that the chosen bots saw in the group, each bot's counted.",
                    )
                    .sql(total(&received, &scope)),
                    Panel::stat("Sent", "Messages that the bots sent there.").sql(total(&sent, &scope)),
                    Panel::stat("People", "People who wrote there.").sql(total(&people(RECEIVED), &scope)),
                    Panel::stat("Answered", "Share of messages seen that a bot answered.")
                        .sql(total(&answered, &scope))
                        .unit("percentunit"),
                    Panel::stat("Edited", "Messages that were changed afterwards.")
                        .sql(total(&events("kind = 'message_edited'"), &scope)),
                    Panel::stat("Failed", "Replies that Telegram refused.")
                        .sql(total(&events("kind = 'delivery_failed'"), &scope))
                        .limits(1.0, 10.0),
                ],
            },
            Row {
                title: "Over time",
                panels: vec![
                    Panel::lines("Messages", "Messages seen and sent.")
                        .sql(over_time(&format!("{received} AS \"received\", {sent} AS \"sent\""), &scope)),
                    Panel::bars("People by day", "People who wrote on each day.")
                        .sql(by_day(&format!("{} AS \"people\"", people(RECEIVED)), &scope)),
                    Panel::ranking(
                        "Hours of the day",
                        "When the group talks, by hours of the chosen time zone.",
                    )
                    .sql(hours),
                    Panel::ranking("Why bots stayed silent", "Messages that were not answered, by reason.")
                        .sql(reasons),
                ],
            },
            Row {
                title: "Who and what",
                panels: vec![
                    Panel::table("Bots", "What each bot does here.").sql(by_bot).wide(8).drill(
                        "bot",
                        "troupe-bot",
                        "bot",
                    ),
                    Panel::table("Answers", "What answered here, most used first.").sql(answers).wide(8),
                    Panel::table("People", "Who wrote most, by id.").sql(writers).wide(8),
                ],
            },
        ],
    }
}
