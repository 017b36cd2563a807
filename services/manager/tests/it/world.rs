//! What each test starts: a broker, the manager, and somebody who signs bots in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use troupe_bus::{Bus, NatsConfig};
use troupe_dev::servers::{Nats, Options, free_port};
use troupe_manager::config::{ApiConfig, ClickHouseConfig, Config};
use troupe_protocol::{
    Identity, LoginReply, LoginRequest, LoginStep, PseudonymsConfig, Refusal, Secret, Subject,
};
use troupe_service::{
    SystemClock,
    config::{HttpConfig, LogFormat, TelemetryConfig},
    health::Health,
};
use troupe_store::RedisConfig;
use troupe_types::UserId;

pub const TOKEN: &str = "a token that only tests know";

pub struct World {
    pub bus: Bus,
    pub url: String,
    client: Client,
    config: Config,
    managers: Vec<AbortOnDropHandle<anyhow::Result<()>>>,
    logins: Vec<AbortOnDropHandle<()>>,
    _nats: Nats,
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Answer {
    /// The body of an answer that is as it should be.
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }

    /// The kind and the words of a refusal.
    pub fn refused(self, status: u16) -> (String, String) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let text = |field: &str| self.body[field].as_str().expect("a refusal has both").to_owned();
        (text("error"), text("message"))
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with_clickhouse("http://127.0.0.1:1").await
    }

    pub async fn with_clickhouse(clickhouse: &str) -> Self {
        Self::with_pseudonyms(clickhouse, "").await
    }

    /// People stand in ClickHouse under pseudonyms that are made with this key.
    pub async fn with_pseudonyms(clickhouse: &str, key: &str) -> Self {
        Self::with(clickhouse, "redis://127.0.0.1:1", key).await
    }

    /// What bots remember is there.
    pub async fn with_redis(redis: &str) -> Self {
        Self::with("http://127.0.0.1:1", redis, "").await
    }

    async fn with(clickhouse: &str, redis: &str, key: &str) -> Self {
        let nats = Nats::start(&Options::default()).await.expect("NATS starts");
        let config = Config {
            http: HttpConfig { listen: ([127, 0, 0, 1], 0).into() },
            telemetry: TelemetryConfig {
                log_format: LogFormat::Pretty,
                log_filter: "info".to_owned(),
                otlp_endpoint: None,
            },
            shutdown_grace: Duration::from_secs(5),
            nats: NatsConfig::at(nats.url()),
            clickhouse: ClickHouseConfig {
                url: clickhouse.to_owned(),
                ca_file: PathBuf::new(),
                database: "troupe".to_owned(),
                cluster: String::new(),
                user: String::new(),
                password: Secret::new(""),
            },
            redis: RedisConfig::at(redis),
            pseudonyms: PseudonymsConfig::with_key(key),
            api: ApiConfig {
                token: Secret::new(TOKEN),
                login_timeout: Duration::from_secs(10),
                ingress_wait: Duration::from_millis(200),
            },
        };
        let bus = Bus::connect(&config.nats).await.expect("NATS can be used");
        let (url, client, managers) = (String::new(), Client::new(), Vec::new());
        let mut world = Self { bus, url, client, config, managers, logins: Vec::new(), _nats: nats };
        world.url = world.one_more().await;
        world
    }

    /// Starts one more manager beside those that run; returns where it is.
    pub async fn one_more(&mut self) -> String {
        let (mut config, port) = (self.config.clone(), free_port());
        config.http.listen.set_port(port);
        let manager = tokio::spawn(async move {
            let stop = CancellationToken::new();
            troupe_manager::run(config, Arc::new(SystemClock), &Health::new(), stop).await
        });
        self.managers.push(AbortOnDropHandle::new(manager));
        let url = format!("http://127.0.0.1:{port}");
        while troupe_dev::service::ready(&url).await.is_err() {
            tokio::task::yield_now().await;
        }
        url
    }

    /// From now on somebody signs bots in, as ingress does.
    pub async fn with_logins(mut self) -> Self {
        for partition in self.bus.partitions().all() {
            let mut requests =
                self.bus.serve(Subject::Login(partition)).await.expect("requests can be served");
            self.logins.push(AbortOnDropHandle::new(tokio::spawn(async move {
                while let Some(request) = requests.next().await {
                    let login: LoginRequest = request.decode().expect("it is a login request");
                    request.respond(&reply(&login)).await.expect("the answer goes out");
                }
            })));
        }
        self
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn put_text(&self, path: &str, text: &str) -> Answer {
        let request = self.client.put(format!("{}{path}", self.url)).bearer_auth(TOKEN);
        answer(request.body(text.to_owned())).await
    }

    pub async fn put_bytes(&self, path: &str, bytes: &[u8]) -> Answer {
        let request = self.client.put(format!("{}{path}", self.url)).bearer_auth(TOKEN);
        answer(request.body(bytes.to_owned())).await
    }

    /// The bytes that the API answers with.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(TOKEN);
        let response = request.send().await.expect("the manager answers");
        assert!(response.status().is_success(), "{response:?}");
        response.bytes().await.expect("it answers with bytes").to_vec()
    }
}

/// Reads an answer; one without a body is null.
pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the manager answers");
    let status = response.status();
    let text = response.text().await.expect("it answers in text");
    let body =
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("it answers in JSON") };
    Answer { status, body }
}

/// What a test's accounts do: phones that end in 2 have a password, `+0` is no phone; code, password and token are `right`.
fn reply(request: &LoginRequest) -> LoginReply {
    let refused = |refusal| LoginReply::Refused { refusal, message: "that is wrong".to_owned() };
    let signed_in = |user: i64| LoginReply::SignedIn {
        identity: Identity { user: UserId::new(user), first_name: "Clara".to_owned(), username: None },
    };
    match &request.step {
        LoginStep::SendCode { phone } if phone.expose() == "+0" => refused(Refusal::Phone),
        LoginStep::SendCode { .. } => LoginReply::CodeSent,
        LoginStep::Code { code } if code.expose() == "right" => signed_in(700),
        LoginStep::Code { code } if code.expose() == "password please" => {
            LoginReply::PasswordNeeded { hint: Some("a horse".to_owned()) }
        }
        LoginStep::Code { .. } => refused(Refusal::Code),
        LoginStep::Password { password } if password.expose() == "right" => signed_in(701),
        LoginStep::Password { .. } => refused(Refusal::Password),
        LoginStep::Token { token } if token.expose() == "right" => signed_in(702),
        LoginStep::Token { .. } => refused(Refusal::Token),
    }
}
