//! The registry of bots in the key-value store.

use std::time::Duration;

use tokio::time::sleep;
use troupe_bus::{Entry, Error, ownership};
use troupe_protocol::{BotRecord, BotSettings, BotStatus, Desired};
use troupe_types::{BotId, Partition, UserId};

use crate::{error::ApiError, state::Manager, status::Status, tries};

/// How often a record that others change at the same moment is read again and changed again.
const RACES_MAX: usize = 10;

/// How long after a name was taken its bot has to be there. Only who died in between takes longer.
const CLAIMED_MAX: Duration = Duration::from_secs(2);

/// Whose leases tell who keeps a bot's session.
const INGRESS: &str = "ingress";

/// What the keys of bots begin with.
const BOTS: &str = "bot.";

fn bot_key(bot: BotId) -> String {
    format!("{BOTS}{bot}")
}

fn deleted_key(bot: BotId) -> String {
    format!("deleted.{bot}")
}

fn name_key(name: &str) -> String {
    format!("name.{name}")
}

fn account_key(user: UserId) -> String {
    format!("account.{user}")
}

/// A bot's record.
///
/// # Errors
/// If there is none.
pub async fn get(manager: &Manager, bot: BotId) -> Result<Entry<BotRecord>, ApiError> {
    let found = manager.bots().get(&bot_key(bot)).await?;
    found.ok_or_else(|| {
        ApiError::NotFound(format!("there is no bot {bot}; GET /v1/bots lists those there are"))
    })
}

/// Every bot's record, by number.
///
/// # Errors
/// If the bus fails.
pub async fn records(manager: &Manager) -> Result<Vec<BotRecord>, ApiError> {
    let mut records: Vec<_> = manager.bots().all::<BotRecord>(BOTS).await?.into_values().collect();
    records.sort_by_key(|record| record.id);
    Ok(records)
}

/// Every bot's record and how its session fares, by number.
///
/// # Errors
/// If the bus fails.
pub async fn list(manager: &Manager) -> Result<Vec<(BotRecord, Option<Status>)>, ApiError> {
    let (statuses, bus) = (manager.statuses(), manager.bus());
    let records = records(manager).await?;
    let mut statuses = statuses.all::<BotStatus>("").await?;
    let owners = ownership::owners(bus, INGRESS).await?;
    let with_status = |record: BotRecord| {
        let owner = owners.get(&Partition::of(record.id, bus.partitions())).map(String::as_str);
        let status = statuses.remove(&record.id.to_string()).map(|told| Status::new(told, owner));
        (record, status)
    };
    Ok(records.into_iter().map(with_status).collect())
}

/// How a bot's session fares; `None` if it never was connected.
///
/// # Errors
/// If the bus fails.
pub async fn status(manager: &Manager, bot: BotId) -> Result<Option<Status>, ApiError> {
    let Some(told) = manager.statuses().get::<BotStatus>(&bot.to_string()).await? else { return Ok(None) };
    let bus = manager.bus();
    let owner = ownership::owner(bus, INGRESS, Partition::of(bot, bus.partitions())).await?;
    Ok(Some(Status::new(told.value, owner.as_deref())))
}

/// Stores a new bot under the next number. It is stopped and has not signed in.
///
/// It is stored before it signs in: a bot that is known is signed out when it is deleted, whatever had come of its
/// login by then.
///
/// # Errors
/// If the name is taken.
pub async fn create(manager: &Manager, name: &str) -> Result<BotRecord, ApiError> {
    let bots = manager.bots();
    let id = next_id(manager).await?;
    claim_name(manager, name, id).await?;
    let record = BotRecord {
        id,
        name: name.to_owned(),
        created: manager.now(),
        identity: None,
        desired: Desired::Stopped,
        generation: 0,
        settings: BotSettings::default(),
    };
    bots.create(&bot_key(id), &record).await?;
    // Somebody may have taken this for dead and the name for free.
    if bots.get::<BotId>(&name_key(name)).await?.is_none_or(|entry| entry.value != id) {
        bots.delete(&bot_key(id)).await?;
        return Err(name_taken(name));
    }
    Ok(record)
}

fn name_taken(name: &str) -> ApiError {
    ApiError::Conflict(format!("there is a bot called {name:?} already"))
}

/// Takes a name. One whose bot never came to be, because who registered it died, is free.
async fn claim_name(manager: &Manager, name: &str, bot: BotId) -> Result<(), ApiError> {
    let (bots, key) = (manager.bots(), name_key(name));
    match bots.create(&key, &bot).await {
        Ok(_) => return Ok(()),
        Err(Error::Exists { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let Some(taken) = bots.get::<BotId>(&key).await? else { return Err(name_taken(name)) };
    for patience in [CLAIMED_MAX, Duration::ZERO] {
        if bots.get::<BotRecord>(&bot_key(taken.value)).await?.is_some() {
            return Err(name_taken(name));
        }
        sleep(patience).await;
    }
    match bots.update(&key, &bot, taken.revision).await {
        Ok(_) => Ok(()),
        Err(Error::Conflict { .. }) => Err(name_taken(name)),
        Err(error) => Err(error.into()),
    }
}

async fn next_id(manager: &Manager) -> Result<BotId, ApiError> {
    let next = change_number(manager, "last", |last| Some(last + 1)).await?;
    Ok(BotId::new(next.expect("there is always a next number")))
}

/// Changes the number under `key`, 0 if there is none, to what `change` makes of it, and returns that; where it makes nothing
/// of it, `None`, and the number stays.
///
/// # Errors
/// If the bus fails, or others keep changing it.
pub async fn change_number(
    manager: &Manager,
    key: &str,
    change: impl Fn(u64) -> Option<u64>,
) -> Result<Option<u64>, ApiError> {
    let bots = manager.bots();
    for _ in 0..RACES_MAX {
        let found = bots.get::<u64>(key).await?;
        let Some(number) = change(found.as_ref().map_or(0, |entry| entry.value)) else { return Ok(None) };
        let written = match found {
            Some(entry) => bots.update(key, &number, entry.revision).await,
            None => bots.create(key, &number).await,
        };
        match written {
            Ok(_) => return Ok(Some(number)),
            Err(Error::Conflict { .. } | Error::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::Unavailable(
        "the registry is being changed by many calls at this moment; try again".to_owned(),
    ))
}

/// Changes a bot's record.
///
/// # Errors
/// If there is no such bot.
pub async fn change(
    manager: &Manager,
    bot: BotId,
    change: impl Fn(&mut BotRecord),
) -> Result<BotRecord, ApiError> {
    for _ in 0..RACES_MAX {
        let Entry { mut value, revision } = get(manager, bot).await?;
        change(&mut value);
        match manager.bots().update(&bot_key(bot), &value, revision).await {
            Ok(_) => return Ok(value),
            Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::Unavailable(format!("bot {bot} is being changed by others at this moment; try again")))
}

/// Takes a Telegram account for a bot: no account may be two bots, they would answer everything twice.
///
/// # Errors
/// If another bot has it.
pub async fn claim_account(manager: &Manager, bot: BotId, user: UserId) -> Result<(), ApiError> {
    let bots = manager.bots();
    match bots.create(&account_key(user), &bot).await {
        Ok(_) => Ok(()),
        Err(Error::Exists { .. }) => match bots.get::<BotId>(&account_key(user)).await? {
            Some(entry) if entry.value != bot => Err(ApiError::Conflict(format!(
                "this account is bot {} already, and one account cannot be two bots",
                entry.value
            ))),
            _ => Ok(()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Gives an account free that was a bot's.
///
/// # Errors
/// If the bus fails.
pub async fn release_account(manager: &Manager, bot: BotId, user: UserId) -> Result<(), ApiError> {
    release(manager, &account_key(user), bot).await
}

/// Deletes what a bot has taken, if it has it.
async fn release(manager: &Manager, key: &str, bot: BotId) -> Result<(), ApiError> {
    let bots = manager.bots();
    if bots.get::<BotId>(key).await?.is_some_and(|entry| entry.value == bot) {
        bots.delete(key).await?;
    }
    Ok(())
}

/// Deletes a bot. Ingress signs it out and forgets its session when it sees that.
///
/// The record goes last: if this is broken off, the bot is still there to be deleted again. Before it goes, what is
/// deleted is noted under a key of its own, which ingress removes when it has forgotten the session: nobody may own the
/// bot's partition at this moment.
///
/// # Errors
/// If there is no such bot.
pub async fn delete(manager: &Manager, bot: BotId) -> Result<(), ApiError> {
    let record = get(manager, bot).await?.value;
    if let Some(identity) = record.identity {
        release_account(manager, bot, identity.user).await?;
    }
    release(manager, &name_key(&record.name), bot).await?;
    manager.bots().put(&deleted_key(bot), &bot).await?;
    manager.bots().delete(&bot_key(bot)).await?;
    manager.statuses().delete(&bot.to_string()).await?;
    tries::forget(manager, bot).await
}
