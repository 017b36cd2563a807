//! Finds the shortest text that has a hit of each of some patterns and none of others, or proves that there is none.
//!
//! Exact, Unicode's word boundaries included: a text is read by all patterns side by side, and every way in which they
//! can stand is looked at, once. Where that were too many, nothing is claimed.

use std::collections::HashSet;

use regex_syntax::hir::Hir;

use super::{
    alphabet::Side,
    machine::{Machine, State, holds, machine},
};

/// How much is looked at, in transitions of single states, before a search is given up.
const WORK: usize = 4_000_000;
/// The same for all searches in a rule set together: beyond it nothing more is looked for.
pub(super) const WORK_IN_ALL: usize = 500_000_000;
/// How many goals one search may have.
const GOALS: usize = 30;

/// What a search has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Text(String),
    /// There is no such text, of any length.
    Nothing,
    /// It was too much to look at.
    Unknown,
}

/// The shortest text, not the empty one, that has a hit of one pattern of each of `hit` and of none of `miss`.
pub(super) fn find(hit: &[Vec<&Hir>], miss: &[&Hir]) -> Found {
    find_within(hit, miss, &mut { WORK })
}

/// The same, with no more than so much work, of which what was done is taken off.
pub(super) fn find_within(hit: &[Vec<&Hir>], miss: &[&Hir], work: &mut usize) -> Found {
    if hit.len() > GOALS {
        return Found::Unknown;
    }
    let goals = hit.iter().map(|goal| goal.iter().copied()).collect::<Vec<_>>();
    // What must not be hit is one more goal, the last one.
    let miss_goal = (!miss.is_empty()).then(|| miss.iter().copied());
    let mut machine_goals: Vec<Vec<&Hir>> = goals.into_iter().map(Iterator::collect).collect();
    machine_goals.extend(miss_goal.map(Iterator::collect));
    match machine(machine_goals) {
        Ok(machine) => {
            let mut search = Search::new(&machine, hit.len(), WORK.min(*work));
            let found = search.run();
            *work = work.saturating_sub(search.work);
            found
        }
        Err(_) => Found::Unknown,
    }
}

/// How the patterns stand behind the beginning of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Stand {
    /// The states that they are in, in order.
    states: Box<[u32]>,
    before: Side,
    /// The goals that were reached, a bit for each.
    reached: u32,
}

struct Search<'m> {
    machine: &'m Machine,
    wanted: u32,
    /// The stands in the order in which they were come to, each with the one before it and the letter between.
    found: Vec<(Stand, usize, usize)>,
    known: HashSet<Stand>,
    /// The states that were looked at in the closure of this number.
    marks: Vec<u32>,
    closure: u32,
    work: usize,
    work_max: usize,
}

/// What can be done next from a stand: the states that read a character, and the goals that are reached.
struct Open {
    reading: Vec<(usize, u32)>,
    reached: u32,
}

impl<'m> Search<'m> {
    fn new(machine: &'m Machine, wanted: usize, work_max: usize) -> Self {
        Self {
            machine,
            wanted: (1 << wanted) - 1,
            found: Vec::new(),
            known: HashSet::new(),
            marks: vec![0; machine.states.len()],
            closure: 0,
            work: machine.states.len(),
            work_max,
        }
    }

    fn run(&mut self) -> Found {
        self.come_to(Stand { states: Box::default(), before: 0, reached: 0 }, 0, 0);
        let mut next = 0;
        while next < self.found.len() {
            let stand = self.found[next].0.clone();
            // The first stand is before any character: an empty text hits nothing in troupe.
            if next > 0 && self.open(&stand, 0).is_some_and(|open| open.reached == self.wanted) {
                return Found::Text(self.text(next));
            }
            let mut opened: Vec<(Side, Option<Open>)> = Vec::new();
            for (number, letter) in self.machine.letters.iter().enumerate() {
                if !opened.iter().any(|(side, _)| *side == letter.side) {
                    let open = self.open(&stand, letter.side);
                    opened.push((letter.side, open));
                }
                let open = opened.iter().find(|(side, _)| *side == letter.side);
                let Some((_, Some(Open { reading, reached }))) = open else { continue };
                self.work += reading.len() + 1;
                let behind = reading.iter().filter(|(set, _)| letter.is_in(*set)).map(|(_, state)| *state);
                let mut states: Vec<u32> = behind.collect();
                states.sort_unstable();
                states.dedup();
                let stand = Stand { states: states.into(), before: letter.side, reached: *reached };
                self.come_to(stand, next, number);
            }
            if self.work > self.work_max {
                return Found::Unknown;
            }
            next += 1;
        }
        Found::Nothing
    }

    fn come_to(&mut self, stand: Stand, from: usize, letter: usize) {
        if self.known.insert(stand.clone()) {
            self.found.push((stand, from, letter));
        }
    }

    /// What is open at a stand if the next character is seen as `behind`; `None` if something was hit that must not be.
    fn open(&mut self, stand: &Stand, behind: Side) -> Option<Open> {
        self.closure += 1;
        let machine = self.machine;
        let mut open = Open { reading: Vec::new(), reached: stand.reached };
        // Hits may begin anywhere.
        let mut stack: Vec<u32> = stand.states.iter().chain(&machine.starts).copied().collect();
        while let Some(state) = stack.pop() {
            let goal = 1 << machine.goals[state as usize];
            if open.reached & goal != 0 || self.marks[state as usize] == self.closure {
                continue;
            }
            self.marks[state as usize] = self.closure;
            self.work += 1;
            match &machine.states[state as usize] {
                State::Read(set, next) => open.reading.push((*set, *next)),
                State::Split(branches) => stack.extend(branches),
                State::Look(look, next) => {
                    if holds(*look, stand.before, behind) {
                        stack.push(*next);
                    }
                }
                State::Found if goal & self.wanted == 0 => return None,
                State::Found => open.reached |= goal,
            }
        }
        // What is left of a goal that was reached meanwhile reads on in vain.
        let Open { reading, reached } = &mut open;
        reading.retain(|(_, next)| *reached & (1 << machine.goals[*next as usize]) == 0);
        Some(open)
    }

    fn text(&self, mut stand: usize) -> String {
        let mut chars = Vec::new();
        while stand > 0 {
            let (_, from, letter) = &self.found[stand];
            chars.push(self.machine.letters[*letter].char);
            stand = *from;
        }
        chars.into_iter().rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    #[track_caller]
    fn check(hit: &[&str], miss: &[&str], expected: Option<&str>) {
        let found = find_patterns(hit, miss);
        assert_eq!(
            found,
            expected.map_or(Found::Nothing, |text| Found::Text(text.to_owned())),
            "{hit:?} {miss:?}"
        );
    }

    fn find_patterns(hit: &[&str], miss: &[&str]) -> Found {
        let parse = |pattern: &&str| regex_syntax::parse(pattern).unwrap();
        let (hit, miss): (Vec<_>, Vec<_>) =
            (hit.iter().map(parse).collect(), miss.iter().map(parse).collect());
        find(&hit.iter().map(|hir| vec![hir]).collect::<Vec<_>>(), &miss.iter().collect::<Vec<_>>())
    }

    #[test]
    fn the_shortest_text_is_found_or_none() {
        check(&["hello"], &[], Some("hello"));
        check(&["hello"], &["hell"], None);
        check(&["(?i)HELLO"], &["hello"], Some("hellO"));
        check(&["^a$"], &[], Some("a"));
        check(&["a^"], &[], None);
        check(&["[^\\s\\S]"], &[], None);
        check(&[], &["\\S*"], None);
        check(&[], &["\\S+"], Some(" "));
        check(&[], &["."], Some("\n"));
        check(&["a", "b", "c"], &["ab", "bc"], Some("acb"));
        check(&["^\\d+$"], &["^[0-9]+$"], Some("٠"));
    }

    #[test]
    fn word_boundaries_are_exact_in_unicode() {
        check(&["\\bkyc\\b"], &["kyc"], None);
        check(&["kyc"], &["\\bkyc\\b"], Some("akyc"));
        check(&["й\\b"], &["й\\W", "й$"], None);
        check(&["a\\bb"], &[], None);
        check(&["(?-u:\\b)й"], &[], Some("aй"));
        check(&["(?m)^a$"], &["^a", "a$"], Some("\na\n"));
        check(&["\\b{start}a\\b{end}"], &["\\ba\\b"], None);
    }

    #[test]
    fn what_is_too_much_is_not_claimed() {
        assert_eq!(find_patterns(&["a[ab]{40}c", "^[ab]*a[ab]{40}b"], &["c"]), Found::Unknown);
    }

    fn pattern() -> impl Strategy<Value = String> {
        let part = proptest::sample::select(vec![
            "a",
            "b",
            "ж",
            " ",
            ".",
            "\\w",
            "\\W",
            "\\d",
            "[ab]",
            "[^a]",
            "^",
            "$",
            "\\b",
            "\\B",
            "(?m:^)",
            "(?m:$)",
            "(?R:$)",
            "(?-u:\\b)",
            "\\b{start}",
            "(?i:ж)",
            "a*",
            "b?",
            "(ab|b)",
            "\\n",
            "(a|ж){1,2}",
        ]);
        proptest::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_text_is_what_was_asked_for_and_without_one_none_is(
            hit in pattern(), also in pattern(), miss in pattern(),
            texts in proptest::collection::vec("[abж\\n 0Ж_.]{1,5}", 60)
        ) {
            let regexes = [&hit, &also, &miss].map(|pattern| Regex::new(pattern).unwrap());
            let fits = |text: &str| {
                regexes[0].is_match(text) && regexes[1].is_match(text) && !regexes[2].is_match(text)
            };
            match find_patterns(&[&hit, &also], &[&miss]) {
                Found::Text(text) => {
                    prop_assert!(fits(&text), "{text:?}");
                    for other in texts.iter().filter(|other| fits(other)) {
                        prop_assert!(text.chars().count() <= other.chars().count(), "{other:?}");
                    }
                }
                Found::Nothing => prop_assert!(!texts.iter().any(|text| fits(text))),
                Found::Unknown => prop_assert!(false, "too much"),
            }
        }
    }
}
