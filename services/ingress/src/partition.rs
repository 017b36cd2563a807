//! One partition that this instance owns: its bots' sessions, actions and logins.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::future::join_all;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use troupe_bus::{Bus, Deliveries, Delivery, Requests};
use troupe_protocol::{
    Acquaintance, Action, BotRecord, Desired, LoginRequest, PersonReply, PersonRequest, SessionState, Subject,
};
use troupe_types::{BotId, ChatId, Partition};

use crate::{
    account::{Account, Shared},
    acting::failed,
    aside::Asides,
    logins::Logins,
    outgoing::Outgoing,
    people::{Ask, Forgotten, concerns},
    registry::{self, Registry},
    telegram::MemorySession,
};

/// How long a session may take to close before it is cut off.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// How long a bot may take to tell what it has of a person, or to forget it.
const ABOUT_MAX: Duration = Duration::from_secs(5);

/// How long to wait before what a partition needs of the bus is asked for again.
const OPEN_AGAIN: Duration = Duration::from_millis(500);

/// Runs a partition until `stop`, then lets go of everything in order: sessions closed, positions stored, actions that are
/// not done given back. Dropping it closes every session at once.
pub async fn run(
    shared: Arc<Shared>,
    partition: Partition,
    mut registry: watch::Receiver<Option<Registry>>,
    mut asked: mpsc::Receiver<Ask>,
    stop: CancellationToken,
) {
    let Some((mut actions, mut asides, mut requests)) =
        stop.run_until_cancelled(open(shared.reporter.bus(), partition)).await
    else {
        return;
    };
    let mut heartbeat = interval(shared.action_heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (signed_in, mut newly_signed_in) = mpsc::unbounded_channel();
    let logins = Arc::new(Logins::new(Arc::clone(&shared)));
    let mut steps = JoinSet::new();
    let mut bots = Bots {
        shared: Arc::clone(&shared),
        partition,
        known: BTreeMap::new(),
        failed: BTreeSet::new(),
        forgotten: Forgotten::default(),
    };
    registry.mark_changed();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Ok(()) = registry.changed() => {
                let records = registry.borrow_and_update().clone();
                if let Some(records) = records {
                    bots.reconcile(&records).await;
                }
            }
            Some(bot) = newly_signed_in.recv() => {
                bots.stop([bot]).await;
                registry.mark_changed();
            }
            Some(request) = requests.next() => {
                let (logins, signed_in) = (Arc::clone(&logins), signed_in.clone());
                steps.spawn(async move { answer(&logins, request, &signed_in).await });
            }
            Some(Ask { request, answer }) = asked.recv() => {
                let _ = answer.send(bots.about(&request).await);
            }
            delivery = actions.next() => match delivery {
                Some(delivery) if asides.contains(delivery.payload.bot) => delivery.ack().await,
                Some(delivery) => {
                    let records = registry.borrow().clone();
                    bots.take(delivery, records.as_ref()).await;
                    bots.make_room(&mut asides).await;
                }
                None => break,
            },
            Some(delivery) = asides.next() => {
                let records = registry.borrow().clone();
                bots.take(delivery, records.as_ref()).await;
            }
            _ = heartbeat.tick() => {
                logins.expire();
                bots.keep_pending().await;
                asides.return_idle(|bot| bots.is_idle(bot)).await;
                if bots.bury_dead() || bots.any_failed() {
                    registry.mark_changed();
                }
            }
            Some(_) = steps.join_next(), if !steps.is_empty() => {}
        }
    }
    bots.let_go().await;
    // Behind those: what the broker has handed out and nobody has looked at yet. Otherwise the next owner would get it only
    // after `ack_wait`, behind what is decided meanwhile.
    actions.close().await;
    asides.close().await;
}

/// Asks the bus for what a partition needs until it is there: nobody else runs the partition while its lease is held.
async fn open(bus: &Bus, partition: Partition) -> (Deliveries<Action>, Asides, Requests) {
    loop {
        let opened = async {
            let asides = Asides::open(bus, partition).await?;
            Ok((bus.actions(partition).await?, asides, bus.serve(Subject::Login(partition)).await?))
        };
        match opened.await {
            Ok(opened) => return opened,
            Err(error) => {
                let error: troupe_bus::Error = error;
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(%error, %partition, "a partition cannot begin yet");
                sleep(OPEN_AGAIN).await;
            }
        }
    }
}

async fn answer(logins: &Logins, request: troupe_bus::Request, signed_in: &mpsc::UnboundedSender<BotId>) {
    let login: LoginRequest = match request.decode() {
        Ok(login) => login,
        Err(error) => {
            tracing::warn!(%error, "a login request cannot be read");
            return;
        }
    };
    let bot = login.bot;
    let reply = logins.step(login).await;
    if matches!(reply, troupe_protocol::LoginReply::SignedIn { .. }) {
        let _ = signed_in.send(bot);
    }
    if let Err(error) = request.respond(&reply).await {
        tracing::warn!(%error, bot.id = %bot, "the answer to a login request could not be sent");
    }
}

/// The bots of one partition.
struct Bots {
    shared: Arc<Shared>,
    partition: Partition,
    known: BTreeMap<BotId, Bot>,
    /// Bots whose sessions could not be loaded; tried again with each heartbeat.
    failed: BTreeSet<BotId>,
    forgotten: Forgotten,
}

#[derive(Default)]
struct Bot {
    outgoing: Arc<Outgoing>,
    running: Option<Running>,
}

struct Running {
    generation: u64,
    session: Arc<MemorySession>,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Bots {
    /// Starts, restarts and stops sessions until they are as the registry wants them.
    async fn reconcile(&mut self, records: &Registry) {
        let (partition, partitions) = (self.partition, self.shared.reporter.bus().partitions());
        let is_ours = |bot: BotId| Partition::of(bot, partitions) == partition;
        let ours: BTreeMap<BotId, &BotRecord> = records
            .bots
            .values()
            .filter(|record| is_ours(record.id))
            .map(|record| (record.id, record))
            .collect();
        let gone: Vec<BotId> = self.known.keys().copied().filter(|bot| !ours.contains_key(bot)).collect();
        let to_stop: Vec<BotId> = self
            .known
            .iter()
            .filter(|(id, bot)| {
                bot.running.as_ref().is_some_and(|running| {
                    ours.get(id).is_none_or(|record| {
                        record.desired == Desired::Stopped || record.generation != running.generation
                    })
                })
            })
            .map(|(id, _)| *id)
            .collect();
        self.stop(to_stop.iter().copied()).await;
        // Whoever owned the partition when a bot was deleted may not have come to forgetting its session.
        let deleted = records.deleted.iter().copied().filter(|bot| is_ours(*bot));
        let gone: BTreeSet<BotId> = gone.into_iter().chain(deleted).collect();
        for bot in gone {
            self.forget(bot).await;
        }
        for (id, record) in ours {
            let is_new = !self.known.contains_key(&id);
            let bot = self.known.entry(id).or_default();
            match record.desired {
                Desired::Stopped => {
                    // Whoever had it last may have died before it could tell.
                    if to_stop.contains(&id) || is_new && self.shared.reporter.seems_connected(id).await {
                        self.shared
                            .reporter
                            .session(id, record.generation, SessionState::Stopped, None)
                            .await;
                    }
                    let pending = bot.outgoing.drain();
                    self.refuse(pending, "BOT_STOPPED").await;
                }
                Desired::Running if bot.running.is_none() => self.start(record).await,
                Desired::Running => {}
            }
        }
    }

    async fn start(&mut self, record: &BotRecord) {
        let session = match self.shared.sessions.load(record.id).await {
            Ok(Some(session)) => session,
            // Not signed in yet: it starts when it is.
            Ok(None) => return,
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                if self.failed.insert(record.id) {
                    tracing::error!(%error, bot.id = %record.id, "cannot load a session");
                    let state = SessionState::Connecting;
                    self.shared.reporter.session(record.id, record.generation, state, Some(error)).await;
                }
                return;
            }
        };
        self.failed.remove(&record.id);
        let bot = self.known.entry(record.id).or_default();
        let session = Arc::new(session);
        let account =
            Account::new(Arc::clone(&self.shared), record, Arc::clone(&session), Arc::clone(&bot.outgoing));
        let stop = CancellationToken::new();
        let task = AbortOnDropHandle::new(tokio::spawn(account.run(stop.clone())));
        bot.running = Some(Running { generation: record.generation, session, stop, task });
    }

    /// Stops sessions and waits until their connections are closed.
    async fn stop(&mut self, bots: impl IntoIterator<Item = BotId>) {
        let running = bots.into_iter().filter_map(|bot| self.known.get_mut(&bot)?.running.take());
        join_all(running.map(close)).await;
    }

    /// Signs out and forgets a bot that was deleted.
    async fn forget(&mut self, bot: BotId) {
        if let Some(gone) = self.known.remove(&bot) {
            self.refuse(gone.outgoing.drain(), "BOT_DELETED").await;
        }
        self.failed.remove(&bot);
        match self.shared.sessions.load(bot).await {
            Ok(Some(session)) => self.shared.sign_out(bot, &Arc::new(session)).await,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, bot.id = %bot, "a deleted bot's session could not be loaded");
            }
        }
        let forgotten = match self.shared.sessions.forget(bot).await {
            Ok(()) => registry::forgotten(self.shared.reporter.bus(), bot).await.map_err(anyhow::Error::from),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = forgotten {
            let error = format!("{error:#}");
            tracing::error!(%error, bot.id = %bot, "a deleted bot's session could not be forgotten yet");
        }
    }

    /// Tells what the bots have of a person, or forgets it.
    async fn about(&mut self, request: &PersonRequest) -> PersonReply {
        if request.forget.is_some() {
            self.forgotten.add(*request);
        }
        let mut reply = PersonReply::default();
        for (id, bot) in self.known.iter().filter(|(id, _)| request.bot.is_none_or(|bot| bot == **id)) {
            let told = timeout(ABOUT_MAX, self.about_of(*id, bot, request, &mut reply)).await;
            let failed = match told {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => format!("{error:#}"),
                Err(_) => "an action is still in hand".to_owned(),
            };
            reply.failed.push(format!("bot {id}: {failed}"));
        }
        reply
    }

    async fn about_of(
        &self,
        id: BotId,
        bot: &Bot,
        request: &PersonRequest,
        reply: &mut PersonReply,
    ) -> anyhow::Result<()> {
        let PersonRequest { person, forget, .. } = *request;
        let theirs = |pending: &Arc<Delivery<Action>>| {
            concerns(request, &pending.payload) && forget.is_none_or(|before| pending.sequence <= before)
        };
        if forget.is_some() {
            let (count, dropped) = bot.outgoing.call_off(theirs).await;
            reply.actions += count as u64;
            for pending in dropped {
                pending.ack().await;
            }
        } else {
            reply.actions += bot.outgoing.all().iter().filter(|pending| theirs(pending)).count() as u64;
        }
        let sessions = &self.shared.sessions;
        let session = match &bot.running {
            Some(running) => Some(Arc::clone(&running.session)),
            None => sessions.load(id).await?.map(Arc::new),
        };
        let Some(session) = session else { return Ok(()) };
        // Its own name is the account's, which has to address itself.
        let met = session.peer_of(ChatId::direct(person)).filter(|_| session.account() != Some(person));
        let Some(met) = met else { return Ok(()) };
        if forget.is_some() {
            session.forget(person);
            sessions.checkpoint(id, &session).await?;
        }
        reply.acquaintances.push(Acquaintance { bot: id, name: met.name, username: met.username });
        Ok(())
    }

    /// Takes an action from the broker: to be done, or refused for good.
    async fn take(&mut self, delivery: Delivery<Action>, records: Option<&Registry>) {
        let bot = delivery.payload.bot;
        if self.forgotten.covers(&delivery) {
            return delivery.ack().await;
        }
        let pending = Arc::new(delivery);
        match records.map(|records| records.bots.get(&bot).map(|record| record.desired)) {
            Some(None) => self.refuse(vec![pending], "BOT_DELETED").await,
            Some(Some(Desired::Stopped)) => self.refuse(vec![pending], "BOT_STOPPED").await,
            Some(Some(Desired::Running)) | None => self.known.entry(bot).or_default().outgoing.push(pending),
        }
    }

    /// Puts bots aside that are behind, those that are most first, until half of what the partition may have in work is
    /// free for the others.
    async fn make_room(&self, asides: &mut Asides) {
        let room = usize::from(self.shared.actions_window) / 2;
        loop {
            let counts = self.known.iter().filter(|(bot, _)| !asides.contains(**bot));
            let counts: Vec<_> = counts.map(|(bot, known)| (known.outgoing.count(), *bot)).collect();
            if counts.iter().map(|(count, _)| count).sum::<usize>() <= room {
                return;
            }
            let Some((_, bot)) = counts.into_iter().max() else { return };
            if let Err(error) = asides.put(bot, &self.known[&bot].outgoing).await {
                tracing::warn!(error = &error as &dyn std::error::Error, bot.id = %bot, "cannot put a bot aside");
                return;
            }
        }
    }

    fn is_idle(&self, bot: BotId) -> bool {
        self.known.get(&bot).is_none_or(|known| known.outgoing.count() == 0)
    }

    async fn refuse(&self, pending: Vec<Arc<Delivery<Action>>>, reason: &str) {
        for pending in pending {
            let event = failed(&pending.payload, self.shared.reporter.clock().now(), reason.to_owned());
            if self.shared.reporter.event(&event).await {
                pending.ack().await;
            }
        }
    }

    /// Tells the broker that what waits here is not forgotten.
    async fn keep_pending(&self) {
        for bot in self.known.values() {
            for pending in bot.outgoing.all() {
                pending.progress().await;
            }
        }
    }

    /// Drops sessions whose tasks ended by themselves, which only a panic does. Returns whether there were any; they are
    /// started anew then.
    fn bury_dead(&mut self) -> bool {
        let mut any = false;
        for (id, bot) in &mut self.known {
            if bot.running.take_if(|running| running.task.is_finished()).is_some() {
                tracing::error!(bot.id = %id, "a session ended badly and is started anew");
                any = true;
            }
        }
        any
    }

    fn any_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// Closes every session and gives back what is not done, so that the next owner has it at once and in order.
    async fn let_go(mut self) {
        let all: Vec<BotId> = self.known.keys().copied().collect();
        self.stop(all).await;
        for bot in self.known.values() {
            for pending in bot.outgoing.drain() {
                pending.retry_after(Duration::ZERO).await;
            }
        }
    }
}

async fn close(mut running: Running) {
    running.stop.cancel();
    if timeout(CLOSE_MAX, &mut running.task).await.is_err() {
        tracing::warn!("a session took too long to close and was cut off");
    }
}
