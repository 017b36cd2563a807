//! Message boxes: an account's common one and each supergroup's own, with their `pts`.
//!
//! Source: <https://core.telegram.org/api/updates#message-related-event-sequences>.

use std::collections::BTreeMap;

use super::{Chat, Peer};

static NOTHING: BTreeMap<i32, usize> = BTreeMap::new();

/// Something that raised a box's `pts`.
#[derive(Debug, Clone)]
pub enum Event {
    /// A message arrived.
    New(usize),
    /// A message was changed.
    Edited(usize),
    /// Messages with these ids went away.
    Deleted(Vec<i32>),
    /// The box's owner read a chat.
    ReadInbox {
        /// Which.
        peer: Peer,
        /// Up to which message of the box.
        max_id: i32,
        /// How many are left.
        unread: i32,
    },
    /// Somebody read what the box's owner wrote.
    ReadOutbox {
        /// Where.
        peer: Peer,
        /// Up to which message of the box.
        max_id: i32,
    },
}

/// An event in its place.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The box's `pts` after the event.
    pub pts: i32,
    /// By how much the event raised it.
    pub count: i32,
    /// When.
    pub time_ms: i64,
    /// What.
    pub event: Event,
}

/// A sequence of messages with ids of its own, and of events with a `pts`.
#[derive(Debug, Clone)]
pub struct MessageBox {
    /// Where the sequence stands. Starts at 1: clients take 0 for "not known".
    pub pts: i32,
    last_id: i32,
    /// Every event ever, oldest first.
    pub events: Vec<Recorded>,
    /// What is there, by id.
    messages: BTreeMap<i32, usize>,
    /// The same, for each chat: histories are asked for all the time.
    chats: BTreeMap<Chat, BTreeMap<i32, usize>>,
}

impl Default for MessageBox {
    fn default() -> Self {
        Self { pts: 1, last_id: 0, events: Vec::new(), messages: BTreeMap::new(), chats: BTreeMap::new() }
    }
}

impl MessageBox {
    /// Puts a message in; returns its id and the `pts`.
    pub fn add(&mut self, message: usize, chat: Chat, time_ms: i64) -> (i32, i32) {
        self.last_id += 1;
        self.messages.insert(self.last_id, message);
        self.chats.entry(chat).or_default().insert(self.last_id, message);
        (self.last_id, self.record(1, time_ms, Event::New(message)))
    }

    /// Takes a message of `chat` out; false if it is not there. The caller records the event.
    pub fn remove(&mut self, id: i32, chat: Chat) -> bool {
        if let Some(messages) = self.chats.get_mut(&chat) {
            messages.remove(&id);
        }
        self.messages.remove(&id).is_some()
    }

    /// The message with this id.
    pub fn get(&self, id: i32) -> Option<usize> {
        self.messages.get(&id).copied()
    }

    /// What is there of one chat, by id.
    pub fn history(&self, chat: Chat) -> &BTreeMap<i32, usize> {
        self.chats.get(&chat).unwrap_or(&NOTHING)
    }

    /// The chats that have something here, each with its newest message.
    pub fn newest(&self) -> impl Iterator<Item = (Chat, usize)> {
        self.chats
            .iter()
            .filter_map(|(chat, messages)| messages.last_key_value().map(|(_, index)| (*chat, *index)))
    }

    /// Records an event; returns the new `pts`.
    pub fn record(&mut self, count: i32, time_ms: i64, event: Event) -> i32 {
        self.pts += count;
        self.events.push(Recorded { pts: self.pts, count, time_ms, event });
        self.pts
    }

    /// The events after `pts`, oldest first.
    pub fn since(&self, pts: i32) -> &[Recorded] {
        &self.events[self.events.partition_point(|event| event.pts <= pts)..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_gives_what_came_after() {
        let mut sequence = MessageBox::default();
        let chat = Chat::direct(1, 2);
        assert_eq!(sequence.add(0, chat, 0), (1, 2));
        assert_eq!(sequence.add(1, chat, 0), (2, 3));
        assert_eq!(sequence.record(2, 0, Event::Deleted(vec![1, 2])), 5);
        let pts = |from: i32| sequence.since(from).iter().map(|event| event.pts).collect::<Vec<_>>();
        assert_eq!(pts(1), [2, 3, 5]);
        assert_eq!(pts(3), [5]);
        assert_eq!(pts(4), [5]);
        assert_eq!(pts(99), [0; 0]);
    }

    #[test]
    fn what_is_removed_is_gone_from_its_chat_too() {
        let mut sequence = MessageBox::default();
        let (one, other) = (Chat::direct(1, 2), Chat::direct(1, 3));
        sequence.add(10, one, 0);
        sequence.add(11, other, 0);
        sequence.add(12, one, 0);
        assert!(sequence.remove(3, one) && !sequence.remove(3, one));
        assert_eq!((sequence.get(1), sequence.get(3)), (Some(10), None));
        assert_eq!(sequence.history(one), &BTreeMap::from([(1, 10)]));
        assert_eq!(sequence.newest().collect::<Vec<_>>(), [(one, 10), (other, 11)]);
    }
}
