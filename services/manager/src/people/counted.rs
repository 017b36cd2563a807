//! Where tables of what is counted tell of a person, and how nobody is put in that place, so that every count stays.
//!
//! The tables are found by their columns, whatever a migration makes of them: `person`, `chat` (a direct chat has the
//! person's id), lists of people, keys of updates, which have the chat's id in them, and texts.
//!
//! A statement that changes a table is kept and shown by ClickHouse for long, so none of them names the person: they look
//! into a table that is there only until all of them are done. What was broken off is done again with the same table, so
//! that nobody is the same number again: rows that were written anew already are known by that, and not written twice.

use std::collections::BTreeMap;

use clickhouse::Row;
use serde::Deserialize;

/// What the names of tables that stand in for people begin with.
pub const STANDS: &str = "erasure_";

/// The tables that may tell of people, by their columns. `events_told` is not one: its rows are deleted.
pub const COLUMNS: &str = "SELECT table, name, type AS of, is_in_sorting_key OR is_in_partition_key AS is_key \
    FROM system.columns WHERE database = currentDatabase() AND default_kind NOT IN ('ALIAS', 'MATERIALIZED') \
    AND table != 'events_told' AND NOT startsWith(table, 'erasure_') AND table IN \
    (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree') \
    ORDER BY table, position";

/// A column, as ClickHouse tells of it.
#[derive(Debug, Clone, Deserialize, Row)]
pub struct Column {
    table: String,
    name: String,
    of: String,
    /// Whether rows are sorted or parted by it: it cannot be changed then, only written anew.
    is_key: u8,
}

/// What stands in for the person in statements.
pub struct Stand {
    /// The table that is there meanwhile: one row of `person`, `nobody` and `bot`, which is 0 if it is about all.
    pub table: String,
    /// `bot = 7 AND `, or nothing.
    of_bot: String,
}

/// How a column tells of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It has the id.
    Id,
    /// It has a sorted list of ids.
    List,
    /// It has a key, `bot/chat/…`.
    Key,
    /// It has what the person wrote. That is only looked at where another column tells whose it is.
    Text,
}

impl Column {
    fn place(&self) -> Option<Place> {
        match (self.name.as_str(), self.of.as_str()) {
            ("person" | "chat", "Int64" | "Nullable(Int64)") => Some(Place::Id),
            ("id" | "update" | "action", "String") => Some(Place::Key),
            ("text", "String") => Some(Place::Text),
            (_, "Array(Int64)") => Some(Place::List),
            _ => None,
        }
    }

    /// Whether a row tells of the person here; `None` if this column alone cannot tell.
    fn tells(&self, stand: &Stand) -> Option<String> {
        let (name, person) = (&self.name, stand.person());
        Some(match self.place()? {
            Place::Id => format!("ifNull(`{name}` = {person}, 0)"),
            Place::List => format!("has(`{name}`, {person})"),
            Place::Key => format!("splitByChar('/', `{name}`)[2] = toString({person})"),
            Place::Text => return None,
        })
    }

    /// What it is to be, with nobody in the person's place.
    fn replaced(&self, stand: &Stand) -> String {
        let (name, person, nobody) = (&self.name, stand.person(), stand.nobody());
        match self.place() {
            None => format!("`{name}`"),
            Some(Place::Id) => format!("if(`{name}` = {person}, {nobody}, `{name}`)"),
            Some(Place::List) => {
                format!("arraySort(arrayMap(id -> if(id = {person}, {nobody}, id), `{name}`))")
            }
            Some(Place::Key) => format!(
                "arrayStringConcat(arrayMap((part, place) -> if(place = 2 AND part = toString({person}), toString({nobody}), \
                 part), splitByChar('/', `{name}`), arrayEnumerate(splitByChar('/', `{name}`))), '/')"
            ),
            Some(Place::Text) => "''".to_owned(),
        }
    }
}

impl Stand {
    /// That of `table`, for what `bot` knows; 0 for all.
    pub fn new(table: String, bot: u64) -> Self {
        let of_bot = if bot == 0 { String::new() } else { format!("bot = {bot} AND ") };
        Self { table, of_bot }
    }

    /// The condition that an event is the person's.
    pub fn events(&self) -> String {
        let (of_bot, person) = (&self.of_bot, self.person());
        format!("{of_bot}(ifNull(person = {person}, 0) OR ifNull(chat = {person}, 0))")
    }

    fn person(&self) -> String {
        // Should the row ever be gone while a statement is still at work, it concerns no row: 0 would be those of nobody.
        format!("ifNull((SELECT person FROM {}), toInt64(-9223372036854775808))", self.table)
    }

    fn nobody(&self) -> String {
        format!("assumeNotNull((SELECT nobody FROM {}))", self.table)
    }
}

/// A table that may tell of people.
pub struct Table {
    /// Its name.
    pub name: String,
    columns: Vec<Column>,
}

impl Table {
    /// Puts the columns together to tables, and leaves out those that tell of nobody.
    pub fn all(columns: Vec<Column>) -> Vec<Self> {
        let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        for column in columns {
            tables.entry(column.table.clone()).or_default().push(column);
        }
        let all = tables.into_iter().map(|(name, columns)| Self { name, columns });
        all.filter(|table| table.columns.iter().any(|column| column.place().is_some())).collect()
    }

    /// The condition that a row tells of the person.
    pub fn tells(&self, stand: &Stand) -> String {
        let any = self.any(stand, |_| true).unwrap_or_else(|| "0".to_owned());
        format!("{}({any})", self.of_bot(stand))
    }

    /// The statements that put nobody in the person's place.
    ///
    /// A row that is sorted by the person is written anew, then deleted; its key being another one, the two are never merged
    /// before. In all other rows the place is changed as it stands: written anew they could be merged with the old ones,
    /// and go with them. A day may be a partition, and there are people who write on many.
    pub fn statements(&self, stand: &Stand) -> Vec<String> {
        let (name, of_bot) = (&self.name, self.of_bot(stand));
        let mut statements = Vec::new();
        if let Some(keys) = self.any(stand, |column| column.is_key == 1) {
            let names: Vec<String> = self.columns.iter().map(|column| format!("`{}`", column.name)).collect();
            let values: Vec<String> = self.columns.iter().map(|column| column.replaced(stand)).collect();
            let (names, values) = (names.join(", "), values.join(", "));
            // As texts: no set finds a row that has a NULL in it.
            let there = self.any_nobody(stand);
            let new = format!(
                " AND toString(tuple({values})) NOT IN (SELECT toString(tuple({names})) FROM `{name}` WHERE {there})"
            );
            statements.push(format!(
                "INSERT INTO `{name}` ({names}) SELECT {values} FROM `{name}` WHERE {of_bot}({keys}){new} \
                 SETTINGS max_partitions_per_insert_block = 0"
            ));
            statements.push(format!("ALTER TABLE `{name}` DELETE WHERE {of_bot}({keys})"));
        }
        if let Some(others) = self.any(stand, |column| column.is_key == 0) {
            let told = self.columns.iter().filter(|column| column.is_key == 0 && column.place().is_some());
            let changes: Vec<String> =
                told.map(|column| format!("`{}` = {}", column.name, column.replaced(stand))).collect();
            statements
                .push(format!("ALTER TABLE `{name}` UPDATE {} WHERE {of_bot}({others})", changes.join(", ")));
        }
        statements
    }

    /// That nobody stands in a column that rows are sorted by.
    fn any_nobody(&self, stand: &Stand) -> String {
        let keys = self.columns.iter().filter(|column| column.is_key == 1);
        let nobody = stand.nobody();
        let is_nobody = keys.filter_map(|column| match column.place()? {
            Place::Id => Some(format!("ifNull(`{}` = {nobody}, 0)", column.name)),
            Place::Key => Some(format!("splitByChar('/', `{}`)[2] = toString({nobody})", column.name)),
            Place::List | Place::Text => None,
        });
        let is_nobody: Vec<String> = is_nobody.collect();
        if is_nobody.is_empty() { "0".to_owned() } else { is_nobody.join(" OR ") }
    }

    /// That one of these columns tells of the person.
    fn any(&self, stand: &Stand, which: impl Fn(&Column) -> bool) -> Option<String> {
        let tell =
            self.columns.iter().filter(|column| which(column)).filter_map(|column| column.tells(stand));
        let tell: Vec<String> = tell.collect();
        (!tell.is_empty()).then(|| tell.join(" OR "))
    }

    /// A table without bots is everybody's.
    fn of_bot<'a>(&self, stand: &'a Stand) -> &'a str {
        if self.columns.iter().any(|column| column.name == "bot") { &stand.of_bot } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, of: &str, is_key: bool) -> Column {
        Column { table: "t".to_owned(), name: name.to_owned(), of: of.to_owned(), is_key: u8::from(is_key) }
    }

    #[test]
    fn what_is_sorted_by_a_person_is_written_anew_and_all_else_changed_as_it_stands() {
        let stand = Stand::new("erasure_1".to_owned(), 7);
        let columns = vec![
            column("bot", "UInt64", true),
            column("chat", "Int64", true),
            column("event", "UInt64", true),
            column("person", "Nullable(Int64)", false),
        ];
        let tables = Table::all(columns);
        let statements = tables[0].statements(&stand);
        let begins: Vec<&str> = statements.iter().map(|statement| &statement[..20]).collect();
        assert_eq!(begins, ["INSERT INTO `t` (`bo", "ALTER TABLE `t` DELE", "ALTER TABLE `t` UPDA"]);
        assert!(
            statements.iter().all(|statement| statement.contains("WHERE bot = 7 AND (")),
            "{statements:?}"
        );
        assert!(!statements[2].contains("`chat`"), "a key cannot be changed: {}", statements[2]);
    }

    #[test]
    fn a_table_that_tells_of_nobody_is_left_alone() {
        assert!(
            Table::all(vec![column("bot", "UInt64", true), column("version", "UInt32", false)]).is_empty()
        );
    }
}
