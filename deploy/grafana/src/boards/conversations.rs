use super::{BOTS, SHOWN, UTC_DAY, bots, scenario, share};
use crate::model::{Board, Panel, Row};

/// One scenario: who began it, how far they came, where they left it.
pub(super) fn board() -> Board {
    let scope = format!("name = ${{scenario:sqlstring}} AND {BOTS}");
    let people = |condition: &str| format!("uniqExactIf(person, {condition})");
    let (started, ended, goals) = (
        people("kind = 'scenario_started'"),
        people("kind = 'scenario_ended'"),
        people("kind = 'scenario_ended' AND what = 'goal'"),
    );
    let total = |figure: &str| {
        format!(
            "SELECT {figure} FROM counted WHERE kind IN ('scenario_started', 'scenario_ended') AND {scope} AND {SHOWN}"
        )
    };
    let median = format!(
        "SELECT ifNull(quantileExact(0.5)(seconds), 0) AS seconds FROM (\
         SELECT dateDiff('second', minIf(time, kind = 'scenario_started'), maxIf(time, kind = 'scenario_ended' AND what = 'goal')) AS seconds \
         FROM counted WHERE kind IN ('scenario_started', 'scenario_ended') AND {scope} AND $__timeFilter(time) \
         GROUP BY bot, person HAVING countIf(kind = 'scenario_started') > 0 AND countIf(kind = 'scenario_ended' AND what = 'goal') > 0)"
    );
    let funnel = format!(
        "SELECT entry AS step, uniqExact(person) AS people FROM counted WHERE kind IN ('step_reached', 'step_answered', 'scenario_ended') \
         AND {scope} AND {SHOWN} AND entry != '' GROUP BY step ORDER BY people DESC"
    );
    let steps = format!(
        "SELECT entry AS step, {reached} AS reached, {valid} AS answered, {invalid} AS refused, {reminded} AS reminded, \
         {expired} AS expired, {left} AS went_no_further FROM counted \
         WHERE kind IN ('step_reached', 'step_answered', 'step_reminded', 'step_expired', 'scenario_ended') AND {scope} AND {SHOWN} AND entry != '' \
         GROUP BY step ORDER BY reached DESC, answered DESC",
        reached = people("kind = 'step_reached'"),
        valid = people("kind = 'step_answered' AND what = 'valid'"),
        invalid = people("kind = 'step_answered' AND what = 'invalid'"),
        reminded = people("kind = 'step_reminded'"),
        expired = people("kind = 'step_expired'"),
        left = "if(reached > answered, reached - answered, 0)",
    );
    let by_day = format!(
        "SELECT {UTC_DAY} AS time, {started} AS \"started\", {ended} AS \"ended\", {goals} AS \"goal\" FROM counted \
         WHERE kind IN ('scenario_started', 'scenario_ended') AND {scope} AND {SHOWN} GROUP BY time ORDER BY time"
    );
    let rate = format!(
        "SELECT {UTC_DAY} AS time, {} AS \"goal rate\" FROM counted WHERE kind = 'scenario_ended' AND {scope} AND {SHOWN} \
         GROUP BY time ORDER BY time",
        share(&goals, &ended)
    );
    let people_now = format!(
        "SELECT person, bot, min(time) AS started, argMax(entry, (time, event)) AS last_step, max(kind = 'scenario_ended') AS ended, \
         max(what = 'goal') AS goal FROM counted \
         WHERE kind IN ('scenario_started', 'step_reached', 'step_answered', 'scenario_ended') AND {scope} AND $__timeFilter(time) \
         GROUP BY bot, person ORDER BY started DESC LIMIT 100"
    );
    Board {
        uid: "troupe-conversations",
        title: "Conversations",
        description: "One scenario: its funnel to the goal, and where people leave it. Days are those of UTC.",
        from: "now-30d",
        variables: vec![scenario(), bots()],
        rows: vec![
            Row {
                title: "In the range",
                panels: vec![
                    Panel::stat("Started", "People who began the scenario.").sql(total(&started)),
                    Panel::stat("Ended", "People who came to one of its ends.").sql(total(&ended)),
                    Panel::stat("Goals", "People who came to its goal.").sql(total(&goals)),
                    Panel::stat("Goal rate", "Share of those who came to an end that came to the goal.")
                        .sql(total(&share(&goals, &ended)))
                        .unit("percentunit")
                        .limits(0.2, 0.05),
                    Panel::stat(
                        "Still under way",
                        "People who began and have not come to an end, lost ones among them.",
                    )
                    .sql(total(&format!("if({started} > {ended}, {started} - {ended}, 0)"))),
                    Panel::stat(
                        "Median time to the goal",
                        "Half of those who reached the goal were quicker.",
                    )
                    .sql(median)
                    .unit("s"),
                ],
            },
            Row {
                title: "The way",
                panels: vec![
                    Panel::ranking("Funnel", "How many people came to each step.").sql(funnel),
                    Panel::table(
                        "Steps",
                        "What became of people at each step; those who went no further are the drop-off.",
                    )
                    .sql(steps),
                    Panel::bars("Beginnings and ends", "People by day.").sql(by_day),
                    Panel::lines("Goal rate", "Goals among ends, by day.").sql(rate).unit("percentunit"),
                ],
            },
            Row {
                title: "People",
                panels: vec![
                    Panel::table("People", "The last hundred who began within the range, and where each is.")
                        .sql(people_now)
                        .wide(24),
                ],
            },
        ],
    }
}
