//! Starting and stopping the emulator, and its use from the same process.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

use crate::{
    connection::{self, Hub},
    control::{
        self,
        commands::{MadeUp, Speech, To},
        model::{AccountView, GroupView, LedgerEntry, LedgerPage, LedgerQuery, OverlapView, SessionView},
    },
    crypto::rsa::RsaKey,
    faults::FaultKind,
    settings::{Connections, Settings},
    state::{NewAccount, NewGroup, Refusal, State},
};

/// How to start the emulator.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen for MTProto. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the control API listens. Port 0 takes a free one.
    pub control: SocketAddr,
    /// The address that clients are told to connect to, if it is not the one that is listened on: behind a
    /// published port, or when listening on all interfaces.
    pub advertise: Option<SocketAddr>,
    /// The server's key; a new one if absent, which takes a moment to make.
    pub rsa_key: Option<RsaKey>,
    /// How to behave.
    pub settings: Settings,
}

impl Default for Config {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { listen: free, control: free, advertise: None, rsa_key: None, settings: Settings::default() }
    }
}

/// Why the emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address} for {what}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What it was for.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A running emulator. Dropping it closes everything.
pub struct Emulator {
    shared: control::Shared,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn listen(address: SocketAddr, what: &'static str) -> Result<(TcpListener, SocketAddr), StartError> {
    let fault = |source| StartError::Listen { address, what, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok((listener, bound))
}

impl Emulator {
    /// Starts an emulator on the current runtime. When this returns, both listeners are up.
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let (mtproto, address) = listen(config.listen, "MTProto").await?;
        let (http, http_address) = listen(config.control, "the control API").await?;
        let address = config.advertise.unwrap_or(address);
        let rsa = config.rsa_key.unwrap_or_else(RsaKey::generate);
        let hub = Arc::new(Hub::new(State::new(config.settings), rsa, address));
        let shared = control::Shared { hub: Arc::clone(&hub), http: http_address };
        let router = control::router(shared.clone());
        let control = tokio::spawn(async move {
            if let Err(error) = axum::serve(http, router).await {
                tracing::error!(%error, "control API ended");
            }
        });
        Ok(Self { shared, tasks: [tokio::spawn(accept(hub, mtproto)), control] })
    }

    /// Where clients connect.
    pub fn mtproto_address(&self) -> SocketAddr {
        self.shared.hub.address
    }

    /// Where the control API listens.
    pub fn control_address(&self) -> SocketAddr {
        self.shared.http
    }

    /// The control API's address as a URL without a slash at its end.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.shared.http)
    }

    /// The public key for the key exchange, as PKCS#1 PEM.
    pub fn rsa_public_pem(&self) -> String {
        self.shared.hub.rsa.public_pem()
    }

    /// The public key's modulus and exponent in decimal, as `grammers_crypto::rsa::Key::new` takes them.
    pub fn rsa_public_decimal(&self) -> (String, String) {
        self.shared.hub.rsa.public_decimal()
    }

    /// The public key's fingerprint, by which clients choose it.
    pub fn rsa_fingerprint(&self) -> i64 {
        self.shared.hub.rsa.fingerprint()
    }

    /// What `GET /info` answers, as JSON.
    pub fn info_json(&self) -> String {
        serde_json::to_string(&self.shared.info()).expect("five plain fields")
    }

    /// Creates an account.
    ///
    /// # Errors
    /// A name, phone or username cannot be one, or is taken.
    pub fn create_account(&self, new: NewAccount) -> Result<AccountView, Refusal> {
        self.shared.hub.create_account(new)
    }

    /// Creates a group.
    ///
    /// # Errors
    /// A member does not exist, the title is empty, the username cannot be one or is taken.
    pub fn create_group(&self, new: NewGroup) -> Result<GroupView, Refusal> {
        self.shared.hub.create_group(new)
    }

    /// Adds an account to a group.
    ///
    /// # Errors
    /// Either does not exist, or the account is in it already.
    pub fn add_member(&self, group: i64, user: i64) -> Result<GroupView, Refusal> {
        self.shared.hub.add_member(group, user)
    }

    /// The latest login code of an account.
    ///
    /// # Errors
    /// There is no such account, or no code was asked for since it last signed in.
    pub fn code(&self, account: i64) -> Result<String, Refusal> {
        self.shared.hub.code(account)
    }

    /// Lets a simulated person speak. `to` is a user id, or a group's dialog id (negative).
    ///
    /// # Errors
    /// Somebody does not exist, is not in the group, or the text is empty or too long.
    pub fn send(&self, from: i64, to: i64, text: &str) -> Result<LedgerEntry, Refusal> {
        self.speak(from, to, text, None, None)
    }

    /// The same, as an answer to the message with this ledger number.
    ///
    /// # Errors
    /// As [`Emulator::send`], or the message is in another chat.
    pub fn reply(&self, from: i64, to: i64, text: &str, reply_to: u64) -> Result<LedgerEntry, Refusal> {
        self.speak(from, to, text, Some(reply_to), None)
    }

    /// Lets a simulated person send a made-up photo of so many bytes.
    ///
    /// # Errors
    /// As [`Emulator::send`], or the size is impossible.
    pub fn send_photo(&self, from: i64, to: i64, text: &str, bytes: usize) -> Result<LedgerEntry, Refusal> {
        self.speak(from, to, text, None, Some(MadeUp::Photo(bytes)))
    }

    fn speak(
        &self,
        from: i64,
        to: i64,
        text: &str,
        reply_to: Option<u64>,
        file: Option<MadeUp>,
    ) -> Result<LedgerEntry, Refusal> {
        let to = if to < 0 { To::Group(to) } else { To::User(to) };
        self.shared.hub.speak(Speech { from, to, text: text.into(), reply_to, file })
    }

    /// Changes a message's text, as its author would.
    ///
    /// # Errors
    /// There is no such message, or the text is empty or too long.
    pub fn edit(&self, sequence: u64, text: &str) -> Result<LedgerEntry, Refusal> {
        self.shared.hub.edit(sequence, text.into())
    }

    /// Deletes a message for everyone.
    ///
    /// # Errors
    /// There is no such message.
    pub fn delete(&self, sequence: u64) -> Result<LedgerEntry, Refusal> {
        self.shared.hub.delete(sequence)
    }

    /// A part of the ledger; waits for it if the query says so.
    ///
    /// # Errors
    /// The query is malformed.
    pub async fn ledger(&self, query: &LedgerQuery) -> Result<LedgerPage, Refusal> {
        self.shared.hub.ledger(query).await
    }

    /// Registers a key of 256 bytes for an account, as if it had signed in with it.
    ///
    /// # Errors
    /// The key has another length or is known already, or there is no such account.
    pub fn register_key(&self, account: i64, key: &[u8]) -> Result<(), Refusal> {
        self.shared.hub.register_key(account, key).map(|_| ())
    }

    /// Revokes all keys of an account.
    pub fn revoke_keys(&self, account: i64) -> usize {
        self.shared.hub.lock().revoke_keys(account)
    }

    /// Forgets all keys of an account and closes its connections.
    pub fn forget_keys(&self, account: i64) -> usize {
        self.shared.hub.lock().forget_keys(account)
    }

    /// What the settings are.
    pub fn settings(&self) -> Settings {
        self.shared.hub.lock().settings.clone()
    }

    /// Makes the next `count` matching calls go wrong; returns the fault's number.
    pub fn add_fault(&self, account: Option<i64>, method: Option<&str>, fault: FaultKind, count: u64) -> u64 {
        self.shared.hub.lock().faults.add(account, method.map(Into::into), fault, count)
    }

    /// Closes the connections of an account, or all; returns how many.
    pub fn kill_connections(&self, account: Option<i64>) -> usize {
        self.shared.hub.lock().kill_links(account)
    }

    /// Loses all pushes to an account, or no more.
    ///
    /// # Errors
    /// There is no such account.
    pub fn mute(&self, account: i64, muted: bool) -> Result<(), Refusal> {
        let mut state = self.shared.hub.lock();
        let account = state.existing_account(account)?;
        state.mute(account, muted);
        Ok(())
    }

    /// Every connection that ever showed a key, oldest first.
    pub fn sessions(&self) -> Vec<SessionView> {
        let state = self.shared.hub.lock();
        (0..state.sessions.len()).map(|index| SessionView::of(&state, index)).collect()
    }

    /// Every time that one key was used from two places at once.
    pub fn overlaps(&self) -> Vec<OverlapView> {
        OverlapView::all(&self.shared.hub.lock())
    }

    /// How often an account called a method, by its TL name.
    pub fn calls(&self, account: i64, method: &str) -> u64 {
        self.shared.hub.lock().calls.get(&(account, method.to_owned())).copied().unwrap_or(0)
    }

    /// Switches behaviour.
    pub fn set_settings(&self, settings: Settings) {
        self.shared.hub.lock().set_settings(settings);
    }
}

async fn accept(hub: Arc<Hub>, listener: TcpListener) {
    // Aborting this task drops the set, and with it every connection.
    let mut connections = JoinSet::new();
    // Sockets that are neither served nor closed.
    let mut silent = Vec::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, or a client that was gone at once: neither ends the emulator.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        let connections_are = hub.lock().settings.connections;
        match connections_are {
            Connections::Served => {
                connections.spawn(connection::serve(Arc::clone(&hub), stream));
            }
            Connections::Closed => drop(stream),
            Connections::Silent => silent.push(stream),
        }
    }
}
