use super::{
    BOTS, DECIDED, GOAL, MISSED, RECEIVED, SENT, bots, by, by_day, events, over_time, over_time_by, people,
    share, time_zone, total,
};
use crate::model::{Board, Panel, Row};

/// All bots at one glance.
pub(super) fn board() -> Board {
    let (received, sent) = (events(RECEIVED), events(SENT));
    let missed = share(&events(MISSED), &events(DECIDED));
    let figures = format!(
        "{received} AS received, {sent} AS sent, {people} AS people, {started} AS scenarios, {goals} AS goals, \
         {missed} AS missed_share, {failed} AS failed",
        people = people(RECEIVED),
        started = events("kind = 'scenario_started'"),
        goals = events(GOAL),
        failed = events("kind = 'delivery_failed'"),
    );
    let table = by("bot", &figures, BOTS, "received DESC");
    Board {
        uid: "troupe-fleet",
        title: "Fleet",
        description: "How all bots fare: how much is said, to how many people, with what success.",
        from: "now-24h",
        variables: vec![bots(), time_zone()],
        rows: vec![
            Row {
                title: "In the range",
                panels: vec![
                    Panel::stat("Received", "Messages that people wrote to the bots, and in their groups.")
                        .sql(total(&received, BOTS)),
                    Panel::stat("Sent", "Messages that the bots sent.").sql(total(&sent, BOTS)),
                    Panel::stat("Active people", "People who wrote at least once, each counted once.")
                        .sql(total(&people(RECEIVED), BOTS)),
                    Panel::stat(
                        "Goals",
                        "Goals that people reached: ends of scenarios, and goals that rules count.",
                    )
                    .sql(total(&events(GOAL), BOTS)),
                    Panel::stat(
                        "Unanswerable",
                        "Share of messages for which no rule, step or entry was found.",
                    )
                    .sql(total(&missed, BOTS))
                    .unit("percentunit")
                    .limits(0.3, 0.6),
                    Panel::stat("Sessions online", "Bots that are connected to Telegram now.")
                        .prom("sum(troupe_ingress_sessions{state=\"online\"})", "online"),
                ],
            },
            Row {
                title: "Over time",
                panels: vec![
                    Panel::lines(
                        "Messages",
                        "Messages received and sent, by a quarter of an hour or longer.",
                    )
                    .sql(over_time(&format!("{received} AS \"received\", {sent} AS \"sent\""), BOTS)),
                    Panel::bars(
                        "Active people by day",
                        "People who wrote on each day, in direct chats and in groups.",
                    )
                    .sql(by_day(
                        &format!(
                            "{} AS \"direct\", {} AS \"groups\"",
                            people("kind = 'message_received' AND chat_kind = 'direct'"),
                            people("kind = 'message_received' AND chat_kind = 'group'"),
                        ),
                        BOTS,
                    )),
                    Panel::bars("What answered", "Answered messages by what answered them.")
                        .sql(over_time_by("what", &events("1"), &format!("kind = 'replied' AND {BOTS}"))),
                    Panel::lines("Unanswerable", "Share of messages for which nothing was found.")
                        .sql(over_time(&format!("{missed} AS \"share\""), BOTS))
                        .unit("percentunit")
                        .limits(0.3, 0.6),
                ],
            },
            Row {
                title: "Bots",
                panels: vec![
                    Panel::table("Bots", "Each bot's figures in the range; a click on a bot shows it alone.")
                        .sql(table)
                        .wide(24)
                        .drill("bot", "troupe-bot", "bot"),
                ],
            },
        ],
    }
}
