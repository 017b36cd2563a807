//! A stock grammers client, connected to an emulator in this process.

use std::{
    net::{Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    sync::{Arc, LazyLock},
    time::Duration,
};

use grammers_client::{Client, InvocationError, message::Message, tl, update::Update};
use grammers_crypto::{aes, factorize, generate_key_data_from_nonce, rsa};
use grammers_mtproto::{mtp, transport::Full};
use grammers_mtsender::{
    ConnectionParams, NoRetries, Sender, SenderPool, SenderPoolFatHandle, ServerAddr, UpdatesConfiguration,
};
use grammers_session::{
    SessionData,
    storages::MemorySession,
    types::{DcOption, PeerRef},
};
use num_bigint::BigUint;
use sha1::{Digest, Sha1};
use tl::{Cursor, Deserializable, Serializable};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use troupe_telegram::{AccountView, Config, Emulator, NewAccount, RsaKey, Settings};

/// How long a test waits for something that should come at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// An emulator on free ports. The RSA key is made once for all tests.
pub async fn emulator() -> Emulator {
    emulator_with(Settings::default()).await
}

/// The same, behaving in another way.
pub async fn emulator_with(settings: Settings) -> Emulator {
    static KEY: LazyLock<RsaKey> = LazyLock::new(RsaKey::generate);
    Emulator::start(Config { rsa_key: Some(KEY.clone()), settings, ..Config::default() }).await.unwrap()
}

/// A person.
pub fn person(emulator: &Emulator, name: &str) -> AccountView {
    let username = Some(format!("{}_test", name.to_lowercase()));
    let new = NewAccount { first_name: name.into(), username, ..NewAccount::default() };
    emulator.create_account(new).unwrap()
}

/// A client and what it receives.
pub struct Peer {
    /// The library's client.
    pub client: Client,
    updates: mpsc::UnboundedReceiver<Update>,
    tasks: Vec<JoinHandle<()>>,
    handle: SenderPoolFatHandle,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.handle.thin.quit();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn session(address: SocketAddr, auth_key: [u8; 256]) -> Arc<MemorySession> {
    let SocketAddr::V4(ipv4) = address else { panic!("the emulator listens on 127.0.0.1") };
    let ipv6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, ipv4.port(), 0, 0);
    let option = DcOption { id: 2, ipv4, ipv6, auth_key: Some(auth_key) };
    let data = SessionData { home_dc: 2, dc_options: [(2, option)].into(), ..SessionData::default() };
    Arc::new(MemorySession::from(data))
}

/// A client that nobody signed in with, its key made by a real exchange.
pub async fn stranger(emulator: &Emulator) -> Peer {
    let key = exchange_key(emulator).await.unwrap();
    connect(emulator, key, "stranger").await
}

/// A client with a key that is registered beforehand.
pub async fn signed_in(emulator: &Emulator, account: i64) -> Peer {
    let key = registered_key(emulator, account);
    connect(emulator, key, "registered").await
}

/// A new key, registered for an account.
pub fn registered_key(emulator: &Emulator, account: i64) -> [u8; 256] {
    let mut key = [0; 256];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut key);
    emulator.register_key(account, &key).unwrap();
    key
}

/// A client with this key that calls its device this.
pub async fn connect(emulator: &Emulator, key: [u8; 256], device: &str) -> Peer {
    let session = session(emulator.mtproto_address(), key);
    let parameters = ConnectionParams {
        device_model: device.into(),
        // What comes is seen as it comes.
        retry_policy: Box::new(NoRetries),
        ..ConnectionParams::default()
    };
    let pool = SenderPool::with_configuration(Arc::clone(&session), 1, parameters);
    let (handle, runner) = (pool.handle.clone(), tokio::spawn(pool.runner.run()));
    let client = Client::new(handle.clone());
    let mut stream =
        client.stream_updates(pool.updates, UpdatesConfiguration { catch_up: false }).await.unwrap();
    let (tell, updates) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        loop {
            match stream.next().await {
                Ok(update) => drop(tell.send(update)),
                // The connection ended on purpose; the next call opens another one.
                Err(_) => tokio::task::yield_now().await,
            }
            if tell.is_closed() {
                return;
            }
        }
    });
    Peer { client, updates, tasks: vec![runner, reader], handle }
}

impl Peer {
    /// The next update that `pick` takes; others are dropped.
    pub async fn next<T>(&mut self, mut pick: impl FnMut(&Update) -> Option<T>) -> T {
        let wait = async {
            loop {
                let update = self.updates.recv().await.expect("the reader runs as long as the client");
                if let Some(found) = pick(&update) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, wait).await.expect("the update did not come")
    }

    /// The next message with this text.
    pub async fn message(&mut self, text: &str) -> Message {
        self.next(|update| match update {
            Update::NewMessage(message) if message.text() == text => Some((**message).clone()),
            _ => None,
        })
        .await
    }

    /// The texts of the next messages that arrive from others.
    pub async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        while texts.len() < count {
            texts.push(
                self.next(|update| match update {
                    Update::NewMessage(message) if !message.outgoing() && message.action().is_none() => {
                        Some(message.text().to_owned())
                    }
                    _ => None,
                })
                .await,
            );
        }
        texts
    }

    /// How to name somebody, found by the username that [`person`] gave.
    pub async fn find(&self, name: &str) -> PeerRef {
        let username = format!("{}_test", name.to_lowercase());
        let peer = self.client.resolve_username(&username).await.unwrap().expect("everybody can be found");
        peer.to_ref().await.unwrap().expect("a resolved peer has a hash")
    }

    /// How to name the dialog with this title or name.
    pub async fn dialog(&self, name: &str) -> PeerRef {
        let mut dialogs = self.client.iter_dialogs();
        while let Some(dialog) = dialogs.next().await.unwrap() {
            if dialog.peer().name() == Some(name) {
                return dialog.peer_ref();
            }
        }
        panic!("there is no dialog {name}")
    }

    /// Calls a method and expects a refusal; returns its code and name, the number put back at its end.
    pub async fn refused<R: tl::RemoteCall>(&self, call: &R) -> (i32, String)
    where
        R::Return: std::fmt::Debug,
    {
        refusal(self.client.invoke(call).await)
    }
}

/// The code and name of a refusal.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, InvocationError>) -> (i32, String) {
    match result {
        Err(InvocationError::Rpc(error)) => {
            (error.code, error.value.map_or(error.name.clone(), |value| format!("{}_{value}", error.name)))
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// Makes a key with the emulator by the whole exchange. grammers itself knows Telegram's RSA keys only.
pub async fn exchange_key(emulator: &Emulator) -> Result<[u8; 256], InvocationError> {
    let (n, e) = emulator.rsa_public_decimal();
    let rsa_key = rsa::Key::new(&n, &e).unwrap();
    let address = ServerAddr::Tcp { address: emulator.mtproto_address() };
    let mut sender = Sender::connect(Full::new(), mtp::Plain::new(), address).await?;

    let nonce: [u8; 16] = rand::random();
    let tl::enums::ResPq::Pq(pq) = sender.invoke(&tl::functions::ReqPqMulti { nonce }).await?;
    assert_eq!(pq.server_public_key_fingerprints, [emulator.rsa_fingerprint()]);
    let server_nonce = pq.server_nonce;
    let (p, q) = factorize(u64::from_be_bytes(pq.pq.clone().try_into().unwrap()));
    let short = |number: u64| BigUint::from(number).to_bytes_be();
    let new_nonce: [u8; 32] = rand::random();
    let inner = tl::enums::PQInnerData::Data(tl::types::PQInnerData {
        pq: pq.pq,
        p: short(p),
        q: short(q),
        nonce,
        server_nonce,
        new_nonce,
    });
    let mut noise = [0; 224];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut noise);
    let answer = sender
        .invoke(&tl::functions::ReqDhParams {
            nonce,
            server_nonce,
            p: short(p),
            q: short(q),
            public_key_fingerprint: emulator.rsa_fingerprint(),
            encrypted_data: rsa::encrypt_hashed(&inner.to_bytes(), &rsa_key, &noise),
        })
        .await?;
    let tl::enums::ServerDhParams::Ok(answer) = answer else { panic!("{answer:?}") };
    let (key, iv) = generate_key_data_from_nonce(&server_nonce, &new_nonce);
    let mut plain = answer.encrypted_answer;
    aes::ige_decrypt(&mut plain, &key, &iv);
    let mut cursor = Cursor::from_slice(&plain[20..]);
    let tl::enums::ServerDhInnerData::Data(server) =
        tl::enums::ServerDhInnerData::deserialize(&mut cursor).unwrap();
    assert_eq!(plain[..20], Sha1::digest(&plain[20..20 + cursor.pos()])[..]);

    let prime = BigUint::from_bytes_be(&server.dh_prime);
    let mut secret = [0; 256];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut secret);
    let secret = BigUint::from_bytes_be(&secret);
    let g_b = BigUint::from(u32::try_from(server.g).unwrap()).modpow(&secret, &prime);
    let auth_key = BigUint::from_bytes_be(&server.g_a).modpow(&secret, &prime).to_bytes_be();
    let inner = tl::enums::ClientDhInnerData::Data(tl::types::ClientDhInnerData {
        nonce,
        server_nonce,
        retry_id: 0,
        g_b: g_b.to_bytes_be(),
    })
    .to_bytes();
    let mut encrypted_data = [&Sha1::digest(&inner)[..], &inner].concat();
    encrypted_data.resize(encrypted_data.len().next_multiple_of(16), 0);
    aes::ige_encrypt(&mut encrypted_data, &key, &iv);
    let done =
        sender.invoke(&tl::functions::SetClientDhParams { nonce, server_nonce, encrypted_data }).await?;
    let tl::enums::SetClientDhParamsAnswer::DhGenOk(done) = done else { panic!("{done:?}") };

    let mut bytes = [0; 256];
    bytes[256 - auth_key.len()..].copy_from_slice(&auth_key);
    let made = grammers_crypto::AuthKey::from_bytes(bytes);
    assert_eq!(done.new_nonce_hash1, made.calc_new_nonce_hash(&new_nonce, 1));
    Ok(bytes)
}

/// Where the emulator listens, as grammers' session has it.
pub fn address_of(emulator: &Emulator) -> SocketAddrV4 {
    match emulator.mtproto_address() {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(_) => panic!("the emulator listens on 127.0.0.1"),
    }
}

/// The address that a session believes in after a connection.
pub fn believed_address(peer: &Peer) -> SocketAddrV4 {
    peer.handle.session.dc_option(2).unwrap().expect("the session started with this option").ipv4
}
