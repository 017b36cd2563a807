use std::{cell::OnceCell, collections::BTreeMap, sync::Arc, time::Duration};

use troupe_types::ChatId;

use crate::{
    Action, ActionBody, Content, Decision, Event, Seed, Silence, Source, State, Tried, Update,
    answers::{Answers, Wanted},
    decision::Attachment,
    language::Writing,
    library::Cooldown,
    limits,
    matcher::Folded,
    template::{Lookup, Values},
    text::{self, Words},
    timers::{self, Wake},
    trace::Tracer,
};

/// What is said: a text, or what is attached with a text beside it, which may be empty then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub text: String,
    pub media: Option<Attachment>,
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self { text, media: None }
    }
}

/// One decision in the making: what is given, and what has come of it so far.
pub(crate) struct Turn<'a> {
    pub content: &'a Content,
    pub update: &'a Update,
    pub seed: Seed,
    pub state: State,
    pub trace: Tracer,
    /// What is to become of the person's timer.
    pub wake: Wake,
    /// The state as it was given.
    pub before: &'a State,
    actions: Vec<Action>,
    events: Vec<Event>,
    /// How much later than decided what comes next is done.
    delay: Duration,
    words: OnceCell<Words>,
    folded: OnceCell<Arc<Folded>>,
}

impl<'a> Turn<'a> {
    pub fn new(
        content: &'a Content,
        before: &'a State,
        update: &'a Update,
        seed: Seed,
        trace: Tracer,
    ) -> Self {
        let (actions, events) = (Vec::new(), Vec::new());
        let (words, folded) = (OnceCell::new(), OnceCell::new());
        let (state, wake, delay) = (before.clone(), Wake::WhenDue, Duration::ZERO);
        Self { content, update, seed, state, trace, wake, before, actions, events, delay, words, folded }
    }

    /// The words of the message, normalised: see [`text::spoken`].
    pub fn words(&self) -> &Words {
        self.words.get_or_init(|| text::spoken(&self.update.message.text))
    }

    /// The text of the message as patterns are looked up in it. Shared, so that it can be read while the turn changes.
    pub fn folded(&self) -> Arc<Folded> {
        Arc::clone(self.folded.get_or_init(|| Arc::new(Folded::new(&self.update.message.text))))
    }

    /// Whether anything is done so far.
    pub fn has_acted(&self) -> bool {
        !self.actions.is_empty()
    }

    pub fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    pub fn act(&mut self, source: Source, body: ActionBody) {
        self.act_in(self.update.chat.id, source, body);
    }

    pub fn act_in(&mut self, chat: ChatId, source: Source, body: ActionBody) {
        self.actions.push(Action { chat, source, delay: self.delay, body });
    }

    /// Lets all that is still to be decided be done so much later, up to the bound.
    pub fn wait(&mut self, time: Duration) {
        self.delay = (self.delay + time).min(limits::DELAY);
    }

    /// Whether the text has the bot's `@name` in it.
    pub fn is_named(&self) -> bool {
        let Some(name) = &self.content.account.username else { return false };
        let is_in_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
        self.update.message.text.split('@').skip(1).any(|after| {
            let end = after.find(|char| !is_in_name(char)).unwrap_or(after.len());
            after[..end].eq_ignore_ascii_case(name)
        })
    }

    /// Whether what has this hash keeps silent in this chat, or for this person.
    pub fn cools(&self, hash: u64) -> bool {
        let (state, now) = (&self.state, self.update.time);
        state.chat.cooldowns.cools(hash, now) || state.person.cooldowns.cools(hash, now)
    }

    /// Lets what has this hash keep silent from now on.
    pub fn cool(&mut self, hash: u64, cooldown: Cooldown) {
        let now = self.update.time;
        if !cooldown.chat.is_zero() {
            self.state.chat.cooldowns.cool(hash, now, cooldown.chat);
        }
        if !cooldown.person.is_zero() {
            self.state.person.cooldowns.cool(hash, now, cooldown.person);
        }
    }

    /// Answers in the same chat; in a group as a reply, so that everybody sees whom.
    pub fn reply(&mut self, source: Source, said: impl Into<Said>) {
        self.reply_in(self.update.chat.id, source, said);
    }

    /// Says something in `chat`, its text cut to what Telegram sends; what is nothing but blanks is left out.
    pub fn reply_in(&mut self, chat: ChatId, source: Source, said: impl Into<Said>) {
        let Said { text, media } = said.into();
        if text.trim().is_empty() && media.is_none() {
            self.trace.note(|| Tried::TextBlank);
            return;
        }
        let length_max = if media.is_some() { limits::CAPTION_UTF16 } else { limits::TEXT_UTF16 };
        let (text, cut) = text::cut(text, length_max);
        if let Some(length) = cut {
            self.trace.note(|| Tried::TextCut { length });
        }
        let here = chat == self.update.chat.id;
        let reply_to = (here && !self.update.is_direct()).then_some(self.update.message.id);
        self.act_in(chat, source, ActionBody::Reply { text, media, reply_to });
    }

    /// Chooses a variation of `answers`, which `label` names for chance, and fills it in. `language` is what the
    /// conversation is held in, if that is settled. Returns the variation's place and what it says.
    pub fn word(&mut self, answers: &Answers, label: &[&str], language: Option<&str>) -> (u16, Said) {
        let wanted = match language {
            Some(language) => Wanted { writing: None, language: Some(language) },
            // Of one way to say it there is nothing to choose from the message.
            None if answers.language_count() < 2 => Wanted { writing: None, language: None },
            None => self.wanted(),
        };
        let person = &mut self.state.person;
        let chosen = answers.choose(wanted, |answer| person.used_mut(answer), self.seed.stream(label));
        self.trace.note(|| Tried::Variation { chosen: chosen.index, fresh: chosen.fresh });
        // A choice of its own: it is to be independent of that of the variation.
        let chance = || self.seed.stream(&[label, &["alternatives"]].concat());
        let language = chosen.language.map(|language| &**language).or(language);
        let text = chosen.text.expand(&self.values(language), chance);
        (chosen.index, Said { text, media: chosen.media.cloned() })
    }

    /// What is known of the language to answer in.
    pub fn wanted(&self) -> Wanted<'a> {
        let update = self.update;
        Wanted { writing: Writing::of(&update.message.text), language: update.sender.language.as_deref() }
    }

    /// What templates can ask for.
    pub fn values<'t>(&'t self, language: Option<&'t str>) -> Values<'t> {
        let Update { chat, sender, message, .. } = self.update;
        let account = &self.content.account;
        Values {
            first_name: &sender.first_name,
            last_name: sender.last_name.as_deref(),
            username: sender.username.as_deref(),
            person_language: sender.language.as_deref(),
            chat_title: chat.title.as_deref(),
            bot_first_name: &account.first_name,
            bot_username: account.username.as_deref(),
            message_text: &message.text,
            time: self.update.time,
            zone: self.content.zone,
            language,
            lookup: self,
        }
    }

    /// The value that the person has in `variable`.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let person = &self.state.person;
        let values =
            if self.is_saved(name) { Some(&person.variables) } else { person.volatile.of(self.content.run) };
        values?.get(name).map(String::as_str)
    }

    /// The person's rows: all that [`Self::variable`] can give, and those that a change of the rules has put out of use.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        let person = &self.state.person;
        let volatile = person.volatile.of(self.content.run).into_iter().flatten();
        person.variables.iter().chain(volatile).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets `variable` for the person.
    pub fn set_variable(&mut self, name: &Arc<str>, value: String) {
        let values = self.values_mut(name);
        if values.len() >= limits::PERSON_VARIABLES && !values.contains_key(&**name) {
            self.trace.note(|| Tried::VariableRefused { variable: Arc::clone(name) });
            return;
        }
        values.insert(name.to_string(), text::cut(value, limits::TEXT_UTF16).0);
        self.events.push(Event::VariableChanged { variable: Arc::clone(name) });
    }

    /// Removes the person's row of `variable`; nothing has changed if there was none.
    pub fn remove_variable(&mut self, name: &Arc<str>) {
        if self.values_mut(name).remove(&**name).is_some() {
            self.events.push(Event::VariableChanged { variable: Arc::clone(name) });
        }
    }

    fn values_mut(&mut self, name: &str) -> &mut BTreeMap<String, String> {
        let saved = self.is_saved(name);
        let person = &mut self.state.person;
        if saved { &mut person.variables } else { person.volatile.of_mut(self.content.run) }
    }

    /// Sets the single variable `name`. Only declared ones are set, which bounds how many there are.
    pub fn set_single_variable(&mut self, name: &Arc<str>, value: String) {
        self.single_values_mut(name).insert(name.to_string(), text::cut(value, limits::TEXT_UTF16).0);
        self.events.push(Event::VariableChanged { variable: Arc::clone(name) });
    }

    /// Removes the stored value of the single variable `name`: it is what it started as again.
    pub fn remove_single_variable(&mut self, name: &Arc<str>) {
        if self.single_values_mut(name).remove(&**name).is_some() {
            self.events.push(Event::VariableChanged { variable: Arc::clone(name) });
        }
    }

    fn single_values_mut(&mut self, name: &str) -> &mut BTreeMap<String, String> {
        let saved = self.is_saved(name);
        let bot = &mut self.state.bot;
        if saved { &mut bot.variables } else { bot.volatile.of_mut(self.content.run) }
    }

    /// The value of a single variable: the stored one, else the one it starts with.
    pub fn single_variable(&self, name: &str) -> Option<&str> {
        let bot = &self.state.bot;
        let stored =
            if self.is_saved(name) { Some(&bot.variables) } else { bot.volatile.of(self.content.run) };
        let start = || self.content.rules.as_ref()?.variable(name)?.start.as_deref();
        stored.and_then(|stored| stored.get(name)).map(String::as_str).or_else(start)
    }

    /// Whether the values of `name` outlive a restart: as it is declared, and if it is not, yes.
    fn is_saved(&self, name: &str) -> bool {
        let declared = self.content.rules.as_ref().and_then(|rules| rules.variable(name));
        declared.is_none_or(|variable| variable.saved)
    }

    /// The decision that something has answered, if with nothing but deeds.
    pub fn answered(mut self) -> Decision {
        let reply = self.actions.iter().find(|action| matches!(action.body, ActionBody::Reply { .. }));
        match reply.map(|reply| reply.source.clone()) {
            Some(source) => self.event(Event::Replied { source }),
            None => self.event(Event::Silent { reason: Silence::Wordless }),
        }
        if let Some(first) = self.actions.first() {
            // Of a burst this is the last message.
            let (chat, message) = (self.update.chat.id, self.update.message.id);
            let (source, delay) = (first.source.clone(), Duration::ZERO);
            let read = Action { chat, source, delay, body: ActionBody::Read { message } };
            self.actions.insert(0, read);
        }
        self.finish()
    }

    /// The decision to say nothing.
    pub fn silent(mut self, reason: Silence) -> Decision {
        self.event(Event::Silent { reason });
        self.finish()
    }

    /// The decision as it stands.
    pub fn finish(mut self) -> Decision {
        let timer = timers::set(&mut self);
        let Self { state, trace, actions, events, .. } = self;
        Decision { actions, state, timer, events, trace: trace.finish() }
    }
}

impl Lookup for Turn<'_> {
    fn person(&self, variable: &str) -> Option<&str> {
        self.variable(variable)
    }

    fn single(&self, variable: &str) -> Option<&str> {
        self.single_variable(variable)
    }
}
