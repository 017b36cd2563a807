use std::{collections::BTreeSet, time::Duration};

use crate::talk::{Talk, said};

const SHOP: &str = "
entries:
  - id: greeting
    phrases: [hi, hello there, привет]
    answers: {en: Hello!, ru: Привет!}
  - id: fees
    phrases: [what are the fees, сколько стоит перевод]
    keywords: [fees, комиссия]
    answers: {en: The fee is 1 %., ru: Комиссия 1 %.}
  - id: withdrawal
    phrases: [how do I withdraw]
    keywords: [withdraw fees, withdrawal]
    answers: Under Wallet.
  - id: order
    regexes: ['order\\s+#?\\d{4,}']
    answers: I look it up.
  - id: cafe
    keywords: [café, ёлка]
    answers: Coffee.
";

#[test]
fn matching_forgives_case_punctuation_diacritics_and_yo() {
    Talk::with_library(SHOP)
        .check("HI!!!", &["Hello!"])
        .check("  Hello,   THERE.", &["Hello!"])
        .check("ПРИВЕТ", &["Привет!"])
        .check("is the CAFE open", &["Coffee."])
        .check("елка", &["Coffee."])
        .check("ｆｅｅｓ？", &["The fee is 1 %."]);
}

#[test]
fn typing_errors_are_forgiven_in_longer_words_only() {
    Talk::with_library(SHOP)
        .check("waht are the fees", &["The fee is 1 %."])
        .check("комисия", &["Комиссия 1 %."])
        .check("wihtdrawal", &["Under Wallet."])
        .check("ho", &["(no_match)"])
        .check("bees", &["(no_match)"]);
}

#[test]
fn a_phrase_in_a_longer_message_counts_by_its_share() {
    Talk::with_library(SHOP)
        .check("hi, could you tell me what are the fees?", &["The fee is 1 %."])
        .check("hi, I have nothing to ask today", &["(no_match)"])
        .check("hello there everyone", &["Hello!"]);
}

#[test]
fn the_best_entry_wins_and_of_equals_the_first() {
    let mut talk = Talk::with_library(SHOP);
    talk.check("fees", &["The fee is 1 %."]);
    talk.check("fees to withdraw", &["Under Wallet."]);
    assert_eq!(talk.source(), "lib:withdrawal");
    let equal = "entries: [{id: b, keywords: [x], answers: B}, {id: a, keywords: [x], answers: A}]";
    Talk::with_library(equal).check("x", &["B"]);
}

#[test]
fn a_regular_expression_looks_at_the_message_as_it_is() {
    Talk::with_library(SHOP)
        .check("where is ORDER #12345?", &["I look it up."])
        .check("order 12", &["(no_match)"]);
}

#[test]
fn the_language_is_that_of_the_message() {
    let mut talk = Talk::with_library(SHOP);
    talk.check("привет", &["Привет!"]).check("hi", &["Hello!"]).check("fees?", &["The fee is 1 %."]);
    let mut russian = said("👋");
    russian.sender.language = Some("ru".into());
    let wave = "entries: [{id: wave, phrases: [👋], answers: {en: Hello!, ru: Привет!}}]";
    Talk::with_library(wave).check(russian, &["Привет!"]).check("👋", &["Hello!"]);
}

#[test]
fn values_fill_the_answer_and_are_not_expanded_again() {
    let library = "entries: [{id: hi, phrases: [hi], answers: 'Hi {{person.first_name|friend}} from {{bot.first_name}}'}]";
    let mut trick = said("hi");
    trick.sender.first_name = "{{bot.first_name}}".into();
    let mut nobody = said("hi");
    nobody.sender.first_name = String::new();
    Talk::with_library(library)
        .check("hi", &["Hi Ann from Boris"])
        .check(trick, &["Hi {{bot.first_name}} from Boris"])
        .check(nobody, &["Hi friend from Boris"]);
}

#[test]
fn an_answer_that_grows_too_long_is_cut() {
    let library = "entries: [{id: echo, keywords: [echo], answers: '{{message.text}}{{message.text}}'}]";
    let long = format!("echo {}", "😀".repeat(1500));
    let heard = Talk::with_library(library).hear(long.as_str());
    assert_eq!(heard[0].encode_utf16().count(), 4095);
    assert!(heard[0].ends_with('…'));
}

const THREE: &str = "
entries:
  - id: joke
    phrases: [joke]
    answers: [one, two, {text: three, weight: 5}]
";

#[test]
fn no_variation_is_repeated_to_a_person_until_the_others_are_used_up() {
    for world in 1..200 {
        let mut talk = Talk::with_library(THREE).in_world(world);
        let mut last = String::new();
        for round in 0..4 {
            let heard: Vec<_> = (0..3).map(|_| talk.hear("joke").remove(0)).collect();
            if round == 0 {
                assert_eq!(heard.iter().collect::<BTreeSet<_>>().len(), 3, "{heard:?}");
            }
            assert_ne!(heard[0], last);
            assert!(heard.windows(2).all(|pair| pair[0] != pair[1]), "{heard:?}");
            last.clone_from(&heard[2]);
        }
    }
}

#[test]
fn weights_are_shares_and_the_last_variation_is_reached() {
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    for world in 1..=7000 {
        *counts.entry(Talk::with_library(THREE).in_world(world).hear("joke").remove(0)).or_default() += 1;
    }
    assert!((850..1150).contains(&counts["one"]), "{counts:?}");
    assert!((850..1150).contains(&counts["two"]), "{counts:?}");
    assert!((4750..5250).contains(&counts["three"]), "{counts:?}");
}

const POLITE: &str = "
when: addressed
fallback: {answers: Sorry?}
entries:
  - {id: fees, keywords: [fees], answers: One percent.}
  - {id: rain, keywords: [rain], answers: Take an umbrella., when: always}
";

#[test]
fn an_entry_for_who_addresses_the_bot_is_silent_otherwise() {
    Talk::with_library(POLITE)
        .check(said("fees?").in_group(), &["(not_addressed)"])
        .check(said("fees?").addressed_in_group(), &["One percent."])
        .check("fees?", &["One percent."])
        .check(said("rain?").in_group(), &["Take an umbrella."])
        .check(said("fees in the rain").in_group(), &["Take an umbrella."]);
}

#[test]
fn the_fallback_answers_only_who_addresses_the_bot() {
    let mut talk = Talk::with_library(POLITE);
    talk.check(said("bananas").in_group(), &["(no_match)"])
        .check(said("bananas").addressed_in_group(), &["Sorry?"]);
    talk.check("bananas", &["Sorry?"]);
    assert_eq!(talk.source(), "lib:");
}

#[test]
fn a_message_to_somebody_else_is_not_answered() {
    let mut talk = Talk::with_library(POLITE);
    talk.check(said("@dora rain?").in_group(), &["(to_somebody_else)"]);
    talk.check(said("@boris_bot rain?").addressed_in_group(), &["Take an umbrella."]);
    talk.check(said("rain, as @dora said").in_group(), &["Take an umbrella."]);
}

#[test]
fn a_cooldown_is_the_chats_and_passes() {
    let library = "entries: [{id: gm, phrases: [gm], answers: gm, cooldown: 1m}]";
    Talk::with_library(library)
        .check(said("gm").in_group(), &["gm"])
        .check(said("gm").in_group().by(troupe_types::UserId::new(2)), &["(cooldown)"])
        .check("gm", &["gm"])
        .check(said("gm").in_group().after(Duration::from_secs(58)), &["gm"]);
}

#[test]
fn a_cooldown_may_be_the_persons_in_every_chat() {
    let library = "entries: [{id: gm, phrases: [gm], answers: gm, cooldown: {chat: 1m, person: 1h}}]";
    let other = || said("gm").in_group().by(troupe_types::UserId::new(2));
    Talk::with_library(library)
        .check(said("gm").in_group(), &["gm"])
        .check(other(), &["(cooldown)"])
        .check("gm", &["(cooldown)"])
        .check(other().after(Duration::from_mins(1)), &["gm"])
        .check(other().after(Duration::from_mins(1)), &["(cooldown)"])
        .check(said("gm").after(Duration::from_hours(1)), &["gm"]);
}

#[test]
fn a_chance_is_a_share() {
    let library = "entries: [{id: gm, phrases: [gm], answers: gm, chance: 0.25}]";
    let speaks =
        (1..=4000).filter(|world| Talk::with_library(library).in_world(*world).hear("gm") == ["gm"]).count();
    assert!((860..1140).contains(&speaks), "{speaks}");
    let never = library.replace("0.25", "0");
    Talk::with_library(&never).check("gm", &["(chance)"]);
}

#[test]
fn a_tie_between_entries_that_read_a_misspelling_differently_is_no_match() {
    let library = "
entries:
  - {id: staking, keywords: [staking], answers: Stake.}
  - {id: stalking, keywords: [stalking], answers: Report it.}
  - {id: reward, keywords: [reward], answers: Rewards.}
";
    // One letter away from both.
    Talk::with_library(library)
        .check("stakking", &["(no_match)"])
        .check("staking", &["Stake."])
        .check("rewrad", &["Rewards."]);
}

#[test]
fn the_distance_that_is_forgiven_grows_with_the_word() {
    let library = "
entries:
  - {id: four, keywords: [swap], answers: four}
  - {id: five, keywords: [limit], answers: five}
  - {id: nine, keywords: [liquidity], answers: nine}
";
    Talk::with_library(library)
        .check("swpa", &["(no_match)"])
        .check("limti", &["five"])
        .check("lmiti", &["(no_match)"])
        .check("liqudty", &["nine"])
        .check("liqdty", &["(no_match)"]);
}

#[test]
fn texts_that_unicode_holds_for_the_same_match() {
    let library = "entries: [{id: a, keywords: [ﬁnance, крема́, straße], answers: yes}]";
    for text in ["ＦＩＮＡＮＣＥ", "finance", "КРЕМА", "cr\u{65}me крем\u{430}\u{301}", "STRASSE"]
    {
        Talk::with_library(library).check(text, &["yes"]);
    }
}

#[test]
fn alternatives_are_chosen_by_the_updates_chance_and_all_are_said() {
    let library = "entries: [{id: hi, phrases: [hi], answers: '{Hi|Hello}, {{person.first_name}}{!|.}'}]";
    let mut heard = BTreeSet::new();
    for world in 1..100 {
        let mut talk = Talk::with_library(library).in_world(world);
        let text = talk.hear("hi").remove(0);
        assert_eq!(text, Talk::with_library(library).in_world(world).hear("hi").remove(0));
        heard.insert(text);
    }
    assert_eq!(heard.into_iter().collect::<Vec<_>>(), ["Hello, Ann!", "Hello, Ann.", "Hi, Ann!", "Hi, Ann."]);
}

#[test]
fn a_photo_or_a_document_is_an_answer_with_or_without_words() {
    let library = "
entries:
  - {id: map, phrases: [map], answers: {photo: harbour-map, text: 'Here, {{person.first_name}}.'}}
  - {id: price, phrases: [price], answers: {en: [{document: prices}], ru: [{document: prices_ru, weight: 2}]}}
";
    let mut talk = Talk::with_library(library);
    talk.check("map", &["[photo harbour-map] Here, Ann."]).check("price", &["[document prices]"]);
    let library = troupe_engine::Library::parse("l", library).unwrap();
    let media =
        library.uses().media.iter().map(|used| (&*used.name, used.line, used.column, used.field.as_str()));
    assert_eq!(
        media.collect::<Vec<_>>(),
        [
            ("harbour-map", 3, 48, "/entries/0/answers/photo"),
            ("prices", 4, 61, "/entries/1/answers/en/0/document"),
            ("prices_ru", 4, 87, "/entries/1/answers/ru/0/document"),
        ]
    );
}

#[test]
fn a_caption_that_grows_too_long_is_cut_to_a_captions_length() {
    let library = "entries: [{id: echo, keywords: [echo], answers: {photo: p, text: '{{message.text}}'}}]";
    let long = format!("echo {}", "😀".repeat(1500));
    let heard = Talk::with_library(library).hear(long.as_str());
    let caption = heard[0].strip_prefix("[photo p] ").unwrap();
    assert_eq!(caption.encode_utf16().count(), 1024);
    assert!(caption.ends_with('…'));
}
