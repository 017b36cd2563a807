use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use crate::{BotId, ChatId, MessageId, Timestamp};

/// What happened: to a message, or without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UpdateKind {
    /// It was written.
    New,
    /// It was changed, at the given time of Telegram's clock.
    Edited(Timestamp),
    /// A timer fired, the one with this token. There is no message: its number is 0.
    Timer(u64),
    /// An operator gave the conversation back to the bot, at the given time. There is no message: its number is 0.
    HandedBack(Timestamp),
}

/// What an update is known by, however often and by whatever way Telegram tells of it.
///
/// Not Telegram's `pts`: that differs by the way the update came. Written as `bot/chat/message/new` or
/// `bot/chat/message/edited-<seconds>`; what happens without a message as `bot/chat/0/timer-<token>` or
/// `bot/chat/0/handed_back-<milliseconds>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpdateKey {
    /// The bot that was told.
    pub bot: BotId,
    /// The chat as that bot sees it.
    pub chat: ChatId,
    /// The message; number 0 where there is none.
    pub message: MessageId,
    /// What happened.
    pub kind: UpdateKind,
}

impl fmt::Display for UpdateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bot, chat, message, kind } = self;
        write!(f, "{bot}/{chat}/{message}/")?;
        match kind {
            UpdateKind::New => f.write_str("new"),
            UpdateKind::Edited(at) => write!(f, "edited-{}", at.as_seconds()),
            UpdateKind::Timer(token) => write!(f, "timer-{token}"),
            UpdateKind::HandedBack(at) => write!(f, "handed_back-{}", at.as_millis()),
        }
    }
}

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what} key")]
pub struct KeyError {
    what: &'static str,
    text: String,
}

impl FromStr for UpdateKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let parse = || {
            let mut parts = text.split('/');
            let key = Self {
                bot: parts.next()?.parse().ok()?,
                chat: parts.next()?.parse().ok()?,
                message: parts.next()?.parse().ok()?,
                kind: parse_kind(parts.next()?)?,
            };
            parts.next().is_none().then_some(key)
        };
        parse().ok_or_else(|| KeyError { what: "update", text: text.to_owned() })
    }
}

fn parse_kind(text: &str) -> Option<UpdateKind> {
    let Some((word, number)) = text.split_once('-') else {
        return (text == "new").then_some(UpdateKind::New);
    };
    match word {
        "edited" => Some(UpdateKind::Edited(Timestamp::from_seconds(number.parse().ok()?))),
        "timer" => Some(UpdateKind::Timer(number.parse().ok()?)),
        "handed_back" => Some(UpdateKind::HandedBack(Timestamp::from_millis(number.parse().ok()?))),
        _ => None,
    }
}

/// What an action is known by: the update it answers and its place among that update's actions.
///
/// Telegram's `random_id` is made from it, so a repeated send is recognised by Telegram itself.
/// Written as `<update key>#<number>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionKey {
    /// The update that was decided on.
    pub update: UpdateKey,
    /// The action's place in the decision, from 0.
    pub number: u16,
}

impl fmt::Display for ActionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.update, self.number)
    }
}

impl FromStr for ActionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let fault = || KeyError { what: "action", text: text.to_owned() };
        let (update, number) = text.split_once('#').ok_or_else(fault)?;
        Ok(Self { update: update.parse()?, number: number.parse().map_err(|_| fault())? })
    }
}

macro_rules! serde_as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}

serde_as_text!(UpdateKey);
serde_as_text!(ActionKey);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind() -> impl Strategy<Value = UpdateKind> {
        prop_oneof![
            Just(UpdateKind::New),
            (0..4_000_000_000_i64).prop_map(|at| UpdateKind::Edited(Timestamp::from_seconds(at))),
            any::<u64>().prop_map(UpdateKind::Timer),
            any::<i64>().prop_map(|at| UpdateKind::HandedBack(Timestamp::from_millis(at))),
        ]
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_it_was_written(
            bot: u64, chat: i64, message: i32, kind in kind(), number: u16
        ) {
            let update =
                UpdateKey { bot: BotId::new(bot), chat: ChatId::new(chat), message: MessageId::new(message), kind };
            let key = ActionKey { update, number };
            prop_assert_eq!(key.to_string().parse(), Ok(key));
            let json = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(serde_json::from_str::<ActionKey>(&json).unwrap(), key);
        }

        #[test]
        fn no_text_makes_the_key_parser_panic(text: String) {
            let _ = text.parse::<ActionKey>();
        }
    }
}
