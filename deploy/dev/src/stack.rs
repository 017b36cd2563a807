//! All of troupe, running: the servers, the Telegram emulator, and our services wired to them.
//!
//! `cargo dev up` runs one; so do end-to-end tests, which can have several of a service and kill any of them:
//!
//! ```no_run
//! # async fn example() -> Result<(), troupe_dev::Error> {
//! use troupe_dev::stack::{Options, Stack};
//!
//! let mut stack = Stack::start(&Options { responders: 2, ..Options::default() }).await?;
//! stack.responders[0].kill();
//! stack.responders[0].restart().await?;
//! println!("{} {}", stack.manager.url(), stack.telegram.control_url());
//! # Ok(())
//! # }
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tempfile::TempDir;

use crate::{
    Error,
    error::Doing,
    process::Process,
    running::{Endpoint, Endpoints},
    servers::{self, ClickHouse, Nats, Redis},
    service::{self, Service},
    telegram::Telegram,
};

/// The programs that a stack needs, as cargo names them.
pub const PROGRAMS: [&str; 6] = [
    "troupe-telegram",
    "troupe-ingress",
    "troupe-responder",
    "troupe-webhooks",
    "troupe-stats",
    "troupe-manager",
];

/// The database that statistics are written to.
pub const DATABASE: &str = "troupe";

/// How to run a stack. By default: one of each service, data and logs in a temporary folder.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder for all data; `None`: a temporary one, removed when the stack is dropped.
    pub data: Option<PathBuf>,
    /// The folder for `<name>.log` of everything; `None`: `logs` in the data folder.
    pub logs: Option<PathBuf>,
    /// How many ingresses.
    pub ingresses: usize,
    /// How many responders.
    pub responders: usize,
    /// Added to the environment of every service of ours, last: `TROUPE__SECTION__KEY` and value.
    pub environment: Vec<(String, String)>,
    /// Added to the environment of the service that calls webhooks: what can be called.
    pub webhooks: Vec<(String, String)>,
    /// Added to the environment of stats and the manager: how people are known in what is counted.
    pub statistics: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data: None,
            logs: None,
            ingresses: 1,
            responders: 1,
            environment: Vec::new(),
            webhooks: Vec::new(),
            statistics: Vec::new(),
        }
    }
}

/// All of troupe, running. Dropped in the order of the fields: those who use others first.
#[derive(Debug)]
pub struct Stack {
    /// The REST API.
    pub manager: Service,
    /// Those who hold the sessions.
    pub ingresses: Vec<Service>,
    /// Those who decide.
    pub responders: Vec<Service>,
    /// The one who calls webhooks.
    pub webhooks: Service,
    /// The one who writes statistics.
    pub stats: Service,
    /// The Telegram emulator.
    pub telegram: Telegram,
    /// The broker.
    pub nats: Nats,
    /// The state of conversations.
    pub redis: Redis,
    /// The statistics.
    pub clickhouse: ClickHouse,
    /// The bearer token of the REST API.
    pub token: String,
    #[expect(dead_code, reason = "removes the data when it is dropped, after everybody who uses them")]
    temporary: Option<TempDir>,
}

impl Stack {
    /// Starts everything and returns when all of it is ready.
    ///
    /// # Errors
    /// The first thing that cannot be started, with its last words; the rest is stopped again.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let programs = Programs::find()?;
        let temporary = match options.data {
            Some(_) => None,
            None => {
                Some(tempfile::Builder::new().prefix("troupe-").tempdir().doing(|| "make a folder".into())?)
            }
        };
        let data = match (&options.data, &temporary) {
            (Some(data), _) => data.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => unreachable!("one of them was made"),
        };
        let logs = options.logs.clone().unwrap_or_else(|| data.join("logs"));
        let server = |name: &str| servers::Options {
            data: Some(data.join(name)),
            log: Some(logs.join(format!("{name}.log"))),
            ..servers::Options::default()
        };
        let (nats_options, redis_options, clickhouse_options) =
            (server("nats"), server("redis"), server("clickhouse"));
        let (telegram_data, telegram_log) = (data.join("telegram"), logs.join("telegram.log"));
        let (nats, redis, clickhouse, telegram) = tokio::try_join!(
            Nats::start(&nats_options),
            Redis::start(&redis_options),
            ClickHouse::start(&clickhouse_options),
            Telegram::start(&programs.telegram, &telegram_data, &telegram_log),
        )?;
        let token = secret();
        let wiring = Wiring::new(&nats, &redis, &clickhouse, &telegram, &token, &data, options);
        let start = async |name: String, program: &Path| {
            Service::start(&name, program, wiring.of(&name), &data, &logs).await
        };
        let many = async |name: &str, count: usize, program: &Path| {
            let mut services = Vec::new();
            for number in 1..=count {
                // The first has no number: most of the time there is only one.
                let name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
                services.push(start(name, program).await?);
            }
            Ok(services)
        };
        // The manager first: it creates the installation that the others wait for.
        let manager = start("manager".into(), &programs.manager).await?;
        let (stats, webhooks, responders, ingresses) = tokio::try_join!(
            start("stats".into(), &programs.stats),
            start("webhooks".into(), &programs.webhooks),
            many("responder", options.responders, &programs.responder),
            many("ingress", options.ingresses, &programs.ingress),
        )?;
        Ok(Self {
            manager,
            ingresses,
            responders,
            webhooks,
            stats,
            telegram,
            nats,
            redis,
            clickhouse,
            token,
            temporary,
        })
    }

    /// Our services, those who use others first.
    pub fn services(&mut self) -> impl Iterator<Item = &mut Service> {
        [&mut self.manager]
            .into_iter()
            .chain(&mut self.ingresses)
            .chain(&mut self.responders)
            .chain([&mut self.webhooks, &mut self.stats])
    }

    /// The processes that are not ours to restart: the servers and the emulator, by name.
    pub fn servers(&mut self) -> [(&'static str, &mut Process); 4] {
        [
            ("telegram", self.telegram.process()),
            ("nats", self.nats.process()),
            ("redis", self.redis.process()),
            ("clickhouse", self.clickhouse.process()),
        ]
    }

    /// Asks everything to end, in an order in which nobody misses anybody, and returns when all are gone.
    pub async fn stop(&mut self) {
        let stops = self.services().map(Service::stop);
        futures::future::join_all(stops).await;
        self.telegram.stop().await;
        tokio::join!(self.nats.stop(), self.redis.stop(), self.clickhouse.stop());
    }

    /// What runs where.
    pub fn endpoints(&mut self) -> Endpoints {
        let mut endpoints = Endpoints {
            process: std::process::id(),
            manager_token: self.token.clone(),
            telegram_address: self.telegram.address().to_owned(),
            telegram_key_file: self.telegram.key_file().to_owned(),
            clickhouse_database: DATABASE.into(),
            ..Endpoints::default()
        };
        let mut add = |name: &str, url: String, process: &Process| {
            let endpoint = Endpoint { url, process: process.id(), log: process.spec().log.clone() };
            endpoints.services.insert(name.to_owned(), endpoint);
        };
        add("telegram", self.telegram.control_url().to_owned(), self.telegram.process());
        add("nats", self.nats.url(), self.nats.process());
        add("redis", self.redis.url(), self.redis.process());
        add("clickhouse", self.clickhouse.url(), self.clickhouse.process());
        for service in self.services() {
            let name = service.name().to_owned();
            add(&name, service.url(), service.process());
        }
        endpoints
    }
}

/// Where the programs are.
struct Programs {
    telegram: PathBuf,
    ingress: PathBuf,
    responder: PathBuf,
    webhooks: PathBuf,
    stats: PathBuf,
    manager: PathBuf,
}

impl Programs {
    fn find() -> Result<Self, Error> {
        let [telegram, ingress, responder, webhooks, stats, manager] = PROGRAMS;
        Ok(Self {
            telegram: service::program(telegram)?,
            ingress: service::program(ingress)?,
            responder: service::program(responder)?,
            webhooks: service::program(webhooks)?,
            stats: service::program(stats)?,
            manager: service::program(manager)?,
        })
    }
}

/// The configuration of each service, as its environment.
struct Wiring {
    common: Vec<(String, String)>,
    ingress: Vec<(String, String)>,
    responder: Vec<(String, String)>,
    webhooks: Vec<(String, String)>,
    stats: Vec<(String, String)>,
    manager: Vec<(String, String)>,
    overrides: Vec<(String, String)>,
}

impl Wiring {
    fn new(
        nats: &Nats,
        redis: &Redis,
        clickhouse: &ClickHouse,
        telegram: &Telegram,
        token: &str,
        data: &Path,
        options: &Options,
    ) -> Self {
        let setting = |key: &str, value: &str| (format!("TROUPE__{key}"), value.to_owned());
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let clickhouse =
            vec![setting("CLICKHOUSE__URL", &clickhouse.url()), setting("CLICKHOUSE__DATABASE", DATABASE)];
        let statistics = [clickhouse, options.statistics.clone()].concat();
        Self {
            common: vec![setting("NATS__URL", &nats.url()), setting("TELEMETRY__LOG_FORMAT", "pretty")],
            ingress: vec![
                setting("TELEGRAM__API_ID", "1"),
                setting("TELEGRAM__API_HASH", "0123456789abcdef0123456789abcdef"),
                setting("TELEGRAM__ADDRESS", telegram.address()),
                setting("TELEGRAM__RSA_KEY_FILE", &path(telegram.key_file())),
                setting("VAULT__KEY", &format!("dev:{}", secret())),
                setting("MEDIA__FOLDER", &path(&data.join("media"))),
                // People who try things out wait less gladly than those who write to a bot.
                setting("PACE__READ_DELAY", "100ms"),
                setting("PACE__TYPING_PER_CHARACTER", "2ms"),
                setting("PACE__TYPING_MAX", "400ms"),
            ],
            // Nobody writes here but made-up people and who tries things out: reports may show what was not answered.
            responder: vec![setting("REDIS__URL", &redis.url()), setting("DECIDING__TELL_TEXTS", "true")],
            webhooks: options.webhooks.clone(),
            stats: [statistics.clone(), vec![setting("TEXTS__KEEP_FOR", "7d")]].concat(),
            manager: [statistics, vec![setting("REDIS__URL", &redis.url()), setting("API__TOKEN", token)]]
                .concat(),
            overrides: options.environment.clone(),
        }
    }

    fn of(&self, name: &str) -> Vec<(String, String)> {
        let own = match name.split('-').next() {
            Some("ingress") => &self.ingress,
            Some("responder") => &self.responder,
            Some("webhooks") => &self.webhooks,
            Some("stats") => &self.stats,
            _ => &self.manager,
        };
        [&self.common[..], own, &self.overrides].concat()
    }
}

/// 32 random bytes in base64.
fn secret() -> String {
    BASE64_STANDARD.encode(rand::random::<[u8; 32]>())
}

/// Empties a folder of the last run.
///
/// # Errors
/// Something in it cannot be removed.
pub fn clear(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::new(format!("empty {}", folder.display()), error))
        }
        _ => fs::create_dir_all(folder).doing(|| format!("make {}", folder.display())),
    }
}
