//! What a demo's people say, and what is to come of it.

use std::fmt;

use troupe_protocol::Source;

/// People who talk with each other or with a bot, one line after the other.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// What it shows.
    pub title: &'static str,
    /// What is said, in this order.
    pub lines: Vec<Line>,
}

/// One thing that a person says.
#[derive(Debug, Clone)]
pub struct Line {
    /// Who.
    pub who: &'static str,
    /// Where.
    pub place: Place,
    /// What. `@name` mentions whoever has that public name.
    pub text: &'static str,
    /// The size of a photo to send along.
    pub photo_bytes: Option<usize>,
    /// Every reply that is to come; from the bots that are not named here, none.
    pub replies: Vec<Reply>,
}

/// Where something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the group that all are in.
    Group,
    /// To this bot alone.
    Direct(&'static str),
}

/// What one bot answers to one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// Which bot.
    pub bot: &'static str,
    /// What of its content answers.
    pub by: By,
    /// In how many messages; nearly always one.
    pub messages: usize,
}

/// What of a bot's content answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The trigger group of this name.
    Rule(&'static str),
    /// The `onFailMsg` of the trigger group of this name.
    Fail(&'static str),
    /// The step of this name, of whichever scenario; without a name, its stop words.
    Step(&'static str),
    /// The entry of this id, of whichever library.
    Entry(&'static str),
    /// The fallback of a library.
    Fallback,
    /// A guard.
    Guard,
}

impl By {
    /// Whether `source` is that.
    pub fn is(self, source: &Source) -> bool {
        match (self, source) {
            (Self::Rule(name), Source::TriggerGroup { group, .. })
            | (Self::Fail(name), Source::FailMessage { group, .. })
            | (Self::Step(name), Source::Step { step: group, .. })
            | (Self::Entry(name), Source::Entry { entry: group, .. }) => name == group,
            (Self::Fallback, Source::Fallback { .. }) | (Self::Guard, Source::Guard) => true,
            _ => false,
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(name) => write!(f, "rule “{name}”"),
            Self::Fail(name) => write!(f, "failed rule “{name}”"),
            Self::Step("") => f.write_str("stop word"),
            Self::Step(name) => write!(f, "step “{name}”"),
            Self::Entry(name) => write!(f, "entry “{name}”"),
            Self::Fallback => f.write_str("fallback"),
            Self::Guard => f.write_str("guard"),
        }
    }
}

/// The same words for what answered indeed.
pub fn source_text(source: &Source) -> String {
    match source {
        Source::Guard => "guard".into(),
        Source::TriggerGroup { group, .. } => format!("rule “{group}”"),
        Source::FailMessage { group, .. } => format!("failed rule “{group}”"),
        Source::Step { scenario, version, step } if step.is_empty() => {
            format!("stop word of {scenario} v{version}")
        }
        Source::Step { scenario, version, step } => format!("step “{step}” of {scenario} v{version}"),
        Source::Entry { library, entry, variation, .. } => {
            format!("entry “{entry}” #{variation} of {library}")
        }
        Source::Fallback { library, variation, .. } => format!("fallback #{variation} of {library}"),
    }
}

/// The kind of a source, for counting.
pub fn source_kind(source: &Source) -> &'static str {
    match source {
        Source::Guard => "guard",
        Source::TriggerGroup { .. } => "rule",
        Source::FailMessage { .. } => "failed rule",
        Source::Step { .. } => "scenario step",
        Source::Entry { .. } => "library entry",
        Source::Fallback { .. } => "library fallback",
    }
}

/// `who` says `text` in the group.
pub fn in_group(who: &'static str, text: &'static str) -> Line {
    Line { who, place: Place::Group, text, photo_bytes: None, replies: Vec::new() }
}

/// `who` says `text` to `bot`.
pub fn to(bot: &'static str, who: &'static str, text: &'static str) -> Line {
    Line { who, place: Place::Direct(bot), text, photo_bytes: None, replies: Vec::new() }
}

impl Line {
    /// And `bot` answers, once, by this of its content.
    #[must_use]
    pub fn answered(mut self, bot: &'static str, by: By) -> Self {
        self.replies.push(Reply { bot, by, messages: 1 });
        self
    }

    /// In a direct chat, the bot answers by this of its content, in so many messages.
    #[must_use]
    pub fn gets(mut self, by: By, messages: usize) -> Self {
        let Place::Direct(bot) = self.place else { panic!("in a group, say which bot answers") };
        self.replies.push(Reply { bot, by, messages });
        self
    }

    /// With a photo of this size.
    #[must_use]
    pub fn with_photo(self, bytes: usize) -> Self {
        Self { photo_bytes: Some(bytes), ..self }
    }

    /// How many messages are to come.
    pub fn messages(&self) -> usize {
        self.replies.iter().map(|reply| reply.messages).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_recognised_by_kind_and_name() {
        let step = Source::Step { scenario: "visit".into(), version: 3, step: "name".into() };
        assert!(By::Step("name").is(&step));
        assert!(!By::Step("other").is(&step));
        assert!(!By::Rule("name").is(&step));
        let rule = Source::TriggerGroup { group: "hello".into(), version: None };
        assert!(By::Rule("hello").is(&rule));
        assert!(!By::Fail("hello").is(&rule));
        assert!(By::Fallback.is(&Source::Fallback { library: "any".into(), variation: 2, version: None }));
    }
}
