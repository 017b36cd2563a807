use std::collections::BTreeMap;

/// A text with places that values are put into: `{{person.first_name}}`, or with a substitute for an absent or empty
/// value `{{person.first_name|friend}}`.
///
/// There is no logic in it, and values are put in as they are: what a person writes can't become a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value { asked: Asked, substitute: String },
}

/// What a template can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    FirstName,
    Username,
    ChatTitle,
    BotFirstName,
    BotUsername,
    MessageText,
    Variable(String),
    BotVariable(String),
}

/// The values that a template can ask for.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub first_name: &'a str,
    pub username: Option<&'a str>,
    pub chat_title: Option<&'a str>,
    pub bot_first_name: &'a str,
    pub bot_username: Option<&'a str>,
    pub message_text: &'a str,
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

const KNOWN: &str = "person.first_name, person.username, chat.title, bot.first_name, bot.username, message.text, \
                     variable.NAME, bot.variable.NAME";

impl Template {
    /// Reads `text`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((inside, after)) = after.split_once("}}") else {
                return Err("a {{ without its }}".to_owned());
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (name, substitute) = inside.split_once('|').unwrap_or((inside, ""));
            parts.push(Part::Value {
                asked: Asked::parse(name.trim())?,
                substitute: substitute.trim().to_owned(),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The text with `values` in their places.
    pub fn expand(&self, values: &Values<'_>) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value { asked, substitute } => {
                    let value = asked.value(values).filter(|value| !value.trim().is_empty());
                    text.push_str(value.unwrap_or(substitute));
                }
            }
        }
        text
    }
}

impl Asked {
    fn parse(name: &str) -> Result<Self, String> {
        let variable = |name: &str| {
            let name = name.trim();
            (!name.is_empty())
                .then(|| name.to_owned())
                .ok_or_else(|| "a variable's name is missing".to_owned())
        };
        Ok(match name {
            "person.first_name" => Self::FirstName,
            "person.username" => Self::Username,
            "chat.title" => Self::ChatTitle,
            "bot.first_name" => Self::BotFirstName,
            "bot.username" => Self::BotUsername,
            "message.text" => Self::MessageText,
            _ => match (name.strip_prefix("variable."), name.strip_prefix("bot.variable.")) {
                (Some(name), _) => Self::Variable(variable(name)?),
                (_, Some(name)) => Self::BotVariable(variable(name)?),
                _ => return Err(format!("there is no value {name:?}; known are {KNOWN}")),
            },
        })
    }

    fn value<'a>(&self, values: &Values<'a>) -> Option<&'a str> {
        match self {
            Self::FirstName => Some(values.first_name),
            Self::Username => values.username,
            Self::ChatTitle => values.chat_title,
            Self::BotFirstName => Some(values.bot_first_name),
            Self::BotUsername => values.bot_username,
            Self::MessageText => Some(values.message_text),
            Self::Variable(name) => values.lookup.person(name),
            Self::BotVariable(name) => values.lookup.single(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let lookup = BTreeMap::from([("plan".to_owned(), "{{person.first_name}}".to_owned())]);
        let values = Values {
            first_name: "Ann",
            username: None,
            chat_title: None,
            bot_first_name: "Boris",
            bot_username: Some("boris"),
            message_text: "hi",
            lookup: &lookup,
        };
        let text = Template::parse(template).map(|template| template.expand(&values));
        assert_eq!(text.unwrap_or_else(|fault| format!("fault: {fault}")), expected);
    }

    #[test]
    fn values_come_into_their_places() {
        check("Hi {{person.first_name}}, I am {{ bot.first_name }}.", "Hi Ann, I am Boris.");
        check("{{person.username|friend}} {{variable.none}}{{chat.title|here}}", "friend here");
        check("a { b } c", "a { b } c");
    }

    #[test]
    fn a_value_is_never_expanded_again() {
        check("{{variable.plan}}", "{{person.first_name}}");
    }

    #[test]
    fn what_is_no_template_is_refused() {
        check("{{person.first_name", "fault: a {{ without its }}");
        check("{{variable.}}", "fault: a variable's name is missing");
        check("{{person.age}}", &format!("fault: there is no value \"person.age\"; known are {KNOWN}"));
    }
}
