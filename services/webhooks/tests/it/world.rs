//! What each test starts: a broker, and as many instances of webhooks as it wants.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_nats::jetstream::{self, consumer::pull::OrderedConfig};
use futures::StreamExt as _;
use tokio::{runtime::Runtime, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, NatsConfig};
use troupe_dev::servers::{Nats, Options};
use troupe_protocol::{DeadLetter, Event, EventBody, Secret, Source, Stream, TraceContext, Webhook};
use troupe_service::{
    Clock as _, SystemClock,
    config::{HttpConfig, LogFormat, TelemetryConfig},
    health::Health,
};
use troupe_types::{BotId, ChatId, UserId};
use troupe_webhooks::config::{CallsConfig, Config, TargetConfig};

/// How long anything may take before a test counts it as never.
const PATIENCE: Duration = Duration::from_mins(1);

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub struct World {
    pub bus: Bus,
    pub config: Config,
    nats: Nats,
    files: tempfile::TempDir,
}

/// An instance of webhooks, in a runtime of its own, which can be ended at any moment.
pub struct Instance {
    runtime: Runtime,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Instance {
    /// Ends it as `kill -9` does: everything it holds is dropped where it stands.
    pub fn kill(self) {
        self.runtime.shutdown_background();
    }

    /// Ends it in good order.
    pub async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("it ends in time").unwrap().unwrap();
        self.runtime.shutdown_background();
    }
}

impl World {
    pub async fn new() -> Self {
        let nats = Nats::start(&Options::default()).await.unwrap();
        let mut nats_config = NatsConfig::at(nats.url());
        nats_config.ack_wait = Duration::from_secs(1);
        let bus = Bus::connect(&nats_config).await.unwrap();
        let config = Config {
            http: HttpConfig { listen: ([127, 0, 0, 1], 0).into() },
            telemetry: TelemetryConfig {
                log_format: LogFormat::Pretty,
                log_filter: "off".into(),
                otlp_endpoint: None,
            },
            shutdown_grace: Duration::from_secs(10),
            nats: nats_config,
            calls: CallsConfig {
                timeout: Duration::from_secs(20),
                pause_min: Duration::from_millis(50),
                pause_max: Duration::from_millis(200),
                give_up_after: Duration::from_hours(1),
                at_a_time: 4,
                window: 64,
            },
            targets: BTreeMap::new(),
        };
        Self { bus, config, nats, files: tempfile::tempdir().unwrap() }
    }

    /// Adds a target in one's own network that is trusted by its `certificate`, if it has one.
    pub fn add(&mut self, name: &str, url: String, certificate: Option<&str>) -> &mut TargetConfig {
        let ca_file = certificate.map(|certificate| {
            let file = self.files.path().join(format!("{name}.pem"));
            std::fs::write(&file, certificate).unwrap();
            file
        });
        let target = TargetConfig { url, secret: Secret::new(SECRET), own_network: true, ca_file };
        self.config.targets.entry(name.parse().unwrap()).insert_entry(target).into_mut()
    }

    pub fn start(&self) -> Instance {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (stop, config) = (CancellationToken::new(), self.config.clone());
        let own = stop.clone();
        let task = runtime.spawn(async move {
            let bus = Bus::connect(&config.nats).await?;
            troupe_webhooks::run(config, bus, Arc::new(SystemClock), &Health::new(), own).await
        });
        Instance { runtime, stop, task }
    }

    /// Lets `target` be called, as the responder does.
    pub async fn call(&self, target: &str, number: u16) -> Webhook {
        self.call_later(target, number, 0).await
    }

    pub async fn call_later(&self, target: &str, number: u16, delay_ms: u64) -> Webhook {
        let call = Webhook {
            key: format!("7/42/5/new#{number}").parse().unwrap(),
            bot: BotId::new(7),
            chat: ChatId::new(42),
            person: UserId::new(42),
            decided: SystemClock.now(),
            source: Source::TriggerGroup { group: "order".to_owned(), version: Some(3) },
            delay_ms,
            target: target.parse().unwrap(),
            send: [("number".to_owned(), number.to_string())].into(),
        };
        let (payload, trace) = (serde_json::to_vec(&call).unwrap().into(), TraceContext::default());
        self.bus.publish_stored(&call.subject(), &call.id(), payload, &trace, None).await.unwrap();
        call
    }

    /// The dead letters, once there are `count` of them.
    pub async fn dead_letters(&self, count: usize) -> Vec<DeadLetter> {
        let client = async_nats::connect(self.nats.url()).await.unwrap();
        let stream = jetstream::new(client).get_stream(Stream::Dead.name()).await.unwrap();
        let config = OrderedConfig::default();
        let mut messages = stream.create_consumer(config).await.unwrap().messages().await.unwrap();
        let read = async {
            let mut letters = Vec::new();
            while letters.len() < count {
                let message = messages.next().await.unwrap().unwrap();
                letters.push(serde_json::from_slice(&message.payload).unwrap());
            }
            letters
        };
        timeout(PATIENCE, read).await.expect("they are there in time")
    }

    /// What the statistics are told.
    pub async fn events(&self) -> Vec<Event> {
        let told = self.bus.sift(Stream::Events, vec!["event.>".to_owned()], &|_| true).await.unwrap();
        told.iter().map(|event| serde_json::from_slice(&event.payload).unwrap()).collect()
    }

    /// Waits until every call of `target` is settled.
    pub async fn settled(&self, target: &str) {
        let client = async_nats::connect(self.nats.url()).await.unwrap();
        let stream = jetstream::new(client).get_stream(Stream::Webhooks.name()).await.unwrap();
        let newest = stream.get_last_raw_message_by_subject(&format!("webhook.{target}.>")).await.unwrap();
        let name = format!("webhooks-{target}");
        wait_for(async || {
            let info = stream.consumer_info(&name).await.ok()?;
            (info.ack_floor.stream_sequence >= newest.sequence).then_some(())
        })
        .await;
    }
}

/// Looks again and again until there is something.
pub async fn wait_for<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it is there in time")
}

pub fn called(name: &str, outcome: &str, tries: u32) -> EventBody {
    EventBody::WebhookCalled { name: name.to_owned(), outcome: outcome.to_owned(), tries }
}
