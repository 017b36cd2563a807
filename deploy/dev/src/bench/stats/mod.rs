//! What statistics cost: writing a backlog of events, and answering reports and boards from a long history.

use std::{fs, path::PathBuf};

mod database;
mod history;
mod queries;
mod report;
mod world;
mod writer;

use self::world::World;
pub use self::{
    history::{Size, Storage},
    queries::Timed,
    report::Report,
    writer::Written,
};
use crate::{Error, error::Doing};

/// How much to measure with.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many events the writer has to catch up with; 0: the writer is not measured.
    pub backlog: u64,
    /// How many events the history has that reports and boards are asked of; 0: they are not asked.
    pub events: u64,
    /// How many messages someone writes in a row in a history that is made, at most.
    pub longest_visit: u64,
    /// Where the history is kept for the next time; otherwise it goes.
    pub history: Option<PathBuf>,
}

/// Measures with servers that it starts, and which are gone afterwards with all of their data.
///
/// # Errors
/// A server cannot be started, stats cannot be built, or ClickHouse refuses something.
pub async fn run(options: Options) -> Result<Report, Error> {
    let world = World::start(options.history.as_deref()).await?;
    let mut report = Report { load: vec![load()?], ..Report::default() };
    // The history first: stats does what is to be done for it while the stream is still empty.
    let history = world.prepared("history").await?;
    if options.events > 0 {
        if history::is_empty(&history).await? {
            println!("Making a history of {} events …", options.events);
            history::make(&history, options.events, options.longest_visit).await?;
        }
        println!("Counting the days that are over …");
        history::settle(&world, &history).await?;
        report.storage = Some(history::storage(&history).await?);
    }
    if options.backlog > 0 {
        report.written = Some(writer::measure(&world, options.backlog).await?);
    }
    if options.events > 0 {
        println!("Asking reports and boards …");
        let end = history::end(&history).await?;
        report.reports = queries::reports(&history, end).await?;
        report.panels = queries::panels(&history, end).await?;
    }
    report.load.push(load()?);
    Ok(report)
}

/// The load averages of the machine.
fn load() -> Result<String, Error> {
    let text = fs::read_to_string("/proc/loadavg").doing(|| "read /proc/loadavg".to_owned())?;
    Ok(text.split(' ').take(3).collect::<Vec<_>>().join(" "))
}
