//! All that the emulator knows, in memory, behind one lock.
//!
//! One lock makes every call atomic: a client never sees half of a message, and the order in which updates are
//! put into the connections' queues is the order in which they happened.

mod access;
mod account;
mod boxes;
mod deleting;
mod files;
mod group;
mod link;
mod message;
mod objects;
mod posting;
mod reading;
mod view;

use std::collections::{BTreeMap, HashMap};

use tokio::sync::watch;

pub use account::{Account, LoginCode, NewAccount, phone_digits};
pub use boxes::{Event, MessageBox, Recorded};
pub use files::{File, FileKind, Media, Upload, generated_bytes, generated_photo};
pub use group::{Group, GroupKind, NewGroup};
pub use link::{Fingerprint, Key, KeyFate, Link, LinkId, Out, Overlap, PushKind, SessionRecord};
pub use message::{Chat, Forward, Message, Peer, Service};
pub use objects::{
    CAPTION_UNITS_MAX, TEXT_UNITS_MAX, all_rights, channel_full, chat_full, config, notify_settings,
    peer_settings, user_full,
};
pub use posting::Draft;
pub use view::Seen;

use crate::{faults::Faults, settings::Settings};

/// The first user's id; the next ones count up.
const USER_ID_FIRST: i64 = 700_000_001;
/// The first basic group's id.
const BASIC_ID_FIRST: i64 = 400_000_001;
/// The first supergroup's id.
const SUPER_ID_FIRST: i64 = 1_500_000_001;

/// Something asked through the control API that cannot be done; the text says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The thing is not there.
    #[error("{0}")]
    NotFound(String),
    /// The request is wrong as it stands.
    #[error("{0}")]
    Invalid(String),
    /// It contradicts what is there.
    #[error("{0}")]
    Conflict(String),
}

/// A typing or reading that a client did: tests judge pace and manners by it.
#[derive(Debug, Clone)]
pub struct Activity {
    /// When, in milliseconds.
    pub time_ms: i64,
    /// Who.
    pub account: i64,
    /// Where, as that account sees it.
    pub peer: Peer,
    /// What it was.
    pub kind: ActivityKind,
}

/// What an [`Activity`] was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// The account shows as typing or doing the like.
    Typing,
    /// The account stopped typing without a message.
    TypingCancelled,
    /// The account read up to this message id of its own counting.
    Read(i32),
}

/// Everything.
pub struct State {
    secret: [u8; 32],
    /// What can be switched at run time.
    pub settings: Settings,
    /// Injected faults.
    pub faults: Faults,
    /// By user id.
    pub accounts: BTreeMap<i64, Account>,
    /// By dialog id.
    pub groups: BTreeMap<i64, Group>,
    /// Every message, service messages too; an index into it is a message's name inside the emulator.
    pub messages: Vec<Message>,
    /// The ledger: indices of the messages that people and bots wrote, by sequence number less one.
    pub ledger: Vec<usize>,
    random_ids: HashMap<(i64, Chat, i64), usize>,
    /// Stored files by id.
    pub files: HashMap<i64, File>,
    uploads: HashMap<(i64, i64), Upload>,
    /// Authorization keys by their id.
    pub keys: HashMap<i64, Key>,
    /// Open connections that showed a key.
    pub links: BTreeMap<LinkId, Link>,
    /// Every connection that ever showed a key.
    pub sessions: Vec<SessionRecord>,
    /// Every time that one key was used from two places.
    pub overlaps: Vec<Overlap>,
    /// How often each method was called, by account (0: not signed in) and name.
    pub calls: BTreeMap<(i64, String), u64>,
    /// Typing and reading, in order.
    pub activity: Vec<Activity>,
    last_message_id: i64,
    last_file_id: i64,
    last_link: LinkId,
    changed: watch::Sender<u64>,
}

impl State {
    /// An empty world.
    pub fn new(settings: Settings) -> Self {
        Self {
            secret: crate::crypto::random(),
            settings,
            faults: Faults::default(),
            accounts: BTreeMap::new(),
            groups: BTreeMap::new(),
            messages: Vec::new(),
            ledger: Vec::new(),
            random_ids: HashMap::new(),
            files: HashMap::new(),
            uploads: HashMap::new(),
            keys: HashMap::new(),
            links: BTreeMap::new(),
            sessions: Vec::new(),
            overlaps: Vec::new(),
            calls: BTreeMap::new(),
            activity: Vec::new(),
            last_message_id: 0,
            last_file_id: 0,
            last_link: 0,
            changed: watch::Sender::new(0),
        }
    }

    /// Wakes whoever waits for the ledger.
    fn note_change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Switches behaviour.
    pub fn set_settings(&mut self, settings: Settings) {
        if settings.clock_skew_ms != self.settings.clock_skew_ms {
            // Message ids only grow: without this they would stay in a future that is called off.
            self.last_message_id = 0;
        }
        self.settings = settings;
    }

    /// Tells whenever the ledger changed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The account with this id, which the caller knows to exist: ids inside the state always point to something.
    pub fn account(&self, id: i64) -> &Account {
        self.accounts.get(&id).expect("accounts are never removed")
    }

    fn account_mut(&mut self, id: i64) -> &mut Account {
        self.accounts.get_mut(&id).expect("accounts are never removed")
    }

    /// The group of a chat inside the state.
    pub fn group(&self, dialog: i64) -> &Group {
        self.groups.get(&dialog).expect("groups are never removed")
    }

    fn group_mut(&mut self, dialog: i64) -> &mut Group {
        self.groups.get_mut(&dialog).expect("groups are never removed")
    }
}
