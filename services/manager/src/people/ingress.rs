//! What every ingress has of a person: actions not carried out yet, the bots' address books, and files.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, ensure};
use troupe_bus::{Bus, ownership};
use troupe_protocol::{PersonReply, PersonRequest, Subject};
use troupe_service::telemetry;
use troupe_types::{BotId, Partition};

use super::Finding;

/// How long all of them may take together.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

/// Asks all of them, and puts their answers together.
///
/// # Errors
/// If the bus does not take the request. An ingress that did not answer is named in `failed`.
pub async fn ask(bus: &Bus, request: &PersonRequest, bots: &[BotId]) -> anyhow::Result<PersonReply> {
    let members = ownership::members(bus, "ingress").await?;
    ensure!(!members.is_empty() || bots.is_empty(), "no ingress runs, and what it holds was not looked at");
    let mut all = PersonReply::default();
    if members.is_empty() {
        return Ok(all);
    }
    let trace = telemetry::current();
    let replies: Vec<PersonReply> = bus
        .request_all(Subject::People, request, &trace, members.len(), ANSWERS_WITHIN)
        .await
        .context("no ingress answers")?;
    let silent = members.iter().filter(|member| replies.iter().all(|reply| reply.instance != **member));
    all.failed.extend(silent.map(|member| format!("ingress {member} did not answer")));
    for reply in replies {
        all.partitions.extend(reply.partitions);
        all.actions += reply.actions;
        all.acquaintances.extend(reply.acquaintances);
        all.files.extend(reply.files);
        all.failed.extend(reply.failed);
    }
    let owned: BTreeSet<Partition> = all.partitions.iter().copied().collect();
    let nobodys = bots.iter().filter(|bot| !owned.contains(&Partition::of(**bot, bus.partitions())));
    all.failed.extend(nobodys.map(|bot| format!("no ingress has bot {bot} at the moment")));
    Ok(all)
}

/// What was found and forgotten.
pub fn findings(reply: &PersonReply, bot: Option<BotId>) -> [Finding; 3] {
    let finding = |what: &'static str, count: u64| Finding {
        store: "ingress",
        what: what.into(),
        bot: bot.map(BotId::get),
        found: count,
        removed: count,
    };
    [
        finding("actions that were not carried out yet", reply.actions),
        finding("entries of address books", reply.acquaintances.len() as u64),
        finding("files", reply.files.len() as u64),
    ]
}
