//! Rows of a query, whatever their columns.

use clickhouse::query::Query;
use serde::Deserialize;
use serde_json::Value;

use crate::{error::ApiError, statistics::patiently};

/// What a query found.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

/// As ClickHouse writes `JSONCompact`.
#[derive(Deserialize)]
struct Compact {
    meta: Vec<Column>,
    data: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

impl Table {
    /// Runs a query.
    pub(super) async fn read(query: Query) -> Result<Self, ApiError> {
        let query = query.with_setting("output_format_json_quote_64bit_integers", "0");
        let text = patiently(async { query.fetch_bytes("JSONCompact")?.collect().await }).await?;
        let Compact { meta, data } = serde_json::from_slice(&text).map_err(|error| {
            ApiError::Unavailable(format!("ClickHouse answered what is no table: {error}"))
        })?;
        Ok(Self { columns: meta.into_iter().map(|column| column.name).collect(), rows: data })
    }

    /// A column's place.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The number in a cell.
    pub(super) fn number(&self, row: usize, column: usize) -> Option<u64> {
        self.rows.get(row)?.get(column)?.as_u64()
    }
}
