//! A message, and the names of the chats it can be in.

use std::collections::{BTreeMap, BTreeSet};

use grammers_tl_types::{enums, types};

use super::Media;

/// The distance between a supergroup's id and its dialog id.
const SUPER_OFFSET: i64 = 1_000_000_000_000;

/// A chat, named the same for everyone in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chat {
    /// Two people, the lower id first; the same twice is somebody's saved messages.
    Direct(i64, i64),
    /// A group by its dialog id, which tells the kind.
    Group(i64),
}

impl Chat {
    /// The direct chat of two people.
    pub fn direct(a: i64, b: i64) -> Self {
        Self::Direct(a.min(b), a.max(b))
    }

    /// How one of its people sees the chat.
    pub fn peer(self, viewer: i64) -> Peer {
        match self {
            Self::Direct(a, b) => Peer::User(if viewer == a { b } else { a }),
            Self::Group(dialog) => Peer::of_dialog(dialog),
        }
    }

    /// Whether it counts messages by itself rather than in each member's box.
    pub fn is_super(self) -> bool {
        matches!(self, Self::Group(dialog) if dialog < -SUPER_OFFSET)
    }
}

/// A chat as one account sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// The direct chat with this user.
    User(i64),
    /// A basic group, by its bare id.
    Basic(i64),
    /// A supergroup, by its bare id.
    Super(i64),
}

impl Peer {
    /// The peer of a dialog id in Bot API numbering: <https://core.telegram.org/api/bots/ids>.
    pub fn of_dialog(dialog: i64) -> Self {
        match dialog {
            0.. => Self::User(dialog),
            _ if dialog < -SUPER_OFFSET => Self::Super((-SUPER_OFFSET).wrapping_sub(dialog)),
            _ => Self::Basic(-dialog),
        }
    }

    /// The dialog id. A client may name a peer by any number: those that are out of range wrap around, and are
    /// nobody's.
    pub fn dialog(self) -> i64 {
        match self {
            Self::User(id) => id,
            Self::Basic(id) => id.wrapping_neg(),
            Self::Super(id) => (-SUPER_OFFSET).wrapping_sub(id),
        }
    }

    /// The chat that `viewer` sees as this.
    pub fn chat(self, viewer: i64) -> Chat {
        match self {
            Self::User(id) => Chat::direct(viewer, id),
            Self::Basic(_) | Self::Super(_) => Chat::Group(self.dialog()),
        }
    }

    /// As TL says it.
    pub fn tl(self) -> enums::Peer {
        match self {
            Self::User(user_id) => types::PeerUser { user_id }.into(),
            Self::Basic(chat_id) => types::PeerChat { chat_id }.into(),
            Self::Super(channel_id) => types::PeerChannel { channel_id }.into(),
        }
    }
}

/// Where a forwarded message comes from.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Who wrote the original.
    pub from: i64,
    /// When.
    pub time_ms: i64,
    /// The original.
    pub message: usize,
}

/// What a service message tells.
#[derive(Debug, Clone)]
pub enum Service {
    /// A group was created with these members.
    Created(Vec<i64>),
    /// Somebody was added, or joined.
    Added(i64),
    /// Somebody left, or was removed.
    Removed(i64),
}

/// A message as it was accepted, and what became of it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its number in the ledger; service messages have none.
    pub sequence: Option<u64>,
    /// Where.
    pub chat: Chat,
    /// Who.
    pub from: i64,
    /// When it was accepted.
    pub time_ms: i64,
    /// The text, or the caption.
    pub text: String,
    /// Formatting and mentions.
    pub entities: Vec<enums::MessageEntity>,
    /// The message that it answers.
    pub reply_to: Option<usize>,
    /// The sender's number for it; 0 if it came through the control API.
    pub random_id: i64,
    /// A photo or document.
    pub media: Option<Media>,
    /// The album it belongs to.
    pub grouped_id: Option<i64>,
    /// Set on a forwarded message.
    pub forward: Option<Forward>,
    /// When it was last edited.
    pub edited_ms: Option<i64>,
    /// Whether it was deleted for everyone.
    pub deleted: bool,
    /// How often its `random_id` came again.
    pub repeats: u32,
    /// In direct chats and basic groups: its id in the box of each account, and the `pts` there.
    pub ids: BTreeMap<i64, (i32, i32)>,
    /// In supergroups: its id, and the group's `pts`.
    pub group_id: Option<(i32, i32)>,
    /// Who is mentioned in it or answered by it.
    pub mentioned: BTreeSet<i64>,
    /// Reactions by account.
    pub reactions: BTreeMap<i64, Vec<enums::Reaction>>,
    /// Set on a service message.
    pub service: Option<Service>,
}

impl Message {
    /// The message's id as `viewer` counts.
    pub fn id_for(&self, viewer: i64) -> Option<i32> {
        self.group_id.or_else(|| self.ids.get(&viewer).copied()).map(|(id, _)| id)
    }

    /// The `pts` that the message's arrival has for `viewer`.
    pub fn pts_for(&self, viewer: i64) -> Option<i32> {
        self.group_id.or_else(|| self.ids.get(&viewer).copied()).map(|(_, pts)| pts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialog_ids_are_those_of_the_bot_api() {
        for (peer, dialog) in [
            (Peer::User(700_000_001), 700_000_001),
            (Peer::Basic(400_000_001), -400_000_001),
            (Peer::Super(1_500_000_001), -1_001_500_000_001),
        ] {
            assert_eq!(peer.dialog(), dialog);
            assert_eq!(Peer::of_dialog(dialog), peer);
        }
    }

    #[test]
    fn both_people_name_one_direct_chat() {
        assert_eq!(Peer::User(2).chat(1), Peer::User(1).chat(2));
        assert_eq!(Chat::direct(5, 5).peer(5), Peer::User(5));
    }
}
