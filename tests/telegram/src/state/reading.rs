//! Reading: marks that move forward, and who is told.
//!
//! Source: <https://core.telegram.org/api/mark-as-read>.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Included, Unbounded},
};

use grammers_tl_types::types;

use super::{Activity, ActivityKind, Chat, Event, LinkId, Peer, Seen, State};
use crate::clock;

impl State {
    /// Notes typing or reading for the control API.
    pub fn note(&mut self, account: i64, peer: Peer, kind: ActivityKind) {
        self.activity.push(Activity { time_ms: clock::now_ms(), account, peer, kind });
        self.note_change();
    }

    /// The messages that `viewer` has in a chat, by id.
    pub fn history(&self, viewer: i64, chat: Chat) -> &BTreeMap<i32, usize> {
        match chat {
            Chat::Group(dialog) if chat.is_super() => self.group(dialog).inbox.history(chat),
            _ => self.account(viewer).inbox.history(chat),
        }
    }

    /// The newest message that `viewer` has in a chat up to `max_id` (0: all).
    fn newest_up_to(&self, viewer: i64, chat: Chat, max_id: i32) -> Option<i32> {
        let end = if max_id == 0 { i32::MAX } else { max_id };
        self.history(viewer, chat).range(..=end).next_back().map(|(id, _)| *id)
    }

    /// The authors of what `viewer` just read, from behind `from` up to `to`, with the newest message of each.
    fn just_read(&self, viewer: i64, chat: Chat, from: i32, to: i32) -> BTreeMap<i64, usize> {
        let range = self.history(viewer, chat).range((Excluded(from), Included(to)));
        range
            .map(|(_, index)| (self.messages[*index].from, *index))
            .filter(|(author, _)| *author != viewer)
            .collect()
    }

    /// How far `viewer` read a chat, and how far the others read what `viewer` wrote.
    pub fn marks(&self, viewer: i64, chat: Chat) -> (i32, i32) {
        match chat {
            Chat::Group(dialog) if chat.is_super() => {
                let members = &self.group(dialog).members;
                let others = members.iter().filter(|(id, _)| **id != viewer).map(|(_, member)| member.read);
                (members.get(&viewer).map_or(0, |member| member.read), others.max().unwrap_or(0))
            }
            _ => {
                let marks = self.account(viewer).marks.get(&chat.peer(viewer)).copied().unwrap_or_default();
                (marks.inbox, marks.outbox)
            }
        }
    }

    /// How many messages of others `viewer` has not read, and how many of these mention `viewer`.
    pub fn unread(&self, viewer: i64, chat: Chat) -> (i32, i32) {
        let (read, _) = self.marks(viewer, chat);
        let (mut unread, mut mentions) = (0, 0);
        for (_, index) in self.history(viewer, chat).range((Excluded(read), Unbounded)) {
            let message = &self.messages[*index];
            unread += i32::from(message.from != viewer);
            mentions += i32::from(message.mentioned.contains(&viewer));
        }
        (unread, mentions)
    }

    /// Reads a direct chat or basic group up to `max_id` (0: all). Returns the box's new `pts`, or `None` if nothing
    /// new was read.
    pub fn read_common(
        &mut self,
        viewer: i64,
        peer: Peer,
        max_id: i32,
        except: Option<LinkId>,
    ) -> Option<i32> {
        let chat = peer.chat(viewer);
        let (read, _) = self.marks(viewer, chat);
        let newest = self.newest_up_to(viewer, chat, max_id)?;
        self.note(viewer, peer, ActivityKind::Read(newest));
        if newest <= read {
            return None;
        }
        let time_ms = clock::now_ms();
        self.account_mut(viewer).marks.entry(peer).or_default().inbox = newest;
        let unread = self.unread(viewer, chat).0;
        let event = Event::ReadInbox { peer, max_id: newest, unread };
        let pts = self.account_mut(viewer).inbox.record(1, time_ms, event);
        let update = types::UpdateReadHistoryInbox {
            folder_id: None,
            peer: peer.tl(),
            top_msg_id: None,
            max_id: newest,
            still_unread_count: unread,
            pts,
            pts_count: 1,
        };
        self.push_update(viewer, update.into(), Seen::default().with_peer(peer), except);

        for (other, index) in self.just_read(viewer, chat, read, newest) {
            let Some(max_id) = self.messages[index].id_for(other) else { continue };
            let theirs = chat.peer(other);
            let account = self.account_mut(other);
            let mark = account.marks.entry(theirs).or_default();
            if max_id <= mark.outbox {
                continue;
            }
            mark.outbox = max_id;
            let pts = account.inbox.record(1, time_ms, Event::ReadOutbox { peer: theirs, max_id });
            let update = types::UpdateReadHistoryOutbox { peer: theirs.tl(), max_id, pts, pts_count: 1 };
            self.push_update(other, update.into(), Seen::default().with_peer(theirs), None);
        }
        Some(pts)
    }

    /// Reads a supergroup up to `max_id` (0: all).
    pub fn read_super(&mut self, viewer: i64, dialog: i64, max_id: i32, except: Option<LinkId>) {
        let chat = Chat::Group(dialog);
        let peer = Peer::of_dialog(dialog);
        let Peer::Super(channel_id) = peer else { return };
        let Some(newest) = self.newest_up_to(viewer, chat, max_id) else { return };
        self.note(viewer, peer, ActivityKind::Read(newest));
        let Some(member) = self.group_mut(dialog).members.get_mut(&viewer) else { return };
        let read = member.read;
        if newest <= read {
            return;
        }
        member.read = newest;
        let update = types::UpdateReadChannelInbox {
            folder_id: None,
            channel_id,
            max_id: newest,
            still_unread_count: self.unread(viewer, chat).0,
            pts: self.group(dialog).inbox.pts,
        };
        self.push_update(viewer, update.into(), Seen::default().with_peer(peer), except);
        for (author, index) in self.just_read(viewer, chat, read, newest) {
            if let Some(max_id) =
                self.messages[index].id_for(author).filter(|_| self.group(dialog).has(author))
            {
                let update = types::UpdateReadChannelOutbox { channel_id, max_id };
                self.push_update(author, update.into(), Seen::default().with_peer(peer), None);
            }
        }
    }
}
