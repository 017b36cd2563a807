//! How an account sees people, groups and messages: the TL objects that it gets.

use std::collections::BTreeSet;

use grammers_tl_types::{Serializable, enums, types};

use super::{
    Chat, GroupKind, Message, Peer, Service, State,
    objects::{all_rights, blank, no_ban},
};
use crate::clock;

/// The people and groups that an answer has to introduce.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// User ids.
    pub users: BTreeSet<i64>,
    /// Dialog ids.
    pub groups: BTreeSet<i64>,
}

impl Seen {
    /// With this user or group too.
    #[must_use]
    pub fn with_peer(mut self, peer: Peer) -> Self {
        match peer {
            Peer::User(id) => self.users.insert(id),
            Peer::Basic(_) | Peer::Super(_) => self.groups.insert(peer.dialog()),
        };
        self
    }

    /// With this user too.
    #[must_use]
    pub fn with_user(self, id: i64) -> Self {
        self.with_peer(Peer::User(id))
    }

    /// With all that a message speaks of.
    pub fn add_message(&mut self, message: &Message) {
        self.users.insert(message.from);
        match message.chat {
            Chat::Direct(a, b) => self.users.extend([a, b]),
            Chat::Group(dialog) => {
                self.groups.insert(dialog);
            }
        }
        self.users.extend(message.forward.as_ref().map(|forward| forward.from));
        self.users.extend(message.reactions.keys());
        match &message.service {
            Some(Service::Created(users)) => self.users.extend(users),
            Some(Service::Added(user) | Service::Removed(user)) => {
                self.users.insert(*user);
            }
            None => {}
        }
    }
}

impl State {
    /// The people and groups of `seen` as TL objects.
    pub fn introduced(&self, viewer: i64, seen: Seen) -> (Vec<enums::User>, Vec<enums::Chat>) {
        let users = seen.users.into_iter().map(|id| self.user(viewer, id)).collect();
        let chats = seen.groups.into_iter().map(|dialog| self.chat(viewer, dialog)).collect();
        (users, chats)
    }

    /// A person or bot.
    pub fn user(&self, viewer: i64, id: i64) -> enums::User {
        let account = self.account(id);
        let myself = viewer == id;
        let mut user: types::User = blank(&[&[0; 16]]);
        user.id = id;
        user.is_self = myself;
        user.access_hash = Some(self.user_hash(viewer, id));
        user.first_name = Some(account.first_name.clone());
        user.last_name.clone_from(&account.last_name);
        user.username.clone_from(&account.username);
        user.lang_code = account.language.clone().filter(|_| account.is_bot() || myself);
        if myself {
            user.phone.clone_from(&account.phone);
        }
        if account.is_bot() {
            user.bot = true;
            // The two share a flag.
            user.bot_info_version = Some(1);
            user.bot_chat_history = true;
        } else if account.online_until > clock::now() {
            user.status = Some(types::UserStatusOnline { expires: account.online_until }.into());
        } else {
            user.status = Some(types::UserStatusOffline { was_online: account.online_last }.into());
        }
        user.into()
    }

    /// A group.
    pub fn chat(&self, viewer: i64, dialog: i64) -> enums::Chat {
        let group = self.group(dialog);
        let title = group.title.to_bytes();
        let date = clock::seconds(group.created_ms).to_bytes();
        let photo = enums::ChatPhoto::Empty.to_bytes();
        let count = i32::try_from(group.present().count()).unwrap_or(i32::MAX);
        match group.peer() {
            Peer::Super(id) => {
                let mut chat: types::Channel = blank(&[&[0; 8], &id.to_bytes(), &title, &photo, &date]);
                chat.megagroup = true;
                chat.creator = group.creator == viewer;
                chat.left = !group.has(viewer);
                chat.access_hash = Some(self.super_hash(viewer, id));
                chat.username.clone_from(&group.username);
                chat.participants_count = Some(count);
                chat.default_banned_rights = Some(no_ban());
                chat.admin_rights = chat.creator.then(all_rights);
                chat.into()
            }
            Peer::Basic(id) | Peer::User(id) => {
                let version = group.version.to_bytes();
                let fields: [&[u8]; 7] =
                    [&[0; 4], &id.to_bytes(), &title, &photo, &count.to_bytes(), &date, &version];
                let mut chat: types::Chat = blank(&fields);
                chat.creator = group.creator == viewer;
                chat.left = !group.has(viewer);
                chat.default_banned_rights = Some(no_ban());
                chat.into()
            }
        }
    }

    /// A message; empty if it is not, or no more, the viewer's.
    pub fn message(&self, viewer: i64, index: usize) -> enums::Message {
        let message = &self.messages[index];
        let Some(id) = message.id_for(viewer) else {
            return types::MessageEmpty { id: 0, peer_id: None }.into();
        };
        let peer = message.chat.peer(viewer);
        if message.deleted {
            return types::MessageEmpty { id, peer_id: Some(peer.tl()) }.into();
        }
        let date = clock::seconds(message.time_ms);
        let out = message.from == viewer;
        // In direct chats an incoming message names no sender: the peer is it.
        let from_id = (out || !matches!(peer, Peer::User(_))).then(|| Peer::User(message.from).tl());
        if let Some(service) = &message.service {
            let action = self.action(message.chat, service);
            let fields: [&[u8]; 5] =
                [&[0; 4], &id.to_bytes(), &peer.tl().to_bytes(), &date.to_bytes(), &action.to_bytes()];
            let mut tl: types::MessageService = blank(&fields);
            tl.out = out;
            tl.from_id = from_id;
            return tl.into();
        }
        let fields: [&[u8]; 5] =
            [&[0; 8], &id.to_bytes(), &peer.tl().to_bytes(), &date.to_bytes(), &message.text.to_bytes()];
        let mut tl: types::Message = blank(&fields);
        tl.out = out;
        tl.from_id = from_id;
        tl.mentioned = message.mentioned.contains(&viewer);
        tl.entities = (!message.entities.is_empty()).then(|| message.entities.clone());
        tl.media = message.media.map(|media| self.media(viewer, media));
        tl.grouped_id = message.grouped_id;
        tl.edit_date = message.edited_ms.map(clock::seconds);
        tl.reply_to = message.reply_to.and_then(|answered| self.reply_header(viewer, answered));
        tl.fwd_from = message.forward.as_ref().map(|forward| forward_header(forward.from, forward.time_ms));
        tl.reactions = (!message.reactions.is_empty()).then(|| self.reactions(viewer, index));
        tl.into()
    }

    fn action(&self, chat: Chat, service: &Service) -> enums::MessageAction {
        let Chat::Group(dialog) = chat else { return enums::MessageAction::Empty };
        let group = self.group(dialog);
        match service {
            Service::Created(users) => {
                let title = group.title.clone();
                match group.kind {
                    GroupKind::Basic => types::MessageActionChatCreate { title, users: users.clone() }.into(),
                    GroupKind::Super => types::MessageActionChannelCreate { title }.into(),
                }
            }
            Service::Added(user) => types::MessageActionChatAddUser { users: vec![*user] }.into(),
            Service::Removed(user) => types::MessageActionChatDeleteUser { user_id: *user }.into(),
        }
    }

    fn reply_header(&self, viewer: i64, answered: usize) -> Option<enums::MessageReplyHeader> {
        let mut header: types::MessageReplyHeader = blank(&[&[0; 4]]);
        header.reply_to_msg_id = Some(self.messages[answered].id_for(viewer)?);
        Some(header.into())
    }

    /// A message's reactions.
    pub fn reactions(&self, viewer: i64, index: usize) -> enums::MessageReactions {
        let message = &self.messages[index];
        let mut results: Vec<types::ReactionCount> = Vec::new();
        let mut recent = Vec::new();
        for (user, reactions) in &message.reactions {
            for reaction in reactions {
                match results.iter_mut().find(|count| count.reaction == *reaction) {
                    Some(count) => count.count += 1,
                    None => results.push(types::ReactionCount {
                        chosen_order: None,
                        reaction: reaction.clone(),
                        count: 1,
                    }),
                }
                if let (true, Some(mine)) =
                    (*user == viewer, results.iter_mut().find(|c| c.reaction == *reaction))
                {
                    mine.chosen_order = Some(0);
                }
                recent.push(
                    types::MessagePeerReaction {
                        big: false,
                        unread: false,
                        my: *user == viewer,
                        peer_id: Peer::User(*user).tl(),
                        date: clock::seconds(message.time_ms),
                        reaction: reaction.clone(),
                    }
                    .into(),
                );
            }
        }
        types::MessageReactions {
            min: false,
            can_see_list: true,
            reactions_as_tags: false,
            results: results.into_iter().map(Into::into).collect(),
            recent_reactions: Some(recent),
            top_reactors: None,
        }
        .into()
    }
}

fn forward_header(from: i64, time_ms: i64) -> enums::MessageFwdHeader {
    let mut header: types::MessageFwdHeader = blank(&[&[0; 4], &clock::seconds(time_ms).to_bytes()]);
    header.from_id = Some(Peer::User(from).tl());
    header.into()
}
