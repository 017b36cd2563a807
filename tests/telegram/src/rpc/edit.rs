//! Changing what was written, reacting, typing, reading.

use grammers_tl_types::{enums, functions as f, types};

use super::{
    Call,
    messages::{check_caption, check_text},
};
use crate::{
    clock,
    error::{RpcError, RpcResult},
    state::{ActivityKind, Chat, Peer},
};

impl Call<'_> {
    pub(super) fn edit_message(&mut self, call: f::messages::EditMessage) -> RpcResult<enums::Updates> {
        let viewer = self.viewer()?;
        let chat = self.state.input_chat(viewer, &call.peer)?;
        let index = self.state.find(viewer, chat, call.id).ok_or(RpcError::bad("MESSAGE_ID_INVALID"))?;
        let message = &self.state.messages[index];
        if message.service.is_some() {
            return Err(RpcError::bad("MESSAGE_ID_INVALID"));
        }
        if message.from != viewer {
            return Err(RpcError::forbidden("MESSAGE_AUTHOR_REQUIRED"));
        }
        if call.media.is_some() {
            return Err(RpcError::bad("MEDIA_INVALID"));
        }
        let text = call.message.unwrap_or_default();
        if message.media.is_some() { check_caption(&text) } else { check_text(&text) }?;
        if text == message.text {
            return Err(RpcError::bad("MESSAGE_NOT_MODIFIED"));
        }
        let entities = self.entities(viewer, call.entities)?;
        self.state.edit(index, text, entities, Some(self.link));
        let message = self.state.message(viewer, index);
        let update = match chat {
            Chat::Group(dialog) if chat.is_super() => {
                let pts = self.state.group(dialog).inbox.pts;
                types::UpdateEditChannelMessage { message, pts, pts_count: 1 }.into()
            }
            _ => {
                let pts = self.state.account(viewer).inbox.pts;
                types::UpdateEditMessage { message, pts, pts_count: 1 }.into()
            }
        };
        Ok(self.state.wrap(viewer, vec![update], self.state.seen(index)))
    }

    /// In basic groups only one's own messages, or everything as the creator, go away for everyone.
    pub(super) fn delete_messages(
        &mut self,
        call: f::messages::DeleteMessages,
    ) -> RpcResult<enums::messages::AffectedMessages> {
        let viewer = self.viewer()?;
        let held: Vec<usize> =
            call.id.iter().filter_map(|id| self.state.account(viewer).inbox.get(*id)).collect();
        let may_revoke = |index: &usize| {
            let message = &self.state.messages[*index];
            match message.chat {
                Chat::Direct(..) => true,
                Chat::Group(dialog) => message.from == viewer || self.state.group(dialog).creator == viewer,
            }
        };
        if call.revoke && !held.iter().all(may_revoke) {
            return Err(RpcError::forbidden("MESSAGE_DELETE_FORBIDDEN"));
        }
        let (pts, pts_count) = self.state.delete_common(viewer, &held, call.revoke, Some(self.link));
        Ok(types::messages::AffectedMessages { pts, pts_count }.into())
    }

    pub(super) fn delete_channel_messages(
        &mut self,
        call: f::channels::DeleteMessages,
    ) -> RpcResult<enums::messages::AffectedMessages> {
        let viewer = self.viewer()?;
        let dialog = self.member_of(viewer, &call.channel)?;
        let group = self.state.group(dialog);
        let may = |id: &i32| match group.inbox.get(*id) {
            Some(index) => self.state.messages[index].from == viewer || group.creator == viewer,
            None => true,
        };
        if !call.id.iter().all(may) {
            return Err(RpcError::forbidden("MESSAGE_DELETE_FORBIDDEN"));
        }
        let (pts, pts_count) = self.state.delete_super(dialog, &call.id, Some(self.link));
        Ok(types::messages::AffectedMessages { pts, pts_count }.into())
    }

    pub(super) fn send_reaction(&mut self, call: f::messages::SendReaction) -> RpcResult<enums::Updates> {
        let viewer = self.viewer()?;
        let chat = self.writable(viewer, &call.peer)?;
        let index = self.state.find(viewer, chat, call.msg_id).ok_or(RpcError::bad("MESSAGE_ID_INVALID"))?;
        let reactions: Vec<enums::Reaction> = call.reaction.unwrap_or_default();
        let reactions: Vec<enums::Reaction> =
            reactions.into_iter().filter(|reaction| *reaction != enums::Reaction::Empty).collect();
        if reactions.iter().any(|reaction| !matches!(reaction, enums::Reaction::Emoji(_))) {
            return Err(RpcError::bad("REACTION_INVALID"));
        }
        self.state.react(viewer, index, reactions, Some(self.link));
        let updates = self.state.reaction_update(viewer, index).into_iter().collect();
        Ok(self.state.wrap(viewer, updates, self.state.seen(index)))
    }

    /// Shown to everyone else in the chat who is connected; nobody is told later.
    pub(super) fn set_typing(&mut self, call: f::messages::SetTyping) -> RpcResult<bool> {
        let viewer = self.viewer()?;
        let chat = self.writable(viewer, &call.peer)?;
        let kind = match call.action {
            enums::SendMessageAction::SendMessageCancelAction => ActivityKind::TypingCancelled,
            _ => ActivityKind::Typing,
        };
        self.state.note(viewer, chat.peer(viewer), kind);
        for person in self.state.people(chat).into_iter().filter(|person| *person != viewer) {
            let action = call.action.clone();
            let from_id = Peer::User(viewer).tl();
            let update = match chat.peer(person) {
                Peer::User(user_id) => types::UpdateUserTyping { user_id, top_msg_id: None, action }.into(),
                Peer::Basic(chat_id) => types::UpdateChatUserTyping { chat_id, from_id, action }.into(),
                Peer::Super(channel_id) => {
                    types::UpdateChannelUserTyping { channel_id, top_msg_id: None, from_id, action }.into()
                }
            };
            let short = types::UpdateShort { update, date: clock::now() }.into();
            self.state.push(person, &short, None);
        }
        Ok(true)
    }

    pub(super) fn read_history(
        &mut self,
        call: f::messages::ReadHistory,
    ) -> RpcResult<enums::messages::AffectedMessages> {
        let viewer = self.viewer()?;
        let peer = self.state.input_chat(viewer, &call.peer)?.peer(viewer);
        if matches!(peer, Peer::Super(_)) {
            return Err(RpcError::bad("PEER_ID_INVALID"));
        }
        let read = self.state.read_common(viewer, peer, call.max_id, Some(self.link));
        let pts = self.state.account(viewer).inbox.pts;
        Ok(types::messages::AffectedMessages { pts, pts_count: i32::from(read.is_some()) }.into())
    }

    pub(super) fn read_channel_history(&mut self, call: f::channels::ReadHistory) -> RpcResult<bool> {
        let viewer = self.viewer()?;
        let dialog = self.member_of(viewer, &call.channel)?;
        self.state.read_super(viewer, dialog, call.max_id, Some(self.link));
        Ok(true)
    }

    /// Which media and mentions were looked at is not kept.
    pub(super) fn read_contents(
        &mut self,
        _: f::messages::ReadMessageContents,
    ) -> RpcResult<enums::messages::AffectedMessages> {
        let viewer = self.viewer()?;
        let pts = self.state.account(viewer).inbox.pts;
        Ok(types::messages::AffectedMessages { pts, pts_count: 0 }.into())
    }

    pub(super) fn read_channel_contents(
        &mut self,
        call: f::channels::ReadMessageContents,
    ) -> RpcResult<bool> {
        let viewer = self.viewer()?;
        self.member_of(viewer, &call.channel).map(|_| true)
    }

    pub(super) fn received_messages(
        &mut self,
        _: f::messages::ReceivedMessages,
    ) -> RpcResult<Vec<enums::ReceivedNotifyMessage>> {
        self.viewer().map(|_| Vec::new())
    }
}
