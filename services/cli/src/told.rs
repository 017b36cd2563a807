//! The engine's decisions in words: those that the demo's README and the tests use.

use std::collections::BTreeMap;

use troupe_engine::{Action, ActionBody, Decision, Event, Source};
use troupe_types::{ChatId, Timestamp};

/// The first words of all sources.
pub const SOURCES: &[&str] =
    &["guard", "trigger_group", "fail_message", "step", "entry", "fallback", "silent"];

/// A source, e.g. `entry support/fees`.
pub fn source(source: &Source) -> String {
    match source {
        Source::Guard => "guard".to_owned(),
        Source::TriggerGroup { group } => format!("trigger_group {group}"),
        Source::FailMessage { group } => format!("fail_message {group}"),
        Source::Step { scenario, step, .. } => format!("step {scenario}/{step}"),
        Source::Entry { library, entry, .. } => format!("entry {library}/{entry}"),
        Source::Fallback { library, .. } => format!("fallback {library}"),
    }
}

/// Which of the variations of its answers a source took, from 0, if it has any to choose from.
pub const fn variation(source: &Source) -> Option<u16> {
    match source {
        Source::Entry { variation, .. } | Source::Fallback { variation, .. } => Some(*variation),
        _ => None,
    }
}

/// What a word for silence means, and what can be done about it.
pub fn silence(reason: &str) -> &'static str {
    match reason {
        "edited" => "changed messages are not answered: they would be answered twice",
        "stopped" => "the bot is stopped",
        "own_bot" => "one of our own bots wrote",
        "bot_account" => "a bot account wrote",
        "not_listed" => "the bot does not answer in this group; `groups` in its bot file says where it does",
        "opted_out" => "the person asked not to be written to",
        "handed_over" => "an operator has the conversation",
        "collecting" => "the person may write more; `quiet` says for how long that is waited for",
        "wordless" => "what fired has no text to say",
        "not_addressed" => "the entry answers only who mentions the bot or replies to it",
        "to_somebody_else" => "the message begins with somebody else's @name",
        "chance" => "the entry's chance had it keep silent this time",
        "cooldown" => "the entry has spoken in this chat a moment ago",
        "no_match" => "nothing matched, and no fallback is for this message",
        _ => "",
    }
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Where, if not where the message was.
    pub elsewhere: Option<ChatId>,
    pub source: String,
    pub variation: Option<u16>,
    /// What is attached, e.g. `photo map`.
    pub media: Option<String>,
    pub text: String,
}

impl Reply {
    /// What people see of it: what is attached in brackets, then the text.
    pub fn shown(&self) -> String {
        match &self.media {
            Some(media) => format!("[{media}] {}", self.text).trim_end().to_owned(),
            None => self.text.clone(),
        }
    }
}

/// A webhook that was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub to: String,
    pub send: BTreeMap<String, String>,
}

impl Call {
    /// The call, e.g. `the webhook crm with name: "Ann"`.
    pub fn told(&self) -> String {
        let send = self.send.iter().map(|(name, value)| format!("{name}: {value:?}"));
        let send = send.collect::<Vec<_>>().join(", ");
        let with = if send.is_empty() { String::new() } else { format!(" with {send}") };
        format!("the webhook {}{with}", self.to)
    }
}

/// What came of a message, as far as people see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub replies: Vec<Reply>,
    /// What was done besides, e.g. `the file is stored by trigger_group kyc photo`.
    pub deeds: Vec<String>,
    /// The webhooks that were called; they are among the deeds, too.
    pub webhooks: Vec<Call>,
    /// Why nothing was said; `None` if something was.
    pub silent: Option<String>,
}

impl Outcome {
    pub fn of(decision: &Decision, chat: ChatId) -> Self {
        let mut outcome = Self::default();
        for action in &decision.actions {
            match &action.body {
                ActionBody::Reply { text, media, .. } => outcome.replies.push(Reply {
                    elsewhere: (action.chat != chat).then_some(action.chat),
                    source: source(&action.source),
                    variation: variation(&action.source),
                    media: media.as_ref().map(|media| format!("{} {}", media.kind.as_str(), media.name)),
                    text: text.clone(),
                }),
                ActionBody::StoreFile { .. } => outcome.did("the file is stored", action),
                ActionBody::React { emoji, .. } => {
                    outcome.did(&format!("the message is reacted to with {emoji}"), action);
                }
                ActionBody::Forward { .. } => {
                    outcome.did(&format!("the message is forwarded to {}", action.chat), action);
                }
                ActionBody::Webhook { target, send } => {
                    let call = Call { to: target.as_ref().to_owned(), send: send.clone() };
                    outcome.did(&format!("{} is called", call.told()), action);
                    outcome.webhooks.push(call);
                }
                ActionBody::Read { .. } => {}
            }
        }
        for event in &decision.events {
            match event {
                Event::Silent { reason } => outcome.silent = Some(reason.to_string()),
                Event::MessageEdited { .. } => outcome.silent = Some("edited".to_owned()),
                _ => {}
            }
        }
        if !outcome.replies.is_empty() {
            outcome.silent = None;
        }
        outcome
    }

    fn did(&mut self, what: &str, action: &Action) {
        let later = if action.delay.is_zero() { String::new() } else { format!(" {:?} later", action.delay) };
        self.deeds.push(format!("{what}{later} by {}", source(&action.source)));
    }

    /// What came of several updates, one after the other.
    pub fn joined(outcomes: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self::default();
        for outcome in outcomes {
            joined.replies.extend(outcome.replies);
            joined.deeds.extend(outcome.deeds);
            joined.webhooks.extend(outcome.webhooks);
            joined.silent = outcome.silent;
        }
        if !joined.replies.is_empty() {
            joined.silent = None;
        }
        joined
    }

    /// What answered, in order; or `silent` and the reason.
    pub fn sources(&self) -> Vec<String> {
        if self.replies.is_empty() {
            return vec![format!("silent {}", self.silent.as_deref().unwrap_or("wordless"))];
        }
        self.replies.iter().map(|reply| reply.source.clone()).collect()
    }
}

/// A number of updates.
pub fn updates(count: usize) -> String {
    if count == 1 { "1 update".to_owned() } else { format!("{count} updates") }
}

/// A time as people read it, in UTC.
pub fn time(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.as_seconds())
        .map_or_else(|_| time.to_string(), |time| time.strftime("%a %Y-%m-%d %H:%M:%S").to_string())
}

/// A time of the week, in UTC.
pub fn week_time(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.as_seconds())
        .map_or_else(|_| time.to_string(), |time| time.strftime("%A at %H:%M UTC").to_string())
}

/// Bytes as people write them, e.g. `200kB`, `1.5 MB`, in powers of 1,024 as everywhere in troupe.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" | "k" => 1024.0,
        "mb" | "m" => 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * unit;
    // 4 GB is the largest file that Telegram carries.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    (0.0..=4_294_967_296.0).contains(&bytes).then_some(bytes as u64)
}

/// A size as people read it; [`bytes`] reads it back.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 2] = [(1024 * 1024, "MB"), (1024, "kB")];
    let whole = UNITS.iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{bytes} B"), |(unit, name)| format!("{} {name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(bytes("200kB"), Some(204_800));
        assert_eq!(bytes("1.5 MB"), Some(1_572_864));
        assert_eq!(bytes("10486"), Some(10_486));
        for no in ["", "kB", "-1", "1 GB", "5 GB", "1.2.3 kB"] {
            assert_eq!(bytes(no), None, "{no:?}");
        }
    }

    #[test]
    fn times_are_read_by_people() {
        assert_eq!(time(crate::world::BEGINNING), "Thu 2026-01-01 12:00:00");
    }
}
