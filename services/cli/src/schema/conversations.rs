use serde_json::{Value as Json, json};
use troupe_engine::schema::part::{about, any_of, boolean, document, has_any, map, one_of, part};

use super::{one_or_list, text};
use crate::told;

/// The schema of files of tests.
pub fn schema() -> Json {
    let mut root = map(
        &[],
        json!({
            "content": about("Where the content is: a folder or a bot file; the folder above this one by default.", text()),
            "bot": about("The bot file that the tests are about.", text()),
            "phrases": about("Libraries of which each phrase has to be answered by its own entry.",
                one_or_list(&text())),
            "tests": about("Conversations.", one_or_list(&test())),
        }),
    );
    root["anyOf"] = has_any(&["tests", "phrases"]);
    document("Tests of troupe", "Conversations that are played, and what is expected of them.", root, parts())
}

fn test() -> Json {
    map(
        &["name", "talk"],
        json!({
            "name": text(),
            "bot": about("The bot file that it is about.", text()),
            "as": about("Who talks; ann by default.", text()),
            "in": place(),
            "at": at(),
            "vars": about("Variables at the beginning.", part("vars")),
            "language": about("The language that the person has set.", text()),
            "time": about("When it begins, such as 2026-01-05T09:00:00Z.", text()),
            "seed": about("Another number, another chance.", text()),
            "talk": about("What is done and expected, one after another.", one_or_list(&step())),
        }),
    )
}

fn step() -> Json {
    let size = |description: &str| about(description, text());
    let file =
        map(&["size"], json!({"size": size("E.g. 2MB."), "type": about("E.g. application/pdf.", text())}));
    map(
        &[],
        json!({
            "say": about("The person writes this.", text()),
            "photo": size("The person sends a photo of this size, e.g. 200kB."),
            "file": about("The person sends a file.", file),
            "mention": about("With a mention of the bot.", boolean()),
            "edit": about("The person changes the last message to this.", text()),
            "as": about("Who talks from here on.", text()),
            "in": place(),
            "wait": about("So much time goes by, e.g. 30s, 5m, 2h or 3d.", text()),
            "hand_back": about("An operator gives the conversation back.", boolean()),
            "vars": about("Sets variables.", part("vars")),
            "at": at(),
            "expect": about("What answers; a list for several messages, [] for none.", one_or_list(&part("expected"))),
            "expect_vars": about("What variables are then.", part("vars")),
            "expect_webhooks": about("Which webhooks are called; a list for several, [] for none.",
                one_or_list(&part("webhook"))),
        }),
    )
}

fn place() -> Json {
    about("Where: direct or group.", one_of(&["direct", "group"]))
}

fn at() -> Json {
    about("A step at which somebody waits, such as welcome/email.", text())
}

fn parts() -> Json {
    let sources = told::SOURCES.join("|");
    let source = json!({"type": "string", "pattern": format!("^(silent.*|({sources})( .*)?)$")});
    let detailed = map(
        &[],
        json!({
            "source": about("What answers, as `troupe try` shows it.", text()),
            "text": about("What is said, or one of these.", one_or_list(&text())),
            "matches": about("A regular expression that has a hit in what is said.", text()),
            "silent": about("Nothing is said, for this reason; or any.", text()),
        }),
    );
    let called = map(
        &["to"],
        json!({
            "to": about("The webhook's name.", text()),
            "send": about("What it is told, among other things; null for what it is not told.", part("vars")),
        }),
    );
    json!({
        "webhook": any_of(&[text(), called]),
        "expected": any_of(&[source, detailed]),
        "vars": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
    })
}
