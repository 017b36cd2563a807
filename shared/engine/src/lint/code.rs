use std::{fmt, str::FromStr};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// It may do other than what its author means.
    Warning,
    /// A part of the content can never do anything.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

macro_rules! codes {
    ($($(#[doc = $title:literal])+ $code:ident $level:ident,)*) => {
        /// What a finding is about. A code never changes its meaning; `docs/lint.md` shows an example of each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $title])+ $code,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// As it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($code),)*
                }
            }

            /// What it says, in a few words.
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$code => concat!($($title),+).trim(),)*
                }
            }

            /// How much it matters.
            pub const fn level(self) -> Level {
                match self {
                    $(Self::$code => Level::$level,)*
                }
            }
        }
    };
}

codes! {
    /// A trigger group before it fires always when it would.
    R101 Error,
    /// A trigger group can never fire.
    R102 Error,
    /// No text hits the expression.
    R103 Error,
    /// Every text hits the expression.
    R104 Info,
    /// Whether a trigger group can fire was too much to find out.
    R105 Info,
    /// A trigger group fires only on what chance or a cooldown leaves.
    R106 Info,
    /// Of several conditions of which one has to hold, one never does.
    R107 Error,
    /// A condition always holds.
    R108 Info,
    /// An `onFailMsg` or `else_say` ends the search always when a group behind it would fire.
    R201 Error,
    /// An `onFailMsg` or `else_say` may end the search before the group that was meant.
    R202 Warning,
    /// An `onFailMsg` or `else_say` is never sent to a message with a text.
    R203 Info,
    /// An `onFailMsg` is never sent, since it is not on the last trigger of its subgroup.
    R204 Warning,
    /// A trigger group has no reactions: it ends the search, and nothing is said.
    R301 Warning,
    /// A reaction group has no trigger group: nothing calls it.
    R302 Warning,
    /// A variable is asked for, and nothing sets it.
    R401 Warning,
    /// A value is asked for, and nothing assigns it.
    R402 Warning,
    /// A variable is set, and nothing reads it.
    R403 Info,
    /// A variable is declared, and nothing sets or reads it.
    R404 Info,
    /// superbot's program takes `privateTrigger: false` for groups only.
    R501 Info,
    /// superbot's program goes on behind an `onFailMsg`.
    R502 Info,
    /// superbot's program has other numbers for what to do with a variable.
    R503 Info,
    /// superbot's program never chooses the last of several reactions.
    R504 Info,
    /// Two bots would answer each other without end, were they not known as bots of one's own.
    B101 Info,
    /// Whether bots would answer each other without end was too much to try.
    B102 Info,
    /// An entry can never win: earlier ones answer all that it knows.
    L101 Error,
    /// A phrase is in two entries.
    L102 Warning,
    /// No text hits the expression.
    L103 Error,
    /// Every text hits the expression.
    L104 Warning,
    /// An answer may be longer than Telegram sends, and would be cut.
    L105 Info,
    /// Two variations of an answer are the same.
    L106 Warning,
    /// A text has the value of a variable that nothing sets.
    L107 Warning,
    /// A step can't be reached.
    S101 Error,
    /// From a step, no end can be reached.
    S102 Error,
    /// The goal can't be reached.
    S103 Warning,
    /// A step waits for ever for an answer.
    S104 Info,
    /// A branch asks about a variable that nothing sets.
    S105 Warning,
    /// A branch can't be taken.
    S106 Error,
    /// Two choices are known by the same words.
    S107 Warning,
    /// A choice is known by words that end the scenario or begin it again.
    S108 Warning,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no such code.
#[derive(Debug, thiserror::Error)]
#[error("there is no code {0:?}; docs/lint.md lists them, e.g. R101")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let known = Self::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(text));
        known.copied().ok_or_else(|| UnknownCode(text.to_owned()))
    }
}
