use super::{BOTS, SHOWN, bots, by, events, over_time_by, total};
use crate::model::{Board, Panel, Row};

/// How replies get to people: how quickly, how many not, and when Telegram asks to wait.
pub(super) fn board() -> Board {
    let sent = format!("FROM counted WHERE kind = 'message_sent' AND {BOTS} AND {SHOWN}");
    let pace = format!(
        "SELECT hour AS time, q[1] / 1000 AS \"half\", q[2] / 1000 AS \"95 %\", q[3] / 1000 AS \"99 %\" FROM (\
         SELECT toStartOfHour(time) AS hour, quantilesExact(0.5, 0.95, 0.99)(figure) AS q {sent} GROUP BY hour) ORDER BY time"
    );
    let quantile = |level: f64| format!("SELECT quantileExact({level})(figure) / 1000 AS seconds {sent}");
    let reasons = by(
        "what",
        &format!("{} AS replies", events("1")),
        &format!("kind = 'delivery_failed' AND {BOTS}"),
        "replies DESC",
    );
    let waits = format!(
        "SELECT bot, what AS method, count() AS waits, sum(figure) AS seconds, max(figure) AS longest, max(time) AS last FROM counted \
         WHERE kind = 'flood_wait' AND {BOTS} AND $__timeFilter(time) GROUP BY bot, method ORDER BY seconds DESC"
    );
    let failed = format!(
        "SELECT time, bot, chat, person, what AS reason FROM counted WHERE kind = 'delivery_failed' AND {BOTS} AND $__timeFilter(time) \
         ORDER BY time DESC LIMIT 100"
    );
    let called = over_time_by("concat(name, ' ', what)", &events("kind = 'webhook_called'"), BOTS);
    let given_up = format!(
        "SELECT time, bot, name AS webhook, what AS reason, variation + 1 AS tries FROM counted \
         WHERE kind = 'webhook_called' AND what != 'delivered' AND {BOTS} AND $__timeFilter(time) ORDER BY time DESC LIMIT 100"
    );
    let longest = format!("SELECT max(figure) FROM counted WHERE kind = 'flood_wait' AND {BOTS} AND {SHOWN}");
    Board {
        uid: "troupe-delivery",
        title: "Delivery and flood waits",
        description: "How quickly replies arrive, which do not, and when Telegram asks accounts to wait.",
        from: "now-24h",
        variables: vec![bots()],
        rows: vec![
            Row {
                title: "In the range",
                panels: vec![
                    Panel::stat("Sent", "Replies that Telegram confirmed.").sql(total(&events("kind = 'message_sent'"), BOTS)),
                    Panel::stat("Refused", "Replies that will never be delivered.")
                        .sql(total(&events("kind = 'delivery_failed'"), BOTS))
                        .limits(1.0, 20.0),
                    Panel::stat("Median reply time", "From hearing a message to Telegram confirming the reply, reading and typing included.")
                        .sql(quantile(0.5))
                        .unit("s")
                        .limits(10.0, 30.0),
                    Panel::stat("Slowest 5 %", "One reply in twenty took longer.").sql(quantile(0.95)).unit("s").limits(20.0, 60.0),
                    Panel::stat("Flood waits", "How often Telegram asked an account to wait.")
                        .sql(total(&events("kind = 'flood_wait'"), BOTS))
                        .limits(1.0, 20.0),
                    Panel::stat("Longest wait", "The longest that Telegram asked for.")
                        .sql(longest)
                        .unit("s")
                        .limits(60.0, 600.0),
                ],
            },
            Row {
                title: "Over time",
                panels: vec![
                    Panel::lines("Reply time", "From hearing a message to the confirmed reply: half, 95 % and 99 % were quicker.")
                        .sql(pace)
                        .unit("s"),
                    Panel::lines("Delay of actions now", "From the decision to the action being done, as ingress tells it now.")
                        .prom(
                            "histogram_quantile(0.5, sum by (le) (rate(troupe_ingress_action_delay_seconds_bucket[5m])))",
                            "half",
                        )
                        .prom(
                            "histogram_quantile(0.95, sum by (le) (rate(troupe_ingress_action_delay_seconds_bucket[5m])))",
                            "95 %",
                        )
                        .unit("s"),
                    Panel::bars("Refused replies", "Replies that were not delivered, by Telegram's reason.").sql(over_time_by(
                        "what",
                        &events("1"),
                        &format!("kind = 'delivery_failed' AND {BOTS}"),
                    )),
                    Panel::bars("Flood waits", "Waits that Telegram asked for, by what the account wanted to do.").sql(
                        over_time_by("what", &events("1"), &format!("kind = 'flood_wait' AND {BOTS}")),
                    ),
                    Panel::lines("Actions", "Actions a second, by what came of them.")
                        .prom("troupe:actions:rate5m", "{{outcome}}")
                        .unit("ops"),
                    Panel::ranking("Reasons", "Why replies were refused, in the range.").sql(reasons),
                ],
            },
            Row {
                title: "Webhooks",
                panels: vec![
                    Panel::bars("Calls", "Calls of webhooks that came to their end, by target and by what became of them.")
                        .sql(called),
                    Panel::table("Given up", "The last hundred calls that no receiver took; they are among the dead letters.")
                        .sql(given_up),
                ],
            },
            Row {
                title: "In detail",
                panels: vec![
                    Panel::table("Who had to wait", "Flood waits by bot and by what it wanted to do.")
                        .sql(waits)
                        .drill("bot", "troupe-bot", "bot"),
                    Panel::table("Refused replies", "The last hundred.").sql(failed),
                ],
            },
        ],
    }
}
