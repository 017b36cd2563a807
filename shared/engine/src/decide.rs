use std::sync::Arc;

use troupe_types::UpdateKind;

use crate::{
    Content, Decision, Seed, Silence, State, Update,
    guard::{self, Verdict},
    hand_over, library, rules,
    scenario::{self, Heard},
    timers,
    trace::Tracer,
    turn::Turn,
};

/// Decides what the bot does about `update`.
///
/// The guards come first, then the trigger groups, then in a direct chat the scenario, then the answer library.
/// Only one of them answers. What happens without a message goes to the scenario alone. Content that was compiled decides on anything: there is no error.
pub fn decide(content: &Content, state: &State, update: &Update, seed: Seed) -> Decision {
    let update = timers::heard(state, update);
    run(Turn::new(content, state, &update, seed, Tracer::off()))
}

/// Decides as [`decide`] does, and tells in the trace what was tried and why it came out so.
pub fn explain(content: &Content, state: &State, update: &Update, seed: Seed) -> Decision {
    let update = timers::heard(state, update);
    run(Turn::new(content, state, &update, seed, Tracer::on()))
}

fn run(mut turn: Turn<'_>) -> Decision {
    match turn.update.key.kind {
        UpdateKind::New | UpdateKind::Edited(_) => {}
        UpdateKind::Timer(token) => return timers::fire(token, turn),
        UpdateKind::HandedBack(_) => return hand_over::given_back(turn),
    }
    match guard::check(&mut turn) {
        Verdict::Pass => {}
        Verdict::Silent(reason) => return turn.silent(reason),
        Verdict::Ignore => return turn.finish(),
        Verdict::Answered => return turn.answered(),
    }
    let content = turn.content;
    if let Some(rules) = &content.rules
        && rules::answer(rules, &mut turn)
    {
        return turn.answered();
    }
    let library = if turn.update.is_direct() {
        match scenario::answer(&mut turn) {
            Heard::Answered => return turn.answered(),
            Heard::Collected => return turn.silent(Silence::Collecting),
            Heard::NotMine => {}
        }
        &content.direct_library
    } else {
        &content.group_library
    };
    match library::answer(library.as_ref().map(Arc::as_ref), &mut turn) {
        Ok(()) => turn.answered(),
        Err(silence) => turn.silent(silence),
    }
}
