use serde_json::{Value as Json, json};
use troupe_engine::schema::part::{about, any_of, document, map, one_of};

use super::{content, one_or_list, text};

/// The schema of bot files.
pub fn schema() -> Json {
    let weight = json!({"type": ["integer", "string"], "minimum": 0});
    let weighted = map(
        &["name"],
        json!({"name": content(), "weight": about("How often people are given it; 1 by default.", weight)}),
    );
    let id = json!({"type": ["integer", "string"], "exclusiveMaximum": 0});
    let ids = one_or_list(&id);
    let groups = any_of(&[one_of(&["none", "all"]), ids.clone(), map(&[], json!({"only": ids}))]);
    let root = map(
        &[],
        json!({
            "name": about("Its first name on Telegram; the file's name by default.", text()),
            "username": about("Its public name.", text()),
            "id": about("Its number in the installation: whose updates are replayed.",
                json!({"type": ["integer", "string"], "minimum": 0})),
            "rules": about("Its rules, by the file's name without the ending.", content()),
            "library": about("The library it answers from, by the file's name without the ending.", content()),
            "group_library": about("The library it answers from in groups.", content()),
            "direct_library": about("The library it answers from in direct chats.", content()),
            "scenarios": about("The scenarios that people are given, with weights if wanted.",
                one_or_list(&any_of(&[content(), weighted]))),
            "groups": about("The groups it answers in: none (the default), all, or a list of chats' ids.", groups),
            "zone": about("What its clock is ahead of UTC, such as +03:00; UTC by default.",
                json!({"type": "string", "pattern": "^(UTC|[+-][0-9]{2}:[0-5][0-9])$"})),
        }),
    );
    document("Bot file of troupe", "Which content a bot speaks from, where, and who it is.", root, json!({}))
}
