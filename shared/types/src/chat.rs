use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name($inner);

        impl $name {
            /// Wraps the bare number.
            pub const fn new(id: $inner) -> Self {
                Self(id)
            }

            /// The bare number.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// A bot's number in this installation, given at registration and never again.
    ///
    /// It is troupe's own: a bot has one before Telegram has told who the account is.
    BotId(u64)
}
id! {
    /// A Telegram user's id, positive.
    UserId(i64)
}
id! {
    /// A Telegram message's id. In direct chats and basic groups it counts per account, in supergroups per group.
    MessageId(i32)
}
id! {
    /// A chat as one account sees it, in the numbering of Telegram's Bot API: a person's chat has the person's id,
    /// a basic group `-id`, a supergroup or channel `-1000000000000 - id`.
    ///
    /// Source: <https://core.telegram.org/api/bots/ids>.
    ChatId(i64)
}

impl BotId {
    /// None: stands where what happened concerns no single bot. Bots are counted from 1.
    pub const NONE: Self = Self(0);
}

impl ChatId {
    /// The direct chat with `user`.
    pub const fn direct(user: UserId) -> Self {
        Self(user.get())
    }

    /// What kind of chat this is; the number tells.
    pub const fn kind(self) -> ChatKind {
        if self.0 > 0 { ChatKind::Direct } else { ChatKind::Group }
    }
}

/// The kinds of chat that troupe tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// One person and the bot.
    Direct,
    /// A basic group or a supergroup.
    Group,
}

impl fmt::Display for ChatKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Group => "group",
        })
    }
}

/// A chat and what it calls itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// Which chat.
    pub id: ChatId,
    /// A group's title; `None` in a direct chat, or where Telegram did not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}
