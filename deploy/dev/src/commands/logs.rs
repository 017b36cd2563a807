use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use troupe_dev::{Error, folder};

/// How many lines of the past are shown.
const LINES: usize = 100;

/// What to show.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Whose: nats, redis, clickhouse, telegram, ingress, responder, stats, manager; all if left out
    service: Option<String>,
    /// Go on showing what is said, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

/// Shows the end of the logs, and what is added if that is asked for.
pub async fn run(folder: &Path, arguments: &Arguments) -> Result<ExitCode, Error> {
    let folder = folder::logs(folder);
    let names = names(&folder);
    let chosen: Vec<&String> = match &arguments.service {
        Some(wanted) => names.iter().filter(|name| *name == wanted).collect(),
        None => names.iter().collect(),
    };
    if chosen.is_empty() {
        let which = arguments.service.clone().unwrap_or_else(|| "anything".into());
        let advice = match names.as_slice() {
            [] => "Nothing has run yet. Start it: cargo dev up".to_owned(),
            names => format!("There are: {}", names.join(", ")),
        };
        let cause = format!("there is no such file in {}", folder.display());
        return Err(Error::new(format!("show the log of {which}"), cause).advise(advice));
    }
    let prefixed = chosen.len() > 1;
    let mut logs: Vec<Log> = chosen.iter().map(|name| Log::new(&folder, name, prefixed)).collect();
    for log in &mut logs {
        log.show(Some(if prefixed { LINES / 5 } else { LINES }));
    }
    if !arguments.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for log in &mut logs {
            log.show(None);
        }
    }
}

/// Who has a log, in alphabetical order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// A log and how far it was shown.
struct Log {
    path: PathBuf,
    prefix: String,
    shown: u64,
}

impl Log {
    fn new(folder: &Path, name: &str, prefixed: bool) -> Self {
        let prefix = if prefixed { format!("{name:12} | ") } else { String::new() };
        Self { path: folder.join(format!("{name}.log")), prefix, shown: 0 }
    }

    /// Shows the complete lines that were not shown yet, or only the last of them.
    fn show(&mut self, last: Option<usize>) {
        let Ok(mut file) = File::open(&self.path) else { return };
        if file.metadata().is_ok_and(|metadata| metadata.len() < self.shown) {
            self.shown = 0; // a new run has emptied it
        }
        let mut bytes = Vec::new();
        if file.seek(SeekFrom::Start(self.shown)).and_then(|_| file.read_to_end(&mut bytes)).is_err() {
            return;
        }
        let complete = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        self.shown += complete as u64;
        let text = String::from_utf8_lossy(&bytes[..complete]);
        let lines: Vec<&str> = text.lines().collect();
        let mut out = io::stdout().lock();
        for line in &lines[lines.len().saturating_sub(last.unwrap_or(usize::MAX))..] {
            let _ = writeln!(out, "{}{line}", self.prefix);
        }
    }
}
