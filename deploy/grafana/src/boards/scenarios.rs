use super::{BOTS, SHOWN, UTC_DAY, bots, share};
use crate::model::{Board, Panel, Row};

/// Scenarios beside each other, each version an arm of the comparison.
pub(super) fn board() -> Board {
    let people = |condition: &str| format!("uniqExactIf(person, {condition})");
    let started = people("kind = 'scenario_started'");
    let ended = people("kind = 'scenario_ended'");
    let goals = people("kind = 'scenario_ended' AND what = 'goal'");
    let reached = people("kind = 'step_reached'");
    let arm = "concat(name, ' v', toString(version))";
    let within = |kinds: &str| format!("FROM counted WHERE kind IN ({kinds}) AND {BOTS} AND {SHOWN}");
    let arms = within("'scenario_started', 'scenario_ended'");
    let reached_and_answered = within("'step_reached', 'step_answered'");
    // Wilson's interval at 95 %: honest with few people, never below 0 or above 1.
    let table = format!(
        "SELECT scenario, version, started, ended, goals, goals / nullIf(started, 0) AS goal_rate, \
         greatest(0, (p + z * z / (2 * n) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)) AS rate_from, \
         least(1, (p + z * z / (2 * n) + z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)) AS rate_to FROM (\
         SELECT name AS scenario, version, {started} AS started, {ended} AS ended, {goals} AS goals, 1.96 AS z, \
         toFloat64(greatest(started, 1)) AS n, least(goals / n, 1) AS p {arms} GROUP BY scenario, version) ORDER BY scenario, version"
    );
    let over_time = |figure: &str| {
        format!(
            "SELECT {UTC_DAY} AS time, {arm} AS label, {figure} {arms} GROUP BY time, label ORDER BY time, label"
        )
    };
    let steps = format!(
        "SELECT name AS scenario, entry AS step, version, {reached} AS reached, {valid} AS answered, {invalid} AS refused \
         {reached_and_answered} GROUP BY scenario, step, version ORDER BY scenario, step, version",
        valid = people("kind = 'step_answered' AND what = 'valid'"),
        invalid = people("kind = 'step_answered' AND what = 'invalid'"),
    );
    Board {
        uid: "troupe-scenarios",
        title: "Scenarios A/B",
        description: "Scenarios and their versions beside each other: which leads more people to its goal.",
        from: "now-30d",
        variables: vec![bots()],
        rows: vec![
            Row {
                title: "Arms",
                panels: vec![
                    Panel::table(
                        "Arms",
                        "Goals per person who began, with the range that the true rate lies in with 95 %. Arms whose ranges \
                         overlap cannot be told apart yet. A click shows the scenario.",
                    )
                    .sql(table)
                    .wide(24)
                    .drill("scenario", "troupe-conversations", "scenario"),
                ],
            },
            Row {
                title: "Over time",
                panels: vec![
                    Panel::bars("Who got which", "People who began, by arm and day.").sql(over_time(&started)),
                    Panel::lines("Goal rate", "Goals among those who began on the same day, by arm.")
                        .sql(over_time(&share(&goals, &started)))
                        .unit("percentunit"),
                ],
            },
            Row {
                title: "Steps",
                panels: vec![
                    Panel::table("Steps", "How many people each step of each arm kept.").sql(steps).wide(24),
                ],
            },
        ],
    }
}
