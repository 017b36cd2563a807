//! What Grafana and its ClickHouse plugin (4.20) do to a query before ClickHouse sees it.
//!
//! Sources: the plugin's `pkg/macros/macros.go` and `applyConditionalAll` in `src/data/CHDatasource.ts`; Grafana's formats
//! of variables, <https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/>.

use std::collections::BTreeMap;

/// The range that is shown, in seconds since 1970, and the width of a point.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// From when, included.
    pub from: i64,
    /// Until when, included.
    pub to: i64,
    /// The width of a point.
    pub interval_s: u32,
}

/// What is chosen for a variable.
#[derive(Debug, Clone)]
pub enum Chosen {
    /// All there are.
    All,
    /// One of them.
    Value(String),
}

/// Expands what the boards use; whatever else begins with `$` is left, for a test to stumble over.
///
/// # Panics
/// If a macro is given too few or too many arguments, or a variable that the board does not have.
pub fn expand(sql: &str, range: Range, chosen: &BTreeMap<String, Chosen>) -> String {
    let sql = conditional_all(sql, chosen);
    macros(&variables(&sql, chosen), range)
}

/// `$__conditionalAll(condition, $variable)`: the condition, or nothing if all is chosen. In the browser, before variables.
fn conditional_all(sql: &str, chosen: &BTreeMap<String, Chosen>) -> String {
    let mut sql = sql.to_owned();
    while let Some(at) = sql.rfind("$__conditionalAll(") {
        let (arguments, end) = arguments(&sql[at..]);
        let [condition, variable] = arguments.as_slice() else { panic!("it takes two: {sql}") };
        let name = variable.trim().trim_start_matches(['$', '{']).trim_end_matches('}');
        let phrase = match chosen.get(name) {
            Some(Chosen::All) => "1=1",
            Some(Chosen::Value(_)) => condition,
            None => panic!("the board has no variable {name}"),
        };
        sql = format!("{}{phrase}{}", &sql[..at], &sql[at + end..]);
    }
    sql
}

/// The arguments of a call, and where it ends.
fn arguments(call: &str) -> (Vec<&str>, usize) {
    let (mut depth, mut begin, mut found) = (0, 0, Vec::new());
    for (at, c) in call.char_indices() {
        match c {
            '(' => {
                depth += 1;
                if depth == 1 {
                    begin = at + 1;
                }
            }
            ',' if depth == 1 => {
                found.push(&call[begin..at]);
                begin = at + 1;
            }
            ')' => {
                depth -= 1;
                if depth == 0 {
                    found.push(&call[begin..at]);
                    return (found, at + 1);
                }
            }
            _ => {}
        }
    }
    panic!("a bracket is not closed: {call}");
}

fn variables(sql: &str, chosen: &BTreeMap<String, Chosen>) -> String {
    let mut sql = sql.to_owned();
    for (name, chosen) in chosen {
        let Chosen::Value(value) = chosen else { continue };
        sql = sql.replace(&format!("${{{name}:csv}}"), value);
        sql = sql.replace(&format!("${{{name}:sqlstring}}"), &format!("'{}'", value.replace('\'', "''")));
    }
    sql
}

fn macros(sql: &str, Range { from, to, interval_s }: Range) -> String {
    let (from, to) = (format!("toDateTime({from})"), format!("toDateTime({to})"));
    let mut sql = sql
        .replace("$__fromTime", &from)
        .replace("$__toTime", &to)
        .replace("$__interval_s", &interval_s.to_string());
    while let Some(at) = sql.find("$__timeFilter(") {
        let (arguments, end) = arguments(&sql[at..]);
        let [column] = arguments.as_slice() else { panic!("it takes one: {sql}") };
        let filter = format!("{column} >= {from} AND {column} <= {to}");
        sql = format!("{}{filter}{}", &sql[..at], &sql[at + end..]);
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_and_variables_are_expanded_as_the_plugin_does() {
        let range = Range { from: 1_415_792_726, to: 1_447_328_726, interval_s: 60 };
        let sql = "$__conditionalAll(bot IN (${bot:csv}), $bot) AND $__timeFilter(time) AND z = ${tz:sqlstring} AND $__interval_s";
        let mut chosen = BTreeMap::from([
            ("bot".to_owned(), Chosen::Value("7".into())),
            ("tz".to_owned(), Chosen::Value("a'b".into())),
        ]);
        let rest = "time >= toDateTime(1415792726) AND time <= toDateTime(1447328726) AND z = 'a''b' AND 60";
        assert_eq!(expand(sql, range, &chosen), format!("bot IN (7) AND {rest}"));
        chosen.insert("bot".to_owned(), Chosen::All);
        assert_eq!(expand(sql, range, &chosen), format!("1=1 AND {rest}"));
    }
}
