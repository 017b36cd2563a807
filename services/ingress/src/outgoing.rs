//! What a bot still has to do, in the order it was decided in.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use troupe_bus::Delivery;
use troupe_protocol::Action;
use troupe_types::ChatId;

/// An action that is not done yet: the broker holds it until it is acknowledged.
pub type Pending = Arc<Delivery<Action>>;

/// The actions of one bot. One chat's are done one after another, different chats' side by side.
///
/// It outlives the bot's connection: what could not be done before the connection broke is done after.
#[derive(Default)]
pub struct Outgoing {
    chats: Mutex<BTreeMap<ChatId, Queue>>,
    changed: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Pending>,
    in_hand: bool,
}

impl Outgoing {
    /// Adds an action behind those of its chat. One that is there already keeps its place, but is settled as it was handed
    /// out last: the broker gives an action again if it hears nothing of it for long, or by another consumer.
    pub fn push(&self, action: Pending) {
        let mut chats = self.lock();
        let queue = chats.entry(action.payload.chat).or_default();
        if let Some(known) = queue.waiting.iter_mut().find(|known| known.payload.key == action.payload.key) {
            *known = action;
            return;
        }
        queue.waiting.push_back(action);
        drop(chats);
        self.changed.notify_one();
    }

    /// Waits for a chat that has something to do and is not in anybody's hands, and takes it into one's own.
    ///
    /// Give it back with [`Self::done`]. Cancel-safe.
    pub async fn take(&self) -> Pending {
        loop {
            if let Some(action) = self.try_take() {
                return action;
            }
            self.changed.notified().await;
        }
    }

    fn try_take(&self) -> Option<Pending> {
        let mut chats = self.lock();
        let queue = chats.values_mut().find(|queue| !queue.in_hand && !queue.waiting.is_empty())?;
        queue.in_hand = true;
        queue.waiting.front().map(Arc::clone)
    }

    /// Says that the action that was taken from `chat` is done, for good. Returns it as it was handed out last.
    pub fn done(&self, chat: ChatId) -> Option<Pending> {
        let mut chats = self.lock();
        let mut done = None;
        if let Some(queue) = chats.get_mut(&chat) {
            done = queue.waiting.pop_front();
            queue.in_hand = false;
            if queue.waiting.is_empty() {
                chats.remove(&chat);
            }
        }
        drop(chats);
        self.changed.notify_one();
        done
    }

    /// How many are not done yet.
    pub fn count(&self) -> usize {
        self.lock().values().map(|queue| queue.waiting.len()).sum()
    }

    /// Says that whatever was in somebody's hands was dropped undone.
    pub fn hands_off(&self) {
        self.lock().values_mut().for_each(|queue| queue.in_hand = false);
        self.changed.notify_one();
    }

    /// All that is not done yet, each chat's in order.
    pub fn all(&self) -> Vec<Pending> {
        self.lock().values().flat_map(|queue| queue.waiting.iter().map(Arc::clone)).collect()
    }

    /// Takes out all that is not done yet, each chat's in order.
    pub fn drain(&self) -> Vec<Pending> {
        std::mem::take(&mut *self.lock()).into_values().flat_map(|queue| queue.waiting).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ChatId, Queue>> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
