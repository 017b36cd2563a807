//! `updates.*`: catching up. Source: <https://core.telegram.org/api/updates>.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    clock,
    error::{RpcError, RpcResult},
    state::{Chat, Event, Group, Peer, Recorded, Seen},
};

/// The most events in one page of a supergroup's difference, for people and bots.
const CHANNEL_PAGE_MAX: usize = 100;

/// Messages and other updates, taken from events.
#[derive(Default)]
struct Caught {
    messages: Vec<enums::Message>,
    others: Vec<enums::Update>,
    seen: Seen,
}

impl Call<'_> {
    /// Where an account's common box stands.
    pub(super) fn current_state(&self, viewer: i64) -> enums::updates::State {
        self.state_at(viewer, self.state.account(viewer).inbox.pts)
    }

    fn state_at(&self, viewer: i64, pts: i32) -> enums::updates::State {
        let chats = self.state.account(viewer).marks.keys().map(|peer| peer.chat(viewer));
        let unread_count = chats.map(|chat| self.state.unread(viewer, chat).0).sum();
        // No secret chats: qts stays 0. All updates are pushed with seq 0, so there is no seq either.
        types::updates::State { pts, qts: 0, date: clock::now(), seq: 0, unread_count }.into()
    }

    pub(super) fn get_state(&mut self, _: f::updates::GetState) -> RpcResult<enums::updates::State> {
        let viewer = self.viewer()?;
        Ok(self.current_state(viewer))
    }

    /// Collects what happened in a box: new messages apart from everything else.
    fn catch(&self, viewer: i64, events: &[Recorded], channel: Option<i64>) -> Caught {
        let mut caught = Caught::default();
        for Recorded { pts, count, event, .. } in events {
            let (pts, pts_count) = (*pts, *count);
            let here = |index: usize| !self.state.messages[index].deleted && self.holds(viewer, index);
            match event {
                Event::New(index) => {
                    if here(*index) {
                        caught.messages.push(self.state.message(viewer, *index));
                        caught.seen.add_message(&self.state.messages[*index]);
                    }
                }
                Event::Edited(index) => {
                    if here(*index) {
                        let message = self.state.message(viewer, *index);
                        caught.others.push(match channel {
                            Some(_) => types::UpdateEditChannelMessage { message, pts, pts_count }.into(),
                            None => types::UpdateEditMessage { message, pts, pts_count }.into(),
                        });
                        caught.seen.add_message(&self.state.messages[*index]);
                    }
                }
                Event::Deleted(ids) => {
                    let messages = ids.clone();
                    caught.others.push(match channel {
                        Some(channel_id) => {
                            types::UpdateDeleteChannelMessages { channel_id, messages, pts, pts_count }.into()
                        }
                        None => types::UpdateDeleteMessages { messages, pts, pts_count }.into(),
                    });
                }
                Event::ReadInbox { peer, max_id, unread } => {
                    let update = types::UpdateReadHistoryInbox {
                        folder_id: None,
                        peer: peer.tl(),
                        top_msg_id: None,
                        max_id: *max_id,
                        still_unread_count: *unread,
                        pts,
                        pts_count,
                    };
                    caught.others.push(update.into());
                    caught.seen = std::mem::take(&mut caught.seen).with_peer(*peer);
                }
                Event::ReadOutbox { peer, max_id } => {
                    let update =
                        types::UpdateReadHistoryOutbox { peer: peer.tl(), max_id: *max_id, pts, pts_count };
                    caught.others.push(update.into());
                    caught.seen = std::mem::take(&mut caught.seen).with_peer(*peer);
                }
            }
        }
        caught
    }

    /// Whether a message is still in the viewer's box.
    fn holds(&self, viewer: i64, index: usize) -> bool {
        let message = &self.state.messages[index];
        message.id_for(viewer).is_some_and(|id| self.state.find(viewer, message.chat, id) == Some(index))
    }

    /// The viewer's supergroups in which something happened since `date`. A date has whole seconds, so something
    /// may be told that is known already; to be told too little would lose messages.
    fn changed_since(&self, viewer: i64, date: i32) -> Vec<&Group> {
        let changed = |group: &&Group| {
            let last = group.inbox.events.last().map(|event| clock::seconds(event.time_ms));
            group.has(viewer) && last.is_some_and(|last| last >= date)
        };
        self.state.groups.values().filter(changed).collect()
    }

    pub(super) fn get_difference(
        &mut self,
        call: f::updates::GetDifference,
    ) -> RpcResult<enums::updates::Difference> {
        let viewer = self.viewer()?;
        if call.pts < 1 {
            return Err(RpcError::bad("PERSISTENT_TIMESTAMP_EMPTY"));
        }
        let inbox = &self.state.account(viewer).inbox;
        if call.pts > inbox.pts {
            return Err(RpcError::bad("PERSISTENT_TIMESTAMP_INVALID"));
        }
        let asked = call.pts_limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        let most = asked.unwrap_or(usize::MAX).min(self.state.settings.difference_slice.max(1));
        let events = inbox.since(call.pts);
        if events.len() > self.state.settings.difference_max {
            return Ok(types::updates::DifferenceTooLong { pts: inbox.pts }.into());
        }
        let sliced = events.len() > most;
        let events = &events[..events.len().min(most)];
        let pts = events.last().map_or(call.pts, |event| event.pts);
        let mut caught = self.catch(viewer, events, None);
        if !sliced {
            for group in self.changed_since(viewer, call.date) {
                let Peer::Super(channel_id) = group.peer() else { continue };
                let pts = self.state.settings.channel_too_long_with_pts.then_some(group.inbox.pts);
                caught.others.push(types::UpdateChannelTooLong { channel_id, pts }.into());
                caught.seen = caught.seen.with_peer(group.peer());
            }
        }
        if events.is_empty() && caught.others.is_empty() {
            return Ok(types::updates::DifferenceEmpty { date: clock::now(), seq: 0 }.into());
        }
        let (users, chats) = self.state.introduced(viewer, caught.seen);
        let (new_messages, other_updates) = (caught.messages, caught.others);
        let new_encrypted_messages = Vec::new();
        let state = self.state_at(viewer, pts);
        if sliced {
            return Ok(types::updates::DifferenceSlice {
                new_messages,
                new_encrypted_messages,
                other_updates,
                chats,
                users,
                intermediate_state: state,
            }
            .into());
        }
        Ok(types::updates::Difference {
            new_messages,
            new_encrypted_messages,
            other_updates,
            chats,
            users,
            state,
        }
        .into())
    }

    pub(super) fn get_channel_difference(
        &mut self,
        call: f::updates::GetChannelDifference,
    ) -> RpcResult<enums::updates::ChannelDifference> {
        let viewer = self.viewer()?;
        let dialog = self.member_of(viewer, &call.channel)?;
        let Peer::Super(channel_id) = Peer::of_dialog(dialog) else {
            return Err(RpcError::bad("CHANNEL_INVALID"));
        };
        let inbox = &self.state.group(dialog).inbox;
        if call.pts < 1 {
            return Err(RpcError::bad("PERSISTENT_TIMESTAMP_EMPTY"));
        }
        if call.pts > inbox.pts {
            return Err(RpcError::bad("PERSISTENT_TIMESTAMP_INVALID"));
        }
        let limit = usize::try_from(call.limit).unwrap_or(0).clamp(1, CHANNEL_PAGE_MAX);
        let events = inbox.since(call.pts);
        if events.is_empty() {
            return Ok(types::updates::ChannelDifferenceEmpty {
                r#final: true,
                pts: inbox.pts,
                timeout: Some(30),
            }
            .into());
        }
        if events.len() > self.state.settings.channel_difference_max {
            return Ok(self.channel_too_long(viewer, dialog, limit));
        }
        let page = &events[..events.len().min(limit)];
        let pts = page.last().map_or(call.pts, |event| event.pts);
        let is_final = page.len() == events.len();
        let mut caught = self.catch(viewer, page, Some(channel_id));
        caught.seen = caught.seen.with_peer(Peer::of_dialog(dialog));
        let (users, chats) = self.state.introduced(viewer, caught.seen);
        Ok(types::updates::ChannelDifference {
            r#final: is_final,
            pts,
            timeout: Some(30),
            new_messages: caught.messages,
            other_updates: caught.others,
            chats,
            users,
        }
        .into())
    }

    /// The newest messages in place of a difference.
    fn channel_too_long(&self, viewer: i64, dialog: i64, limit: usize) -> enums::updates::ChannelDifference {
        let chat = Chat::Group(dialog);
        let mut seen = Seen::default().with_peer(Peer::of_dialog(dialog));
        let newest: Vec<usize> =
            self.state.history(viewer, chat).values().rev().take(limit).copied().collect();
        for index in &newest {
            seen.add_message(&self.state.messages[*index]);
        }
        let messages = newest.iter().map(|index| self.state.message(viewer, *index)).collect();
        let (users, chats) = self.state.introduced(viewer, seen);
        types::updates::ChannelDifferenceTooLong {
            r#final: true,
            timeout: Some(30),
            dialog: self.dialog(viewer, chat),
            messages,
            chats,
            users,
        }
        .into()
    }
}
