//! `troupe lint`: what is found, how it is told, and what scripts see of it.

use super::{check, demo, write};

const RULES: &str = "\
triggers:
  fee:
    triggers: [{triggerType: Text, data: fee}]
  fees:
    triggers: [{triggerType: Text, data: fees}]
reactions:
  fee: {reactions: [{reactionType: Text, data: One percent.}]}
  fees: {reactions: [{reactionType: Text, data: Two.}]}
";

#[test]
fn the_demo_has_no_errors_and_no_warnings() {
    check(&["lint", &demo(), "--deny", "warnings"], "", 0);
}

#[test]
fn an_error_is_told_with_its_place_a_message_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rules.yaml", RULES);
    let place = folder.path().to_str().unwrap();
    let told = check(&["lint", place, "--allow", "R501"], "", 1).replace(place, "DIR");
    assert_eq!(
        told,
        "DIR/rules.yaml:4:3: error[R101]: \"fees\" never fires: whatever triggers it triggers \"fee\" first\n  at \
         /triggers/fees\n  shown by \"fees\" in a direct chat: \"fee\" fires\n  fix: put it before what takes its \
         messages, ask more there, or remove it\n1 error\n"
    );
    assert_eq!(check(&["lint", place, "--allow", "r501", "--allow", "R101"], "", 0), "nothing found\n");
}

#[test]
fn findings_are_told_to_programs_as_json() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rules.yaml", RULES);
    let place = folder.path().to_str().unwrap();
    for arguments in [&["lint", place, "--format", "json"][..], &["lint", place, "--json"]] {
        let found: serde_json::Value = serde_json::from_str(&check(arguments, "", 1)).unwrap();
        assert_eq!(found[0]["code"], "R501");
        assert_eq!(found[1]["level"], "error");
        assert_eq!((&found[1]["line"], &found[1]["column"]), (&4.into(), &3.into()));
        assert_eq!(found[1]["witness"]["text"], "fees");
    }
}

#[test]
fn warnings_count_where_they_are_denied() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "hi.yaml", "entries: [{id: hi, phrases: [hi], answers: [Hello!, Hello!]}]");
    let place = folder.path().to_str().unwrap();
    assert!(check(&["lint", place], "", 0).ends_with("1 warning\n"));
    check(&["lint", place, "--deny", "warnings"], "", 1);
    check(&["lint", place, "--deny", "warnings", "--allow", "L106"], "", 0);
}

#[test]
fn content_that_does_not_load_and_codes_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rules.json", "{\"triggers\": {,}}");
    let place = folder.path().to_str().unwrap();
    assert!(check(&["lint", place], "", 2).contains("rules.json:1:15: "));
    assert!(check(&["lint", &demo(), "--allow", "X1"], "", 2).contains("there is no code \"X1\""));
}

#[test]
fn bots_that_would_answer_each_other_are_told_of_at_the_first_one_s_file() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "lib.yaml", "entries: [{id: fees, keywords: [fees], answers: The fees are low.}]");
    for bot in ["anna", "boris"] {
        write(folder.path(), &format!("{bot}.yaml"), "library: lib\ngroups: all\n");
    }
    let place = folder.path().to_str().unwrap();
    let told = check(&["lint", place], "", 0).replace(place, "DIR");
    let expected = "DIR/anna.yaml:1:1: info[B101]: \"anna\" and \"boris\" would answer each other without end, were they \
                    not known as bots of one's own\n  shown by \"fees\" in a group as a mention of the bot: \"anna\" says \
                    \"The fees are low.\", \"boris\" says \"The fees are low.\", \"anna\" says \"The fees are low.\", \
                    and so on\n";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn what_a_rule_of_the_own_format_needs_to_be_shown_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "groups:\n  - {name: desk, where: group, when: [{chat: -5}, {sender: '@ann'}, {time: {days: [sat]}}, {cooldown: 1h}], react: [{say: Hi}]}\n  - {name: again, where: group, when: [{chat: -5}, {sender: '@ann'}, {time: {days: [sat]}}, {keyword: hi}], react: [{say: Again}]}\n";
    write(folder.path(), "rules.yaml", rules);
    let told = check(&["lint", folder.path().to_str().unwrap()], "", 0);
    let shown = "  shown by \"hi\" in the group -5 by @ann on Saturday at 00:00 UTC, where \"desk\" rests: \"again\" fires\n";
    assert!(told.contains(shown), "{told}");
}
