//! What the control API says and takes, as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::state::{Account, ActivityKind, Chat, FileKind, Group, GroupKind, Message, Peer, State};

/// An account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// The user id.
    pub id: i64,
    /// In international form; absent for bots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The token that a bot signs in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_token: Option<String>,
    /// Without the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Whether it is a bot.
    pub bot: bool,
    /// Whether signing in asks for a password.
    pub has_password: bool,
    /// Whether pushes to it are lost.
    pub muted: bool,
}

impl AccountView {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            id: account.id,
            phone: account.phone.as_ref().map(|digits| format!("+{digits}")),
            bot_token: account.bot_token.clone(),
            username: account.username.clone(),
            first_name: account.first_name.clone(),
            last_name: account.last_name.clone(),
            bot: account.is_bot(),
            has_password: account.password.is_some(),
            muted: account.muted,
        }
    }
}

/// A group.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GroupView {
    /// The dialog id in Bot API numbering: negative.
    pub id: i64,
    /// The title.
    pub title: String,
    /// `basic` or `super`.
    pub kind: String,
    /// Without the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Who created it.
    pub creator: i64,
    /// User ids of those who are in it now.
    pub members: Vec<i64>,
}

impl GroupView {
    pub(super) fn of(group: &Group) -> Self {
        let kind = match group.kind {
            GroupKind::Basic => "basic",
            GroupKind::Super => "super",
        };
        Self {
            id: group.dialog,
            title: group.title.clone(),
            kind: kind.into(),
            username: group.username.clone(),
            creator: group.creator,
            members: group.present().collect(),
        }
    }
}

/// A photo or document in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MediaView {
    /// `photo` or `document`.
    pub kind: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Such as `image/jpeg`.
    pub mime: String,
    /// The file name, for documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One accepted message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerEntry {
    /// Its number in the ledger, from 1.
    pub sequence: u64,
    /// The group's dialog id; null in a direct chat.
    pub group: Option<i64>,
    /// The two people of a direct chat, lower id first (one, for somebody's saved messages); null in a group.
    pub users: Option<Vec<i64>>,
    /// The message id in a supergroup; null elsewhere.
    pub id: Option<i32>,
    /// The message id in each person's own counting, by user id, for direct chats and basic groups.
    pub ids: BTreeMap<i64, i32>,
    /// Who wrote it.
    pub from: i64,
    /// When it was accepted, in milliseconds since 1970.
    pub time_ms: i64,
    /// The text, or the caption.
    pub text: String,
    /// The sender's `random_id`; 0 if it was said through the control API.
    pub random_id: i64,
    /// The ledger number of the message that it answers (null if that is a service message, or none).
    pub reply_to: Option<u64>,
    /// The id of the message that it answers, as the sender counts.
    pub reply_to_id: Option<i32>,
    /// What is attached.
    pub media: Option<MediaView>,
    /// The album it belongs to.
    pub grouped_id: Option<i64>,
    /// The ledger number of the message that it forwards.
    pub forwarded: Option<u64>,
    /// Who is mentioned by name or answered.
    pub mentioned: Vec<i64>,
    /// Reactions as emoji, by user id.
    pub reactions: BTreeMap<i64, Vec<String>>,
    /// Whether it was edited.
    pub edited: bool,
    /// When it was last edited.
    pub edited_ms: Option<i64>,
    /// Whether it was deleted for everyone.
    pub deleted: bool,
    /// How often its `random_id` came again.
    pub repeats: u32,
}

impl LedgerEntry {
    pub(crate) fn of(state: &State, message: &Message) -> Self {
        let media = message.media.and_then(|media| state.files.get(&media.file)).map(|file| MediaView {
            kind: match file.kind {
                FileKind::Photo => "photo".into(),
                FileKind::Document => "document".into(),
            },
            bytes: file.bytes.len() as u64,
            mime: file.mime.clone(),
            name: file.name.clone(),
        });
        let emoji = |reaction: &grammers_tl_types::enums::Reaction| match reaction {
            grammers_tl_types::enums::Reaction::Emoji(emoji) => Some(emoji.emoticon.clone()),
            _ => None,
        };
        let (group, users) = match message.chat {
            Chat::Group(dialog) => (Some(dialog), None),
            Chat::Direct(a, b) if a == b => (None, Some(vec![a])),
            Chat::Direct(a, b) => (None, Some(vec![a, b])),
        };
        let answered = message.reply_to.map(|index| &state.messages[index]);
        Self {
            sequence: message.sequence.unwrap_or(0),
            group,
            users,
            id: message.group_id.map(|(id, _)| id),
            ids: message.ids.iter().map(|(person, (id, _))| (*person, *id)).collect(),
            from: message.from,
            time_ms: message.time_ms,
            text: message.text.clone(),
            random_id: message.random_id,
            reply_to: answered.and_then(|answered| answered.sequence),
            reply_to_id: answered.and_then(|answered| answered.id_for(message.from)),
            media,
            grouped_id: message.grouped_id,
            forwarded: message.forward.as_ref().and_then(|forward| state.messages[forward.message].sequence),
            mentioned: message.mentioned.iter().copied().collect(),
            reactions: message
                .reactions
                .iter()
                .map(|(user, reactions)| (*user, reactions.iter().filter_map(emoji).collect()))
                .collect(),
            edited: message.edited_ms.is_some(),
            edited_ms: message.edited_ms,
            deleted: message.deleted,
            repeats: message.repeats,
        }
    }
}

/// Which part of the ledger is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Only messages with a higher sequence number.
    pub after: Option<u64>,
    /// Only what this account wrote, and what was written to it directly.
    pub user: Option<i64>,
    /// Only this group, by its dialog id.
    pub group: Option<i64>,
    /// Only the direct chat of these two, as `a,b`.
    pub between: Option<String>,
    /// At most so many, the oldest first; 1000 if absent.
    pub limit: Option<usize>,
    /// How long to wait, in milliseconds, until there is something to show; at most 60000.
    pub wait_ms: Option<u64>,
}

/// A part of the ledger.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LedgerPage {
    /// The messages, oldest first.
    pub messages: Vec<LedgerEntry>,
    /// The highest sequence number in the whole ledger; 0 if it is empty.
    pub last: u64,
}

/// A connection, open or ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// Who was signed in; null if nobody.
    pub account: Option<i64>,
    /// The key's id, in hexadecimal.
    pub key_id: String,
    /// `device_model` of `initConnection`; null for a connection that never introduced itself or serves files.
    pub device: Option<String>,
    /// `app_version` of `initConnection`.
    pub app_version: Option<String>,
    /// When the TCP connection was accepted, in milliseconds since 1970.
    pub opened_ms: i64,
    /// When it ended; null while it is open.
    pub closed_ms: Option<i64>,
    /// Such as `full` or `obfuscated abridged`.
    pub transport: String,
}

impl SessionView {
    pub(crate) fn of(state: &State, index: usize) -> Self {
        let record = &state.sessions[index];
        let fingerprint = record.fingerprint.as_ref();
        Self {
            account: record.account,
            key_id: format!("{:016x}", record.key),
            device: fingerprint.map(|fingerprint| fingerprint.device.clone()),
            app_version: fingerprint.map(|fingerprint| fingerprint.app_version.clone()),
            opened_ms: record.opened_ms,
            closed_ms: record.closed_ms,
            transport: record.transport.into(),
        }
    }
}

/// One key used from two places at once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OverlapView {
    /// When the second one introduced itself, in milliseconds since 1970.
    pub time_ms: i64,
    /// Whose key.
    pub account: Option<i64>,
    /// The key's id, in hexadecimal.
    pub key_id: String,
    /// The connection that was there.
    pub first: SessionView,
    /// The connection that came.
    pub second: SessionView,
}

impl OverlapView {
    pub(crate) fn all(state: &State) -> Vec<Self> {
        let one = |overlap: &crate::state::Overlap| Self {
            time_ms: overlap.time_ms,
            account: overlap.account,
            key_id: format!("{:016x}", overlap.key),
            first: SessionView::of(state, overlap.sessions.0),
            second: SessionView::of(state, overlap.sessions.1),
        };
        state.overlaps.iter().map(one).collect()
    }
}

/// Typing or reading that a client did.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ActivityView {
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// Who.
    pub account: i64,
    /// Where: a user id or a group's dialog id.
    pub chat: i64,
    /// `typing`, `cancelled` or `read`.
    pub kind: String,
    /// For `read`: up to which message id, as the account counts.
    pub max_id: Option<i32>,
}

impl ActivityView {
    pub(super) fn of(activity: &crate::state::Activity) -> Self {
        let (kind, max_id) = match activity.kind {
            ActivityKind::Typing => ("typing", None),
            ActivityKind::TypingCancelled => ("cancelled", None),
            ActivityKind::Read(id) => ("read", Some(id)),
        };
        Self {
            time_ms: activity.time_ms,
            account: activity.account,
            chat: Peer::dialog(activity.peer),
            kind: kind.into(),
            max_id,
        }
    }
}
