//! One client's TCP connection: packets in, calls carried out, packets out.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use grammers_tl_types::{Identifiable, Serializable, types};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
};

use crate::{
    clock,
    crypto::{handshake::Handshake, packet, rsa::RsaKey},
    rpc::{Call, Outcome},
    state::{LinkId, Out, PushKind, State},
    transport::{Decoder, Encoder},
    wire::{self, Item},
};

/// A message id may lag this many seconds behind the server's clock, and lead by [`SECONDS_AHEAD_MAX`].
///
/// Source: <https://core.telegram.org/mtproto/description#message-identifier-msg-id>.
const SECONDS_BEHIND_MAX: i64 = 300;
const SECONDS_AHEAD_MAX: i64 = 30;
/// How many salts a client may ask for, and for how long each is said to be valid.
const SALTS_MAX: i32 = 64;
const SALT_SECONDS: i32 = 3600;

/// What all connections share.
pub struct Hub {
    /// Everything the emulator knows.
    state: Mutex<State>,
    /// The server's key.
    pub rsa: RsaKey,
    /// Where the emulator listens for MTProto.
    pub address: SocketAddr,
}

impl Hub {
    /// A hub around a world.
    pub fn new(state: State, rsa: RsaKey, address: SocketAddr) -> Self {
        Self { state: Mutex::new(state), rsa, address }
    }

    /// The world. A panic elsewhere while it was held is no reason to refuse everyone from then on.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a connection ends from this side.
struct Hangup;

/// Serves one connection until it ends.
pub async fn serve(hub: Arc<Hub>, stream: TcpStream) {
    // A failure here only makes small packets slower.
    let _ = stream.set_nodelay(true);
    let opened_ms = clock::now_ms();
    let (read, write) = stream.into_split();
    let (out, queue) = mpsc::unbounded_channel();
    let (encoder, encoder_known) = tokio::sync::oneshot::channel();
    let mut reader = Reader {
        hub,
        decoder: Decoder::new(),
        handshake: Handshake::default(),
        out,
        encoder: Some(encoder),
        opened_ms,
        link: None,
    };
    // When the writer is told to close, the reader ends with it, and the other way round.
    tokio::select! {
        () = reader.run(read) => {}
        () = run_writer(write, queue, encoder_known) => {}
    }
    if let Some((link, _)) = reader.link {
        reader.hub.lock().close_link(link);
    }
}

async fn run_writer(
    mut stream: OwnedWriteHalf,
    mut queue: mpsc::UnboundedReceiver<Out>,
    encoder: tokio::sync::oneshot::Receiver<Encoder>,
) {
    let Ok(mut encoder) = encoder.await else { return };
    while let Some(out) = queue.recv().await {
        let bytes = match out {
            Out::Sealed(key, message) => encoder.encode(&packet::seal(&message, &key)),
            Out::Plain(bytes) => encoder.encode(&bytes),
            Out::Error(code) => encoder.error(code),
            Out::Close => break,
        };
        if stream.write_all(&bytes).await.is_err() {
            break;
        }
    }
    // What is still under way may arrive; the client then sees the end.
    let _ = stream.shutdown().await;
}

struct Reader {
    hub: Arc<Hub>,
    decoder: Decoder,
    handshake: Handshake,
    out: mpsc::UnboundedSender<Out>,
    encoder: Option<tokio::sync::oneshot::Sender<Encoder>>,
    opened_ms: i64,
    link: Option<(LinkId, i64)>,
}

impl Reader {
    async fn run(&mut self, mut stream: OwnedReadHalf) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => self.decoder.feed(&buffer[..count]),
            }
            loop {
                let packet = match self.decoder.next_packet() {
                    Ok(Some(packet)) => packet,
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(%error, "connection speaks no MTProto transport");
                        return;
                    }
                };
                if self.encoder.is_some()
                    && let Some(encoder) = self.decoder.encoder()
                    && let Some(tell) = self.encoder.take()
                {
                    // The writer is only gone if the connection is ending.
                    let _ = tell.send(encoder);
                }
                if self.packet(&packet).is_err() {
                    // The writer closes behind what is queued, and ends the reader with it.
                    let _ = self.out.send(Out::Close);
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    fn packet(&mut self, packet: &[u8]) -> Result<(), Hangup> {
        match packet::named_key(packet) {
            None => Err(Hangup),
            Some(0) => self.exchange(packet),
            Some(key) => self.encrypted(key, packet),
        }
    }

    fn refuse(&self) -> Hangup {
        let _ = self.out.send(Out::Error(-404));
        Hangup
    }

    fn exchange(&mut self, packet: &[u8]) -> Result<(), Hangup> {
        let Some((_, body)) = packet::open_plain(packet) else { return Err(self.refuse()) };
        // Clients acknowledge the exchange's messages in the clear, which wants no answer.
        if wire::constructor(body) == Some(types::MsgsAck::CONSTRUCTOR_ID) {
            return Ok(());
        }
        let (answer, key) = self.handshake.answer(body, &self.hub.rsa).map_err(|error| {
            tracing::warn!(%error, "key exchange refused");
            self.refuse()
        })?;
        let mut state = self.hub.lock();
        if let Some(key) = key {
            // Two random keys are the same never.
            let _ = state.add_key(key.key, key.salt, None);
        }
        let id = state.next_message_id(PushKind::Answer);
        let _ = self.out.send(Out::Plain(packet::plain(id, &answer)));
        Ok(())
    }

    fn encrypted(&mut self, key: i64, packet: &[u8]) -> Result<(), Hangup> {
        let hub = Arc::clone(&self.hub);
        let mut state = hub.lock();
        let Some(bytes) = state.keys.get(&key).map(|key| Arc::clone(&key.bytes)) else {
            return Err(self.refuse());
        };
        let message = match packet::open(packet, &bytes) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(%error, "packet refused");
                return Err(self.refuse());
            }
        };
        let link = match self.link {
            Some((link, known)) if known == key => link,
            Some((old, _)) => {
                // A connection that changes its key counts as another one.
                state.close_link(old);
                self.open(&mut state, key)
            }
            None => self.open(&mut state, key),
        };
        let new_session = state.meet_session(link, message.session_id);
        let salt = state.keys.get(&key).map_or(0, |key| key.salt);
        if let Some(code) = misdated(message.id) {
            state.send(link, bad_message(message.id, message.sequence, code), PushKind::Answer, false);
            return Ok(());
        }
        if message.salt != salt && state.settings.check_salt {
            state.send(link, bad_salt(message.id, message.sequence, salt), PushKind::Answer, false);
            if new_session {
                // It comes again with the right salt, and is greeted then.
                state.forget_session(link);
            }
            return Ok(());
        }
        if new_session {
            let parts: [&[u8]; 3] =
                [&message.id.to_bytes(), &message.session_id.to_bytes(), &salt.to_bytes()];
            let body = wire::object(types::NewSessionCreated::CONSTRUCTOR_ID, &parts);
            state.send(link, body, PushKind::Push, true);
        }
        let Ok(messages) = wire::unpack(message.id, message.sequence, &message.body) else {
            tracing::warn!("malformed message refused");
            return Err(self.refuse());
        };
        for incoming in messages {
            self.item(&mut state, link, salt, &incoming)?;
        }
        Ok(())
    }

    fn open(&mut self, state: &mut State, key: i64) -> LinkId {
        let transport = self.decoder.transport().map_or("none", crate::transport::Transport::name);
        let link = state.open_link(key, self.out.clone(), transport, self.opened_ms);
        self.link = Some((link, key));
        link
    }

    fn item(
        &self,
        state: &mut State,
        link: LinkId,
        salt: i64,
        incoming: &wire::Incoming,
    ) -> Result<(), Hangup> {
        let request = incoming.message_id.to_bytes();
        match &incoming.item {
            Item::Nothing => {}
            Item::Ping(ping) => {
                let body = wire::object(types::Pong::CONSTRUCTOR_ID, &[&request, &ping.to_bytes()]);
                state.send(link, body, PushKind::Answer, false);
            }
            Item::GetFutureSalts(count) => {
                state.send(link, future_salts(&request, *count, salt), PushKind::Answer, false);
            }
            Item::StateRequest(ids) => {
                // 4: received. The exact state of each is not kept.
                let info = vec![4_u8; ids.len()];
                let body = wire::object(types::MsgsStateInfo::CONSTRUCTOR_ID, &[&request, &info.to_bytes()]);
                state.send(link, body, PushKind::Answer, false);
            }
            Item::DestroySession(session) => {
                let body = wire::object(types::DestroySessionOk::CONSTRUCTOR_ID, &[&session.to_bytes()]);
                state.send(link, body, PushKind::Answer, false);
            }
            Item::DropAnswer => {
                let unknown = wire::object(types::RpcAnswerUnknown::CONSTRUCTOR_ID, &[]);
                state.send(link, wire::rpc_result(incoming.message_id, &unknown), PushKind::Answer, true);
            }
            Item::Call(body) => {
                let outcome = Call { state, link, address: self.hub.address }.run(incoming.message_id, body);
                return self.finish(state, link, incoming, outcome);
            }
        }
        Ok(())
    }

    fn finish(
        &self,
        state: &mut State,
        link: LinkId,
        incoming: &wire::Incoming,
        outcome: Outcome,
    ) -> Result<(), Hangup> {
        match outcome {
            Outcome::Answer(answer) => state.send(link, answer, PushKind::Answer, true),
            Outcome::Late(ms, answer) => {
                let hub = Arc::clone(&self.hub);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    hub.lock().send(link, answer, PushKind::Answer, true);
                });
            }
            Outcome::Silence => {}
            Outcome::Hangup => return Err(Hangup),
            Outcome::TransportError(code) => {
                let _ = self.out.send(Out::Error(code));
                return Err(Hangup);
            }
            Outcome::BadMessage(code) => {
                let body = bad_message(incoming.message_id, incoming.sequence, code);
                state.send(link, body, PushKind::Answer, false);
            }
            Outcome::NewSalt => {
                let salt = state.change_salt(link);
                let body = bad_salt(incoming.message_id, incoming.sequence, salt);
                state.send(link, body, PushKind::Answer, false);
            }
        }
        Ok(())
    }
}

/// A message was ignored. Source: as for [`misdated`].
fn bad_message(message_id: i64, sequence: i32, code: i32) -> Vec<u8> {
    let parts: [&[u8]; 3] = [&message_id.to_bytes(), &sequence.to_bytes(), &code.to_bytes()];
    wire::object(types::BadMsgNotification::CONSTRUCTOR_ID, &parts)
}

/// A message was ignored because of its server salt; the right one comes along.
fn bad_salt(message_id: i64, sequence: i32, salt: i64) -> Vec<u8> {
    let parts: [&[u8]; 4] =
        [&message_id.to_bytes(), &sequence.to_bytes(), &48_i32.to_bytes(), &salt.to_bytes()];
    wire::object(types::BadServerSalt::CONSTRUCTOR_ID, &parts)
}

/// The code of `bad_msg_notification` for an impossible message id.
///
/// Source: <https://core.telegram.org/mtproto/service_messages_about_messages#notice-of-ignored-error-message>.
fn misdated(message_id: i64) -> Option<i32> {
    let seconds = message_id >> 32;
    let now = clock::now_ms() / 1000;
    if message_id & 3 != 0 {
        Some(18)
    } else if seconds < now - SECONDS_BEHIND_MAX {
        Some(16)
    } else if seconds > now + SECONDS_AHEAD_MAX {
        Some(17)
    } else {
        None
    }
}

/// A bare `future_salts`. There is one salt only, valid for ever; clients want to see several in a row.
fn future_salts(request: &[u8], count: i32, salt: i64) -> Vec<u8> {
    let now = clock::now();
    let count = count.clamp(2, SALTS_MAX);
    let mut body =
        wire::object(types::FutureSalts::CONSTRUCTOR_ID, &[request, &now.to_bytes(), &count.to_bytes()]);
    for number in 0..count {
        let since = now + number * SALT_SECONDS;
        since.serialize(&mut body);
        (since + 2 * SALT_SECONDS).serialize(&mut body);
        salt.serialize(&mut body);
    }
    body
}
