//! Servers, bots, people, and responders that can be killed.

use std::{collections::BTreeMap, future::Future, num::NonZeroU32, sync::Arc, time::Duration};

use futures::StreamExt as _;
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, NatsConfig};
use troupe_dev::servers::{Nats, Options, Redis};
use troupe_protocol::{
    Action, ActionBody, BotRecord, BotSettings, Bucket, ContentDocument, ContentKind, ContentName,
    DeadLetter, Desired, Event, Identity, Stream, Subject, TraceContext, Update, UpdateBody,
    WeightedScenario,
};
use troupe_responder::{Config, DecidingConfig, Faults, run_with_faults};
use troupe_service::{
    SystemClock,
    config::{HttpConfig, LogFormat, TelemetryConfig},
    health::Health,
};
use troupe_store::{RedisConfig, Store};
use troupe_types::{
    BotId, Chat, ChatId, Message, MessageId, Partition, PartitionCount, Person, Timestamp, UpdateKey,
    UpdateKind, UserId,
};

/// How long anything may take before a test counts it as never.
const PATIENCE: Duration = Duration::from_mins(1);

/// How many questions the scenario of every bot asks: the first message gets question 1, the next one question 2.
pub const QUESTIONS: i32 = 40;

pub struct World {
    pub nats: Nats,
    pub redis: Redis,
    pub bus: Bus,
    pub config: Config,
}

/// Waits for something that has to happen.
pub async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, Box::pin(what)).await.expect("it happens")
}

pub fn name(name: &str) -> ContentName {
    name.parse().unwrap()
}

fn config(nats: &Nats, redis: &Redis) -> Config {
    let mut nats = NatsConfig::at(nats.url());
    nats.partitions = PartitionCount::new(4).unwrap();
    nats.ack_wait = Duration::from_secs(1);
    Config {
        http: HttpConfig { listen: "127.0.0.1:0".parse().unwrap() },
        telemetry: TelemetryConfig {
            log_format: LogFormat::Pretty,
            log_filter: "off".into(),
            otlp_endpoint: None,
        },
        shutdown_grace: Duration::from_secs(20),
        nats,
        redis: RedisConfig::at(redis.url()),
        deciding: DecidingConfig {
            attempts_max: NonZeroU32::new(2).unwrap(),
            content_wait: Duration::from_secs(20),
            tell_texts: false,
            forget_after: Duration::ZERO,
        },
    }
}

impl World {
    /// Servers, and bots 1 to `bots` that lead everyone through the same scenario.
    pub async fn with_bots(bots: u64) -> Self {
        let nats = Nats::start(&Options::default()).await.unwrap();
        let redis = Redis::start(&Options::default()).await.unwrap();
        let config = config(&nats, &redis);
        let bus = Bus::connect(&config.nats).await.unwrap();
        let world = Self { nats, redis, bus, config };
        world.furnish(bots).await;
        world
    }

    async fn furnish(&self, bots: u64) {
        self.put_content(ContentKind::Scenario, "questions", 1, &scenario()).await;
        for bot in 1..=bots {
            self.put_bot(bot, scenario_settings()).await;
        }
    }

    /// The broker loses everything, and is set up again.
    pub async fn new_broker(&mut self, bots: u64) {
        self.nats = Nats::start(&Options::default()).await.unwrap();
        self.config.nats.url = self.nats.url();
        self.bus = Bus::connect(&self.config.nats).await.unwrap();
        self.furnish(bots).await;
    }

    pub async fn put_bot(&self, bot: u64, settings: BotSettings) {
        self.put_bot_of(0, bot, settings).await;
    }

    /// Puts a bot that was restarted so many times.
    pub async fn put_bot_of(&self, generation: u64, bot: u64, settings: BotSettings) {
        let record = BotRecord {
            id: BotId::new(bot),
            name: format!("bot{bot}"),
            created: Timestamp::default(),
            identity: Some(Identity {
                user: UserId::new(9000 + i64::try_from(bot).unwrap()),
                first_name: format!("Bot {bot}"),
                username: None,
            }),
            desired: Desired::Running,
            generation,
            settings,
        };
        self.bus.bucket(Bucket::Bots).put(&format!("bot.{bot}"), &record).await.unwrap();
    }

    /// Puts a version of a document, then makes it the newest, as the manager does.
    pub async fn put_content(&self, kind: ContentKind, document: &str, version: u32, text: &str) {
        let records = self.bus.bucket(Bucket::Content);
        let name = name(document);
        let key = ContentDocument::key(kind, &name, version);
        let head = ContentDocument::head_key(kind, &name);
        let created = Timestamp::default();
        let document = if text.len() > 128 * 1024 {
            let parts = Some(self.bus.bucket(Bucket::Files).put_parts(text.as_bytes()).await.unwrap());
            ContentDocument { kind, name, version, created, text: String::new(), parts }
        } else {
            ContentDocument { kind, name, version, created, text: text.into(), parts: None }
        };
        records.put(&key, &document).await.unwrap();
        records.put(&head, &version).await.unwrap();
    }

    pub fn partition(&self, bot: u64) -> Partition {
        Partition::of(BotId::new(bot), self.bus.partitions())
    }

    /// A person, whose number is also the chat's, writes to a bot. `message` counts from 1 in each chat.
    pub async fn say(&self, bot: u64, person: i64, message: i32) {
        self.say_in(bot, person, message, &TraceContext::default()).await;
    }

    pub async fn say_in(&self, bot: u64, person: i64, message: i32, trace: &TraceContext) {
        self.publish(&update(bot, person, message), trace).await;
    }

    /// A person writes this to a bot.
    pub async fn say_text(&self, bot: u64, person: i64, message: i32, text: &str) {
        let mut update = update(bot, person, message);
        if let UpdateBody::Message(message) = &mut update.body {
            text.clone_into(&mut message.text);
        }
        self.publish(&update, &TraceContext::default()).await;
    }

    pub async fn publish(&self, update: &Update, trace: &TraceContext) {
        let subject = Subject::Update(self.partition(update.bot.get()), update.bot);
        let never = CancellationToken::new();
        let id = update.key.to_string();
        soon(self.bus.publish_until(subject, &id, update, trace, &never)).await.unwrap();
    }

    /// Starts a responder in a runtime of its own, which can be ended at any moment.
    pub fn responder(&self, faults: Faults) -> Responder {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (config, stop) = (self.config.clone(), CancellationToken::new());
        let token = stop.clone();
        let task = runtime.spawn(async move {
            let bus = Bus::connect(&config.nats).await?;
            let store = Store::connect(&config.redis, bus.key()).await?;
            run_with_faults(config, bus, store, Arc::new(SystemClock), &Health::new(), token, faults).await
        });
        // Nothing to wait for: it works when it can.
        Responder { runtime: Some(runtime), stop, task: Some(task) }
    }

    /// Waits until every update is acknowledged: nothing more will come of any.
    pub async fn settled(&self) {
        let context = async_nats::jetstream::new(async_nats::connect(self.nats.url()).await.unwrap());
        let stream = context.get_stream(Stream::Updates.name()).await.unwrap();
        for partition in self.bus.partitions().all() {
            let newest = stream.get_last_raw_message_by_subject(&format!("update.{partition}.>")).await;
            let Ok(newest) = newest else { continue };
            soon(async {
                // Not by the count of what is pending: for a moment a new consumer says that there is nothing.
                while !matches!(
                    stream.consumer_info(format!("responder-{partition}")).await,
                    Ok(info) if info.ack_floor.stream_sequence >= newest.sequence
                ) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
            .await;
        }
    }

    /// Everything in a stream, in order.
    async fn everything<T: serde::de::DeserializeOwned>(&self, stream: Stream) -> Vec<(T, TraceContext)> {
        let count = self.bus.last_sequence(stream).await.unwrap();
        let context = async_nats::jetstream::new(async_nats::connect(self.nats.url()).await.unwrap());
        let stream = context.get_stream(stream.name()).await.unwrap();
        let config = async_nats::jetstream::consumer::pull::OrderedConfig::default();
        let messages = stream.create_consumer(config).await.unwrap().messages().await.unwrap();
        let read = messages.take(usize::try_from(count).unwrap()).map(|message| {
            let message = message.unwrap();
            let headers = message.headers.clone().unwrap_or_default();
            let traceparent = headers.get("traceparent").map(|value| value.as_str().to_owned());
            let trace = TraceContext { traceparent, tracestate: None };
            (serde_json::from_slice(&message.payload).unwrap(), trace)
        });
        soon(read.collect()).await
    }

    pub async fn actions(&self) -> Vec<(Action, TraceContext)> {
        self.everything(Stream::Actions).await
    }

    pub async fn events(&self) -> Vec<(Event, TraceContext)> {
        self.everything(Stream::Events).await
    }

    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        self.everything(Stream::Dead).await.into_iter().map(|(letter, _)| letter).collect()
    }

    /// What each bot said in each chat, in the order of the stream: to which message, and what.
    pub async fn said(&self) -> BTreeMap<(u64, i64), Vec<(i32, String)>> {
        let mut said: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (action, _) in self.actions().await {
            if let ActionBody::Reply { text, .. } = action.body {
                let chat = said.entry((action.bot.get(), action.chat.get())).or_default();
                chat.push((action.key.update.message.get(), text));
            }
        }
        said
    }

    /// Waits until everything is settled. Then in each of these chats messages 1 to `messages` must each have got its
    /// question, once, in order; and nothing must have been said or counted twice, nor anything given up.
    pub async fn check(&self, chats: &[(u64, i64)], messages: i32) {
        self.settled().await;
        let said = self.said().await;
        for chat in chats {
            let expected: Vec<(i32, String)> =
                (1..=messages).map(|number| (number, format!("question {number}"))).collect();
            assert_eq!(said.get(chat), Some(&expected), "in chat {chat:?}");
        }
        let ids = self.events().await.into_iter().map(|(event, _)| event.id);
        let mut counts = BTreeMap::<String, usize>::new();
        for id in ids {
            *counts.entry(id).or_default() += 1;
        }
        assert!(counts.values().all(|count| *count == 1), "{counts:?}");
        for (bot, chat) in chats {
            for message in 1..=messages {
                let key = format!("{bot}/{chat}/{message}/new!0");
                assert!(counts.contains_key(&key), "{key} was not counted");
            }
        }
        assert_eq!(self.dead_letters().await, []);
    }
}

pub fn scenario_settings() -> BotSettings {
    let scenarios = vec![WeightedScenario { name: name("questions"), weight: 1 }];
    BotSettings { scenarios, ..BotSettings::default() }
}

/// Asks question after question, whatever is answered: what is asked tells how often the bot was spoken to.
fn scenario() -> String {
    let step = |number: i32| {
        let next = if number == QUESTIONS { "done".to_owned() } else { format!("q{}", number + 1) };
        format!("  q{number}:\n    ask: question {number}\n    save: v{number}\n    next: {next}\n")
    };
    let steps: String = (1..=QUESTIONS).map(step).collect();
    format!("steps:\n{steps}  done:\n    say: thank you\n    end: goal\n")
}

pub fn update(bot: u64, person: i64, message: i32) -> Update {
    let (bot, chat, id) = (BotId::new(bot), ChatId::new(person), MessageId::new(message));
    let time = Timestamp::from_seconds(1_700_000_000 + i64::from(message));
    Update {
        key: UpdateKey { bot, chat, message: id, kind: UpdateKind::New },
        bot,
        chat: Chat { id: chat, title: None },
        sender: Person {
            id: UserId::new(person),
            first_name: "Anna".into(),
            last_name: None,
            username: None,
            language: None,
            is_bot: false,
        },
        time,
        received: time,
        body: UpdateBody::Message(Message {
            id,
            text: format!("answer {}", message - 1),
            reply_to: None,
            mentions_bot: false,
            media: None,
        }),
    }
}

pub struct Responder {
    runtime: Option<Runtime>,
    stop: CancellationToken,
    task: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Responder {
    /// Ends it in the middle of whatever it does; its connections break.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(mut self) {
        self.stop.cancel();
        soon(self.task.take().unwrap()).await.unwrap().unwrap();
        self.end();
    }

    fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.end();
    }
}
