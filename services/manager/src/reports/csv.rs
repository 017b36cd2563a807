//! Tables as CSV that a spreadsheet opens without carrying anything out.

use serde_json::Value;

/// Writes a table, as RFC 4180 wants it.
pub(super) fn write(columns: &[String], rows: &[Vec<Value>]) -> String {
    let mut lines = vec![line(columns.iter().map(|name| text(name)))];
    lines.extend(rows.iter().map(|row| line(row.iter().map(cell))));
    lines.concat()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(value) => text(value),
        // Numbers as they are: a minus before a number is no formula.
        other => other.to_string(),
    }
}

/// A text. One that a spreadsheet would take for a formula gets an apostrophe, as OWASP advises against CSV injection.
fn text(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    if value.contains([',', '"', '\r', '\n', ';', '\t']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_people_wrote_is_never_a_formula() {
        let columns = ["chat".to_owned(), "example".to_owned()];
        let rows = [
            vec![json!(-100), json!("=HYPERLINK(\"http://x\",\"y\")")],
            vec![json!(7), json!("+1, please")],
            vec![json!(null), json!("plain")],
            vec![json!(0.5), json!("\t=1")],
        ];
        assert_eq!(
            write(&columns, &rows),
            "chat,example\r\n-100,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\r\n7,\"'+1, please\"\r\n,plain\r\n0.5,\"'\t=1\"\r\n"
        );
    }
}
