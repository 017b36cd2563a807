//! One partition: its updates, one after another.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};
use troupe_bus::{Bus, Deliveries, Delivery, Unreadable};
use troupe_engine::State;
use troupe_protocol::{BotRecord, Bucket, Stream, Update};
use troupe_service::{Clock, telemetry};
use troupe_store::{Commit, Committed, Position, Store};
use troupe_types::{BotId, Partition, UpdateKey};

use crate::{
    backoff::Backoff,
    catalogue::{Live, Missing},
    config::DecidingConfig,
    convert::Decided,
    decide,
    error::{Error, Verdict, chain, verdict},
    faults::{Faults, Point},
    follow::Known,
    metrics::{self, Outcome},
    outbox,
};

/// What all partitions share.
pub(crate) struct Responder {
    pub(crate) bus: Bus,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) known: Arc<Known>,
    pub(crate) config: DecidingConfig,
    pub(crate) faults: Faults,
    /// The bots that were waited for in vain, each with the state of the catalogue then: until that changes, their
    /// updates do not hold up their partition again.
    pub(crate) given_up: Mutex<BTreeMap<BotId, u64>>,
    pub(crate) stop: CancellationToken,
}

/// What is to be done with an update in the end.
enum End {
    Acknowledge(Outcome),
    GiveBack(Duration),
    DeadLetter(String),
}

impl Responder {
    /// Applies the updates of `partition`, until told to stop.
    pub(crate) async fn run(&self, partition: Partition) {
        let Some(mut deliveries) = self.stop.run_until_cancelled(self.start(partition)).await else { return };
        loop {
            let delivery = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                delivery = deliveries.next_of_any_kind() => delivery,
            };
            // Finished before the next one is asked for, whatever is told meanwhile.
            match delivery {
                Some(Ok(delivery)) => self.handle(partition, delivery).await,
                Some(Err(unreadable)) => self.put_aside(partition, unreadable).await,
                None => return,
            }
        }
        deliveries.close().await;
    }

    /// Finds out where to go on, and publishes what was committed and not published, however long that takes.
    async fn start(&self, partition: Partition) -> Deliveries<Update> {
        let mut backoff = Backoff::default();
        let applied = loop {
            match self.agree(partition).await {
                Ok(applied) => break applied,
                Err(error) => {
                    backoff.pause(&error, "cannot find out where a partition stands").await;
                }
            }
        };
        self.empty_outbox(partition, None).await;
        let mut backoff = Backoff::default();
        loop {
            match self.bus.updates(partition, applied).await {
                Ok(deliveries) => return deliveries,
                Err(error) => backoff.pause(&error, "cannot ask for updates").await,
            }
        }
    }

    /// Makes broker and store agree on what of `partition` was applied; returns its last number. One of them may have
    /// lost what it knew.
    async fn agree(&self, partition: Partition) -> Result<u64, Error> {
        if self.store.adopt(partition, self.bus.created(Stream::Updates)).await? {
            tracing::warn!(%partition, "the broker was set up again: this partition begins anew");
        }
        let broker = |source| Error::Broker { source };
        // In this order: meanwhile another responder may apply more, and acknowledges only what it applied.
        let acknowledged = self.bus.updates_acknowledged(partition).await.map_err(broker)?;
        let Position { applied, update } = self.store.position(partition).await?;
        let last = self.bus.last_sequence(Stream::Updates).await.map_err(broker)?;
        let now_there = match update {
            Some(_) if applied <= last => self.bus.update_at(applied).await.map_err(broker)?,
            _ => None,
        };
        let other = now_there.is_some_and(|there| Some(there.key) != update);
        if applied > last || other {
            // It has given the numbers of what it lost to new updates, or will. What comes again is recognised by
            // its key.
            tracing::error!(%partition, applied, last, "the broker has lost updates: going back to what it acknowledged");
            self.store.set_back(partition, applied, acknowledged).await?;
            return Ok(acknowledged);
        }
        if acknowledged > applied {
            tracing::warn!(%partition, applied, acknowledged, "the store has lost what it knew: updates are applied again");
            self.bus.rewind_updates(partition, applied).await.map_err(broker)?;
        }
        Ok(applied)
    }

    async fn handle(&self, partition: Partition, delivery: Delivery<Update>) {
        let update = &delivery.payload;
        let span = tracing::info_span!(
            "responder.handle",
            bot.id = %update.bot,
            chat.id = %update.chat.id,
            update.key = %update.key,
            %partition,
            attempt = delivery.attempt,
            outcome = field::Empty,
        );
        telemetry::continue_from(&span, &delivery.trace);
        async {
            let end = Box::pin(delivery.during(self.apply(partition, &delivery))).await;
            let outcome = match end {
                End::Acknowledge(outcome) => {
                    delivery.ack().await;
                    self.faults.at(Point::Acknowledged, &update.key).await;
                    outcome
                }
                End::GiveBack(delay) => {
                    delivery.retry_after(delay).await;
                    Outcome::GivenBack
                }
                End::DeadLetter(reason) => {
                    // The letter first: once the position has moved, nobody looks at the update again. The broker last:
                    // acknowledged, but not applied, would look like a loss in the store.
                    Box::pin(delivery.bury(&reason)).await;
                    delivery.during(self.skip(partition, delivery.sequence, Some(&update.key))).await;
                    delivery.end().await;
                    Outcome::DeadLetter
                }
            };
            Span::current().record("outcome", outcome.as_str());
            tracing::debug!(outcome = outcome.as_str(), "handled");
            metrics::update(outcome);
        }
        .instrument(span)
        .await;
    }

    /// Tries until it is clear what becomes of the update.
    async fn apply(&self, partition: Partition, delivery: &Delivery<Update>) -> End {
        self.faults.at(Point::Received, &delivery.payload.key).await;
        let mut backoff = Backoff::default();
        let mut counted = delivery.attempt <= 1;
        loop {
            let error = match self.try_to_apply(partition, delivery, &mut counted).await {
                Ok(outcome) => return End::Acknowledge(outcome),
                Err(error) => error,
            };
            match verdict(&error) {
                Verdict::Retry => {
                    let pause = backoff.pause(&error, "cannot apply an update");
                    if self.stop.run_until_cancelled(pause).await.is_none() {
                        return End::GiveBack(Duration::ZERO);
                    }
                }
                Verdict::Again => {}
                Verdict::EmptyOutbox => self.empty_outbox(partition, None).await,
                Verdict::GiveBack(delay) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "left to another responder");
                    return End::GiveBack(delay);
                }
                Verdict::DeadLetter => return End::DeadLetter(chain(&error)),
            }
        }
    }

    async fn try_to_apply(
        &self,
        partition: Partition,
        delivery: &Delivery<Update>,
        counted: &mut bool,
    ) -> Result<Outcome, Error> {
        let (update, sequence) = (&delivery.payload, delivery.sequence);
        let key = &update.key;
        let mut loaded = self.store.load(partition, key, update.sender.id).await?;
        if loaded.applied >= sequence && !loaded.seen && self.agree(partition).await? < sequence {
            // Another update had this number, and the broker has lost it.
            loaded = self.store.load(partition, key, update.sender.id).await?;
        }
        if loaded.applied >= sequence {
            self.empty_outbox(partition, Some(delivery)).await;
            return Ok(Outcome::AlreadyApplied);
        }
        if loaded.erased.is_some_and(|erased| erased.covers(sequence, update.time)) {
            // It would bring back what was erased.
            self.store.skip(partition, sequence, None).await?;
            return Ok(Outcome::Erased);
        }
        if !*counted {
            // It came before and was not finished. If it ends the process each time, nobody else can tell.
            let tries = self.store.begin(partition, sequence).await?;
            if tries > self.config.attempts_max.get() {
                return Err(Error::Unfinished { tries });
            }
            *counted = true;
        }
        let state = decide::state(&loaded)?;
        let Live { content, versions } = self.content(update.bot, &state).await?;
        let started = Instant::now();
        let decision = decide::decide(&content, &state, update)?;
        metrics::decided(started.elapsed());
        self.faults.at(Point::Decided, key).await;
        let outcome = if decision.actions.is_empty() { Outcome::Silent } else { Outcome::Answered };
        let trace = telemetry::current();
        let (at, tell_texts) = (self.clock.now(), self.config.tell_texts);
        let forget_after = Some(self.config.forget_after).filter(|time| !time.is_zero());
        let decided = Decided { at, versions: &versions, tell_texts, forget_after };
        let commit = decide::commit(partition, sequence, update, &state, decision, &decided, &trace)?;
        let commit = Commit { erased: loaded.erased.map(|erased| erased.at), ..commit };
        let started = Instant::now();
        match self.store.commit(&commit).await? {
            Committed::Done(pending) => {
                metrics::committed(started.elapsed(), self.clock.now().since(update.received));
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "an outbox has some thousand messages at most"
                )]
                metrics::outbox(pending.len() as f64);
                self.faults.at(Point::Committed, key).await;
                outbox::publish(&self.bus, &self.store, partition, &pending, &self.faults, Some(key)).await;
                Ok(outcome)
            }
            Committed::AlreadyApplied => {
                // An earlier try of ours was done after all, or another responder was faster.
                self.empty_outbox(partition, Some(delivery)).await;
                Ok(Outcome::AlreadyApplied)
            }
            Committed::Erased => Err(Error::Erased),
            Committed::Repeated => {
                self.empty_outbox(partition, Some(delivery)).await;
                Ok(Outcome::Repeated)
            }
        }
    }

    async fn empty_outbox(&self, partition: Partition, delivery: Option<&Delivery<Update>>) {
        let pending = outbox::read(&self.store, partition).await;
        if pending.is_empty() {
            return;
        }
        tracing::info!(%partition, messages = pending.len(), "publishing what was committed before");
        let key = delivery.map(|delivery| &delivery.payload.key);
        outbox::publish(&self.bus, &self.store, partition, &pending, &self.faults, key).await;
    }

    /// Puts an update that is none among the dead letters.
    async fn put_aside(&self, partition: Partition, unreadable: Unreadable) {
        Box::pin(unreadable.bury()).await;
        self.skip(partition, unreadable.sequence, None).await;
        unreadable.end().await;
        metrics::update(Outcome::DeadLetter);
    }

    async fn skip(&self, partition: Partition, sequence: u64, update: Option<&UpdateKey>) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.store.skip(partition, sequence, update).await {
            backoff.pause(&error, "cannot skip an update").await;
        }
    }

    /// What `bot` decides by. Waits for what is on its way here, rather than decide without it.
    async fn content(&self, bot: BotId, state: &State) -> Result<Live, Error> {
        let mut changes = self.known.changes();
        let deadline = Instant::now() + self.config.content_wait;
        let mut asked = false;
        loop {
            let version = *changes.borrow_and_update();
            let missing = match self.known.content(bot, state.pinned()) {
                Ok(content) => {
                    self.given_up.lock().unwrap_or_else(PoisonError::into_inner).remove(&bot);
                    return Ok(content);
                }
                Err(missing) => missing,
            };
            if missing == Missing::Bot && !asked {
                let found = self.bus.bucket(Bucket::Bots).get::<BotRecord>(&format!("bot.{bot}")).await;
                match found {
                    Ok(None) => return Err(Error::NoBot { bot }),
                    Ok(Some(_)) => asked = true,
                    Err(source) => return Err(Error::Lookup { bot, source }),
                }
            }
            let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner).get(&bot).copied();
            let in_vain = given_up == Some(version)
                || tokio::time::timeout_at(deadline, changes.changed()).await.is_err();
            if in_vain {
                self.given_up.lock().unwrap_or_else(PoisonError::into_inner).insert(bot, version);
                return Err(Error::NoContent { bot, what: missing.to_string() });
            }
        }
    }
}
