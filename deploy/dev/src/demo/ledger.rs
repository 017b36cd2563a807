//! What was said, as the Telegram emulator's ledger tells it: the truth that the demo is judged by.

use std::collections::BTreeMap;

use serde::Deserialize;
use troupe_protocol::{Action, ActionBody, Source};
use troupe_types::{ActionKey, BotId, ChatId, MessageId, Timestamp, UpdateKey, UpdateKind, UserId};

/// One accepted message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Posted {
    /// Its number in the ledger, from 1.
    pub sequence: u64,
    /// The group; `None` in a direct chat.
    pub group: Option<i64>,
    /// The two people of a direct chat.
    pub users: Option<Vec<i64>>,
    /// The message's id in a supergroup.
    pub id: Option<i32>,
    /// Its id as each person of a direct chat counts, by user id.
    pub ids: BTreeMap<i64, i32>,
    /// Who wrote it.
    pub from: i64,
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// The text.
    pub text: String,
    /// The sender's number for it; 0 if it was said through the control API.
    pub random_id: i64,
    /// The number of the message that it answers.
    #[serde(default)]
    pub reply_to: Option<u64>,
    /// What is attached.
    #[serde(default)]
    pub media: Option<Attached>,
}

/// What is attached to a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attached {
    /// `photo` or `document`.
    pub kind: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A bot: its number at the manager and its Telegram account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bot {
    /// The manager's number.
    pub id: BotId,
    /// The account's user id.
    pub account: i64,
}

impl Posted {
    /// The chat as the account `viewer` sees it; `None` if it is not in it as far as the message tells.
    pub fn chat(&self, viewer: i64) -> Option<ChatId> {
        match (&self.group, &self.users) {
            (Some(group), _) => Some(ChatId::new(*group)),
            (None, Some(users)) if users.contains(&viewer) => {
                let other = users.iter().find(|user| **user != viewer).unwrap_or(&viewer);
                Some(ChatId::direct(UserId::new(*other)))
            }
            _ => None,
        }
    }

    /// The key of the update that `bot` gets for it; `None` if it does not get one: it wrote it, or is not there.
    pub fn key(&self, bot: Bot) -> Option<UpdateKey> {
        if self.from == bot.account {
            return None;
        }
        let chat = self.chat(bot.account)?;
        let message = self.id.or_else(|| self.ids.get(&bot.account).copied())?;
        Some(UpdateKey { bot: bot.id, chat, message: MessageId::new(message), kind: UpdateKind::New })
    }
}

/// How many actions one update can lead to, at most, as far as the demo looks.
const ACTIONS_MAX: u16 = 16;

/// The numbers by which the messages that answer `key` can be known in the ledger.
pub fn random_ids(key: UpdateKey) -> impl Iterator<Item = i64> {
    (0..ACTIONS_MAX).map(move |number| random_id(ActionKey { update: key, number }))
}

/// The number by which the message that an action sends can be known in the ledger.
pub fn random_id(key: ActionKey) -> i64 {
    let UpdateKey { bot, chat, message, .. } = key.update;
    // It hangs on the key alone.
    let action = Action {
        key,
        bot,
        chat,
        person: UserId::new(0),
        decided: Timestamp::default(),
        received: Timestamp::default(),
        source: Source::Guard,
        delay_ms: 0,
        body: ActionBody::Read { message },
    };
    action.random_id()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const GROUP: i64 = -1_001_500_000_001;
    pub(crate) const ANNA: i64 = 700_000_001;
    pub(crate) const MIRA: Bot = Bot { id: BotId::new(1), account: 700_000_009 };

    /// What `from` says in the group as its message number `id`.
    pub(crate) fn in_group(id: i32, from: i64, random_id: i64) -> Posted {
        let sequence = u64::try_from(id).unwrap();
        let (group, ids, media) = (Some(GROUP), BTreeMap::new(), None);
        Posted {
            sequence,
            group,
            users: None,
            id: Some(id),
            ids,
            from,
            time_ms: 0,
            text: "hi".into(),
            random_id,
            reply_to: None,
            media,
        }
    }

    /// What Anna says to Mira, or Mira to Anna.
    pub(crate) fn direct(id: i32, from: i64, random_id: i64) -> Posted {
        let users = Some(vec![ANNA, MIRA.account]);
        let ids = BTreeMap::from([(ANNA, id), (MIRA.account, id + 100)]);
        Posted { group: None, users, id: None, ids, ..in_group(id, from, random_id) }
    }

    #[test]
    fn keys_are_those_that_the_bot_sees() {
        assert_eq!(in_group(5, ANNA, 0).key(MIRA).unwrap().to_string(), format!("1/{GROUP}/5/new"));
        assert_eq!(direct(5, ANNA, 0).key(MIRA).unwrap().to_string(), format!("1/{ANNA}/105/new"));
        assert_eq!(in_group(5, MIRA.account, 7).key(MIRA), None);
        assert_eq!(direct(5, ANNA, 0).key(Bot { id: BotId::new(2), account: 1 }), None);
    }

    #[test]
    fn numbers_of_two_updates_never_meet() {
        let ids = |message| random_ids(in_group(message, ANNA, 0).key(MIRA).unwrap());
        let all: std::collections::BTreeSet<i64> = (1..50).flat_map(ids).collect();
        assert_eq!(all.len(), 49 * usize::from(ACTIONS_MAX));
    }
}
