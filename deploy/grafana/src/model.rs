//! What a board is made of.

/// The datasource of ClickHouse, as it is provisioned.
pub const CLICKHOUSE: &str = "troupe-clickhouse";
/// The datasource of Prometheus, as it is provisioned.
pub const PROMETHEUS: &str = "troupe-prometheus";

/// A dashboard.
#[derive(Debug, Clone)]
pub struct Board {
    /// Its id for ever: addresses and links name it.
    pub uid: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is for, in a sentence.
    pub description: &'static str,
    /// The range that is shown at first, e.g. `now-24h`.
    pub from: &'static str,
    /// What can be chosen.
    pub variables: Vec<Variable>,
    /// What is shown.
    pub rows: Vec<Row>,
}

/// What can be chosen at the top of a board.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name in queries.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Gives its values: one column, or value and text.
    pub sql: String,
    /// Whether several can be chosen, and all.
    pub many: bool,
    /// What is chosen at first, if not the first value.
    pub default: Option<&'static str>,
}

/// Panels under a heading.
#[derive(Debug, Clone)]
pub struct Row {
    /// The heading.
    pub title: &'static str,
    /// The panels, from left to right.
    pub panels: Vec<Panel>,
}

/// How a panel shows what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// One large number, the last.
    Stat,
    /// Lines over time.
    Lines,
    /// Stacked bars over time.
    Bars,
    /// Bars side by side, one for each row.
    Ranking,
    /// A table.
    Table,
}

/// One panel.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Its title.
    pub title: &'static str,
    /// What it tells, in a sentence or two.
    pub description: &'static str,
    /// How it looks.
    pub look: Look,
    /// Its width, of 24.
    pub width: u32,
    /// Its height in units of 30 pixels.
    pub height: u32,
    /// Grafana's name of the unit.
    pub unit: &'static str,
    /// From which value on it is yellow, and red; none if no value is bad.
    pub limits: Option<(f64, f64)>,
    /// What it asks.
    pub queries: Vec<Query>,
    /// Another board that a row's column leads to: column, board, variable.
    pub drill: Option<(&'static str, &'static str, &'static str)>,
}

/// What a panel asks.
#[derive(Debug, Clone)]
pub enum Query {
    /// ClickHouse. The first column is the time where the panel shows time.
    Sql(String),
    /// Prometheus, over time, with the legend's pattern.
    Prom {
        /// The expression.
        expression: &'static str,
        /// How each series is called, e.g. `{{outcome}}`.
        legend: &'static str,
    },
}

impl Panel {
    fn new(look: Look, title: &'static str, description: &'static str, (width, height): (u32, u32)) -> Self {
        let queries = Vec::new();
        Self { title, description, look, width, height, unit: "short", limits: None, queries, drill: None }
    }

    /// One large number.
    pub fn stat(title: &'static str, description: &'static str) -> Self {
        Self::new(Look::Stat, title, description, (4, 4))
    }

    /// Lines over time.
    pub fn lines(title: &'static str, description: &'static str) -> Self {
        Self::new(Look::Lines, title, description, (12, 8))
    }

    /// Stacked bars over time.
    pub fn bars(title: &'static str, description: &'static str) -> Self {
        Self::new(Look::Bars, title, description, (12, 8))
    }

    /// Bars side by side.
    pub fn ranking(title: &'static str, description: &'static str) -> Self {
        Self::new(Look::Ranking, title, description, (12, 8))
    }

    /// A table.
    pub fn table(title: &'static str, description: &'static str) -> Self {
        Self::new(Look::Table, title, description, (12, 8))
    }

    /// Asks ClickHouse.
    #[must_use]
    pub fn sql(mut self, sql: impl Into<String>) -> Self {
        self.queries.push(Query::Sql(sql.into()));
        self
    }

    /// Asks Prometheus.
    #[must_use]
    pub fn prom(mut self, expression: &'static str, legend: &'static str) -> Self {
        self.queries.push(Query::Prom { expression, legend });
        self
    }

    /// Sets the unit.
    #[must_use]
    pub fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// Sets from where on a value is yellow, and red. If the first is the larger one, small values are the bad ones.
    #[must_use]
    pub fn limits(mut self, yellow: f64, red: f64) -> Self {
        self.limits = Some((yellow, red));
        self
    }

    /// Sets the width, of 24.
    #[must_use]
    pub fn wide(mut self, width: u32) -> Self {
        self.width = width;
        self
    }

    /// Makes a column lead to another board, with its value as a variable there.
    #[must_use]
    pub fn drill(mut self, column: &'static str, board: &'static str, variable: &'static str) -> Self {
        self.drill = Some((column, board, variable));
        self
    }
}
