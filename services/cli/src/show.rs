//! Answers of the API as tables for people.

use serde_json::Value;

/// Bots, a line each.
pub fn bots(bots: &[Value]) -> String {
    let mut rows = vec![["BOT", "NAME", "ACCOUNT", "WANTED", "STATE", "DETAIL"].map(str::to_owned)];
    for bot in bots {
        let identity = &bot["identity"];
        let account = identity["username"]
            .as_str()
            .map(|name| format!("@{name}"))
            .or_else(|| text(&identity["first_name"]));
        rows.push([
            bot["id"].to_string(),
            text(&bot["name"]).unwrap_or_default(),
            account.unwrap_or_else(|| "not signed in".to_owned()),
            text(&bot["desired"]).unwrap_or_default(),
            text(&bot["status"]["state"]).unwrap_or_else(|| "-".to_owned()),
            text(&bot["status"]["detail"]).unwrap_or_default(),
        ]);
    }
    table(&rows)
}

/// Counts by bot and chat, then what answered, and why nothing did.
pub fn statistics(answer: &Value) -> String {
    let header = ["BOT", "CHAT", "RECEIVED", "SENT", "FAILED", "PEOPLE", "SCENARIOS", "ENDED", "GOALS"];
    let mut rows = vec![header.map(str::to_owned)];
    let counts = |bot: String, chat: String, counts: &Value| {
        let number = |field: &str| counts[field].as_u64().unwrap_or_default().to_string();
        let [received, sent, failed, people] = ["received", "sent", "failed", "people"].map(number);
        let [started, ended, goals] = ["scenarios_started", "scenarios_ended", "goals"].map(number);
        [bot, chat, received, sent, failed, people, started, ended, goals]
    };
    for chat in items(answer, "chats") {
        let name = format!("{} {}", text(&chat["chat_kind"]).unwrap_or_default(), chat["chat"]);
        rows.push(counts(chat["bot"].to_string(), name, chat));
    }
    rows.push(counts("all".to_owned(), String::new(), &answer["total"]));
    let named = |title: &str, field: &str| {
        let lines = items(answer, field)
            .iter()
            .map(|item| format!("  {:<18} {}", text(&item["name"]).unwrap_or_default(), item["count"]));
        std::iter::once(format!("\n{title}")).chain(lines).collect::<Vec<_>>().join("\n")
    };
    [table(&rows), named("ANSWERED BY", "replies"), named("SILENT BECAUSE OF", "silent")].join("\n")
}

/// The receipt of an erasure: what was found and removed, what failed, what remains.
pub fn receipt(answer: &Value) -> String {
    let bot = |row: &Value| row["bot"].as_u64().map_or_else(|| "all".to_owned(), |bot| bot.to_string());
    let mut found = vec![["STORE", "BOT", "WHAT", "FOUND", "REMOVED"].map(str::to_owned)];
    for row in items(answer, "found") {
        let word = |field: &str| text(&row[field]).unwrap_or_default();
        found.push([
            word("store"),
            bot(row),
            word("what"),
            row["found"].to_string(),
            row["removed"].to_string(),
        ]);
    }
    let mut parts = Vec::new();
    parts.push(match found.len() {
        1 => format!("nothing was found of {}", answer["person"]),
        _ => table(&found),
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
    let mut remains = vec![["REMAINS", "UNTIL"].map(str::to_owned)];
    remains.extend(
        items(answer, "remains")
            .iter()
            .map(|row| ["what", "until"].map(|field| text(&row[field]).unwrap_or_default())),
    );
    parts.push(table(&remains));
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

/// Rows with their columns under each other.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_stand_in_columns_with_their_sum_below() {
        let answer = json!({
            "total": {"received": 3, "sent": 2, "goals": 1},
            "chats": [{"bot": 1, "chat": 42, "chat_kind": "direct", "received": 3, "sent": 2, "goals": 1}],
            "replies": [{"name": "entry", "count": 2}],
            "silent": [{"name": "no_match", "count": 1}],
        });
        let expected = "\
BOT  CHAT       RECEIVED  SENT  FAILED  PEOPLE  SCENARIOS  ENDED  GOALS
1    direct 42  3         2     0       0       0          0      1
all             3         2     0       0       0          0      1

ANSWERED BY
  entry              2

SILENT BECAUSE OF
  no_match           1";
        assert_eq!(statistics(&answer), expected);
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
nats   1    actions  12     12

FAILED
  clickhouse (bot all): no answer

REMAINS  UNTIL
a mark   8 days

42 is not erased everywhere: run it again";
        assert_eq!(receipt(&answer), expected);
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
12   boris  not signed in  stopped  -";
        assert_eq!(bots(&answer), expected);
    }
}
