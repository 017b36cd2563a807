//! The boards, each in a file of its own, and the words that their queries share.
//!
//! Boards read what is counted beforehand (`counts`, `answers_by_day`, …; see `deploy/clickhouse/README.md`) wherever it
//! says enough, and single events only within the range that is shown.

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
/// The quarters of an hour that are shown.
const SLOTS: &str = "slot >= toStartOfFifteenMinutes($__fromTime) AND slot <= $__toTime";
/// The days of UTC that are shown.
const DAYS: &str = "day >= toDate($__fromTime) AND day <= toDate($__toTime)";
/// The time that a quarter of an hour is shown at.
const SLOT_TIME: &str = "toStartOfInterval(slot, INTERVAL greatest($__interval_s, 900) second)";
/// The day that a quarter of an hour belongs to where the viewer is.
const SLOT_DAY: &str = "toStartOfDay(slot, ${tz:sqlstring})";

/// Which rows of `counts` `figures` within `scope` are made from: those of the shown time and of the kinds that the
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
    format!("FROM counts WHERE {scope} AND {SLOTS}{only}")
}

/// Figures of `counts` within `scope`, for the whole range.
fn total(figures: &str, scope: &str) -> String {
    format!("SELECT {figures} {}", rows(figures, scope))
}

/// Figures of `counts` within `scope`, over time.
fn over_time(figures: &str, scope: &str) -> String {
    format!("SELECT {SLOT_TIME} AS time, {figures} {} GROUP BY time ORDER BY time", rows(figures, scope))
}

/// Figures of `counts` within `scope`, by day where the viewer is.
fn by_day(figures: &str, scope: &str) -> String {
    format!("SELECT {SLOT_DAY} AS time, {figures} {} GROUP BY time ORDER BY time", rows(figures, scope))
}

/// Figures of `counts` within `scope`, one row for each of `columns`, in the given order.
fn by(columns: &str, figures: &str, scope: &str, order: &str) -> String {
    format!("SELECT {columns}, {figures} {} GROUP BY {columns} ORDER BY {order}", rows(figures, scope))
}

/// A figure of `counts` within `scope`, over time, one series for each `label`.
fn over_time_by(label: &str, figure: &str, scope: &str) -> String {
    let rows = rows(figure, scope);
    format!(
        "SELECT {SLOT_TIME} AS time, {label} AS label, {figure} {rows} GROUP BY time, label ORDER BY time, label"
    )
}

/// How many events of `counts` there were under a condition.
fn events(condition: &str) -> String {
    format!("uniqExactMergeIf(events, {condition})")
}

/// How many people of `counts` there were under a condition.
fn people(condition: &str) -> String {
    format!("uniqExactMergeIf(people, {condition})")
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
        sql: "SELECT DISTINCT bot FROM counts_by_day WHERE bot > 0 ORDER BY bot".to_owned(),
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
        sql: "SELECT DISTINCT scenario FROM funnel_by_day ORDER BY scenario".to_owned(),
        many: false,
        default: None,
    }
}

/// What operators changed, for every board.
pub fn content_changes() -> &'static str {
    "SELECT time, concat(act, ' ', act_on, if(act_version IS NULL, '', concat(' to version ', toString(act_version)))) AS text, \
     operator AS tags FROM events WHERE kind = 'operator_acted' AND $__timeFilter(time) ORDER BY time"
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
