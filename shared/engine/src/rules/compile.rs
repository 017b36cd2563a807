use std::{collections::BTreeMap, sync::Arc};

use super::{
    Bounds, Comparison, Group, Operand, Reaction, ReactionGroup, Ruleset, Subgroup, Test, Trigger, Variable,
    VariableRef,
    index::Index,
    model::{self, Model, Place, ReactionKind, Sizes, TriggerKind, VariableName, VariableTest, Wanted},
};
use crate::{
    Faults, Uses, answers,
    library::{Cooldown, Patterns, PhraseIndex},
    limits,
    matcher::Builder,
    pattern::Pattern,
};

/// Compiles what was read; what can't be compiled is in `faults`.
pub(super) fn compile(model: Model, faults: &mut Faults) -> Ruleset {
    let variables = compile_variables(model.variables, faults);
    let mut compiler =
        Compiler { variables: &variables, patterns: Builder::default(), phrases: Vec::new(), faults };
    let mut groups: Vec<_> =
        model.trigger_groups.into_iter().map(|group| compiler.trigger_group(group)).collect();
    let reactions = model.reaction_groups.into_iter();
    let mut reactions: BTreeMap<_, _> =
        reactions.map(|group| (group.name.clone(), compiler.reaction_group(group))).collect();
    for group in &mut groups {
        group.reactions = reactions.remove(&*group.name);
    }
    let Compiler { patterns, phrases, .. } = compiler;
    let index = Index::new(&groups, &patterns);
    let patterns = patterns.finish(|pattern| index.wants(pattern));
    let phrases = PhraseIndex::new(&phrases, Builder::default());
    Ruleset { groups, index, patterns, phrases, variables, uses: Uses::default() }
}

type Variables = BTreeMap<Arc<str>, Variable>;

fn compile_variables(declared: Vec<model::Variable>, faults: &mut Faults) -> Variables {
    let mut variables = Variables::new();
    for model::Variable { place, name, saved, dictionary, value } in declared {
        if variables.contains_key(name.as_str()) {
            faults.push(
                place.mark,
                place.field,
                format!("the variable {name:?} is declared for the second time"),
            );
            continue;
        }
        variables.insert(name.into(), Variable { dictionary, saved, start: value });
    }
    variables
}

struct Compiler<'a> {
    variables: &'a Variables,
    patterns: Builder,
    phrases: Vec<Patterns>,
    faults: &'a mut Faults,
}

impl Compiler<'_> {
    fn trigger_group(&mut self, group: model::TriggerGroup) -> Group {
        let cooldown = cooldown(&group);
        let subgroups = group.subgroups.into_iter().map(|subgroup| {
            let mut on_fail = None;
            let members = subgroup.members.into_iter();
            let triggers = members.filter_map(|trigger| {
                on_fail = trigger.on_fail.map(|message| message.text);
                self.trigger(trigger.kind, &trigger.place)
            });
            let triggers = triggers.collect();
            Subgroup { name: subgroup.name.map(Into::into), triggers, on_fail }
        });
        let subgroups = subgroups.collect();
        let hash = answers::hash(&["rules", &group.name]);
        Group { name: group.name.into(), chats: group.chats, subgroups, cooldown, hash, reactions: None }
    }

    fn trigger(&mut self, kind: TriggerKind, place: &Place) -> Option<Trigger> {
        Some(match kind {
            TriggerKind::Text { pattern } => match Pattern::new(&pattern) {
                Ok(pattern) => Trigger::Text(self.patterns.add(pattern)),
                Err(reason) => {
                    self.faults.push(place.mark, place.field.clone(), reason);
                    return None;
                }
            },
            TriggerKind::Phrases(phrases) => {
                self.phrase(Patterns { phrases, keywords: Vec::new(), regexes: Vec::new() })
            }
            TriggerKind::Keywords(keywords) => {
                self.phrase(Patterns { phrases: Vec::new(), keywords, regexes: Vec::new() })
            }
            TriggerKind::Variable { variable, test } => {
                let variable = self.variable(variable);
                let test = self.test(test);
                compared(variable?, test?)
            }
            TriggerKind::Media(kinds, sizes) => Trigger::Media(kinds, sizes.into()),
            TriggerKind::Addressed => Trigger::Addressed,
            TriggerKind::Mentioned => Trigger::Mentioned,
            TriggerKind::Replied => Trigger::Replied,
            TriggerKind::Chat(chat) => Trigger::Chat(chat),
            TriggerKind::Sender(sender) => Trigger::Sender(sender),
            TriggerKind::Time(hours) => Trigger::Time(hours),
            TriggerKind::Chance { per_million } => Trigger::Chance { per_million },
            TriggerKind::Cooldown(_) => Trigger::Rested,
            TriggerKind::Not(kinds) => {
                let triggers: Vec<_> = kinds.into_iter().map(|kind| self.trigger(kind, place)).collect();
                Trigger::Not(triggers.into_iter().collect::<Option<_>>()?)
            }
        })
    }

    fn phrase(&mut self, patterns: Patterns) -> Trigger {
        self.phrases.push(patterns);
        Trigger::Phrase(u32::try_from(self.phrases.len() - 1).expect("the number of triggers is bounded"))
    }

    fn test(&mut self, test: VariableTest) -> Option<Test> {
        Some(match test {
            VariableTest::Is(operand) => Test::Is(self.operand(operand)?),
            VariableTest::Exists(exists) => Test::Exists(exists),
            VariableTest::Between { min, max } => {
                let mut bound = |bound: Option<model::Operand>| match bound {
                    Some(bound) => self.operand(bound).map(Some),
                    None => Some(None),
                };
                let (min, max) = (bound(min), bound(max));
                Test::Between { min: min?, max: max? }
            }
        })
    }

    fn operand(&mut self, operand: model::Operand) -> Option<Operand> {
        Some(match operand {
            model::Operand::Value(value) => Operand::Value(value),
            model::Operand::Variable(variable) => Operand::Variable(self.variable(variable)?),
        })
    }

    fn reaction_group(&mut self, group: model::ReactionGroup) -> ReactionGroup {
        let mut actions = 0;
        let mut subgroups: Vec<Vec<Reaction>> = Vec::new();
        for subgroup in group.subgroups {
            let members = subgroup.members.into_iter();
            let reactions: Vec<_> = members.filter_map(|reaction| self.reaction(reaction.kind)).collect();
            actions += reactions.iter().map(Reaction::weight).max().unwrap_or_default();
            if !reactions.is_empty() {
                subgroups.push(reactions);
            }
        }
        if actions > limits::GROUP_ACTIONS {
            let Place { mark, field } = group.place;
            self.faults.push(
                mark,
                field,
                format!(
                    "more than {} things would be done, where starting a scenario counts as {}",
                    limits::GROUP_ACTIONS,
                    limits::TRANSITIONS
                ),
            );
        }
        ReactionGroup { subgroups }
    }

    fn reaction(&mut self, kind: ReactionKind) -> Option<Reaction> {
        Some(match kind {
            ReactionKind::Say { text, chat } => {
                let chat = match chat {
                    Some(chat) => Some(self.variable(chat)?.name),
                    None => None,
                };
                Reaction::Say { text, chat }
            }
            ReactionKind::Set(changes) => Reaction::Set(self.changes(changes)?),
            ReactionKind::Add(changes) => Reaction::Add(self.changes(changes)?),
            ReactionKind::Remove(variables) => {
                let variables: Vec<_> = variables.into_iter().map(|name| self.variable(name)).collect();
                Reaction::Remove(variables.into_iter().collect::<Option<_>>()?)
            }
            ReactionKind::StoreFile(sizes) => Reaction::StoreFile(sizes.into()),
            ReactionKind::React { emoji } => Reaction::React { emoji },
            ReactionKind::Forward { chat } => Reaction::Forward { chat: self.variable(chat)?.name },
            ReactionKind::Wait(time) => Reaction::Wait(time),
            ReactionKind::Goal(name) => Reaction::Goal(name.into()),
            ReactionKind::StartScenario(name) => Reaction::StartScenario(name),
            ReactionKind::EndScenario => Reaction::EndScenario,
            ReactionKind::HandOver(length) => Reaction::HandOver(length),
            ReactionKind::Webhook(webhook) => Reaction::Webhook(webhook),
        })
    }

    fn changes<T>(&mut self, changes: Vec<(VariableName, T)>) -> Option<Vec<(VariableRef, T)>> {
        let changes: Vec<_> =
            changes.into_iter().map(|(name, value)| Some((self.variable(name)?, value))).collect();
        changes.into_iter().collect()
    }

    /// The variable of this name, if it is declared as what is wanted.
    fn variable(&mut self, VariableName { name, place, wanted }: VariableName) -> Option<VariableRef> {
        let declared = self.variables.get_key_value(name.as_str());
        let reason = match (wanted, declared) {
            (Wanted::Person, Some((_, Variable { dictionary: false, .. }))) => {
                format!("{name:?} is declared as a single variable, and this is about dictionary variables")
            }
            (Wanted::Chat, None) => format!("the single variable {name:?} is not declared"),
            (Wanted::Chat, Some((_, Variable { dictionary: true, .. }))) => {
                format!("{name:?} is declared as a dictionary variable, and a chat is named by a single one")
            }
            (Wanted::Chat, Some((_, Variable { start: Some(start), .. })))
                if start.trim().parse::<i64>().is_err() =>
            {
                format!("{name:?} starts as {start:?}, which is no chat's id")
            }
            (_, Some((name, declared))) => {
                return Some(VariableRef { name: Arc::clone(name), single: !declared.dictionary });
            }
            (_, None) => return Some(VariableRef { name: name.into(), single: false }),
        };
        self.faults.push(place.mark, place.field, reason);
        None
    }
}

/// The questions that can be looked up are told apart from those that have to be asked.
fn compared(variable: VariableRef, test: Test) -> Trigger {
    match (variable.single, test) {
        (false, Test::Is(Operand::Value(value))) => {
            Trigger::VariableIs { variable: variable.name, value: Some(value) }
        }
        (false, Test::Exists(false)) => Trigger::VariableIs { variable: variable.name, value: None },
        (false, Test::Exists(true)) => Trigger::VariableExists { variable: variable.name },
        (_, test) => Trigger::Compare(Comparison { variable, test }),
    }
}

/// How long the group rests; of several, the last counts.
fn cooldown(group: &model::TriggerGroup) -> Option<Cooldown> {
    let triggers = group.subgroups.iter().flat_map(|subgroup| &subgroup.members);
    let mut cooldowns = triggers.filter_map(|trigger| match trigger.kind {
        TriggerKind::Cooldown(cooldown) => Some(cooldown),
        _ => None,
    });
    cooldowns.next_back()
}

impl From<Sizes> for Bounds {
    fn from(sizes: Sizes) -> Self {
        const MEGABYTE: f64 = 1_048_576.0;
        Self {
            bytes_min: sizes.min.map_or(0.0, |size| size * MEGABYTE),
            bytes_max: sizes.max.map_or(f64::INFINITY, |size| size * MEGABYTE),
        }
    }
}
