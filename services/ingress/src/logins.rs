//! Logins under way in one partition.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use troupe_protocol::{LoginReply, LoginRequest, LoginStep, Refusal};
use troupe_types::BotId;

use crate::{
    account::Shared,
    telegram::{Login, LoginOutcome},
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
            LoginOutcome::SignedIn(identity, session) => {
                match self.shared.sessions.store_new(bot, &session).await {
                    Ok(()) => LoginReply::SignedIn { identity },
                    Err(error) => {
                        tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), bot.id = %bot, "cannot store a new session");
                        refused(
                            Refusal::Telegram,
                            "signed in, but the session could not be stored: begin again",
                        )
                    }
                }
            }
        }
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
