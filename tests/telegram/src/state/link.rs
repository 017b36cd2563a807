//! Authorization keys, the connections that use them, and the account of both.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use grammers_tl_types::{Serializable, enums, types};
use tokio::sync::mpsc;

use super::{Refusal, Seen, State};
use crate::{
    clock,
    crypto::packet::{self, AuthKey},
    error::RpcError,
    wire,
};

/// A connection's number.
pub type LinkId = u64;

/// What a connection's writer is told to do, in order.
#[derive(Debug)]
pub enum Out {
    /// Seal this with the key and send it.
    Sealed(Arc<AuthKey>, packet::Message),
    /// Send this as it is (key exchange).
    Plain(Vec<u8>),
    /// Send a transport error.
    Error(i32),
    /// Close the connection.
    Close,
}

/// Whether a message answers the client or comes unasked; the lowest bits of its id tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushKind {
    /// An answer.
    Answer,
    /// Unasked.
    Push,
}

/// How a client introduced itself in `initConnection`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// `device_model`.
    pub device: String,
    /// `app_version`.
    pub app_version: String,
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFate {
    /// In use.
    Alive,
    /// Every call is refused with this.
    Refused(RpcError),
}

/// An authorization key.
#[derive(Debug)]
pub struct Key {
    /// The 256 bytes.
    pub bytes: Arc<AuthKey>,
    /// The salt that packets have to carry.
    pub salt: i64,
    /// Who signed in with it.
    pub account: Option<i64>,
    /// Who has given the code and owes the password.
    pub password_pending: Option<i64>,
    /// The running password check: its number and the server's secret.
    pub challenge: Option<(i64, crate::crypto::srp::Challenge)>,
    /// Whether it still works.
    pub fate: KeyFate,
    /// The client's sessions under this key: how many content-related messages went out.
    sessions: HashMap<i64, i32>,
}

/// An open connection that showed a key.
#[derive(Debug)]
pub struct Link {
    /// Which key.
    pub key: i64,
    /// The client's session, as soon as it is known.
    pub session: i64,
    out: mpsc::UnboundedSender<Out>,
    fingerprint: Option<Fingerprint>,
    /// Whether pushes go there: it called something that is not wrapped in `invokeWithoutUpdates`.
    pub subscribed: bool,
    record: usize,
    /// The latest answers by the message id that they answer, for requests that come a second time.
    answered: VecDeque<(i64, Vec<u8>)>,
}

/// One connection in the account of all connections.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// Who was signed in last.
    pub account: Option<i64>,
    /// Which key.
    pub key: i64,
    /// How it introduced itself.
    pub fingerprint: Option<Fingerprint>,
    /// When the TCP connection was accepted.
    pub opened_ms: i64,
    /// When it ended.
    pub closed_ms: Option<i64>,
    /// Which transport it speaks.
    pub transport: &'static str,
}

/// One key used from two places at once.
#[derive(Debug, Clone)]
pub struct Overlap {
    /// When the second one introduced itself.
    pub time_ms: i64,
    /// The key.
    pub key: i64,
    /// Whose.
    pub account: Option<i64>,
    /// Indices into the list of sessions: who was there, who came.
    pub sessions: (usize, usize),
}

impl State {
    /// Takes up a key that was agreed on or registered beforehand.
    ///
    /// # Errors
    /// The key is known already.
    pub fn add_key(&mut self, bytes: AuthKey, salt: i64, account: Option<i64>) -> Result<i64, Refusal> {
        let id = packet::key_id(&bytes);
        if self.keys.contains_key(&id) {
            return Err(Refusal::Conflict(
                "that key is known already: make a new one of 256 random bytes".into(),
            ));
        }
        let key = Key {
            bytes: Arc::new(bytes),
            salt,
            account,
            password_pending: None,
            challenge: None,
            fate: KeyFate::Alive,
            sessions: HashMap::new(),
        };
        self.keys.insert(id, key);
        Ok(id)
    }

    /// Makes all keys of an account useless: every call gets 401 `SESSION_REVOKED`. Returns how many there were.
    pub fn revoke_keys(&mut self, account: i64) -> usize {
        let mut count = 0;
        for key in self.keys.values_mut().filter(|key| key.account == Some(account)) {
            key.fate = KeyFate::Refused(RpcError::unauthorized("SESSION_REVOKED"));
            count += 1;
        }
        count
    }

    /// Forgets all keys of an account, as if they had never been: packets get transport error -404. Open
    /// connections are closed. Returns how many keys there were.
    pub fn forget_keys(&mut self, account: i64) -> usize {
        self.kill_links(Some(account));
        let before = self.keys.len();
        self.keys.retain(|_, key| key.account != Some(account));
        before - self.keys.len()
    }

    /// Gives a connection's key another server salt.
    pub fn change_salt(&mut self, link: LinkId) -> i64 {
        let salt = i64::from_le_bytes(crate::crypto::random());
        if let Some(key) = self.link_key(link) {
            key.salt = salt;
        }
        salt
    }

    /// Takes up a connection that showed a known key.
    pub fn open_link(
        &mut self,
        key: i64,
        out: mpsc::UnboundedSender<Out>,
        transport: &'static str,
        opened_ms: i64,
    ) -> LinkId {
        let account = self.keys.get(&key).and_then(|key| key.account);
        let record = SessionRecord { account, key, fingerprint: None, opened_ms, closed_ms: None, transport };
        self.sessions.push(record);
        self.last_link += 1;
        let link = Link {
            key,
            session: 0,
            out,
            fingerprint: None,
            subscribed: false,
            record: self.sessions.len() - 1,
            answered: VecDeque::new(),
        };
        self.links.insert(self.last_link, link);
        self.last_link
    }

    /// Notes that a connection is gone.
    pub fn close_link(&mut self, link: LinkId) {
        if let Some(link) = self.links.remove(&link) {
            self.sessions[link.record].closed_ms = Some(clock::now_ms());
        }
    }

    /// Closes connections: an account's, or all. Returns how many.
    pub fn kill_links(&mut self, account: Option<i64>) -> usize {
        let of = |link: &&Link| {
            account.is_none() || self.keys.get(&link.key).is_some_and(|key| key.account == account)
        };
        self.links.values().filter(of).filter_map(|link| link.out.send(Out::Close).ok()).count()
    }

    /// Notes the session id of a packet; returns true if the key never saw it before.
    pub fn meet_session(&mut self, link: LinkId, session: i64) -> bool {
        let Some(link) = self.links.get_mut(&link) else { return false };
        link.session = session;
        let Some(key) = self.keys.get_mut(&link.key) else { return false };
        let new = !key.sessions.contains_key(&session);
        key.sessions.entry(session).or_insert(0);
        new
    }

    /// Forgets the session that a connection is in, as if its packet had never come.
    pub fn forget_session(&mut self, link: LinkId) {
        let Some(link) = self.links.get(&link) else { return };
        if let Some(key) = self.keys.get_mut(&link.key) {
            key.sessions.remove(&link.session);
        }
    }

    /// Notes how a connection introduced itself, and looks whether its key is in use elsewhere.
    ///
    /// Two places are two connections whose device model or app version differ: a client that reconnects has the
    /// same, and its old connection may not have ended yet.
    ///
    /// # Errors
    /// It is: both are counted, and the key dies unless the settings say otherwise.
    pub fn introduce(&mut self, link: LinkId, fingerprint: &Fingerprint) -> Result<(), RpcError> {
        let Some(newcomer) = self.links.get_mut(&link) else { return Ok(()) };
        newcomer.fingerprint = Some(fingerprint.clone());
        let (key, record) = (newcomer.key, newcomer.record);
        self.sessions[record].fingerprint = Some(fingerprint.clone());
        let other = self.links.iter().find(|(id, other)| {
            **id != link
                && other.key == key
                && other.fingerprint.as_ref().is_some_and(|theirs| theirs != fingerprint)
        });
        let Some(other) = other.map(|(_, other)| other.record) else { return Ok(()) };
        let account = self.keys.get(&key).and_then(|key| key.account);
        self.overlaps.push(Overlap { time_ms: clock::now_ms(), key, account, sessions: (other, record) });
        tracing::warn!(?account, "one key is used from two places");
        if !self.settings.overlap_kills_key {
            return Ok(());
        }
        let error = RpcError::new(406, "AUTH_KEY_DUPLICATED");
        if let Some(key) = self.keys.get_mut(&key) {
            key.fate = KeyFate::Refused(error.clone());
        }
        Err(error)
    }

    /// The account of a connection's key.
    pub fn link_account(&self, link: LinkId) -> Option<i64> {
        self.keys.get(&self.links.get(&link)?.key)?.account
    }

    /// A connection's key.
    pub fn link_key(&mut self, link: LinkId) -> Option<&mut Key> {
        self.keys.get_mut(&self.links.get(&link)?.key)
    }

    /// Binds a connection's key to an account, or frees it.
    pub fn sign_in(&mut self, link: LinkId, account: Option<i64>) {
        if let Some(key) = self.link_key(link) {
            key.account = account;
            key.password_pending = None;
            key.challenge = None;
        }
        let Some(key) = self.links.get(&link).map(|link| link.key) else { return };
        if account.is_some() {
            for open in self.links.values().filter(|open| open.key == key) {
                self.sessions[open.record].account = account;
            }
        }
    }

    /// Queues a message for a connection. `content` says that it wants to be acknowledged.
    pub fn send(&mut self, link: LinkId, body: Vec<u8>, kind: PushKind, content: bool) {
        let id = self.next_message_id(kind);
        let Some(link) = self.links.get(&link) else { return };
        let Some(key) = self.keys.get_mut(&link.key) else { return };
        let count = key.sessions.entry(link.session).or_insert(0);
        let sequence = *count * 2 + i32::from(content);
        *count += i32::from(content);
        let message = packet::Message { salt: key.salt, session_id: link.session, id, sequence, body };
        // A receiver that is gone has closed already.
        let _ = link.out.send(Out::Sealed(Arc::clone(&key.bytes), message));
    }

    /// Remembers the answer to a request, for the case that the request comes again.
    pub fn remember_answer(&mut self, link: LinkId, request: i64, answer: Vec<u8>) {
        const ANSWERS_MAX: usize = 64;
        // File parts are asked for again under a new id, and would fill the memory.
        const ANSWER_BYTES_MAX: usize = 16 * 1024;
        let Some(link) = self.links.get_mut(&link) else { return };
        if answer.len() <= ANSWER_BYTES_MAX {
            link.answered.truncate(ANSWERS_MAX - 1);
            link.answered.push_front((request, answer));
        }
    }

    /// The answer that a request got before on this connection.
    pub fn answer_to(&self, link: LinkId, request: i64) -> Option<Vec<u8>> {
        let link = self.links.get(&link)?;
        link.answered.iter().find(|(id, _)| *id == request).map(|(_, answer)| answer.clone())
    }

    /// A message id: strictly growing, close to the time, its lowest bits by the kind.
    ///
    /// Source: <https://core.telegram.org/mtproto/description#message-identifier-msg-id>.
    pub fn next_message_id(&mut self, kind: PushKind) -> i64 {
        let now = clock::now_ms().saturating_add(self.settings.clock_skew_ms);
        let now = ((now / 1000) << 32) | (((now % 1000) << 32) / 1000);
        self.last_message_id = now.max(self.last_message_id.saturating_add(4)) & !3;
        self.last_message_id | if kind == PushKind::Answer { 1 } else { 3 }
    }

    /// Pushes one update to everywhere an account is connected, but for one connection.
    pub fn push_update(&mut self, account: i64, update: enums::Update, seen: Seen, except: Option<LinkId>) {
        let updates = self.wrap(account, vec![update], seen);
        self.push(account, &updates, except);
    }

    /// Pushes updates to everywhere an account is connected, but for one connection.
    pub fn push(&mut self, account: i64, updates: &enums::Updates, except: Option<LinkId>) {
        if self.account(account).muted {
            return;
        }
        let listens = |link: &Link| {
            let key = self.keys.get(&link.key);
            link.subscribed
                && key.is_some_and(|key| key.account == Some(account) && key.fate == KeyFate::Alive)
        };
        let to: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(id, link)| Some(**id) != except && listens(link))
            .map(|(id, _)| *id)
            .collect();
        if to.is_empty() {
            return;
        }
        let body = wire::zipped(updates.to_bytes());
        let times = if self.settings.duplicate_pushes { 2 } else { 1 };
        for link in to {
            for _ in 0..times {
                self.send(link, body.clone(), PushKind::Push, true);
            }
        }
    }

    /// Updates with the people and groups they speak of, as `viewer` sees them.
    pub fn wrap(&self, viewer: i64, updates: Vec<enums::Update>, seen: Seen) -> enums::Updates {
        let (users, chats) = self.introduced(viewer, seen);
        types::Updates { updates, users, chats, date: clock::now(), seq: 0 }.into()
    }
}
