use serde_json::{Value as Json, json};

use super::part::{
    about, answer_parts, answers, chance, cooldown, document, has_any, list, map, name, one_of, regex, text,
};
use crate::limits;

/// The schema of answer libraries.
pub fn library() -> Json {
    let words = || list(limits::ENTRY_PATTERNS, &text());
    let when = || one_of(&["always", "addressed"]);
    let reply = || {
        json!({
            "answers": about("What is said: a text, a list of variations, or either for each language.", answers()),
            "when": about("Whom it answers in a group: always, or only who addresses the bot.", when()),
            "chance": about("How often it answers when it could; 1 by default.", chance()),
            "cooldown": about("How long it keeps silent after it has spoken, e.g. 5m or {chat: 1m, person: 1h}.",
                cooldown()),
        })
    };
    let mut fields = reply();
    fields["id"] = about("What the entry is called wherever it is counted.", name());
    fields["phrases"] = about("The message, or a part of it; typing errors are forgiven.", words());
    fields["keywords"] = about("All words of one of them are in the message, anywhere.", words());
    fields["regexes"] = about(
        "Regular expressions on the message, upper and lower case alike.",
        list(limits::ENTRY_PATTERNS, &regex()),
    );
    let mut entry = map(&["id", "answers"], fields);
    entry["anyOf"] = has_any(&["phrases", "keywords", "regexes"]);
    let root = map(
        &["entries"],
        json!({
            "when": about("Whom entries answer in a group: always (the default), or only who addresses the bot.", when()),
            "fallback": about("What is said if nothing matches; in groups to who addresses the bot.",
                map(&["answers"], reply())),
            "entries": about("What people say, and what is answered.", list(limits::ENTRIES, &entry)),
        }),
    );
    document("Answer library of troupe", "What people say, and what is answered.", root, answer_parts())
}
