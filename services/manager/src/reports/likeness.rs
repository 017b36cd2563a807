//! Puts texts together that say about the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::table::Table;

/// How large a share of their groups of three letters two texts have in common to be alike.
const ALIKE: f64 = 0.5;

/// Adds what is alike to the most frequent of its kind. People may be counted once for each wording.
pub(super) fn group(table: &mut Table) -> Vec<String> {
    let columns = ["words", "messages", "people"].map(|name| table.column(name));
    let [Some(words), Some(messages), Some(people)] = columns else { return Vec::new() };
    if table.rows.is_empty() {
        return vec!["only messages whose event has a text can be grouped, and none had one then".to_owned()];
    }
    table.columns.push("wordings".to_owned());
    let mut groups: Vec<(BTreeSet<String>, Vec<Value>, u64)> = Vec::new();
    for row in std::mem::take(&mut table.rows) {
        let pieces = pieces(row[words].as_str().unwrap_or_default());
        match groups.iter_mut().find(|(other, ..)| likeness(other, &pieces) >= ALIKE) {
            Some((_, group, wordings)) => {
                for column in [messages, people] {
                    let sum =
                        group[column].as_u64().unwrap_or_default() + row[column].as_u64().unwrap_or_default();
                    group[column] = sum.into();
                }
                *wordings += 1;
            }
            None => groups.push((pieces, row, 1)),
        }
    }
    groups.sort_by_key(|(_, row, _)| std::cmp::Reverse(row[messages].as_u64()));
    table.rows = groups
        .into_iter()
        .map(|(_, mut row, wordings)| {
            row.push(wordings.into());
            row
        })
        .collect();
    Vec::new()
}

fn pieces(text: &str) -> BTreeSet<String> {
    let letters: Vec<char> = format!(" {text} ").chars().collect();
    letters.windows(3).map(|piece| piece.iter().collect()).collect()
}

/// The Jaccard index: how much two sets have in common of all that they have.
fn likeness(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let (common, all) = (one.intersection(other).count(), one.union(other).count());
    #[expect(clippy::cast_precision_loss, reason = "a text has some thousands of letters at most")]
    let share = common as f64 / all.max(1) as f64;
    share
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wordings_of_one_question_are_one_group() {
        let columns = ["words", "messages", "people", "example"].map(str::to_owned).to_vec();
        let rows = vec![
            vec![json!("hours opening what"), json!(5), json!(4), json!("What opening hours?")],
            vec![json!("refund"), json!(3), json!(3), json!("refund")],
            vec![json!("hour opening what"), json!(2), json!(1), json!("what opening hour")],
        ];
        let mut table = Table { columns, rows };
        assert!(group(&mut table).is_empty());
        assert_eq!(
            table.rows,
            [
                vec![json!("hours opening what"), json!(7), json!(5), json!("What opening hours?"), json!(2)],
                vec![json!("refund"), json!(3), json!(3), json!("refund"), json!(1)],
            ]
        );
    }

    #[test]
    fn without_texts_it_says_why() {
        let columns = ["words", "messages", "people", "example"].map(str::to_owned).to_vec();
        let notes = group(&mut Table { columns, rows: Vec::new() });
        assert!(notes[0].contains("whose event has a text"), "{notes:?}");
    }
}
