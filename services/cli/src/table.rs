//! Columns under each other, as wide as what is in them, within the width of a terminal.

use unicode_width::UnicodeWidthStr;

use crate::{chart::bars, paint};

/// What stands between two columns.
const GAP: &str = "  ";
/// A text that makes a table too wide is cut, but not to less than this.
const TEXT_WIDTH: usize = 24;
/// As little of a text that says what a row is about.
const KEY_WIDTH: usize = 12;
/// How wide the longest bar is, and how narrow it may be made.
const BAR_WIDTH: usize = 20;
const BAR_WIDTH_MIN: usize = 6;

/// So many rows are shown of a long table that has to be split, and it is long if it has more than the second of these.
const ROWS_SHOWN: usize = 40;
const ROWS_LONG: usize = 50;

/// What a terminal has room for.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// How many letters a line may have.
    pub width: usize,
    /// How many of its first rows are shown of a long table that has to be split.
    pub first: usize,
    /// And how many of its last.
    pub last: usize,
}

impl Room {
    /// For a table that says the most in its first rows.
    pub const fn for_first(width: usize) -> Self {
        Self { width, first: ROWS_SHOWN, last: 0 }
    }

    /// For a table that says the most in its last rows.
    pub const fn for_last(width: usize) -> Self {
        Self { width, first: 0, last: ROWS_SHOWN }
    }
}

/// Rows that are not shown.
#[derive(Debug, Clone, Copy)]
struct Gap {
    begin: usize,
    count: usize,
}

impl Gap {
    /// `items` without these rows.
    fn rest_of<T: Clone>(self, items: &[T]) -> Vec<T> {
        let Self { begin, count } = self;
        items.iter().take(begin).chain(items.iter().skip(begin + count)).cloned().collect()
    }
}

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

    /// Numbers as they are shown.
    pub fn numbers(heading: &str, cells: Vec<String>) -> Self {
        Self { heading: heading.to_owned(), right: true, cells }
    }

    fn cell_width(&self) -> usize {
        self.cells.iter().map(|cell| cell.width()).max().unwrap_or_default()
    }

    /// `text` with the space that it leaves of `width`.
    fn filled(&self, text: &str, width: usize) -> String {
        let space = " ".repeat(width.saturating_sub(text.width()));
        if self.right { format!("{space}{text}") } else { format!("{text}{space}") }
    }

    fn cut(&mut self, width: usize) {
        for cell in self.cells.iter_mut().filter(|cell| cell.width() > width) {
            *cell = cut(cell, width);
        }
    }

    /// Whether it says of no row that there is anything.
    fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell == "0" || cell == "-")
    }
}

/// A table whose first `keys` columns say what a row is about. A bar is drawn for each figure of the column `measured`.
///
/// What is wider than there is room gets shorter texts first, then no bars; then columns without anything in them are left
/// out, and named below. Columns that still have no room follow in a table below, behind the same first columns; of a long
/// one only some rows are shown then, since nobody finds a row again a thousand lines below.
pub fn table(
    mut columns: Vec<Column>,
    keys: usize,
    measured: Option<(usize, &[f64])>,
    room: Option<Room>,
) -> String {
    let width = room.map_or(usize::MAX, |room| room.width);
    // The bars have a heading, too.
    let bar_width_min = measured.map_or(0, |(place, _)| columns[place].heading.width().max(BAR_WIDTH_MIN));
    let bar = measured.map_or(0, |_| GAP.len() + bar_width_min);
    let wide = |columns: &[Column]| total(&columns.iter().collect::<Vec<_>>());
    cut_texts(&mut columns, TEXT_WIDTH, |columns| wide(columns) + bar <= width);
    let keys = keys.min(columns.len());
    if wide(&columns) > width {
        // They stand in each table, and leave room for something to be said.
        cut_texts(&mut columns[..keys], KEY_WIDTH, |keys| wide(keys) <= width / 2);
    }
    let mut below = Vec::new();
    let mut places: Vec<usize> = (0..columns.len()).collect();
    if wide(&columns) > width {
        let is_empty = |place: &usize| *place >= keys && columns[*place].is_empty();
        let names = places.iter().filter(|place| is_empty(place));
        let names: Vec<String> = names.map(|place| columns[*place].heading.to_lowercase()).collect();
        if !names.is_empty() {
            below.push(paint::dim(&format!("nothing in: {}", names.join(", "))));
        }
        places.retain(|place| !is_empty(place));
    }
    let chosen = |columns: &[Column]| total(&places.iter().map(|place| &columns[*place]).collect::<Vec<_>>());
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or_default();
    let gap = room.filter(|_| chosen(&columns) > width && rows > ROWS_LONG);
    let gap = gap.map(|room| Gap { begin: room.first, count: rows.saturating_sub(room.first + room.last) });
    if let Some(gap) = gap {
        for column in &mut columns {
            column.cells = gap.rest_of(&column.cells);
        }
        below.push(paint::dim("all rows, each in one line: … | less -S"));
    }
    let figures = measured
        .map(|(place, figures)| (place, gap.map_or_else(|| figures.to_vec(), |gap| gap.rest_of(figures))));
    let shown: Vec<&Column> = places.iter().map(|place| &columns[*place]).collect();
    let tables =
        if total(&shown) <= width { vec![shown] } else { split(&shown[..keys], &shown[keys..], width) };
    let tables = tables.into_iter().map(|shown| {
        let of = |place: usize| shown.iter().any(|column| std::ptr::eq(*column, &raw const columns[place]));
        let left = width.saturating_sub(total(&shown) + GAP.len());
        let figures = figures.as_ref().filter(|(place, _)| of(*place) && left >= bar_width_min);
        let bars = figures.map(|(place, figures)| {
            Column::text(&columns[*place].heading, bars(figures, left.min(BAR_WIDTH)))
        });
        lines(&shown.iter().copied().chain(bars.as_ref()).collect::<Vec<_>>(), gap)
    });
    tables.chain(below).collect::<Vec<_>>().join("\n\n")
}

/// Cuts long texts letter by letter until there is room, but not to less than `least`.
fn cut_texts(columns: &mut [Column], least: usize, has_room: impl Fn(&[Column]) -> bool) {
    let texts = columns.iter().filter(|column| !column.right).map(Column::cell_width);
    let mut longest = texts.max().unwrap_or_default();
    while longest > least && !has_room(columns) {
        longest -= 1;
        columns.iter_mut().filter(|column| !column.right).for_each(|column| column.cut(longest));
    }
}

/// The columns of each of several tables that begin with the columns `first`: as few as there is room for, all about as wide.
fn split<'a>(first: &[&'a Column], rest: &[&'a Column], room: usize) -> Vec<Vec<&'a Column>> {
    let within = |room: usize| {
        let mut tables = vec![first.to_vec()];
        for column in rest {
            let mut shown = tables.pop().unwrap_or_default();
            shown.push(column);
            if shown.len() > first.len() + 1 && total(&shown) > room {
                shown.pop();
                tables.push(shown);
                shown = first.iter().copied().chain([*column]).collect();
            }
            tables.push(shown);
        }
        tables
    };
    let widest = within(room);
    // A last table with a single column looks lost.
    let narrower = (1..room).rev().map(within).take_while(|tables| tables.len() == widest.len());
    narrower.last().unwrap_or(widest)
}

/// How the headings stand over their columns: neighbours that begin with the same word share it.
struct Heads<'a> {
    /// For each column the shared word, and how many columns from here share it.
    shared: Vec<Option<(&'a str, usize)>>,
    /// The rest of each heading, in lines: two words need not make a column of short numbers wide.
    lines: Vec<Vec<&'a str>>,
    widths: Vec<usize>,
}

impl<'a> Heads<'a> {
    fn over(columns: &[&'a Column]) -> Self {
        let first = |column: &&'a Column| Some(column.heading.split_once(' ')?.0).filter(|_| column.right);
        let mut heads = Self { shared: Vec::new(), lines: Vec::new(), widths: Vec::new() };
        for run in columns.chunk_by(|one, next| first(one).is_some() && first(one) == first(next)) {
            let shared = first(&run[0]).filter(|_| run.len() > 1);
            for (number, column) in run.iter().enumerate() {
                let heading = match column.heading.split_once(' ') {
                    Some((_, rest)) if shared.is_some() => rest,
                    _ => &column.heading,
                };
                let cells = column.cell_width();
                // What the table is about stays in one piece.
                let long = !heads.lines.is_empty() && heading.width() > cells;
                let lines: Vec<&str> = if long { heading.split(' ').collect() } else { vec![heading] };
                heads.widths.push(lines.iter().map(|line| line.width()).fold(cells, usize::max));
                heads.lines.push(lines);
                heads.shared.push(shared.filter(|_| number == 0).map(|word| (word, run.len())));
            }
            let width = span(&heads.widths[heads.widths.len() - run.len()..]);
            if let (Some(word), Some(last)) = (shared, heads.widths.last_mut()) {
                *last += word.width().saturating_sub(width);
            }
        }
        heads
    }

    /// How many lines the headings take.
    fn height(&self) -> usize {
        let single = self.lines.iter().map(Vec::len).max().unwrap_or_default();
        let shared = (0..self.lines.len()).filter_map(|place| Some(self.above(place)?.0 + 1));
        shared.fold(single, usize::max)
    }

    /// The line, from the bottom, of the word that is shared from the column `place` on; the word, and how many share it.
    fn above(&self, place: usize) -> Option<(usize, &'a str, usize)> {
        let (word, count) = self.shared[place]?;
        let below = self.lines[place..place + count].iter().map(Vec::len).max()?;
        Some((below, word, count))
    }

    /// A line of the headings, from the bottom. A shared word has a stroke as far as it reaches.
    fn line(&self, columns: &[&Column], number: usize) -> String {
        let mut parts = Vec::new();
        let mut place = 0;
        while place < columns.len() {
            if let Some((_, word, count)) = self.above(place).filter(|(line, ..)| *line == number) {
                let width = span(&self.widths[place..place + count]);
                let stroke = "─".repeat(width.saturating_sub(word.width() + 1));
                parts.push(columns[place].filled(format!("{word} {stroke}").trim_end(), width));
                place += count;
            } else {
                let lines = &self.lines[place];
                let text = lines.len().checked_sub(number + 1).map_or("", |line| lines[line]);
                parts.push(columns[place].filled(text, self.widths[place]));
                place += 1;
            }
        }
        parts.join(GAP).trim_end().to_owned()
    }
}

fn total(columns: &[&Column]) -> usize {
    span(&Heads::over(columns).widths)
}

/// How wide columns are beside each other.
fn span(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

fn lines(columns: &[&Column], gap: Option<Gap>) -> String {
    let heads = Heads::over(columns);
    let names = (0..heads.height()).rev().map(|number| paint::bold(&heads.line(columns, number)));
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or_default();
    let rows = (0..rows).map(|row| {
        let cells = columns.iter().zip(&heads.widths);
        let cells = cells
            .map(|(column, width)| column.filled(column.cells.get(row).map_or("", String::as_str), *width));
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    });
    let mut lines: Vec<String> = names.chain(rows).collect();
    if let Some(Gap { begin, count }) = gap {
        lines.insert(heads.height() + begin, paint::dim(&format!("… {count} more")));
    }
    lines.join("\n")
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
        let room = width.map(Room::for_first);
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let columns =
            vec![Column::text("NAME", names), numbers("GOT", &[3, 12]), numbers("SCENARIOS ENDED", &[1, 0])];
        strip_str(&table(columns, 1, Some((1, &[3.0, 12.0])), room)).to_string()
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
            "NAME  GOT  GOT\nx       3  █▊\ny      12  ███████\n\n      SCENARIOS\nNAME      ENDED\nx             1\ny             0"
        );
    }

    #[test]
    fn neighbours_that_begin_with_the_same_word_share_it() {
        let headings = ["GOT", "SCENARIOS STARTED", "SCENARIOS ENDED", "REPLY P95", "REPLY P99"];
        let columns = headings.map(|heading| numbers(heading, &[1])).into_iter().collect();
        let expected =
            "     SCENARIOS ────  REPLY ──\nGOT  STARTED  ENDED  P95  P99\n  1        1      1    1    1";
        assert_eq!(strip_str(&table(columns, 1, None, None)).to_string(), expected);
    }

    #[test]
    fn a_table_that_is_too_wide_leaves_out_what_there_is_nothing_of_and_is_split_evenly() {
        let columns = |last| {
            let names = Column::text("NAME", vec!["x".to_owned()]);
            let rest = [("RECEIVED", 3), ("FAILED", 0), ("ANSWERED", 2), ("GOALS", last)];
            let rest = rest.map(|(heading, number)| numbers(heading, &[number]));
            std::iter::once(names).chain(rest).collect::<Vec<_>>()
        };
        let shown =
            |last, width| strip_str(&table(columns(last), 1, None, Some(Room::for_first(width)))).to_string();
        assert_eq!(
            shown(1, 33),
            "NAME  RECEIVED  ANSWERED  GOALS\nx            3         2      1\n\nnothing in: failed"
        );
        assert_eq!(
            shown(1, 30),
            "NAME  RECEIVED\nx            3\n\nNAME  ANSWERED  GOALS\nx            2      1\n\nnothing in: failed"
        );
        assert_eq!(
            shown(0, 50),
            "NAME  RECEIVED  FAILED  ANSWERED  GOALS\nx            3       0         2      0"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_as_long_as_two_columns_fit() {
        let names = |heading| {
            Column::text(heading, vec!["a name that goes on and on and on".to_owned(), "星".repeat(20)])
        };
        for width in 40..140 {
            let mut columns = vec![names("SCENARIO NAME"), names("STEP")];
            columns.extend(
                ["RECEIVED", "GROUP SENT", "GROUP GOT", "GOALS"].map(|heading| numbers(heading, &[1, 20])),
            );
            let room = Some(Room::for_first(width));
            let shown = strip_str(&table(columns, 2, Some((2, &[1.0, 20.0])), room)).to_string();
            assert!(shown.lines().all(|line| line.width() <= width), "{width}:\n{shown}");
        }
    }

    #[test]
    fn of_a_long_table_that_is_split_some_rows_are_shown_and_how_many_there_are_more() {
        let columns = |rows: u32| {
            let all: Vec<u32> = (1..=rows).collect();
            vec![numbers("PERSON", &all), numbers("RECEIVED", &all), numbers("SCENARIOS", &all)]
        };
        let shown = |rows, room| strip_str(&table(columns(rows), 1, None, room)).to_string();
        let room = Room { width: 20, first: 2, last: 1 };
        let told = "\n\nall rows, each in one line: … | less -S";
        let table = |heading: &str, width: usize| {
            let row = |row: u32| format!("{row:>6}  {row:>width$}");
            format!("PERSON  {heading}\n{}\n{}\n… 997 more\n{}", row(1), row(2), row(1000))
        };
        let expected = format!("{}\n\n{}{told}", table("RECEIVED", 8), table("SCENARIOS", 9));
        assert_eq!(shown(1000, Some(room)), expected);
        let last = shown(1000, Some(Room::for_last(20)));
        assert!(last.starts_with("PERSON  RECEIVED\n… 960 more\n   961       961\n"), "{last}");
        // Where nothing has to be split, and where it is not long, all are there.
        for (rows, room) in [(1000, None), (1000, Some(Room { width: 30, ..room })), (50, Some(room))] {
            let whole = shown(rows, room);
            assert!(!whole.contains("more") && !whole.contains("less"), "{whole}");
        }
    }

    #[test]
    fn a_cut_text_takes_no_more_room_than_there_is() {
        assert_eq!(cut("星星星", 4), "星…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut("abcde", 4), "abc…");
    }
}
