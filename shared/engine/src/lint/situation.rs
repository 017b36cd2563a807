//! What may be the case when a message comes in: its text, its image, the person's variables, the kind of chat.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    outline::{Chats, Group, Subgroup, Test},
    search::{self, Found},
};
use crate::{
    limits,
    matcher::{Builder, Folded, Hits, Matcher},
    pattern::Pattern,
    text,
};

/// The largest file that Telegram carries.
const FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// How many cases one question may come to.
const CASES: usize = 512;

/// A message and all that its fate depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Situation {
    pub text: String,
    /// In a direct chat, rather than in a group.
    pub direct: bool,
    /// The rows that the person has.
    pub rows: BTreeMap<Arc<str>, String>,
    pub image: Option<u64>,
}

/// What is asked of a situation.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    /// Of each of these, one pattern has a hit.
    hits: BTreeSet<BTreeSet<u32>>,
    /// None of these has.
    misses: BTreeSet<u32>,
    rows: BTreeMap<Arc<str>, Row>,
    /// Bounds of sizes, and whether there is an image within them.
    images: Vec<(f64, f64, bool)>,
    /// Whether the chat is a direct one, where that matters.
    direct: Option<bool>,
    /// Whether there has to be a text.
    with_text: bool,
}

impl Case {
    /// Any message with a text.
    pub fn with_text() -> Self {
        Self { with_text: true, ..Self::default() }
    }

    /// The same, but that the text may be missing.
    pub fn or_without_text(self) -> Self {
        Self { with_text: false, ..self }
    }
}

/// What is known of a person's row.
#[derive(Debug, Clone)]
enum Row {
    /// This value; `None` is no row.
    Is(Option<String>),
    /// Anything but these.
    IsNone(BTreeSet<Option<String>>),
}

/// Whether a case can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Solved {
    Situation(Situation),
    Impossible,
    /// It was too much to find out.
    Unknown,
}

/// More cases than can be looked at.
#[derive(Debug)]
pub(super) struct TooMany;

/// Solves cases of a set of patterns.
#[derive(Debug)]
pub(super) struct Solver {
    numbers: BTreeMap<String, u32>,
    patterns: Vec<Pattern>,
    matcher: Matcher,
    /// The groups that are worth a look if a pattern may have a hit, by the pattern; and those that always are.
    by_pattern: Vec<Vec<usize>>,
    always: Vec<usize>,
    texts: RefCell<BTreeMap<Texts, Found>>,
}

/// The hits and misses of a case.
type Texts = (BTreeSet<BTreeSet<u32>>, BTreeSet<u32>);

impl Solver {
    /// For all patterns of `groups`, which can be compiled.
    pub fn new(groups: &[Group]) -> Self {
        let (mut numbers, mut patterns, mut builder) = (BTreeMap::new(), Vec::new(), Builder::default());
        for (test, _) in groups.iter().flat_map(|group| &group.subgroups).flat_map(|subgroup| &subgroup.tests)
        {
            let Test::Text { pattern: source } = test else { continue };
            if numbers.contains_key(source) {
                continue;
            }
            if let (Ok(kept), Ok(built)) = (Pattern::new(source), Pattern::new(source)) {
                numbers.insert(source.clone(), builder.add(built));
                patterns.push(kept);
            }
        }
        let mut solver = Self {
            numbers,
            matcher: builder.finish(|_| true),
            by_pattern: vec![Vec::new(); patterns.len()],
            patterns,
            always: Vec::new(),
            texts: RefCell::default(),
        };
        for (number, group) in groups.iter().enumerate() {
            match solver.key(group) {
                Some(key) => {
                    for pattern in key {
                        solver.by_pattern[pattern as usize].push(number);
                    }
                }
                None => solver.always.push(number),
            }
        }
        solver
    }

    /// The patterns of which one has to have a hit for the group to end the search: those of a subgroup that has no
    /// message, and none before it. It has to be possible to find them without looking at each.
    fn key(&self, group: &Group) -> Option<BTreeSet<u32>> {
        let silent = group.subgroups.iter().take_while(|subgroup| subgroup.on_fail.is_none());
        let mut keys = silent.filter_map(|subgroup| {
            let patterns = subgroup.tests.iter().map(|(test, _)| match test {
                Test::Text { pattern } => {
                    Some(self.number(pattern)).filter(|number| self.matcher.finds(*number))
                }
                _ => None,
            });
            patterns.collect::<Option<BTreeSet<u32>>>()
        });
        keys.next()
    }

    fn number(&self, pattern: &str) -> u32 {
        self.numbers.get(pattern).copied().expect("it was given a number when the solver was made")
    }

    /// The cases of `case` in which a message is in a chat of these.
    pub fn in_chats(case: Case, chats: Chats) -> Option<Case> {
        let direct = match (chats.direct, chats.group) {
            (true, true) => return Some(case),
            (false, false) => return None,
            (direct, _) => direct,
        };
        (case.direct != Some(!direct)).then_some(Case { direct: Some(direct), ..case })
    }

    /// The case of `case` in which a message is in a chat that is none of these.
    pub fn not_in_chats(case: Case, chats: Chats) -> Option<Case> {
        Self::in_chats(case, Chats { direct: !chats.direct, group: !chats.group })
    }

    /// The cases of `cases` in which `subgroup` holds.
    ///
    /// # Errors
    /// If there are more than can be looked at.
    pub fn holding(&self, cases: Vec<Case>, subgroup: &Subgroup) -> Result<Vec<Case>, TooMany> {
        let is_text = |test: &Test| matches!(test, Test::Text { .. });
        let texts: BTreeSet<u32> = subgroup
            .tests
            .iter()
            .filter_map(|(test, _)| match test {
                Test::Text { pattern } => Some(self.number(pattern)),
                _ => None,
            })
            .collect();
        let mut holding = Vec::new();
        for case in cases {
            if !texts.is_empty() {
                let mut case = case.clone();
                case.hits.insert(texts.clone());
                holding.push(case);
            }
            let others = subgroup.tests.iter().filter(|(test, _)| !is_text(test));
            holding.extend(others.filter_map(|(test, _)| self.with(case.clone(), test, true)));
        }
        if holding.len() > CASES { Err(TooMany) } else { Ok(holding) }
    }

    /// The cases of `cases` in which `subgroup` does not hold.
    pub fn failing(&self, cases: Vec<Case>, subgroup: &Subgroup) -> Vec<Case> {
        let fail =
            |case: Case| subgroup.tests.iter().try_fold(case, |case, (test, _)| self.with(case, test, false));
        cases.into_iter().filter_map(fail).collect()
    }

    /// The cases of `case` in which `group` fires.
    ///
    /// # Errors
    /// If there are more than can be looked at.
    pub fn firing(&self, case: Case, group: &Group) -> Result<Vec<Case>, TooMany> {
        let cases = Self::in_chats(case, group.chats).into_iter().collect();
        group.subgroups.iter().try_fold(cases, |cases, subgroup| self.holding(cases, subgroup))
    }

    /// The cases of `case` in which `group` neither fires nor sends an `onFailMsg`.
    ///
    /// # Errors
    /// If there are more than can be looked at.
    pub fn passing(&self, case: Case, group: &Group) -> Result<Vec<Case>, TooMany> {
        let mut passing: Vec<Case> = Self::not_in_chats(case.clone(), group.chats).into_iter().collect();
        let mut before: Vec<Case> = Self::in_chats(case, group.chats).into_iter().collect();
        for subgroup in &group.subgroups {
            if subgroup.on_fail.is_none() {
                passing.extend(self.failing(before.clone(), subgroup));
            }
            before = self.holding(before, subgroup)?;
        }
        if passing.len() > CASES { Err(TooMany) } else { Ok(passing) }
    }

    fn with(&self, mut case: Case, test: &Test, holds: bool) -> Option<Case> {
        match test {
            Test::Text { pattern } => {
                let number = self.number(pattern);
                if holds {
                    case.hits.insert(BTreeSet::from([number]));
                } else {
                    case.misses.insert(number);
                }
            }
            Test::Row { variable, value } => {
                case.rows
                    .insert(Arc::clone(variable), known(case.rows.get(variable), value.as_deref(), holds)?);
            }
            Test::Exists { variable } => {
                case.rows.insert(Arc::clone(variable), known(case.rows.get(variable), None, !holds)?);
            }
            Test::Image { min, max } => case.images.push((*min, *max, holds)),
        }
        Some(case)
    }

    /// A situation of the case.
    pub fn solve(&self, case: &Case) -> Solved {
        let image = match image(&case.images) {
            Ok(image) => image,
            Err(NoImage) => return Solved::Impossible,
        };
        let text = match self.text(case, image.is_some()) {
            Found::Text(text) => text,
            Found::Nothing => return Solved::Impossible,
            Found::Unknown => return Solved::Unknown,
        };
        let rows = case.rows.iter().filter_map(|(variable, row)| Some((Arc::clone(variable), row.value()?)));
        Solved::Situation(Situation {
            text,
            direct: case.direct.unwrap_or(true),
            rows: rows.collect(),
            image,
        })
    }

    fn text(&self, case: &Case, with_image: bool) -> Found {
        if case.hits.is_empty() && (case.misses.is_empty() || with_image) && !case.with_text {
            return Found::Text(if with_image { String::new() } else { PLAIN.to_owned() });
        }
        if case.hits.is_empty() && !case.misses.iter().any(|pattern| self.is_match(*pattern, PLAIN)) {
            return Found::Text(PLAIN.to_owned());
        }
        let key = (case.hits.clone(), case.misses.clone());
        let known = self.texts.borrow().get(&key).cloned();
        let found = known.unwrap_or_else(|| {
            let hir = |pattern: &u32| self.patterns[*pattern as usize].hir();
            let hits: Vec<Vec<_>> = case.hits.iter().map(|hits| hits.iter().map(hir).collect()).collect();
            let misses: Vec<_> = case.misses.iter().map(hir).collect();
            let found = search::find(&hits, &misses);
            self.texts.borrow_mut().insert(key, found.clone());
            found
        });
        match found {
            // A sticker has no text, and hits nothing.
            Found::Nothing if case.hits.is_empty() && !case.with_text => Found::Text(String::new()),
            // Nobody can send this; there may be a longer one in narrower characters that can be sent.
            Found::Text(text) if text::utf16_len(&text) > limits::TEXT_UTF16 => Found::Unknown,
            found => found,
        }
    }

    fn is_match(&self, pattern: u32, text: &str) -> bool {
        let folded = Folded::new(text);
        self.matcher.look_up(text, &folded).is_match(pattern)
    }

    /// What becomes of `situation`, asked group by group.
    pub fn read<R>(&self, situation: &Situation, read: impl FnOnce(&Reading<'_>) -> R) -> R {
        let folded = Folded::new(&situation.text);
        let hits = self.matcher.look_up(&situation.text, &folded);
        read(&Reading { solver: self, situation, hits })
    }

    /// Whether any text hits `pattern`, and whether any does not; each with the shortest one.
    pub fn hit_and_miss(&self, pattern: &str) -> (Found, Found) {
        let pattern = &self.patterns[self.number(pattern) as usize];
        both(pattern)
    }
}

/// What a message says that need not say anything.
const PLAIN: &str = "hello";

/// Whether any text, but the empty one, hits `pattern`, and whether any does not; each with the shortest one.
pub(super) fn both(pattern: &Pattern) -> (Found, Found) {
    // The search is for those patterns that look as if there might be none.
    let Ok(regex) = pattern.regex() else { return (Found::Unknown, Found::Unknown) };
    let samples = ["hello", "0", "!", " ", "я", "\n", "A"];
    let sample = |hits: bool| {
        samples
            .iter()
            .find(|sample| regex.is_match(sample) == hits)
            .map(|text| Found::Text((*text).to_owned()))
    };
    let hit = sample(true).unwrap_or_else(|| search::find(&[vec![pattern.hir()]], &[]));
    let miss = sample(false).unwrap_or_else(|| search::find(&[], &[pattern.hir()]));
    (hit, miss)
}

/// A situation that is being looked at.
pub(super) struct Reading<'s> {
    solver: &'s Solver,
    situation: &'s Situation,
    hits: Hits<'s>,
}

/// How a group ends the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Fires,
    /// With the `onFailMsg` of this subgroup.
    Says(usize),
}

impl Reading<'_> {
    /// The numbers of the groups that may end the search, in order.
    pub fn candidates(&self) -> Vec<usize> {
        let found = self.hits.numbers().iter().flat_map(|pattern| &self.solver.by_pattern[*pattern as usize]);
        let mut candidates: Vec<usize> = self.solver.always.iter().chain(found).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    /// How `group` ends the search, if it does.
    pub fn stop(&self, group: &Group) -> Option<Stop> {
        let asked = if self.situation.direct { group.chats.direct } else { group.chats.group };
        if !asked {
            return None;
        }
        let holds = |subgroup: &Subgroup| subgroup.tests.iter().any(|(test, _)| self.holds(test));
        match group.subgroups.iter().position(|subgroup| !holds(subgroup)) {
            None => Some(Stop::Fires),
            Some(failed) => group.subgroups[failed].on_fail.as_ref().map(|_| Stop::Says(failed)),
        }
    }

    fn holds(&self, test: &Test) -> bool {
        let Situation { text, rows, image, .. } = self.situation;
        match test {
            Test::Text { pattern } => !text.is_empty() && self.hits.is_match(self.solver.number(pattern)),
            Test::Row { variable, value } => rows.get(variable) == value.as_ref(),
            Test::Exists { variable } => rows.contains_key(variable),
            Test::Image { min, max } => image.is_some_and(|bytes| within(bytes, *min, *max)),
        }
    }
}

/// What is known of a row that was `known` before, and now is `value` or is not.
fn known(known: Option<&Row>, value: Option<&str>, is: bool) -> Option<Row> {
    let value = value.map(str::to_owned);
    match (known, is) {
        (None, true) => Some(Row::Is(value)),
        (None, false) => Some(Row::IsNone(BTreeSet::from([value]))),
        (Some(Row::Is(known)), is) => ((*known == value) == is).then(|| Row::Is(known.clone())),
        (Some(Row::IsNone(not)), true) => (!not.contains(&value)).then_some(Row::Is(value)),
        (Some(Row::IsNone(not)), false) => {
            let mut not = not.clone();
            not.insert(value);
            Some(Row::IsNone(not))
        }
    }
}

impl Row {
    /// A value that the row may have; `None` for no row, if that may be.
    fn value(&self) -> Option<String> {
        match self {
            Self::Is(value) => value.clone(),
            Self::IsNone(not) if !not.contains(&None) => None,
            Self::IsNone(not) => {
                let mut other = "another value".to_owned();
                while not.contains(&Some(other.clone())) {
                    other.push('!');
                }
                Some(other)
            }
        }
    }
}

struct NoImage;

/// An image within all bounds that are asked for and outside of all others; `None` if none is asked for.
fn image(bounds: &[(f64, f64, bool)]) -> Result<Option<u64>, NoImage> {
    if !bounds.iter().any(|(_, _, within)| *within) {
        return Ok(None);
    }
    let fits = |bytes: &u64| bounds.iter().all(|(min, max, wanted)| within(*bytes, *min, *max) == *wanted);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes that are none do not fit"
    )]
    let candidates = bounds.iter().flat_map(|(min, max, _)| {
        let (least, most) = (min.ceil() as u64, max.floor() as u64);
        [least, most, least.saturating_sub(1), most.saturating_add(1)]
    });
    [1024 * 1024]
        .into_iter()
        .chain(candidates)
        .filter(|bytes| *bytes <= FILE_BYTES)
        .find(fits)
        .map(Some)
        .ok_or(NoImage)
}

#[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
fn within(bytes: u64, min: f64, max: f64) -> bool {
    (min..=max).contains(&(bytes as f64))
}
