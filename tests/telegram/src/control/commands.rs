//! What the control API does, for HTTP and for tests in the same process.

use std::time::Duration;

use tokio::time::Instant;

use super::model::{AccountView, GroupView, LedgerEntry, LedgerPage, LedgerQuery};
use crate::{
    clock,
    connection::Hub,
    crypto::{self, srp::Verifier},
    state::{
        CAPTION_UNITS_MAX, Chat, Draft, Media, NewAccount, NewGroup, Peer, Refusal, State, TEXT_UNITS_MAX,
        generated_bytes, generated_photo,
    },
};

/// How many messages of the ledger one answer has if the caller names no limit.
const PAGE: usize = 1000;
/// The longest that the ledger is waited for.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// The largest file that is made up.
const FILE_BYTES_MAX: usize = 50 << 20;

/// Where a simulated person speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// In the direct chat with this account.
    User(i64),
    /// In this group, given by its dialog id.
    Group(i64),
}

/// A file to make up.
#[derive(Debug, Clone)]
pub enum MadeUp {
    /// A photo of so many bytes (at least those of a tiny JPEG).
    Photo(usize),
    /// A document.
    Document {
        /// How many bytes.
        bytes: usize,
        /// Such as `application/pdf`.
        mime: String,
        /// The file name.
        name: String,
    },
}

/// What a simulated person says.
#[derive(Debug, Clone)]
pub struct Speech {
    /// Who.
    pub from: i64,
    /// Where.
    pub to: To,
    /// The text, or the caption.
    pub text: String,
    /// The ledger number of the message to answer.
    pub reply_to: Option<u64>,
    /// What to attach.
    pub file: Option<MadeUp>,
}

impl Hub {
    /// Creates an account.
    pub fn create_account(&self, new: NewAccount) -> Result<AccountView, Refusal> {
        // Before the lock: deriving the verifier is slow.
        let password = new.password.as_deref().map(Verifier::new);
        self.lock().create_account(new, password).map(AccountView::of)
    }

    /// Creates a group.
    pub fn create_group(&self, new: NewGroup) -> Result<GroupView, Refusal> {
        self.lock().create_group(new).map(GroupView::of)
    }

    /// Adds an account to a group.
    pub fn add_member(&self, dialog: i64, user: i64) -> Result<GroupView, Refusal> {
        let mut state = self.lock();
        state.existing_account(user)?;
        let creator = state.existing_group(dialog)?.creator;
        if state.add_member(dialog, user, creator, None).is_none() {
            return Err(Refusal::Conflict(format!("account {user} is in group {dialog} already")));
        }
        Ok(GroupView::of(state.group(dialog)))
    }

    /// Takes an account out of a group.
    pub fn remove_member(&self, dialog: i64, user: i64) -> Result<GroupView, Refusal> {
        let mut state = self.lock();
        let creator = state.existing_group(dialog)?.creator;
        if state.remove_member(dialog, user, creator, None).is_none() {
            return Err(Refusal::NotFound(format!("account {user} is not in group {dialog}")));
        }
        Ok(GroupView::of(state.group(dialog)))
    }

    /// The latest login code of an account.
    pub fn code(&self, account: i64) -> Result<String, Refusal> {
        let state = self.lock();
        let account = state.existing_account(account)?;
        let none = || {
            let how = "have the client call auth.sendCode first (a code is spent by signing in)";
            Refusal::NotFound(format!("no login code was asked for account {account}: {how}"))
        };
        state.account(account).code.as_ref().map(|code| code.code.clone()).ok_or_else(none)
    }

    /// Lets a simulated person speak.
    pub fn speak(&self, speech: Speech) -> Result<LedgerEntry, Refusal> {
        let mut state = self.lock();
        let from = state.existing_account(speech.from)?;
        let chat = match speech.to {
            To::User(user) => Chat::direct(from, state.existing_account(user)?),
            To::Group(dialog) => {
                if !state.existing_group(dialog)?.has(from) {
                    let how = format!("add it with POST /groups/{dialog}/members");
                    return Err(Refusal::Conflict(format!("account {from} is not in group {dialog}: {how}")));
                }
                Chat::Group(dialog)
            }
        };
        check_text(&speech.text, speech.file.is_some())?;
        let reply_to = match speech.reply_to {
            None => None,
            Some(sequence) => {
                let index = state.ledger_index(sequence)?;
                if state.messages[index].chat != chat {
                    let text =
                        format!("message {sequence} is in another chat: reply_to has to be in the same one");
                    return Err(Refusal::Invalid(text));
                }
                Some(index)
            }
        };
        let media = match speech.file {
            None => None,
            Some(file) => Some(make_up(&mut state, file)?),
        };
        let index = state.post(Draft { reply_to, media, ..Draft::text(from, chat, speech.text) }, None);
        Ok(LedgerEntry::of(&state, &state.messages[index]))
    }

    /// Changes a message's text.
    pub fn edit(&self, sequence: u64, text: String) -> Result<LedgerEntry, Refusal> {
        let mut state = self.lock();
        let index = state.ledger_index(sequence)?;
        if state.messages[index].deleted {
            return Err(Refusal::Conflict(format!("message {sequence} is deleted")));
        }
        check_text(&text, state.messages[index].media.is_some())?;
        state.edit(index, text, Vec::new(), None);
        Ok(LedgerEntry::of(&state, &state.messages[index]))
    }

    /// Deletes a message for everyone.
    pub fn delete(&self, sequence: u64) -> Result<LedgerEntry, Refusal> {
        let mut state = self.lock();
        let index = state.ledger_index(sequence)?;
        let (chat, from) = (state.messages[index].chat, state.messages[index].from);
        match (chat, state.messages[index].group_id) {
            (Chat::Group(dialog), Some((id, _))) => {
                state.delete_super(dialog, &[id], None);
            }
            _ => {
                state.delete_common(from, &[index], true, None);
            }
        }
        Ok(LedgerEntry::of(&state, &state.messages[index]))
    }

    /// A part of the ledger; waits for it if asked to.
    pub async fn ledger(&self, query: &LedgerQuery) -> Result<LedgerPage, Refusal> {
        let between = query.between.as_deref().map(parse_between).transpose()?;
        let deadline = Instant::now() + Duration::from_millis(query.wait_ms.unwrap_or(0)).min(WAIT_MAX);
        let mut changes = self.lock().watch();
        loop {
            // Seen before looking: what changes while looking wakes the wait below.
            changes.mark_unchanged();
            let page = self.lock().ledger_page(query, between);
            if !page.messages.is_empty() {
                return Ok(page);
            }
            match tokio::time::timeout_at(deadline, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Ok(page),
            }
        }
    }

    /// Registers a key of 256 bytes for an account, as if it had signed in with it.
    pub fn register_key(&self, account: i64, key: &[u8]) -> Result<i64, Refusal> {
        let bytes = key.try_into().map_err(|_| {
            Refusal::Invalid(format!("the key has {} bytes: an authorization key has 256", key.len()))
        })?;
        let mut state = self.lock();
        let account = state.existing_account(account)?;
        state.add_key(bytes, i64::from_le_bytes(crypto::random()), Some(account))
    }
}

impl State {
    fn ledger_index(&self, sequence: u64) -> Result<usize, Refusal> {
        let at = usize::try_from(sequence).ok().and_then(|sequence| sequence.checked_sub(1));
        let missing = || Refusal::NotFound(format!("there is no message {sequence}: GET /ledger lists them"));
        at.and_then(|at| self.ledger.get(at)).copied().ok_or_else(missing)
    }

    fn ledger_page(&self, query: &LedgerQuery, between: Option<Chat>) -> LedgerPage {
        let start = usize::try_from(query.after.unwrap_or(0)).unwrap_or(usize::MAX).min(self.ledger.len());
        let wanted = |index: &&usize| {
            let message = &self.messages[**index];
            let of_user = |user: i64| {
                message.from == user || matches!(message.chat, Chat::Direct(a, b) if a == user || b == user)
            };
            query.user.is_none_or(of_user)
                && query.group.is_none_or(|dialog| message.chat == Chat::Group(dialog))
                && between.is_none_or(|chat| message.chat == chat)
        };
        let messages = self.ledger[start..]
            .iter()
            .filter(wanted)
            .take(query.limit.unwrap_or(PAGE))
            .map(|index| LedgerEntry::of(self, &self.messages[*index]))
            .collect();
        LedgerPage { messages, last: self.ledger.len() as u64 }
    }
}

fn parse_between(text: &str) -> Result<Chat, Refusal> {
    let pair = text.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    let (a, b) =
        pair.ok_or_else(|| Refusal::Invalid(format!("between={text} is not two user ids, as in 1,2")))?;
    Ok(Chat::direct(a, b))
}

fn check_text(text: &str, has_media: bool) -> Result<(), Refusal> {
    let units = i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX);
    let units_max = if has_media { CAPTION_UNITS_MAX } else { TEXT_UNITS_MAX };
    if units > units_max {
        return Err(Refusal::Invalid(format!("text has {units} UTF-16 units: {units_max} are the most")));
    }
    if !has_media && text.trim().is_empty() {
        return Err(Refusal::Invalid("text is empty: say something, or attach a photo or document".into()));
    }
    Ok(())
}

fn make_up(state: &mut State, file: MadeUp) -> Result<Media, Refusal> {
    let size = match &file {
        MadeUp::Photo(bytes) | MadeUp::Document { bytes, .. } => *bytes,
    };
    if size == 0 || size > FILE_BYTES_MAX {
        return Err(Refusal::Invalid(format!("a file of {size} bytes: use 1 to {FILE_BYTES_MAX}")));
    }
    let seed = u64::try_from(clock::now_ms()).unwrap_or(0);
    let file = match file {
        MadeUp::Photo(bytes) => state.store_photo(generated_photo(bytes, seed)),
        MadeUp::Document { bytes, mime, name } => {
            state.store_document(generated_bytes(bytes, seed), mime, Some(name), Vec::new())
        }
    };
    Ok(Media { file, spoiler: false })
}

/// A user id or a group's dialog id as the place to speak.
impl From<Peer> for To {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::User(id) => Self::User(id),
            Peer::Basic(_) | Peer::Super(_) => Self::Group(peer.dialog()),
        }
    }
}
