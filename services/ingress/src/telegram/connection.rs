use std::{fs, net::SocketAddrV4, num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Context as _;
use grammers_client::Client;
use grammers_mtsender::{ConnectionParams, NoRetries, SenderPool, SenderPoolHandle};
use grammers_session::{Session as _, updates::UpdatesLike};
use grammers_tl_types as tl;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{CallError, MemorySession, Trouble, handshake::ServerKey};
use crate::config::TelegramConfig;

/// How many updates may wait between the socket and the receiver. grammers drops what comes on top, so this is large;
/// an empty queue costs nothing.
const UPDATES_WAITING_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");

/// How to reach Telegram, for every account of this process.
pub struct Telegram {
    config: TelegramConfig,
    server: Option<(SocketAddrV4, ServerKey)>,
    instance: String,
}

impl Telegram {
    /// Reads the configured server's key, if there is one.
    ///
    /// # Errors
    /// If the key's file cannot be read or holds no key.
    pub fn new(config: &TelegramConfig, instance: &str) -> anyhow::Result<Self> {
        let server = match (&config.address, &config.rsa_key_file) {
            (Some(address), Some(file)) => {
                let pem = fs::read_to_string(file)
                    .with_context(|| format!("cannot read telegram.rsa_key_file {}", file.display()))?;
                Some((*address, ServerKey::from_pem(&pem)?))
            }
            _ => None,
        };
        Ok(Self { config: config.clone(), server, instance: instance.to_owned() })
    }

    /// Makes a session that has not signed in. With a configured server this makes an authorization key, too.
    ///
    /// # Errors
    /// If the configured server cannot be reached or does not have the configured key.
    pub async fn new_session(&self) -> Result<Arc<MemorySession>, CallError> {
        let Some((address, key)) = &self.server else { return Ok(Arc::new(MemorySession::new(None))) };
        let made = timeout(self.config.call_timeout, key.make_auth_key(*address)).await;
        let key = made.map_err(|_| CallError::Timeout(self.config.call_timeout))??;
        Ok(Arc::new(MemorySession::new(Some((*address, &key)))))
    }

    /// The settings.
    pub const fn config(&self) -> &TelegramConfig {
        &self.config
    }

    /// Makes a connection for `session`. It connects at the first call, and again whenever it has to.
    pub fn connect(&self, session: &Arc<MemorySession>) -> Connection {
        let params = ConnectionParams {
            device_model: self.config.device_model.clone(),
            system_version: std::env::consts::OS.to_owned(),
            // Telegram shows this to the account's holder; the instance tells where the session is connected from.
            app_version: format!("{} {}", self.config.app_version, self.instance),
            system_lang_code: "en".to_owned(),
            lang_code: "en".to_owned(),
            // Waiting and trying again is decided where it is known what for.
            retry_policy: Box::new(NoRetries),
            updates_channel_capacity: UPDATES_WAITING_MAX,
            ..ConnectionParams::default()
        };
        let pool = SenderPool::with_configuration(Arc::clone(session), self.config.api_id, params);
        let handle = pool.handle.thin.clone();
        let client = Client::new(pool.handle);
        let runner = AbortOnDropHandle::new(tokio::spawn(pool.runner.run()));
        Connection {
            client,
            handle,
            session: Arc::clone(session),
            updates: Some(pool.updates),
            runner,
            call_timeout: self.config.call_timeout,
        }
    }
}

/// A connection of one account. Dropping it closes it at once.
pub struct Connection {
    pub(super) client: Client,
    handle: SenderPoolHandle,
    pub(super) session: Arc<MemorySession>,
    updates: Option<mpsc::Receiver<UpdatesLike>>,
    runner: AbortOnDropHandle<()>,
    call_timeout: Duration,
}

impl Connection {
    /// Makes a call, once, and waits for its answer.
    ///
    /// # Errors
    /// If Telegram refuses it, the connection fails, or no answer comes in time. In the last two cases the call may have
    /// been carried out all the same.
    pub async fn call<R: tl::RemoteCall>(&self, request: &R) -> Result<R::Return, CallError> {
        let home = self.session.home_dc_id().unwrap_or_default();
        self.call_once(home, request).await
    }

    /// Makes a call to the data centre `centre`. One that is not the account's home knows nobody at first; the account is
    /// made known there then.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn call_in<R: tl::RemoteCall>(&self, centre: i32, request: &R) -> Result<R::Return, CallError> {
        let home = self.session.home_dc_id().unwrap_or_default();
        match self.call_once(centre, request).await {
            Err(error) if centre != home && matches!(error.trouble(), Trouble::LoggedOut(_)) => {
                // A foreign centre says so of every account that was not introduced to it. It says nothing about the
                // session, of which only its home may say that it has ended.
                let introduction = self.export_to(centre).await?;
                let again = async {
                    self.call_once(centre, &introduction).await?;
                    self.call_once(centre, request).await
                };
                again.await.map_err(|error| match error.trouble() {
                    Trouble::LoggedOut(_) => CallError::Foreign(centre),
                    _ => error,
                })
            }
            answer => answer,
        }
    }

    /// Asks for what makes the account known to another data centre. Source: <https://core.telegram.org/api/datacenter>.
    async fn export_to(&self, centre: i32) -> Result<tl::functions::auth::ImportAuthorization, CallError> {
        let export = tl::functions::auth::ExportAuthorization { dc_id: centre };
        let tl::enums::auth::ExportedAuthorization::Authorization(exported) = self.call(&export).await?;
        Ok(tl::functions::auth::ImportAuthorization { id: exported.id, bytes: exported.bytes })
    }

    async fn call_once<R: tl::RemoteCall>(&self, centre: i32, request: &R) -> Result<R::Return, CallError> {
        let answer = timeout(self.call_timeout, self.handle.invoke_in_dc(centre, request)).await;
        Ok(answer.map_err(|_| CallError::Timeout(self.call_timeout))??)
    }

    /// Asks whether the other end still lives.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn ping(&self) -> Result<(), CallError> {
        self.call(&tl::functions::Ping { ping_id: rand::random() }).await.map(|_| ())
    }

    /// Ends the session at Telegram for good.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn log_out(&self) -> Result<(), CallError> {
        self.call(&tl::functions::auth::LogOut {}).await.map(|_| ())
    }

    /// The updates as they come off the socket; `None` the second time.
    pub(super) fn take_updates(&mut self) -> Option<mpsc::Receiver<UpdatesLike>> {
        self.updates.take()
    }

    /// Whether the task that drives the connection has ended, by a panic inside grammers: nothing will come any more.
    pub fn is_broken(&self) -> bool {
        self.runner.is_finished()
    }

    /// Closes the connection and waits until it is closed, so that another owner may open its own.
    pub async fn close(self) {
        self.handle.quit();
        let mut runner = self.runner;
        // A runner that is stuck in a connect hears no quit.
        if timeout(Duration::from_secs(1), &mut runner).await.is_err() {
            runner.abort();
            let _ = (&mut runner).await;
        }
    }
}
