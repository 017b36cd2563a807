//! Rules in troupe's own format.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use troupe_engine::{ActionBody, Ruleset, Scenario, WeightedScenario, limits};
use troupe_types::{ChatId, MediaKind, MessageId, UserId};

use crate::talk::{ANN, GROUP, Said, Talk, parsed, said};

/// A group for each condition, which says its own number, in this order.
fn asking(conditions: &[&str]) -> Talk {
    let group = |(number, condition): (usize, &&str)| {
        format!("  - {{name: g{number}, when: [{{{condition}}}], react: [say: g{number}]}}\n")
    };
    let groups: String = conditions.iter().enumerate().map(group).collect();
    let variables = "  kept: {}\n  forgotten: {saved: false}\n  level: {of: bot, start: '5'}\n";
    Talk::with_rules(&format!("variables:\n{variables}groups:\n{groups}"))
}

/// Whether a group that asks `condition` fires.
#[track_caller]
fn check(condition: &str, fires: &[Said], fails: &[Said]) {
    for (messages, expected) in [(fires, "g0"), (fails, "(no_match)")] {
        for message in messages {
            asking(&[condition]).check(message.clone(), &[expected]);
        }
    }
}

/// A talk with rules that do this to every message, where `here` is the group's id and `nowhere` is none.
fn doing(reactions: &str) -> Talk {
    let variables = "here: {of: bot, start: '-500'}\n  nowhere: {of: bot}\n  count: {of: bot, saved: false}";
    Talk::with_rules(&format!(
        "variables:\n  {variables}\ngroups:\n  - {{name: all, when: [], react: [{{{reactions}}}]}}\n"
    ))
}

fn named(message: Said, username: &str) -> Said {
    let mut message = message;
    message.sender.username = Some(username.to_owned());
    message
}

#[test]
fn phrases_and_keywords_forgive_typing_errors() {
    let phrase = "phrase: [how do I withdraw, вывести деньги]";
    check(
        phrase,
        &[said("how do i withdraw?"), said("Hello, how do I withdarw now"), said("Как вывести деньги")],
        &[said("withdraw"), said("how do I deposit")],
    );
    check("keyword: price list", &[said("the list of every price")], &[said("the price"), said("")]);
}

#[test]
fn a_phrase_of_one_group_is_found_whatever_another_asks() {
    // Were the two entries of one library, neither would be taken for the misspelt word.
    let mut talk = asking(&["phrase: transfer", "phrase: transfers"]);
    talk.check("transfre", &["g0"]).check("transfers", &["g1"]);
}

#[test]
fn media_are_told_apart_by_kind_and_size() {
    let photo = |megabytes| said("").with_photo(megabytes);
    let file = |mime| said("").with(MediaKind::Document, Some(mime), 2000);
    let place = || said("").with(MediaKind::Other, None, 0);
    check("media: photo", &[photo(1.0)], &[file("image/png"), place(), said("hi")]);
    check("media: image", &[photo(1.0), file("image/png")], &[file("audio/ogg"), place()]);
    check("media: document", &[file("image/png")], &[photo(1.0)]);
    check("media: other", &[place()], &[photo(1.0)]);
    check("media: {min: 1 kB, max: 2 MB}", &[photo(2.0), file("x/y")], &[photo(2.1), place()]);
}

#[test]
fn who_is_spoken_to_can_be_asked() {
    let reply = |message: Said| Said { reply_to: Some(MessageId::new(1)), ..message };
    let (plain, to_bot) = (said("hi").in_group(), said("hi").addressed_in_group());
    check(
        "addressed: true",
        &[said("hi"), to_bot.clone(), reply(to_bot.clone())],
        std::slice::from_ref(&plain),
    );
    check("addressed: false", std::slice::from_ref(&plain), &[said("hi"), to_bot.clone()]);
    check(
        "mentioned: true",
        &[to_bot.clone(), said("hi @Boris_Bot!")],
        &[reply(to_bot.clone()), plain.clone()],
    );
    check("reply: true", &[reply(to_bot.clone()), reply(said("hi"))], &[to_bot, reply(plain), said("hi")]);
}

#[test]
fn chats_and_senders_can_be_asked() {
    check("chat: [-1, -500]", &[said("hi").in_group()], &[said("hi")]);
    check("sender: 1001", &[said("hi")], &[said("hi").by(UserId::new(2))]);
    check(
        "sender: ['@Ann_A', bert]",
        &[named(said("hi"), "ann_a"), named(said("hi"), "Bert")],
        &[said("hi")],
    );
}

#[test]
fn time_is_that_of_the_message() {
    // The talk begins on Friday, the 15th of January 2027, at 08:00 UTC.
    let after = |hours| said("hi").after(Duration::from_hours(hours));
    let working = "time: {from: '09:00', to: '18:00', days: [mon, tue, wed, thu, fri], zone: '+02:00'}";
    check(working, &[said("hi"), after(7)], &[after(9), after(24)]);
}

#[test]
fn a_group_that_has_fired_rests_in_the_chat_or_for_the_person() {
    let later = || said("hi").after(Duration::from_mins(5));
    asking(&["cooldown: 5m"]).check("hi", &["g0"]).check("hi", &["(no_match)"]).check(later(), &["g0"]);
    let bert = UserId::new(2);
    asking(&["cooldown: 5m"])
        .check(said("hi").in_group(), &["g0"])
        .check(said("hi").in_group().by(bert), &["(no_match)"])
        .check("hi", &["g0"]);
    asking(&["cooldown: {person: 5m}"])
        .check(said("hi").in_group(), &["g0"])
        .check(said("hi").in_group().by(bert), &["g0"])
        .check("hi", &["(no_match)"])
        .check(later(), &["g0"]);
}

#[test]
fn a_chance_is_a_share_of_the_messages() {
    let fired = (1..1_000_u64).filter(|world| {
        let mut talk = asking(&["chance: 0.25"]).in_world(*world);
        !talk.say("hi").actions.is_empty()
    });
    assert!((200..300).contains(&fired.count()));
    check("chance: 1", &[said("hi")], &[]);
    check("chance: 0", &[], &[said("hi")]);
}

#[test]
fn variables_are_compared_with_values_numbers_and_each_other() {
    for (kept, condition, holds) in [
        (Some("pro"), "variable: kept, is: pro", true),
        (Some("Pro"), "variable: kept, is: [pro, basic]", false),
        (Some("basic"), "variable: kept, is: [pro, basic]", true),
        (None, "variable: kept, is: pro", false),
        (None, "variable: kept, exists: false", true),
        (Some(""), "variable: kept, exists: true", true),
        (Some(" 5.0 "), "variable: kept, at_least: 5, at_most: 5", true),
        (Some("five"), "variable: kept, at_least: 0", false),
        (Some("4"), "variable: kept, at_least: {variable: level}", false),
        (Some("6"), "variable: kept, at_least: {variable: level}", true),
        (Some("5"), "variable: kept, is: {variable: level}", true),
        (None, "variable: kept, is: {variable: forgotten}", false),
        (None, "variable: level, is: '5'", true),
        (None, "variable: level, exists: false", false),
        (None, "not: {variable: level, at_least: 6}", true),
        (Some("pro"), "not: {variable: kept, is: [pro, basic]}", false),
        (Some("x"), "any: [{variable: kept, is: x}, {text: y}]", true),
    ] {
        let mut talk = asking(&[condition]);
        let mut state = talk.ann();
        state.person.variables.extend(kept.map(|value| ("kept".to_owned(), value.to_owned())));
        talk.states.insert((ChatId::direct(ANN), ANN), state);
        talk.check("hi", &[if holds { "g0" } else { "(no_match)" }]);
    }
}

#[test]
fn a_group_is_asked_only_where_it_belongs() {
    let rules = "
groups:
  - {name: here, where: group, when: [{text: hi, else_say: 'No {{message.text}}.'}], react: [say: group]}
  - {name: there, where: direct, when: [], react: [say: direct]}
";
    Talk::with_rules(rules)
        .check(said("hi").in_group(), &["group"])
        .check("hi", &["direct"])
        .check(said("ho").in_group(), &["No ho."]);
}

#[test]
fn what_is_said_is_an_answer_as_in_a_library_unless_it_is_plain() {
    let say = "say: {en: 'Hi {{person.first_name}}!', ru: Привет}";
    doing(say).check("hello", &["Hi Ann!"]).check("здравствуй", &["Привет"]);
    doing("say: {plain: '{{person.first_name}}'}").check("hi", &["{{person.first_name}}"]);
    let mut variations = doing("say: [a, b, c]");
    let mut heard: Vec<_> = (0..3).flat_map(|_| crate::talk::heard(variations.say("hi"))).collect();
    heard.sort();
    assert_eq!(heard, ["a", "b", "c"]);
}

#[test]
fn variables_of_a_person_and_of_the_bot_are_changed() {
    let mut talk = doing("set: {a: x, here: '7'}}, {save: b}, {add: {count: 2.5, points: -1}");
    talk.say("hi");
    talk.say(said("ho").by(UserId::new(2)));
    let ann = talk.ann();
    assert_eq!(ann.person.variables["a"], "x");
    assert_eq!(ann.person.variables["b"], "hi");
    assert_eq!(ann.person.variables["points"], "-1");
    assert_eq!(ann.bot.variables["here"], "7");
    assert_eq!(ann.bot.volatile.variables["count"], "5");
    let mut talk = doing("say: '{{bot.variable.here}}'}, {set: {here: x, a: y}}, {remove: [here, a]");
    talk.check("hi", &["-500"]).check("hi", &["-500"]);
    assert!(talk.ann().person.variables.is_empty());
    // To what is no number nothing is added.
    let mut talk = doing("add: {a: 1}}, {say: '{{variable.a}}'}, {set: {a: x}");
    talk.check("hi", &["1"]).check("hi", &["x"]);
}

#[test]
fn deeds_beside_words_are_actions_in_their_order_and_delayed_from_the_wait_on() {
    let mut talk =
        doing("emoji: 👍}, {wait: 2s}, {forward: here}, {say: a, chat: here}, {wait: 3s}, {say: b");
    let decision = talk.say("hi").clone();
    let message = MessageId::new(1);
    let from = ChatId::direct(ANN);
    let done: Vec<_> =
        decision.actions.iter().map(|action| (action.chat, action.delay.as_secs(), &action.body)).collect();
    let reply = |text: &str| ActionBody::Reply { text: text.to_owned(), media: None, reply_to: None };
    assert_eq!(
        done,
        [
            (from, 0, &ActionBody::Read { message }),
            (from, 0, &ActionBody::React { message, emoji: "👍".to_owned() }),
            (GROUP, 2, &ActionBody::Forward { from, message }),
            (GROUP, 2, &reply("a")),
            (from, 5, &reply("b")),
        ]
    );
    // However long they are, the waits of one decision are bounded together.
    let waits = ["wait: 5m"; 5].join("}, {");
    let mut talk = doing(&format!("{waits}}}, {{say: a"));
    assert_eq!(talk.say("hi").actions.last().map(|action| action.delay), Some(limits::DELAY));
}

#[test]
fn a_webhook_is_an_action_that_carries_its_values() {
    let mut talk = doing(
        "set: {plan: pro}}, {wait: 2s}, {webhook: {to: crm, send: {\
        who: '{{person.first_name}} {{person.last_name|?}}', plan: '{{variable.plan}}', said: '{{message.text}}'}}}, {webhook: desk",
    );
    let decision = talk.say("{{variable.plan}} {a|b}").clone();
    let called: Vec<_> = decision
        .actions
        .iter()
        .filter_map(|action| match &action.body {
            ActionBody::Webhook { target, send } => Some((&**target, action.delay.as_secs(), send.clone())),
            _ => None,
        })
        .collect();
    let send = [("plan", "pro"), ("said", "{{variable.plan}} {a|b}"), ("who", "Ann ?")];
    let send = send.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(called, [("crm", 2, BTreeMap::from(send)), ("desk", 2, BTreeMap::new())]);
    assert_eq!(talk.events().last().map(String::as_str), Some("Silent"), "nobody was answered");
    let long = "x".repeat(4095);
    let mut talk = doing("webhook: {to: crm, send: {x: 'ab{{message.text}}'}}");
    let decision = talk.say(long.as_str());
    let last = decision.actions.last().map(|action| &action.body);
    let Some(ActionBody::Webhook { send, .. }) = last else { panic!("{last:?}") };
    assert_eq!(send["x"].encode_utf16().count(), limits::TEXT_UTF16);
}

#[test]
fn the_bots_clock_tells_the_time() {
    let mut talk = doing("say: '{{time.date}} {{time.clock}} {{time.weekday}}'");
    talk.check("when?", &["2027-01-15 08:00 Friday"]);
    talk.content.zone = "+14:00".parse().unwrap();
    talk.check("when?", &["2027-01-15 22:00 Friday"]);
    talk.content.zone = "-09:30".parse().unwrap();
    talk.check("when?", &["2027-01-14 22:30 Thursday"]);
}

#[test]
fn a_chat_that_no_variable_names_is_left_alone() {
    doing("forward: nowhere}, {say: a, chat: nowhere}, {say: b").check("hi", &["b"]);
}

#[test]
fn a_goal_is_an_event() {
    let mut talk = doing("goal: signed up");
    talk.say("hi");
    assert_eq!(talk.events(), ["MessageReceived", "PersonFirstSeen", "GoalReached", "Silent"]);
}

/// A talk with the scenarios `welcome`, which is given to everybody at their word, and `advice`, which is not, and with
/// rules that do to a direct message what it says.
fn led() -> Talk {
    let deeds = [
        "advise, react: [{say: One moment.}, {wait: 2s}, {start_scenario: advice}]",
        "leave, react: [{end_scenario: true}, {say: Left.}]",
        "human, react: [{say: A colleague comes.}, {hand_over: 2h}]",
        "nothing, react: [{start_scenario: nowhere}, {say: Nothing.}]",
    ];
    let group = |deed: &&str| {
        let (name, react) = deed.split_once(", ").expect("each has both");
        format!("  - {{name: {name}, where: direct, when: [{{keyword: {name}}}], {react}}}\n")
    };
    let groups: String = deeds.iter().map(group).collect();
    let mut talk = Talk::with_rules(&format!("groups:\n{groups}"));
    let scenario = |name, weight, text| {
        let scenario = Arc::new(parsed(Scenario::parse(name, 1, text)));
        WeightedScenario { scenario, weight }
    };
    let welcome =
        "start: {phrases: [join]}\nsteps:\n  name: {ask: 'Name?', next: done}\n  done: {end: goal, say: Hi!}";
    let advice = "steps:\n  topic: {ask: 'About what?', remind: [{after: 3h, say: Well?}], next: done}\n  \
                  done: {end: goal, say: Read the manual.}";
    talk.content.scenarios = vec![scenario("welcome", 1, welcome), scenario("advice", 0, advice)];
    talk
}

#[test]
fn a_rule_starts_a_scenario_in_place_of_the_one_that_runs() {
    let mut talk = led();
    talk.check("advise me", &["One moment.", "About what?"]);
    let delays: Vec<_> = talk.last.iter().flat_map(|last| &last.actions).map(|action| action.delay).collect();
    assert_eq!(delays.last(), Some(&Duration::from_secs(2)), "what the scenario says has waited, too");
    talk.check("fees", &["Read the manual."]).check("join", &["Name?"]);
    talk.check("advise me", &["One moment.", "About what?"]);
    assert!(talk.events().contains(&"ScenarioEnded".to_owned()), "{:?}", talk.events());
    // The scenario that was given to the person is still theirs, and has been left without its goal.
    talk.check("fees", &["Read the manual."]).check("hm", &["(no_match)"]);
    led().check("nothing", &["Nothing."]);
}

#[test]
fn a_rule_takes_a_person_out_of_a_scenario() {
    let mut talk = led();
    talk.check("join", &["Name?"]).check("leave", &["Left."]).check("Ann", &["(no_match)"]);
    assert!(talk.ann().person.finished.iter().all(|finished| !finished.goal));
    led().check("leave", &["Left."]);
}

#[test]
fn a_rule_hands_over_to_an_operator_who_finds_the_scenario_where_it_was() {
    let mut talk = led();
    talk.check("advise me", &["One moment.", "About what?"]).check("a human please", &["A colleague comes."]);
    assert!(talk.events().contains(&"HandedOver".to_owned()));
    talk.check("leave", &["(handed_over)"]);
    let mut back = talk.clone();
    assert_eq!(back.hand_back(), Vec::<String>::new());
    back.check("fees", &["Read the manual."]);
    // Nobody is reminded meanwhile.
    talk.check_wait("4h", &[]).check_wait("2h", &["Well?"]).check("fees", &["Read the manual."]);
}

#[test]
fn every_one_of_several_reactions_has_its_turn() {
    let heard: std::collections::BTreeSet<_> = (1..50_u64)
        .flat_map(|world| {
            let mut talk = doing("one_of: [{say: a}, {say: b}, {goal: c}]").in_world(world);
            crate::talk::heard(talk.say("hi"))
        })
        .collect();
    assert_eq!(heard.into_iter().collect::<Vec<_>>(), ["(wordless)", "a", "b"]);
}

/// The faults of a document in which `condition` is the only one.
#[track_caller]
fn refused(document: &str, expected: &[&str]) {
    let faults = Ruleset::parse(document).expect_err("it should be refused");
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected, "{document}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let when = |condition: &str| format!("groups:\n  - name: a\n    when:\n      - {condition}\n");
    refused(&when("text: '('"), &["4:15: /groups/0/when/0/text: not a regular expression: unclosed group"]);
    refused(
        &when("not: {text: '('}"),
        &["4:14: /groups/0/when/0/not: not a regular expression: unclosed group"],
    );
    refused(
        &when("{text: a, chat: 1}"),
        &[
            "4:9: /groups/0/when/0: a condition asks one of text, phrase, keyword, media, addressed, mentioned, \
           reply, chat, sender, time, chance, cooldown, variable, not",
        ],
    );
    refused(&when("{text: a, is: b}"), &["4:23: /groups/0/when/0/is: only a variable is compared"]);
    refused(
        &when("{any: [{text: a}], is: b}"),
        &["4:9: /groups/0/when/0: \"is\" and \"any\" are two conditions: make each an item"],
    );
    refused(
        &when("{variable: a, is: null}"),
        &[
            "4:27: /groups/0/when/0/is: no variable is null: to ask whether it has a value, write `exists: false`",
        ],
    );
    refused(
        &when("not: {cooldown: 5m}"),
        &[
            "4:25: /groups/0/when/0/not/cooldown: a cooldown can't be turned around: a group that has to have \
           fired never fires",
        ],
    );
    refused(
        &when("time: {from: '9:00'}"),
        &["4:22: /groups/0/when/0/time/from: expected a time of day such as 09:30, found \"9:00\""],
    );
    refused(
        &when("media: {min: 3 MB, max: 2 MB}"),
        &["4:16: /groups/0/when/0/media: no size is at least min and at most max"],
    );
    refused(&when("sender: 0"), &["4:17: /groups/0/when/0/sender: 0 is no id on Telegram"]);
    refused(&when("any: []"), &["4:14: /groups/0/when/0/any: one of nothing never holds"]);
    let react = |reaction: &str| format!("groups:\n  - name: a\n    when: []\n    react: [{reaction}]\n");
    refused(
        &react("{one_of: [{say: a}], chat: x}"),
        &["4:40: /groups/0/react/0/chat: put the chat beside what is said in it"],
    );
    refused(
        &react("{forward: x}"),
        &["4:23: /groups/0/react/0/forward: the single variable \"x\" is not declared"],
    );
    refused(
        &react("{wait: 6m}"),
        &["4:20: /groups/0/react/0/wait: what follows can be done at most 5 minutes later"],
    );
    refused(
        &react("{emoji: yes!}"),
        &["4:21: /groups/0/react/0/emoji: expected one emoji, such as 👍, found \"yes!\""],
    );
    refused(
        &react("{say: a, goal: b}"),
        &["4:13: /groups/0/react/0: a reaction does one of say, set, save, add, remove, store_file, emoji, \
           forward, wait, goal, start_scenario, end_scenario, hand_over, webhook"],
    );
    refused(
        &react("{webhook: 'https://example.org'}"),
        &[
            "4:23: /groups/0/react/0/webhook: \"https://example.org\" is no name of a webhook: use 1 to 64 of a-z, 0-9, \
           - and _",
        ],
    );
    refused(
        &react("{webhook: {send: {a: '{{nothing}}', b: 1}}}"),
        &[
            "4:34: /groups/0/react/0/webhook/send/a: there is no value \"nothing\"; known are person.first_name, \
             person.last_name, person.username, person.language, chat.title, bot.first_name, bot.username, \
             message.text, time.date, time.clock, time.hour, time.minute, time.weekday, variable.NAME, \
             bot.variable.NAME",
            "4:52: /groups/0/react/0/webhook/send/b: expected a text, found a number; put it in quotes",
            "4:23: /groups/0/react/0/webhook: the field \"to\" is missing",
        ],
    );
    refused(
        &react("{hand_over: 2h}"),
        &[
            "4:25: /groups/0/react/0/hand_over: \"hand_over\" is for direct chats: the group needs `where: direct`",
        ],
    );
    let direct = |reaction: &str| react(reaction).replace("when:", "where: direct\n    when:");
    refused(
        &direct("{hand_over: 31d}"),
        &["5:25: /groups/0/react/0/hand_over: expected a duration from 1s to 30d"],
    );
    refused(
        &direct("{end_scenario: false}"),
        &["5:28: /groups/0/react/0/end_scenario: false does nothing: write true, or leave it out"],
    );
    refused(
        &direct("{start_scenario: a}, {start_scenario: a}, {start_scenario: a}"),
        &["5:12: /groups/0/react: more than 64 things would be done, where starting a scenario counts as 32"],
    );
    refused(
        &react("{set: {a: null}}"),
        &["4:23: /groups/0/react/0/set/a: a variable is set to a text; to forget it, write `remove`"],
    );
    refused(
        "groups:\n  - {name: a, when: []}\n  - {name: a, when: []}\n",
        &["3:12: /groups/1/name: the group \"a\" is here for the second time"],
    );
    refused(
        "groups: []\ntriggers: {}\n",
        &["2:1: /triggers: there is no field \"triggers\"; known are \"groups\", \"variables\""],
    );
    refused(
        "variables: {a: {start: x}}\ngroups: []\n",
        &[
            "1:24: /variables/a/start: only a variable `of: bot` starts with a value; a person's begins without one",
        ],
    );
}
