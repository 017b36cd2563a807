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

/// Counts: every number of the answer under its name, the nested ones indented.
pub fn statistics(answer: &Value) -> String {
    let mut lines = Vec::new();
    collect(answer, 0, &mut lines);
    lines.join("\n")
}

fn collect(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if value.is_object() || value.is_array() {
                    lines.push(format!("{indent}{name}"));
                    collect(value, depth + 1, lines);
                } else {
                    lines.push(format!(
                        "{indent}{name:<24} {}",
                        text(value).unwrap_or_else(|| value.to_string())
                    ));
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                let fields = item.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
                let line: Vec<_> = fields
                    .map(|(name, value)| {
                        format!("{name} {}", text(value).unwrap_or_else(|| value.to_string()))
                    })
                    .collect();
                lines.push(format!("{indent}{}", line.join("  ")));
            }
        }
        other => lines.push(format!("{indent}{other}")),
    }
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
