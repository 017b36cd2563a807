//! Carrying out actions: reads, waits, types and sends as a person would, and never twice.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use troupe_protocol::{Action, ActionBody, Attachment, Event, EventBody};
use troupe_service::telemetry;
use troupe_types::{ChatId, MessageId, Timestamp};

use crate::{
    attaching::{UploadedFiles, media_kind},
    backoff::Backoff,
    config::PaceConfig,
    files::Files,
    media::MediaStore,
    metrics,
    outgoing::{Outgoing, Pending},
    report::Reporter,
    telegram::{CallError, Connection, Trouble},
};

/// A decision older than this is carried out without pauses: whoever waits for it has waited long enough.
const STALE: Duration = Duration::from_secs(15);

/// Nothing is done later than this, whatever an action says: it would hold up what is behind it in its chat.
const DELAY_MAX: Duration = Duration::from_mins(10);

/// How long to wait before a failed call is made again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// Telegram's refusal to send to whom has blocked the account.
/// Source: <https://core.telegram.org/method/messages.sendMessage#possible-errors>.
const BLOCKED: &str = "USER_IS_BLOCKED";

/// How often Telegram may say that it is still busy with the same send before the send counts as done.
const BUSY_MAX: u32 = 5;

/// How long the typing sign lasts at the other end. Source: <https://core.telegram.org/method/messages.setTyping>.
const TYPING_SHOWN: Duration = Duration::from_secs(5);

/// Carries out one bot's actions over one connection.
pub struct Actor<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) files: &'a Files,
    pub(crate) uploaded: UploadedFiles,
    outgoing: &'a Outgoing,
    reporter: &'a Reporter,
    pace: &'a PaceConfig,
    media: &'a MediaStore,
    failures_max: u32,
    /// No call is made before this: Telegram asked the account to wait.
    quiet_until: Mutex<Option<Instant>>,
}

/// What came of a call: its answer, or the reason of a refusal for good. `None` if Telegram only says that it was made
/// before.
pub(crate) type Outcome<T> = Result<Option<T>, String>;

/// Why acting ended.
pub struct LoggedOut(pub String);

/// Whatever was in hand is done again, over the next connection.
impl Drop for Actor<'_> {
    fn drop(&mut self) {
        self.outgoing.hands_off();
    }
}

impl<'a> Actor<'a> {
    /// Makes an actor.
    pub fn new(
        connection: &'a Connection,
        files: &'a Files,
        outgoing: &'a Outgoing,
        reporter: &'a Reporter,
        pace: &'a PaceConfig,
        media: &'a MediaStore,
        failures_max: u32,
    ) -> Self {
        let (uploaded, quiet_until) = (UploadedFiles::default(), Mutex::new(None));
        Self { connection, files, uploaded, outgoing, reporter, pace, media, failures_max, quiet_until }
    }

    /// Carries out actions until the session is no longer accepted. To be dropped when the connection breaks.
    pub async fn run(&self) -> LoggedOut {
        let mut in_hand = FuturesUnordered::new();
        loop {
            tokio::select! {
                (pending, called_off) = self.outgoing.take() => {
                    in_hand.push(self.carry_out_unless(called_off, pending));
                }
                Some(done) = in_hand.next(), if !in_hand.is_empty() => {
                    if let Err(logged_out) = done {
                        return logged_out;
                    }
                }
            }
        }
    }

    /// Leaves off where it is when it is called off: the person has been erased.
    async fn carry_out_unless(
        &self,
        called_off: CancellationToken,
        pending: Pending,
    ) -> Result<(), LoggedOut> {
        if let Some(done) = called_off.run_until_cancelled(self.carry_out(&pending)).await {
            return done;
        }
        self.settle(&pending).await;
        Ok(())
    }

    async fn settle(&self, pending: &Pending) {
        pending.ack().await;
        // It may have been handed out again meanwhile.
        if let Some(again) = self.outgoing.done(&pending.payload).filter(|again| !Arc::ptr_eq(again, pending))
        {
            again.ack().await;
        }
    }

    async fn carry_out(&self, pending: &Pending) -> Result<(), LoggedOut> {
        let action = &pending.payload;
        let span = tracing::info_span!(
            "ingress.act", bot.id = %action.bot, chat.id = %action.chat, action.key = %action.key, outcome = tracing::field::Empty
        );
        telemetry::continue_from(&span, &pending.trace);
        async {
            self.wait_until_due(action).await;
            let event = match &action.body {
                ActionBody::Read { message } => self.read(action, *message).await?,
                ActionBody::Reply { text, media, reply_to } => {
                    Some(self.reply(action, text, media.as_ref(), *reply_to).await?)
                }
                ActionBody::StoreFile { message } => self.store_file(action, *message).await?,
                ActionBody::React { message, emoji } => self.react(action, *message, emoji).await?,
                ActionBody::Forward { from, message } => Some(self.forward(action, *from, *message).await?),
            };
            let outcome = match &event {
                Some(Event { body: EventBody::MessageSent { .. }, .. }) => "sent",
                Some(Event { body: EventBody::DeliveryFailed { .. }, .. }) => "failed",
                _ => "other",
            };
            tracing::Span::current().record("outcome", outcome);
            // The events first: an action that is acknowledged is never looked at again.
            let blocked = event.as_ref().and_then(blocked);
            for event in event.iter().chain(&blocked) {
                if !self.reporter.event(event).await {
                    return Ok(());
                }
            }
            metrics::action(outcome, self.reporter.clock().now().since(action.decided));
            self.settle(pending).await;
            Ok(())
        }
        .instrument(span)
        .await
    }

    async fn read(&self, action: &Action, message: MessageId) -> Result<Option<Event>, LoggedOut> {
        self.pause(action, self.pace.read_delay).await;
        // Whether a message shows as read decides nothing: a refusal is no failure.
        self.insist(action, || self.connection.mark_read(action.chat, message).boxed()).await.map(|_| None)
    }

    async fn reply(
        &self,
        action: &Action,
        text: &str,
        media: Option<&Attachment>,
        reply_to: Option<MessageId>,
    ) -> Result<Event, LoggedOut> {
        self.type_for(action, text).await;
        let random_id = action.random_id();
        let send_text =
            || self.connection.send_text(action.chat, text.to_owned(), reply_to, random_id).boxed();
        let sent = match media {
            Some(media) => self.send_file(action, media, text, reply_to).await?,
            None => self.insist(action, send_text).await?,
        };
        Ok(self.sent(action, sent.map(Option::flatten), media))
    }

    async fn forward(&self, action: &Action, from: ChatId, message: MessageId) -> Result<Event, LoggedOut> {
        let random_id = action.random_id();
        let sent = self
            .insist(action, || self.connection.forward(from, message, action.chat, random_id).boxed())
            .await?;
        Ok(self.sent(action, sent.map(Option::flatten), None))
    }

    /// What is told of a message that was sent, or was refused for good.
    fn sent(
        &self,
        action: &Action,
        sent: Result<Option<MessageId>, String>,
        media: Option<&Attachment>,
    ) -> Event {
        let now = self.reporter.clock().now();
        match sent {
            Ok(message) => {
                let reply_time = now.since(action.received);
                metrics::reply_delay(reply_time);
                let body = EventBody::MessageSent {
                    message: message.unwrap_or(MessageId::new(0)),
                    action: action.key,
                    source: action.source.clone(),
                    reply_ms: u64::try_from(reply_time.as_millis()).unwrap_or(u64::MAX),
                    media: media.map(|media| media_kind(media.kind)),
                };
                event(action, "sent", now, body)
            }
            Err(reason) => failed(action, now, reason),
        }
    }

    /// A reaction that is sent again is the same reaction.
    async fn react(
        &self,
        action: &Action,
        message: MessageId,
        emoji: &str,
    ) -> Result<Option<Event>, LoggedOut> {
        let done = self.insist(action, || self.connection.react(action.chat, message, emoji).boxed()).await?;
        Ok(done.err().map(|reason| failed(action, self.reporter.clock().now(), reason)))
    }

    async fn store_file(&self, action: &Action, message: MessageId) -> Result<Option<Event>, LoggedOut> {
        let bytes_max = self.media.bytes_max();
        let file =
            self.insist(action, || self.connection.download(action.chat, message, bytes_max).boxed()).await?;
        let now = self.reporter.clock().now();
        let (bytes, ending) = match file {
            Ok(Some(Some(file))) => file,
            Ok(_) => return Ok(Some(failed(action, now, "FILE_ABSENT_OR_TOO_LARGE".to_owned()))),
            Err(reason) => return Ok(Some(failed(action, now, reason))),
        };
        Ok(Some(match self.media.store(&action.key.update, action.person, &ending, &bytes).await {
            Ok(_) => {
                let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                event(action, "stored", now, EventBody::FileStored { action: action.key, bytes })
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "cannot store a file");
                failed(action, now, "FILE_NOT_STORED".to_owned())
            }
        }))
    }

    /// Makes a call until it is carried out or refused for good. The way to Telegram is waited for without end; Telegram
    /// itself may fail a number of times, and is taken to refuse then: what comes behind it has waited long enough.
    ///
    /// `Ok(Ok(None))` means that Telegram insists that it did it before, without telling what came of it.
    pub(crate) async fn insist<'b, T>(
        &self,
        action: &Action,
        call: impl Fn() -> BoxFuture<'b, Result<T, CallError>> + Sync,
    ) -> Result<Outcome<T>, LoggedOut> {
        let (mut backoff, mut busy, mut failures) = (Backoff::new(RETRY), 0, 0);
        loop {
            self.quiet().await;
            let error = match call().await {
                Ok(done) => return Ok(Ok(Some(done))),
                Err(error) => error,
            };
            match error.trouble() {
                Trouble::FloodWait(asked) => self.flood_wait(action, asked).await,
                Trouble::SlowMode(asked) => sleep(asked).await,
                Trouble::Repeated if busy >= BUSY_MAX => return Ok(Ok(None)),
                Trouble::Repeated => {
                    busy += 1;
                    sleep(Duration::from_secs(1)).await;
                }
                Trouble::Again(reason) => call_again_later(&mut backoff, &reason).await,
                Trouble::Failing(reason) => {
                    failures += 1;
                    if failures >= self.failures_max {
                        tracing::warn!(%reason, failures, "Telegram fails at an action again and again");
                        return Ok(Err(reason));
                    }
                    call_again_later(&mut backoff, &reason).await;
                }
                Trouble::Refused(reason) => return Ok(Err(reason)),
                Trouble::LoggedOut(reason) => return Err(LoggedOut(reason)),
            }
        }
    }

    /// Waits until the account may make calls again.
    async fn quiet(&self) {
        loop {
            let until = *self.quiet_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match until {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                _ => return,
            }
        }
    }

    async fn flood_wait(&self, action: &Action, asked: Duration) {
        let method = match action.body {
            ActionBody::Read { .. } => "read",
            ActionBody::Reply { .. } => "send",
            ActionBody::StoreFile { .. } => "download",
            ActionBody::React { .. } => "react",
            ActionBody::Forward { .. } => "forward",
        };
        metrics::flood_wait(method, asked);
        let until = Instant::now() + asked;
        {
            let mut quiet = self.quiet_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *quiet = Some(quiet.map_or(until, |before| before.max(until)));
        }
        let seconds = u32::try_from(asked.as_secs()).unwrap_or(u32::MAX);
        tracing::warn!(bot.id = %action.bot, wait_s = seconds, "Telegram asks the account to wait");
        let now = self.reporter.clock().now();
        let body = EventBody::FloodWait { seconds, method: method.to_owned() };
        self.reporter.event(&event(action, &format!("flood-{now}"), now, body)).await;
    }

    /// Shows the bot as typing for as long as a person would type `text`.
    async fn type_for(&self, action: &Action, text: &str) {
        let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let time = self.pace.typing_per_character.saturating_mul(characters).min(self.pace.typing_max);
        let mut left = time;
        while !left.is_zero() && !self.is_stale(action) {
            self.quiet().await;
            if let Err(error) = self.connection.show_typing(action.chat).await {
                tracing::debug!(%error, "cannot show the bot as typing");
            }
            let shown = left.min(TYPING_SHOWN);
            sleep(shown).await;
            left -= shown;
        }
    }

    /// Waits for as long as what is to be done later still has time.
    async fn wait_until_due(&self, action: &Action) {
        let past = self.reporter.clock().now().since(action.decided);
        sleep(Duration::from_millis(action.delay_ms).min(DELAY_MAX).saturating_sub(past)).await;
    }

    async fn pause(&self, action: &Action, time: Duration) {
        if !self.is_stale(action) {
            sleep(time).await;
        }
    }

    fn is_stale(&self, action: &Action) -> bool {
        let due = action.decided + Duration::from_millis(action.delay_ms);
        self.reporter.clock().now().since(due) > STALE
    }
}

/// Waits a while, and longer the next time.
async fn call_again_later(backoff: &mut Backoff, reason: &str) {
    let pause = backoff.pause();
    tracing::debug!(%reason, wait_ms = pause.as_millis(), "calling again");
    sleep(pause).await;
}

/// What is told of an action that will never be carried out.
pub fn failed(action: &Action, now: Timestamp, reason: String) -> Event {
    event(action, "failed", now, EventBody::DeliveryFailed { action: action.key, reason })
}

/// What a refusal tells of the person: that the bot is blocked. The same for all answers to one update.
fn blocked(event: &Event) -> Option<Event> {
    let EventBody::DeliveryFailed { reason, .. } = &event.body else { return None };
    let update = event.update.filter(|_| reason == BLOCKED)?;
    Some(Event { id: format!("{update}!blocked"), body: EventBody::BotBlocked, ..event.clone() })
}

fn event(action: &Action, what: &str, time: Timestamp, body: EventBody) -> Event {
    Event {
        id: format!("{}!{what}", action.key),
        bot: action.bot,
        chat: Some(action.chat),
        person: Some(action.person),
        update: Some(action.key.update),
        time,
        body,
    }
}
