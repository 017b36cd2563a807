//! A world of one bot, kept in memory: people who write to it, a group, a clock that is moved by hand.
//!
//! Nothing is decided here: each message goes through [`troupe_engine::explain`], which decides as production does.

use std::{collections::BTreeMap, time::Duration};

use troupe_engine::{
    Content, Decision, Seed, State, Timer, Update, explain,
    state::{BotState, ChatState, PersonState, Progress, SetTimer, Shared},
};
use troupe_types::{
    BotId, Chat, ChatId, Media, Message, MessageId, Person, Timestamp, UpdateKey, UpdateKind, UserId,
};

use crate::{
    bundle::{Bot, bot::capitalised},
    declared::Declared,
};

/// The number that the bot has here.
const BOT: BotId = BotId::new(1);
/// The group, unless the bot has its own list.
const GROUP: ChatId = ChatId::new(-1001);
/// People's ids count from here.
const FIRST_PERSON: i64 = 1001;
/// The clock begins on Thursday, the 1st of January 2026, at noon (UTC), so that each run is like the other.
pub const BEGINNING: Timestamp = Timestamp::from_seconds(1_767_268_800);
/// What passes between two messages.
const TICK: Duration = Duration::from_secs(1);
/// How many timers fire at most while time passes: content may set one after the other for ever.
const FIRES_MAX: usize = 1000;

/// Where something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the direct chat of the person who says it.
    Direct,
    /// In the group.
    Group,
}

/// Something to say.
#[derive(Debug, Clone)]
pub struct Said {
    /// By whom: any name, the same for the same person; `bot:NAME` is the bot of that bot file.
    pub by: String,
    pub place: Place,
    pub text: String,
    /// As a mention of the bot or a reply to it; naming it by its user name is a mention, too.
    pub mention: bool,
    pub media: Option<Media>,
    /// As a change of the last message in the chat.
    pub edit: bool,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Heard {
    pub update: Update,
    pub before: State,
    pub decision: Decision,
}

/// The world.
#[derive(Debug, Clone)]
pub struct World {
    pub content: Content,
    /// What the people are said to speak, as a language tag.
    pub language: Option<String>,
    /// Which of the possible worlds this is: another number, another chance.
    pub chance: Option<u64>,
    pub time: Timestamp,
    bots: Vec<(String, UserId)>,
    names: Vec<String>,
    bot: Shared<BotState>,
    chats: BTreeMap<ChatId, Shared<ChatState>>,
    people: BTreeMap<UserId, Shared<PersonState>>,
    messages: BTreeMap<ChatId, i32>,
    /// The timer that is set for each person.
    timers: BTreeMap<UserId, (Timer, Person)>,
    /// How often somebody was put at a step.
    put: u64,
}

impl World {
    pub fn of(bot: &Bot<'_>) -> Self {
        let account = |name: &str| Some((name.to_owned(), bot.bundle.account(name)?));
        Self {
            content: bot.content.clone(),
            language: None,
            chance: None,
            time: BEGINNING,
            bots: bot.bundle.bots.iter().filter_map(|bot| account(&bot.key)).collect(),
            names: Vec::new(),
            bot: Shared::default(),
            chats: BTreeMap::new(),
            people: BTreeMap::new(),
            messages: BTreeMap::new(),
            timers: BTreeMap::new(),
            put: 0,
        }
    }

    /// Says something, and remembers what came of it.
    pub fn say(&mut self, said: Said) -> Heard {
        // A timer that is due in this moment fires later: a message may always be faster.
        self.time = self.time + TICK;
        let sender = self.person(&said.by);
        let chat = match said.place {
            Place::Direct => ChatId::direct(sender.id),
            Place::Group => self.group(),
        };
        let number = self.messages.entry(chat).or_default();
        if !said.edit || *number == 0 {
            *number += 1;
        }
        let id = MessageId::new(*number);
        let kind = if said.edit { UpdateKind::Edited(self.time) } else { UpdateKind::New };
        let title = (said.place == Place::Group).then(|| "Group".to_owned());
        let mentions_bot = said.mention || self.is_named(&said.text);
        let update = Update {
            key: UpdateKey { bot: BOT, chat, message: id, kind },
            bot: BOT,
            chat: Chat { id: chat, title },
            sender,
            time: self.time,
            edited: said.edit,
            message: Message { id, text: said.text, reply_to: None, mentions_bot, media: said.media },
        };
        self.decide(update)
    }

    fn decide(&mut self, update: Update) -> Heard {
        let (chat, person) = (update.chat.id, update.sender.id);
        let before = self.state(chat, person);
        let decision = explain(&self.content, &before, &update, self.seed(&update.key));
        self.remember(chat, person, &decision.state);
        if let Some(timer) = decision.timer {
            self.timers.insert(person, (timer, update.sender.clone()));
        }
        Heard { update, before, decision }
    }

    /// The seed of an update: what production would take, unless another world was asked for.
    fn seed(&self, key: &UpdateKey) -> Seed {
        match self.chance {
            None => Seed::of(key),
            Some(chance) => {
                let message = u64::from(key.message.get().unsigned_abs());
                let chat = key.chat.get().unsigned_abs();
                let token = if let UpdateKind::Timer(token) = key.kind { token } else { 0 };
                Seed::new(chance.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (chat << 24) ^ message ^ token)
            }
        }
    }

    /// Lets time pass; the timers that are due meanwhile fire in their order. Returns what came of each.
    pub fn pass(&mut self, time: Duration) -> Vec<Heard> {
        let end = self.time + time;
        let mut came = Vec::new();
        while came.len() < FIRES_MAX {
            let due = self.timers.iter().map(|(person, (timer, _))| (timer.due, *person));
            let Some((due, person)) = due.min().filter(|(due, _)| *due <= end) else { break };
            let Some((timer, person)) = self.timers.remove(&person) else { break };
            self.time = self.time.max(due);
            came.push(self.decide(Update::without_message(timer.key, person, timer.due)));
        }
        self.time = end;
        came
    }

    /// An operator gives the conversation with the person called `name` back.
    pub fn hand_back(&mut self, name: &str) -> Heard {
        self.time = self.time + TICK;
        let person = self.person(name);
        let kind = UpdateKind::HandedBack(self.time);
        let (chat, message) = (ChatId::direct(person.id), MessageId::new(0));
        let key = UpdateKey { bot: BOT, chat, message, kind };
        self.decide(Update::without_message(key, person, self.time))
    }

    /// Forgets everything but the clock and who is who.
    pub fn forget(&mut self) {
        (self.bot, self.chats, self.people) = (Shared::default(), BTreeMap::new(), BTreeMap::new());
        self.timers.clear();
    }

    /// The person called `name`, who is a new one if nobody was called so.
    pub fn person(&mut self, name: &str) -> Person {
        let bot = name.strip_prefix("bot:");
        let bot = bot.and_then(|name| self.bots.iter().find(|(known, _)| known == name)).map(|(_, id)| *id);
        let id = bot.unwrap_or_else(|| {
            let index = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
                self.names.push(name.to_owned());
                self.names.len() - 1
            });
            UserId::new(FIRST_PERSON + i64::try_from(index).unwrap_or(0))
        });
        Person {
            id,
            first_name: capitalised(name.strip_prefix("bot:").unwrap_or(name)),
            // Made up, too, so that what says it can be tried.
            last_name: Some("Example".to_owned()),
            username: Some(format!("{name}_writes")).filter(|_| name.is_ascii()),
            language: self.language.clone(),
            is_bot: false,
        }
    }

    /// The group: the first one on the bot's list, if it has one.
    fn group(&self) -> ChatId {
        match &self.content.groups {
            troupe_engine::Groups::Only(chats) => chats.first().copied().unwrap_or(GROUP),
            _ => GROUP,
        }
    }

    fn is_named(&self, text: &str) -> bool {
        let Some(username) = &self.content.account.username else { return false };
        let names = text.split('@').skip(1).map(|rest| {
            let end =
                rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(rest.len());
            &rest[..end]
        });
        names.into_iter().any(|name| name.eq_ignore_ascii_case(username))
    }

    fn state(&self, chat: ChatId, person: UserId) -> State {
        State {
            bot: self.bot.clone(),
            chat: self.chats.get(&chat).cloned().unwrap_or_default(),
            person: self.people.get(&person).cloned().unwrap_or_default(),
        }
    }

    fn remember(&mut self, chat: ChatId, person: UserId, state: &State) {
        self.bot = state.bot.clone();
        self.chats.insert(chat, state.chat.clone());
        self.people.insert(person, state.person.clone());
    }

    /// What is remembered of the person called `name`, and of the bot.
    pub fn remembered(&mut self, name: &str) -> (Shared<PersonState>, Shared<BotState>) {
        let id = self.person(name).id;
        (self.people.get(&id).cloned().unwrap_or_default(), self.bot.clone())
    }

    /// The value that the person called `name`, or else the bot, has in `variable`.
    pub fn variable(&mut self, name: &str, variable: &str) -> Option<String> {
        let (person, bot) = self.remembered(name);
        [&person.variables, &person.volatile.variables, &bot.variables, &bot.volatile.variables]
            .into_iter()
            .find_map(|values| values.get(variable).cloned())
    }

    /// Sets `variable`, or takes it away, where a variable that is `declared` so is looked for.
    pub fn set(&mut self, name: &str, variable: &str, value: Option<&str>, declared: Declared) {
        let id = self.person(name).id;
        let person = &mut **self.people.entry(id).or_default();
        let (kept, volatile) = if declared.single {
            let bot = &mut *self.bot;
            (&mut bot.variables, &mut bot.volatile)
        } else {
            (&mut person.variables, &mut person.volatile)
        };
        volatile.run = self.content.run;
        let values = if declared.saved { kept } else { &mut volatile.variables };
        match value {
            Some(value) => values.insert(variable.to_owned(), value.to_owned()),
            None => values.remove(variable),
        };
    }

    /// Puts the person called `name` at a step where people wait.
    ///
    /// # Errors
    /// If there is no such scenario or step.
    pub fn put_at(&mut self, name: &str, scenario: &str, step: &str) -> Result<(), String> {
        let known = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let found = self.content.scenarios.iter().find(|weighted| weighted.scenario.name() == scenario);
        let Some(found) = found else {
            let names = self.content.scenarios.iter().map(|weighted| weighted.scenario.name()).collect();
            return Err(format!("the bot has no scenario {scenario:?}; it has: {}", known(names)));
        };
        if !found.scenario.step_names().any(|known| known == step) {
            let names = found.scenario.step_names().collect();
            return Err(format!("the scenario {scenario:?} has no step {step:?}; it has: {}", known(names)));
        }
        let progress = Progress::at(scenario, found.scenario.version(), step, self.time);
        let progress = Progress { language: self.language.clone(), ..progress };
        let sender = self.person(name);
        let person = self.people.entry(sender.id).or_default();
        person.first_seen = person.first_seen.or(Some(self.time));
        person.assigned = Some(scenario.to_owned());
        person.scenario = Some(progress);
        // As if a decision had led there: it would have set the timer.
        person.timer = None;
        self.timers.remove(&sender.id);
        if let Some((due, purpose)) = self.content.due(person) {
            self.put += 1;
            person.timer = Some(SetTimer { due, token: self.put });
            let (chat, message) = (ChatId::direct(sender.id), MessageId::new(0));
            let key = UpdateKey { bot: BOT, chat, message, kind: UpdateKind::Timer(self.put) };
            self.timers.insert(sender.id, (Timer { key, due, purpose }, sender));
        }
        Ok(())
    }
}
