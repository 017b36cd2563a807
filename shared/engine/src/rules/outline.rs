use super::{
    model::{
        Chats as Places, Model, Operand, Reaction, ReactionKind, Sizes, Subgroup as Members, Trigger,
        TriggerKind, VariableName, VariableTest,
    },
    own, read,
};
use crate::{
    Faults,
    document::{At, Node, escaped},
    lint::outline::{Chats, Declared, Deed, Group, Outline, Reactions, Subgroup, Test},
    rules::Bounds,
};

/// What linting reads of a rule set that has no faults.
pub(crate) fn outline(document: &Node) -> Outline {
    let at = At::root(document);
    if own::is_own(&at) {
        return variables_of_own(own::read(&at, &mut Faults::default()));
    }
    let Model { trigger_groups, reaction_groups, variables } = read::read(&at, &mut Faults::default());
    let groups = trigger_groups.into_iter().map(|group| Group {
        field: format!("/triggers/{}", escaped(&group.name)),
        chats: Chats { direct: true, group: group.chats != Places::Direct },
        subgroups: group.subgroups.into_iter().map(subgroup).collect(),
        name: group.name,
    });
    let reactions = reaction_groups.into_iter().map(|group| Reactions {
        field: format!("/reactions/{}", escaped(&group.name)),
        subgroups: group
            .subgroups
            .into_iter()
            .map(|subgroup| subgroup.members.into_iter().flat_map(deeds).collect())
            .collect(),
        name: group.name,
    });
    Outline {
        groups: groups.collect(),
        reactions: reactions.collect(),
        variables: declared(variables),
        superbot: true,
    }
}

/// Of the own format, what others have to know: which variables it sets and reads.
fn variables_of_own(model: Model) -> Outline {
    let mut read = Vec::new();
    for trigger in
        model.trigger_groups.into_iter().flat_map(|group| group.subgroups).flat_map(|all| all.members)
    {
        read_by(trigger.kind, &mut read);
    }
    let read = read.into_iter().map(|name| (Deed::Read { variable: name.name }, name.place.field));
    let reactions =
        model.reaction_groups.into_iter().flat_map(|group| group.subgroups).flat_map(|all| all.members);
    let deeds = reactions.flat_map(deeds).chain(read).collect();
    let reactions = Reactions { name: String::new(), field: String::new(), subgroups: vec![deeds] };
    Outline { reactions: vec![reactions], variables: declared(model.variables), ..Outline::default() }
}

/// The variables that a trigger asks about.
fn read_by(kind: TriggerKind, read: &mut Vec<VariableName>) {
    match kind {
        TriggerKind::Variable { variable, test } => {
            read.push(variable);
            let operands = match test {
                VariableTest::Is(operand) => vec![operand],
                VariableTest::Between { min, max } => min.into_iter().chain(max).collect(),
                VariableTest::Exists(_) => Vec::new(),
            };
            for operand in operands {
                if let Operand::Variable(variable) = operand {
                    read.push(variable);
                }
            }
        }
        TriggerKind::Not(kinds) => kinds.into_iter().for_each(|kind| read_by(kind, read)),
        _ => {}
    }
}

fn declared(variables: Vec<super::model::Variable>) -> Vec<Declared> {
    let declared =
        |variable: super::model::Variable| Declared { name: variable.name, field: variable.place.field };
    variables.into_iter().map(declared).collect()
}

fn subgroup(members: Members<Trigger>) -> Subgroup {
    let mut subgroup = Subgroup::default();
    let last = members.members.len().saturating_sub(1);
    for (number, trigger) in members.members.into_iter().enumerate() {
        let field = trigger.place.field;
        if trigger.on_fail.is_some() {
            let message = format!("{}/onFailMsg", field.strip_suffix("/data").unwrap_or(&field));
            if number == last {
                subgroup.on_fail = Some(message);
            } else {
                subgroup.lost_on_fail.push(message);
            }
        }
        subgroup.tests.extend(test(trigger.kind).map(|test| (test, field)));
    }
    subgroup
}

/// What superbot's trigger asks.
fn test(kind: TriggerKind) -> Option<Test> {
    Some(match kind {
        TriggerKind::Text { pattern } => Test::Text { pattern },
        TriggerKind::Variable { variable, test: VariableTest::Is(Operand::Value(value)) } => {
            Test::Row { variable: variable.name.into(), value: Some(value) }
        }
        TriggerKind::Variable { variable, test: VariableTest::Exists(false) } => {
            Test::Row { variable: variable.name.into(), value: None }
        }
        TriggerKind::Variable { variable, test: VariableTest::Exists(true) } => {
            Test::Exists { variable: variable.name.into() }
        }
        TriggerKind::Media(_, sizes) => image(sizes),
        _ => return None,
    })
}

fn image(sizes: Sizes) -> Test {
    let Bounds { bytes_min, bytes_max } = sizes.into();
    Test::Image { min: bytes_min, max: bytes_max }
}

/// What a reaction does, each with its place.
fn deeds(reaction: Reaction) -> Vec<(Deed, String)> {
    let field = reaction.place.field;
    let set = |variable: VariableName, value| Deed::Set { variable: variable.name, value };
    let deeds: Vec<Deed> = match reaction.kind {
        ReactionKind::Set(changes) => {
            changes.into_iter().map(|(variable, value)| set(variable, value)).collect()
        }
        ReactionKind::Add(changes) => changes.into_iter().map(|(variable, _)| set(variable, None)).collect(),
        ReactionKind::Remove(_) => vec![Deed::Remove],
        ReactionKind::Say { chat: Some(variable), .. } | ReactionKind::Forward { chat: variable } => {
            vec![Deed::Read { variable: variable.name }]
        }
        _ => vec![Deed::Other],
    };
    deeds.into_iter().map(|deed| (deed, field.clone())).collect()
}
