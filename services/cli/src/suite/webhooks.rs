//! Which webhooks are expected to be called, and what they are told.

use std::collections::BTreeMap;

use troupe_engine::Fault;

use crate::{
    document::{At, Value},
    told::Call,
};

/// A call that is expected.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    pub line: u32,
    to: String,
    /// What it is told among other things, `None` for what it is not told.
    send: BTreeMap<String, Option<String>>,
}

/// Reads `crm`, `{to: crm, send: {name: Ann}}`, or a list of such.
pub fn read(at: &At<'_>, faults: &mut Vec<Fault>) -> Vec<Expected> {
    at.items().iter().filter_map(|item| read_one(item, faults)).collect()
}

fn read_one(at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Expected> {
    let line = at.node.line;
    if !matches!(at.node.value, Value::Map(_)) {
        return Some(Expected { line, to: at.text(faults)?.to_owned(), send: BTreeMap::new() });
    }
    if !at.is_map_of(&["to", "send"], faults) {
        return None;
    }
    let Some(to) = at.get("to") else {
        faults.push(at.fault("which webhook? write {to: NAME, send: {…}}"));
        return None;
    };
    let send = super::read::read_vars(at, "send", faults);
    let send = send.into_iter().map(|(_, name, value)| (name, value)).collect();
    Some(Expected { line, to: to.text(faults)?.to_owned(), send })
}

/// The first call that is not as expected: its line, if one was expected, what was, and what came.
pub fn compare(expected: &[Expected], called: &[Call]) -> Option<(Option<u32>, String, String)> {
    let nothing = || "no call of a webhook".to_owned();
    for (index, expected) in expected.iter().enumerate() {
        let call = called.get(index);
        if !call.is_some_and(|call| expected.fits(call)) {
            return Some((Some(expected.line), expected.told(), call.map_or_else(nothing, Call::told)));
        }
    }
    let more = called.get(expected.len())?;
    Some((None, if expected.is_empty() { nothing() } else { "no more of them".to_owned() }, more.told()))
}

impl Expected {
    fn fits(&self, call: &Call) -> bool {
        self.to == call.to && self.send.iter().all(|(name, value)| call.send.get(name) == value.as_ref())
    }

    fn told(&self) -> String {
        let told = |(name, value): (&String, &Option<String>)| match value {
            Some(value) => format!("{name}: {value:?}"),
            None => format!("no {name}"),
        };
        let send = self.send.iter().map(told).collect::<Vec<_>>().join(", ");
        let with = if send.is_empty() { String::new() } else { format!(" with {send}") };
        format!("the webhook {}{with}", self.to)
    }
}
