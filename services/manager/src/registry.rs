//! The registry of bots in the key-value store.

use troupe_bus::{Entry, Error};
use troupe_protocol::{BotRecord, BotStatus};
use troupe_types::{BotId, UserId};

use crate::{error::ApiError, state::Manager};

/// How often a record that others change at the same moment is read again and changed again.
const RACES_MAX: usize = 10;

fn bot_key(bot: BotId) -> String {
    format!("bot.{bot}")
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
pub async fn list(manager: &Manager) -> Result<Vec<BotRecord>, ApiError> {
    let bots = manager.bots();
    let mut records = Vec::new();
    for key in bots.keys("bot.").await? {
        if let Some(entry) = bots.get::<BotRecord>(&key).await? {
            records.push(entry.value);
        }
    }
    records.sort_by_key(|record| record.id);
    Ok(records)
}

/// How a bot's session fares; `None` if it never was connected.
///
/// # Errors
/// If the bus fails.
pub async fn status(manager: &Manager, bot: BotId) -> Result<Option<BotStatus>, ApiError> {
    Ok(manager.statuses().get(&bot.to_string()).await?.map(|entry| entry.value))
}

/// Takes the next number and the name for a new bot.
///
/// # Errors
/// If the name is taken.
pub async fn claim(manager: &Manager, name: &str) -> Result<BotId, ApiError> {
    let bots = manager.bots();
    let id = next_id(manager).await?;
    match bots.create(&name_key(name), &id).await {
        Ok(_) => Ok(id),
        Err(Error::Exists { .. }) => {
            Err(ApiError::Conflict(format!("there is a bot called {name:?} already")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives the name of a bot that came to nothing free again.
///
/// # Errors
/// If the bus fails.
pub async fn unclaim(manager: &Manager, name: &str) -> Result<(), ApiError> {
    Ok(manager.bots().delete(&name_key(name)).await?)
}

async fn next_id(manager: &Manager) -> Result<BotId, ApiError> {
    let bots = manager.bots();
    for _ in 0..RACES_MAX {
        let taken = match bots.get::<u64>("last").await? {
            Some(last) => bots.update("last", &(last.value + 1), last.revision).await.map(|_| last.value + 1),
            None => bots.create("last", &1_u64).await.map(|_| 1),
        };
        match taken {
            Ok(id) => return Ok(BotId::new(id)),
            Err(Error::Conflict { .. } | Error::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::Unavailable("many bots are being registered at this moment; try again".to_owned()))
}

/// Stores a new bot.
///
/// # Errors
/// If the bus fails.
pub async fn create(manager: &Manager, record: &BotRecord) -> Result<(), ApiError> {
    manager.bots().create(&bot_key(record.id), record).await?;
    Ok(())
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
                "this account is bot {} already; delete one of the two",
                entry.value
            ))),
            _ => Ok(()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Deletes a bot. Ingress signs it out and forgets its session when it sees that.
///
/// # Errors
/// If there is no such bot.
pub async fn delete(manager: &Manager, bot: BotId) -> Result<(), ApiError> {
    let record = get(manager, bot).await?.value;
    let bots = manager.bots();
    bots.delete(&bot_key(bot)).await?;
    bots.delete(&name_key(&record.name)).await?;
    if let Some(identity) = record.identity {
        bots.delete(&account_key(identity.user)).await?;
    }
    manager.statuses().delete(&bot.to_string()).await?;
    Ok(())
}
