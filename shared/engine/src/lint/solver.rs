//! Finds situations in which questions come out as they are wanted to, or proves that there are none.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    media,
    outline::{Chats, Condition, Group, Outline, Subgroup, Test},
    scene::{self, SceneTest},
    search::{self, Found},
    situation::{Heard, Situation, Texts},
    values,
};
use crate::{
    limits,
    pattern::Pattern,
    rules::{Bounds, Hours, Kinds},
    text,
};

/// How many cases one question may come to.
const CASES: usize = 512;
/// How many ways there are for a chance to come out.
const DRAWS: u32 = 1_000_000;

/// What is asked of a situation.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    /// One of each of these is heard.
    hits: BTreeSet<BTreeSet<Heard>>,
    /// None of these is.
    misses: BTreeSet<Heard>,
    values: values::Asked,
    media: Vec<(Kinds, Bounds, bool)>,
    scene: Vec<(SceneTest, bool)>,
    /// Whether the chat is a direct one, where that matters.
    direct: Option<bool>,
    hours: Vec<(Hours, bool)>,
    /// What groups draw.
    draws: BTreeMap<usize, Range<u32>>,
    /// Whether groups are rested.
    rested: BTreeMap<usize, bool>,
    /// Whether there has to be a text.
    with_text: bool,
    /// The group that alone is kept from firing by chance, and by having to rest.
    steady_but: Option<usize>,
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

    /// Any message, where no group but this is kept from firing by chance, or by having to rest.
    pub fn steady_but(group: usize) -> Self {
        Self { steady_but: Some(group), ..Self::default() }
    }
}

/// Whether a case can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Solved {
    Situation(Box<Situation>),
    Impossible,
    /// It was too much to find out.
    TooMuch,
    /// It cannot be told: phrases are said in more ways than expressions tell.
    Untold,
}

/// More cases than can be looked at.
#[derive(Debug)]
pub(super) struct TooMany;

/// Solves cases of the groups of a rule set.
#[derive(Debug)]
pub(super) struct Solver {
    pub texts: Texts,
    known: RefCell<BTreeMap<Wanted, Found>>,
    /// How much work is left before nothing more is looked for.
    work: Cell<usize>,
}

/// What is to be heard, one of each set, and what is not.
type Wanted = (BTreeSet<BTreeSet<Heard>>, BTreeSet<Heard>);

impl Solver {
    /// For the groups of `outline`.
    pub fn new(outline: &Outline) -> Self {
        Self { texts: Texts::new(outline), known: RefCell::default(), work: Cell::new(search::WORK_IN_ALL) }
    }

    /// The cases of `case` in which a message is in a chat of these.
    pub fn in_chats(case: Case, chats: Chats) -> Option<Case> {
        let direct = match (chats.direct, chats.group) {
            (true, true) => return Some(case),
            (false, false) => return None,
            (direct, _) => direct,
        };
        if case.direct == Some(!direct) {
            return None;
        }
        possible_scene(Case { direct: Some(direct), ..case })
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
        let conditions: Vec<&Condition> =
            subgroup.conditions.iter().map(|(condition, _)| condition).collect();
        self.one_of(cases, &conditions)
    }

    /// The cases of `cases` in which one of `conditions` holds.
    fn one_of(&self, cases: Vec<Case>, conditions: &[&Condition]) -> Result<Vec<Case>, TooMany> {
        // What is heard in the text makes one case, however much it is.
        let heard = |condition: &Condition| match condition {
            Condition::Asks(test) => self.texts.heard(test),
            Condition::Not(_) => None,
        };
        let texts: BTreeSet<Heard> = conditions.iter().filter_map(|condition| heard(condition)).collect();
        let others: Vec<&&Condition> =
            conditions.iter().filter(|condition| heard(condition).is_none()).collect();
        let mut holding = Vec::new();
        for case in cases {
            if !texts.is_empty() {
                let mut case = case.clone();
                case.hits.insert(texts.clone());
                holding.push(case);
            }
            for condition in &others {
                holding.extend(self.with(case.clone(), condition, true)?);
            }
            if holding.len() > CASES {
                return Err(TooMany);
            }
        }
        Ok(holding)
    }

    /// The cases of `cases` in which `subgroup` does not hold.
    ///
    /// # Errors
    /// If there are more than can be looked at.
    pub fn failing(&self, cases: Vec<Case>, subgroup: &Subgroup) -> Result<Vec<Case>, TooMany> {
        let conditions: Vec<&Condition> =
            subgroup.conditions.iter().map(|(condition, _)| condition).collect();
        self.none_of(cases, &conditions)
    }

    /// The cases of `cases` in which none of `conditions` holds.
    fn none_of(&self, cases: Vec<Case>, conditions: &[&Condition]) -> Result<Vec<Case>, TooMany> {
        let mut left = cases;
        for condition in conditions {
            let mut next = Vec::new();
            for case in left {
                next.extend(self.with(case, condition, false)?);
            }
            left = next;
            if left.len() > CASES {
                return Err(TooMany);
            }
        }
        Ok(left)
    }

    /// The cases of `case` in which `group` fires.
    ///
    /// # Errors
    /// If there are more than can be looked at.
    pub fn firing(&self, case: Case, group: &Group) -> Result<Vec<Case>, TooMany> {
        let cases = Self::in_chats(case, group.chats).into_iter().collect();
        group.subgroups.iter().try_fold(cases, |cases, subgroup| self.holding(cases, subgroup))
    }

    /// The cases of `case` in which `group` neither fires nor sends a message of a subgroup that fails.
    ///
    /// # Errors
    /// If there are more than can be looked at.
    pub fn passing(&self, case: Case, group: &Group) -> Result<Vec<Case>, TooMany> {
        let mut passing: Vec<Case> = Self::not_in_chats(case.clone(), group.chats).into_iter().collect();
        let mut before: Vec<Case> = Self::in_chats(case, group.chats).into_iter().collect();
        for subgroup in &group.subgroups {
            if subgroup.on_fail.is_none() {
                passing.extend(self.failing(before.clone(), subgroup)?);
            }
            before = self.holding(before, subgroup)?;
        }
        if passing.len() > CASES { Err(TooMany) } else { Ok(passing) }
    }

    /// The cases of `cases` in which `condition` alone holds.
    ///
    /// # Errors
    /// If there are more than can be looked at.
    pub fn holding_one(&self, cases: Vec<Case>, condition: &Condition) -> Result<Vec<Case>, TooMany> {
        self.one_of(cases, &[condition])
    }

    /// The cases of `case` in which `condition` holds, or does not.
    fn with(&self, case: Case, condition: &Condition, holds: bool) -> Result<Vec<Case>, TooMany> {
        match (condition, holds) {
            (Condition::Asks(test), _) => Ok(self.with_test(case, test, holds).into_iter().collect()),
            (Condition::Not(conditions), true) => {
                self.none_of(vec![case], &conditions.iter().collect::<Vec<_>>())
            }
            (Condition::Not(conditions), false) => {
                self.one_of(vec![case], &conditions.iter().collect::<Vec<_>>())
            }
        }
    }

    fn with_test(&self, mut case: Case, test: &Test, holds: bool) -> Option<Case> {
        match test {
            Test::Text { .. } | Test::Said(_) => {
                let heard = self.texts.heard(test)?;
                if holds {
                    case.hits.insert(BTreeSet::from([heard]));
                } else {
                    case.misses.insert(heard);
                }
            }
            Test::Variable(comparison) => {
                add(&mut case.values, comparison.clone(), holds)?;
                if values::solve(&case.values, self.texts.starts()) == values::Solved::Impossible {
                    return None;
                }
            }
            Test::Media(kinds, bounds) => {
                case.media.push((*kinds, *bounds, holds));
                media::attached(&case.media)?;
            }
            Test::Scene(test) => {
                add(&mut case.scene, test.clone(), holds)?;
                return possible_scene(case);
            }
            Test::Time(hours) => add(&mut case.hours, *hours, holds)?,
            Test::Chance { group, per_million } => {
                let keeps = case.steady_but.is_some_and(|but| but != *group);
                if keeps && !holds && *per_million > 0 {
                    return None;
                }
                let draws = case.draws.entry(*group).or_insert(0..DRAWS);
                if holds {
                    draws.end = draws.end.min(*per_million);
                } else {
                    draws.start = draws.start.max(*per_million);
                }
                if draws.start >= draws.end {
                    return None;
                }
            }
            Test::Rested { group } => {
                let keeps = case.steady_but.is_some_and(|but| but != *group);
                if (keeps && !holds) || *case.rested.entry(*group).or_insert(holds) != holds {
                    return None;
                }
            }
        }
        Some(case)
    }

    /// A situation of the case.
    pub fn solve(&self, case: &Case) -> Solved {
        let Some(media) = media::attached(&case.media) else { return Solved::Impossible };
        let Some(time) = media::time(&case.hours) else { return Solved::Impossible };
        let scene = match scene::solve(&case.scene, case.direct) {
            scene::Solved::Scene(scene) => Some(scene),
            scene::Solved::Unknown => None,
            scene::Solved::Impossible => return Solved::Impossible,
        };
        let values = match values::solve(&case.values, self.texts.starts()) {
            values::Solved::Values(values) => Some(values),
            values::Solved::Unknown => None,
            values::Solved::Impossible => return Solved::Impossible,
        };
        let text = match self.text(case, media.is_some()) {
            Text::Found(text) => text,
            Text::Nothing => return Solved::Impossible,
            Text::TooMuch => return Solved::TooMuch,
            Text::Untold => return Solved::Untold,
        };
        let (Some(scene), Some(values)) = (scene, values) else { return Solved::Untold };
        let draws = case.draws.iter().map(|(group, draws)| (*group, draws.start)).collect();
        let resting = case.rested.iter().filter(|(_, rested)| !**rested).map(|(group, _)| *group).collect();
        Solved::Situation(Box::new(Situation { text, scene, values, media, time, draws, resting }))
    }

    fn text(&self, case: &Case, with_media: bool) -> Text {
        let Case { hits, misses, with_text, .. } = case;
        // What is said whenever something else is that must not be can't be said.
        let possible = |heard: &Heard| !misses.iter().any(|miss| self.texts.implies(*heard, *miss));
        let hits: BTreeSet<BTreeSet<Heard>> =
            hits.iter().map(|one_of| one_of.iter().copied().filter(possible).collect()).collect();
        if hits.iter().any(BTreeSet::is_empty) {
            return Text::Nothing;
        }
        if hits.is_empty() && !with_text && (misses.is_empty() || with_media) {
            return Text::Found(if with_media { String::new() } else { PLAIN.to_owned() });
        }
        let fits = |text: &str| {
            self.texts.listen(text, |listening| {
                hits.iter().all(|one_of| one_of.iter().any(|heard| listening.hears(*heard)))
                    && !misses.iter().any(|heard| listening.hears(*heard))
            })
        };
        if hits.is_empty() && fits(PLAIN) {
            return Text::Found(PLAIN.to_owned());
        }
        let is_said = |heard: &Heard| matches!(heard, Heard::Said(_));
        let only_patterns = !hits.iter().flatten().chain(misses).any(is_said);
        match self.search(&hits, misses) {
            // A sticker has no text, and nothing is heard in it.
            Found::Nothing if hits.is_empty() && !with_text => Text::Found(String::new()),
            Found::Nothing if !hits.iter().flatten().any(is_said) => Text::Nothing,
            Found::Nothing => {
                // Phrases are said in more ways; but whatever text it is, the patterns have to fit.
                let patterns = hits.into_iter().filter(|one_of| !one_of.iter().any(is_said)).collect();
                match self.search(&patterns, misses) {
                    Found::Nothing => Text::Nothing,
                    _ => Text::Untold,
                }
            }
            // Nobody can send this; there may be a longer one in narrower characters that can be sent.
            Found::Text(text) if text::utf16_len(&text) > limits::TEXT_UTF16 => Text::TooMuch,
            Found::Text(text) if only_patterns => Text::Found(text),
            Found::Text(text) => {
                // In a longer message a short phrase is no longer heard, but keywords are.
                let longer = [format!("{text} {FILLER}"), format!("{FILLER} {text}")];
                let mut texts = [text].into_iter().chain(longer);
                texts.find(|text| fits(text)).map_or(Text::Untold, Text::Found)
            }
            Found::Unknown => Text::TooMuch,
        }
    }

    fn search(&self, hits: &BTreeSet<BTreeSet<Heard>>, misses: &BTreeSet<Heard>) -> Found {
        let key = (hits.clone(), misses.clone());
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let hir = |heard: &Heard| self.texts.hir(*heard);
        let one_of: Vec<Vec<_>> = hits.iter().map(|one_of| one_of.iter().filter_map(hir).collect()).collect();
        let none_of: Vec<_> = misses.iter().filter_map(hir).collect();
        let mut work = self.work.get();
        let found = search::find_within(&one_of, &none_of, &mut work);
        self.work.set(work);
        self.known.borrow_mut().insert(key, found.clone());
        found
    }

    /// Whether any text hits `pattern`, and whether any does not; each with the shortest one.
    pub fn hit_and_miss(&self, pattern: &str) -> (Found, Found) {
        self.texts.pattern(pattern).map_or((Found::Unknown, Found::Unknown), both)
    }
}

/// What a message says that need not say anything.
const PLAIN: &str = "hello";
/// Words that nobody looks for.
const FILLER: &str = "qxz qzx qxz qzx qxz qzx qxz qzx qxz qzx";

/// What was found of a text.
enum Text {
    Found(String),
    Nothing,
    TooMuch,
    Untold,
}

/// Adds what is asked, if it is not asked to be otherwise.
fn add<T: PartialEq>(asked: &mut Vec<(T, bool)>, test: T, holds: bool) -> Option<()> {
    if let Some((_, known)) = asked.iter().find(|(known, _)| *known == test) {
        return (*known == holds).then_some(());
    }
    asked.push((test, holds));
    Some(())
}

fn possible_scene(case: Case) -> Option<Case> {
    match scene::solve(&case.scene, case.direct) {
        scene::Solved::Impossible => None,
        scene::Solved::Scene(_) | scene::Solved::Unknown => Some(case),
    }
}

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
