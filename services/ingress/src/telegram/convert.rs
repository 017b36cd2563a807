//! From Telegram's types to ours.

use grammers_session::types::PeerId;
use grammers_tl_types as tl;
use troupe_protocol::Identity;
use troupe_types::{Chat, ChatId, Media, MediaKind, Message, MessageId, Person, Timestamp, UserId};

use super::{
    MemorySession,
    receiver::{Happened, Said},
    session::Peer,
};

/// Has the session meet all people and groups that came along with something.
pub fn meet(session: &MemorySession, users: &[tl::enums::User], chats: &[tl::enums::Chat]) {
    for user in users {
        if let tl::enums::User::User(user) = user {
            meet_user(session, user);
        }
    }
    for chat in chats {
        meet_chat(session, chat);
    }
}

fn meet_user(session: &MemorySession, user: &tl::types::User) {
    let Some(peer) = PeerId::user(user.id).and_then(PeerId::bot_api_dialog_id) else { return };
    let told = Peer {
        // A "min" user's hash opens nothing by itself: <https://core.telegram.org/api/min>.
        hash: user.access_hash.filter(|_| !user.min),
        name: user.first_name.clone().unwrap_or_default(),
        last_name: user.last_name.clone().filter(|name| !name.is_empty()),
        username: user.username.clone(),
        is_bot: user.bot,
        language: user.lang_code.clone(),
    };
    session.meet(ChatId::new(peer), told);
}

fn meet_chat(session: &MemorySession, chat: &tl::enums::Chat) {
    let (peer, hash, title, username) = match chat {
        tl::enums::Chat::Chat(chat) => (PeerId::chat(chat.id), None, &chat.title, None),
        tl::enums::Chat::Forbidden(chat) => (PeerId::chat(chat.id), None, &chat.title, None),
        tl::enums::Chat::Channel(channel) => {
            let hash = channel.access_hash.filter(|_| !channel.min);
            (PeerId::channel(channel.id), hash, &channel.title, channel.username.clone())
        }
        tl::enums::Chat::ChannelForbidden(channel) => {
            (PeerId::channel(channel.id), Some(channel.access_hash), &channel.title, None)
        }
        _ => return,
    };
    let Some(id) = peer.and_then(PeerId::bot_api_dialog_id) else { return };
    session.meet(ChatId::new(id), Peer { hash, name: title.clone(), username, ..Peer::default() });
}

/// Who the account is, as Telegram says at the end of signing in.
pub fn identity(user: &tl::types::User) -> Identity {
    Identity {
        user: UserId::new(user.id),
        first_name: user.first_name.clone().unwrap_or_default(),
        username: user.username.clone(),
    }
}

/// What an update says that matters to bots: a message that somebody else wrote or changed, or that is gone. `None` for
/// all else.
pub fn happened(session: &MemorySession, update: tl::enums::Update) -> Option<Happened> {
    use tl::enums::Update;
    let (message, edited) = match update {
        Update::NewMessage(update) => (update.message, false),
        Update::NewChannelMessage(update) => (update.message, false),
        Update::EditMessage(update) => (update.message, true),
        Update::EditChannelMessage(update) => (update.message, true),
        Update::DeleteMessages(update) => return Some(deleted(None, update.messages)),
        Update::DeleteChannelMessages(update) => {
            let channel = tl::types::PeerChannel { channel_id: update.channel_id };
            return Some(deleted(dialog(&channel.into()), update.messages));
        }
        _ => return None,
    };
    let tl::enums::Message::Message(message) = message else { return None };
    // Our own messages come back to us, too. Posts of a channel, and of a group's anonymous admins, have no person.
    if message.out || message.post {
        return None;
    }
    let chat = dialog(&message.peer_id)?;
    let sender = match (&message.from_id, &message.peer_id) {
        (Some(tl::enums::Peer::User(user)), _) | (None, tl::enums::Peer::User(user)) => {
            UserId::new(user.user_id)
        }
        _ => return None,
    };
    let time = Timestamp::from_seconds(message.date.into());
    let changed = message.edit_date.map(|date| Timestamp::from_seconds(date.into()));
    // A message whose edit only changed what is shown around it (reactions, previews) is no edit to people.
    if edited && (message.edit_hide || changed.is_none()) {
        return None;
    }
    let content = Message {
        id: MessageId::new(message.id),
        reply_to: message.reply_to.as_ref().and_then(replied_to),
        mentions_bot: message.mentioned,
        media: message.media.as_ref().and_then(media),
        text: message.message,
    };
    Some(Happened::Said(Box::new(Said {
        chat: Chat { id: chat, title: title(session, chat) },
        sender: person(session, sender),
        time,
        edited: changed.filter(|_| edited),
        message: content,
    })))
}

fn deleted(chat: Option<ChatId>, messages: Vec<i32>) -> Happened {
    Happened::Deleted { chat, messages: messages.into_iter().map(MessageId::new).collect() }
}

/// The chat that Telegram means.
pub fn dialog(peer: &tl::enums::Peer) -> Option<ChatId> {
    let peer = match peer {
        tl::enums::Peer::User(user) => PeerId::user(user.user_id),
        tl::enums::Peer::Chat(chat) => PeerId::chat(chat.chat_id),
        tl::enums::Peer::Channel(channel) => PeerId::channel(channel.channel_id),
    };
    peer.and_then(PeerId::bot_api_dialog_id).map(ChatId::new)
}

fn title(session: &MemorySession, chat: ChatId) -> Option<String> {
    let is_group = chat.kind() == troupe_types::ChatKind::Group;
    session.peer_of(chat).filter(|known| is_group && !known.name.is_empty()).map(|known| known.name)
}

fn person(session: &MemorySession, user: UserId) -> Person {
    let known = session.peer_of(ChatId::direct(user)).unwrap_or_default();
    Person {
        id: user,
        first_name: known.name,
        last_name: known.last_name,
        username: known.username,
        language: known.language,
        is_bot: known.is_bot,
    }
}

fn replied_to(header: &tl::enums::MessageReplyHeader) -> Option<MessageId> {
    match header {
        tl::enums::MessageReplyHeader::Header(header) => header.reply_to_msg_id.map(MessageId::new),
        tl::enums::MessageReplyHeader::MessageReplyStoryHeader(_) => None,
    }
}

fn media(media: &tl::enums::MessageMedia) -> Option<Media> {
    use tl::enums::MessageMedia;
    let attached = match media {
        MessageMedia::Empty | MessageMedia::WebPage(_) => return None,
        MessageMedia::Photo(media) => Media {
            kind: MediaKind::Photo,
            bytes: match &media.photo {
                Some(tl::enums::Photo::Photo(photo)) => largest_size(photo).1,
                _ => 0,
            },
            mime: Some("image/jpeg".to_owned()),
        },
        MessageMedia::Document(media) => match &media.document {
            Some(tl::enums::Document::Document(document)) => Media {
                kind: MediaKind::Document,
                bytes: u64::try_from(document.size).unwrap_or_default(),
                mime: Some(document.mime_type.clone()),
            },
            _ => Media { kind: MediaKind::Document, bytes: 0, mime: None },
        },
        _ => Media { kind: MediaKind::Other, bytes: 0, mime: None },
    };
    Some(attached)
}

/// The type and size in bytes of a photo's largest form. Source: <https://core.telegram.org/api/files#image-thumbnail-types>.
pub fn largest_size(photo: &tl::types::Photo) -> (String, u64) {
    let sizes = photo.sizes.iter().filter_map(|size| match size {
        tl::enums::PhotoSize::Size(size) => Some((size.r#type.clone(), size.size)),
        tl::enums::PhotoSize::Progressive(size) => {
            Some((size.r#type.clone(), size.sizes.iter().copied().max().unwrap_or_default()))
        }
        _ => None,
    });
    sizes
        .max_by_key(|(_, bytes)| *bytes)
        .map(|(name, bytes)| (name, u64::try_from(bytes).unwrap_or_default()))
        .unwrap_or_default()
}
