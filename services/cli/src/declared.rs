//! How a bot's rules declare variables.

use serde_json::Value as Json;

use crate::{bundle::Bot, document::Node};

/// Where a variable's value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// Once for the bot, rather than once for each person.
    pub single: bool,
    /// Over a restart.
    pub saved: bool,
}

/// How `name` is declared; a variable that is not is each person's own and kept, as the engine has it.
pub fn find(bot: &Bot<'_>, name: &str) -> Declared {
    let variables = bot.rules().and_then(|rules| rules.source.get("variables"));
    if let Some(own) = variables.and_then(|variables| variables.get(name)) {
        // In troupe's own format they are a map.
        return Declared {
            single: own.get("of").and_then(Node::text) == Some("bot"),
            saved: own.get("saved").is_none_or(|saved| saved.json() == Json::Bool(true)),
        };
    }
    let declared = variables
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .find(|variable| variable.get("variableName").and_then(Node::text) == Some(name));
    let flag = |variable: &Node, field: &str| {
        variable.get(field).is_some_and(|flag| flag.json() == Json::Bool(true))
    };
    declared.map_or(Declared { single: false, saved: true }, |variable| Declared {
        single: !flag(variable, "isDictionary"),
        saved: flag(variable, "saveToDisk"),
    })
}
