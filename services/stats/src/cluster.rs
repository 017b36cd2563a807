//! The form that a statement of the schema has on a cluster: the same tables, on every server, each replicated.
//!
//! Only statements that it knows are turned into anything: one that could mean something else on several servers than on
//! one is refused, and a test sees that each statement of each migration is known.

use crate::sql::{Kind, Token, tokens};

/// Under which path of Keeper a replicated table is, and which of its replicas a server has. Servers fill these in by their
/// macros, `database` and `table` by themselves. The path is by name, so that a server that is added later can have it too.
const REPLICA: &str = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";

/// Begins of the commands of `ALTER TABLE` that go to every replica, and wait for each other.
const ALTERS: [&str; 12] = [
    "ADD COLUMN",
    "ADD INDEX",
    "ADD PROJECTION",
    "MODIFY COLUMN",
    "MODIFY TTL",
    "REMOVE TTL",
    "MATERIALIZE COLUMN",
    "MATERIALIZE INDEX",
    "MATERIALIZE PROJECTION",
    "DROP COLUMN",
    "DROP INDEX",
    "DROP PROJECTION",
];

/// A statement whose form on a cluster is not known.
#[derive(Debug, thiserror::Error)]
#[error(
    "it is not known what this statement is on a cluster: {why} (services/stats/src/cluster.rs): {statement}"
)]
pub(crate) struct NotKnown {
    why: String,
    statement: String,
}

/// What `statement` is on the cluster of this name.
///
/// Whatever makes, changes or drops something is done on all servers. Rows go to one server, which the others copy them from.
///
/// # Errors
/// If the statement is none of those that a migration may have.
pub(crate) fn on_cluster(statement: &str, cluster: &str) -> Result<String, NotKnown> {
    let not_known = |why: String| NotKnown { why, statement: statement.trim().to_owned() };
    let tokens = tokens(statement).map_err(not_known)?;
    let changes = Reading { tokens: &tokens }.changes(cluster).map_err(not_known)?;
    let (mut text, mut end) = (String::new(), 0);
    for Change { from, to, with } in changes {
        text.push_str(&statement[end..from]);
        text.push_str(&with);
        end = to;
    }
    text.push_str(&statement[end..]);
    Ok(text)
}

/// A name as SQL takes any.
pub(crate) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// What is put into the place of a piece of the statement.
struct Change {
    from: usize,
    to: usize,
    with: String,
}

impl Change {
    fn insert(at: usize, with: impl Into<String>) -> Self {
        Self { from: at, to: at, with: with.into() }
    }
}

/// What of a statement is still to be read.
struct Reading<'a> {
    tokens: &'a [Token<'a>],
}

/// What else than where it is done has to be changed of a statement, of which what follows the name is still to be read.
type Form<'a> = fn(Reading<'a>) -> Result<Vec<Change>, String>;

impl<'a> Reading<'a> {
    /// What has to be changed, in order.
    fn changes(mut self, cluster: &str) -> Result<Vec<Change>, String> {
        if self.takes("INSERT INTO") {
            self.name()?;
            ensure(self.outside().any(|token| token.is("SELECT")), "it does not insert what a SELECT gives")?;
            return Ok(Vec::new());
        }
        let forms: [(&str, Form<'a>, &str); 8] = [
            ("CREATE TABLE IF NOT EXISTS", Self::table, ""),
            ("CREATE VIEW IF NOT EXISTS", Self::view, ""),
            ("CREATE OR REPLACE VIEW", Self::view, ""),
            ("CREATE MATERIALIZED VIEW IF NOT EXISTS", Self::materialized_view, ""),
            ("ALTER TABLE", Self::alter, ""),
            // Otherwise its path in Keeper is taken for some minutes, and a table of its name could not be made again.
            ("DROP TABLE IF EXISTS", Self::nothing, " SYNC"),
            ("DROP VIEW IF EXISTS", Self::nothing, ""),
            ("TRUNCATE TABLE", Self::nothing, ""),
        ];
        let form = forms.into_iter().find(|(begin, ..)| self.takes(begin));
        let (_, form, behind) = form.ok_or("it begins as none of those that are known")?;
        let name = self.name()?;
        let everywhere = format!(" ON CLUSTER {}{behind}", identifier(cluster));
        let mut changes = vec![Change::insert(name.end(), everywhere)];
        changes.extend(form(self)?);
        Ok(changes)
    }

    /// Each server has the table, and takes part in replicating it.
    fn table(self) -> Result<Vec<Change>, String> {
        ensure(self.begins("("), "no columns follow the name")?;
        ensure(
            !self.outside().any(|token| token.is("AS")),
            "each server would fill the table by itself: insert with a statement of its own",
        )?;
        let mut engines =
            (0..self.tokens.len()).filter(|at| self.tokens[*at].depth == 0 && self.tokens[*at].is("ENGINE"));
        let (Some(at), None) = (engines.next(), engines.next()) else {
            return Err("it does not name one engine".to_owned());
        };
        let mut changes = Reading { tokens: &self.tokens[at + 1..] }.engine()?;
        changes.extend(self.windows());
        Ok(changes)
    }

    /// `= ReplacingMergeTree(version)` and the like.
    fn engine(mut self) -> Result<Vec<Change>, String> {
        let (true, Some((engine, behind))) = (self.takes("="), self.tokens.split_first()) else {
            return Err("no engine follows ENGINE".to_owned());
        };
        ensure(
            engine.text.ends_with("MergeTree") && !engine.text.starts_with("Replicated"),
            &format!("the engine {} has no replicated form", engine.text),
        )?;
        let arguments = match behind {
            [open, close, ..] if open.is("(") && close.is(")") => Change::insert(open.end(), REPLICA),
            [open, ..] if open.is("(") => Change::insert(open.end(), format!("{REPLICA}, ")),
            _ => Change::insert(engine.end(), format!("({REPLICA})")),
        };
        Ok(vec![Change::insert(engine.at, "Replicated"), arguments])
    }

    /// The setting for how many inserts are told apart has a name of its own where tables are replicated.
    fn windows(&self) -> Vec<Change> {
        let windows = self.tokens.iter().filter(|token| token.is("non_replicated_deduplication_window"));
        let with = || "replicated_deduplication_window".to_owned();
        windows.map(|token| Change { from: token.at, to: token.end(), with: with() }).collect()
    }

    fn view(self) -> Result<Vec<Change>, String> {
        ensure(self.begins("AS"), "no AS follows the name")?;
        Ok(Vec::new())
    }

    /// It fills a table that is replicated, on the server that gets the rows.
    fn materialized_view(mut self) -> Result<Vec<Change>, String> {
        ensure(self.takes("TO"), "a table that a view has for itself would not be replicated: say TO")?;
        self.name()?;
        self.view()
    }

    /// One server does it, and the others by what Keeper tells of it. Settings of a table are each server's own, and changed
    /// by each, for which they have to stand alone.
    fn alter(mut self) -> Result<Vec<Change>, String> {
        let windows = self.windows();
        if self.takes("MODIFY SETTING") {
            let outside: Vec<&Token<'_>> = self.outside().collect();
            let mut settings = outside.split(|token| token.is(","));
            let only = settings.all(|setting| setting.get(1).is_some_and(|sign| sign.is("=")));
            ensure(only, "something else than settings is changed together with settings")?;
            return Ok(windows);
        }
        loop {
            if !ALTERS.iter().any(|begin| self.takes(begin)) {
                let words: Vec<&str> = self.tokens.iter().take(2).map(|token| token.text).collect();
                return Err(format!("the command {} is not known", words.join(" ")));
            }
            let Some(comma) = self.tokens.iter().position(|token| token.depth == 0 && token.is(",")) else {
                return Ok(windows);
            };
            self.tokens = &self.tokens[comma + 1..];
        }
    }

    fn nothing(self) -> Result<Vec<Change>, String> {
        ensure(self.tokens.is_empty(), "something follows the name")?;
        Ok(Vec::new())
    }

    /// What stands in no brackets.
    fn outside(&self) -> impl Iterator<Item = &'a Token<'a>> + use<'a> {
        self.tokens.iter().filter(|token| token.depth == 0)
    }

    fn begins(&self, word: &str) -> bool {
        self.tokens.first().is_some_and(|token| token.is(word))
    }

    /// Goes on behind these words if they come next. Says whether they did.
    fn takes(&mut self, words: &str) -> bool {
        let mut rest = self.tokens;
        for word in words.split(' ') {
            match rest.split_first() {
                Some((token, behind)) if token.is(word) => rest = behind,
                _ => return false,
            }
        }
        self.tokens = rest;
        true
    }

    /// Goes on behind a name without a database.
    fn name(&mut self) -> Result<&'a Token<'a>, String> {
        let name = self.tokens.split_first();
        let Some((name, rest)) = name.filter(|(name, _)| matches!(name.kind, Kind::Word | Kind::Quoted))
        else {
            return Err("there is no name".to_owned());
        };
        self.tokens = rest;
        ensure(!self.begins("."), "a name has a database")?;
        Ok(name)
    }
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(statement: &str, expected: &str) {
        assert_eq!(on_cluster(statement, "c").unwrap(), expected);
    }

    fn check_refused(statement: &str, why: &str) {
        let error = on_cluster(statement, "c").unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn a_table_is_on_every_server_and_replicated() {
        check(
            "CREATE TABLE IF NOT EXISTS t\n(\n    id String COMMENT 'ENGINE = MergeTree'\n)\nENGINE = ReplacingMergeTree\nORDER BY id\n\
             SETTINGS non_replicated_deduplication_window = 7, a = 1\nCOMMENT 'non_replicated_deduplication_window'",
            "CREATE TABLE IF NOT EXISTS t ON CLUSTER `c`\n(\n    id String COMMENT 'ENGINE = MergeTree'\n)\n\
             ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')\nORDER BY id\n\
             SETTINGS replicated_deduplication_window = 7, a = 1\nCOMMENT 'non_replicated_deduplication_window'",
        );
    }

    #[test]
    fn an_engine_keeps_its_own_arguments() {
        let replica = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";
        for (own, replicated) in [
            ("MergeTree()", format!("ReplicatedMergeTree({replica})")),
            ("ReplacingMergeTree(seq)", format!("ReplicatedReplacingMergeTree({replica}, seq)")),
            ("AggregatingMergeTree", format!("ReplicatedAggregatingMergeTree({replica})")),
        ] {
            check(
                &format!("CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE = {own} ORDER BY a"),
                &format!(
                    "CREATE TABLE IF NOT EXISTS t ON CLUSTER `c` (a Int8) ENGINE = {replicated} ORDER BY a"
                ),
            );
        }
    }

    #[test]
    fn views_are_on_every_server() {
        check("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE OR REPLACE VIEW v ON CLUSTER `c` AS SELECT 1");
        check(
            "CREATE VIEW IF NOT EXISTS v AS SELECT 1",
            "CREATE VIEW IF NOT EXISTS v ON CLUSTER `c` AS SELECT 1",
        );
        check(
            "CREATE MATERIALIZED VIEW IF NOT EXISTS v TO t AS SELECT 1",
            "CREATE MATERIALIZED VIEW IF NOT EXISTS v ON CLUSTER `c` TO t AS SELECT 1",
        );
        check("DROP VIEW IF EXISTS v", "DROP VIEW IF EXISTS v ON CLUSTER `c`");
    }

    #[test]
    fn a_table_is_dropped_at_once_so_that_its_path_is_free() {
        check("DROP TABLE IF EXISTS t\n", "DROP TABLE IF EXISTS t ON CLUSTER `c` SYNC\n");
    }

    #[test]
    fn a_table_is_emptied_everywhere() {
        check("TRUNCATE TABLE t", "TRUNCATE TABLE t ON CLUSTER `c`");
    }

    #[test]
    fn a_change_is_told_to_every_server() {
        check(
            "ALTER TABLE t\n    ADD COLUMN a Int8 DEFAULT f(1, 2),\n    ADD INDEX i a TYPE set(64)",
            "ALTER TABLE t ON CLUSTER `c`\n    ADD COLUMN a Int8 DEFAULT f(1, 2),\n    ADD INDEX i a TYPE set(64)",
        );
        check(
            "ALTER TABLE t MODIFY SETTING non_replicated_deduplication_window = 5, b = 'x'",
            "ALTER TABLE t ON CLUSTER `c` MODIFY SETTING replicated_deduplication_window = 5, b = 'x'",
        );
    }

    #[test]
    fn rows_go_to_one_server() {
        let statement = "INSERT INTO t SELECT * FROM u";
        check(statement, statement);
    }

    #[test]
    fn what_would_be_something_else_on_several_servers_is_refused() {
        check_refused("OPTIMIZE TABLE t FINAL", "it begins as none of those that are known");
        check_refused(
            "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a",
            "it begins as none of those that are known",
        );
        check_refused(
            "CREATE TABLE IF NOT EXISTS d.t (a Int8) ENGINE = MergeTree ORDER BY a",
            "a name has a database",
        );
        check_refused(
            "CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE = Memory",
            "the engine Memory has no replicated form",
        );
        check_refused("CREATE TABLE IF NOT EXISTS t (a Int8) ORDER BY a", "it does not name one engine");
        check_refused(
            "CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE = MergeTree ORDER BY a AS SELECT 1 AS a",
            "each server would fill the table by itself",
        );
        check_refused(
            "CREATE MATERIALIZED VIEW IF NOT EXISTS v ENGINE = MergeTree ORDER BY a AS SELECT 1 AS a",
            "say TO",
        );
        check_refused("CREATE OR REPLACE VIEW v ON CLUSTER c AS SELECT 1", "no AS follows the name");
        check_refused(
            "ALTER TABLE t ADD COLUMN a Int8, MODIFY SETTING b = 1",
            "the command MODIFY SETTING is not known",
        );
        check_refused("ALTER TABLE t MODIFY SETTING b = 1, ADD COLUMN a Int8", "together with settings");
        check_refused("ALTER TABLE t DELETE WHERE 1", "the command DELETE WHERE is not known");
        check_refused("INSERT INTO t VALUES (1)", "it does not insert what a SELECT gives");
        check_refused("DROP TABLE IF EXISTS t, u", "something follows the name");
        check_refused("ALTER TABLE t ADD COLUMN a String DEFAULT 'x", "a ' has no end");
    }

    #[test]
    fn the_name_of_a_cluster_may_be_any() {
        let dropped = on_cluster("DROP VIEW IF EXISTS v", "a`b").unwrap();
        assert_eq!(dropped, "DROP VIEW IF EXISTS v ON CLUSTER `a\\`b`");
    }

    proptest! {
        #[test]
        fn all_else_of_a_statement_stays(
            name in "[a-z][a-z_]{0,8}|`[a-z .]{1,8}`",
            text in "[a-zA-Z =(,;`\"-]{0,20}",
            comment in "[a-zA-Z =('`]{0,20}",
            engine in "(Replacing|Aggregating|Summing|)MergeTree",
            window in 0..2000,
        ) {
            let statement = format!(
                "CREATE TABLE IF NOT EXISTS {name} -- {comment}\n(a Int8 COMMENT '{text}')\nENGINE = {engine}\nORDER BY a\n\
                 SETTINGS non_replicated_deduplication_window = {window}\nCOMMENT '{text}'"
            );
            let replicated = on_cluster(&statement, "c").unwrap();
            let back = replicated
                .replacen(" ON CLUSTER `c`", "", 1)
                .replacen("\nENGINE = Replicated", "\nENGINE = ", 1)
                .replacen("('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')", "", 1)
                .replacen("SETTINGS replicated_", "SETTINGS non_replicated_", 1);
            prop_assert_eq!(back, statement);
            // Done once, it is not taken for what it was before.
            prop_assert!(on_cluster(&replicated, "c").is_err());
        }
    }
}
