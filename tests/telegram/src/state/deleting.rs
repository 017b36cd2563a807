//! Deleting messages, for oneself or for everyone.

use std::collections::BTreeMap;

use grammers_tl_types::types;

use super::{Chat, Event, LinkId, Peer, Seen, State};
use crate::clock;

impl State {
    /// Deletes messages of direct chats and basic groups from one account's box, or for everyone.
    /// Returns the account's new `pts` and by how much it rose.
    pub fn delete_common(
        &mut self,
        viewer: i64,
        messages: &[usize],
        everyone: bool,
        except: Option<LinkId>,
    ) -> (i32, i32) {
        let mut gone: BTreeMap<i64, Vec<i32>> = BTreeMap::new();
        for &index in messages {
            let message = &mut self.messages[index];
            let holders: Vec<(i64, i32)> = message
                .ids
                .iter()
                .filter(|(person, _)| everyone || **person == viewer)
                .map(|(person, (id, _))| (*person, *id))
                .collect();
            message.deleted |= everyone;
            let chat = message.chat;
            for (person, id) in holders {
                if self.account_mut(person).inbox.remove(id, chat) {
                    gone.entry(person).or_default().push(id);
                }
            }
        }
        let time_ms = clock::now_ms();
        let mut mine = (self.account(viewer).inbox.pts, 0);
        for (person, ids) in gone {
            let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
            let pts = self.account_mut(person).inbox.record(count, time_ms, Event::Deleted(ids.clone()));
            if person == viewer {
                mine = (pts, count);
            }
            let update = types::UpdateDeleteMessages { messages: ids, pts, pts_count: count };
            self.push_update(person, update.into(), Seen::default(), except.filter(|_| person == viewer));
        }
        self.note_change();
        mine
    }

    /// Deletes messages of a supergroup, given by their ids. Returns the group's new `pts` and by how much it rose.
    pub fn delete_super(&mut self, dialog: i64, ids: &[i32], except: Option<LinkId>) -> (i32, i32) {
        let group = self.group_mut(dialog);
        let mut gone: Vec<(i32, usize)> =
            ids.iter().filter_map(|id| group.inbox.get(*id).map(|index| (*id, index))).collect();
        // An id may be named twice.
        gone.retain(|(id, _)| group.inbox.remove(*id, Chat::Group(dialog)));
        let ids: Vec<i32> = gone.iter().map(|(id, _)| *id).collect();
        let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
        if count == 0 {
            return (group.inbox.pts, 0);
        }
        let pts = group.inbox.record(count, clock::now_ms(), Event::Deleted(ids.clone()));
        for (_, index) in gone {
            self.messages[index].deleted = true;
        }
        if let Peer::Super(channel_id) = Peer::of_dialog(dialog) {
            let update =
                types::UpdateDeleteChannelMessages { channel_id, messages: ids, pts, pts_count: count };
            for person in self.people(Chat::Group(dialog)) {
                let seen = Seen::default().with_peer(Peer::of_dialog(dialog));
                self.push_update(person, update.clone().into(), seen, except);
            }
        }
        self.note_change();
        (pts, count)
    }
}
