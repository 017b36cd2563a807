//! What each test starts: a broker, ClickHouse, and as many instances of stats as it wants.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clickhouse::{Client, Compression};
use futures::{StreamExt as _, stream};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, NatsConfig};
use troupe_dev::servers::{ClickHouse, Nats, Options};
use troupe_protocol::{Event, PseudonymsConfig, Secret, Subject, TraceContext};
use troupe_service::{
    SystemClock,
    config::{HttpConfig, LogFormat, TelemetryConfig},
    health::Health,
};
use troupe_stats::config::{BatchConfig, ClickHouseConfig, Config, EventsConfig, TextsConfig};
use troupe_types::{Partition, PartitionCount};

/// How long anything may take before a test counts it as never.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

pub struct World {
    pub nats: Nats,
    pub clickhouse: ClickHouse,
    pub bus: Bus,
    /// The cluster that stats is told of.
    pub cluster: String,
    pub batch: BatchConfig,
    pub events: EventsConfig,
    pub texts: TextsConfig,
    pub pseudonyms: PseudonymsConfig,
}

/// An instance of stats.
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
        self.ended().await.expect("it ends well");
    }

    /// Waits until it ends by itself.
    pub async fn ended(self) -> anyhow::Result<()> {
        timeout(PATIENCE, self.task).await.expect("it ends in time").expect("it does not panic")
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(&Options::default()).await
    }

    /// With ClickHouse as it is told.
    pub async fn with(clickhouse: &Options) -> Self {
        let nats = Options::default();
        let (nats, clickhouse) = tokio::join!(Nats::start(&nats), ClickHouse::start(clickhouse));
        let (nats, clickhouse) = (nats.expect("NATS starts"), clickhouse.expect("ClickHouse starts"));
        let bus = Bus::connect(&nats_config(&nats)).await.expect("NATS can be used");
        let batch = BatchConfig { rows_max: 500, bytes_max: 1 << 20, wait_max: Duration::from_millis(20) };
        let texts = TextsConfig { keep_for: Duration::ZERO };
        let pseudonyms = PseudonymsConfig::with_key("");
        let events = EventsConfig { keep_for: Duration::ZERO };
        Self { nats, clickhouse, bus, cluster: String::new(), batch, events, texts, pseudonyms }
    }

    /// Starts an instance of stats.
    pub async fn stats(&self, name: &str) -> Instance {
        let config = self.config();
        let bus = Bus::connect(&config.nats).await.expect("NATS can be used");
        let (stop, name) = (CancellationToken::new(), name.to_owned());
        let token = stop.clone();
        let task = tokio::spawn(async move {
            troupe_stats::run(config, bus, Arc::new(SystemClock), &name, &Health::new(), token).await
        });
        Instance { stop, task }
    }

    fn config(&self) -> Config {
        Config {
            http: HttpConfig { listen: ([127, 0, 0, 1], 0).into() },
            telemetry: TelemetryConfig {
                log_format: LogFormat::Pretty,
                log_filter: "info".to_owned(),
                otlp_endpoint: None,
            },
            shutdown_grace: Duration::from_secs(20),
            nats: nats_config(&self.nats),
            clickhouse: ClickHouseConfig {
                url: self.clickhouse.url(),
                ca_file: PathBuf::new(),
                database: "counts".to_owned(),
                cluster: self.cluster.clone(),
                user: "default".to_owned(),
                password: Secret::new(""),
                timeout: Duration::from_secs(10),
            },
            batch: self.batch,
            events: self.events,
            texts: self.texts,
            pseudonyms: self.pseudonyms.clone(),
        }
    }

    /// The database that stats writes.
    pub fn database(&self) -> Client {
        Client::default()
            .with_url(self.clickhouse.url())
            .with_compression(Compression::None)
            .with_database("counts")
    }

    /// From now on rows that are told twice stay two: ClickHouse would make them one whenever it likes, and a test could
    /// not tell that they were written twice. Waits for the table.
    pub async fn keep_every_row(&self) {
        self.until("SELECT count() FROM migrations", crate::schema::MIGRATIONS).await;
        let stop = self.database().query("SYSTEM STOP MERGES events_told").execute();
        stop.await.expect("ClickHouse stops merging");
    }

    /// One number from ClickHouse; 0 as long as it cannot tell.
    pub async fn number(&self, sql: &str) -> u64 {
        self.database().query(sql).fetch_one().await.unwrap_or_default()
    }

    /// Waits until ClickHouse gives at least `number`.
    pub async fn until(&self, sql: &str, number: u64) {
        let mut last = 0;
        let wait = async {
            while last < number {
                tokio::time::sleep(Duration::from_millis(10)).await;
                last = self.number(sql).await;
            }
        };
        let waited = timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "{sql} gives {last}, not {number}");
    }

    /// Tells events in the order of each bot's, many at a time. `telling` makes the ids by which the broker would
    /// recognise a repetition differ, so that it does not.
    pub async fn tell(&self, events: &[Event], telling: &str) {
        let mut bots: Vec<_> = events.iter().map(|event| event.bot).collect();
        bots.sort();
        bots.dedup();
        let each = bots.into_iter().map(|bot| async move {
            let subject = Subject::Event(Partition::of(bot, self.bus.partitions()), bot);
            for event in events.iter().filter(|event| event.bot == bot) {
                let id = format!("{telling}/{}", event.id);
                self.bus.publish(subject, &id, event, &trace()).await.expect("the broker takes it");
            }
        });
        stream::iter(each).buffer_unordered(64).collect::<()>().await;
    }
}

fn trace() -> TraceContext {
    TraceContext { traceparent: Some(format!("00-{TRACE}-b7ad6b7169203331-01")), tracestate: None }
}

/// Settings for tests: few partitions and short leases.
pub fn nats_config(nats: &Nats) -> NatsConfig {
    let mut config = NatsConfig::at(nats.url());
    config.partitions = PartitionCount::new(4).expect("it is not zero");
    config.lease_ttl = Duration::from_secs(2);
    config
}
