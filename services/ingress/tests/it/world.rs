//! What each test starts: a broker, a Telegram, and as many instances of ingress as it wants.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Deliveries, Delivery, EventReader, NatsConfig};
use troupe_dev::servers::{Nats, Options};
use troupe_ingress::config::{Config, MediaConfig, PaceConfig, TelegramConfig, VaultConfig};
use troupe_protocol::{
    Action, ActionBody, BotRecord, BotSettings, Bucket, ContentName, Desired, Event, EventBody, FileRecord,
    LoginReply, LoginRequest, LoginStep, Secret, SessionState, Source, Stream, Subject, TraceContext, Update,
};
use troupe_service::{
    SystemClock,
    config::{HttpConfig, LogFormat, TelemetryConfig},
    health::Health,
};
use troupe_telegram::{AccountView, Emulator, GroupKind, LedgerEntry, NewAccount, NewGroup};
use troupe_types::{ActionKey, BotId, ChatId, MessageId, Partition, Timestamp, UserId};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    pub emulator: Emulator,
    pub bus: Bus,
    pub nats: Nats,
    files: TempDir,
    /// How many actions of a partition may be in work at a time.
    pub actions_window: u16,
}

/// An instance of ingress.
pub struct Instance {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Instance {
    /// Ends it as `kill -9` does: everything it holds is dropped where it stands.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Ends it in good order.
    pub async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task)
            .await
            .expect("it stops in time")
            .expect("it does not panic")
            .expect("it ends well");
    }
}

impl World {
    pub async fn new() -> Self {
        let nats = Nats::start(&Options::default()).await.expect("NATS starts");
        let emulator =
            Emulator::start(troupe_telegram::Config::default()).await.expect("the emulator starts");
        let bus = Bus::connect(&nats_config(&nats)).await.expect("NATS can be used");
        let files = TempDir::new().expect("a folder can be made");
        std::fs::write(files.path().join("key.pem"), emulator.rsa_public_pem())
            .expect("the key can be written");
        Self { emulator, bus, nats, files, actions_window: 2048 }
    }

    /// Starts an instance of ingress.
    pub async fn ingress(&self, name: &str) -> Instance {
        self.ingress_on(self.connect().await, name)
    }

    /// A connection for an instance of its own.
    pub async fn connect(&self) -> Bus {
        Bus::connect(&self.config().nats).await.expect("NATS can be used")
    }

    /// Starts an instance of ingress that is connected already.
    pub fn ingress_on(&self, bus: Bus, name: &str) -> Instance {
        let config = self.config();
        let (stop, name) = (CancellationToken::new(), name.to_owned());
        let token = stop.clone();
        let task = tokio::spawn(async move {
            troupe_ingress::run(config, bus, Arc::new(SystemClock), &name, &Health::new(), token).await
        });
        Instance { stop, task }
    }

    fn config(&self) -> Config {
        let address =
            self.emulator.mtproto_address().to_string().parse().expect("the emulator listens on IPv4");
        Config {
            http: HttpConfig { listen: ([127, 0, 0, 1], 0).into() },
            telemetry: TelemetryConfig {
                log_format: LogFormat::Pretty,
                log_filter: "info".to_owned(),
                otlp_endpoint: None,
            },
            shutdown_grace: Duration::from_secs(10),
            nats: NatsConfig { actions_window: self.actions_window, ..nats_config(&self.nats) },
            telegram: TelegramConfig {
                api_id: 1,
                api_hash: Secret::new("hash"),
                device_model: "troupe".to_owned(),
                app_version: "test".to_owned(),
                address: Some(address),
                rsa_key_file: Some(self.files.path().join("key.pem")),
                call_timeout: Duration::from_secs(5),
                failures_max: 3,
                ping_interval: Duration::from_secs(1),
                resync_interval: Duration::from_secs(2),
            },
            vault: VaultConfig {
                key: Secret::new("test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                old_keys: Vec::new(),
            },
            pace: PaceConfig {
                read_delay: Duration::ZERO,
                typing_per_character: Duration::ZERO,
                typing_max: Duration::ZERO,
            },
            media: MediaConfig { folder: self.media(), bytes_max: 20 << 20, keep_for: Duration::ZERO },
        }
    }

    /// The folder of stored files.
    pub fn media(&self) -> std::path::PathBuf {
        self.files.path().join("media")
    }

    /// Makes a person.
    pub fn person(&self, name: &str) -> AccountView {
        let new = NewAccount {
            first_name: name.to_owned(),
            last_name: Some("Lee".to_owned()),
            username: Some(format!("{name}_user")),
            ..NewAccount::default()
        };
        self.emulator.create_account(new).expect("the account is new")
    }

    /// Makes a supergroup.
    pub fn group(&self, title: &str, members: &[i64]) -> ChatId {
        self.group_of(GroupKind::Super, title, members)
    }

    /// Makes a group.
    pub fn group_of(&self, kind: GroupKind, title: &str, members: &[i64]) -> ChatId {
        let new = NewGroup { title: title.to_owned(), kind, members: members.to_vec(), username: None };
        ChatId::new(self.emulator.create_group(new).expect("the group can be made").id)
    }

    /// Takes a step of signing in, as the manager does.
    pub async fn login(&self, bot: BotId, step: LoginStep) -> LoginReply {
        let subject = Subject::Login(self.partition(bot));
        let request = LoginRequest { bot, step };
        // Until the partition has an owner nobody answers.
        let ask = async {
            loop {
                match self.bus.request(subject, &request, &TraceContext::default(), PATIENCE).await {
                    Ok(reply) => return reply,
                    Err(troupe_bus::RequestError::NoResponder { .. }) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        timeout(PATIENCE, ask).await.expect("somebody answers in time")
    }

    /// Registers `account` as a bot that is to run.
    pub async fn register(&self, id: u64, account: &AccountView) -> BotId {
        let bot = BotId::new(id);
        let phone = Secret::new(account.phone.clone().expect("a person's account has a phone"));
        assert_eq!(self.login(bot, LoginStep::SendCode { phone }).await, LoginReply::CodeSent);
        let code = Secret::new(self.emulator.code(account.id).expect("a code was sent"));
        let reply = self.login(bot, LoginStep::Code { code }).await;
        assert!(matches!(reply, LoginReply::SignedIn { .. }), "{reply:?}");
        self.record(bot, Desired::Running).await;
        bot
    }

    /// Writes a bot's record.
    pub async fn record(&self, bot: BotId, desired: Desired) {
        let record = BotRecord {
            id: bot,
            name: format!("bot-{bot}"),
            created: Timestamp::default(),
            identity: None,
            desired,
            generation: 0,
            settings: BotSettings::default(),
        };
        self.bus
            .bucket(Bucket::Bots)
            .put(&format!("bot.{bot}"), &record)
            .await
            .expect("the record is written");
    }

    pub fn partition(&self, bot: BotId) -> Partition {
        Partition::of(bot, self.bus.partitions())
    }

    /// The updates of a bot's partition.
    pub async fn updates(&self, bot: BotId) -> Updates {
        Updates(self.bus.updates(self.partition(bot), 0).await.expect("updates can be had"))
    }

    /// The events of a bot's partition, from the first one.
    pub async fn events(&self, bot: BotId) -> Events {
        Events(self.bus.events_from(&[self.partition(bot)], 1).await.expect("events can be had"))
    }

    /// Decides, in the responder's stead, that `bot` replies to an update.
    pub async fn reply(&self, update: &Update, text: &str) -> ActionKey {
        self.act(update, 0, ActionBody::Reply { text: text.to_owned(), media: None, reply_to: None }).await
    }

    /// Decides, in the responder's stead, that `bot` does something about an update. Each call publishes it anew.
    pub async fn act(&self, update: &Update, number: u16, body: ActionBody) -> ActionKey {
        self.act_in(update.chat.id, Duration::ZERO, update, number, body).await
    }

    /// As [`Self::act`], in another chat or later.
    pub async fn act_in(
        &self,
        chat: ChatId,
        delay: Duration,
        update: &Update,
        number: u16,
        body: ActionBody,
    ) -> ActionKey {
        let action = Action {
            key: ActionKey { update: update.key, number },
            bot: update.bot,
            chat,
            person: update.sender.id,
            decided: update.received,
            received: update.received,
            source: Source::Guard,
            delay_ms: u64::try_from(delay.as_millis()).expect("it is short"),
            body,
        };
        let subject = Subject::Action(self.partition(update.bot), update.bot);
        let before = self.bus.last_sequence(Stream::Actions).await.expect("the stream is there");
        // An id of its own: the broker would take a repeated one for the same message.
        self.bus
            .publish(subject, &format!("{}-{before}", action.key), &action, &TraceContext::default())
            .await
            .expect("it is published");
        action.key
    }

    /// Stores a file to send, as the manager does.
    pub async fn put_file(&self, name: &str, bytes: &[u8]) {
        let files = self.bus.bucket(Bucket::Files);
        let name: ContentName = name.parse().expect("it is a name");
        let file = FileRecord {
            file_name: name.to_string(),
            mime: "application/octet-stream".to_owned(),
            created: Timestamp::default(),
            parts: files.put_parts(bytes).await.expect("the parts are written"),
            name,
        };
        files.put(&FileRecord::key(&file.name), &file).await.expect("the record is written");
    }

    /// What `from` said, in order.
    pub async fn ledger(&self, from: i64) -> Vec<LedgerEntry> {
        let query = troupe_telegram::LedgerQuery::default();
        let page = self.emulator.ledger(&query).await.expect("the ledger can be read");
        page.messages.into_iter().filter(|entry| entry.from == from).collect()
    }

    /// The texts that `from` said to `to` (a person, or a group's negative id), in order.
    pub async fn said(&self, from: i64) -> Vec<String> {
        self.ledger(from).await.into_iter().map(|entry| entry.text).collect()
    }
}

/// What most tests begin with: Clara's account is bot 1 and online, and Anna and she share a group.
pub struct Scene {
    pub world: World,
    pub ingress: Instance,
    pub clara: AccountView,
    pub anna: AccountView,
    pub group: ChatId,
    pub bot: BotId,
    pub updates: Updates,
    pub events: Events,
}

impl Scene {
    pub async fn new() -> Self {
        let world = World::new().await;
        let ingress = world.ingress("a").await;
        let (clara, anna) = (world.person("clara"), world.person("anna"));
        let group = world.group("Lounge", &[clara.id, anna.id]);
        let bot = world.register(1, &clara).await;
        let (updates, mut events) = (world.updates(bot).await, world.events(bot).await);
        events.session(SessionState::Online).await;
        Self { world, ingress, clara, anna, group, bot, updates, events }
    }
}

fn nats_config(nats: &Nats) -> NatsConfig {
    NatsConfig {
        lease_ttl: Duration::from_secs(3),
        ack_wait: Duration::from_secs(2),
        ..NatsConfig::at(nats.url())
    }
}

pub struct Updates(Deliveries<Update>);

impl Updates {
    /// The next update, acknowledged.
    pub async fn next(&mut self) -> Update {
        let delivery: Delivery<Update> = timeout(PATIENCE, self.0.next())
            .await
            .expect("an update comes in time")
            .expect("the bus is open");
        delivery.ack().await;
        delivery.payload
    }
}

pub struct Events(EventReader);

impl Events {
    /// The next event that `wanted` says yes to.
    pub async fn find(&mut self, wanted: impl Fn(&EventBody) -> bool) -> Event {
        let find = async {
            loop {
                let stored = self.0.next().await.expect("the bus is open").expect("it is an event");
                if wanted(&stored.payload.body) {
                    return stored.payload;
                }
            }
        };
        timeout(PATIENCE, find).await.expect("the event comes in time")
    }

    /// Waits until a message was sent; returns its id.
    pub async fn sent(&mut self) -> MessageId {
        match self.find(|body| matches!(body, EventBody::MessageSent { .. })).await.body {
            EventBody::MessageSent { message, .. } => message,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the session is as `state` says.
    pub async fn session(&mut self, wanted: SessionState) {
        self.find(|body| matches!(body, EventBody::Session { state } if *state == wanted)).await;
    }
}

/// The chat that a bot has with a person.
pub fn chat_with(person: &AccountView) -> ChatId {
    ChatId::direct(UserId::new(person.id))
}
