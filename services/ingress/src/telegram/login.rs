//! Signing in: phone, code and, if the account has one, password; or a bot account's token.

use std::sync::Arc;

use grammers_client::{
    Client,
    client::{LoginToken, PasswordToken, SignInError},
};
use grammers_mtsender::InvocationError;
use tokio::{runtime::Handle, task::spawn_blocking, time::timeout};
use troupe_protocol::{Identity, LoginStep, Refusal, Secret};

use super::{CallError, Connection, MemorySession, Telegram, Trouble, convert};

/// A login under way. Dropping it closes its connection; nothing of it is stored.
pub struct Login {
    connection: Connection,
    stage: Stage,
}

enum Stage {
    Begun,
    CodeSent(LoginToken),
    PasswordNeeded(PasswordToken),
}

/// What came of a step.
pub enum LoginOutcome {
    /// A code is on its way.
    CodeSent,
    /// A password is needed; this is its hint.
    PasswordNeeded(Option<String>),
    /// Done. The connection is closed by the time this is given out.
    SignedIn(Identity, Arc<MemorySession>),
    /// Not done, and why. After [`Refusal::Code`] and [`Refusal::Password`] the same step may be tried again.
    Refused(Refusal, String),
}

impl Login {
    /// Connects with a fresh session.
    ///
    /// # Errors
    /// If Telegram cannot be reached.
    pub async fn begin(telegram: &Telegram) -> Result<Self, CallError> {
        let session = telegram.new_session().await?;
        Ok(Self { connection: telegram.connect(&session), stage: Stage::Begun })
    }

    /// Takes the next step. Returns the login where it goes on after it.
    pub async fn step(mut self, telegram: &Telegram, step: LoginStep) -> (Option<Self>, LoginOutcome) {
        let limit = telegram.config().call_timeout * 2;
        match timeout(limit, self.take_step(telegram, step)).await {
            Ok((Some(stage), outcome)) => {
                self.stage = stage;
                (Some(self), outcome)
            }
            Ok((None, LoginOutcome::SignedIn(identity, session))) => {
                // The session connects again as a running bot; two connections with one key would end it.
                self.connection.close().await;
                (None, LoginOutcome::SignedIn(identity, session))
            }
            Ok((None, outcome)) => (None, outcome),
            Err(_) => {
                let message = format!("Telegram did not answer within {} s; try again", limit.as_secs());
                (None, LoginOutcome::Refused(Refusal::Telegram, message))
            }
        }
    }

    async fn take_step(&mut self, telegram: &Telegram, step: LoginStep) -> (Option<Stage>, LoginOutcome) {
        let client = &self.connection.client;
        let api_hash = telegram.config().api_hash.expose();
        let stage = std::mem::replace(&mut self.stage, Stage::Begun);
        match (stage, step) {
            (Stage::Begun, LoginStep::SendCode { phone }) => {
                match client.request_login_code(phone.expose(), api_hash).await {
                    Ok(token) => (Some(Stage::CodeSent(token)), LoginOutcome::CodeSent),
                    Err(error) => (None, refused(error)),
                }
            }
            (Stage::CodeSent(token), LoginStep::Code { code }) => {
                match client.sign_in(&token, code.expose().trim()).await {
                    Ok(user) => (None, self.signed_in(&user)),
                    Err(SignInError::PasswordRequired(password)) => {
                        let hint = password.hint().map(str::to_owned);
                        (Some(Stage::PasswordNeeded(password)), LoginOutcome::PasswordNeeded(hint))
                    }
                    Err(SignInError::InvalidCode) => {
                        let message = "the code is wrong or too old: look at the newest one and try again";
                        (
                            Some(Stage::CodeSent(token)),
                            LoginOutcome::Refused(Refusal::Code, message.to_owned()),
                        )
                    }
                    Err(error) => (None, sign_in_refused(error)),
                }
            }
            (Stage::PasswordNeeded(token), LoginStep::Password { password }) => {
                match check_password(client.clone(), token, password).await {
                    Ok(user) => (None, self.signed_in(&user)),
                    Err(SignInError::InvalidPassword(token)) => {
                        let outcome =
                            LoginOutcome::Refused(Refusal::Password, "the password is wrong".to_owned());
                        // A token is good for one try: the next one needs fresh parameters of the exchange.
                        match self.fresh_password_token().await {
                            Ok(fresh) => (Some(Stage::PasswordNeeded(fresh)), outcome),
                            Err(_) => (Some(Stage::PasswordNeeded(token)), outcome),
                        }
                    }
                    Err(error) => (None, sign_in_refused(error)),
                }
            }
            (Stage::Begun, LoginStep::Token { token }) => {
                match client.bot_sign_in(token.expose(), api_hash).await {
                    Ok(user) => (None, self.signed_in(&user)),
                    Err(error) => (None, refused(error)),
                }
            }
            (stage, _) => {
                let message = match &stage {
                    Stage::Begun => "begin with the phone number or the token",
                    Stage::CodeSent(_) => "the code comes next",
                    Stage::PasswordNeeded(_) => "the password comes next",
                };
                (Some(stage), LoginOutcome::Refused(Refusal::NotExpected, message.to_owned()))
            }
        }
    }

    async fn fresh_password_token(&self) -> Result<PasswordToken, CallError> {
        let request = grammers_tl_types::functions::account::GetPassword {};
        let grammers_tl_types::enums::account::Password::Password(password) =
            self.connection.call(&request).await?;
        Ok(PasswordToken::new(password))
    }

    fn signed_in(&self, user: &grammers_client::peer::User) -> LoginOutcome {
        let grammers_tl_types::enums::User::User(raw) = &user.raw else {
            return LoginOutcome::Refused(
                Refusal::Telegram,
                "Telegram did not say who the account is".to_owned(),
            );
        };
        convert::meet(&self.connection.session, std::slice::from_ref(&user.raw), &[]);
        LoginOutcome::SignedIn(convert::identity(raw), Arc::clone(&self.connection.session))
    }
}

/// Proves to know the password. The proof takes seconds of computing without a pause, so it gets a thread of its own:
/// leases are renewed on those that it would hold up.
async fn check_password(
    client: Client,
    token: PasswordToken,
    password: Secret,
) -> Result<grammers_client::peer::User, SignInError> {
    let runtime = Handle::current();
    let prove = move || runtime.block_on(client.check_password(token, password.expose()));
    spawn_blocking(prove)
        .await
        .unwrap_or(Err(SignInError::Other(InvocationError::Dropped("the proof broke off"))))
}

fn sign_in_refused(error: SignInError) -> LoginOutcome {
    match error {
        SignInError::SignUpRequired => {
            let message = "no account has this phone number: sign up with a Telegram app first";
            LoginOutcome::Refused(Refusal::Phone, message.to_owned())
        }
        SignInError::Other(error) => refused(error),
        // Each of these is handled where it can occur.
        SignInError::PasswordRequired(_) | SignInError::InvalidCode | SignInError::InvalidPassword(_) => {
            LoginOutcome::Refused(Refusal::Telegram, "Telegram answered out of turn; begin again".to_owned())
        }
    }
}

fn refused(error: InvocationError) -> LoginOutcome {
    let error = CallError::from(error);
    let (refusal, message) = match error.name() {
        Some("PHONE_NUMBER_INVALID") => (
            Refusal::Phone,
            "this is no phone number: write it in international form, e.g. +15551234567".to_owned(),
        ),
        Some("PHONE_NUMBER_UNOCCUPIED") => {
            (Refusal::Phone, "no account has this phone number: sign up with a Telegram app first".to_owned())
        }
        Some("PHONE_NUMBER_BANNED") => (Refusal::Phone, "Telegram has banned this phone number".to_owned()),
        Some("PHONE_CODE_EXPIRED") => {
            (Refusal::CodeExpired, "the code is too old: begin again for a new one".to_owned())
        }
        Some("ACCESS_TOKEN_INVALID" | "ACCESS_TOKEN_EXPIRED") => {
            (Refusal::Token, "the token is wrong: copy it from @BotFather again".to_owned())
        }
        Some("API_ID_INVALID" | "API_ID_PUBLISHED_FLOOD") => (
            Refusal::Telegram,
            "Telegram refuses telegram.api_id and telegram.api_hash of ingress".to_owned(),
        ),
        _ => match error.trouble() {
            Trouble::FloodWait(wait) | Trouble::SlowMode(wait) => (
                Refusal::FloodWait,
                format!("Telegram asks to wait {} s before the next try", wait.as_secs()),
            ),
            Trouble::LoggedOut(reason) | Trouble::Refused(reason) => {
                (Refusal::Telegram, format!("Telegram refused: {reason}"))
            }
            Trouble::Again(reason) | Trouble::Failing(reason) => {
                (Refusal::Telegram, format!("Telegram cannot be reached now: {reason}"))
            }
            Trouble::Repeated => (Refusal::Telegram, "Telegram is still busy; try again".to_owned()),
        },
    };
    LoginOutcome::Refused(refusal, message)
}
