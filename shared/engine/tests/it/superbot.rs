//! The seed's language, sentence by sentence: `docs/superbot.md` quotes all of it and names the test of each sentence.

mod document;
pub mod examples;
mod fail_messages;
mod groups;
mod reactions;
mod triggers;
mod variables;

use serde_json::{Value, json};
use troupe_engine::Ruleset;

use crate::talk::Talk;

/// A `Text` trigger that stands alone.
fn text(pattern: &str) -> Value {
    json!({"triggerType": "Text", "modifier": 0, "data": pattern, "subgroup": null, "onFailMsg": null})
}

/// A `DictionaryVariable` trigger that stands alone.
fn variable(modifier: u32, name: &str, value: Option<&str>) -> Value {
    let data = json!({"variable": name, "value": value});
    json!({"triggerType": "DictionaryVariable", "modifier": modifier, "data": data, "subgroup": null, "onFailMsg": null})
}

/// An `Image` trigger that stands alone.
fn image(min: Option<f64>, max: Option<f64>) -> Value {
    let data = json!({"minSize": min, "maxSize": max});
    json!({"triggerType": "Image", "modifier": 0, "data": data, "subgroup": null, "onFailMsg": null})
}

/// `trigger` in a subgroup.
fn in_subgroup(mut trigger: Value, subgroup: &str) -> Value {
    trigger["subgroup"] = json!(subgroup);
    trigger
}

/// `trigger` with what it says when its subgroup fails.
fn or_say(mut trigger: Value, message: &str) -> Value {
    trigger["onFailMsg"] = json!(message);
    trigger
}

/// A `Text` reaction that stands alone.
fn reply(text: &str) -> Value {
    json!({"reactionType": "Text", "modifier": 0, "data": text, "subgroup": null})
}

/// A `DictionaryVariable` reaction that stands alone.
fn change(modifier: u32, name: &str, value: Option<&str>) -> Value {
    let data = json!({"variable": name, "value": value});
    json!({"reactionType": "DictionaryVariable", "modifier": modifier, "data": data, "subgroup": null})
}

/// A trigger group and the reaction group of its name.
type Group<'g> = (&'g str, Vec<Value>, Vec<Value>);

/// A rule set of groups in this order.
fn groups(groups: &[Group<'_>]) -> String {
    // Not as one JSON value: its maps forget the order.
    let list = |field: &str, of: &dyn Fn(&Group<'_>) -> Value| {
        let groups = groups.iter().map(|group| format!("{}: {}", json!(group.0), json!({field: of(group)})));
        groups.collect::<Vec<_>>().join(",\n")
    };
    let triggers = list("triggers", &|(_, triggers, _)| json!(triggers));
    let reactions = list("reactions", &|(_, _, reactions)| json!(reactions));
    format!("{{\"triggers\": {{{triggers}}}, \"reactions\": {{{reactions}}}}}")
}

/// A rule set of groups that say their own names.
fn named(list: &[(&str, Vec<Value>)]) -> String {
    let list: Vec<_> =
        list.iter().map(|(name, triggers)| (*name, triggers.clone(), vec![reply(name)])).collect();
    groups(&list)
}

/// A conversation with a bot that has one group, which says `yes`.
fn one(triggers: Vec<Value>) -> Talk {
    Talk::with_rules(&named(&[("yes", triggers)]))
}

/// Whether a document with this trigger loads.
fn loads_trigger(trigger: &Value) -> bool {
    Ruleset::parse(&named(&[("group", vec![trigger.clone()])])).is_ok()
}

/// Whether a document with this reaction loads.
fn loads_reaction(reaction: &Value) -> bool {
    Ruleset::parse(&groups(&[("group", vec![], vec![reaction.clone()])])).is_ok()
}

const NO: &str = "(no_match)";
