use serde_json::{Value as Json, json};

use super::part::{
    about, answer_parts, answers, any_of, boolean, chance, cooldown, document, duration, has, has_any, list,
    map, map_of, name, number, one_of, one_or_more, part, regex, text, webhook,
};
use crate::{
    limits,
    rules::{DEEDS, QUESTIONS},
};

/// The schema of rules in troupe's own format.
pub fn rules() -> Json {
    let variable = map(
        &[],
        json!({
            "of": about("Whose it is: each person's (the default), or one for the bot.", one_of(&["person", "bot"])),
            "saved": about("Whether it is kept over a restart; true by default.", boolean()),
            "start": about("What a variable of the bot's starts with.", text()),
        }),
    );
    let group = map(
        &["name", "when"],
        json!({
            "name": about("What the group is called wherever it is counted.", name()),
            "where": about("The chats it looks at; any by default.", one_of(&["any", "direct", "group"])),
            "when": about("All of these have to hold.", list(limits::GROUP_MEMBERS, &part("item"))),
            "react": about("What is done, one after another.", list(limits::GROUP_MEMBERS, &part("reaction"))),
        }),
    );
    let root = map(
        &["groups"],
        json!({
            "variables": about("What is kept about each person, or for the bot.",
                map_of(limits::VARIABLES, &variable)),
            "groups": about("The first one that fires answers; the ones behind it are not asked.",
                list(limits::GROUPS, &group)),
        }),
    );
    let mut parts = answer_parts();
    parts["saying"] = any_of(&[answers(), map(&["plain"], json!({"plain": text()}))]);
    parts["item"] = item();
    parts["condition"] = asked(questions(), &[]);
    parts["reaction"] = reaction();
    parts["deed"] = done(deeds(), &[]);
    document("Rules of troupe", "Trigger groups, what they do, and variables.", root, parts)
}

fn item() -> Json {
    let mut fields = questions();
    fields["any"] = about(
        "One of these holds.",
        json!({"type": "array", "items": part("condition"), "minItems": 1, "maxItems": limits::GROUP_MEMBERS}),
    );
    fields["name"] = about("What `troupe explain` calls it.", text());
    fields["else_say"] = about(
        "What is said if it does not hold. It ends the search: no group behind it is asked.",
        part("saying"),
    );
    asked(fields, &["any"])
}

/// A map in which one question is asked.
fn asked(fields: Json, others: &[&str]) -> Json {
    let mut schema = map(&[], fields);
    schema["oneOf"] = has_any(&[QUESTIONS, others].concat());
    let tests = json!([
        {"required": ["is"]}, {"required": ["exists"]}, {"anyOf": [{"required": ["at_least"]}, {"required": ["at_most"]}]}
    ]);
    schema["if"] = has("variable");
    schema["then"] = json!({"oneOf": tests});
    let compares = ["is", "exists", "at_least", "at_most"].map(|test| (test.to_owned(), json!(["variable"])));
    schema["dependentRequired"] = Json::Object(compares.into_iter().collect());
    schema
}

fn questions() -> Json {
    let kind = one_of(&["any", "photo", "image", "document", "other"]);
    let media = map(&[], json!({"kind": kind, "min": size(), "max": size()}));
    let words = || one_or_more(limits::CONDITION_MEMBERS, &text());
    let id = || json!({"type": "integer", "not": {"const": 0}});
    let sender = any_of(&[json!({"type": "string", "pattern": "^@?[A-Za-z0-9_]+$"}), id()]);
    let clock = || json!({"type": "string", "pattern": "^[0-9]{2}:[0-5][0-9]$", "examples": ["09:30"]});
    let days = one_of(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let mut time = map(
        &[],
        json!({
            "from": about("From this time of day on.", clock()),
            "to": about("Until before this time of day.", clock()),
            "days": about("On these days of the week.",
                json!({"type": "array", "items": days, "minItems": 1, "maxItems": 7})),
            "zone": about("What the clock is ahead of UTC, such as +03:00; UTC by default.",
                json!({"type": "string", "pattern": "^(UTC|[+-][0-9]{2}:[0-5][0-9])$"})),
        }),
    );
    time["anyOf"] = has_any(&["from", "to", "days"]);
    let other = || map(&["variable"], json!({"variable": name()}));
    let bound = || any_of(&[number(), other()]);
    json!({
        "text": about("A regular expression that has a hit in the text; upper and lower case differ, but for (?i).",
            regex()),
        "phrase": about("One of these is the message or a part of it; typing errors are forgiven.", words()),
        "keyword": about("All words of one of these are in the message.", words()),
        "media": about("A file of this kind, and of this size.", any_of(&[kind.clone(), media])),
        "addressed": about("The bot is addressed: directly, by a mention or by a reply.", boolean()),
        "mentioned": about("The bot is mentioned.", boolean()),
        "reply": about("The message answers one of the bot's.", boolean()),
        "chat": about("The chat is one of these, by id.", one_or_more(limits::CONDITION_MEMBERS, &id())),
        "sender": about("The person is one of these, by public name or by id.",
            one_or_more(limits::CONDITION_MEMBERS, &sender)),
        "time": about("The message was written at such a time.", time),
        "chance": about("That often, from 0, never, to 1, always.", chance()),
        "cooldown": about("The group has not fired for so long, e.g. 5m or {chat: 5m, person: 1d}.", cooldown()),
        "variable": about("A variable that is compared: is, exists, at_least, at_most.", name()),
        "is": about("The variable is this, or one of these.",
            one_or_more(limits::CONDITION_MEMBERS, &any_of(&[text(), other()]))),
        "exists": about("Whether the variable has a value.", boolean()),
        "at_least": about("The variable is a number, and not less than this.", bound()),
        "at_most": about("The variable is a number, and not more than this.", bound()),
        "not": about("This does not hold.", part("condition")),
    })
}

fn reaction() -> Json {
    let mut fields = deeds();
    fields["one_of"] = about(
        "One of these by chance.",
        json!({"type": "array", "items": part("deed"), "minItems": 1, "maxItems": limits::GROUP_MEMBERS}),
    );
    fields["name"] = about("What it is called by whoever reads it.", text());
    done(fields, &["one_of"])
}

/// A map in which one thing is done.
fn done(fields: Json, others: &[&str]) -> Json {
    let mut schema = map(&[], fields);
    schema["oneOf"] = has_any(&[DEEDS, others].concat());
    schema["dependentRequired"] = json!({"chat": ["say"]});
    schema
}

fn deeds() -> Json {
    let remove = any_of(&[name(), list(limits::GROUP_MEMBERS, &name())]);
    json!({
        "say": about("What is said.", part("saying")),
        "chat": about("Says it in the chat whose id this variable of the bot's holds.", name()),
        "set": about("Sets variables.", map_of(limits::GROUP_ACTIONS, &text())),
        "save": about("Saves the text of the message in this variable.", name()),
        "add": about("Adds to variables that are numbers.", map_of(limits::GROUP_ACTIONS, &number())),
        "remove": about("Forgets these variables.", remove),
        "store_file": about("Stores the file of the message, if there is one of this size.",
            map(&[], json!({"min": size(), "max": size()}))),
        "emoji": about("Reacts to the message with it.",
            json!({"type": "string", "minLength": 1, "maxLength": limits::EMOJI_CHARS})),
        "forward": about("Forwards the message to the chat whose id this variable of the bot's holds.", name()),
        "wait": about("What stands behind it is done so much later, at most 5m.", duration()),
        "goal": about("Counts as a goal that was reached.", name()),
        "start_scenario": about("Begins this scenario, in place of the one that the person is in.", name()),
        "end_scenario": about("Takes the person out of the scenario, without its goal.", json!({"enum": [true]})),
        "hand_over": about("Leaves the conversation to an operator, so long at most, e.g. 2h.", duration()),
        "webhook": about("Calls the webhook of this name, and tells it these values.", webhook()),
    })
}

fn size() -> Json {
    json!({"type": "string", "pattern": r"^[0-9.]+\s*[kKmM]?[bB]$", "examples": ["200 kB", "10 MB"]})
}
