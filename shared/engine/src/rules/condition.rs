use troupe_types::{Media, MediaKind, UserId};

use super::{
    Bounds, Comparison, Group, Kinds, Operand, Test, Trigger, VariableRef, evaluate::Texts, model::Sender,
};
use crate::turn::Turn;

/// Whether `trigger`, which belongs to `group`, is triggered by the message.
pub(super) fn is_triggered(trigger: &Trigger, group: &Group, texts: &impl Texts, turn: &Turn<'_>) -> bool {
    let update = turn.update;
    let message = &update.message;
    match trigger {
        Trigger::Text(pattern) => !message.text.is_empty() && texts.is_match(*pattern),
        Trigger::Phrase(phrase) => texts.is_said(*phrase),
        Trigger::VariableIs { variable, value } => turn.variable(variable) == value.as_deref(),
        Trigger::VariableExists { variable } => turn.variable(variable).is_some(),
        Trigger::Compare(comparison) => comparison.holds(|variable| variable.value(turn)),
        Trigger::Media(kinds, bounds) => {
            message.media.as_ref().is_some_and(|media| kinds.have(media) && bounds.hold(media))
        }
        Trigger::Addressed => update.is_addressed(),
        Trigger::Mentioned => turn.is_named() || (message.mentions_bot && message.reply_to.is_none()),
        Trigger::Replied => {
            // In a group, Telegram's flag is for replies and mentions alike: a reply to another in which the bot is
            // named is a mention.
            let to_bot = update.is_direct() || (message.mentions_bot && !turn.is_named());
            message.reply_to.is_some() && to_bot
        }
        Trigger::Chat(chat) => update.chat.id == *chat,
        Trigger::Sender(sender) => sender.is(update.sender.id, update.sender.username.as_deref()),
        Trigger::Time(hours) => hours.contain(update.time),
        Trigger::Chance { per_million } => turn.seed.stream(&["chance", &group.name]).happens(*per_million),
        Trigger::Rested => !turn.cools(group.hash),
        Trigger::Not(triggers) => !triggers.iter().any(|trigger| is_triggered(trigger, group, texts, turn)),
    }
}

impl Sender {
    /// Whether it is the person with this id and public name.
    pub fn is(&self, id: UserId, username: Option<&str>) -> bool {
        match self {
            Self::Id(wanted) => id == *wanted,
            Self::Username(name) => username.is_some_and(|username| username.eq_ignore_ascii_case(name)),
        }
    }
}

impl Kinds {
    pub fn have(self, media: &Media) -> bool {
        let is_photo = media.kind == MediaKind::Photo;
        let is_document = media.kind == MediaKind::Document;
        match self {
            Self::Any => true,
            Self::Photo => is_photo,
            Self::Image => {
                let says_so = media.mime.as_ref().is_some_and(|mime| mime.starts_with("image/"));
                is_photo || (is_document && says_so)
            }
            Self::Document => is_document,
            Self::Other => media.kind == MediaKind::Other,
        }
    }
}

impl Bounds {
    #[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
    pub fn hold(self, media: &Media) -> bool {
        (self.bytes_min..=self.bytes_max).contains(&(media.bytes as f64))
    }
}

impl Comparison {
    /// Whether it holds where variables have the values that `value_of` tells.
    pub fn holds<'v>(&'v self, value_of: impl Fn(&'v VariableRef) -> Option<&'v str>) -> bool {
        let value = value_of(&self.variable);
        let of_operand = |operand: &'v Operand| match operand {
            Operand::Value(value) => Some(value.as_str()),
            Operand::Variable(variable) => value_of(variable),
        };
        match &self.test {
            Test::Is(operand) => value.is_some() && value == of_operand(operand),
            Test::Exists(exists) => value.is_some() == *exists,
            Test::Between { min, max } => {
                let Some(value) = value.and_then(number) else { return false };
                let bound = |bound| of_operand(bound).and_then(number);
                min.as_ref().is_none_or(|min| bound(min).is_some_and(|min| min <= value))
                    && max.as_ref().is_none_or(|max| bound(max).is_some_and(|max| value <= max))
            }
        }
    }
}

impl VariableRef {
    /// Its value: the bot's, or the person's.
    pub fn value<'a>(&self, turn: &'a Turn<'_>) -> Option<&'a str> {
        if self.single { turn.single_variable(&self.name) } else { turn.variable(&self.name) }
    }
}

/// The number that `value` is.
pub(crate) fn number(value: &str) -> Option<f64> {
    value.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}
