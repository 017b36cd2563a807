use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Comparison, Operand, Test as VariableTest, VariableRef,
    model::{
        self, Chats as Places, Model, Reaction, ReactionKind, Subgroup as Members, Trigger, TriggerKind,
        VariableName,
    },
    own, read,
};
use crate::{
    Faults,
    document::{At, Node},
    lint::{
        outline::{Chats, Condition, Declared, Deed, Group, Outline, Reactions, Subgroup, Test},
        said::Said,
        scene::SceneTest,
    },
};

/// What linting reads of a rule set that has no faults.
pub(crate) fn outline(document: &Node) -> Outline {
    let at = At::root(document);
    let superbot = !own::is_own(&at);
    let read = if superbot { read::read } else { own::read };
    let Model { trigger_groups, reaction_groups, variables } = read(&at, &mut Faults::default());
    let single = variables.iter().filter(|variable| !variable.dictionary).map(|variable| &*variable.name);
    let single: BTreeSet<&str> = single.collect();
    let groups = trigger_groups.into_iter().enumerate().map(|(number, group)| {
        let reader = Reader { group: number, single: &single, variables: BTreeMap::new() };
        reader.group(group)
    });
    let reactions = reaction_groups.into_iter().map(|group| {
        let deeds = |subgroup: Members<Reaction>| subgroup.members.into_iter().flat_map(deeds).collect();
        // In superbot's format reactions have a group of their own, which is the place of it.
        let field = group.place.field.strip_suffix("/reactions").unwrap_or(&group.place.field).to_owned();
        Reactions { field, name: group.name, subgroups: group.subgroups.into_iter().map(deeds).collect() }
    });
    let (groups, reactions) = (groups.collect(), reactions.collect());
    let declared = |variable: model::Variable| Declared {
        start: variable.value.filter(|_| !variable.dictionary),
        name: variable.name,
        field: variable.place.field,
    };
    Outline { groups, reactions, variables: variables.into_iter().map(declared).collect(), superbot }
}

/// Reads the questions of one group.
struct Reader<'a> {
    group: usize,
    /// The variables of which there is one for all.
    single: &'a BTreeSet<&'a str>,
    /// The variables that were named, each once.
    variables: BTreeMap<String, Arc<str>>,
}

impl Reader<'_> {
    fn group(mut self, group: model::TriggerGroup) -> Group {
        let chats = Chats { direct: group.chats != Places::Group, group: group.chats != Places::Direct };
        let subgroups = group.subgroups.into_iter().map(|subgroup| self.subgroup(subgroup)).collect();
        Group { name: group.name, field: group.place.field, chats, subgroups }
    }

    fn subgroup(&mut self, members: Members<Trigger>) -> Subgroup {
        let mut subgroup = Subgroup::default();
        let last = members.members.len().saturating_sub(1);
        for (number, trigger) in members.members.into_iter().enumerate() {
            if let Some(message) = trigger.on_fail {
                if number == last {
                    subgroup.on_fail = Some(message.place.field);
                } else {
                    subgroup.lost_on_fail.push(message.place.field);
                }
            }
            let conditions = self.conditions(trigger.kind).into_iter();
            subgroup.conditions.extend(conditions.map(|condition| (condition, trigger.place.field.clone())));
        }
        subgroup
    }

    /// What a trigger asks, of which one has to hold.
    fn conditions(&mut self, kind: TriggerKind) -> Vec<Condition> {
        let test = match kind {
            TriggerKind::Text { pattern } => Test::Text { pattern },
            // A phrase among others is said whatever the others are: each is a question of its own.
            TriggerKind::Phrases(phrases) => {
                return phrases.iter().map(|text| Condition::Asks(Test::Said(Said::phrase(text)))).collect();
            }
            TriggerKind::Keywords(keywords) => {
                return keywords
                    .iter()
                    .map(|text| Condition::Asks(Test::Said(Said::keyword(text))))
                    .collect();
            }
            TriggerKind::Variable { variable, test } => {
                let (variable, test) = (self.variable(variable), self.test(test));
                Test::Variable(Comparison { variable, test }.into())
            }
            TriggerKind::Media(kinds, sizes) => Test::Media(kinds, sizes.into()),
            TriggerKind::Addressed => Test::Scene(SceneTest::Addressed),
            TriggerKind::Mentioned => Test::Scene(SceneTest::Mentioned),
            TriggerKind::Replied => Test::Scene(SceneTest::Replied),
            TriggerKind::Chat(chat) => Test::Scene(SceneTest::Chat(chat)),
            TriggerKind::Sender(sender) => Test::Scene(SceneTest::Sender(sender)),
            TriggerKind::Time(hours) => Test::Time(hours),
            TriggerKind::Chance { per_million } => Test::Chance { group: self.group, per_million },
            TriggerKind::Cooldown(_) => Test::Rested { group: self.group },
            TriggerKind::Not(kinds) => {
                let none = kinds.into_iter().flat_map(|kind| self.conditions(kind)).collect();
                return vec![Condition::Not(none)];
            }
        };
        vec![Condition::Asks(test)]
    }

    fn variable(&mut self, VariableName { name, .. }: VariableName) -> VariableRef {
        let single = self.single.contains(name.as_str());
        let name = self.variables.entry(name).or_insert_with_key(|name| name.as_str().into());
        VariableRef { name: Arc::clone(name), single }
    }

    fn test(&mut self, test: model::VariableTest) -> VariableTest {
        match test {
            model::VariableTest::Is(operand) => VariableTest::Is(self.operand(operand)),
            model::VariableTest::Exists(exists) => VariableTest::Exists(exists),
            model::VariableTest::Between { min, max } => {
                let (min, max) = (min.map(|min| self.operand(min)), max.map(|max| self.operand(max)));
                VariableTest::Between { min, max }
            }
        }
    }

    fn operand(&mut self, operand: model::Operand) -> Operand {
        match operand {
            model::Operand::Value(value) => Operand::Value(value),
            model::Operand::Variable(variable) => Operand::Variable(self.variable(variable)),
        }
    }
}

/// What a reaction does, each with its place.
fn deeds(reaction: Reaction) -> Vec<(Deed, String)> {
    let field = reaction.place.field;
    let set = |variable: VariableName, value| Deed::Set { variable: variable.name, value };
    let deeds: Vec<Deed> = match reaction.kind {
        ReactionKind::Set(changes) => {
            changes.into_iter().map(|(variable, value)| set(variable, value)).collect()
        }
        ReactionKind::Add(changes) => {
            changes.into_iter().map(|(variable, _)| Deed::Add { variable: variable.name }).collect()
        }
        ReactionKind::Remove(_) => vec![Deed::Remove],
        ReactionKind::Say { chat: Some(variable), .. } | ReactionKind::Forward { chat: variable } => {
            vec![Deed::Read { variable: variable.name }]
        }
        ReactionKind::Say { chat: None, .. }
        | ReactionKind::StoreFile(_)
        | ReactionKind::React { .. }
        | ReactionKind::Wait(_)
        | ReactionKind::Goal(_)
        | ReactionKind::StartScenario(_)
        | ReactionKind::EndScenario
        | ReactionKind::HandOver(_)
        | ReactionKind::Webhook(_) => vec![Deed::Other],
    };
    deeds.into_iter().map(|deed| (deed, field.clone())).collect()
}
