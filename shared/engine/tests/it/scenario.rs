use std::sync::Arc;

use troupe_engine::{ActionBody, Library, Scenario, WeightedScenario};

use crate::talk::{Talk, parsed, said, told};

const WELCOME: &str = "
stop: {words: [cancel], say: As you like.}
restart: [again]
steps:
  hello: {say: 'Hello {{person.first_name}}!', next: name}
  name: {ask: What shall I call you?, save: name, next: plan}
  plan:
    ask: Pro or basic?
    validate: {choice: {pro: [pro, professional], basic: [basic]}}
    save: plan
    retry: Pro or basic, please.
    retries: 1
    next: fork
    otherwise: lost
  fork:
    branch: [{variable: plan, is: pro, next: mail}]
    otherwise: bye
  mail: {ask: 'Your e-mail, {{variable.name}}?', validate: email, save: email, next: done}
  done: {end: goal, say: Welcome aboard.}
  bye: {end: no_goal, say: See you.}
  lost: {end: no_goal}
";

fn welcome() -> Talk {
    let mut talk = Talk::with_scenario(WELCOME);
    let library = "fallback: {answers: Yes?}\nentries: []";
    let library = Arc::new(parsed(Library::parse("after", library)));
    talk.content.direct_library = Some(Arc::clone(&library));
    talk.content.group_library = Some(library);
    talk
}

#[test]
fn a_person_is_led_to_the_goal_and_then_to_the_library() {
    let mut talk = welcome();
    talk.check("hi", &["Hello Ann!", "What shall I call you?"]);
    assert_eq!(
        talk.events(),
        [
            "MessageReceived",
            "PersonFirstSeen",
            "ScenarioAssigned",
            "ScenarioStarted",
            "StepReached",
            "StepReached",
            "Replied"
        ]
    );
    assert_eq!(talk.source(), "welcome:hello");
    assert_eq!(talk.ann().pinned().collect::<Vec<_>>(), [("welcome", 1)]);
    talk.check("Annie", &["Pro or basic?"]).check("pro", &["Your e-mail, Annie?"]);
    talk.check("ann@example.org", &["Welcome aboard."]);
    assert_eq!(
        talk.events(),
        ["MessageReceived", "StepAnswered", "VariableChanged", "StepReached", "ScenarioEnded", "Replied"]
    );
    let person = talk.ann().person;
    assert_eq!(person.variables["email"], "ann@example.org");
    assert!(person.scenario.is_none() && person.finished[0].goal);
    talk.check("hi", &["Yes?"]);
}

#[test]
fn a_branch_leads_to_an_end_that_is_not_the_goal() {
    let mut talk = welcome();
    talk.hear("hi");
    talk.hear("Annie");
    talk.check("basic", &["See you."]);
    assert!(!talk.ann().person.finished[0].goal);
}

#[test]
fn an_answer_that_is_refused_is_asked_for_again_up_to_the_limit() {
    let mut talk = welcome();
    talk.hear("hi");
    talk.hear("Annie");
    talk.check("hm", &["Pro or basic, please."]);
    talk.check("hm", &["(wordless)"]);
    assert_eq!(talk.events(), ["MessageReceived", "StepAnswered", "StepReached", "ScenarioEnded", "Silent"]);
    talk.check("pro", &["Yes?"]);
}

#[test]
fn what_is_refused_is_not_saved_and_a_later_answer_is() {
    let mut talk = welcome();
    talk.hear("hi");
    talk.hear("Annie");
    talk.hear("hm");
    assert!(!talk.ann().person.variables.contains_key("plan"));
    talk.check("professional please", &["Your e-mail, Annie?"]);
    assert_eq!(talk.ann().person.variables["plan"], "pro");
}

#[test]
fn stop_and_restart_words_work_at_any_step() {
    let mut talk = welcome();
    talk.hear("hi");
    talk.check("Cancel!", &["As you like."]).check("hi", &["Yes?"]);
    talk.check("again", &["Hello Ann!", "What shall I call you?"]);
    talk.hear("Annie");
    talk.check("again", &["Hello Ann!", "What shall I call you?"]);
    assert_eq!(talk.ann().person.finished.len(), 2);
}

#[test]
fn opting_out_ends_the_scenario() {
    let mut talk = welcome();
    talk.hear("hi");
    talk.say("stop");
    assert_eq!(talk.events(), ["MessageReceived", "OptedOut", "ScenarioEnded", "Replied"]);
    assert!(talk.ann().person.scenario.is_none());
}

#[test]
fn a_group_knows_no_scenario() {
    welcome()
        .check(said("hi").addressed_in_group(), &["Yes?"])
        .check("hi", &["Hello Ann!", "What shall I call you?"]);
}

#[test]
fn a_person_finishes_the_version_that_was_begun() {
    let mut talk = welcome();
    talk.hear("hi");
    let old = Arc::clone(&talk.content.scenarios[0].scenario);
    let new =
        Arc::new(parsed(Scenario::parse("welcome", 2, &WELCOME.replace("Pro or basic?", "Which plan?"))));
    talk.content.scenarios[0].scenario = new;
    // Until the old version is there again, the person waits in it, and the library answers.
    talk.clone().check("Annie", &["Yes?"]).check("Annie", &["Yes?"]);
    talk.content.pinned.insert(("welcome".into(), 1), old);
    talk.check("Annie", &["Pro or basic?"]);
    // Whoever begins again begins with the newest.
    talk.hear("again");
    talk.check("Annie", &["Which plan?"]);
}

#[test]
fn a_scenario_may_start_by_a_phrase() {
    let mut talk = Talk::with_scenario(&format!("start: {{phrases: [join us, вступить]}}\n{WELCOME}"));
    talk.check("hi", &["(no_match)"]).check("Join us!", &["Hello Ann!", "What shall I call you?"]);
}

#[test]
fn who_gets_which_scenario_is_decided_once_by_weight() {
    let mut talk = welcome();
    let other = "steps:\n  a: {ask: 'Other?', next: b}\n  b: {end: goal}\n";
    let scenario = Arc::new(parsed(Scenario::parse("other", 1, other)));
    talk.content.scenarios.push(WeightedScenario { scenario, weight: 3 });
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    for world in 1..=2000 {
        let mut talk = talk.clone().in_world(world);
        talk.hear("hi");
        let assigned = talk.ann().person.assigned.clone().unwrap();
        talk.hear("hi again");
        assert_eq!(talk.ann().person.assigned.as_deref(), Some(&*assigned));
        *counts.entry(assigned).or_default() += 1;
    }
    assert!((400..600).contains(&counts["welcome"]), "{counts:?}");
}

#[test]
fn a_scenario_is_held_in_the_language_of_its_first_message() {
    let scenario = "
steps:
  mail: {ask: {en: Your e-mail?, ru: Ваша почта?}, validate: email, next: done}
  done: {end: goal, say: {en: Thanks!, ru: Спасибо!}}
";
    Talk::with_scenario(scenario).check("привет", &["Ваша почта?"]).check("ann@example.org", &["Спасибо!"]);
    Talk::with_scenario(scenario).check("hi", &["Your e-mail?"]).check("ann@example.org", &["Thanks!"]);
}

#[test]
fn numbers_and_replies_branch() {
    let scenario = "
steps:
  age: {ask: How old?, validate: {number: {min: 0, max: 130}}, save: age, next: fork}
  fork: {branch: [{variable: age, at_least: 18, next: adult}, {reply: ['0', zero], next: baby}], otherwise: child}
  adult: {end: goal, say: adult}
  baby: {end: goal, say: baby}
  child: {end: no_goal, say: child}
";
    for (age, expected) in [("18", "adult"), ("17,5", "child"), ("0", "baby")] {
        Talk::with_scenario(scenario).check("hi", &["How old?"]).check(age, &[expected]);
    }
    Talk::with_scenario(scenario)
        .check("hi", &["How old?"])
        .check("old", &["How old?"])
        .check("20", &["adult"]);
}

#[test]
fn a_step_calls_a_webhook_and_goes_on() {
    let mut talk = Talk::with_scenario(
        "steps:\n  name: {ask: 'Name?', save: name, next: crm}\n  crm: {webhook: {to: crm, send: {name: '{{variable.name}}'}}, next: done}\n  \
         done: {end: goal, say: Bye.}\n",
    );
    talk.check("hi", &["Name?"]).check("Ann", &["Bye."]);
    let calls = talk.last.iter().flat_map(|last| &last.actions).filter_map(|action| match &action.body {
        ActionBody::Webhook { target, send } => {
            Some((&**target, send["name"].as_str(), told(&action.source)))
        }
        _ => None,
    });
    assert_eq!(calls.collect::<Vec<_>>(), [("crm", "Ann", "welcome:crm".to_owned())]);
}
