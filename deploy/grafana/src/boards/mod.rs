//! The boards, each in a file of its own, and the words that their queries share.
//!
//! Boards read `counted`, which has a row for each event by kind, day and bot (see `deploy/clickhouse/README.md`): they
//! name the kinds that they mean, so that nothing else is read.

mod answers;
mod bot;
mod conversations;
mod delivery;
mod fleet;
mod group;
mod pipeline;
mod policy;
mod scenarios;
mod sessions;

use std::collections::BTreeSet;

use crate::model::{Board, Variable};

/// All boards.
pub fn all() -> Vec<Board> {
    vec![
        fleet::board(),
        bot::board(),
        group::board(),
        conversations::board(),
        scenarios::board(),
        answers::board(),
        delivery::board(),
        pipeline::board(),
        sessions::board(),
        policy::board(),
    ]
}

/// The bots that were chosen.
const BOTS: &str = "$__conditionalAll(bot IN (${bot:csv}), $bot)";
/// The time that is shown. Queries call what they make of it `time`, so the column is named with its table.
const SHOWN: &str = "counted.time >= $__fromTime AND counted.time <= $__toTime";
/// The time that an event is shown at: that of a quarter of an hour or longer.
const POINT: &str = "toStartOfInterval(counted.time, INTERVAL greatest($__interval_s, 900) second)";
/// The day that an event belongs to where the viewer is.
const DAY: &str = "toStartOfDay(counted.time, ${tz:sqlstring})";
/// The day of UTC that an event belongs to.
const UTC_DAY: &str = "toStartOfDay(counted.time, 'UTC')";

/// Which rows of `counted` `figures` within `scope` are made from: those of the shown time and of the kinds that the
/// figures name. Without the kinds every query would read all that was ever counted of a bot.
fn rows(figures: &str, scope: &str) -> String {
    // Not `chat_kind`.
    let figures = figures.replace("chat_kind ", "");
    let named = figures.split("kind ").skip(1).flat_map(|rest| match rest.strip_prefix("IN (") {
        Some(list) => list.split(')').next().unwrap_or_default().split(", ").collect::<Vec<_>>(),
        None => rest.strip_prefix("= ").and_then(|rest| rest.split([' ', ')']).next()).into_iter().collect(),
    });
    let kinds: BTreeSet<&str> = named.filter(|kind| kind.starts_with('\'')).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let only = if kinds.is_empty() { String::new() } else { format!(" AND kind IN ({})", kinds.join(", ")) };
    format!("FROM counted WHERE {scope} AND {SHOWN}{only}")
}

/// Figures of `counted` within `scope`, for the whole range.
fn total(figures: &str, scope: &str) -> String {
    format!("SELECT {figures} {}", rows(figures, scope))
}

/// Figures of `counted` within `scope`, over time.
fn over_time(figures: &str, scope: &str) -> String {
    format!("SELECT {POINT} AS time, {figures} {} GROUP BY time ORDER BY time", rows(figures, scope))
}

/// Figures of `counted` within `scope`, by day where the viewer is.
fn by_day(figures: &str, scope: &str) -> String {
    format!("SELECT {DAY} AS time, {figures} {} GROUP BY time ORDER BY time", rows(figures, scope))
}

/// Figures of `counted` within `scope`, one row for each of `columns`, in the given order.
fn by(columns: &str, figures: &str, scope: &str, order: &str) -> String {
    format!("SELECT {columns}, {figures} {} GROUP BY {columns} ORDER BY {order}", rows(figures, scope))
}

/// A figure of `counted` within `scope`, over time, one series for each `label`.
fn over_time_by(label: &str, figure: &str, scope: &str) -> String {
    let rows = rows(figure, scope);
    format!(
        "SELECT {POINT} AS time, {label} AS label, {figure} {rows} GROUP BY time, label ORDER BY time, label"
    )
}

/// How many events of `counted` there were under a condition.
fn events(condition: &str) -> String {
    if condition == "1" { "count()".to_owned() } else { format!("countIf({condition})") }
}

/// How many people of `counted` there were under a condition.
fn people(condition: &str) -> String {
    format!("uniqExactIf(person, person != 0 AND what != 'own_bot' AND ({condition}))")
}

/// `part` of `whole`, 0 if there is none.
fn share(part: &str, whole: &str) -> String {
    format!("ifNull({part} / nullIf({whole}, 0), 0)")
}

const RECEIVED: &str = "kind = 'message_received'";
const SENT: &str = "kind = 'message_sent'";
const GOAL: &str = "(kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached'";
/// What was said and nothing was found to answer it.
const MISSED: &str = "(kind = 'silent' AND what = 'no_match') OR (kind = 'replied' AND what = 'fallback')";
const DECIDED: &str = "kind IN ('replied', 'silent')";

/// Chooses bots, all at first.
fn bots() -> Variable {
    Variable {
        name: "bot",
        label: "Bot",
        sql: "SELECT DISTINCT bot FROM counted WHERE kind IN ('message_received', 'session') AND bot > 0 AND time > now() - INTERVAL 30 DAY ORDER BY bot".to_owned(),
        many: true,
        default: None,
    }
}

/// Chooses one bot.
fn one_bot() -> Variable {
    Variable { many: false, ..bots() }
}

/// Chooses where a day begins.
fn time_zone() -> Variable {
    Variable {
        name: "tz",
        label: "Days of",
        sql: "SELECT time_zone FROM system.time_zones ORDER BY time_zone != 'UTC', time_zone".to_owned(),
        many: false,
        default: Some("UTC"),
    }
}

/// Chooses one scenario.
fn scenario() -> Variable {
    Variable {
        name: "scenario",
        label: "Scenario",
        sql: "SELECT DISTINCT name AS scenario FROM counted WHERE kind IN ('scenario_started', 'scenario_ended') AND time > now() - INTERVAL 90 DAY ORDER BY scenario".to_owned(),
        many: false,
        default: None,
    }
}

/// What operators changed, for every board.
pub fn content_changes() -> &'static str {
    "SELECT time, concat(what, ' ', entry, if(version = 0, '', concat(' to version ', toString(version)))) AS text, \
     name AS tags FROM counted WHERE kind = 'operator_acted' AND $__timeFilter(time) ORDER BY time"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kinds_that_figures_name_are_read() {
        let of =
            |figures: &str| rows(figures, "1=1").split_once("$__toTime").map(|(_, rest)| rest.to_owned());
        assert_eq!(of(&events("1")).as_deref(), Some(""));
        assert_eq!(of(&events(RECEIVED)).as_deref(), Some(" AND kind IN ('message_received')"));
        let direct = people("kind = 'silent' AND chat_kind = 'direct'");
        assert_eq!(of(&direct).as_deref(), Some(" AND kind IN ('silent')"));
        let both = format!("{}, {}", people("kind = 'silent'"), share(&events(MISSED), &events(DECIDED)));
        assert_eq!(of(&both).as_deref(), Some(" AND kind IN ('replied', 'silent')"));
    }
}
