use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerAddr,
    jetstream::{Context, context::ContextBuilder, stream::Stream as Kept},
};
use percent_encoding::percent_decode_str;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use troupe_protocol::{Bucket, Secret, Stream};
use troupe_service::{health::Health, metric};
use troupe_types::{PartitionCount, Timestamp};

use crate::{
    Error, NatsConfig, Records, buckets, metrics,
    setup::{self, Whose},
    streams,
};

/// The first wait before connecting again; each further one is twice as long.
const RECONNECT_MIN: Duration = Duration::from_millis(50);
/// The longest wait before connecting again.
const RECONNECT_MAX: Duration = Duration::from_secs(2);
/// How often a quiet connection is asked whether it still lives.
const PING: Duration = Duration::from_secs(10);
/// The key of the count of partitions in [`Bucket::Installation`].
const PARTITIONS: &str = "partitions";
/// The key of the installation's secret in [`Bucket::Installation`].
const KEY: &str = "key";

/// A connection to the broker, with every stream and bucket in place. Clones share it.
#[derive(Debug, Clone)]
pub struct Bus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    context: Context,
    config: NatsConfig,
    partitions: PartitionCount,
    key: Secret,
    streams: BTreeMap<Stream, Kept>,
    buckets: BTreeMap<Bucket, Kept>,
    connection: watch::Receiver<Connection>,
    closed: CancellationToken,
}

/// Whether there is a connection, and the how manieth it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Connection {
    pub(crate) up: bool,
    pub(crate) count: u64,
}

impl Bus {
    /// Connects, checks the server's version, and makes every stream and bucket that is not there. The first one ever
    /// to connect fixes the installation's count of partitions. Replicas and retention of what is there stay.
    ///
    /// # Errors
    /// If nobody answers, the server is too old or keeps no streams, or refuses or misunderstands what is asked of
    /// it. A service waits for a server that is away: [`troupe_service::wait_for`]. A connection that is lost later is made
    /// again by itself.
    pub async fn connect(config: &NatsConfig) -> Result<Self, Error> {
        Self::connect_as(Whose::Guest, config).await
    }

    /// Does what [`Self::connect`] does, and changes streams and buckets to the replicas and the retention that
    /// `config` gives. For the manager alone: were it every service's, whichever starts last would win.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_as_keeper(config: &NatsConfig) -> Result<Self, Error> {
        Self::connect_as(Whose::Keeper, config).await
    }

    async fn connect_as(whose: Whose, config: &NatsConfig) -> Result<Self, Error> {
        check(config)?;
        metric::announce(metrics::ALL);
        let url = config.shown_url();
        let (tell, mut connection) = watch::channel(Connection::default());
        let client = options(config, tell)
            .await?
            .connect(config.url.split(',').map(str::trim).collect::<Vec<_>>())
            .await
            .map_err(|error| cannot_connect(&url, error))?;
        if !client.is_server_compatible(2, 12, 0) {
            return Err(Error::TooOld { url, found: client.server_info().version });
        }
        // Told by a task of its own; whoever waits for a *new* connection must not take this one for it.
        let _ = tokio::time::timeout(config.timeout, connection.wait_for(|connection| connection.up)).await;
        let context =
            ContextBuilder::new().timeout(config.timeout).ack_timeout(config.timeout).build(client.clone());
        let mut kept_streams = BTreeMap::new();
        for stream in Stream::ALL {
            let kept = setup::stream(&context, streams::config(stream, config), whose, &url).await?;
            kept_streams.insert(stream, kept);
        }
        let mut kept_buckets = BTreeMap::new();
        for bucket in Bucket::ALL {
            let kept = setup::stream(&context, buckets::config(bucket, config), whose, &url).await?;
            kept_buckets.insert(bucket, kept);
        }
        let installation =
            Records::new(context.clone(), kept_buckets[&Bucket::Installation].clone(), Bucket::Installation);
        let partitions = fix(&installation, PARTITIONS, config.partitions).await?;
        let key = fix(&installation, KEY, random_key()).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                client,
                context,
                config: config.clone(),
                partitions,
                key,
                streams: kept_streams,
                buckets: kept_buckets,
                connection,
                closed: CancellationToken::new(),
            }),
        })
    }

    /// How many partitions this installation has.
    pub fn partitions(&self) -> PartitionCount {
        self.inner.partitions
    }

    /// The installation's own key, made at random when it was created. Marks of people who were erased are made with it.
    pub fn key(&self) -> &Secret {
        &self.inner.key
    }

    /// The records of `bucket`.
    pub fn bucket(&self, bucket: Bucket) -> Records {
        Records::of(self, bucket)
    }

    /// The number of the newest message of `stream`; 0 if there never was one.
    ///
    /// # Errors
    /// If the broker does not tell.
    pub async fn last_sequence(&self, stream: Stream) -> Result<u64, Error> {
        match self.stream(stream).get_info().await {
            Ok(info) => Ok(info.state.last_sequence),
            Err(error) => {
                Err(Error::Read { what: format!("the end of {}", stream.name()), source: error.into() })
            }
        }
    }

    /// When `stream` was created, by the broker's clock. A new one of the same name begins its numbers anew, so a
    /// position in a stream is worth something together with this.
    pub fn created(&self, stream: Stream) -> Timestamp {
        let nanos = self.stream(stream).cached_info().created.unix_timestamp_nanos();
        Timestamp::from_millis(i64::try_from(nanos / 1_000_000).unwrap_or_default())
    }

    /// Whether the broker is connected now, and every change of that. For readiness.
    pub fn connected(&self) -> watch::Receiver<bool> {
        let mut connection = self.inner.connection.clone();
        let (tell, told) = watch::channel(connection.borrow_and_update().up);
        let closed = self.inner.closed.clone();
        tokio::spawn(async move {
            let forward = async {
                while connection.changed().await.is_ok() {
                    if tell.send(connection.borrow_and_update().up).is_err() {
                        break;
                    }
                }
            };
            closed.run_until_cancelled(forward).await;
        });
        told
    }

    /// Keeps telling readiness whether the broker is connected, until what it returns is dropped.
    pub fn tell_health(&self, health: &Health) -> AbortOnDropHandle<()> {
        let (mut connected, nats) = (self.connected(), health.dependency("nats"));
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                nats.set(*connected.borrow_and_update());
                if connected.changed().await.is_err() {
                    break;
                }
            }
        }))
    }

    /// Sends what is still to be sent, such as acknowledgements, and ends all that waits for messages.
    pub async fn close(&self) {
        self.inner.closed.cancel();
        match tokio::time::timeout(self.inner.config.timeout, self.inner.client.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "could not flush"),
            Err(_) => tracing::debug!("could not flush in time"),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(crate) fn context(&self) -> &Context {
        &self.inner.context
    }

    pub(crate) fn config(&self) -> &NatsConfig {
        &self.inner.config
    }

    pub(crate) fn stream(&self, stream: Stream) -> &Kept {
        &self.inner.streams[&stream]
    }

    pub(crate) fn bucket_stream(&self, bucket: Bucket) -> &Kept {
        &self.inner.buckets[&bucket]
    }

    pub(crate) fn connection(&self) -> watch::Receiver<Connection> {
        self.inner.connection.clone()
    }

    pub(crate) fn closed(&self) -> &CancellationToken {
        &self.inner.closed
    }
}

fn cannot_connect(url: &str, error: ConnectError) -> Error {
    let url = url.to_owned();
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            Error::NotLetIn { url, source: error.into() }
        }
        _ => Error::Connect { url, source: error.into() },
    }
}

/// Refuses settings that cannot work together.
fn check(config: &NatsConfig) -> Result<(), Error> {
    let wrong = |key, reason: &str| Err(Error::Setting { key, reason: reason.to_owned() });
    if config.lease_ttl.subsec_nanos() != 0 || config.lease_ttl.as_secs() < 2 {
        return wrong("lease_ttl", "the broker counts whole seconds, and a lease needs at least 2");
    }
    if config.timeout.is_zero() || config.ack_wait < Duration::from_secs(1) {
        return wrong("ack_wait", "it has to be at least 1s, and timeout must not be 0");
    }
    if config.actions_window == 0 {
        return wrong("actions_window", "no action could ever be carried out");
    }
    if config.replicas == 0 || config.replicas > 5 {
        return wrong("replicas", "it has to be from 1 to 5");
    }
    Ok(())
}

async fn options(config: &NatsConfig, tell: watch::Sender<Connection>) -> Result<ConnectOptions, Error> {
    let options = ConnectOptions::new()
        .name(troupe_service::instance_name())
        .connection_timeout(config.timeout)
        .request_timeout(Some(config.timeout))
        .ping_interval(PING)
        .max_reconnects(None)
        .reconnect_delay_callback(|attempt| {
            let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
            (RECONNECT_MIN * 2_u32.pow(doublings)).min(RECONNECT_MAX)
        })
        .event_callback(move |event| {
            note(&event, &tell);
            std::future::ready(())
        });
    let options = match user(&config.url) {
        Some((user, Some(password))) => options.user_and_password(user, password),
        Some((token, None)) => options.token(token),
        None => options,
    };
    let Some(path) = config.credentials.as_ref().filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(options);
    };
    options.credentials_file(path).await.map_err(|source| Error::Credentials { path: path.clone(), source })
}

/// The user and password of the first address that has them, or its token: the client library leaves them alone.
fn user(addresses: &str) -> Option<(String, Option<String>)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    addresses.split(',').find_map(|address| {
        let address: ServerAddr = address.trim().parse().ok()?;
        Some((decoded(address.username()?), address.password().map(decoded)))
    })
}

/// Tells the log and whoever waits for the connection.
fn note(event: &Event, tell: &watch::Sender<Connection>) {
    match event {
        Event::Connected => {
            tell.send_modify(|connection| {
                connection.up = true;
                connection.count += 1;
            });
            tracing::info!("connected to NATS");
        }
        Event::Disconnected => {
            tell.send_modify(|connection| connection.up = false);
            tracing::warn!("lost the connection to NATS");
        }
        Event::LameDuckMode => tracing::info!("NATS is about to stop"),
        Event::SlowConsumer(_) => {
            tracing::error!("NATS messages were dropped: this service reads too slowly");
        }
        Event::ServerError(error) => tracing::warn!(%error, "NATS reports an error"),
        Event::ClientError(error) => tracing::debug!(%error, "NATS connection"),
        Event::Draining | Event::Closed => {}
    }
}

/// What is fixed of the installation under `name`: `wanted` if nothing was before.
async fn fix<T: Serialize + DeserializeOwned>(
    installation: &Records,
    name: &str,
    wanted: T,
) -> Result<T, Error> {
    if let Some(entry) = installation.get::<T>(name).await? {
        return Ok(entry.value);
    }
    match installation.create(name, &wanted).await {
        Ok(_) => {
            tracing::info!(name, "fixed something of this installation for good");
            Ok(wanted)
        }
        Err(Error::Exists { .. }) => {
            let entry = installation.get::<T>(name).await?;
            Ok(entry.map_or(wanted, |entry| entry.value))
        }
        Err(error) => Err(error),
    }
}

fn random_key() -> Secret {
    let bytes: [u8; 32] = rand::random();
    Secret::new(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_taken_from_the_first_address_that_has_one() {
        let with = |user: &str, password: Option<&str>| Some((user.to_owned(), password.map(str::to_owned)));
        assert_eq!(user("nats://one:4222, tls://two"), None);
        assert_eq!(user("nats://one,nats://me:p%40ss@two"), with("me", Some("p@ss")));
        assert_eq!(user("nats://token@one:4222"), with("token", None));
    }
}
