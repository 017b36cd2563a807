use std::{borrow::Cow, collections::BTreeMap};

use troupe_types::{Timestamp, Zone};

use crate::civil::Civil;

/// What a template can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    FirstName,
    LastName,
    Username,
    Language,
    ChatTitle,
    BotFirstName,
    BotUsername,
    MessageText,
    Time(TimePart),
    Variable(String),
    BotVariable(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimePart {
    Date,
    Clock,
    Hour,
    Minute,
    Weekday,
}

/// The values that a template can ask for.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub first_name: &'a str,
    pub last_name: Option<&'a str>,
    pub username: Option<&'a str>,
    pub person_language: Option<&'a str>,
    pub chat_title: Option<&'a str>,
    pub bot_first_name: &'a str,
    pub bot_username: Option<&'a str>,
    pub message_text: &'a str,
    pub time: Timestamp,
    /// The zone that the time is told in.
    pub zone: Zone,
    /// The language of the text: weekdays have names.
    pub language: Option<&'a str>,
    pub lookup: &'a dyn Lookup,
}

/// Finds the values of variables.
pub(crate) trait Lookup {
    /// The value that the person has in `variable`.
    fn person(&self, variable: &str) -> Option<&str>;
    /// The value of the single variable `variable`.
    fn single(&self, variable: &str) -> Option<&str>;
}

impl Lookup for BTreeMap<String, String> {
    fn person(&self, variable: &str) -> Option<&str> {
        self.get(variable).map(String::as_str)
    }

    fn single(&self, _variable: &str) -> Option<&str> {
        None
    }
}

pub(super) const KNOWN: &str = "person.first_name, person.last_name, person.username, person.language, chat.title, bot.first_name, \
     bot.username, message.text, time.date, time.clock, time.hour, time.minute, time.weekday, variable.NAME, bot.variable.NAME";

impl Asked {
    pub fn parse(name: &str) -> Result<Self, String> {
        let variable = |name: &str| {
            let name = name.trim();
            (!name.is_empty())
                .then(|| name.to_owned())
                .ok_or_else(|| "a variable's name is missing".to_owned())
        };
        Ok(match name {
            "person.first_name" => Self::FirstName,
            "person.last_name" => Self::LastName,
            "person.username" => Self::Username,
            "person.language" => Self::Language,
            "chat.title" => Self::ChatTitle,
            "bot.first_name" => Self::BotFirstName,
            "bot.username" => Self::BotUsername,
            "message.text" => Self::MessageText,
            "time.date" => Self::Time(TimePart::Date),
            "time.clock" => Self::Time(TimePart::Clock),
            "time.hour" => Self::Time(TimePart::Hour),
            "time.minute" => Self::Time(TimePart::Minute),
            "time.weekday" => Self::Time(TimePart::Weekday),
            _ => match (name.strip_prefix("variable."), name.strip_prefix("bot.variable.")) {
                (Some(name), _) => Self::Variable(variable(name)?),
                (_, Some(name)) => Self::BotVariable(variable(name)?),
                _ => return Err(format!("there is no value {name:?}; known are {KNOWN}")),
            },
        })
    }

    pub fn value<'a>(&self, values: &Values<'a>) -> Option<Cow<'a, str>> {
        let value = match self {
            Self::FirstName => Some(values.first_name),
            Self::LastName => values.last_name,
            Self::Username => values.username,
            Self::Language => values.person_language,
            Self::ChatTitle => values.chat_title,
            Self::BotFirstName => Some(values.bot_first_name),
            Self::BotUsername => values.bot_username,
            Self::MessageText => Some(values.message_text),
            Self::Time(part) => {
                return Some(part.of(&Civil::of(values.time, values.zone), values.language).into());
            }
            Self::Variable(name) => values.lookup.person(name),
            Self::BotVariable(name) => values.lookup.single(name),
        };
        value.map(Cow::Borrowed)
    }
}

impl TimePart {
    fn of(self, time: &Civil, language: Option<&str>) -> String {
        match self {
            Self::Date => format!("{:04}-{:02}-{:02}", time.year, time.month, time.day),
            Self::Clock => format!("{:02}:{:02}", time.hour, time.minute),
            Self::Hour => time.hour.to_string(),
            Self::Minute => format!("{:02}", time.minute),
            Self::Weekday => weekdays(language)[time.weekday].to_owned(),
        }
    }
}

/// The names of the weekdays, from Monday: those of the languages that answers are written in most, and English ones
/// for the others.
fn weekdays(language: Option<&str>) -> [&'static str; 7] {
    match language.unwrap_or_default().split('-').next().unwrap_or_default() {
        "ru" => ["понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"],
        "uk" => ["понеділок", "вівторок", "середа", "четвер", "п’ятниця", "субота", "неділя"],
        "de" => ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        "es" => ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
        "fr" => ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        "pt" => [
            "segunda-feira",
            "terça-feira",
            "quarta-feira",
            "quinta-feira",
            "sexta-feira",
            "sábado",
            "domingo",
        ],
        _ => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    }
}
