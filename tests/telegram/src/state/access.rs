//! Who may name whom: access hashes, and the inputs that carry them.
//!
//! A hash is valid for one viewer and one target, so one that leaks from account to account is refused.
//! Source: <https://core.telegram.org/api/peers#access-hash>.

use grammers_tl_types::enums;

use super::{Chat, Peer, State};
use crate::{
    crypto::sha256,
    error::{RpcError, RpcResult},
};

impl State {
    fn hash(&self, viewer: i64, kind: u8, target: i64) -> i64 {
        let digest = sha256(&[&self.secret, &[kind], &viewer.to_le_bytes(), &target.to_le_bytes()]);
        digest.first_chunk().map_or(1, |bytes| i64::from_le_bytes(*bytes) | 1)
    }

    /// The hash with which `viewer` names a user.
    pub fn user_hash(&self, viewer: i64, user: i64) -> i64 {
        self.hash(viewer, 0, user)
    }

    /// The hash with which `viewer` names a supergroup, given by its bare id.
    pub fn super_hash(&self, viewer: i64, channel: i64) -> i64 {
        self.hash(viewer, 1, channel)
    }

    /// The hash with which `viewer` names a file.
    pub fn file_hash(&self, viewer: i64, file: i64) -> i64 {
        self.hash(viewer, 2, file)
    }

    fn user_of(&self, viewer: i64, user: i64, access_hash: i64) -> Option<i64> {
        let known = self.accounts.contains_key(&user);
        // A bot may leave out the hash: https://core.telegram.org/api/peers#access-hash, "bots".
        let lenient = access_hash == 0 && self.account(viewer).is_bot();
        (known && (lenient || user == viewer || access_hash == self.user_hash(viewer, user))).then_some(user)
    }

    fn super_of(&self, viewer: i64, channel: i64, access_hash: i64) -> Option<i64> {
        let dialog = self.known_group(Peer::Super(channel))?;
        let lenient = access_hash == 0 && self.account(viewer).is_bot();
        (lenient || access_hash == self.super_hash(viewer, channel)).then_some(dialog)
    }

    /// The dialog id of a group, if there is one of this very kind: a supergroup's number given as that of a basic
    /// group would come in without a hash.
    pub fn known_group(&self, peer: Peer) -> Option<i64> {
        let dialog = peer.dialog();
        (self.groups.contains_key(&dialog) && Peer::of_dialog(dialog) == peer).then_some(dialog)
    }

    /// The user that an input names.
    ///
    /// # Errors
    /// The hash is wrong or the user unknown.
    pub fn input_user(&self, viewer: i64, input: &enums::InputUser) -> RpcResult<i64> {
        let user = match input {
            enums::InputUser::Empty => None,
            enums::InputUser::UserSelf => Some(viewer),
            enums::InputUser::User(user) => self.user_of(viewer, user.user_id, user.access_hash),
            enums::InputUser::FromMessage(from) => {
                self.user_from(viewer, &from.peer, from.msg_id, from.user_id)
            }
        };
        user.ok_or(RpcError::bad("USER_ID_INVALID"))
    }

    /// The dialog id of the supergroup that an input names.
    ///
    /// # Errors
    /// The hash is wrong or the group unknown.
    pub fn input_channel(&self, viewer: i64, input: &enums::InputChannel) -> RpcResult<i64> {
        let dialog = match input {
            enums::InputChannel::Channel(channel) => {
                self.super_of(viewer, channel.channel_id, channel.access_hash)
            }
            enums::InputChannel::Empty | enums::InputChannel::FromMessage(_) => None,
        };
        dialog.ok_or(RpcError::bad("CHANNEL_INVALID"))
    }

    /// The chat that an input names and that the viewer may look into.
    ///
    /// # Errors
    /// The hash is wrong, the chat unknown, or the viewer not in it.
    pub fn input_chat(&self, viewer: i64, input: &enums::InputPeer) -> RpcResult<Chat> {
        let peer = self.input_peer(viewer, input)?;
        match peer {
            Peer::User(_) => {}
            Peer::Basic(_) => {
                if !self.group(peer.dialog()).members.contains_key(&viewer) {
                    return Err(RpcError::bad("PEER_ID_INVALID"));
                }
            }
            Peer::Super(_) => {
                let group = self.group(peer.dialog());
                if !group.has(viewer) && group.username.is_none() {
                    return Err(RpcError::bad("CHANNEL_PRIVATE"));
                }
            }
        }
        Ok(peer.chat(viewer))
    }

    /// The user or group that an input names, membership aside.
    ///
    /// # Errors
    /// The hash is wrong or the target unknown.
    pub fn input_peer(&self, viewer: i64, input: &enums::InputPeer) -> RpcResult<Peer> {
        let bad = RpcError::bad("PEER_ID_INVALID");
        match input {
            enums::InputPeer::Empty => Err(bad),
            enums::InputPeer::PeerSelf => Ok(Peer::User(viewer)),
            enums::InputPeer::User(user) => {
                self.user_of(viewer, user.user_id, user.access_hash).map(Peer::User).ok_or(bad)
            }
            enums::InputPeer::Chat(chat) => {
                let peer = Peer::Basic(chat.chat_id);
                self.known_group(peer).map(|_| peer).ok_or(bad)
            }
            enums::InputPeer::Channel(channel) => self
                .super_of(viewer, channel.channel_id, channel.access_hash)
                .map(Peer::of_dialog)
                .ok_or(RpcError::bad("CHANNEL_INVALID")),
            enums::InputPeer::UserFromMessage(from) => {
                self.user_from(viewer, &from.peer, from.msg_id, from.user_id).map(Peer::User).ok_or(bad)
            }
            enums::InputPeer::ChannelFromMessage(_) => Err(RpcError::bad("CHANNEL_INVALID")),
        }
    }

    /// A user without a hash, known from a message that the viewer has.
    fn user_from(&self, viewer: i64, peer: &enums::InputPeer, message: i32, user: i64) -> Option<i64> {
        // The peer inside may not be such a reference again, which also keeps this from going round in circles.
        if matches!(peer, enums::InputPeer::UserFromMessage(_)) {
            return None;
        }
        let chat = self.input_chat(viewer, peer).ok()?;
        let message = &self.messages[self.find(viewer, chat, message)?];
        (message.from == user || message.forward.as_ref().is_some_and(|forward| forward.from == user))
            .then_some(user)
    }

    /// The message with this id, as `viewer` counts in `chat`.
    pub fn find(&self, viewer: i64, chat: Chat, id: i32) -> Option<usize> {
        let sequence = match chat {
            Chat::Group(dialog) if chat.is_super() => &self.group(dialog).inbox,
            _ => &self.account(viewer).inbox,
        };
        sequence.get(id).filter(|index| self.messages[*index].chat == chat)
    }
}
