//! A session as grammers wants it, kept in memory, and as the vault stores it.
//!
//! Three records a bot, since they change at different times: the *secret* (authorization keys; rare, durable before it
//! is used), the *position* (what was handled so far; after each batch) and the *peers* (whom we can address; as they are
//! met). A stale position is safe: what comes twice is recognised by its key. A lost peer costs a look-up.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{SocketAddrV4, SocketAddrV6},
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use grammers_session::{
    BoxFuture, Session, SessionData,
    types::{ChannelKind, ChannelState, DcOption, PeerAuth, PeerId, PeerInfo, UpdateState, UpdatesState},
};
use serde::{Deserialize, Serialize};
use troupe_types::{ChatId, UserId};

/// What must stay secret, and what signing in gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRecord {
    home: i32,
    centres: BTreeMap<i32, Centre>,
    user: UserId,
    is_bot: bool,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Centre {
    address: SocketAddrV4,
    /// 256 bytes in base64.
    key: Option<String>,
}

impl std::fmt::Debug for Centre {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Centre")
            .field("address", &self.address)
            .field("key", &self.key.as_ref().map(|_| "***"))
            .finish()
    }
}

/// How far updates were handled: Telegram's `pts` and its companions.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRecord {
    /// Whose position it is: an account's goes on when the account signs in anew, another account's is worth nothing.
    user: Option<UserId>,
    pts: i32,
    qts: i32,
    date: i32,
    seq: i32,
    channels: BTreeMap<i64, i32>,
    /// Of the account's own chats.
    #[serde(default)]
    newest_message: i32,
}

impl PositionRecord {
    /// Whose position it is.
    pub const fn account(&self) -> Option<UserId> {
        self.user
    }
}

/// How far updates were handled, as a live session has it.
#[derive(Debug, Clone, Default)]
pub struct Position {
    /// In grammers's form.
    pub updates: UpdatesState,
    /// The newest message of the account's own chats, which are its direct chats and basic groups: an account counts its
    /// messages through all of them. 0 if none was heard of yet.
    pub newest_message: i32,
}

/// Whom the bot can address.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeersRecord {
    /// Who can address them: each account has hashes of its own.
    user: Option<UserId>,
    peers: BTreeMap<ChatId, Peer>,
}

/// What is known of a person or a group.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// The access hash, which is this account's own; `None` where it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<i64>,
    /// A person's first name or a group's title.
    #[serde(default)]
    pub name: String,
    /// A person's last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The public name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether this is a bot account.
    #[serde(default)]
    pub is_bot: bool,
    /// Of a person: the language, where Telegram tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A live session. Clones of an `Arc` of it are what grammers works on.
pub struct MemorySession {
    inner: Mutex<Inner>,
    storing: tokio::sync::Mutex<()>,
}

struct Inner {
    home: i32,
    centres: BTreeMap<i32, DcOption>,
    user: Option<(UserId, bool)>,
    position: UpdatesState,
    newest_message: i32,
    peers: BTreeMap<ChatId, Peer>,
    peers_changed: bool,
}

impl MemorySession {
    /// Makes a session that has not signed in: at Telegram, or at the one server at `address` with its key.
    pub fn new(server: Option<(SocketAddrV4, &[u8; 256])>) -> Self {
        let defaults = SessionData::default();
        let (home, centres) = match server {
            None => (defaults.home_dc, defaults.dc_options.into_iter().collect()),
            Some((address, key)) => {
                let only = DcOption { auth_key: Some(*key), ..centre(defaults.home_dc, address) };
                (defaults.home_dc, BTreeMap::from([(defaults.home_dc, only)]))
            }
        };
        Self::from_inner(Inner {
            home,
            centres,
            user: None,
            position: UpdatesState::default(),
            newest_message: 0,
            peers: BTreeMap::new(),
            peers_changed: false,
        })
    }

    /// Restores a session from its records.
    ///
    /// What is another account's is left out: a bot may have been signed in as another one before.
    pub fn restore(secret: &SecretRecord, position: PositionRecord, peers: PeersRecord) -> Self {
        let position = if position.user == Some(secret.user) { position } else { PositionRecord::default() };
        let peers = if peers.user == Some(secret.user) { peers } else { PeersRecord::default() };
        let centres = secret.centres.iter().map(|(&id, stored)| {
            let auth_key = stored.key.as_ref().and_then(|key| BASE64.decode(key).ok()?.try_into().ok());
            (id, DcOption { auth_key, ..centre(id, stored.address) })
        });
        let mut all: BTreeMap<i32, DcOption> = SessionData::default().dc_options.into_iter().collect();
        all.extend(centres);
        Self::from_inner(Inner {
            home: secret.home,
            centres: all,
            user: Some((secret.user, secret.is_bot)),
            position: UpdatesState {
                pts: position.pts,
                qts: position.qts,
                date: position.date,
                seq: position.seq,
                channels: position.channels.iter().map(|(&id, &pts)| ChannelState { id, pts }).collect(),
            },
            newest_message: position.newest_message,
            peers: peers.peers,
            peers_changed: false,
        })
    }

    fn from_inner(inner: Inner) -> Self {
        Self { inner: Mutex::new(inner), storing: tokio::sync::Mutex::new(()) }
    }

    /// The record of what must stay secret; `None` before signing in.
    pub fn secret(&self) -> Option<SecretRecord> {
        let inner = self.lock();
        let (user, is_bot) = inner.user?;
        let centres = inner.centres.values().filter(|centre| centre.auth_key.is_some()).map(|centre| {
            let key = centre.auth_key.map(|key| BASE64.encode(key));
            (centre.id, Centre { address: centre.ipv4, key })
        });
        Some(SecretRecord { home: inner.home, centres: centres.collect(), user, is_bot })
    }

    /// The record of how far updates were handled.
    pub fn position(&self) -> PositionRecord {
        let inner = self.lock();
        let user = inner.user.map(|(user, _)| user);
        let UpdatesState { pts, qts, date, seq, channels } = inner.position.clone();
        let channels = channels.into_iter().map(|channel| (channel.id, channel.pts)).collect();
        let newest_message = inner.newest_message;
        PositionRecord { user, pts, qts, date, seq, channels, newest_message }
    }

    /// Says how far updates were handled. Groups that `position` does not tell of stay where they are.
    pub fn set_position(&self, position: Position) {
        let mut inner = self.lock();
        let Position { updates: mut told, newest_message } = position;
        let ids: Vec<i64> = told.channels.iter().map(|channel| channel.id).collect();
        let known = inner.position.channels.drain(..);
        told.channels.extend(known.filter(|channel| !ids.contains(&channel.id)));
        inner.position = told;
        inner.newest_message = newest_message;
    }

    /// Says how far a group was before anything of it was handled. What is known already stays. Returns whether it was new.
    ///
    /// A group whose position is not stored cannot be asked for what was missed, so this has to be stored first.
    pub fn begin_channel(&self, id: i64, pts: i32) -> bool {
        let channels = &mut self.lock().position.channels;
        let new = channels.iter().all(|known| known.id != id);
        if new {
            channels.push(ChannelState { id, pts });
        }
        new
    }

    /// The position as it is handled.
    pub fn live_position(&self) -> Position {
        let inner = self.lock();
        Position { updates: inner.position.clone(), newest_message: inner.newest_message }
    }

    /// The record of whom the bot can address, if it changed since it was last taken.
    pub fn take_changed_peers(&self) -> Option<PeersRecord> {
        let mut inner = self.lock();
        let user = inner.user.map(|(user, _)| user);
        std::mem::take(&mut inner.peers_changed).then(|| PeersRecord { user, peers: inner.peers.clone() })
    }

    /// Says that the peers taken last were not stored after all.
    pub fn peers_not_stored(&self) {
        self.lock().peers_changed = true;
    }

    /// Held by whoever stores the session.
    pub async fn storing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.storing.lock().await
    }

    /// Forgets a person, who is met anew when the person writes again.
    pub fn forget(&self, person: UserId) {
        let mut inner = self.lock();
        inner.peers_changed |= inner.peers.remove(&ChatId::direct(person)).is_some();
    }

    /// Whose session it is; `None` before signing in.
    pub fn account(&self) -> Option<UserId> {
        self.lock().user.map(|(user, _)| user)
    }

    /// Whether nobody else was met yet.
    pub fn knows_only_itself(&self) -> bool {
        self.lock().peers.len() <= 1
    }

    /// What is known of a person or a group.
    pub fn peer_of(&self, chat: ChatId) -> Option<Peer> {
        self.lock().peers.get(&chat).cloned()
    }

    /// Takes in what a batch told of a person or group. A hash that is not told stays as it was.
    pub fn meet(&self, chat: ChatId, told: Peer) {
        let mut inner = self.lock();
        let known = inner.peers.entry(chat).or_default();
        let hash = told.hash.or(known.hash);
        let met = Peer { hash, ..told };
        if *known != met {
            *known = met;
            inner.peers_changed = true;
        }
    }

    /// The account itself and whether it is a bot account, once signed in.
    pub fn user(&self) -> Option<(UserId, bool)> {
        self.lock().user
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn centre(id: i32, address: SocketAddrV4) -> DcOption {
    let ipv6 = SocketAddrV6::new(address.ip().to_ipv6_mapped(), address.port(), 0, 0);
    DcOption { id, ipv4: address, ipv6, auth_key: None }
}

impl Session for MemorySession {
    type Error = Infallible;

    fn home_dc_id(&self) -> Result<i32, Infallible> {
        Ok(self.lock().home)
    }

    fn set_home_dc_id(&self, id: i32) -> BoxFuture<'_, Result<(), Infallible>> {
        self.lock().home = id;
        done(())
    }

    fn dc_option(&self, id: i32) -> Result<Option<DcOption>, Infallible> {
        Ok(self.lock().centres.get(&id).cloned())
    }

    /// Takes in a changed address, and a key where there was none.
    ///
    /// A key that an account is bound to is never replaced: when the server forgets a key, grammers quietly makes a new
    /// one that nobody has signed in with, and the account would be lost for good instead of being reported.
    fn set_dc_option(&self, option: &DcOption) -> BoxFuture<'_, Result<(), Infallible>> {
        let mut inner = self.lock();
        let bound = inner.user.is_some();
        let known = inner.centres.entry(option.id).or_insert_with(|| option.clone());
        let auth_key =
            if bound { known.auth_key.or(option.auth_key) } else { option.auth_key.or(known.auth_key) };
        *known = DcOption { auth_key, ..option.clone() };
        done(())
    }

    fn peer(&self, peer: PeerId) -> BoxFuture<'_, Result<Option<PeerInfo>, Infallible>> {
        let inner = self.lock();
        if peer == PeerId::self_user() {
            return done(inner.user.map(|(user, is_bot)| {
                PeerInfo::User {
                    id: user.get(),
                    auth: inner
                        .peers
                        .get(&ChatId::direct(user))
                        .and_then(|known| known.hash)
                        .map(PeerAuth::from_hash),
                    bot: Some(is_bot),
                    is_self: Some(true),
                }
            }));
        }
        let known = peer.bot_api_dialog_id().and_then(|id| inner.peers.get(&ChatId::new(id)));
        done(known.map(|known| info(peer, known)))
    }

    fn cache_peer(&self, peer: PeerInfo) -> BoxFuture<'_, Result<(), Infallible>> {
        let mut inner = self.lock();
        if let PeerInfo::User { id, bot, is_self: Some(true), .. } = peer {
            inner.user = Some((UserId::new(id), bot.unwrap_or(false)));
        }
        if let (Some(id), Some(hash)) = (peer.id().bot_api_dialog_id(), peer.auth().map(PeerAuth::hash)) {
            let known = inner.peers.entry(ChatId::new(id)).or_default();
            let changed = known.hash != Some(hash);
            known.hash = Some(hash);
            inner.peers_changed |= changed;
        }
        done(())
    }

    fn updates_state(&self) -> BoxFuture<'_, Result<UpdatesState, Infallible>> {
        done(self.lock().position.clone())
    }

    fn set_update_state(&self, update: UpdateState) -> BoxFuture<'_, Result<(), Infallible>> {
        let position = &mut self.lock().position;
        match update {
            UpdateState::All(state) => *position = state,
            UpdateState::Primary { pts, date, seq } => {
                (position.pts, position.date, position.seq) = (pts, date, seq);
            }
            UpdateState::Secondary { qts } => position.qts = qts,
            UpdateState::Channel { id, pts } => {
                match position.channels.iter_mut().find(|known| known.id == id) {
                    Some(known) => known.pts = pts,
                    None => position.channels.push(ChannelState { id, pts }),
                }
            }
        }
        done(())
    }
}

/// What grammers is told of a peer. grammers cannot get the difference of a channel whose hash it is not told.
fn info(peer: PeerId, known: &Peer) -> PeerInfo {
    let auth = known.hash.map(PeerAuth::from_hash);
    let id = peer.bot_api_dialog_id().unwrap_or_default();
    match peer.kind() {
        grammers_session::types::PeerKind::User => {
            PeerInfo::User { id, auth, bot: Some(known.is_bot), is_self: None }
        }
        grammers_session::types::PeerKind::Chat => PeerInfo::Chat { id: -id },
        grammers_session::types::PeerKind::Channel => PeerInfo::Channel {
            id: peer.bare_id().unwrap_or_default(),
            auth,
            kind: Some(ChannelKind::Megagroup),
        },
    }
}

fn done<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, Infallible>> {
    Box::pin(std::future::ready(Ok(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed_in() -> MemorySession {
        let session = MemorySession::new(Some(("127.0.0.1:443".parse().unwrap(), &[7; 256])));
        let me = PeerInfo::User {
            id: 1,
            auth: Some(PeerAuth::from_hash(5)),
            bot: Some(true),
            is_self: Some(true),
        };
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(session.cache_peer(me))
            .unwrap();
        session
    }

    fn position() -> Position {
        let channels = vec![ChannelState { id: 9, pts: 4 }];
        let updates = UpdatesState { pts: 3, channels, ..Default::default() };
        Position { updates, newest_message: 7 }
    }

    #[test]
    fn a_session_is_restored_as_it_was_stored() {
        let session = signed_in();
        session.set_position(position());
        let peers = session.take_changed_peers().unwrap();
        assert!(session.take_changed_peers().is_none(), "nothing changed since");
        let restored = MemorySession::restore(&session.secret().unwrap(), session.position(), peers);
        assert_eq!(restored.secret(), session.secret());
        assert_eq!(restored.position(), session.position());
        assert_eq!(restored.peer_of(ChatId::new(1)).unwrap().hash, Some(5));
        assert_eq!(restored.user(), Some((UserId::new(1), true)));
    }

    #[test]
    fn a_position_of_before_messages_were_noted_can_be_read() {
        let record = r#"{"user": 1, "pts": 3, "qts": 0, "date": 5, "seq": 0, "channels": {"9": 4}}"#;
        let record: PositionRecord = serde_json::from_str(record).unwrap();
        assert_eq!((record.pts, record.newest_message), (3, 0));
    }

    #[test]
    fn what_another_account_left_behind_is_left_out() {
        let session = signed_in();
        session.set_position(position());
        let (position, peers) = (session.position(), session.take_changed_peers().unwrap());
        let secret = SecretRecord { user: UserId::new(2), ..session.secret().unwrap() };
        let restored = MemorySession::restore(&secret, position, peers);
        assert_eq!(restored.position().pts, 0);
        assert!(restored.knows_only_itself());
    }

    #[test]
    fn no_bytes_make_restoring_a_session_panic() {
        let session = signed_in();
        session.set_position(position());
        let secret = session.secret().unwrap();
        let records = [
            serde_json::to_vec(&secret).unwrap(),
            serde_json::to_vec(&session.position()).unwrap(),
            serde_json::to_vec(&session.take_changed_peers().unwrap()).unwrap(),
        ];
        let examples: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        troupe_fuzz::fuzz(&examples, 5000, |data| {
            let secret = serde_json::from_slice(data).unwrap_or_else(|_| secret.clone());
            let position: PositionRecord = serde_json::from_slice(data).unwrap_or_default();
            let restored =
                MemorySession::restore(&secret, position, serde_json::from_slice(data).unwrap_or_default());
            let _ = (restored.position(), restored.knows_only_itself(), restored.home_dc_id());
            assert_eq!(restored.user().map(|(user, _)| user), Some(secret.user));
        });
    }

    #[test]
    fn a_bound_key_is_never_replaced() {
        let session = signed_in();
        let home = session.home_dc_id().unwrap();
        let mut option = session.dc_option(home).unwrap().unwrap();
        option.auth_key = Some([8; 256]);
        drop(session.set_dc_option(&option));
        assert_eq!(session.dc_option(home).unwrap().unwrap().auth_key, Some([7; 256]));
    }

    #[test]
    fn a_hash_that_is_not_told_stays() {
        let session = signed_in();
        let chat = ChatId::new(77);
        session.meet(chat, Peer { hash: Some(1), name: "Ann".into(), ..Peer::default() });
        session.meet(chat, Peer { name: "Anna".into(), ..Peer::default() });
        let known = session.peer_of(chat).unwrap();
        assert_eq!((known.hash, known.name.as_str()), (Some(1), "Anna"));
    }

    #[test]
    fn no_key_shows_in_debug_output() {
        let secret = signed_in().secret().unwrap();
        assert!(!format!("{secret:?}").contains(&BASE64.encode([7; 256])));
    }
}
