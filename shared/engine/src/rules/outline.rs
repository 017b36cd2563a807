use super::{
    compile::subgroups,
    model::{Model, ReactionKind, Sizes, Trigger, TriggerKind},
    read,
};
use crate::{
    Faults,
    document::{At, Node, escaped},
    lint::outline::{Chats, Declared, Deed, Group, Outline, Reactions, Subgroup, Test},
    rules::Bounds,
};

/// What linting reads of a rule set that has no faults.
pub(crate) fn outline(document: &Node) -> Outline {
    let Model { trigger_groups, reaction_groups, variables } =
        read::read(&At::root(document), &mut Faults::default());
    let groups = trigger_groups.into_iter().map(|group| Group {
        field: format!("/triggers/{}", escaped(&group.name)),
        chats: Chats { direct: true, group: !group.private },
        subgroups: subgroups(group.triggers.into_iter().map(|trigger| (trigger.subgroup.clone(), trigger)))
            .into_iter()
            .map(|(_, triggers)| subgroup(triggers))
            .collect(),
        name: group.name,
    });
    let reactions = reaction_groups.into_iter().map(|group| Reactions {
        field: format!("/reactions/{}", escaped(&group.name)),
        subgroups: subgroups(
            group
                .reactions
                .into_iter()
                .map(|reaction| (reaction.subgroup, (deed(reaction.kind), reaction.place.field))),
        )
        .into_iter()
        .map(|(_, deeds)| deeds)
        .collect(),
        name: group.name,
    });
    let variables =
        variables.into_iter().map(|variable| Declared { name: variable.name, field: variable.place.field });
    Outline {
        groups: groups.collect(),
        reactions: reactions.collect(),
        variables: variables.collect(),
        superbot: true,
    }
}

fn subgroup(triggers: Vec<Trigger>) -> Subgroup {
    let mut subgroup = Subgroup::default();
    let last = triggers.len().saturating_sub(1);
    for (number, trigger) in triggers.into_iter().enumerate() {
        let field = trigger.place.field;
        if trigger.on_fail.is_some() {
            let message = format!("{}/onFailMsg", field.strip_suffix("/data").unwrap_or(&field));
            if number == last {
                subgroup.on_fail = Some(message);
            } else {
                subgroup.lost_on_fail.push(message);
            }
        }
        subgroup.tests.push((test(trigger.kind), field));
    }
    subgroup
}

fn test(kind: TriggerKind) -> Test {
    match kind {
        TriggerKind::Text { pattern } => Test::Text { pattern },
        TriggerKind::VariableIs { variable, value } => Test::Row { variable: variable.into(), value },
        TriggerKind::VariableExists { variable } => Test::Exists { variable: variable.into() },
        TriggerKind::Image(sizes) => image(sizes),
    }
}

fn image(sizes: Sizes) -> Test {
    let Bounds { bytes_min, bytes_max } = sizes.into();
    Test::Image { min: bytes_min, max: bytes_max }
}

fn deed(kind: ReactionKind) -> Deed {
    match kind {
        ReactionKind::Set { variable, value } => Deed::Set { variable, value },
        ReactionKind::Remove { .. } => Deed::Remove,
        ReactionKind::Text { chat: Some(variable), .. } => Deed::Read { variable },
        ReactionKind::Text { chat: None, .. } | ReactionKind::StoreFile(_) => Deed::Other,
    }
}
