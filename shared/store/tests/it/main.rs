//! The store against a real Redis.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod commit;
mod erasure;
mod model;
mod outages;
mod tls;

use troupe_dev::servers::{Options, Redis};
use troupe_protocol::{Secret, TraceContext};
use troupe_store::{Commit, Document, OutboxEntry, RedisConfig, Store};
use troupe_types::{BotId, ChatId, MessageId, Partition, UpdateKey, UpdateKind, UserId};

const PARTITION: Partition = Partition::new(17);
const BOT: BotId = BotId::new(7);
const CHAT: ChatId = ChatId::new(-42);
const PERSON: UserId = UserId::new(5);

async fn server() -> Redis {
    Redis::start(&Options::default()).await.unwrap()
}

fn secret() -> Secret {
    Secret::new("the key of the installation")
}

async fn connect(redis: &Redis) -> Store {
    Store::connect(&RedisConfig::at(redis.url()), &secret()).await.unwrap()
}

fn key(message: i32) -> UpdateKey {
    UpdateKey { bot: BOT, chat: CHAT, message: MessageId::new(message), kind: UpdateKind::New }
}

fn entry(id: &str) -> OutboxEntry {
    OutboxEntry {
        schedule: None,
        id: id.into(),
        subject: "action.17.7".into(),
        payload: format!("{{\n\"id\": \"{id}\"}}").into_bytes(),
        trace: TraceContext { traceparent: Some("00-1-2-01".into()), tracestate: None },
    }
}

/// A commit that sets the chat's state and has these messages to publish.
fn commit(sequence: u64, message: i32, chat: &str, outbox: &[&str]) -> Commit {
    Commit {
        partition: PARTITION,
        sequence,
        update: key(message),
        person: PERSON,
        erased: None,
        keep_for: None,
        writes: vec![(Document::Chat(BOT, CHAT), Some(chat.into()))],
        outbox: outbox.iter().map(|id| entry(id)).collect(),
    }
}

async fn chat(store: &Store) -> Option<String> {
    let loaded = store.load(PARTITION, &key(0), PERSON).await.unwrap();
    loaded.chat.map(|chat| String::from_utf8(chat).unwrap())
}

async fn applied(store: &Store) -> u64 {
    store.position(PARTITION).await.unwrap().applied
}

async fn outbox(store: &Store) -> Vec<String> {
    store.outbox(PARTITION).await.unwrap().into_iter().map(|pending| pending.entry.id).collect()
}
