//! Branches that are never taken, since nothing sets what they ask about, or earlier ones take it all.

use std::collections::BTreeSet;

use crate::{
    document::{At, Value},
    lint::{
        Code, Notes,
        search::{self, Found},
        solver::both,
        variables::{Values, Variables, field, text_of},
    },
    pattern::Pattern,
    text,
};

/// What a branch asks.
enum Asks {
    /// Whether a variable is one of these, normalised.
    Is(String, BTreeSet<String>),
    Exists(String, bool),
    Between(String, f64, f64),
    Reply(BTreeSet<String>),
    Matches(Box<Pattern>),
}

pub(super) fn note(step: &At<'_>, variables: &Variables, notes: &mut Notes) {
    let Some(list) = field(step, "branch") else { return };
    let mut before: Vec<Asks> = Vec::new();
    for branch in list.items() {
        let Some(asks) = read(&branch) else { continue };
        let pointer = branch.pointer();
        if let Asks::Is(variable, _) | Asks::Exists(variable, _) | Asks::Between(variable, ..) = &asks
            && variables.values(variable).is_none()
        {
            let message = format!("nothing sets {variable:?}, about which this branch asks");
            notes.add(Code::S105, &pointer, message, "save it in a step before, or correct its name");
        } else if let Some(reason) = never_given(&asks, variables) {
            notes.add(Code::S106, &pointer, reason, "ask for what is saved, or remove the branch");
        } else if before.iter().any(|earlier| includes(earlier, &asks)) {
            let message = "a branch before this one takes all that this one asks for";
            notes.add(Code::S106, &pointer, message, "put it before that one, or remove it");
        }
        before.push(asks);
    }
}

fn read(branch: &At<'_>) -> Option<Asks> {
    if let Some(reply) = field(branch, "reply") {
        return Some(Asks::Reply(words(&reply)));
    }
    if let Some(pattern) = text_of(branch, "reply_matches") {
        return Pattern::caseless(pattern).ok().map(Box::new).map(Asks::Matches);
    }
    let variable = text_of(branch, "variable")?.to_owned();
    if let Some(values) = field(branch, "is") {
        return Some(Asks::Is(variable, words(&values)));
    }
    if let Some(exists) = field(branch, "exists") {
        return Some(Asks::Exists(variable, exists.node.value == Value::Bool(true)));
    }
    let bound = |name: &str, default: f64| match field(branch, name).map(|bound| bound.node.value.clone()) {
        Some(Value::Number(number)) => number.parse().ok(),
        Some(_) => None,
        None => Some(default),
    };
    Some(Asks::Between(variable, bound("at_least", f64::NEG_INFINITY)?, bound("at_most", f64::INFINITY)?))
}

fn words(at: &At<'_>) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    crate::lint::variables::each_text(at, &mut |_, text| {
        words.insert(text::normalised(text));
    });
    words
}

/// Why nothing that is ever the case is asked for.
fn never_given(asks: &Asks, variables: &Variables) -> Option<String> {
    match asks {
        Asks::Is(variable, values) => {
            let Some(Values::These(given)) = variables.values(variable) else { return None };
            let none = given.iter().all(|given| !values.contains(&text::normalised(given)));
            none.then(|| {
                let list = crate::lint::names(given.iter().map(String::as_str));
                format!("{variable:?} is never what this branch asks for; it is given: {list}")
            })
        }
        Asks::Between(variable, min, max) => {
            let Some(Values::These(given)) = variables.values(variable) else { return None };
            let fits =
                |given: &String| given.parse().is_ok_and(|number: f64| (*min..=*max).contains(&number));
            let reason = || format!("{variable:?} is never a number that this branch asks for");
            (min > max || !given.iter().any(fits)).then(reason)
        }
        Asks::Matches(pattern) => (both(pattern).0 == Found::Nothing)
            .then(|| format!("no text has a hit of {:?}", pattern.source())),
        Asks::Exists(..) | Asks::Reply(_) => None,
    }
}

/// Whether whatever `later` asks for is taken by `earlier`.
fn includes(earlier: &Asks, later: &Asks) -> bool {
    match (earlier, later) {
        (Asks::Is(one, all), Asks::Is(other, some)) => one == other && some.is_subset(all),
        (Asks::Exists(one, true), Asks::Is(other, _) | Asks::Between(other, ..)) => one == other,
        (Asks::Exists(one, exists), Asks::Exists(other, too)) => one == other && exists == too,
        (Asks::Between(one, min, max), Asks::Between(other, least, most)) => {
            one == other && min <= least && most <= max
        }
        (Asks::Reply(all), Asks::Reply(some)) => some.is_subset(all),
        (Asks::Matches(one), Asks::Matches(other)) => {
            one.source() == other.source()
                || search::find(&[vec![other.hir()]], &[one.hir()]) == Found::Nothing
        }
        _ => false,
    }
}
