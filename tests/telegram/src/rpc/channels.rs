//! Groups of both kinds: what they are, who is in them, joining and leaving.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    clock,
    error::{RpcError, RpcResult},
    state::{Chat, Group, Peer, Seen, all_rights, channel_full, chat_full},
};

impl Call<'_> {
    /// The dialog id of a supergroup that the viewer may look into.
    pub(super) fn visible(&self, viewer: i64, input: &enums::InputChannel) -> RpcResult<i64> {
        let dialog = self.state.input_channel(viewer, input)?;
        let group = self.state.group(dialog);
        if group.has(viewer) || group.username.is_some() {
            Ok(dialog)
        } else {
            Err(RpcError::bad("CHANNEL_PRIVATE"))
        }
    }

    /// The dialog id of a supergroup that the viewer is in.
    pub(super) fn member_of(&self, viewer: i64, input: &enums::InputChannel) -> RpcResult<i64> {
        let dialog = self.state.input_channel(viewer, input)?;
        if self.state.group(dialog).has(viewer) { Ok(dialog) } else { Err(RpcError::bad("CHANNEL_PRIVATE")) }
    }

    /// The dialog id of a basic group that the viewer is in.
    fn basic(&self, viewer: i64, chat_id: i64) -> RpcResult<i64> {
        let dialog = self.state.known_group(Peer::Basic(chat_id));
        dialog.filter(|dialog| self.state.group(*dialog).has(viewer)).ok_or(RpcError::bad("CHAT_ID_INVALID"))
    }

    fn chats_of(&self, viewer: i64, dialogs: impl IntoIterator<Item = i64>) -> enums::messages::Chats {
        let chats = dialogs.into_iter().map(|dialog| self.state.chat(viewer, dialog)).collect();
        types::messages::Chats { chats }.into()
    }

    pub(super) fn get_channels(
        &mut self,
        call: f::channels::GetChannels,
    ) -> RpcResult<enums::messages::Chats> {
        let viewer = self.viewer()?;
        let dialogs: RpcResult<Vec<i64>> = call.id.iter().map(|input| self.visible(viewer, input)).collect();
        Ok(self.chats_of(viewer, dialogs?))
    }

    pub(super) fn get_chats(&mut self, call: f::messages::GetChats) -> RpcResult<enums::messages::Chats> {
        let viewer = self.viewer()?;
        let dialogs: RpcResult<Vec<i64>> = call.id.iter().map(|id| self.basic(viewer, *id)).collect();
        Ok(self.chats_of(viewer, dialogs?))
    }

    pub(super) fn get_full_chat(
        &mut self,
        call: f::messages::GetFullChat,
    ) -> RpcResult<enums::messages::ChatFull> {
        let viewer = self.viewer()?;
        let dialog = self.basic(viewer, call.chat_id)?;
        let full_chat = chat_full(call.chat_id, &self.state.participants(dialog));
        let users = Seen { users: self.state.group(dialog).present().collect(), ..Seen::default() };
        let (users, chats) = self.state.introduced(viewer, users.with_peer(Peer::of_dialog(dialog)));
        Ok(types::messages::ChatFull { full_chat, chats, users }.into())
    }

    pub(super) fn get_full_channel(
        &mut self,
        call: f::channels::GetFullChannel,
    ) -> RpcResult<enums::messages::ChatFull> {
        let viewer = self.viewer()?;
        let dialog = self.visible(viewer, &call.channel)?;
        let group = self.state.group(dialog);
        let (read, _) = self.state.marks(viewer, Chat::Group(dialog));
        let (unread, _) = self.state.unread(viewer, Chat::Group(dialog));
        let Peer::Super(id) = group.peer() else { return Err(RpcError::bad("CHANNEL_INVALID")) };
        let count = i32::try_from(group.present().count()).unwrap_or(i32::MAX);
        let full_chat = channel_full(id, read, unread, group.inbox.pts, count);
        let (users, chats) = self.state.introduced(viewer, Seen::default().with_peer(group.peer()));
        Ok(types::messages::ChatFull { full_chat, chats, users }.into())
    }

    fn participant(viewer: i64, group: &Group, user_id: i64) -> enums::ChannelParticipant {
        let Some(member) = group.members.get(&user_id).filter(|member| !member.left) else {
            return types::ChannelParticipantLeft { peer: Peer::User(user_id).tl() }.into();
        };
        let date = clock::seconds(member.joined_ms);
        if user_id == group.creator {
            return types::ChannelParticipantCreator { user_id, admin_rights: all_rights(), rank: None }
                .into();
        }
        if user_id == viewer {
            return types::ChannelParticipantSelf {
                via_request: false,
                user_id,
                inviter_id: member.inviter,
                date,
                subscription_until_date: None,
                rank: None,
            }
            .into();
        }
        types::ChannelParticipant { user_id, date, subscription_until_date: None, rank: None }.into()
    }

    pub(super) fn get_participant(
        &mut self,
        call: f::channels::GetParticipant,
    ) -> RpcResult<enums::channels::ChannelParticipant> {
        let viewer = self.viewer()?;
        let dialog = self.visible(viewer, &call.channel)?;
        let Peer::User(user) = self.state.input_peer(viewer, &call.participant)? else {
            return Err(RpcError::bad("PARTICIPANT_ID_INVALID"));
        };
        let group = self.state.group(dialog);
        if !group.has(user) {
            return Err(RpcError::bad("USER_NOT_PARTICIPANT"));
        }
        let participant = Self::participant(viewer, group, user);
        let (users, chats) =
            self.state.introduced(viewer, Seen::default().with_user(user).with_peer(group.peer()));
        Ok(types::channels::ChannelParticipant { participant, chats, users }.into())
    }

    pub(super) fn get_participants(
        &mut self,
        call: f::channels::GetParticipants,
    ) -> RpcResult<enums::channels::ChannelParticipants> {
        let viewer = self.viewer()?;
        let dialog = self.visible(viewer, &call.channel)?;
        let group = self.state.group(dialog);
        let named = |user: i64, wanted: &str| {
            let account = self.state.account(user);
            let name = format!("{} {}", account.first_name, account.last_name.as_deref().unwrap_or(""));
            let username = account.username.as_deref().unwrap_or("");
            [name.as_str(), username].iter().any(|text| text.to_lowercase().contains(&wanted.to_lowercase()))
        };
        let wanted = |user: &i64| match &call.filter {
            enums::ChannelParticipantsFilter::ChannelParticipantsRecent => true,
            enums::ChannelParticipantsFilter::ChannelParticipantsAdmins => *user == group.creator,
            enums::ChannelParticipantsFilter::ChannelParticipantsBots => self.state.account(*user).is_bot(),
            enums::ChannelParticipantsFilter::ChannelParticipantsSearch(search) => named(*user, &search.q),
            _ => false,
        };
        let all: Vec<i64> = group.present().filter(wanted).collect();
        let page: Vec<i64> = all
            .iter()
            .copied()
            .skip(usize::try_from(call.offset).unwrap_or(0))
            .take(usize::try_from(call.limit).unwrap_or(0).min(200))
            .collect();
        let participants = page.iter().map(|user| Self::participant(viewer, group, *user)).collect();
        let seen = Seen { users: page.into_iter().collect(), ..Seen::default() }.with_peer(group.peer());
        let (users, chats) = self.state.introduced(viewer, seen);
        let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
        Ok(types::channels::ChannelParticipants { count, participants, chats, users }.into())
    }

    /// What the actor gets for a change of members: the service message, and the group.
    fn changed(&self, viewer: i64, dialog: i64, message: Option<usize>) -> enums::Updates {
        let peer = Peer::of_dialog(dialog);
        let mut updates: Vec<enums::Update> = match peer {
            Peer::Super(channel_id) => vec![types::UpdateChannel { channel_id }.into()],
            _ => vec![types::UpdateChatParticipants { participants: self.state.participants(dialog) }.into()],
        };
        let mut seen = Seen::default().with_peer(peer);
        if let Some(index) = message {
            updates.extend(self.state.arrival(viewer, index));
            seen.add_message(&self.state.messages[index]);
        }
        self.state.wrap(viewer, updates, seen)
    }

    /// Public supergroups can be joined by whoever found them.
    pub(super) fn join_channel(
        &mut self,
        call: f::channels::JoinChannel,
    ) -> RpcResult<enums::messages::ChatInviteJoinResult> {
        let viewer = self.viewer()?;
        let dialog = self.visible(viewer, &call.channel)?;
        let joined = self.state.add_member(dialog, viewer, viewer, Some(self.link));
        let message = joined.ok_or(RpcError::bad("USER_ALREADY_PARTICIPANT"))?;
        let updates = self.changed(viewer, dialog, Some(message));
        Ok(types::messages::ChatInviteJoinResultOk { updates }.into())
    }

    pub(super) fn leave_channel(&mut self, call: f::channels::LeaveChannel) -> RpcResult<enums::Updates> {
        let viewer = self.viewer()?;
        let dialog = self.state.input_channel(viewer, &call.channel)?;
        let left = self.state.remove_member(dialog, viewer, viewer, Some(self.link));
        left.ok_or(RpcError::bad("USER_NOT_PARTICIPANT"))?;
        Ok(self.changed(viewer, dialog, None))
    }

    pub(super) fn invite_to_channel(
        &mut self,
        call: f::channels::InviteToChannel,
    ) -> RpcResult<enums::messages::InvitedUsers> {
        let viewer = self.viewer()?;
        let dialog = self.member_of(viewer, &call.channel)?;
        let users: RpcResult<Vec<i64>> =
            call.users.iter().map(|user| self.state.input_user(viewer, user)).collect();
        let mut message = None;
        for user in users? {
            message = self.state.add_member(dialog, user, viewer, Some(self.link)).or(message);
        }
        let updates = self.changed(viewer, dialog, message);
        Ok(types::messages::InvitedUsers { updates, missing_invitees: Vec::new() }.into())
    }

    pub(super) fn add_chat_user(
        &mut self,
        call: f::messages::AddChatUser,
    ) -> RpcResult<enums::messages::InvitedUsers> {
        let viewer = self.viewer()?;
        let dialog = self.basic(viewer, call.chat_id)?;
        let user = self.state.input_user(viewer, &call.user_id)?;
        let message = self.state.add_member(dialog, user, viewer, Some(self.link));
        let message = message.ok_or(RpcError::bad("USER_ALREADY_PARTICIPANT"))?;
        let updates = self.changed(viewer, dialog, Some(message));
        Ok(types::messages::InvitedUsers { updates, missing_invitees: Vec::new() }.into())
    }

    pub(super) fn delete_chat_user(
        &mut self,
        call: f::messages::DeleteChatUser,
    ) -> RpcResult<enums::Updates> {
        let viewer = self.viewer()?;
        let dialog = self.basic(viewer, call.chat_id)?;
        let user = self.state.input_user(viewer, &call.user_id)?;
        if user != viewer && self.state.group(dialog).creator != viewer {
            return Err(RpcError::bad("CHAT_ADMIN_REQUIRED"));
        }
        let message = self.state.remove_member(dialog, user, viewer, Some(self.link));
        let message = message.ok_or(RpcError::bad("USER_NOT_PARTICIPANT"))?;
        Ok(self.changed(viewer, dialog, Some(message)))
    }
}
