//! Where superbot's own program does something else than its README, which troupe follows, and the file depends on it.

use crate::lint::{
    Code, Notes,
    outline::{Deed, Outline},
};

pub(super) fn note(outline: &Outline, notes: &mut Notes) {
    let groups = &outline.groups;
    if let Some(group) = groups.iter().find(|group| group.chats.direct && group.chats.group) {
        let message = "here privateTrigger false means any chat, as superbot's README says; its program took it for \
                       groups only";
        notes.add(Code::R501, &group.field, message, "nothing, if direct chats are meant as well");
    }
    let behind = groups.len().saturating_sub(1);
    let mut on_fail = groups[..behind].iter().flat_map(|group| &group.subgroups);
    if let Some(field) = on_fail.find_map(|subgroup| subgroup.on_fail.as_ref()) {
        let message = "here an onFailMsg ends the search, as superbot's README says; its program went on, and sent the \
                       message only if no group behind fired";
        notes.add(Code::R502, field, message, "nothing, if the groups behind are not meant to answer then");
    }
    let reactions = || outline.reactions.iter().flat_map(|group| &group.subgroups);
    let removes = |(deed, field): &(Deed, String)| matches!(deed, Deed::Remove).then(|| field.clone());
    if let Some(field) = reactions().flatten().find_map(removes) {
        let message = "here modifier 1 of a DictionaryVariable reaction removes the row; in superbot's program 1 \
                       stored the text of the message, and 2 removed the row";
        notes.add(
            Code::R503,
            &field,
            message,
            "to store the text of the message, write modifier 0 and the value null",
        );
    }
    if let Some((_, field)) =
        reactions().find(|subgroup| subgroup.len() > 1).and_then(|subgroup| subgroup.last())
    {
        let message = "here each of several reactions is as likely as the others; superbot's program never chose the \
                       last one";
        notes.add(Code::R504, field, message, "nothing, if the last one is meant to be used");
    }
}
