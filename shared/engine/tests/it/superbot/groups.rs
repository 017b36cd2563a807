use troupe_engine::{GroupOutcome, Ruleset, Tried};

use super::{NO, groups, in_subgroup, named, one, or_say, reply, text};
use crate::talk::{Talk, parsed, said};

#[test]
fn a_trigger_calls_the_reactions_of_its_own_group() {
    let rules = groups(&[
        ("a", vec![text("a")], vec![reply("reaction of a")]),
        ("b", vec![text("b")], vec![reply("reaction of b")]),
    ]);
    Talk::with_rules(&rules).check("b", &["reaction of b"]).check("a", &["reaction of a"]).check("c", &[NO]);
}

#[test]
fn a_subgroup_belongs_to_its_group_alone() {
    // If both `sub` were one, the second group would fire on "a".
    let sub = |pattern| in_subgroup(text(pattern), "sub");
    let rules =
        named(&[("first", vec![sub("a"), text("first")]), ("second", vec![sub("b"), text("second")])]);
    Talk::with_rules(&rules).check("a second", &[NO]).check("b second", &["second"]);
}

#[test]
fn without_subgroups_every_trigger_is_required() {
    one(vec![text("A"), text("B"), text("C")]).check("AB", &[NO]).check("BC", &[NO]).check("CBA", &["yes"]);
    let mut missing = text("B");
    missing.as_object_mut().unwrap().remove("subgroup");
    one(vec![text("A"), missing]).check("A", &[NO]).check("B", &[NO]).check("AB", &["yes"]);
}

#[test]
fn a_group_that_is_not_private_is_for_any_chat() {
    let rules = named(&[("yes", vec![text("a")])]);
    for private in ["", r#""privateTrigger": false, "#] {
        let rules = rules.replace(r#"{"triggers":["#, &format!(r#"{{{private}"triggers":["#));
        Talk::with_rules(&rules)
            .check(said("a").in_group(), &["yes"])
            .check(said("a").addressed_in_group(), &["yes"])
            .check("a", &["yes"]);
    }
}

#[test]
fn evaluation_stops_at_the_first_subgroup_that_fails() {
    let subgroups =
        |first: &str, second: &str| vec![or_say(text(first), first), or_say(text(second), second)];
    let mut talk = one(subgroups("a", "b"));
    talk.check("x", &["a"]);
    let tried = &talk.last.as_ref().unwrap().trace.steps;
    let failed = tried.iter().find_map(|tried| match tried {
        Tried::TriggerGroup { outcome: GroupOutcome::Failed { subgroup, .. }, .. } => Some(*subgroup),
        _ => None,
    });
    assert_eq!(failed, Some(0));
    one(subgroups("b", "a")).check("x", &["b"]);
}

#[test]
fn the_order_of_subgroups_without_fail_messages_changes_no_outcome() {
    let triggers = [text("A"), in_subgroup(text("B"), "sub"), in_subgroup(text("C"), "sub"), text("D")];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]] {
        let mut talk = one(order.iter().map(|place| triggers[*place].clone()).collect());
        for message in 0..16_u8 {
            let letters = ['A', 'B', 'C', 'D'].into_iter().enumerate();
            let said: String =
                letters.filter(|(place, _)| message >> place & 1 == 1).map(|(_, letter)| letter).collect();
            let [a, b, c, d] = ['A', 'B', 'C', 'D'].map(|letter| said.contains(letter));
            let expected = if a && (b || c) && d { "yes" } else { NO };
            talk.check(&*said, &[expected]);
        }
    }
}

#[test]
fn a_list_is_walked_from_first_to_last_and_only_the_first_true_group_triggered() {
    let rules =
        named(&[("narrow", vec![text("^ab$")]), ("wide", vec![text("a")]), ("never", vec![text("ab")])]);
    Talk::with_rules(&rules).check("ab", &["narrow"]).check("abc", &["wide"]).check("b", &[NO]);
    let names = parsed(Ruleset::parse(&rules));
    assert_eq!(names.group_names().collect::<Vec<_>>(), ["narrow", "wide", "never"]);
}
