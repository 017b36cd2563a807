//! Accounts: people and bots.

use std::collections::BTreeMap;

use super::{MessageBox, Peer, Refusal, State, USER_ID_FIRST};
use crate::{clock, crypto, crypto::srp::Verifier};

/// What an account is created from.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// In international form; made up if absent.
    pub phone: Option<String>,
    /// At least one character.
    pub first_name: String,
    /// May be empty.
    pub last_name: Option<String>,
    /// Without the `@`.
    pub username: Option<String>,
    /// The second factor.
    pub password: Option<String>,
    /// Shown when the password is asked for.
    pub password_hint: Option<String>,
    /// A bot signs in by token and has no phone.
    pub bot: bool,
    /// The language code, such as `en`.
    pub language: Option<String>,
}

/// A login code that was "sent".
#[derive(Debug, Clone)]
pub struct LoginCode {
    /// What has to be typed in.
    pub code: String,
    /// What the client has to give back with it.
    pub hash: String,
    /// From when on it is no use.
    pub expires_ms: i64,
}

/// What an account has of a direct chat or a basic group: how far was read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadMarks {
    /// The newest incoming message that the account read.
    pub inbox: i32,
    /// The newest of the account's own messages that somebody read.
    pub outbox: i32,
}

/// A person or a bot.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user id.
    pub id: i64,
    /// Digits only.
    pub phone: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: Option<String>,
    /// Without the `@`.
    pub username: Option<String>,
    /// Language code.
    pub language: Option<String>,
    /// Set for bots.
    pub bot_token: Option<String>,
    /// The second factor.
    pub password: Option<Verifier>,
    /// Shown when the password is asked for.
    pub password_hint: Option<String>,
    /// The latest login code.
    pub code: Option<LoginCode>,
    /// Direct chats and basic groups.
    pub inbox: MessageBox,
    /// How far was read in each of them.
    pub marks: BTreeMap<Peer, ReadMarks>,
    /// Whether pushes to it are lost.
    pub muted: bool,
    /// Until when the account shows as online.
    pub online_until: i32,
    /// When it was last online.
    pub online_last: i32,
}

impl Account {
    /// Whether it is a bot.
    pub fn is_bot(&self) -> bool {
        self.bot_token.is_some()
    }
}

/// A phone number's digits, if it can be one: 5 to 15 digits, with the usual decoration.
pub fn phone_digits(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')')).collect();
    ((5..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// Whether a username can be one: 4 to 32 of `a-z`, digits and underscores, a letter first.
pub fn is_username(name: &str) -> bool {
    (4..=32).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl State {
    /// Creates an account. `password` is what to keep of `new.password`: deriving it is slow, so the caller does
    /// it before taking the lock.
    ///
    /// # Errors
    /// A name, phone or username cannot be one, or is taken.
    pub fn create_account(
        &mut self,
        new: NewAccount,
        password: Option<Verifier>,
    ) -> Result<&Account, Refusal> {
        let invalid = |text: String| Err(Refusal::Invalid(text));
        if new.first_name.trim().is_empty() || new.first_name.chars().count() > 64 {
            return invalid("first_name needs 1 to 64 characters".into());
        }
        let id = self.accounts.last_key_value().map_or(USER_ID_FIRST, |(id, _)| id + 1);
        let phone = match (&new.phone, new.bot) {
            (Some(_), true) => return invalid("a bot has no phone: leave phone out".into()),
            (None, true) => None,
            (None, false) => Some(format!("888{id}")),
            (Some(phone), false) => match phone_digits(phone) {
                Some(digits) => Some(digits),
                None => return invalid(format!("{phone:?} is no phone number: use 5 to 15 digits")),
            },
        };
        if let Some(taken) = phone.as_deref().and_then(|phone| self.account_of_phone(phone)) {
            return Err(Refusal::Conflict(format!(
                "account {taken} has that phone already: choose another one"
            )));
        }
        let username = new.username.map(|name| name.trim_start_matches('@').to_owned());
        if let Some(name) = &username {
            self.check_username(name)?;
        }
        if new.bot && password.is_some() {
            return invalid("a bot has no password: leave password out".into());
        }
        let account = Account {
            id,
            phone,
            first_name: new.first_name,
            last_name: new.last_name.filter(|name| !name.is_empty()),
            username,
            language: new.language,
            bot_token: new.bot.then(|| format!("{id}:{}", letters::<35>())),
            password,
            password_hint: new.password_hint,
            code: None,
            inbox: MessageBox::default(),
            marks: BTreeMap::new(),
            muted: false,
            online_until: 0,
            online_last: clock::now(),
        };
        Ok(self.accounts.entry(id).or_insert(account))
    }

    /// Refuses a username that cannot be one or is taken by an account or a group.
    pub(super) fn check_username(&self, name: &str) -> Result<(), Refusal> {
        if !is_username(name) {
            let text = format!("{name:?} is no username: use 4 to 32 letters, digits and _, a letter first");
            return Err(Refusal::Invalid(text));
        }
        match self.peer_of_username(name) {
            None => Ok(()),
            Some(peer) => {
                Err(Refusal::Conflict(format!("@{name} is taken by {}: choose another one", peer.dialog())))
            }
        }
    }

    /// Who has this phone number, given in digits.
    pub fn account_of_phone(&self, digits: &str) -> Option<i64> {
        self.accounts
            .values()
            .find(|account| account.phone.as_deref() == Some(digits))
            .map(|account| account.id)
    }

    /// Who or what has this username, in whatever case.
    pub fn peer_of_username(&self, name: &str) -> Option<Peer> {
        let has =
            |other: &Option<String>| other.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(name));
        let user = self
            .accounts
            .values()
            .find(|account| has(&account.username))
            .map(|account| Peer::User(account.id));
        user.or_else(|| {
            self.groups.values().find(|group| has(&group.username)).map(|group| Peer::of_dialog(group.dialog))
        })
    }

    /// Makes a new login code for an account, as if it was sent to the phone.
    pub fn new_code(&mut self, account: i64, lifetime_ms: i64) -> LoginCode {
        let number = u32::from_le_bytes(crypto::random()) % 100_000;
        let code = LoginCode {
            code: format!("{number:05}"),
            hash: letters::<18>(),
            expires_ms: clock::now_ms().saturating_add(lifetime_ms),
        };
        self.account_mut(account).code = Some(code.clone());
        code
    }

    /// Makes an account's code no use any more.
    pub fn spend_code(&mut self, account: i64) {
        self.account_mut(account).code = None;
    }

    /// Shows the account as online for five minutes, or as offline.
    pub fn set_online(&mut self, account: i64, online: bool) {
        let now = clock::now();
        let account = self.account_mut(account);
        account.online_last = now;
        account.online_until = if online { now + 300 } else { 0 };
    }

    /// Loses all pushes to an account, or no more.
    pub fn mute(&mut self, account: i64, muted: bool) {
        self.account_mut(account).muted = muted;
    }
}

/// Random letters and digits.
fn letters<const N: usize>() -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    crypto::random::<N>().iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % 62])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_told_from_other_texts() {
        assert_eq!(phone_digits("+1 (555) 010-20"), Some("155501020".into()));
        for text in ["", "1234", "+12345678901234567", "phone", "12345x"] {
            assert_eq!(phone_digits(text), None, "{text}");
        }
    }
}
