//! The bus against real servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod deliveries;
mod events;
mod ownership;
mod pseudonyms;
mod publish;
mod records;
mod requests;
mod setup;

use std::{future::Future, time::Duration};

use troupe_bus::{Bus, NatsConfig};
use troupe_dev::servers::{Nats, Options};
use troupe_protocol::{Event, EventBody, Subject, TraceContext, Update, UpdateBody};
use troupe_types::{
    BotId, Chat, ChatId, Message, MessageId, Partition, PartitionCount, Person, Timestamp, UpdateKey,
    UpdateKind, UserId,
};

/// How long anything may take before a test counts it as never.
const PATIENCE: Duration = Duration::from_mins(1);

async fn server() -> Nats {
    Nats::start(&Options::default()).await.unwrap()
}

/// Settings for tests: few partitions and short times.
fn config(nats: &Nats) -> NatsConfig {
    let mut config = NatsConfig::at(nats.url());
    config.partitions = PartitionCount::new(4).unwrap();
    config.ack_wait = Duration::from_secs(1);
    config.lease_ttl = Duration::from_secs(2);
    config
}

async fn connect(nats: &Nats) -> Bus {
    Bus::connect(&config(nats)).await.unwrap()
}

/// Waits for something that has to happen.
async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, Box::pin(what)).await.expect("it happens")
}

fn trace() -> TraceContext {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    TraceContext { traceparent: Some(parent.into()), tracestate: Some("a=b".into()) }
}

const BOT: BotId = BotId::new(7);

fn update(message: i32) -> Update {
    let (chat, message_id) = (ChatId::new(42), MessageId::new(message));
    Update {
        key: UpdateKey { bot: BOT, chat, message: message_id, kind: UpdateKind::New },
        bot: BOT,
        chat: Chat { id: chat, title: None },
        sender: Person {
            id: UserId::new(42),
            first_name: "Anna".into(),
            last_name: None,
            username: None,
            language: None,
            is_bot: false,
        },
        time: Timestamp::from_seconds(1_700_000_000),
        received: Timestamp::from_seconds(1_700_000_000),
        body: UpdateBody::Message(Message {
            id: message_id,
            text: format!("message {message}"),
            reply_to: None,
            mentions_bot: false,
            media: None,
        }),
    }
}

fn event(id: &str) -> Event {
    Event {
        id: id.into(),
        bot: BOT,
        chat: None,
        person: None,
        update: None,
        time: Timestamp::default(),
        body: EventBody::PersonFirstSeen,
    }
}

/// Publishes the updates with these message ids; returns their numbers in the stream.
async fn publish(bus: &Bus, partition: Partition, messages: impl IntoIterator<Item = i32>) -> Vec<u64> {
    let mut sequences = Vec::new();
    for message in messages {
        let update = update(message);
        let subject = Subject::Update(partition, BOT);
        let published = bus.publish(subject, &update.key.to_string(), &update, &trace()).await.unwrap();
        sequences.push(published.sequence);
    }
    sequences
}
