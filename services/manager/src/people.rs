//! Export and erasure of one person, across every store. `docs/privacy.md` tells what is kept where.
//!
//! Each store is asked by itself: one that fails does not stop the others, and asking again finishes what is left.

mod counted;
mod events;
mod hand_back;
mod ingress;
mod memory;
mod servers;
mod streams;
mod told;
mod whose;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::json;
use troupe_bus::Bus;
use troupe_protocol::{BotRecord, PersonReply, PersonRequest, Stream};
use troupe_types::{BotId, UserId};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    events::Events,
    memory::Memory,
    streams::Waiting,
    told::{Export, Failure, Finding, Known, REMAINS, Receipt},
};
use crate::{
    audit::{self, Object},
    error::{ApiError, ErrorBody},
    extract::{InPath, InQuery},
    registry,
    state::Manager,
};

/// The routes.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new().routes(routes!(export, erase)).merge(hand_back::routes())
}

/// Whose memory it is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// Only what this bot knows; otherwise all of them.
    #[param(value_type = Option<u64>)]
    bot: Option<BotId>,
}

/// Shows everything that is known of a person.
#[utoipa::path(get, path = "/v1/people/{person}", tag = "people", params(("person" = i64, Path), Ask),
    responses((status = 200, body = Export), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn export(
    State(manager): State<Manager>,
    InPath(person): InPath<UserId>,
    InQuery(ask): InQuery<Ask>,
) -> Result<Json<Export>, ApiError> {
    is_somebody(person)?;
    let bots = bots(&manager, &ask).await?;
    audit::act(&manager, "person.export", Object::Person(ask.bot)).await;
    let mut asked = Asked::default();
    let ids = ids(&bots);
    let mut known = Vec::new();
    for bot in bots {
        let (id, bus) = (bot.id, manager.bus());
        let states = async { Memory { bus, store: manager.store().await?, bot: id }.read(person).await };
        let (remembered, direct_chat) = asked.note("redis", Some(id), states.await).unwrap_or_default();
        let mut say = async |stream| {
            let found = Waiting::find(bus, stream, Some(id), person).await;
            asked.note("nats", Some(id), found).map(|found| found.say()).unwrap_or_default()
        };
        let (updates, actions) = (say(Stream::Updates).await, say(Stream::Actions).await);
        let (webhooks, dead_letters) = (say(Stream::Webhooks).await, say(Stream::Dead).await);
        let (bot, name) = (id.get(), bot.name);
        known.push(Known { bot, name, remembered, direct_chat, updates, actions, webhooks, dead_letters });
    }
    let request = PersonRequest { person, bot: ask.bot, forget: None };
    let told = ingress::ask(manager.bus(), &request, &ids).await;
    let at_ingress = asked.note_ingress(ask.bot, told).unwrap_or_default();
    let events = Events::of(&manager, ask.bot, person).read().await;
    let events = asked.note("clickhouse", ask.bot, events).unwrap_or_default();
    Ok(Json(Export {
        person: person.get(),
        at: now(&manager),
        complete: asked.failed.is_empty(),
        bots: known,
        acquaintances: at_ingress.acquaintances.iter().map(|acquaintance| json!(acquaintance)).collect(),
        files: at_ingress.files,
        events,
        failed: asked.failed,
    }))
}

/// Erases a person: everything that is known goes for good, everywhere. What the person writes afterwards begins anew.
///
/// A store that fails is named in the receipt and does not stop the others; asking again finishes what is left.
#[utoipa::path(delete, path = "/v1/people/{person}", tag = "people", params(("person" = i64, Path), Ask),
    responses((status = 200, body = Receipt), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn erase(
    State(manager): State<Manager>,
    InPath(person): InPath<UserId>,
    InQuery(ask): InQuery<Ask>,
) -> Result<Json<Receipt>, ApiError> {
    is_somebody(person)?;
    let bots = bots(&manager, &ask).await?;
    audit::act(&manager, "person.erase", Object::Person(ask.bot)).await;
    // Whoever asks may go away meanwhile: what was begun is finished all the same.
    let erasure = tokio::spawn(async move { erase_everywhere(manager, bots, ask.bot, person).await });
    let receipt =
        erasure.await.map_err(|_| ApiError::Unavailable("the erasure broke off; ask again".to_owned()))?;
    Ok(Json(receipt))
}

async fn erase_everywhere(
    manager: Manager,
    bots: Vec<BotRecord>,
    only: Option<BotId>,
    person: UserId,
) -> Receipt {
    let (bus, at) = (manager.bus(), now(&manager));
    let mut asked = Asked::default();
    // In the order in which it goes through troupe, so that nothing of it comes after what was erased: no more is decided,
    // then no more is done, then no more is counted.
    for bot in &bots {
        let id = bot.id;
        let states = async {
            Memory { bus, store: manager.store().await?, bot: id }.erase(person, manager.now()).await
        };
        let states = asked.note("redis", Some(id), states.await);
        asked.found.extend(states.into_iter().flatten());
    }
    for stream in [Stream::Updates, Stream::Actions, Stream::Webhooks] {
        asked.remove(bus, only, Waiting::find(bus, stream, only, person).await).await;
    }
    asked.forget_at_ingress(bus, &bots, only, person).await;
    let told = Waiting::find(bus, Stream::Events, only, person).await;
    let events = Events::of(&manager, only, person);
    for (partition, newest) in told.as_ref().map(Waiting::newest_events).unwrap_or_default() {
        let written = events.wait_until_written(partition, newest, bus.created(Stream::Events)).await;
        asked.note("clickhouse", only, written);
    }
    let erased = {
        let _one = manager.erasing().await;
        asked.note("clickhouse", only, events.erase().await)
    };
    asked.found.extend(erased.into_iter().flatten());
    asked.remove(bus, only, told).await;
    // Last: whoever gives up a message that was removed above while it was in work finds it gone, and keeps no letter.
    asked.remove(bus, only, Waiting::find(bus, Stream::Dead, only, person).await).await;
    asked.found.retain(|finding| finding.found > 0);
    Receipt {
        person: person.get(),
        bots: bots.iter().map(|bot| bot.id.get()).collect(),
        at,
        complete: asked.failed.is_empty()
            && asked.found.iter().all(|finding| finding.found == finding.removed),
        found: asked.found,
        failed: asked.failed,
        remains: REMAINS,
    }
}

/// What came of asking the stores.
#[derive(Default)]
struct Asked {
    found: Vec<Finding>,
    failed: Vec<Failure>,
}

impl Asked {
    /// Notes a store's failure.
    fn note<T>(&mut self, store: &'static str, bot: Option<BotId>, answer: anyhow::Result<T>) -> Option<T> {
        answer
            .inspect_err(|error| {
                let reason = format!("{error:#}");
                tracing::warn!(store, %reason, "a store failed to tell or erase what it knows of a person");
                self.failed.push(Failure { store, bot: bot.map(BotId::get), reason });
            })
            .ok()
    }

    /// Notes what every ingress failed at.
    fn note_ingress(
        &mut self,
        bot: Option<BotId>,
        answer: anyhow::Result<PersonReply>,
    ) -> Option<PersonReply> {
        let reply = self.note("ingress", bot, answer)?;
        for reason in &reply.failed {
            self.note::<()>("ingress", bot, Err(anyhow::anyhow!(reason.clone())));
        }
        Some(reply)
    }

    /// Has every ingress forget the person, and leave undone what the broker had handed out.
    async fn forget_at_ingress(&mut self, bus: &Bus, bots: &[BotRecord], bot: Option<BotId>, person: UserId) {
        let forgotten = async {
            let before = bus.last_sequence(Stream::Actions).await?;
            let request = PersonRequest { person, bot, forget: Some(before) };
            ingress::ask(bus, &request, &ids(bots)).await
        };
        let reply = self.note_ingress(bot, forgotten.await);
        self.found.extend(reply.iter().flat_map(|reply| ingress::findings(reply, bot)));
    }

    /// Removes what was found in a stream.
    async fn remove(&mut self, bus: &Bus, bot: Option<BotId>, waiting: anyhow::Result<Waiting>) {
        let Some(waiting) = self.note("nats", bot, waiting) else { return };
        let gone = waiting.remove(bus).await;
        if self.note("nats", bot, gone).is_some() {
            let what = match waiting.stream {
                Stream::Updates => "updates and timers",
                Stream::Actions => "actions",
                Stream::Webhooks => "calls of webhooks",
                Stream::Events => "events",
                Stream::Dead => "dead letters",
            };
            // One that was gone already, by its age, is removed too.
            let found = waiting.messages.len() as u64;
            self.found.push(Finding {
                store: "nats",
                what: what.into(),
                bot: bot.map(BotId::get),
                found,
                removed: found,
            });
        }
    }
}

/// A group's number is none of a person's: what is asked of a person must not touch a group.
fn is_somebody(person: UserId) -> Result<(), ApiError> {
    if person.get() > 0 {
        return Ok(());
    }
    Err(ApiError::BadRequest(format!("{person} is nobody's number on Telegram")))
}

async fn bots(manager: &Manager, ask: &Ask) -> Result<Vec<BotRecord>, ApiError> {
    Ok(match ask.bot {
        Some(bot) => vec![registry::get(manager, bot).await?.value],
        None => registry::records(manager).await?,
    })
}

fn ids(bots: &[BotRecord]) -> Vec<BotId> {
    bots.iter().map(|bot| bot.id).collect()
}

fn now(manager: &Manager) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(manager.now().as_millis()).unwrap_or_default()
}
