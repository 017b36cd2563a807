//! Which variables are set and read by whom, over all documents that belong together.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Code, Document, Notes,
    outline::{Deed, Outline, Test},
};
use crate::{
    document::{At, Node, Value},
    rules::{Comparison, Operand, Test as Asked},
};

/// What is known of the variables of some documents.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// The values that each variable is given.
    set: BTreeMap<String, Values>,
    read: BTreeSet<String>,
    declared: BTreeSet<String>,
    /// Those that take texts as people write them.
    free: BTreeSet<String>,
}

/// The values that a variable may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    These(BTreeSet<String>),
    /// Whatever people write.
    Any,
}

impl Variables {
    pub fn add(&mut self, document: &Document<'_>, node: &Node) {
        let root = At::root(node);
        each_text(&root, &mut |_, text| self.read.extend(asked_in(text).map(str::to_owned)));
        match document {
            Document::Rules(_) => self.add_rules(&crate::rules::outline(node)),
            Document::Library { .. } => {}
            Document::Scenario { .. } => self.add_scenario(&root),
        }
    }

    fn add_rules(&mut self, outline: &Outline) {
        for (deed, _) in outline.reactions.iter().flat_map(|group| &group.subgroups).flatten() {
            match deed {
                Deed::Set { variable, value } => {
                    self.give(variable, value.as_deref());
                    if value.is_none() {
                        self.free.insert(variable.clone());
                    }
                }
                Deed::Add { variable } => self.give(variable, None),
                Deed::Read { variable } => {
                    self.read.insert(variable.clone());
                }
                Deed::Remove | Deed::Other => {}
            }
        }
        for declared in &outline.variables {
            self.declared.insert(declared.name.clone());
            if let Some(start) = &declared.start {
                self.give(&declared.name, Some(start));
            }
        }
        each_asked(outline, &mut |variable, _, _| {
            self.read.insert(variable.to_owned());
        });
    }

    fn add_scenario(&mut self, root: &At<'_>) {
        let Some(steps) = field(root, "steps") else { return };
        for (_, step) in steps.fields() {
            for (key, value) in step.fields() {
                match (key.text.as_str(), &value.node.value) {
                    ("save", Value::Text(variable)) => {
                        let choices = field(&step, "validate").and_then(|validate| choices(&validate));
                        for choice in choices.iter().flatten() {
                            self.give(variable, Some(choice));
                        }
                        if choices.is_none() {
                            self.give(variable, None);
                            if !is_short(&step) {
                                self.free.insert(variable.clone());
                            }
                        }
                    }
                    ("set", Value::Map(fields)) => {
                        for (variable, _) in fields {
                            self.give(&variable.text, None);
                            self.free.insert(variable.text.clone());
                        }
                    }
                    ("branch", Value::List(_)) => {
                        for branch in value.items() {
                            self.read.extend(text_of(&branch, "variable").map(str::to_owned));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn give(&mut self, variable: &str, value: Option<&str>) {
        let values = self.set.entry(variable.to_owned()).or_insert_with(|| Values::These(BTreeSet::new()));
        match (values, value) {
            (Values::These(known), Some(value)) => {
                known.insert(value.to_owned());
            }
            (values, None) => *values = Values::Any,
            (Values::Any, _) => {}
        }
    }

    /// The values that `variable` is given; `None` if nothing sets it.
    pub fn values(&self, variable: &str) -> Option<&Values> {
        self.set.get(variable)
    }

    /// Whether `variable` takes texts as people write them, of any length.
    pub fn is_free(&self, variable: &str) -> bool {
        self.free.contains(variable)
    }

    /// Whether something sets or declares `variable`.
    pub fn is_known(&self, variable: &str) -> bool {
        self.set.contains_key(variable) || self.declared.contains(variable)
    }

    /// What is wrong with the variables of a rule set.
    pub fn note_rules(&self, outline: &Outline, notes: &mut Notes) {
        let mut told = BTreeSet::new();
        each_asked(outline, &mut |variable, value, field| match (self.values(variable), value) {
            (None, _) if told.insert((variable.to_owned(), None)) => {
                let message = format!("nothing sets {variable:?}: it never has a value");
                let fix = "set it in a reaction or save it in a scenario, or correct its name";
                notes.add(Code::R401, field, message, fix);
            }
            (Some(Values::These(known)), Some(value))
                if !known.contains(value) && told.insert((variable.to_owned(), Some(value.to_owned()))) =>
            {
                let list = super::names(known.iter().map(String::as_str));
                let message = format!("nothing gives {variable:?} the value {value:?}; it is given: {list}");
                notes.add(Code::R402, field, message, "assign it in a reaction, or correct the value");
            }
            _ => {}
        });
        let mut told = BTreeSet::new();
        for (deed, field) in outline.reactions.iter().flat_map(|group| &group.subgroups).flatten() {
            if let Deed::Set { variable, .. } | Deed::Add { variable } = deed
                && !self.read.contains(variable)
                && told.insert(variable)
            {
                let message = format!("{variable:?} is set, and nothing here reads it");
                notes.add(
                    Code::R403,
                    field,
                    message,
                    "nothing, if only people look at it; else correct its name",
                );
            }
        }
        for declared in &outline.variables {
            if !self.read.contains(&declared.name) && !self.set.contains_key(&declared.name) {
                let message = format!("{:?} is declared, and nothing sets or reads it", declared.name);
                notes.add(Code::R404, &declared.field, message, "remove it, or correct its name");
            }
        }
    }
}

/// Shows every variable that is asked about, with the value that it is asked to be, if it is one, and the place.
fn each_asked(outline: &Outline, show: &mut impl FnMut(&str, Option<&str>, &str)) {
    for subgroup in outline.groups.iter().flat_map(|group| &group.subgroups) {
        subgroup.each_test(&mut |test, field| {
            let Test::Variable(comparison) = test else { return };
            let Comparison { variable, test } = &**comparison;
            let operands = match test {
                Asked::Is(operand) => [Some(operand), None],
                Asked::Exists(_) => [None, None],
                Asked::Between { min, max } => [min.as_ref(), max.as_ref()],
            };
            let value = match test {
                Asked::Is(Operand::Value(value)) => Some(value.as_str()),
                _ => None,
            };
            show(&variable.name, value, field);
            for operand in operands.into_iter().flatten() {
                if let Operand::Variable(other) = operand {
                    show(&other.name, None, field);
                }
            }
        });
    }
}

/// Whether what a question accepts is short by its nature: nobody's address has a thousand letters.
fn is_short(step: &At<'_>) -> bool {
    let kind = |name: &str| {
        text_of(step, "validate") == Some(name)
            || field(step, "validate").is_some_and(|validate| field(&validate, name).is_some())
    };
    ["number", "email", "phone"].into_iter().any(kind)
}

/// The field `name` of a map, if it is there.
pub(super) fn field<'a>(at: &'a At<'a>, name: &str) -> Option<At<'a>> {
    at.fields().find(|(key, _)| key.text == name).map(|(_, field)| field)
}

/// The text in the field `name` of a map.
pub(super) fn text_of<'a>(at: &At<'a>, name: &str) -> Option<&'a str> {
    let Value::Map(fields) = &at.node.value else { return None };
    match &fields.iter().find(|(key, _)| key.text == name)?.1.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// What a validation by choice saves; `None` if it is another one.
pub(super) fn choices(validate: &At<'_>) -> Option<Vec<String>> {
    let choice = field(validate, "choice")?;
    let listed = choice.items().filter_map(|item| match &item.node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    Some(listed.chain(choice.fields().map(|(key, _)| key.text.clone())).collect())
}

/// Shows every text in a document, with its place.
pub(super) fn each_text(at: &At<'_>, show: &mut impl FnMut(&At<'_>, &str)) {
    match &at.node.value {
        Value::Text(text) => show(at, text),
        Value::List(_) => at.items().for_each(|item| each_text(&item, show)),
        Value::Map(_) => at.fields().for_each(|(_, field)| each_text(&field, show)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The variables, of the person or of the bot, whose values a text has in it.
pub(super) fn asked_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once("}}")?;
        let name = inside.split('|').next()?.trim();
        name.strip_prefix("variable.").or_else(|| name.strip_prefix("bot.variable.")).map(str::trim)
    })
}
