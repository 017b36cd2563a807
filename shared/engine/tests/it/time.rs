//! Scenarios in time: reminders, waits, bursts, operators; and what a timer does that comes late, twice or for nothing.

use std::sync::Arc;

use troupe_engine::{Library, Ruleset, Scenario, WeightedScenario};

use crate::talk::{Talk, heard, parsed, said};

const WAITING: &str = "
stop: {words: [cancel], say: As you like.}
help: {words: [help], say: I ask and you answer.}
restart: [again]
steps:
  name:
    ask: Your name?
    save: name
    remind: [{after: 10m, say: Still there?}, {after: 1h, say: 'Your name, please?'}]
    expire: {after: 2d, next: gone}
    next: pause
  pause: {wait: 1h, next: note}
  note: {set: {title: 'Dear {{variable.name}}', seen: 'yes'}, next: news}
  news: {say: 'News for you, {{variable.title}}.', next: silence}
  silence:
    follow_up: [{after: 1d, say: Any questions?}, {after: 3d, say: Last call.}]
    save: question
    expire: {after: 7d}
    next: desk
  desk: {hand_over: 2h, say: A colleague will see to it., next: done}
  done: {end: goal, say: 'I am back, {{person.first_name}}.'}
  gone: {end: no_goal, say: Another time.}
";

/// A scenario with steps of every kind that has to do with time, and a library behind it.
pub fn waiting() -> Talk {
    let mut talk = Talk::with_scenario(WAITING);
    let library = "fallback: {answers: Yes?}\nentries: []";
    let library = Arc::new(parsed(Library::parse("after", library)));
    talk.content.direct_library = Some(Arc::clone(&library));
    talk.content.group_library = Some(library);
    talk
}

/// The same, but messages are merged.
pub fn in_bursts() -> Talk {
    let mut talk = waiting();
    let scenario = Arc::new(parsed(Scenario::parse("welcome", 1, &format!("quiet: 1m\n{WAITING}"))));
    talk.content.scenarios = vec![WeightedScenario { scenario, weight: 1 }];
    talk
}

#[test]
fn a_silent_person_is_reminded_and_then_given_up() {
    let mut talk = waiting();
    talk.check("hi", &["Your name?"]);
    talk.check_wait("9m", &[]).check_wait("1m", &["Still there?"]);
    assert_eq!(talk.events(), ["StepReminded"]);
    talk.check_wait("1h", &["Your name, please?"]).check_wait("1d", &[]);
    talk.check_wait("1d", &["Another time."]);
    assert_eq!(talk.events(), ["StepExpired", "StepReached", "ScenarioEnded"]);
    assert!(talk.ann().person.scenario.is_none() && talk.ann().person.timer.is_none());
    talk.check_wait("30d", &[]).check("hi", &["Yes?"]);
}

#[test]
fn who_answers_is_not_reminded() {
    let mut talk = waiting();
    talk.hear("hi");
    talk.check_wait("9m", &[]).hear("Ann");
    talk.check_wait("59m", &[]).check_wait("1m", &["News for you, Dear Ann."]);
    assert_eq!(talk.ann().person.variables["seen"], "yes");
}

#[test]
fn every_word_at_a_question_begins_the_silence_anew() {
    let mut talk = waiting();
    talk.hear("hi");
    talk.check_wait("9m", &[]).check("help", &["I ask and you answer.", "Your name?"]);
    talk.check_wait("9m", &[]);
    // A photo is no name.
    talk.check(said("").with_photo(1.0), &["Your name?"]);
    talk.check_wait("9m", &[]).check_wait("1m", &["Still there?"]);
    // What was said once is not said again.
    talk.check("help", &["I ask and you answer.", "Your name?"]).check_wait("30m", &[]);
    talk.check_wait("30m", &["Your name, please?"]);
}

#[test]
fn while_a_step_waits_for_its_time_the_library_answers_and_interrupts_work() {
    let mut talk = waiting();
    talk.hear("hi");
    talk.hear("Ann");
    talk.check("hm", &["Yes?"]).check("help", &["I ask and you answer."]);
    talk.clone().check("cancel", &["As you like."]).check_wait("30d", &[]);
    talk.clone().check("again", &["Your name?"]).check_wait("10m", &["Still there?"]);
    talk.check_wait("1h", &["News for you, Dear Ann."]);
}

#[test]
fn a_follow_up_comes_after_silence_and_any_word_goes_on() {
    let mut talk = waiting();
    talk.hear("hi");
    talk.hear("Ann");
    talk.check_wait("1h", &["News for you, Dear Ann."]);
    talk.clone().check_wait("7d", &["Any questions?", "Last call."]).check("hm", &["Yes?"]);
    talk.check_wait("2d", &["Any questions?"]);
    talk.check(said("").with_photo(1.0), &["A colleague will see to it."]);
}

fn at_the_desk() -> Talk {
    let mut talk = waiting();
    talk.hear("hi");
    talk.hear("Ann");
    talk.wait("1h");
    talk.check("what are the fees?", &["A colleague will see to it."]);
    assert!(talk.events().contains(&"HandedOver".to_owned()));
    talk
}

#[test]
fn an_operator_has_the_conversation_until_the_time_is_over() {
    let mut talk = at_the_desk();
    talk.check("hello?", &["(handed_over)"]).check(said("hello?").in_group(), &["(handed_over)"]);
    talk.check_wait("2h", &["I am back, Ann."]);
    assert_eq!(talk.events(), ["HandedBack", "StepReached", "ScenarioEnded"]);
    talk.check("hi", &["Yes?"]);
}

#[test]
fn an_operator_gives_the_conversation_back() {
    let mut talk = at_the_desk();
    assert_eq!(talk.hand_back(), ["I am back, Ann."]);
    assert_eq!(talk.events(), ["HandedBack", "StepReached", "ScenarioEnded"]);
    assert_eq!(talk.hand_back(), Vec::<String>::new());
    talk.check_wait("3h", &[]).check("hi", &["Yes?"]);
}

#[test]
fn opting_out_ends_what_an_operator_has_and_every_timer() {
    let mut talk = at_the_desk();
    talk.say("stop");
    assert!(talk.events().contains(&"HandedBack".to_owned()));
    assert!(talk.ann().person.timer.is_none());
    talk.check_wait("30d", &[]).check("hi", &["(opted_out)"]);
}

#[test]
fn a_lost_timer_holds_nobody_up() {
    let mut talk = at_the_desk();
    talk.timers.clear();
    talk.check(said("hello?").after(std::time::Duration::from_hours(3)), &["I am back, Ann."]);
    let mut talk = waiting();
    talk.hear("hi");
    talk.hear("Ann");
    talk.timers.clear();
    let later = said("hm").after(std::time::Duration::from_hours(2));
    talk.check(later, &["News for you, Dear Ann."]).check_wait("1d", &["Any questions?"]);
}

#[test]
fn a_timer_that_fires_twice_or_out_of_date_does_nothing() {
    let mut talk = waiting();
    talk.hear("hi");
    let (timer, person) = talk.timers.values().next().unwrap().clone();
    talk.check_wait("10m", &["Still there?"]);
    let before = talk.ann();
    let (next, _) = talk.timers.values().next().unwrap().clone();
    assert_eq!(heard(talk.fire(&timer, person.clone())), Vec::<String>::new());
    assert_eq!(talk.ann(), before);
    // It may have taken the place of the next one at the broker, so that one is set again, as it was.
    assert_eq!(talk.last.as_ref().unwrap().timer, Some(next));
    talk.hear("Ann");
    assert_eq!(heard(talk.fire(&next, person)), Vec::<String>::new());
}

#[test]
fn the_timers_of_a_stopped_bot_are_put_off() {
    let mut talk = waiting();
    talk.hear("hi");
    talk.content.stopped = true;
    talk.check_wait("30m", &[]);
    talk.content.stopped = false;
    talk.check_wait("1h", &["Your name, please?"]);
}

#[test]
fn messages_in_a_burst_are_answered_as_one() {
    let scenario = "
quiet: 3s
stop: {words: [cancel], say: As you like.}
steps:
  story: {ask: What happened?, save: story, remind: [{after: 1m, say: Well?}], next: mail}
  mail: {ask: 'E-mail?', validate: email, quiet: 0s, next: done}
  done: {end: goal, say: '{{variable.story}}'}
";
    let mut talk = Talk::with_scenario(scenario);
    talk.check("hi", &["What happened?"]);
    talk.check("I was here", &["(collecting)"]).check("and there", &["(collecting)"]);
    assert_eq!(talk.events(), ["MessageReceived", "Silent"]);
    talk.check("and slept", &["(collecting)"]).check_wait("2s", &[]).check_wait("1s", &["E-mail?"]);
    assert_eq!(talk.events(), ["StepAnswered", "VariableChanged", "StepReached", "Replied"]);
    talk.check("ann@example.org", &["I was here\nand there\nand slept"]);

    let mut talk = Talk::with_scenario(scenario);
    talk.hear("hi");
    talk.hear("I");
    talk.check("cancel", &["As you like."]).check_wait("1h", &[]);

    let mut talk = Talk::with_scenario(scenario);
    talk.hear("hi");
    for _ in 0..40 {
        talk.check("more", &["(collecting)"]);
    }
    talk.check_wait("0s", &["E-mail?"]);
}

#[test]
fn a_scenario_calls_another_and_goes_on() {
    let main = "
stop: {words: [cancel], say: As you like.}
help: {words: [help], say: Main help.}
steps:
  hello: {say: Hello., next: address}
  address: {call: address, next: done, otherwise: sorry}
  done: {end: goal, say: 'To {{variable.city}}.'}
  sorry: {end: no_goal, say: Without an address.}
";
    let address = "
help: {words: [help], say: Address help.}
steps:
  city: {ask: Which city?, validate: {regex: '^[A-Z]'}, retries: 0, save: city, next: got, otherwise: lost}
  got: {end: goal}
  lost: {end: no_goal}
";
    let mut talk = Talk::with_scenario(main);
    let scenario = Arc::new(parsed(Scenario::parse("address", 4, address)));
    talk.content.scenarios.push(WeightedScenario { scenario, weight: 0 });
    talk.check("hi", &["Hello.", "Which city?"]);
    assert_eq!(talk.ann().pinned().collect::<Vec<_>>(), [("address", 4), ("welcome", 1)]);
    talk.check("help", &["Address help.", "Which city?"]);
    talk.clone().check("Bonn", &["To Bonn."]);
    talk.clone().check("bonn", &["Without an address."]);
    talk.check("cancel", &["As you like."]);
    let ended = talk.events().iter().filter(|event| *event == "ScenarioEnded").count();
    assert_eq!((ended, talk.ann().person.finished.len()), (2, 1));
}

#[test]
fn scenarios_that_call_each_other_for_ever_come_to_an_end() {
    let mut talk = Talk::with_scenario("steps:\n  a: {call: welcome, next: b}\n  b: {end: goal, say: b}\n");
    let texts = talk.hear("hi");
    assert!(!texts.is_empty() && texts.len() < 32, "{texts:?}");
    assert!(talk.ann().person.scenario.is_none());
    let mut talk = Talk::with_scenario("steps:\n  a: {call: nobody, next: b}\n  b: {end: goal, say: b}\n");
    talk.check("hi", &["b"]);
}

#[test]
fn who_waits_at_a_replaced_step_goes_on_in_the_newest_version() {
    let second = WAITING
        .replace("steps:\n  name:", "replaces: {name: nick}\nsteps:\n  nick:")
        .replace("save: name", "save: name, otherwise: gone")
        .replace("save: name, otherwise: gone", "save: name");
    let second = second.replace("10m", "20m").replace("Still there?", "Nickname?");
    let mut talk = waiting();
    talk.hear("hi");
    let old = Arc::clone(&talk.content.scenarios[0].scenario);
    talk.content.scenarios[0].scenario = Arc::new(parsed(Scenario::parse("welcome", 2, &second)));
    talk.content.pinned.insert(("welcome".into(), 1), old);
    // The old timer finds that nothing is due yet in the new version.
    talk.check_wait("15m", &[]);
    assert_eq!(talk.ann().pinned().collect::<Vec<_>>(), [("welcome", 2)]);
    talk.check_wait("5m", &["Nickname?"]).hear("Annie");
    talk.check_wait("1h", &["News for you, Dear Annie."]);
}

#[test]
fn a_rule_cuts_in_before_a_burst_and_a_library_during_a_wait() {
    let mut talk =
        Talk::with_scenario("quiet: 3s\nsteps:\n  a: {ask: A?, next: b}\n  b: {end: goal, say: B}\n");
    let rules = r#"{"triggers": {"t": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "rule"}]}},
        "reactions": {"t": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "Rule!"}]}}, "variables": []}"#;
    talk.content.rules = Some(Arc::new(parsed(Ruleset::parse(rules))));
    talk.check("hi", &["A?"]).check("one", &["(collecting)"]).check("rule", &["Rule!"]);
    talk.check_wait("3s", &["B"]);
}
