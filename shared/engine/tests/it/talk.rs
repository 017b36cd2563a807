use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use troupe_engine::{
    Account, ActionBody, Content, Decision, Event, Groups, Library, Ruleset, Scenario, Seed, Source, State,
    Timer, Update, WeightedScenario, decide, explain,
};
use troupe_types::{
    BotId, Chat, ChatId, Media, MediaKind, Message, MessageId, Person, Timestamp, UpdateKey, UpdateKind,
    UserId,
};

/// The person who speaks if nobody else is named.
pub const ANN: UserId = UserId::new(1001);
/// The group that the bot answers in.
pub const GROUP: ChatId = ChatId::new(-500);
/// The account of the bot.
pub const BOT: UserId = UserId::new(9000);
/// The account of another of our bots.
pub const COLLEAGUE: UserId = UserId::new(9001);

/// Something that is said: built from a text, which is said by Ann in a direct chat.
#[derive(Debug, Clone)]
pub struct Said {
    pub chat: ChatId,
    pub sender: Person,
    pub text: String,
    pub to_the_bot: bool,
    pub reply_to: Option<MessageId>,
    pub edited: bool,
    pub media: Option<Media>,
    /// How long after what was said before.
    pub after: Duration,
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        let sender = Person {
            id: ANN,
            first_name: "Ann".into(),
            last_name: None,
            username: None,
            language: None,
            is_bot: false,
        };
        Self {
            chat: ChatId::direct(ANN),
            sender,
            text: text.to_owned(),
            to_the_bot: false,
            reply_to: None,
            edited: false,
            media: None,
            after: Duration::from_secs(1),
        }
    }
}

/// Said by Ann in a direct chat.
pub fn said(text: &str) -> Said {
    text.into()
}

impl Said {
    /// In the group instead.
    pub fn in_group(self) -> Self {
        Self { chat: GROUP, ..self }
    }

    /// In the group, as a mention of the bot or a reply to it.
    pub fn addressed_in_group(self) -> Self {
        Self { to_the_bot: true, ..self.in_group() }
    }

    /// By the person of this id, in the direct chat with that person unless it is in the group.
    pub fn by(mut self, id: UserId) -> Self {
        if self.chat != GROUP {
            self.chat = ChatId::direct(id);
        }
        self.sender.id = id;
        self.sender.first_name = format!("Person {id}");
        self
    }

    pub fn with(mut self, kind: MediaKind, mime: Option<&str>, bytes: u64) -> Self {
        self.media = Some(Media { kind, bytes, mime: mime.map(str::to_owned) });
        self
    }

    /// With a photo of so many megabytes.
    pub fn with_photo(self, megabytes: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the tests' photos are small"
        )]
        self.with(MediaKind::Photo, None, (megabytes * 1_048_576.0) as u64)
    }

    pub fn edited(self) -> Self {
        Self { edited: true, ..self }
    }

    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

/// A conversation with a bot: what it remembers, and the last decision.
#[derive(Debug, Clone)]
pub struct Talk {
    pub content: Content,
    pub states: BTreeMap<(ChatId, UserId), State>,
    /// Which of the possible worlds this is: another number, another chance.
    pub world: u64,
    time: Timestamp,
    message: i32,
    pub last: Option<Decision>,
    /// The timer that is set for each person.
    pub timers: BTreeMap<UserId, (Timer, Person)>,
}

impl Talk {
    pub fn new(content: Content) -> Self {
        let time = Timestamp::from_seconds(1_800_000_000);
        Self {
            content,
            states: BTreeMap::new(),
            world: 0,
            time,
            message: 0,
            last: None,
            timers: BTreeMap::new(),
        }
    }

    pub fn with_rules(rules: &str) -> Self {
        let mut content = content();
        content.rules = Some(Arc::new(parsed(Ruleset::parse(rules))));
        Self::new(content)
    }

    /// The same library answers in the group and in direct chats.
    pub fn with_library(library: &str) -> Self {
        let mut content = content();
        let library = Arc::new(parsed(Library::parse("lib", library)));
        content.group_library = Some(Arc::clone(&library));
        content.direct_library = Some(library);
        Self::new(content)
    }

    pub fn with_scenario(scenario: &str) -> Self {
        let mut content = content();
        let scenario = Arc::new(parsed(Scenario::parse("welcome", 1, scenario)));
        content.scenarios = vec![WeightedScenario { scenario, weight: 1 }];
        Self::new(content)
    }

    pub fn in_world(mut self, world: u64) -> Self {
        self.world = world;
        self
    }

    /// The next thing that is said comes a second after this.
    pub fn set_time(&mut self, time: Timestamp) {
        self.time = time;
    }

    pub fn update(&mut self, said: Said) -> Update {
        self.time = self.time + said.after;
        self.message += 1;
        let id = MessageId::new(self.message);
        let kind = if said.edited { UpdateKind::Edited(self.time) } else { UpdateKind::New };
        let bot = BotId::new(7);
        let title = (said.chat == GROUP).then(|| "Harbour".to_owned());
        Update {
            key: UpdateKey { bot, chat: said.chat, message: id, kind },
            bot,
            chat: Chat { id: said.chat, title },
            sender: said.sender,
            time: self.time,
            edited: said.edited,
            message: Message {
                id,
                text: said.text,
                reply_to: said.reply_to,
                mentions_bot: said.to_the_bot,
                media: said.media,
            },
        }
    }

    pub fn state(&self, chat: ChatId, person: UserId) -> State {
        // The person's part is one for all chats, as is the bot's.
        let of_person = self.states.iter().find(|((_, id), _)| *id == person).map(|(_, state)| state);
        let of_bot = self.states.values().next();
        let of_chat = self.states.iter().find(|((id, _), _)| *id == chat).map(|(_, state)| state);
        State {
            bot: of_bot.map(|state| state.bot.clone()).unwrap_or_default(),
            chat: of_chat.map(|state| state.chat.clone()).unwrap_or_default(),
            person: of_person.map(|state| state.person.clone()).unwrap_or_default(),
        }
    }

    /// Ann's state, in her direct chat.
    pub fn ann(&self) -> State {
        self.state(ChatId::direct(ANN), ANN)
    }

    /// Says something; checks on the way that the trace changes nothing and that the state is stored without loss.
    pub fn say(&mut self, said: impl Into<Said>) -> &Decision {
        let update = self.update(said.into());
        self.decide(&update)
    }

    /// Lets time pass, and tells the texts that came of the timers that fired meanwhile.
    pub fn wait(&mut self, time: &str) -> Vec<String> {
        let end = self.time + duration(time);
        let mut came = Vec::new();
        loop {
            let due = self.timers.iter().map(|(person, (timer, _))| (timer.due, *person)).min();
            let Some((_, person)) = due.filter(|(due, _)| *due <= end) else { break };
            let (timer, person) = self.timers.remove(&person).expect("it was found");
            came.extend(heard(self.fire(&timer, person)));
        }
        self.time = end;
        came
    }

    /// Waits, and checks what comes.
    #[track_caller]
    pub fn check_wait(&mut self, time: &str, expected: &[&str]) -> &mut Self {
        let came = self.wait(time);
        assert_eq!(came, expected, "in {time}: {:#?}", self.last);
        self
    }

    pub fn fire(&mut self, timer: &Timer, person: Person) -> &Decision {
        self.decide(&Update::without_message(timer.key, person, timer.due))
    }

    /// An operator gives the conversation with Ann back.
    pub fn hand_back(&mut self) -> Vec<String> {
        self.time = self.time + Duration::from_secs(1);
        // Operators name people by their numbers.
        let person = Person { first_name: String::new(), ..said("").sender };
        let (chat, message) = (ChatId::direct(ANN), MessageId::new(0));
        let key = UpdateKey { bot: BotId::new(7), chat, message, kind: UpdateKind::HandedBack(self.time) };
        let update = Update::without_message(key, person, self.time);
        heard(self.decide(&update))
    }

    pub fn decide(&mut self, update: &Update) -> &Decision {
        let (chat, person) = (update.chat.id, update.sender.id);
        let state = self.state(chat, person);
        let seed = match self.world {
            0 => Seed::of(&update.key),
            world => {
                Seed::new(world.wrapping_mul(1_000_003) ^ u64::from(update.message.id.get().unsigned_abs()))
            }
        };
        let decision = decide(&self.content, &state, update, seed);
        let explained = explain(&self.content, &state, update, seed);
        assert!(decision.trace.steps.is_empty());
        assert_eq!(decision, Decision { trace: decision.trace.clone(), ..explained.clone() });
        let [bot, chat_bytes, person_bytes] =
            [decision.state.bot.stored(), decision.state.chat.stored(), decision.state.person.stored()];
        let loaded = State::load(bot.as_deref(), chat_bytes.as_deref(), person_bytes.as_deref());
        let loaded = loaded.expect("what was stored can be loaded");
        assert_eq!(loaded, decision.state);
        for ((other_chat, other_person), state) in &mut self.states {
            state.bot = loaded.bot.clone();
            if *other_chat == chat {
                state.chat = loaded.chat.clone();
            }
            if *other_person == person {
                state.person = loaded.person.clone();
            }
        }
        self.states.insert((chat, person), loaded);
        if let Some(timer) = decision.timer {
            self.timers.insert(person, (timer, update.sender.clone()));
        }
        self.last.insert(explained)
    }

    /// Says something and tells what came: the texts in order, or the reason of silence in brackets.
    pub fn hear(&mut self, said: impl Into<Said>) -> Vec<String> {
        heard(self.say(said))
    }

    /// Says `said` and checks what is answered: the texts in order, or the reason of silence in brackets.
    #[track_caller]
    pub fn check(&mut self, said: impl Into<Said>, expected: &[&str]) -> &mut Self {
        let said = said.into();
        let what = format!("{:?} in {}", said.text, said.chat);
        let heard = self.hear(said);
        assert_eq!(heard, expected, "{what}: {:#?}", self.last);
        self
    }

    /// The source of the first text that was answered last.
    pub fn source(&self) -> String {
        let action = self.last.iter().flat_map(|decision| &decision.actions);
        let source = action
            .filter(|action| matches!(action.body, ActionBody::Reply { .. }))
            .map(|action| &action.source);
        source.map(told).next().unwrap_or_default()
    }

    /// The names of the events of the last decision.
    pub fn events(&self) -> Vec<String> {
        let events = self.last.iter().flat_map(|decision| &decision.events);
        events
            .map(|event| format!("{event:?}").split([' ', '{']).next().unwrap_or_default().to_owned())
            .collect()
    }
}

/// Reads `30s`, `5m`, `2h` or `3d`.
fn duration(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => 24 * 60 * 60,
    };
    Duration::from_secs(number.parse::<u64>().expect("it is a number") * unit)
}

/// What came of a decision: the texts in order, or the reason of silence in brackets.
pub fn heard(decision: &Decision) -> Vec<String> {
    let text = |body: &ActionBody| match body {
        ActionBody::Reply { text, media: None, .. } => Some(text.clone()),
        ActionBody::Reply { text, media: Some(media), .. } => {
            Some(format!("[{} {}] {text}", media.kind.as_str(), media.name).trim_end().to_owned())
        }
        _ => None,
    };
    let texts = decision.actions.iter().filter_map(|action| text(&action.body));
    let silence = decision.events.iter().filter_map(|event| match event {
        Event::Silent { reason } => Some(format!("({reason})")),
        _ => None,
    });
    texts.chain(silence).collect()
}

/// A source in short: `group`, `fail:group`, `step`, `entry`, `fallback`.
pub fn told(source: &Source) -> String {
    match source {
        Source::Guard => "guard".to_owned(),
        Source::TriggerGroup { group } => format!("group:{group}"),
        Source::FailMessage { group } => format!("fail:{group}"),
        Source::Step { scenario, step, .. } => format!("{scenario}:{step}"),
        Source::Entry { library, entry, .. } => format!("{library}:{entry}"),
        Source::Fallback { library, .. } => format!("{library}:"),
    }
}

/// A bot that says nothing yet, in a fleet of two.
pub fn content() -> Content {
    let account = Account { user: BOT, first_name: "Boris".into(), username: Some("boris_bot".into()) };
    let mut content = Content::of(account);
    content.groups = Groups::Only(BTreeSet::from([GROUP]));
    content.fleet = Arc::new(BTreeSet::from([BOT, COLLEAGUE]));
    content
}

#[track_caller]
pub fn parsed<T>(parsed: Result<T, troupe_engine::Faults>) -> T {
    match parsed {
        Ok(parsed) => parsed,
        Err(faults) => panic!("{faults}"),
    }
}
