//! Logins under way in one partition.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use troupe_protocol::{Bucket, Identity, LoginReply, LoginRequest, LoginStep, Refusal};
use troupe_types::{BotId, UserId};

use crate::{
    account::Shared,
    telegram::{Login, LoginOutcome, MemorySession},
};

/// How long a login may stand still before it is dropped.
const STANDS_STILL_MAX: Duration = Duration::from_mins(5);

/// The logins under way. A login is kept in memory alone: whoever loses it begins again.
pub struct Logins {
    shared: Arc<Shared>,
    under_way: Mutex<BTreeMap<BotId, Entry>>,
}

enum Entry {
    /// Waits for its next step.
    Waiting(Box<Login>, Instant),
    /// Takes a step just now.
    Busy,
}

impl Logins {
    /// Begins with none.
    pub const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, under_way: Mutex::new(BTreeMap::new()) }
    }

    /// Drops what stood still for too long.
    pub fn expire(&self) {
        self.lock().retain(|_, entry| match entry {
            Entry::Waiting(_, since) => since.elapsed() < STANDS_STILL_MAX,
            Entry::Busy => true,
        });
    }

    /// Takes a step. When it signs the bot in, the session is stored before this returns.
    pub async fn step(&self, request: LoginRequest) -> LoginReply {
        let bot = request.bot;
        let login = match self.begin_step(&request).await {
            Ok(login) => login,
            Err(reply) => return reply,
        };
        let (next, outcome) = login.step(&self.shared.telegram, request.step).await;
        match next {
            Some(login) => self.lock().insert(bot, Entry::Waiting(Box::new(login), Instant::now())),
            None => self.lock().remove(&bot),
        };
        match outcome {
            LoginOutcome::CodeSent => LoginReply::CodeSent,
            LoginOutcome::PasswordNeeded(hint) => LoginReply::PasswordNeeded { hint },
            LoginOutcome::Refused(refusal, message) => LoginReply::Refused { refusal, message },
            LoginOutcome::SignedIn(identity, session) => self.signed_in(bot, identity, session).await,
        }
    }

    /// Stores the session of an account that no other bot has: one account connected as two bots would answer twice.
    async fn signed_in(&self, bot: BotId, identity: Identity, session: Arc<MemorySession>) -> LoginReply {
        let taken = match self.taken(bot, identity.user).await {
            Ok(taken) => taken,
            Err(error) => return self.not_stored(bot, session, error.into()).await,
        };
        if let Some(other) = taken {
            self.shared.sign_out(bot, &session).await;
            let message = format!("this account is bot {other} already, and one account cannot be two bots");
            return refused(Refusal::AlreadyRegistered, &message);
        }
        match self.shared.sessions.store_new(bot, &session).await {
            Ok(()) => LoginReply::SignedIn { identity },
            Err(error) => self.not_stored(bot, session, error.into()).await,
        }
    }

    async fn not_stored(&self, bot: BotId, session: Arc<MemorySession>, error: anyhow::Error) -> LoginReply {
        tracing::error!(error = format!("{error:#}"), bot.id = %bot, "cannot store a new session");
        self.shared.sign_out(bot, &session).await;
        refused(Refusal::Telegram, "signed in, but the session could not be stored: begin again")
    }

    /// The other bot that has the account, if there is one.
    async fn taken(&self, bot: BotId, user: UserId) -> Result<Option<BotId>, troupe_bus::Error> {
        let bots = self.shared.reporter.bus().bucket(Bucket::Bots);
        let entry = bots.get::<BotId>(&format!("account.{user}")).await?;
        Ok(entry.map(|entry| entry.value).filter(|other| *other != bot))
    }

    /// Takes the login that a step belongs to out of those that wait; a first step begins one.
    async fn begin_step(&self, request: &LoginRequest) -> Result<Login, LoginReply> {
        let begins = matches!(request.step, LoginStep::SendCode { .. } | LoginStep::Token { .. });
        let waiting = {
            let mut under_way = self.lock();
            match (under_way.remove(&request.bot), begins) {
                (Some(Entry::Busy), _) => {
                    under_way.insert(request.bot, Entry::Busy);
                    return Err(refused(Refusal::NotExpected, "a step of this login is under way"));
                }
                (None, false) => {
                    return Err(refused(
                        Refusal::NotExpected,
                        "no login is under way: begin with the phone number",
                    ));
                }
                // Beginning again drops what was under way.
                (_, true) => {
                    under_way.insert(request.bot, Entry::Busy);
                    None
                }
                (Some(Entry::Waiting(login, _)), false) => {
                    under_way.insert(request.bot, Entry::Busy);
                    Some(login)
                }
            }
        };
        if let Some(login) = waiting {
            return Ok(*login);
        }
        Login::begin(&self.shared.telegram).await.map_err(|error| {
            self.lock().remove(&request.bot);
            let message = format!("Telegram cannot be reached: {:#}", anyhow::Error::from(error));
            refused(Refusal::Telegram, &message)
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<BotId, Entry>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(refusal: Refusal, message: &str) -> LoginReply {
    LoginReply::Refused { refusal, message: message.to_owned() }
}
