//! Columns under each other, as wide as what is in them, within the width of a terminal.

use unicode_width::UnicodeWidthStr;

use super::chart::bars;
use crate::paint;

/// What stands between two columns.
const GAP: &str = "  ";
/// A text that makes a table too wide is cut, but not to less than this.
const TEXT_WIDTH: usize = 24;
/// How wide the longest bar is, and how narrow it may be made.
const BAR_WIDTH: usize = 20;
const BAR_WIDTH_MIN: usize = 6;

/// A column.
#[derive(Debug, Default)]
pub struct Column {
    pub heading: String,
    /// Whether it stands to the right, as numbers do.
    pub right: bool,
    pub cells: Vec<String>,
}

impl Column {
    pub fn text(heading: &str, cells: Vec<String>) -> Self {
        Self { heading: heading.to_owned(), right: false, cells }
    }

    /// Its heading in lines: two words need not make a column of short numbers wide.
    fn heading_lines(&self) -> Vec<&str> {
        if self.right { self.heading.split(' ').collect() } else { vec![&self.heading] }
    }

    fn width(&self) -> usize {
        let lines = self.heading_lines();
        let cells = self.cells.iter().map(String::as_str);
        cells.chain(lines).map(UnicodeWidthStr::width).max().unwrap_or_default()
    }

    fn cut(&mut self, width: usize) {
        for cell in self.cells.iter_mut().filter(|cell| cell.width() > width) {
            *cell = cut(cell, width);
        }
    }
}

/// A table whose first `keys` columns say what a row is about. A bar is drawn for each figure of the column `measured`.
///
/// What is wider than `width` gets shorter bars first, then shorter texts; columns that still have no room follow in a
/// table below, behind the same first columns.
pub fn table(
    mut columns: Vec<Column>,
    keys: usize,
    measured: Option<(usize, &[f64])>,
    width: Option<usize>,
) -> String {
    let room = width.unwrap_or(usize::MAX);
    let total = |columns: &[Column]| {
        columns.iter().map(Column::width).sum::<usize>() + GAP.len() * columns.len().saturating_sub(1)
    };
    let needed =
        |columns: &[Column]| total(columns) + if measured.is_some() { GAP.len() + BAR_WIDTH_MIN } else { 0 };
    let texts = columns.iter().filter(|column| !column.right).map(Column::width);
    let mut longest = texts.max().unwrap_or_default();
    while needed(&columns) > room && longest > TEXT_WIDTH {
        longest -= 1;
        for column in columns.iter_mut().filter(|column| !column.right) {
            column.cut(longest);
        }
    }
    if needed(&columns) <= room {
        let left = room - total(&columns);
        if let Some((place, figures)) = measured {
            let bars = bars(figures, left.saturating_sub(GAP.len()).min(BAR_WIDTH));
            columns.push(Column::text(&columns[place].heading.clone(), bars));
        }
        return lines(&columns.iter().collect::<Vec<_>>());
    }
    let (first, rest) = columns.split_at(keys.min(columns.len()));
    let mut tables = Vec::new();
    let mut shown: Vec<&Column> = first.iter().collect();
    let mut taken = total(first);
    for column in rest {
        let more = column.width() + GAP.len();
        if taken + more > room && shown.len() > first.len() {
            tables.push(lines(&shown));
            shown = first.iter().collect();
            taken = total(first);
        }
        shown.push(column);
        taken += more;
    }
    tables.push(lines(&shown));
    tables.join("\n\n")
}

fn lines(columns: &[&Column]) -> String {
    let widths: Vec<usize> = columns.iter().map(|column| column.width()).collect();
    let line = |texts: &mut dyn Iterator<Item = &str>| {
        let cells = texts.zip(columns).zip(&widths).map(|((text, column), width)| {
            let space = " ".repeat(width.saturating_sub(text.width()));
            if column.right { format!("{space}{text}") } else { format!("{text}{space}") }
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    let height = columns.iter().map(|column| column.heading_lines().len()).max().unwrap_or_default();
    let mut all: Vec<String> = (0..height)
        .map(|number| {
            // A heading of fewer lines stands at the bottom.
            let texts = columns.iter().map(|column| {
                let lines = column.heading_lines();
                (number + lines.len()).checked_sub(height).map_or("", |place| lines[place])
            });
            paint::bold(&line(&mut texts.collect::<Vec<_>>().into_iter()))
        })
        .collect();
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or_default();
    all.extend(
        (0..rows).map(|row| {
            line(&mut columns.iter().map(|column| column.cells.get(row).map_or("", String::as_str)))
        }),
    );
    all.join("\n")
}

/// The beginning of a text, with a sign that there was more.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if kept.width() >= width {
            kept.pop();
            break;
        }
    }
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    fn numbers(heading: &str, numbers: &[u32]) -> Column {
        let cells = numbers.iter().map(u32::to_string).collect();
        Column { heading: heading.to_owned(), right: true, cells }
    }

    fn shown(names: &[&str], width: Option<usize>) -> String {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let columns =
            vec![Column::text("NAME", names), numbers("GOT", &[3, 12]), numbers("SCENARIOS ENDED", &[1, 0])];
        strip_str(&table(columns, 1, Some((1, &[3.0, 12.0])), width)).to_string()
    }

    #[test]
    fn columns_stand_under_each_other_whatever_the_letters() {
        assert_eq!(
            shown(&["Виктор", "👩‍🚀 星"], None),
            "             SCENARIOS\nNAME    GOT      ENDED  GOT\n\
             Виктор    3          1  █████\n👩‍🚀 星    12          0  ████████████████████"
        );
    }

    #[test]
    fn what_has_no_room_is_shorter_and_then_stands_below() {
        let long = "a name that goes on and on and on";
        let narrow = shown(&["x", long], Some(50));
        assert!(narrow.ends_with("a name that goes on and o…   12          0  ██████"), "{narrow}");
        assert_eq!(
            shown(&["x", "y"], Some(18)),
            "NAME  GOT\nx       3\ny      12\n\n      SCENARIOS\nNAME      ENDED\nx             1\ny             0"
        );
    }

    #[test]
    fn a_cut_text_takes_no_more_room_than_there_is() {
        assert_eq!(cut("星星星", 4), "星…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut("abcde", 4), "abc…");
    }
}
