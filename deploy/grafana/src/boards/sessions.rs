use super::{BOTS, bots, events, over_time_by};
use crate::model::{Board, Panel, Row};

/// The connections to Telegram.
pub(super) fn board() -> Board {
    let last = format!(
        "SELECT bot, argMax(what, time) AS state, max(time) AS since, countIf(what = 'connecting') AS connected_anew \
         FROM counted WHERE kind = 'session' AND {BOTS} AND $__timeFilter(time) GROUP BY bot ORDER BY state, bot"
    );
    let changes = format!(
        "SELECT time, bot, what AS state FROM counted WHERE kind = 'session' AND {BOTS} AND $__timeFilter(time) \
         ORDER BY time DESC LIMIT 200"
    );
    let stat = |title, description, expression| Panel::stat(title, description).prom(expression, title);
    Board {
        uid: "troupe-sessions",
        title: "Sessions",
        description: "Which bots are connected to Telegram, and how steadily.",
        from: "now-24h",
        variables: vec![bots()],
        rows: vec![
            Row {
                title: "Now",
                panels: vec![
                    stat(
                        "Online",
                        "Bots that are connected.",
                        "sum(troupe_ingress_sessions{state=\"online\"})",
                    )
                    .wide(6),
                    stat(
                        "Connecting",
                        "Bots that are being connected, or connected again.",
                        "sum(troupe_ingress_sessions{state=\"connecting\"})",
                    )
                    .limits(1.0, 10.0)
                    .wide(6),
                    stat(
                        "Signed out",
                        "Bots whose session Telegram no longer accepts: they have to sign in again.",
                        "sum(troupe_ingress_sessions{state=\"logged_out\"}) or vector(0)",
                    )
                    .limits(1.0, 1.0)
                    .wide(6),
                    stat(
                        "Not all seen",
                        "Times in the last day that a group or an account had more news than Telegram gives.",
                        "sum(increase(troupe_ingress_group_gaps_lost_total[24h])) + \
                         sum(increase(troupe_ingress_gaps_read_total{found=\"part\"}[24h]))",
                    )
                    .limits(1.0, 10.0)
                    .wide(6),
                ],
            },
            Row {
                title: "Over time",
                panels: vec![
                    Panel::bars("Sessions", "Sessions by state.")
                        .prom("sum by (state) (troupe_ingress_sessions)", "{{state}}"),
                    Panel::lines("Trouble", "Connections made anew and gaps closed, an hour.")
                        .prom("sum(increase(troupe_ingress_reconnects_total[1h]))", "reconnects")
                        .prom("sum(increase(troupe_ingress_gaps_total[1h]))", "gaps"),
                    Panel::bars("Changes of state", "How often sessions came into each state.")
                        .sql(over_time_by("what", &events("1"), &format!("kind = 'session' AND {BOTS}"))),
                    Panel::lines("Updates", "What Telegram told of, a second.")
                        .prom("sum(rate(troupe_ingress_updates_published_total[5m]))", "updates")
                        .unit("ops"),
                ],
            },
            Row {
                title: "Bots",
                panels: vec![
                    Panel::table(
                        "Last known",
                        "Each bot's last state within the range, and how often it was connected anew.",
                    )
                    .sql(last)
                    .drill("bot", "troupe-bot", "bot"),
                    Panel::table("Changes", "The last two hundred changes of state.").sql(changes),
                ],
            },
        ],
    }
}
