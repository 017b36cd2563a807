//! What ingress has of a person beside what is stored elsewhere: actions that it has not carried out yet, the address books
//! of the bots, and files.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};
use troupe_bus::{Bus, Delivery, Request, Requests};
use troupe_protocol::{Action, PersonReply, PersonRequest, Subject};
use troupe_types::{ChatId, Partition};

use crate::media::MediaStore;

/// How long to wait before the broker is asked again.
const OPEN_AGAIN: Duration = Duration::from_millis(500);

/// For how long an action may still come that the broker had handed out before it was removed.
const COMES_WITHIN: Duration = Duration::from_mins(10);

/// What a partition is asked of a person.
pub struct Ask {
    /// What is asked.
    pub request: PersonRequest,
    /// Where the answer goes.
    pub answer: oneshot::Sender<PersonReply>,
}

/// Asks the bus for the requests until it gives them.
pub async fn serve(bus: &Bus) -> Requests {
    loop {
        match bus.serve(Subject::People).await {
            Ok(requests) => return requests,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "requests cannot be served yet");
                sleep(OPEN_AGAIN).await;
            }
        }
    }
}

/// Answers for this instance: its folder of files, and the partitions that it owns.
pub async fn answer(
    request: Request,
    instance: String,
    media: MediaStore,
    owned: BTreeMap<Partition, mpsc::Sender<Ask>>,
) {
    let asked: PersonRequest = match request.decode() {
        Ok(asked) => asked,
        Err(error) => return tracing::warn!(%error, "a request about a person cannot be read"),
    };
    let mut reply = PersonReply { instance, ..PersonReply::default() };
    let told = join_all(owned.iter().map(|(partition, asks)| ask(asked, *partition, asks))).await;
    for told in told.into_iter().flatten() {
        reply.partitions.extend(told.partitions);
        reply.actions += told.actions;
        reply.acquaintances.extend(told.acquaintances);
        reply.failed.extend(told.failed);
    }
    // Behind the actions, one of which may store a file.
    if let Err(error) = files(&media, &asked, &mut reply).await {
        reply.failed.push(format!("{error:#}"));
    }
    if let Err(error) = request.respond(&reply).await {
        tracing::warn!(%error, "the answer about a person could not be sent");
    }
}

/// What a partition tells; `None` if it is let go of meanwhile.
async fn ask(request: PersonRequest, partition: Partition, asks: &mpsc::Sender<Ask>) -> Option<PersonReply> {
    let (answer, told) = oneshot::channel();
    asks.send(Ask { request, answer }).await.ok()?;
    Some(PersonReply { partitions: vec![partition], ..told.await.ok()? })
}

async fn files(media: &MediaStore, asked: &PersonRequest, reply: &mut PersonReply) -> anyhow::Result<()> {
    for file in media.sent_by(asked.person, asked.bot).await? {
        if asked.forget.is_some() {
            media.remove(&file).await?;
        }
        reply.files.push(file.display().to_string());
    }
    Ok(())
}

/// Whether an action is for a person, as `request` asks.
pub fn concerns(request: &PersonRequest, action: &Action) -> bool {
    let is_theirs = action.person == request.person || action.chat == ChatId::direct(request.person);
    is_theirs && request.bot.is_none_or(|bot| bot == action.bot)
}

/// Who was forgotten lately: what the broker had handed out before is left undone when it comes.
#[derive(Default)]
pub struct Forgotten(Vec<(PersonRequest, Instant)>);

impl Forgotten {
    /// Takes note of one more.
    pub fn add(&mut self, request: PersonRequest) {
        self.0.retain(|(_, since)| since.elapsed() < COMES_WITHIN);
        self.0.push((request, Instant::now()));
    }

    /// Whether an action is to be left undone.
    pub fn covers(&self, delivery: &Delivery<Action>) -> bool {
        self.0.iter().any(|(request, _)| {
            request.forget.is_some_and(|before| delivery.sequence <= before)
                && concerns(request, &delivery.payload)
        })
    }
}
