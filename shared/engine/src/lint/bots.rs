//! Bots of one's own that would answer each other without end.
//!
//! They never do: what an account of the installation's own writes is answered by none of its bots, whatever they are told
//! to say. That rests on knowing the accounts. The same bots in two installations, or somebody else's that say the like, are
//! people to each other; so it is told of bots that nothing else would stop.
//!
//! It is found by trying: people say what the bots know, each hears what the other answers, and so on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use troupe_types::{
    BotId, Chat, ChatId, Media, MediaKind, Message, MessageId, Person, Timestamp, UpdateKey, UpdateKind,
    UserId,
};

use super::{Call, Code, Finding, Witness, search::Found, solver::both};
use crate::{
    ActionBody, AttachmentKind, Content, Groups, Seed, State, Update, decide,
    pattern::Pattern,
    state::{BotState, ChatState, PersonState},
};

/// A bot, and the messages that people may begin with.
#[derive(Debug, Clone)]
pub struct Bot<'a> {
    /// What it says.
    pub content: &'a Content,
    /// Its rule set as it is written, if it has one.
    pub rules: Option<&'a str>,
}

/// Two bots that answer each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The places of the two among all, the one that answers first coming first.
    pub bots: [usize; 2],
    /// The chat that it is in.
    pub chat: ChatId,
    /// What is said: by a person first, then by one of the two or the other, given by its place.
    pub lines: Vec<(Option<usize>, String)>,
}

/// What was found of some bots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchanges {
    /// For each bot the first other behind it with which it would go on without end, if there is one.
    pub found: Vec<Exchange>,
    /// Whether there was too much to try, so that there may be more.
    pub gave_up: bool,
}

impl Exchanges {
    /// What there is to tell, each with the place of the bot that it is told of; `names` are what the bots are called.
    pub fn findings(&self, names: &[&str]) -> Vec<(usize, Finding)> {
        let told = |code, message: String, witness, fix: &str| Finding {
            code,
            line: 1,
            column: 1,
            field: String::new(),
            message,
            witness,
            fix: fix.to_owned(),
        };
        let found = self.found.iter().map(|exchange| {
            let [one, other] = exchange.bots.map(|bot| names[bot]);
            let message = format!(
                "{one:?} and {other:?} would answer each other without end, were they not known as bots of one's own"
            );
            let fix = "nothing, if both are in one installation; else answer with a cooldown, or keep one of them out \
                       of the group";
            let first = exchange.bots[0].min(exchange.bots[1]);
            (first, told(Code::B101, message, Some(exchange.witness(names)), fix))
        });
        let gave_up = self.gave_up.then(|| {
            let message =
                "whether these bots would answer each other without end was too much to try".to_owned();
            (0, told(Code::B102, message, None, "look at fewer of them at once"))
        });
        found.chain(gave_up).collect()
    }
}

impl Exchange {
    /// The message that it begins with, and what comes of it.
    pub fn witness(&self, names: &[&str]) -> Witness {
        let mut lines = self.lines.iter();
        let text = lines.next().map(|(_, text)| text.clone()).unwrap_or_default();
        let told = lines
            .take(3)
            .filter_map(|(bot, text)| Some(format!("{:?} says {:?}", names[(*bot)?], short(text))));
        let outcome = format!("{}, and so on", told.collect::<Vec<_>>().join(", "));
        Witness { direct: false, chat: self.chat, call: Call::Mention, ..Witness::said(text, outcome) }
    }
}

/// The beginning of a text.
fn short(text: &str) -> String {
    const CHARS: usize = 40;
    let mut short: String = text.chars().take(CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// After so many messages nobody is expected to stop any more.
pub const WITHOUT_END: usize = 100;
/// How many messages are tried as the first one of two bots.
const STARTS: usize = 500;
/// How many messages all bots together are given.
const DECISIONS: usize = 100_000;
/// How many lines of an exchange are kept: they show how it begins.
const LINES: usize = 7;

/// Tells which bots would answer each other without end in a group that both answer in, were they strangers.
///
/// Not tried is what comes only after a while, such as a reminder.
pub fn exchanges(bots: &[Bot<'_>]) -> Exchanges {
    let strangers: Vec<Content> = bots.iter().map(|bot| stranger(bot.content)).collect();
    let starts: Vec<Vec<String>> = bots.iter().map(starts).collect();
    let mut left = DECISIONS;
    let mut all = Exchanges::default();
    for first in 0..bots.len() {
        let mut pairs = (first + 1..bots.len()).filter_map(|second| {
            let chat = common_group(&strangers[first].groups, &strangers[second].groups)?;
            let pair =
                Pair { bots: [first, second], contents: [&strangers[first], &strangers[second]], chat };
            pair.exchange([&starts[first], &starts[second]], &mut left)
        });
        all.found.extend(pairs.next());
    }
    all.gave_up = left == 0;
    all
}

/// The same bot among accounts that it does not know.
fn stranger(content: &Content) -> Content {
    Content { fleet: std::sync::Arc::default(), ..content.clone() }
}

/// What people may say for the bot to answer: what its library knows, what triggers its rules, and a few words.
fn starts(bot: &Bot<'_>) -> Vec<String> {
    let library = bot.content.group_library.as_deref();
    let words = library.iter().flat_map(|library| library.words()).map(str::to_owned);
    let hit = |expression: &str| match both(&Pattern::caseless(expression).ok()?).0 {
        Found::Text(text) => Some(text),
        Found::Nothing | Found::Unknown => None,
    };
    let hits = library.iter().flat_map(|library| library.expressions()).filter_map(hit);
    let of_rules = bot.rules.map(super::rules::examples).unwrap_or_default();
    let plain = ["hello", "thanks", "?"].map(str::to_owned);
    plain.into_iter().chain(of_rules).chain(words).chain(hits).take(STARTS).collect()
}

/// A group in which both answer.
fn common_group(one: &Groups, other: &Groups) -> Option<ChatId> {
    match (one, other) {
        (Groups::None, _) | (_, Groups::None) => None,
        (Groups::All, Groups::All) => Some(Witness::SOMEWHERE),
        (Groups::Only(chats), Groups::All) | (Groups::All, Groups::Only(chats)) => chats.first().copied(),
        (Groups::Only(chats), Groups::Only(others)) => chats.intersection(others).next().copied(),
    }
}

struct Pair<'a> {
    /// Their places among all.
    bots: [usize; 2],
    contents: [&'a Content; 2],
    chat: ChatId,
}

/// Something that one of two bots, or a person, has said in the group.
struct Line {
    /// Which of the two; `None` for a person.
    speaker: Option<usize>,
    message: Message,
}

impl Pair<'_> {
    /// The first exchange without end that begins with what a person says to one of the two.
    fn exchange(&self, starts: [&[String]; 2], left: &mut usize) -> Option<Exchange> {
        // What one has said without an end of it is not tried again: what was answered before matters little.
        let mut ended: BTreeSet<(usize, String)> = BTreeSet::new();
        for (hearer, text) in (0..2).flat_map(|hearer| starts[hearer].iter().map(move |text| (hearer, text)))
        {
            if let Some(lines) = self.play(hearer, text, &mut ended, left) {
                let bots = if hearer == 0 { self.bots } else { [self.bots[1], self.bots[0]] };
                return Some(Exchange { bots, chat: self.chat, lines });
            }
            if *left == 0 {
                return None;
            }
        }
        None
    }

    /// What is said after a person has said `text` to the bot `hearer`, if there is no end of it.
    fn play(
        &self,
        hearer: usize,
        text: &str,
        ended: &mut BTreeSet<(usize, String)>,
        left: &mut usize,
    ) -> Option<Vec<(Option<usize>, String)>> {
        let mut table =
            Table { pair: self, states: BTreeMap::new(), messages: 0, lines: Vec::new(), heard: 0 };
        let first = Message { mentions_bot: true, ..table.message(text) };
        let mut open = VecDeque::from([Line { speaker: None, message: first }]);
        let mut said = Vec::new();
        while let Some(line) = open.pop_front() {
            *left = left.checked_sub(1)?;
            let listener = line.speaker.map_or(hearer, |speaker| 1 - speaker);
            let answers = table.hear(listener, &line);
            if line.speaker.is_none()
                && answers.iter().all(|line| ended.contains(&(listener, line.message.text.clone())))
            {
                return None;
            }
            said.extend(answers.iter().map(|line| (listener, line.message.text.clone())));
            open.extend(answers);
            if table.heard > WITHOUT_END {
                return Some(table.lines);
            }
        }
        ended.extend(said);
        None
    }
}

/// A conversation of two bots in a group.
struct Table<'a> {
    pair: &'a Pair<'a>,
    /// What each bot remembers of whoever it has heard.
    states: BTreeMap<(usize, UserId), State>,
    messages: i32,
    lines: Vec<(Option<usize>, String)>,
    heard: usize,
}

impl Table<'_> {
    fn message(&mut self, text: &str) -> Message {
        self.messages += 1;
        let id = MessageId::new(self.messages);
        Message { id, text: text.to_owned(), reply_to: None, mentions_bot: false, media: None }
    }

    /// What `listener` answers to a line, in the group.
    fn hear(&mut self, listener: usize, line: &Line) -> Vec<Line> {
        self.heard += 1;
        let Pair { bots, contents, chat } = self.pair;
        if self.lines.len() < LINES {
            self.lines.push((line.speaker.map(|speaker| bots[speaker]), line.message.text.clone()));
        }
        let update = self.update(listener, line);
        let known = self.states.remove(&(listener, update.sender.id));
        // Of the bot and of the chat there is one memory, whoever is heard.
        let shared = self.states.iter().find(|((other, _), _)| *other == listener).map(|(_, state)| state);
        let state = State {
            bot: shared
                .or(known.as_ref())
                .map_or_else(|| BotState::default().into(), |state| state.bot.clone()),
            chat: shared
                .or(known.as_ref())
                .map_or_else(|| ChatState::default().into(), |state| state.chat.clone()),
            person: known.map_or_else(|| PersonState::default().into(), |state| state.person),
        };
        let decision = decide(contents[listener], &state, &update, Seed::of(&update.key));
        for ((other, _), state) in &mut self.states {
            if *other == listener {
                state.bot = decision.state.bot.clone();
                state.chat = decision.state.chat.clone();
            }
        }
        self.states.insert((listener, update.sender.id), decision.state);
        let here = decision.actions.into_iter().filter(|action| action.chat == *chat);
        let answers = here.filter_map(|action| match action.body {
            ActionBody::Reply { text, media, reply_to } => Some((text, media, reply_to)),
            _ => None,
        });
        let answers: Vec<_> = answers.collect();
        let line = |(text, media, reply_to): (String, Option<crate::Attachment>, Option<MessageId>)| {
            // What answers the other one is said to it, as Telegram sees it.
            let mentions_bot = line.speaker.is_some() && reply_to == Some(line.message.id);
            let media = media.map(|media| match media.kind {
                AttachmentKind::Photo => Media { kind: MediaKind::Photo, bytes: 0, mime: None },
                AttachmentKind::Document => Media { kind: MediaKind::Document, bytes: 0, mime: None },
            });
            Line {
                speaker: Some(listener),
                message: Message { reply_to, mentions_bot, media, ..self.message(&text) },
            }
        };
        answers.into_iter().map(line).collect()
    }

    fn update(&self, listener: usize, line: &Line) -> Update {
        let Pair { bots, contents, chat } = self.pair;
        let bot = BotId::new(u64::try_from(bots[listener]).unwrap_or_default() + 1);
        let person = |id, first_name: &str, username: Option<&String>| Person {
            id,
            first_name: first_name.to_owned(),
            last_name: None,
            username: username.cloned(),
            language: None,
            is_bot: false,
        };
        let sender = match line.speaker {
            None => person(Witness::SOMEBODY, "Ann", None),
            Some(speaker) => {
                let account = &contents[speaker].account;
                person(account.user, &account.first_name, account.username.as_ref())
            }
        };
        let seconds = i64::from(line.message.id.get()) * SECONDS;
        Update {
            key: UpdateKey { bot, chat: *chat, message: line.message.id, kind: UpdateKind::New },
            bot,
            chat: Chat { id: *chat, title: Some("Group".to_owned()) },
            sender,
            time: Timestamp::from_seconds(Witness::NOON.as_seconds() + seconds),
            edited: false,
            message: line.message.clone(),
        }
    }
}

/// How long a bot takes to answer, roughly.
const SECONDS: i64 = 5;
