//! Trigger groups, reaction groups and variables: what cuts in before scenarios and libraries.
//!
//! A rule set is written in the seed's language, superbot's JSON, or in troupe's own format, which says the same and
//! more; what it begins with tells which. Both become one model, and are compiled to one [`Ruleset`].
//!
//! # The own format
//!
//! In YAML, or in JSON with the same fields:
//!
//! ```yaml
//! variables:
//!   kyc status: {of: person}   # each person's, the default, kept over a restart; `saved: false` forgets it then
//!   operators: {of: bot, start: "-1001234"}   # one for the bot, and what it starts with
//! groups:                      # the first one that fires answers; the ones behind it are not asked
//!   - name: kyc wallet
//!     where: direct            # direct, group, or any (the default)
//!     when:                    # all of these have to hold
//!       - {variable: kyc status, is: need wallet}
//!       - {text: '^0x[0-9a-f]{40}$', else_say: That is no wallet address.}
//!     react:                   # one after another
//!       - set: {kyc status: done}
//!       - one_of: [{say: Thanks!}, {say: "Got it, {{person.first_name}}."}]   # one of them by chance
//! ```
//!
//! What can be asked in `when`, each as an item of the list:
//!
//! - `text: 'regex'`: the expression has a hit in the text; upper and lower case are told apart, but for `(?i)`.
//! - `phrase: [how much is it]`, `keyword: [fees, price list]`: as in a library, typing errors forgiven; one of them.
//! - `media: photo`, or `{kind: image, min: 10 kB, max: 10 MB}`: any, photo, image (a photo, or a file that is one),
//!   document (any other file), other (a place, a contact, a poll).
//! - `addressed: true`: a direct message, a mention or a reply; `mentioned: true`: the bot is mentioned; `reply: true`:
//!   the message answers one of the bot's, or in a direct chat any.
//! - `chat: -1001234`, `sender: ["@ann", 1001]`: one of these chats' ids, or these people's names or ids.
//! - `time: {from: "22:00", to: "06:00", days: [fri, sat], zone: "+03:00"}`: by the time of the message; UTC if no zone
//!   is given, whatever the bot's clock says. A night belongs to the day on which it begins.
//! - `chance: 0.5`: that often; a group draws once for each message.
//! - `cooldown: 5m`, or `{chat: 5m, person: 1d}`: the group has not fired for so long in this chat, or for this person.
//! - `variable: NAME` with `is`, `exists: true`, `at_least`, `at_most`. Texts are compared as they are written, numbers
//!   as numbers; `{variable: OTHER}` compares with another variable.
//! - `any: […]`: one of these; `not: {…}`: not this.
//!
//! `else_say` beside a question says why it failed, and ends the search: no group behind it is asked. Keep it behind
//! what tells that the message was meant for this group.
//!
//! What can be done in `react`:
//!
//! - `say: …`: answers as in a library; with `chat: operators` in the chat whose id that variable of the bot's holds.
//!   `say: {plain: "{{…}}"}` says a text as it stands.
//! - `set: {NAME: text}`, `save: NAME` (the text of the message), `add: {points: 5}`, `remove: NAME`.
//! - `store_file: {max: 10 MB}`, if there is one of that size.
//! - `emoji: 👍` reacts to the message with it; `forward: operators` forwards the message to that chat.
//! - `wait: 5s`: what stands behind it is done so much later.
//! - `goal: NAME` counts as a goal that was reached.
//! - `webhook: crm`, or `{to: crm, send: {name: "{{person.first_name}}"}}`, tells a program outside that the group has
//!   fired, and the values under `send`, which are texts as in a library. Where `crm` is, and what it is sent, says
//!   `services/webhooks`.
//! - `start_scenario: NAME` begins that scenario of the bot's, in place of the one that the person is in;
//!   `end_scenario: true` takes the person out of it, without its goal.
//! - `hand_over: 2h` leaves the conversation to an operator: the bot keeps silent for the person, so long at most. These
//!   three are for groups with `where: direct`.
//! - `one_of: […]`: one of these, each as likely as the other.
//!
//! # The seed's language
//!
//! A document has `triggers`, `reactions` and `variables`, or is a map of groups alone, as the seed shows them.
//! `docs/superbot.md` goes through the seed sentence by sentence, with the test of each. Where it is unclear, this holds:
//! - A trigger group without a reaction group of its name wins like any other, and nothing is said.
//! - A trigger group without triggers fires, since none of its subgroups fails.
//! - `privateTrigger` true means direct chats only; false, any chat.
//! - A `Text` trigger needs a text: a message without one, such as an image without a caption, hits no expression.
//! - A `DictionaryVariable` trigger with the value null fires if the person has no row.
//! - An image is a photo, or a file that says it is an image. A megabyte is 1,048,576 bytes, as in superbot's program;
//!   both bounds are inside.
//! - A subgroup named by the empty text is a subgroup like any other; only null stands alone.
//! - A variable that is not declared is a dictionary variable that is saved to disk.
//!
//! [`superbot_as_own`] writes it in the own format.

mod compile;
mod condition;
mod evaluate;
mod hours;
mod index;
mod model;
mod outline;
mod own;
mod react;
mod read;
mod write;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub(crate) use condition::number;
pub(crate) use evaluate::answer;
pub(crate) use hours::Hours;
pub(crate) use model::Sender;
pub(crate) use outline::outline;
pub(crate) use own::{DEEDS, QUESTIONS};
use troupe_types::ChatId;

use self::model::{Chats, Saying};
use crate::{
    Faults, Uses, document,
    document::At,
    library::{Cooldown, PhraseIndex},
    limits,
    matcher::Matcher,
    webhook::Webhook,
};

/// A rule set, compiled.
#[derive(Debug)]
pub struct Ruleset {
    groups: Vec<Group>,
    index: index::Index,
    /// The patterns of all text triggers.
    patterns: Matcher,
    /// The phrases and keywords of all triggers that have some.
    phrases: PhraseIndex,
    variables: BTreeMap<Arc<str>, Variable>,
    uses: Uses,
}

#[derive(Debug)]
struct Group {
    name: Arc<str>,
    /// The chats that trigger it.
    chats: Chats,
    /// In the order in which they first appear.
    subgroups: Vec<Subgroup>,
    /// How long it rests after it has fired, if it does.
    cooldown: Option<Cooldown>,
    /// Tells it from others in the memory of cooldowns.
    hash: u64,
    /// The reaction group of its name.
    reactions: Option<ReactionGroup>,
}

#[derive(Debug)]
struct Subgroup {
    name: Option<Arc<str>>,
    triggers: Vec<Trigger>,
    /// What its last trigger says if none of them is triggered.
    on_fail: Option<Saying>,
}

#[derive(Debug)]
enum Trigger {
    /// The text of the message matches this pattern of [`Ruleset::patterns`].
    Text(u32),
    /// One of these of [`Ruleset::phrases`] is in the message.
    Phrase(u32),
    /// The person has this value, or no row.
    VariableIs {
        variable: Arc<str>,
        value: Option<String>,
    },
    /// The person has a row.
    VariableExists {
        variable: Arc<str>,
    },
    Compare(Comparison),
    Media(Kinds, Bounds),
    Addressed,
    Mentioned,
    Replied,
    Chat(ChatId),
    Sender(Sender),
    Time(Hours),
    Chance {
        per_million: u32,
    },
    /// The group has not fired here, nor for this person, for as long as it has to rest.
    Rested,
    /// None of these is triggered.
    Not(Vec<Trigger>),
}

/// What a variable is asked that can't be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub variable: VariableRef,
    pub test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    Is(Operand),
    Exists(bool),
    Between { min: Option<Operand>, max: Option<Operand> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    Value(String),
    Variable(VariableRef),
}

/// A variable, and whether there is one for all or one for each person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VariableRef {
    pub name: Arc<str>,
    pub single: bool,
}

/// The kinds of attachment that a trigger asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kinds {
    Any,
    Photo,
    /// A photo, or a file that says that it is an image.
    Image,
    Document,
    Other,
}

/// The bounds of a file's size, both inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    pub bytes_min: f64,
    pub bytes_max: f64,
}

#[derive(Debug)]
struct ReactionGroup {
    /// In the order in which they first appear; each has at least one reaction.
    subgroups: Vec<Vec<Reaction>>,
}

#[derive(Debug)]
enum Reaction {
    Say {
        text: Saying,
        /// The single variable that holds the id of the chat to say it in; `None` for the same chat.
        chat: Option<Arc<str>>,
    },
    /// Sets variables: to a value, or to the text of the message.
    Set(Vec<(VariableRef, Option<String>)>),
    Add(Vec<(VariableRef, f64)>),
    Remove(Vec<VariableRef>),
    StoreFile(Bounds),
    React {
        emoji: String,
    },
    Forward {
        chat: Arc<str>,
    },
    /// What follows is done so much later.
    Wait(Duration),
    Goal(Arc<str>),
    StartScenario(Arc<str>),
    EndScenario,
    HandOver(Duration),
    Webhook(Webhook),
}

impl Reaction {
    /// How many things it does.
    const fn weight(&self) -> usize {
        match self {
            Self::Set(changes) => changes.len(),
            Self::Add(changes) => changes.len(),
            Self::Remove(variables) => variables.len(),
            Self::StartScenario(_) => limits::TRANSITIONS,
            _ => 1,
        }
    }
}

/// A variable as it is declared.
#[derive(Debug)]
pub(crate) struct Variable {
    /// Whether it has a value for each person, rather than one for all.
    pub dictionary: bool,
    /// Whether its values outlive a restart of the bot.
    pub saved: bool,
    /// The start value of a single variable.
    pub start: Option<String>,
}

/// Superbot's JSON in troupe's own format, as YAML that decides alike.
///
/// # Errors
/// All that is wrong with it, or that it is no JSON of superbot's.
pub fn superbot_as_own(text: &str) -> Result<String, Faults> {
    let mut faults = Faults::default();
    let document = document::read(text, &mut faults);
    let own = document.and_then(|document| {
        let at = At::root(&document);
        if own::is_own(&at) {
            faults.at(&at, "this is troupe's own format already");
            return None;
        }
        let model = read::read(&at, &mut faults);
        let own = write::write(&model);
        // What does not compile here would not compile there, and here the places are right.
        compile::compile(model, &mut faults);
        Some(own)
    });
    faults.or(own)
}

impl Ruleset {
    /// Reads and compiles a rule set.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let document = document::read(text, &mut faults);
        let model = document.map(|document| {
            let at = At::root(&document);
            if own::is_own(&at) { own::read(&at, &mut faults) } else { read::read(&at, &mut faults) }
        });
        let ruleset = model.map(|model| compile::compile(model, &mut faults));
        let uses = faults.take_uses();
        faults.or(ruleset.map(|ruleset| Self { uses, ..ruleset }))
    }

    /// What it names that stands elsewhere, with the places.
    pub const fn uses(&self) -> &Uses {
        &self.uses
    }

    /// How many trigger groups there are.
    pub const fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// The names of the trigger groups, in order.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| &*group.name)
    }

    /// How `name` is declared, if it is.
    pub(crate) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }
}
