use super::{
    Interrupt, Kind, Scenario,
    place::Place,
    run,
    walk::{leave, note, say, start},
};
use crate::{StepOutcome, turn::Turn};

/// Answers the words that stop a scenario, begin it again, or ask for help, wherever in it the person waits; tells
/// whether the message was one. A scenario's own words come before those of the scenarios that called it.
pub(super) fn answer(place: &Place, turn: &mut Turn<'_>) -> bool {
    let said = turn.words().as_str();
    if said.is_empty() {
        return false;
    }
    let scenarios = place.all(turn);
    let find = |interrupt: fn(&Scenario) -> Option<&Interrupt>| {
        scenarios.iter().find_map(|scenario| {
            interrupt(scenario)
                .filter(|interrupt| interrupt.words.iter().any(|word| word == said))
                .map(|found| (scenario, found))
        })
    };
    let (name, language) = (&place.step().name, place.progress.language.as_deref());
    if let Some((scenario, stop)) = find(|scenario| scenario.stop.as_ref()) {
        note(&place.scenario, name, StepOutcome::Stopped, turn);
        say(scenario, "", "stop", &stop.say, language, turn);
        leave(turn);
        return true;
    }
    if scenarios.iter().any(|scenario| scenario.restart_words.iter().any(|word| word == said)) {
        leave(turn);
        // Whoever begins again begins with the newest version, and where it all began.
        if let Some(first) = scenarios.last() {
            let newest = run::assigned(turn).filter(|newest| newest.name == first.name);
            start(newest.as_ref().unwrap_or(first), StepOutcome::Restarted, turn);
        }
        return true;
    }
    if let Some((scenario, help)) = find(|scenario| scenario.help.as_ref()) {
        note(&place.scenario, name, StepOutcome::Helped, turn);
        say(scenario, "", "help", &help.say, language, turn);
        if let Kind::Ask(ask) = &place.step().kind
            && let Some(question) = &ask.question
        {
            say(&place.scenario, name, "ask", question, language, turn);
            let now = turn.update.time;
            if let Some(progress) = &mut turn.state.person.scenario {
                // The person's silence begins anew.
                progress.since = now;
            }
        }
        return true;
    }
    false
}
