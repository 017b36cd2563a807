//! Values that variables may have for comparisons to come out as they are wanted to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::rules::{Comparison, Operand, Test, VariableRef, number};

/// The values that variables have; what is missing has none, or starts as it is declared.
pub(super) type Values = BTreeMap<VariableRef, String>;
/// What the bot's variables start as.
pub(super) type Starts = BTreeMap<String, String>;

/// Comparisons, and whether each holds.
pub(super) type Asked = Vec<(Arc<Comparison>, bool)>;

/// How many ways to give values to variables that are compared with each other are tried.
const TRIES: usize = 4096;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Solved {
    Values(Values),
    Impossible,
    /// Variables are compared with each other, and no values were found.
    Unknown,
}

/// The value of `variable` where variables have these values.
pub(super) fn value<'v>(variable: &VariableRef, values: &'v Values, starts: &'v Starts) -> Option<&'v str> {
    let start = || starts.get(&*variable.name).filter(|_| variable.single);
    values.get(variable).or_else(start).map(String::as_str)
}

pub(super) fn solve(asked: &Asked, starts: &Starts) -> Solved {
    let compares_two = |comparison: &Comparison| operands(comparison).any(|operand| operand.is_err());
    let (two, one): (Vec<_>, Vec<_>) = asked.iter().partition(|(comparison, _)| compares_two(comparison));
    if two.iter().any(|(comparison, holds)| {
        two.iter().any(|(other, otherwise)| holds != otherwise && comparison == other)
    }) {
        return Solved::Impossible;
    }
    let mut variables: BTreeSet<&VariableRef> =
        asked.iter().map(|(comparison, _)| &comparison.variable).collect();
    variables.extend(two.iter().flat_map(|(comparison, _)| operands(comparison)).filter_map(Result::err));
    // Whatever is worth a try for one of several that are compared with each other is so for all of them.
    let mut shared: BTreeSet<String> = BTreeSet::new();
    if !two.is_empty() {
        shared.extend(["0", "1"].map(str::to_owned));
        for variable in &variables {
            shared.extend(candidates(variable, &one, starts).into_iter().flatten());
        }
    }
    let mut choices: Vec<(&VariableRef, Vec<Option<String>>)> = Vec::new();
    for variable in variables {
        let mut found = candidates(variable, &one, starts);
        if found.is_empty() {
            return Solved::Impossible;
        }
        let others = shared
            .iter()
            .map(|value| Some(value.clone()))
            .filter(|value| fits(variable, value.as_ref(), &one, starts));
        found.extend(others);
        choices.push((variable, found));
    }
    let chosen = |places: &[usize]| -> Values {
        let chosen = choices
            .iter()
            .zip(places)
            .filter_map(|((variable, values), place)| Some(((*variable).clone(), values[*place].clone()?)));
        chosen.collect()
    };
    let mut places = vec![0; choices.len()];
    for _ in 0..TRIES {
        let values = chosen(&places);
        let holds = |comparison: &Comparison| comparison.holds(|variable| value(variable, &values, starts));
        if two.iter().all(|(comparison, wanted)| holds(comparison) == *wanted) {
            return Solved::Values(values);
        }
        // The next choice, as an odometer counts.
        let Some(next) = (0..places.len()).find(|place| places[*place] + 1 < choices[*place].1.len()) else {
            break;
        };
        places[next] += 1;
        places[..next].fill(0);
    }
    Solved::Unknown
}

/// What a variable is compared with: values, and other variables as errors.
fn operands(comparison: &Comparison) -> impl Iterator<Item = Result<&str, &VariableRef>> {
    let operands = match &comparison.test {
        Test::Is(operand) => [Some(operand), None],
        Test::Exists(_) => [None, None],
        Test::Between { min, max } => [min.as_ref(), max.as_ref()],
    };
    operands.into_iter().flatten().map(|operand| match operand {
        Operand::Value(value) => Ok(value.as_str()),
        Operand::Variable(variable) => Err(variable),
    })
}

/// Values of `variable` of which one fits all that is asked, if any does: none, those that it is compared with, numbers
/// beside them, and one that nobody thought of.
fn candidates(
    variable: &VariableRef,
    asked: &[&(Arc<Comparison>, bool)],
    starts: &Starts,
) -> Vec<Option<String>> {
    let of_it = || asked.iter().filter(|(comparison, _)| comparison.variable == *variable);
    let texts: BTreeSet<&str> =
        of_it().flat_map(|(comparison, _)| operands(comparison)).filter_map(Result::ok).collect();
    let mut found: Vec<Option<String>> = vec![None];
    found.extend(texts.iter().map(|text| Some((*text).to_owned())));
    let between = |comparison: &Comparison| matches!(comparison.test, Test::Between { .. });
    if of_it().any(|(comparison, _)| between(comparison)) {
        let bounds: Vec<f64> = ["0"].iter().chain(&texts).filter_map(|text| number(text)).collect();
        let whole = bounds.iter().flat_map(|bound| [bound.floor() + 1.0, bound.ceil() - 1.0]);
        // Between bounds that are close to each other there may be no whole number.
        let beside = bounds.iter().flat_map(|bound| [bound.next_up(), bound.next_down()]);
        let numbers =
            whole.chain(beside).filter(|number| number.is_finite()).map(|number| number.to_string());
        let numbers: Vec<String> = numbers.chain(texts.iter().map(|text| (*text).to_owned())).collect();
        // A number is not any of the texts that it may be written as.
        let otherwise = numbers.iter().map(|text| {
            let mut text = format!("{text} ");
            while texts.contains(text.as_str()) {
                text.push(' ');
            }
            text
        });
        let otherwise: Vec<String> = otherwise.collect();
        found.extend(numbers.into_iter().chain(otherwise).map(Some));
    }
    let mut other = "another value".to_owned();
    while texts.contains(other.as_str()) {
        other.push('!');
    }
    found.push(Some(other));
    found.retain(|value| fits(variable, value.as_ref(), asked, starts));
    found
}

fn fits(
    variable: &VariableRef,
    value: Option<&String>,
    asked: &[&(Arc<Comparison>, bool)],
    starts: &Starts,
) -> bool {
    let value = || match value {
        Some(value) => Some(value.as_str()),
        None => starts.get(&*variable.name).filter(|_| variable.single).map(String::as_str),
    };
    let mut of_it = asked.iter().filter(|(comparison, _)| comparison.variable == *variable);
    of_it.all(|(comparison, wanted)| comparison.holds(|_| value()) == *wanted)
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    fn comparison() -> impl Strategy<Value = Comparison> {
        let value = || {
            select(&["1", "1.5", "2", "02", "x", "y"][..]).prop_map(|value| Operand::Value(value.to_owned()))
        };
        let bound = || select(&["1", "1.5", "2", "3"][..]).prop_map(|value| Operand::Value(value.to_owned()));
        let test = prop_oneof![
            value().prop_map(Test::Is),
            any::<bool>().prop_map(Test::Exists),
            (proptest::option::of(bound()), proptest::option::of(bound()))
                .prop_map(|(min, max)| Test::Between { min, max }),
        ];
        (select(&["v", "level"][..]), test).prop_map(|(name, test)| Comparison {
            variable: VariableRef { name: name.into(), single: name == "level" },
            test,
        })
    }

    proptest! {
        #[test]
        fn values_are_found_where_there_are_any(
            asked in proptest::collection::vec((comparison().prop_map(Arc::new), any::<bool>()), 1..6),
            tried in proptest::collection::vec((
                proptest::option::of(select(&["1", "1.2", "1.7", "2", "2.0", "9", "-1", "z"][..])),
                proptest::option::of(select(&["1", "5", "z"][..])),
            ), 40),
        ) {
            let starts = Starts::from([("level".to_owned(), "2".to_owned())]);
            let fits = |values: &Values| asked.iter().all(|(comparison, wanted)| {
                comparison.holds(|variable| value(variable, values, &starts)) == *wanted
            });
            match solve(&asked, &starts) {
                Solved::Values(values) => prop_assert!(fits(&values), "{values:?}"),
                Solved::Impossible => for (v, level) in tried {
                    let of = |name: &str, value: Option<&str>| {
                        Some((VariableRef { name: name.into(), single: name == "level" }, value?.to_owned()))
                    };
                    let values: Values = [of("v", v), of("level", level)].into_iter().flatten().collect();
                    prop_assert!(!fits(&values), "{values:?}");
                },
                Solved::Unknown => prop_assert!(false, "nothing is compared with a variable"),
            }
        }
    }
}
