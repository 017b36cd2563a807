use std::ops::Range;

use hmac::{Hmac, Mac};
use serde::Deserialize;
use sha2::Sha256;
use troupe_types::{ActionKey, ChatId, ChatKind, UpdateKey, UserId};

use crate::{Event, EventBody, Secret};

/// The numbers that stand for people: positive, as ids of people and direct chats are, larger than any of Telegram's,
/// which have 52 bits at most, and small enough that whoever reads a number as floating-point has all of it.
///
/// Source: <https://core.telegram.org/bots/api#user>.
pub const PSEUDONYMS: Range<i64> = 1 << 52..1 << 53;

/// The shortest key that cannot be guessed.
const KEY_LENGTH_MIN: usize = 32;

/// The setting of whoever stores or reads what is counted: with a key, people stand there under pseudonyms.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PseudonymsConfig {
    /// The key; empty: people stand there with their ids.
    pub key: Secret,
    /// The fingerprint of the installation's key until now, if `key` is to take its place; see [`Pseudonyms::fingerprint`].
    #[serde(default)]
    pub instead_of: String,
}

impl PseudonymsConfig {
    /// The settings with this key.
    pub fn with_key(key: &str) -> Self {
        Self { key: Secret::new(key), instead_of: String::new() }
    }

    /// Makes the pseudonyms.
    ///
    /// # Errors
    /// If the key is too short; the text names the setting.
    pub fn pseudonyms(&self) -> Result<Pseudonyms, String> {
        let key = &self.key;
        match key.expose().len() {
            0 => Ok(Pseudonyms(None)),
            KEY_LENGTH_MIN.. => Ok(Pseudonyms(Some(key.clone()))),
            _ => Err(format!(
                "pseudonyms.key has to have {KEY_LENGTH_MIN} characters at least, e.g. made by `openssl rand -base64 32`"
            )),
        }
    }
}

/// Names people by numbers that tell nobody without the key who they are, and are the same for the same person for ever.
#[derive(Debug, Clone, Default)]
pub struct Pseudonyms(Option<Secret>);

impl Pseudonyms {
    /// Whether people have pseudonyms at all.
    pub const fn are_used(&self) -> bool {
        self.0.is_some()
    }

    /// What tells one key from another, and nobody what the key is: 16 hexadecimal digits, or `none` without a key.
    pub fn fingerprint(&self) -> String {
        let Some(key) = &self.0 else { return "none".to_owned() };
        let digest = digest(key, "troupe/pseudonyms/v1");
        digest.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// The number that a person is known by. That of a pseudonym is itself.
    pub fn person(&self, person: UserId) -> UserId {
        UserId::new(self.number(person.get()))
    }

    /// The number that a chat is known by: a direct chat by the person's, a group by its own.
    pub fn chat(&self, chat: ChatId) -> ChatId {
        match chat.kind() {
            ChatKind::Direct => ChatId::new(self.number(chat.get())),
            ChatKind::Group => chat,
        }
    }

    /// The event with the numbers that people are known by, also in the keys and the id by which it is known itself.
    pub fn event(&self, mut event: Event) -> Event {
        if !self.are_used() {
            return event;
        }
        event.id = self.id(event.id, event.bot.get());
        event.chat = event.chat.map(|chat| self.chat(chat));
        event.person = event.person.map(|person| self.person(person));
        event.update = event.update.map(|update| self.update(update));
        match &mut event.body {
            EventBody::MessageSent { action, .. }
            | EventBody::DeliveryFailed { action, .. }
            | EventBody::FileStored { action, .. } => {
                *action = ActionKey { update: self.update(action.update), ..*action };
            }
            _ => {}
        }
        event
    }

    fn update(&self, update: UpdateKey) -> UpdateKey {
        UpdateKey { chat: self.chat(update.chat), ..update }
    }

    /// What an event is known by begins with bot and chat, if it is about a chat.
    fn id(&self, id: String, bot: u64) -> String {
        let mut parts = id.splitn(3, '/');
        let (of, chat, rest) = (parts.next(), parts.next(), parts.next());
        if let (Some(of), Some(chat), Some(rest)) = (of, chat, rest)
            && of.parse() == Ok(bot)
            && let Ok(chat) = chat.parse()
        {
            return format!("{of}/{}/{rest}", self.chat(chat));
        }
        id
    }

    fn number(&self, id: i64) -> i64 {
        let Some(key) = self.0.as_ref().filter(|_| id > 0 && !PSEUDONYMS.contains(&id)) else { return id };
        let digest = digest(key, &format!("troupe/person/v1|{id}"));
        let bytes = digest.first_chunk().expect("SHA-256 gives 32 bytes");
        PSEUDONYMS.start | (i64::from_le_bytes(*bytes) & (PSEUDONYMS.start - 1))
    }
}

fn digest(key: &Secret, text: &str) -> [u8; 32] {
    let mut hmac =
        Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes a key of any length");
    hmac.update(text.as_bytes());
    hmac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pseudonyms(key: &str) -> Pseudonyms {
        PseudonymsConfig::with_key(key).pseudonyms().unwrap()
    }

    const KEY: &str = "a key that nobody guesses, of some length";

    /// What 23456789 is called with that key.
    const PINNED: i64 = 7_339_277_569_123_736;
    const FINGERPRINT: &str = "d8223e19fea45cd1";

    #[test]
    fn a_pseudonym_depends_on_key_and_person_and_never_changes() {
        let some = pseudonyms(KEY);
        let person = |id| some.person(UserId::new(id)).get();
        assert_eq!(person(23_456_789), PINNED, "rows that were stored would be somebody else's");
        let other = pseudonyms("another key that nobody guesses, either").person(UserId::new(23_456_789));
        assert!(person(23_456_790) != person(23_456_789) && other.get() != person(23_456_789));
        for id in 1..1000 {
            assert!(PSEUDONYMS.contains(&person(id)));
            assert_eq!(person(person(id)), person(id), "who is named by it is found by it");
            assert_eq!(some.chat(ChatId::new(id)).get(), person(id));
        }
        assert_eq!(some.chat(ChatId::new(-1_000_000_000_001)).get(), -1_000_000_000_001);
    }

    #[test]
    fn without_a_key_everybody_is_who_they_are_and_a_short_one_is_refused() {
        assert_eq!(pseudonyms("").person(UserId::new(42)), UserId::new(42));
        let short = PseudonymsConfig::with_key("secret").pseudonyms().unwrap_err();
        assert!(short.starts_with("pseudonyms.key") && !short.contains("secret"), "{short}");
    }

    #[test]
    fn a_fingerprint_depends_on_the_key_alone_and_never_changes() {
        assert_eq!(
            pseudonyms(KEY).fingerprint(),
            FINGERPRINT,
            "installations would be told that theirs is another"
        );
        assert_ne!(pseudonyms("another key that nobody guesses, either").fingerprint(), FINGERPRINT);
        assert_eq!(pseudonyms("").fingerprint(), "none");
    }

    #[test]
    fn no_part_of_an_event_tells_the_id() {
        let id = "7000000042";
        let events = [
            json!({"id": format!("7/{id}/5/new!0"), "bot": 7, "chat": 7_000_000_042_i64, "person": 7_000_000_042_i64,
                "update": format!("7/{id}/5/new"), "time": 1, "type": "message_received", "message": 5}),
            json!({"id": format!("7/{id}/5/new#0!sent"), "bot": 7, "chat": 7_000_000_042_i64, "time": 1, "type": "delivery_failed",
                "action": format!("7/{id}/5/new#0"), "reason": "x"}),
            json!({"id": format!("7/-5/5/new#0!stored"), "bot": 7, "chat": -5, "person": 7_000_000_042_i64, "time": 1,
                "type": "file_stored", "action": format!("7/{id}/5/new#0"), "bytes": 1}),
            json!({"id": format!("7/{id}/5/new#1!called"), "bot": 7, "chat": 7_000_000_042_i64, "person": 7_000_000_042_i64,
                "update": format!("7/{id}/5/new"), "time": 1, "type": "webhook_called", "name": "crm", "outcome": "gone", "tries": 1}),
            json!({"id": format!("7/{id}/5/new#0!sent"), "bot": 7, "time": 1, "type": "message_sent", "message": 5,
                "action": format!("7/{id}/5/new#0"), "source": {"by": "guard"}, "reply_ms": 1}),
        ];
        for event in events {
            let told: Event = serde_json::from_value(event.clone()).unwrap();
            let text = serde_json::to_string(&pseudonyms(KEY).event(told.clone())).unwrap();
            assert!(!text.contains(id), "{text}");
            assert_eq!(pseudonyms("").event(told.clone()), told);
        }
    }

    #[test]
    fn what_is_about_no_chat_keeps_its_id() {
        let some = pseudonyms(KEY);
        for id in ["7/session/a/1700", "act/1700/00ff", "7//5/deleted", "7/-100200/5/deleted", "7"] {
            assert_eq!(some.id(id.to_owned(), 7), id);
        }
    }
}
