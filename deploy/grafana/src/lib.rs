//! Grafana's dashboards and alerts as code. `cargo dev dashboards` writes them into `deploy/grafana`, from where Grafana
//! reads them.
//!
//! A board is a list of rows of panels, each with what it asks; where panels stand, their ids and the JSON that Grafana
//! wants are worked out here. To change a board, change its file in `boards`.

pub mod alerts;
pub mod boards;
pub mod expand;
mod json;
pub mod model;

use std::collections::BTreeMap;

/// Every generated file, by its path below `deploy/grafana`.
pub fn files() -> BTreeMap<String, String> {
    let boards = boards::all().into_iter().map(|board| {
        (format!("dashboards/{}.json", board.uid.trim_start_matches("troupe-")), json::board(&board))
    });
    let alerts = ("provisioning/alerting/troupe.json".to_owned(), alerts::json());
    boards.chain([alerts]).map(|(path, json)| (path, format!("{json:#}\n"))).collect()
}
