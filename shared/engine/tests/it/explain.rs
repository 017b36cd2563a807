use troupe_engine::{GroupOutcome, Guard, MatchedBy, Silence, StepOutcome, Tried};

use crate::talk::{Talk, said};

fn tried(talk: &Talk) -> &[Tried] {
    &talk.last.as_ref().expect("something was said").trace.steps
}

#[test]
fn a_trigger_group_that_did_not_fire_tells_which_subgroup_failed() {
    let mut talk = Talk::with_rules(
        r#"{"triggers": {
            "private": {"privateTrigger": true, "triggers": []},
            "picky": {"triggers": [
                {"triggerType": "Text", "modifier": 0, "data": "a"},
                {"triggerType": "Text", "modifier": 0, "data": "b", "subgroup": "b or c"},
                {"triggerType": "Text", "modifier": 0, "data": "c", "subgroup": "b or c", "onFailMsg": "No."}
            ]}
        }}"#,
    );
    talk.check(said("a").in_group(), &["No."]);
    let outcomes: Vec<_> = tried(&talk)
        .iter()
        .map(|tried| match tried {
            Tried::TriggerGroup { group, outcome } => (&**group, outcome.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let failed = GroupOutcome::Failed { subgroup: 1, name: Some("b or c".into()), message: true };
    assert_eq!(outcomes, [("private", GroupOutcome::PrivateOnly), ("picky", failed)]);
}

#[test]
fn an_entry_tells_its_score_and_what_kept_it_silent() {
    let library = "entries: [{id: fees, phrases: [the fees], keywords: [fees], answers: x, when: addressed}]";
    let mut talk = Talk::with_library(library);
    talk.check(said("the fees").in_group(), &["(not_addressed)"]);
    let [Tried::Entry { entry, score: 1000, by: MatchedBy::WholePhrase(phrase), refused }] = tried(&talk)
    else {
        panic!("{:?}", tried(&talk))
    };
    assert_eq!((&**entry, phrase.as_str(), *refused), ("fees", "the fees", Some(Silence::NotAddressed)));
}

#[test]
fn a_guard_and_a_step_are_told() {
    let mut talk =
        Talk::with_scenario("steps:\n  a: {ask: Age?, validate: number, next: b}\n  b: {end: goal}\n");
    talk.say("hi");
    talk.say("x");
    let told = tried(&talk)
        .iter()
        .any(|tried| matches!(tried, Tried::Scenario { outcome: StepOutcome::Refused, .. }));
    assert!(told, "{:?}", tried(&talk));
    talk.say("stop");
    assert_eq!(tried(&talk), [Tried::Guard(Guard::OptsOut)]);
}
