//! Codes and passwords that were tried in vain, counted where every instance sees them.

use troupe_types::BotId;

use crate::{error::ApiError, registry, state::Manager};

/// How often a code or a password may be wrong before the login has to begin again.
const TRIES_MAX: u64 = 5;

fn key(bot: BotId) -> String {
    format!("tries.{bot}")
}

/// Takes one of the tries of a login. Before it is made: who tries at the same moment, at whichever instance, gets another
/// one. Returns how many are left after it; `None` if there is none to take.
///
/// # Errors
/// If the bus fails.
pub async fn take(manager: &Manager, bot: BotId) -> Result<Option<u64>, ApiError> {
    let more = |tries| (tries < TRIES_MAX).then_some(tries + 1);
    let taken = registry::change_number(manager, &key(bot), more).await?;
    Ok(taken.map(|tries| TRIES_MAX - tries))
}

/// Gives back a try that came out otherwise than wrong.
pub async fn give_back(manager: &Manager, bot: BotId) {
    let fewer = |tries: u64| tries.checked_sub(1);
    if let Err(error) = registry::change_number(manager, &key(bot), fewer).await {
        tracing::warn!(bot.id = %bot, %error, "a try to sign in counts as a wrong one");
    }
}

/// Forgets the tries of a login that begins or has ended.
///
/// # Errors
/// If the bus fails.
pub async fn forget(manager: &Manager, bot: BotId) -> Result<(), ApiError> {
    let (bots, key) = (manager.bots(), key(bot));
    if bots.get::<u64>(&key).await?.is_some() {
        bots.delete(&key).await?;
    }
    Ok(())
}
