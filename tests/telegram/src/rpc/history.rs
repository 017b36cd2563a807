//! Looking back: messages, histories, dialogs.
//!
//! Source: <https://core.telegram.org/api/offsets>.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    clock,
    error::{RpcError, RpcResult},
    state::{Chat, Peer, Seen, notify_settings},
};

/// The most messages or dialogs in one answer.
const PAGE_MAX: usize = 100;

/// Which part of a list of messages is wanted.
#[derive(Debug, Clone, Copy, Default)]
struct Page {
    offset_id: i32,
    offset_date: i32,
    add_offset: i32,
    limit: i32,
    max_id: i32,
    min_id: i32,
}

impl Page {
    /// The wanted part of `all`, newest first.
    fn of(self, all: &[(i32, usize)], date: impl Fn(usize) -> i32) -> Vec<(i32, usize)> {
        // Clients send both; a date alone has only seconds, so the id counts if there is one.
        let after_offset = |(id, index): &(i32, usize)| match (self.offset_id, self.offset_date) {
            (0, 0) => true,
            (0, offset_date) => date(*index) < offset_date,
            (offset_id, _) => *id < offset_id,
        };
        let start = all.iter().position(after_offset).unwrap_or(all.len());
        let limit = usize::try_from(self.limit).unwrap_or(0).min(PAGE_MAX);
        // A negative shift reaches back to newer messages; what lies before the list's start is lost.
        let first = i64::try_from(start).unwrap_or(i64::MAX).saturating_add(i64::from(self.add_offset));
        let last = first.saturating_add(i64::try_from(limit).unwrap_or(0));
        let clamp = |at: i64| usize::try_from(at.max(0)).unwrap_or(usize::MAX).min(all.len());
        let in_bounds = |(id, _): &&(i32, usize)| {
            (self.max_id == 0 || *id < self.max_id) && (self.min_id == 0 || *id > self.min_id)
        };
        all[clamp(first)..clamp(last)].iter().filter(in_bounds).copied().collect()
    }
}

impl Call<'_> {
    /// Messages as an answer; `count` is how many the whole list has.
    fn listed(
        &self,
        viewer: i64,
        chat: Option<Chat>,
        found: &[usize],
        count: usize,
    ) -> enums::messages::Messages {
        let mut seen = Seen::default();
        for index in found {
            seen.add_message(&self.state.messages[*index]);
        }
        if let Some(chat) = chat {
            seen = seen.with_peer(chat.peer(viewer));
        }
        let messages: Vec<enums::Message> =
            found.iter().map(|index| self.state.message(viewer, *index)).collect();
        self.list(viewer, chat, messages, seen, count)
    }

    fn list(
        &self,
        viewer: i64,
        chat: Option<Chat>,
        messages: Vec<enums::Message>,
        seen: Seen,
        count: usize,
    ) -> enums::messages::Messages {
        let (users, chats) = self.state.introduced(viewer, seen);
        let topics = Vec::new();
        let all = count <= messages.len();
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        match chat {
            Some(Chat::Group(dialog)) if Chat::Group(dialog).is_super() => types::messages::ChannelMessages {
                inexact: false,
                pts: self.state.group(dialog).inbox.pts,
                count,
                offset_id_offset: None,
                messages,
                topics,
                chats,
                users,
            }
            .into(),
            _ if all => types::messages::Messages { messages, topics, chats, users }.into(),
            _ => types::messages::MessagesSlice {
                inexact: false,
                count,
                next_rate: None,
                offset_id_offset: None,
                search_flood: None,
                messages,
                topics,
                chats,
                users,
            }
            .into(),
        }
    }

    fn paged(
        &self,
        viewer: i64,
        chat: Chat,
        page: Page,
        wanted: impl Fn(usize) -> bool,
    ) -> enums::messages::Messages {
        let all = self.state.history(viewer, chat).iter().rev();
        let all: Vec<(i32, usize)> =
            all.filter(|(_, index)| wanted(**index)).map(|(id, index)| (*id, *index)).collect();
        let part = page.of(&all, |index| clock::seconds(self.state.messages[index].time_ms));
        let found: Vec<usize> = part.into_iter().map(|(_, index)| index).collect();
        self.listed(viewer, Some(chat), &found, all.len())
    }

    pub(super) fn get_history(
        &mut self,
        call: f::messages::GetHistory,
    ) -> RpcResult<enums::messages::Messages> {
        let viewer = self.person()?;
        let chat = self.state.input_chat(viewer, &call.peer)?;
        let page = Page {
            offset_id: call.offset_id,
            offset_date: call.offset_date,
            add_offset: call.add_offset,
            limit: call.limit,
            max_id: call.max_id,
            min_id: call.min_id,
        };
        Ok(self.paged(viewer, chat, page, |_| true))
    }

    /// By text and sender; of the filters only photos and documents are told apart.
    pub(super) fn search(&mut self, call: f::messages::Search) -> RpcResult<enums::messages::Messages> {
        let viewer = self.viewer()?;
        let chat = self.state.input_chat(viewer, &call.peer)?;
        let from = match &call.from_id {
            Some(peer) => Some(self.state.input_peer(viewer, peer)?),
            None => None,
        };
        let text = call.q.to_lowercase();
        let wanted = |index: usize| {
            let message = &self.state.messages[index];
            let kind =
                message.media.and_then(|media| self.state.files.get(&media.file)).map(|file| file.kind);
            let fits = match call.filter {
                enums::MessagesFilter::InputMessagesFilterEmpty => true,
                enums::MessagesFilter::InputMessagesFilterPhotos => {
                    kind == Some(crate::state::FileKind::Photo)
                }
                enums::MessagesFilter::InputMessagesFilterDocument => {
                    kind == Some(crate::state::FileKind::Document)
                }
                enums::MessagesFilter::InputMessagesFilterPhotoVideo => kind.is_some(),
                _ => false,
            };
            let date = clock::seconds(message.time_ms);
            fits && message.service.is_none()
                && message.text.to_lowercase().contains(&text)
                && from.is_none_or(|from| from == Peer::User(message.from))
                && (call.min_date == 0 || date > call.min_date)
                && (call.max_date == 0 || date < call.max_date)
        };
        let page = Page {
            offset_id: call.offset_id,
            offset_date: 0,
            add_offset: call.add_offset,
            limit: call.limit,
            max_id: call.max_id,
            min_id: call.min_id,
        };
        Ok(self.paged(viewer, chat, page, wanted))
    }

    /// Messages by id, in the order asked for; a missing one is empty.
    fn by_id(
        &self,
        viewer: i64,
        chat: Option<Chat>,
        wanted: &[enums::InputMessage],
    ) -> RpcResult<enums::messages::Messages> {
        if wanted.len() > PAGE_MAX {
            return Err(RpcError::bad("MESSAGE_IDS_TOO_MANY"));
        }
        let lookup = |id: i32| match chat {
            Some(chat) => self.state.find(viewer, chat, id),
            None => self.state.account(viewer).inbox.get(id),
        };
        let mut seen = Seen::default();
        let mut messages = Vec::new();
        for input in wanted {
            let (id, found) = match input {
                enums::InputMessage::Id(input) => (input.id, lookup(input.id)),
                enums::InputMessage::ReplyTo(input) => {
                    (input.id, lookup(input.id).and_then(|index| self.state.messages[index].reply_to))
                }
                enums::InputMessage::Pinned | enums::InputMessage::CallbackQuery(_) => (0, None),
            };
            messages.push(match found {
                Some(index) => {
                    seen.add_message(&self.state.messages[index]);
                    self.state.message(viewer, index)
                }
                None => types::MessageEmpty { id, peer_id: None }.into(),
            });
        }
        let count = messages.len();
        Ok(self.list(viewer, chat, messages, seen, count))
    }

    pub(super) fn get_messages(
        &mut self,
        call: f::messages::GetMessages,
    ) -> RpcResult<enums::messages::Messages> {
        let viewer = self.viewer()?;
        self.by_id(viewer, None, &call.id)
    }

    pub(super) fn get_channel_messages(
        &mut self,
        call: f::channels::GetMessages,
    ) -> RpcResult<enums::messages::Messages> {
        let viewer = self.viewer()?;
        let dialog = self.visible(viewer, &call.channel)?;
        self.by_id(viewer, Some(Chat::Group(dialog)), &call.id)
    }

    /// One chat in the list of chats.
    pub(super) fn dialog(&self, viewer: i64, chat: Chat) -> enums::Dialog {
        let (read_inbox_max_id, read_outbox_max_id) = self.state.marks(viewer, chat);
        let (unread_count, unread_mentions_count) = self.state.unread(viewer, chat);
        let pts = match chat {
            Chat::Group(dialog) if chat.is_super() => Some(self.state.group(dialog).inbox.pts),
            _ => None,
        };
        types::Dialog {
            pinned: false,
            unread_mark: false,
            view_forum_as_messages: false,
            peer: chat.peer(viewer).tl(),
            top_message: self.state.history(viewer, chat).last_key_value().map_or(0, |(id, _)| *id),
            read_inbox_max_id,
            read_outbox_max_id,
            unread_count,
            unread_mentions_count,
            unread_reactions_count: 0,
            unread_poll_votes_count: 0,
            notify_settings: notify_settings(),
            pts,
            draft: None,
            folder_id: None,
            ttl_period: None,
        }
        .into()
    }

    /// Every chat of an account with its newest message, newest first.
    fn chats(&self, viewer: i64) -> Vec<(Chat, usize)> {
        let groups = self.state.groups.values().filter(|group| group.has(viewer));
        let own = self.state.account(viewer).inbox.newest();
        let mut chats: Vec<(Chat, usize)> =
            own.chain(groups.flat_map(|group| group.inbox.newest())).collect();
        chats.sort_by_key(|(_, index)| std::cmp::Reverse(*index));
        chats
    }

    pub(super) fn get_dialogs(
        &mut self,
        call: f::messages::GetDialogs,
    ) -> RpcResult<enums::messages::Dialogs> {
        let viewer = self.person()?;
        // Nothing is ever archived.
        let mut chats = if call.folder_id.unwrap_or(0) == 0 { self.chats(viewer) } else { Vec::new() };
        let total = chats.len();
        let offset = self.state.input_peer(viewer, &call.offset_peer).ok().map(|peer| peer.chat(viewer));
        let date = |index: usize| clock::seconds(self.state.messages[index].time_ms);
        if let Some(at) = offset.and_then(|offset| chats.iter().position(|(chat, _)| *chat == offset)) {
            chats.drain(..=at);
        } else if call.offset_date != 0 {
            chats.retain(|(_, index)| date(*index) < call.offset_date);
        }
        let limit = usize::try_from(call.limit).unwrap_or(0).min(PAGE_MAX);
        chats.truncate(if limit == 0 { PAGE_MAX } else { limit });
        let (dialogs, messages, users, chats) = self.dialog_list(viewer, &chats);
        if dialogs.len() == total {
            return Ok(types::messages::Dialogs { dialogs, messages, chats, users }.into());
        }
        let count = i32::try_from(total).unwrap_or(i32::MAX);
        Ok(types::messages::DialogsSlice { count, dialogs, messages, chats, users }.into())
    }

    fn dialog_list(
        &self,
        viewer: i64,
        chats: &[(Chat, usize)],
    ) -> (Vec<enums::Dialog>, Vec<enums::Message>, Vec<enums::User>, Vec<enums::Chat>) {
        let mut seen = Seen::default();
        for (chat, index) in chats {
            seen.add_message(&self.state.messages[*index]);
            seen = seen.with_peer(chat.peer(viewer));
        }
        let dialogs = chats.iter().map(|(chat, _)| self.dialog(viewer, *chat)).collect();
        let messages = chats.iter().map(|(_, index)| self.state.message(viewer, *index)).collect();
        let (users, chats) = self.state.introduced(viewer, seen);
        (dialogs, messages, users, chats)
    }

    fn peer_dialogs(&self, viewer: i64, wanted: &[(Chat, usize)]) -> enums::messages::PeerDialogs {
        let (dialogs, messages, users, chats) = self.dialog_list(viewer, wanted);
        types::messages::PeerDialogs { dialogs, messages, chats, users, state: self.current_state(viewer) }
            .into()
    }

    pub(super) fn get_peer_dialogs(
        &mut self,
        call: f::messages::GetPeerDialogs,
    ) -> RpcResult<enums::messages::PeerDialogs> {
        let viewer = self.viewer()?;
        let mut wanted = Vec::new();
        for peer in &call.peers {
            let enums::InputDialogPeer::Peer(peer) = peer else { continue };
            wanted.push(self.state.input_chat(viewer, &peer.peer)?);
        }
        let mut chats = self.chats(viewer);
        chats.retain(|(chat, _)| wanted.contains(chat));
        Ok(self.peer_dialogs(viewer, &chats))
    }

    pub(super) fn get_pinned_dialogs(
        &mut self,
        _: f::messages::GetPinnedDialogs,
    ) -> RpcResult<enums::messages::PeerDialogs> {
        let viewer = self.viewer()?;
        Ok(self.peer_dialogs(viewer, &[]))
    }

    pub(super) fn get_dialog_filters(
        &mut self,
        _: f::messages::GetDialogFilters,
    ) -> RpcResult<enums::messages::DialogFilters> {
        self.viewer()?;
        Ok(types::messages::DialogFilters { tags_enabled: false, filters: Vec::new() }.into())
    }

    pub(super) fn get_peer_settings(
        &mut self,
        call: f::messages::GetPeerSettings,
    ) -> RpcResult<enums::messages::PeerSettings> {
        let viewer = self.viewer()?;
        let peer = self.state.input_peer(viewer, &call.peer)?;
        let (users, chats) = self.state.introduced(viewer, Seen::default().with_peer(peer));
        Ok(types::messages::PeerSettings { settings: crate::state::peer_settings(), chats, users }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_offsets_and_bounds() {
        let all: Vec<(i32, usize)> = (1..=10).rev().map(|id| (id, 0)).collect();
        let check = |page: Page, expected: &[i32]| {
            let got: Vec<i32> = page.of(&all, |_| 0).into_iter().map(|(id, _)| id).collect();
            assert_eq!(got, expected, "{page:?}");
        };
        let page = Page { limit: 3, ..Page::default() };
        check(page, &[10, 9, 8]);
        check(Page { offset_id: 8, ..page }, &[7, 6, 5]);
        check(Page { offset_id: 2, ..page }, &[1]);
        check(Page { offset_id: 8, add_offset: 2, ..page }, &[5, 4, 3]);
        check(Page { offset_id: 1, add_offset: -3, ..page }, &[3, 2, 1]);
        check(Page { offset_id: 10, add_offset: -5, ..page }, &[]);
        check(Page { max_id: 10, min_id: 8, ..page }, &[9]);
        check(Page { add_offset: i32::MIN, limit: i32::MAX, ..page }, &[]);
        check(Page { limit: -1, ..page }, &[]);
    }
}
