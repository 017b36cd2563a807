//! What a bot still has to do, in the order it was decided in.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use troupe_bus::Delivery;
use troupe_protocol::Action;
use troupe_types::{ChatId, UpdateKey};

/// An action that is not done yet: the broker holds it until it is acknowledged.
pub type Pending = Arc<Delivery<Action>>;

/// The actions of one bot. One chat's are done one after another, different chats' side by side.
///
/// What is to be done later has a lane of its own for each update, so that it holds up nobody else in its chat. It comes
/// after what the same update has to have done at once there.
///
/// It outlives the bot's connection: what could not be done before the connection broke is done after.
#[derive(Default)]
pub struct Outgoing {
    lanes: Mutex<Lanes>,
    changed: Notify,
    /// Tells those who wait for it that a chat is in nobody's hands any more.
    freed: Notify,
}

type Lanes = BTreeMap<Lane, Queue>;

/// What is done one after another: all of a chat, or what one update has to have done there later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    chat: ChatId,
    later: Option<UpdateKey>,
}

impl Lane {
    fn of(action: &Action) -> Self {
        Self { chat: action.chat, later: (action.delay_ms > 0).then_some(action.key.update) }
    }
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Pending>,
    /// Calls off what is first, while somebody has it in hand.
    in_hand: Option<CancellationToken>,
}

impl Outgoing {
    /// Adds an action behind those of its chat. One that is there already keeps its place, but is settled as it was handed
    /// out last: the broker gives an action again if it hears nothing of it for long, or by another consumer.
    pub fn push(&self, action: Pending) {
        let mut lanes = self.lock();
        let queue = lanes.entry(Lane::of(&action.payload)).or_default();
        if let Some(known) = queue.waiting.iter_mut().find(|known| known.payload.key == action.payload.key) {
            *known = action;
            return;
        }
        queue.waiting.push_back(action);
        drop(lanes);
        self.changed.notify_one();
    }

    /// Waits for something to do in a chat where nobody is doing anything, and takes it into one's own hands.
    ///
    /// Give it back with [`Self::done`], at once if the token is cancelled meanwhile. Cancel-safe.
    pub async fn take(&self) -> (Pending, CancellationToken) {
        loop {
            if let Some(action) = self.try_take() {
                return action;
            }
            self.changed.notified().await;
        }
    }

    fn try_take(&self) -> Option<(Pending, CancellationToken)> {
        let mut lanes = self.lock();
        let lane = *lanes.iter().find(|(lane, queue)| queue.in_hand.is_none() && is_next(**lane, &lanes))?.0;
        let queue = lanes.get_mut(&lane)?;
        let called_off = queue.in_hand.insert(CancellationToken::new()).clone();
        Some((queue.waiting.front().map(Arc::clone)?, called_off))
    }

    /// Says that `action`, which was taken, is done, for good. Returns it as it was handed out last.
    pub fn done(&self, action: &Action) -> Option<Pending> {
        let mut lanes = self.lock();
        let lane = Lane::of(action);
        let mut done = None;
        // One that was called off on its last steps may be done already, and the next one in somebody's hands.
        if let Some(queue) = lanes.get_mut(&lane)
            && queue.waiting.front().is_some_and(|first| first.payload.key == action.key)
        {
            done = queue.waiting.pop_front();
            queue.in_hand = None;
            if queue.waiting.is_empty() {
                lanes.remove(&lane);
            }
        }
        drop(lanes);
        self.changed.notify_one();
        self.freed.notify_waiters();
        done
    }

    /// Takes out what is `theirs` and not done yet. What somebody has in hand is called off, and waited for. Returns how
    /// many there were, and those that the caller has to settle.
    pub async fn call_off(&self, theirs: impl Fn(&Pending) -> bool) -> (usize, Vec<Pending>) {
        let (mut keys, mut taken) = (BTreeSet::new(), Vec::new());
        loop {
            let freed = self.freed.notified();
            let mut waits = false;
            {
                let mut lanes = self.lock();
                for queue in lanes.values_mut() {
                    let first = queue.in_hand.as_ref().and(queue.waiting.front()).map(Arc::clone);
                    if let (Some(first), Some(called_off)) = (&first, &queue.in_hand)
                        && theirs(first)
                    {
                        called_off.cancel();
                        keys.insert(first.payload.key);
                        waits = true;
                    }
                    let in_hand =
                        |action: &Pending| first.as_ref().is_some_and(|first| Arc::ptr_eq(first, action));
                    let (out, kept) =
                        queue.waiting.drain(..).partition(|action| theirs(action) && !in_hand(action));
                    queue.waiting = kept;
                    let out: VecDeque<Pending> = out;
                    keys.extend(out.iter().map(|action| action.payload.key));
                    taken.extend(out);
                }
                lanes.retain(|_, queue| !queue.waiting.is_empty());
            }
            if !waits {
                return (keys.len(), taken);
            }
            freed.await;
        }
    }

    /// How many are not done yet.
    pub fn count(&self) -> usize {
        self.lock().values().map(|queue| queue.waiting.len()).sum()
    }

    /// Says that whatever was in somebody's hands was dropped undone.
    pub fn hands_off(&self) {
        self.lock().values_mut().for_each(|queue| queue.in_hand = None);
        self.changed.notify_one();
        self.freed.notify_waiters();
    }

    /// All that is not done yet, each lane's in order.
    pub fn all(&self) -> Vec<Pending> {
        self.lock().values().flat_map(|queue| queue.waiting.iter().map(Arc::clone)).collect()
    }

    /// Takes out all that is not done yet, each lane's in order.
    pub fn drain(&self) -> Vec<Pending> {
        std::mem::take(&mut *self.lock()).into_values().flat_map(|queue| queue.waiting).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether nothing has to be done before what is first in `lane`: what an update has to have done at once is.
fn is_next(lane: Lane, lanes: &Lanes) -> bool {
    let Some(update) = lane.later else { return true };
    let at_once = lanes.get(&Lane { later: None, ..lane });
    at_once.is_none_or(|queue| queue.waiting.iter().all(|action| action.payload.key.update != update))
}
