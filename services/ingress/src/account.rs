//! One bot's session: connected, listened to, acted through, and connected again when it breaks.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    time::{interval, sleep},
};
use tokio_util::sync::CancellationToken;
use troupe_protocol::{BotRecord, Event, EventBody, SessionState, Update, UpdateBody};
use troupe_service::telemetry;
use troupe_types::{BotId, ChatId, MessageId, UpdateKey, UpdateKind};

use crate::{
    acting::{Actor, LoggedOut},
    backoff::Backoff,
    config::PaceConfig,
    files::Files,
    media::MediaStore,
    metrics::{self, SessionGauge},
    outgoing::Outgoing,
    report::Reporter,
    sessions::Sessions,
    telegram::{
        Batch, CallError, Connection, Gap, Happened, MemorySession, Receiver, Said, Telegram, Trouble,
    },
};

/// How long to wait before a broken connection is made anew, at first and at most.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// How often a position that moved is stored. What comes again after a crash is recognised, so this need not be often.
const CHECKPOINT: Duration = Duration::from_millis(250);

/// What every account of this process works with.
pub struct Shared {
    /// How to reach Telegram.
    pub telegram: Telegram,
    /// Where sessions are stored.
    pub sessions: Sessions,
    /// Where to tell what happens.
    pub reporter: Reporter,
    /// How fast bots read and type.
    pub pace: PaceConfig,
    /// The files that bots send.
    pub files: Files,
    /// Where files go that people sent.
    pub media: MediaStore,
    /// How often the broker is told of actions that are not done yet, so that it does not give them to us again.
    pub action_heartbeat: Duration,
    /// How many actions of one partition the broker hands out at a time.
    pub actions_window: u16,
}

impl Shared {
    /// Signs a session out at Telegram, if that can be done: it is not to be used again.
    pub async fn sign_out(&self, bot: BotId, session: &Arc<MemorySession>) {
        let connection = self.telegram.connect(session);
        if let Err(error) = connection.log_out().await {
            tracing::warn!(%error, bot.id = %bot, "a session could not be signed out at Telegram");
        }
        connection.close().await;
    }
}

/// Why a connection ended.
enum Ended {
    /// Telegram no longer accepts the session.
    LoggedOut(String),
    /// It broke; a new one may do.
    Broken(String),
}

/// A bot's session.
pub struct Account {
    shared: Arc<Shared>,
    bot: BotId,
    generation: u64,
    session: Arc<MemorySession>,
    outgoing: Arc<Outgoing>,
    moved: Notify,
    gauge: SessionGauge,
}

impl Account {
    /// Makes the account of `record` from its stored session.
    pub fn new(
        shared: Arc<Shared>,
        record: &BotRecord,
        session: Arc<MemorySession>,
        outgoing: Arc<Outgoing>,
    ) -> Self {
        Self {
            shared,
            bot: record.id,
            generation: record.generation,
            session,
            outgoing,
            moved: Notify::new(),
            gauge: SessionGauge::default(),
        }
    }

    /// Keeps the session connected until `stop`, or until Telegram no longer accepts it. The connection is closed when
    /// this returns. Dropping it closes the connection at once, without a last checkpoint.
    pub async fn run(self, stop: CancellationToken) {
        let mut backoff = Backoff::new(RECONNECT);
        loop {
            self.report(SessionState::Connecting, None).await;
            let mut connection = self.shared.telegram.connect(&self.session);
            let connected = tokio::time::Instant::now();
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                ended = self.online(&mut connection) => Some(ended),
            };
            connection.close().await;
            self.checkpoint().await;
            match ended {
                None => return,
                Some(Ended::LoggedOut(reason)) => {
                    self.report(SessionState::LoggedOut, Some(reason)).await;
                    return stop.cancelled().await;
                }
                Some(Ended::Broken(reason)) => {
                    metrics::reconnected();
                    self.gauge.set(SessionState::Connecting);
                    tracing::warn!(bot.id = %self.bot, %reason, "a connection broke and is made anew");
                    if connected.elapsed() > RECONNECT.1 {
                        backoff = Backoff::new(RECONNECT);
                    }
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = sleep(backoff.pause()) => {}
                    }
                }
            }
        }
    }

    async fn online(&self, connection: &mut Connection) -> Ended {
        let config = self.shared.telegram.config();
        if let Err(error) = self.greet(connection).await {
            return ended(&error);
        }
        let Some(mut receiver) = Receiver::new(connection, config.resync_interval) else {
            return Ended::Broken("the connection has a receiver already".to_owned());
        };
        let connection = &*connection;
        self.report(SessionState::Online, None).await;
        let actor = Actor::new(
            connection,
            &self.shared.files,
            &self.outgoing,
            &self.shared.reporter,
            &self.shared.pace,
            &self.shared.media,
            config.failures_max,
        );
        tokio::select! {
            error = self.receive(&mut receiver, connection) => ended(&error),
            error = watch(connection, config.ping_interval) => ended(&error),
            LoggedOut(reason) = actor.run() => Ended::LoggedOut(reason),
            never = self.save_positions() => match never {},
        }
    }

    /// Makes the first call, which connects, and makes the account known to itself.
    async fn greet(&self, connection: &Connection) -> Result<(), CallError> {
        connection.ping().await?;
        let is_person = self.session.user().is_some_and(|(_, is_bot)| !is_bot);
        if is_person && self.session.knows_only_itself() {
            connection.meet_dialogs().await?;
            self.checkpoint().await;
        }
        Ok(())
    }

    async fn receive(&self, receiver: &mut Receiver, connection: &Connection) -> CallError {
        loop {
            match receiver.next(connection).await {
                Ok(batch) => self.publish(batch).await,
                Err(error) => return error,
            }
        }
    }

    /// Publishes a batch in order, and moves the position when all of it is with the broker.
    async fn publish(&self, batch: Batch) {
        if batch.begins_groups {
            while !self.checkpoint().await && !self.shared.reporter.is_stopped() {
                sleep(CHECKPOINT).await;
            }
        }
        let mut published = 0;
        for happened in batch.happened {
            let told = match happened {
                Happened::Said(said) => {
                    published += 1;
                    self.tell_said(*said).await
                }
                Happened::Deleted { chat, messages } => self.tell_deleted(chat, messages).await,
            };
            if !told {
                // Told to stop before the broker had it: the position stays, so it comes again.
                return;
            }
        }
        metrics::updates_published(published);
        self.session.set_position(batch.position);
        self.moved.notify_one();
        if let Some(gap) = batch.gap {
            self.tell_gap(gap, published).await;
        }
    }

    /// Tells the operators that more was missed than Telegram tells.
    async fn tell_gap(&self, gap: Gap, read: usize) {
        metrics::gap_read(gap);
        let bot = self.bot;
        match gap {
            Gap::Filled => tracing::warn!(
                bot.id = %bot, read, "more was missed than Telegram tells: the chats' histories were read"
            ),
            Gap::FilledInPart => {
                tracing::error!(
                    bot.id = %bot, read, "more was missed than Telegram tells: some of it may never be seen"
                );
                let detail = "more was missed than Telegram tells, and not all of it could be read";
                self.report(SessionState::Online, Some(detail.to_owned())).await;
            }
        }
    }

    async fn tell_said(&self, said: Said) -> bool {
        let kind = said.edited.map_or(UpdateKind::New, UpdateKind::Edited);
        let key = UpdateKey { bot: self.bot, chat: said.chat.id, message: said.message.id, kind };
        let body = if said.edited.is_some() { UpdateBody::Edited } else { UpdateBody::Message }(said.message);
        let span = tracing::info_span!("ingress.receive", bot.id = %self.bot, chat.id = %key.chat, update.key = %key);
        let trace = span.in_scope(telemetry::current);
        let update = Update {
            key,
            bot: self.bot,
            chat: said.chat,
            sender: said.sender,
            time: said.time,
            received: self.shared.reporter.clock().now(),
            body,
        };
        self.shared.reporter.update(&update, &trace).await
    }

    /// Tells of deleted messages. Bots decide nothing on them, so they are events and no updates.
    async fn tell_deleted(&self, chat: Option<ChatId>, messages: Vec<MessageId>) -> bool {
        let bot = self.bot;
        for message in messages {
            // Without a chat the account counts its messages through all of them.
            let place = chat.map(|chat| chat.to_string()).unwrap_or_default();
            let event = Event {
                id: format!("{bot}/{place}/{message}/deleted"),
                bot,
                chat,
                person: None,
                update: None,
                time: self.shared.reporter.clock().now(),
                body: EventBody::MessageDeleted { message },
            };
            if !self.shared.reporter.event(&event).await {
                return false;
            }
        }
        true
    }

    async fn save_positions(&self) -> std::convert::Infallible {
        loop {
            self.moved.notified().await;
            self.checkpoint().await;
            sleep(CHECKPOINT).await;
        }
    }

    /// Stores the position. Returns whether it is stored.
    async fn checkpoint(&self) -> bool {
        let stored = self.shared.sessions.checkpoint(self.bot, &self.session).await;
        if let Err(error) = stored {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::warn!(%error, bot.id = %self.bot, "cannot store a session's position");
            return false;
        }
        true
    }

    async fn report(&self, state: SessionState, detail: Option<String>) {
        self.gauge.set(state);
        self.shared.reporter.session(self.bot, self.generation, state, detail).await;
    }
}

/// Asks again and again whether the connection lives, since nobody else does. Returns when it does not.
async fn watch(connection: &Connection, every: Duration) -> CallError {
    let mut tick = interval(every);
    loop {
        tick.tick().await;
        if let Err(error) = connection.ping().await {
            // A connection that was closed is opened again by the next call; one that is stuck is not.
            if let Err(error) = connection.ping().await {
                return error;
            }
            tracing::debug!(%error, "a connection was lost and is back");
        }
    }
}

fn ended(error: &CallError) -> Ended {
    match error.trouble() {
        Trouble::LoggedOut(reason) => Ended::LoggedOut(reason),
        _ => Ended::Broken(format!("{:#}", DisplayChain(error))),
    }
}

/// Shows an error with what caused it.
struct DisplayChain<'a>(&'a CallError);

impl std::fmt::Display for DisplayChain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut error: Option<&dyn std::error::Error> = Some(self.0);
        let mut separator = "";
        while let Some(cause) = error {
            write!(f, "{separator}{cause}")?;
            separator = ": ";
            error = cause.source();
        }
        Ok(())
    }
}
