//! What is remembered between two updates, and how it is stored.
//!
//! Three documents, since they are shared differently: a bot's, one for each of its chats, one for each person. Each
//! is JSON with its version in `v`; what is at its default is left out, so that an empty one is `{"v":1}`, and an
//! empty document need not be stored at all. All that can grow is bounded by `crate::limits`.

mod shared;

use std::{collections::BTreeMap, time::Duration};

pub use shared::Shared;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use troupe_types::{MessageId, Person, Timestamp};

use crate::limits;

/// The newest version of the stored documents that this code writes and understands.
pub const VERSION: u32 = 1;

/// All that is remembered and that an update's decision may depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Of the bot.
    pub bot: Shared<BotState>,
    /// Of the chat.
    pub chat: Shared<ChatState>,
    /// Of the person, in whatever chat.
    pub person: Shared<PersonState>,
}

impl State {
    /// Reads the three documents; one that is absent is at its default.
    ///
    /// # Errors
    /// [`StateError`] if one can't be read. The update has to be left to a newer responder, or looked at.
    pub fn load(bot: Option<&[u8]>, chat: Option<&[u8]>, person: Option<&[u8]>) -> Result<Self, StateError> {
        Ok(Self { bot: read("bot", bot)?, chat: read("chat", chat)?, person: read("person", person)? })
    }

    /// The scenarios that the person is in the middle of, with their versions: [`crate::Content`] has to hold them.
    /// More than one if scenarios call each other.
    pub fn pinned(&self) -> impl Iterator<Item = (&str, u32)> {
        let progress = self.person.scenario.iter();
        progress.flat_map(|progress| {
            let callers = progress.callers.iter().map(|caller| (caller.scenario.as_str(), caller.version));
            std::iter::once((progress.scenario.as_str(), progress.version)).chain(callers)
        })
    }
}

/// What a bot remembers, whoever it talks to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BotState {
    /// The stored values of single variables: they win over the start values that the rule set gives.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The values of single variables that are not saved to disk.
    #[serde(skip_serializing_if = "Volatile::is_empty")]
    pub volatile: Volatile,
}

/// What a bot remembers of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatState {
    /// What keeps silent in the chat for a while.
    #[serde(skip_serializing_if = "Cooldowns::is_empty")]
    pub cooldowns: Cooldowns,
}

/// Until when an entry or a trigger group keeps silent, by its hash. What has passed is dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cooldowns(pub BTreeMap<u64, Timestamp>);

/// What a bot remembers of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonState {
    /// When the person wrote first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// When the person asked not to be written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opted_out: Option<Timestamp>,
    /// The rows of dictionary variables that belong to the person, and what scenarios saved.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The rows of dictionary variables that are not saved to disk.
    #[serde(skip_serializing_if = "Volatile::is_empty")]
    pub volatile: Volatile,
    /// The scenario that the person was given, once and for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned: Option<String>,
    /// Where in it the person is; `None` before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Progress>,
    /// Since and until when an operator has the conversation with the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handed_over: Option<HandedOver>,
    /// The timer that is set for the person. There is one at most: the next one is set when it has fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer: Option<SetTimer>,
    /// The scenarios that the person has left, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finished: Vec<Finished>,
    /// What keeps silent for the person for a while, in whatever chat.
    #[serde(skip_serializing_if = "Cooldowns::is_empty")]
    pub cooldowns: Cooldowns,
    /// Which variations of which answers were used, the answer that was used last coming last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<Used>,
}

/// Variables that a restart of the bot forgets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volatile {
    /// The run that they belong to, see [`crate::Content::run`].
    pub run: u64,
    /// Their values.
    pub variables: BTreeMap<String, String>,
}

impl Volatile {
    fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// The values, if they belong to `run`.
    pub(crate) fn of(&self, run: u64) -> Option<&BTreeMap<String, String>> {
        (self.run == run).then_some(&self.variables)
    }

    /// The values to change, emptied first if they belong to another run than `run`.
    pub(crate) fn of_mut(&mut self, run: u64) -> &mut BTreeMap<String, String> {
        if self.run != run {
            self.variables.clear();
            self.run = run;
        }
        &mut self.variables
    }
}

/// Where in a scenario a person is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The scenario.
    pub scenario: String,
    /// The version that the person will finish.
    pub version: u32,
    /// The step that waits for the person's answer.
    pub step: String,
    /// How many answers this step has refused.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refused: u32,
    /// The language that the scenario is held in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When the person was put into it.
    pub started: Timestamp,
    /// Since when the step has been waiting without a word of the person's.
    pub since: Timestamp,
    /// How many of the step's reminders were said.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reminded: u32,
    /// What the person wrote of an answer that may go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<Burst>,
    /// The steps that called this scenario, the first of them first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<Caller>,
}

impl Progress {
    /// At `step` since `time`, as somebody who has come no other way.
    pub fn at(scenario: &str, version: u32, step: &str, time: Timestamp) -> Self {
        Self {
            scenario: scenario.to_owned(),
            version,
            step: step.to_owned(),
            refused: 0,
            language: None,
            started: time,
            since: time,
            reminded: 0,
            burst: None,
            callers: Vec::new(),
        }
    }
}

/// Several messages that will be answered as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    /// Their texts, a line or more for each.
    pub text: String,
    /// How many they are.
    pub messages: u32,
    /// The last of them.
    pub last: MessageId,
    /// When they are answered if no other comes.
    pub until: Timestamp,
}

/// A step that called another scenario, and goes on when that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The scenario.
    pub scenario: String,
    /// The version that the person will finish.
    pub version: u32,
    /// The step.
    pub step: String,
}

/// A conversation that an operator has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// Since when.
    pub since: Timestamp,
    /// When the bot takes it up again if nobody gives it back before.
    pub until: Timestamp,
    /// The person as Telegram told of them then: whoever gives the conversation back knows nothing but the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
}

/// A timer that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTimer {
    /// When it fires.
    pub due: Timestamp,
    /// What it is known by: one that fires with another token is out of date.
    pub token: u64,
}

/// A scenario that a person has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The scenario.
    pub scenario: String,
    /// Its version.
    pub version: u32,
    /// Whether its goal was reached.
    pub goal: bool,
    /// When.
    pub time: Timestamp,
}

/// Which variations of an answer a person has been given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The answer, as a hash of its library, entry and language.
    #[serde(rename = "a")]
    pub answer: u64,
    /// The variations, as hashes of their texts, so that an edit of the others keeps what is known of these.
    #[serde(rename = "v")]
    pub variations: Vec<u32>,
}

impl PersonState {
    /// What is known of the `answer`, moved to the end of the list, where it is safe from being dropped next.
    pub(crate) fn used_mut(&mut self, answer: u64) -> &mut Vec<u32> {
        let used = match self.used.iter().position(|used| used.answer == answer) {
            Some(index) => self.used.remove(index),
            None => Used { answer, variations: Vec::new() },
        };
        if self.used.len() >= limits::USED_ANSWERS {
            self.used.remove(0);
        }
        self.used.push(used);
        &mut self.used.last_mut().expect("it was pushed the line before").variations
    }

    pub(crate) fn finish(&mut self, finished: Finished) {
        if self.finished.len() >= limits::FINISHED {
            self.finished.remove(0);
        }
        self.finished.push(finished);
    }
}

impl Cooldowns {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `entry` keeps silent.
    pub(crate) fn cools(&self, entry: u64, now: Timestamp) -> bool {
        self.0.get(&entry).is_some_and(|until| now < *until)
    }

    /// Has `entry` keep silent for `time`.
    pub(crate) fn cool(&mut self, entry: u64, now: Timestamp, time: Duration) {
        self.0.retain(|_, until| now < *until);
        self.0.insert(entry, now + time);
        while self.0.len() > limits::COOLDOWNS {
            // The one that would pass next is the least loss.
            let next = self.0.iter().min_by_key(|(_, until)| **until).map(|(entry, _)| *entry);
            self.0.remove(&next.expect("a map that is too long is not empty"));
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A stored document that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A newer troupe wrote it.
    #[error(
        "the {document}'s state has version {version}, and {VERSION} is the newest that is understood here"
    )]
    Newer {
        /// Which document.
        document: &'static str,
        /// Its version.
        version: u32,
    },
    /// It is no such document.
    #[error("cannot read the {document}'s state")]
    Unreadable {
        /// Which document.
        document: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

fn read<T: DeserializeOwned + Default>(
    document: &'static str,
    bytes: Option<&[u8]>,
) -> Result<Shared<T>, StateError> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let Some(bytes) = bytes else { return Ok(Shared::default()) };
    let unreadable = |source| StateError::Unreadable { document, source };
    let Version { v: version } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if version > VERSION {
        return Err(StateError::Newer { document, version });
    }
    serde_json::from_slice::<T>(bytes).map(Shared::from).map_err(unreadable)
}

fn write<T: Serialize + Default + PartialEq>(document: &T) -> Option<Vec<u8>> {
    #[derive(Serialize)]
    struct Stored<'a, T> {
        v: u32,
        #[serde(flatten)]
        document: &'a T,
    }
    let stored = Stored { v: VERSION, document };
    (*document != T::default())
        .then(|| serde_json::to_vec(&stored).expect("a state is maps with text keys, which JSON can say"))
}

macro_rules! stored {
    ($($name:ident)*) => {$(
        impl $name {
            /// The document to store; `None` if there is nothing to remember, and a stored one can be deleted.
            pub fn stored(&self) -> Option<Vec<u8>> {
                write(self)
            }
        }
    )*};
}

stored!(BotState ChatState PersonState);
