//! Answers of the API as tables for people.

use serde_json::Value;

use crate::{
    range::{self, Said},
    report::bot,
    table::{Column, Room, table},
};

/// Bots, a line each.
pub fn bots(bots: &[Value]) -> String {
    let column = |heading: &str, cell: &dyn Fn(&Value) -> String| {
        Column::text(heading, bots.iter().map(cell).collect())
    };
    let account = |bot: &Value| {
        let username = bot["identity"]["username"].as_str().map(|name| format!("@{name}"));
        username
            .or_else(|| text(&bot["identity"]["first_name"]))
            .unwrap_or_else(|| "not signed in".to_owned())
    };
    let columns = vec![
        column("BOT", &|bot| bot["id"].to_string()),
        column("NAME", &|bot| text(&bot["name"]).unwrap_or_default()),
        column("ACCOUNT", &account),
        column("WANTED", &|bot| text(&bot["desired"]).unwrap_or_default()),
        column("STATE", &|bot| text(&bot["status"]["state"]).unwrap_or_else(|| "-".to_owned())),
        column("DETAIL", &|bot| detail(bot)),
    ];
    table(columns, 1, None, None)
}

/// What else there is to say of a bot's state, above all what to do about it.
fn detail(bot: &Value) -> String {
    match text(&bot["status"]["detail"]) {
        Some(detail) => detail,
        None if bot["identity"].is_null() => format!("go on with `troupe login {}`", bot["id"]),
        None => String::new(),
    }
}

/// From when until when; counts by bot and chat, then what answered, and why nothing did.
pub fn statistics(answer: &Value, bots: &[Value], said: Said, width: Option<usize>) -> String {
    let chats = items(answer, "chats");
    let all = || chats.iter().chain([&answer["total"]]);
    let bot = |row: &Value| match &row["bot"] {
        Value::Null => "all".to_owned(),
        number => bot(number, bots),
    };
    let chat = |row: &Value| {
        text(&row["chat_kind"]).map_or_else(String::new, |kind| format!("{kind} {}", row["chat"]))
    };
    let mut columns =
        vec![Column::text("BOT", all().map(bot).collect()), Column::text("CHAT", all().map(chat).collect())];
    let numbers = [
        ("RECEIVED", "received"),
        ("SENT", "sent"),
        ("FAILED", "failed"),
        ("PEOPLE", "people"),
        ("SCENARIOS STARTED", "scenarios_started"),
        ("SCENARIOS ENDED", "scenarios_ended"),
        ("GOALS", "goals"),
    ];
    columns.extend(numbers.map(|(heading, field)| {
        let number = |row: &Value| row[field].as_u64().unwrap_or_default().to_string();
        Column::numbers(heading, all().map(number).collect())
    }));
    let named = |heading: &str, field: &str| {
        let items = items(answer, field);
        let names = items.iter().map(|item| text(&item["name"]).unwrap_or_default()).collect();
        let counts = items.iter().map(|item| item["count"].to_string()).collect();
        let columns = vec![Column::text(heading, names), Column::numbers("MESSAGES", counts)];
        (!items.is_empty()).then(|| table(columns, 1, None, width.map(Room::for_first)))
    };
    // The sum of all stands last.
    let room = width.map(|width| Room { last: 1, ..Room::for_first(width) });
    let (when, counts) = (Some(range::told(answer, said, false)), Some(table(columns, 2, None, room)));
    let parts = [when, counts, named("ANSWERED BY", "replies"), named("SILENT BECAUSE OF", "silent")];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// Documents of a kind, each with its newest version.
pub fn documents(answer: &Value) -> String {
    let documents = items(answer, "documents");
    let names = documents.iter().map(|document| text(&document["name"]).unwrap_or_default()).collect();
    let versions = documents.iter().map(|document| document["version"].to_string()).collect();
    table(vec![Column::text("NAME", names), Column::numbers("VERSION", versions)], 1, None, None)
}

/// The receipt of an erasure: what was found and removed, what failed, what remains.
pub fn receipt(answer: &Value) -> String {
    let bot = |row: &Value| row["bot"].as_u64().map_or_else(|| "all".to_owned(), |bot| bot.to_string());
    let found = items(answer, "found");
    let word = |heading: &str, field: &str| {
        Column::text(heading, found.iter().map(|row| text(&row[field]).unwrap_or_default()).collect())
    };
    let number = |heading: &str, field: &str| {
        Column::numbers(heading, found.iter().map(|row| row[field].to_string()).collect())
    };
    let columns = vec![
        word("STORE", "store"),
        Column::text("BOT", found.iter().map(bot).collect()),
        word("WHAT", "what"),
        number("FOUND", "found"),
        number("REMOVED", "removed"),
    ];
    let mut parts = Vec::new();
    parts.push(match found {
        [] => format!("nothing was found of {}", answer["person"]),
        _ => table(columns, 1, None, None),
    });
    let failed: Vec<String> = items(answer, "failed")
        .iter()
        .map(|row| {
            let word = |field: &str| text(&row[field]).unwrap_or_default();
            format!("  {} (bot {}): {}", word("store"), bot(row), word("reason"))
        })
        .collect();
    if !failed.is_empty() {
        parts.push(format!("FAILED\n{}", failed.join("\n")));
    }
    let remains = |heading: &str, field: &str| {
        let remains = items(answer, "remains").iter();
        Column::text(heading, remains.map(|row| text(&row[field]).unwrap_or_default()).collect())
    };
    parts.push(table(vec![remains("REMAINS", "what"), remains("UNTIL", "until")], 1, None, None));
    parts.push(match answer["complete"].as_bool() {
        Some(true) => format!("{} is erased", answer["person"]),
        _ => format!("{} is not erased everywhere: run it again", answer["person"]),
    });
    parts.join("\n\n")
}

fn items<'a>(answer: &'a Value, field: &str) -> &'a [Value] {
    answer[field].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use serde_json::json;

    use super::*;

    fn plain(shown: &str) -> String {
        strip_str(shown).to_string()
    }

    #[test]
    fn counts_stand_in_columns_with_their_sum_below() {
        let answer = json!({
            "total": {"received": 13, "sent": 2, "goals": 1},
            "chats": [{"bot": 1, "chat": 42, "chat_kind": "direct", "received": 13, "sent": 2, "goals": 1}],
            "replies": [{"name": "entry", "count": 2}],
            "silent": [{"name": "no_match", "count": 11}],
        });
        let bots = [json!({"id": 1, "name": "anna"})];
        let expected = "from the beginning until now

                                                   SCENARIOS ────
BOT     CHAT       RECEIVED  SENT  FAILED  PEOPLE  STARTED  ENDED  GOALS
1 anna  direct 42        13     2       0       0        0      0      1
all                      13     2       0       0        0      0      1

ANSWERED BY  MESSAGES
entry               2

SILENT BECAUSE OF  MESSAGES
no_match                 11";
        assert_eq!(plain(&statistics(&answer, &bots, Said::default(), None)), expected);
    }

    #[test]
    fn a_receipt_tells_what_was_removed_what_failed_and_what_remains() {
        let answer = json!({
            "person": 42, "complete": false,
            "found": [{"store": "nats", "bot": 1, "what": "actions", "found": 12, "removed": 12}],
            "failed": [{"store": "clickhouse", "bot": null, "reason": "no answer"}],
            "remains": [{"what": "a mark", "until": "8 days"}],
        });
        let expected = "\
STORE  BOT  WHAT     FOUND  REMOVED
nats   1    actions     12       12

FAILED
  clickhouse (bot all): no answer

REMAINS  UNTIL
a mark   8 days

42 is not erased everywhere: run it again";
        assert_eq!(plain(&receipt(&answer)), expected);
    }

    #[test]
    fn bots_stand_in_columns() {
        let answer = [
            json!({"id": 1, "name": "anna", "identity": {"username": "anna_bot", "first_name": "Anna"}, "desired": "running", "status": {"state": "online"}}),
            json!({"id": 12, "name": "boris", "desired": "stopped"}),
        ];
        let expected = "\
BOT  NAME   ACCOUNT        WANTED   STATE   DETAIL
1    anna   @anna_bot      running  online
12   boris  not signed in  stopped  -       go on with `troupe login 12`";
        assert_eq!(plain(&bots(&answer)), expected);
    }
}
