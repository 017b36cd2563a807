//! All that the fate of a message depends on: the message, where it comes from, and what is known when it comes.

use std::collections::{BTreeMap, BTreeSet};

use regex_syntax::hir::Hir;
use troupe_types::{Media, Timestamp};

use super::{
    outline::{Condition, Group, Outline, Test},
    said::Said,
    scene::Scene,
    values::{self, Starts, Values},
};
use crate::{
    library::PhraseIndex,
    matcher::{Builder, Folded, Hits, Matcher},
    pattern::Pattern,
    text,
};

/// A message and all that its fate depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Situation {
    /// Empty for a message without one.
    pub text: String,
    pub scene: Scene,
    pub values: Values,
    pub media: Option<Media>,
    pub time: Timestamp,
    /// What groups draw, by their numbers; the others draw 0, with which every chance comes true that can.
    pub draws: BTreeMap<usize, u32>,
    /// The groups that have to rest.
    pub resting: BTreeSet<usize>,
}

/// Something that may be in a text, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Heard {
    Pattern(u32),
    Said(u32),
}

/// All that the groups of a rule set look for in texts.
#[derive(Debug)]
pub(super) struct Texts {
    numbers: BTreeMap<String, u32>,
    patterns: Vec<Pattern>,
    matcher: Matcher,
    said_numbers: BTreeMap<Said, u32>,
    said: Vec<Said>,
    /// Texts that say each of them for sure.
    surely: Vec<Option<Hir>>,
    index: PhraseIndex,
    /// The groups that are worth a look if something is heard, by what; and those that always are.
    by_heard: BTreeMap<Heard, Vec<usize>>,
    always: Vec<usize>,
    starts: Starts,
}

impl Texts {
    /// For all patterns of `outline`, which can be compiled.
    pub fn new(outline: &Outline) -> Self {
        let (mut numbers, mut patterns, mut builder) = (BTreeMap::new(), Vec::new(), Builder::default());
        let (mut said_numbers, mut said) = (BTreeMap::new(), Vec::new());
        for subgroup in outline.groups.iter().flat_map(|group| &group.subgroups) {
            subgroup.each_test(&mut |test, _| match test {
                Test::Text { pattern: source } if !numbers.contains_key(source) => {
                    if let (Ok(kept), Ok(built)) = (Pattern::new(source), Pattern::new(source)) {
                        numbers.insert(source.clone(), builder.add(built));
                        patterns.push(kept);
                    }
                }
                Test::Said(new) if !said_numbers.contains_key(new) => {
                    said_numbers.insert(
                        new.clone(),
                        u32::try_from(said.len()).expect("the number of phrases is bounded"),
                    );
                    said.push(new.clone());
                }
                _ => {}
            });
        }
        let found_by: Vec<_> = said.iter().map(Said::patterns).collect();
        let starts = outline.variables.iter();
        let mut texts = Self {
            numbers,
            patterns,
            matcher: builder.finish(|_| true),
            index: PhraseIndex::new(&found_by, Builder::default()),
            surely: said.iter().map(Said::surely).collect(),
            said_numbers,
            said,
            by_heard: BTreeMap::new(),
            always: Vec::new(),
            starts: starts
                .filter_map(|declared| Some((declared.name.clone(), declared.start.clone()?)))
                .collect(),
        };
        for (number, group) in outline.groups.iter().enumerate() {
            match texts.key(group) {
                Some(key) => {
                    for heard in key {
                        texts.by_heard.entry(heard).or_default().push(number);
                    }
                }
                None => texts.always.push(number),
            }
        }
        texts
    }

    /// What the bot's variables start as.
    pub const fn starts(&self) -> &Starts {
        &self.starts
    }

    /// What has to be heard for the group to end the search: the texts of a subgroup that has no message, and none
    /// before it. It has to be possible to find them without looking at each.
    fn key(&self, group: &Group) -> Option<BTreeSet<Heard>> {
        let silent = group.subgroups.iter().take_while(|subgroup| subgroup.on_fail.is_none());
        let mut keys = silent.filter_map(|subgroup| {
            let heard = subgroup.conditions.iter().map(|(condition, _)| {
                let Condition::Asks(test) = condition else { return None };
                self.heard(test).filter(|heard| match heard {
                    Heard::Pattern(pattern) => self.matcher.finds(*pattern),
                    Heard::Said(_) => true,
                })
            });
            heard.collect::<Option<BTreeSet<Heard>>>()
        });
        keys.next()
    }

    /// What `test` looks for in the text, if that is what it asks about.
    pub fn heard(&self, test: &Test) -> Option<Heard> {
        match test {
            Test::Text { pattern } => self.numbers.get(pattern).copied().map(Heard::Pattern),
            Test::Said(said) => self.said_numbers.get(said).copied().map(Heard::Said),
            _ => None,
        }
    }

    /// Whether hearing `one` is to hear `other`, as far as that can be told at sight.
    pub fn implies(&self, one: Heard, other: Heard) -> bool {
        match (one, other) {
            (Heard::Said(one), Heard::Said(other)) => {
                self.said[one as usize].implies(&self.said[other as usize])
            }
            _ => one == other,
        }
    }

    /// Texts in which this is heard: all of them for a pattern, some for a phrase.
    pub fn hir(&self, heard: Heard) -> Option<&Hir> {
        match heard {
            Heard::Pattern(pattern) => Some(self.patterns[pattern as usize].hir()),
            Heard::Said(said) => self.surely[said as usize].as_ref(),
        }
    }

    /// The pattern of this text trigger.
    pub fn pattern(&self, source: &str) -> Option<&Pattern> {
        self.numbers.get(source).map(|number| &self.patterns[*number as usize])
    }

    /// Listens to `text`.
    pub fn listen<R>(&self, text: &str, listen: impl FnOnce(&Listening<'_>) -> R) -> R {
        let folded = Folded::new(text);
        let said = if self.said.is_empty() { Vec::new() } else { self.index.said(&text::spoken(text)) };
        listen(&Listening { text, hits: self.matcher.look_up(text, &folded), said })
    }

    /// What becomes of `situation`, asked group by group.
    pub fn read<R>(&self, situation: &Situation, read: impl FnOnce(&Reading<'_>) -> R) -> R {
        self.listen(&situation.text, |listening| read(&Reading { texts: self, situation, listening }))
    }
}

/// What is heard in a text.
pub(super) struct Listening<'t> {
    text: &'t str,
    hits: Hits<'t>,
    said: Vec<u32>,
}

impl Listening<'_> {
    pub fn hears(&self, heard: Heard) -> bool {
        match heard {
            Heard::Pattern(pattern) => !self.text.is_empty() && self.hits.is_match(pattern),
            Heard::Said(said) => self.said.binary_search(&said).is_ok(),
        }
    }
}

/// A situation that is being looked at.
pub(super) struct Reading<'s> {
    texts: &'s Texts,
    situation: &'s Situation,
    listening: &'s Listening<'s>,
}

/// How a group ends the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Fires,
    /// With the message of this subgroup.
    Says(usize),
}

impl Reading<'_> {
    /// The numbers of the groups that may end the search, in order.
    pub fn candidates(&self) -> Vec<usize> {
        let texts = self.texts;
        let patterns = self.listening.hits.numbers().iter().copied().map(Heard::Pattern);
        let heard = patterns.chain(self.listening.said.iter().copied().map(Heard::Said));
        let found = heard.filter_map(|heard| texts.by_heard.get(&heard)).flatten();
        let mut candidates: Vec<usize> = texts.always.iter().chain(found).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    /// How `group` ends the search, if it does.
    pub fn stop(&self, group: &Group) -> Option<Stop> {
        let direct = self.situation.scene.is_direct();
        let asked = if direct { group.chats.direct } else { group.chats.group };
        if !asked {
            return None;
        }
        let failed = group
            .subgroups
            .iter()
            .position(|subgroup| !subgroup.conditions.iter().any(|(condition, _)| self.holds(condition)));
        match failed {
            None => Some(Stop::Fires),
            Some(failed) => group.subgroups[failed].on_fail.as_ref().map(|_| Stop::Says(failed)),
        }
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Asks(test) => self.answers(test),
            Condition::Not(conditions) => !conditions.iter().any(|condition| self.holds(condition)),
        }
    }

    fn answers(&self, test: &Test) -> bool {
        let Situation { scene, values, media, time, draws, resting, .. } = self.situation;
        match test {
            Test::Text { .. } | Test::Said(_) => {
                self.texts.heard(test).is_some_and(|heard| self.listening.hears(heard))
            }
            Test::Variable(comparison) => {
                comparison.holds(|variable| values::value(variable, values, self.texts.starts()))
            }
            Test::Media(kinds, bounds) => super::media::holds(*kinds, *bounds, media.as_ref()),
            Test::Scene(test) => scene.holds(test),
            Test::Time(hours) => hours.contain(*time),
            Test::Chance { group, per_million } => draws.get(group).copied().unwrap_or(0) < *per_million,
            Test::Rested { group } => !resting.contains(group),
        }
    }
}
