//! The bounds of content and of a decision. What exceeds one is refused at load, with its place.

use std::time::Duration;

/// A document's size in bytes.
pub const DOCUMENT_BYTES: usize = 16 * 1024 * 1024;
/// How deep lists and maps may be nested in a document.
pub const NESTING: usize = 32;
/// How many values a document may hold, lists and maps included: it bounds the memory that reading one takes.
pub const NODES: usize = 1_000_000;
/// Trigger groups of a rule set, and likewise its reaction groups.
pub const GROUPS: usize = 10_000;
/// Triggers of one trigger group, and likewise reactions of one reaction group.
pub const GROUP_MEMBERS: usize = 256;
/// Actions of one reaction group: its subgroups, since each gives at most one.
pub const GROUP_ACTIONS: usize = 64;
/// Members of one list in a condition of troupe's own rules: phrases, keywords, chats, senders.
pub const CONDITION_MEMBERS: usize = 256;
/// How much later than decided something may be done.
pub const DELAY: std::time::Duration = std::time::Duration::from_mins(5);
/// The length of an emoji that a message is reacted to with, in characters: some are made of several.
pub const EMOJI_CHARS: usize = 12;
/// Variables that a rule set declares.
pub const VARIABLES: usize = 1_000;
/// Entries of a library.
pub const ENTRIES: usize = 10_000;
/// Phrases, keywords and regexes of one entry, together.
pub const ENTRY_PATTERNS: usize = 256;
/// How deep alternatives may be nested in a text.
pub const ALTERNATIVES_NESTING: usize = 8;
/// The length in bytes of a text with alternatives, all of them included.
pub const TEMPLATE_BYTES: usize = 64 * 1024;
/// Variations of one answer, over all languages.
pub const VARIATIONS: usize = 256;
/// Steps of a scenario.
pub const STEPS: usize = 1_000;
/// Steps that one update may pass through before one waits for an answer.
pub const TRANSITIONS: usize = 32;
/// How long a step may wait, and an operator may have a conversation.
pub const WAIT: Duration = Duration::from_hours(30 * 24);
/// How long a burst of messages may be waited for after each of them.
pub const QUIET: Duration = Duration::from_mins(10);
/// Messages of a burst: after so many it is answered without waiting for more.
pub const BURST_MESSAGES: u32 = 32;
/// Reminders of one step.
pub const REMINDERS: usize = 16;
/// Variables that one step sets.
pub const SET_VARIABLES: usize = 32;
/// Values that one call of a webhook sends: all of them together fit into one message of the broker.
pub const WEBHOOK_VALUES: usize = 32;
/// Scenarios that may be in the middle of calling each other.
pub const CALL_DEPTH: usize = 8;
/// For how long the timers of a bot that was told to stop are put off, again and again.
pub const PUT_OFF: Duration = Duration::from_hours(1);
/// The length of a regular expression in bytes.
pub const REGEX_BYTES: usize = 1024;
/// The size of a compiled regular expression in bytes.
pub const REGEX_COMPILED_BYTES: usize = 1024 * 1024;
/// How deep groups may be nested in a regular expression.
pub const REGEX_NESTING: u32 = 32;
/// A text's length in UTF-16 units: Telegram's own limit for a message.
///
/// Source: <https://core.telegram.org/method/messages.sendMessage>, `MESSAGE_TOO_LONG`.
pub const TEXT_UTF16: usize = 4096;
/// The length in UTF-16 units of the text beside a photo or a document: Telegram's own limit.
///
/// Source: <https://core.telegram.org/api/config>, `caption_length_max`.
pub const CAPTION_UTF16: usize = 1024;
/// A name's length in characters: of a group, subgroup, variable, entry or step.
pub const NAME_CHARS: usize = 256;
/// Faults that are listed for one document.
pub const FAULTS: usize = 100;
/// Variables that are kept for one person.
pub const PERSON_VARIABLES: usize = 1_000;
/// Answers of which it is kept for one person which variations were used.
pub const USED_ANSWERS: usize = 64;
/// Cooldowns that are kept for one chat, and for one person.
pub const COOLDOWNS: usize = 64;
/// Scenarios that a person has ended and that are kept.
pub const FINISHED: usize = 16;
