use std::{
    path::Path,
    process::ExitCode,
    sync::Mutex,
    time::{Duration, Instant},
};

use rustix::process::{Signal, set_parent_process_death_signal};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use troupe_dev::{
    Error, demo, folder,
    process::Process,
    running::{Claim, Endpoints},
    service,
    stack::{self, Options, Stack},
    tools::Tools,
};

/// What to do once everything runs.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Play the demo once, check every reply, print a summary, and end; fails unless all is as it should be
    #[arg(long)]
    once: bool,
    /// With --once: do not end then, so that what came of it can be looked at
    #[arg(long, requires = "once")]
    keep: bool,
    /// Start everything, register the bots and the people, but let nobody talk
    #[arg(long, conflicts_with = "once")]
    quiet: bool,
}

/// Runs everything until it is told to end, or until the demo has been played.
pub async fn run(folder: &Path, arguments: Arguments) -> Result<ExitCode, Error> {
    // Whoever started us may die without telling: then nothing may stay behind either.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    let claim = Claim::new(folder)?;
    println!("1/4 Getting the tools that this machine lacks");
    Tools::default().servers()?;
    println!("2/4 Building");
    service::build(&stack::PROGRAMS)?;
    println!("3/4 Starting, with empty stores");
    let (data, logs) = (folder::data(folder), folder::logs(folder));
    stack::clear(&data)?;
    stack::clear(&logs)?;
    let mut told = told_to_end()?;
    let options = Options { data: Some(data), logs: Some(logs), ..Options::default() };
    let mut stack = tokio::select! {
        stack = Stack::start(&options) => stack?,
        () = told.wait() => return Ok(ExitCode::FAILURE),
    };
    let result = tokio::select! {
        result = serve(&mut stack, &claim, &arguments) => result,
        () = told.wait() => {
            println!("\nEnding …");
            Ok(if arguments.once { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
    };
    tokio::select! {
        () = stack.stop() => {}
        // Asked again: dropping the stack kills what is left.
        () = told.wait() => {}
    }
    result
}

/// Tells everything's address, plays the demo, and meanwhile starts again what dies.
async fn serve(stack: &mut Stack, claim: &Claim, arguments: &Arguments) -> Result<ExitCode, Error> {
    let endpoints = Mutex::new(stack.endpoints());
    claim.tell(&told(&endpoints))?;
    show(&told(&endpoints), claim.folder());
    tokio::select! {
        result = play(claim, &endpoints, arguments) => result,
        error = watch(stack, claim, &endpoints) => Err(error),
    }
}

fn told(endpoints: &Mutex<Endpoints>) -> Endpoints {
    endpoints.lock().expect("nobody panics while holding it").clone()
}

fn show(endpoints: &Endpoints, folder: &Path) {
    for (name, endpoint) in &endpoints.services {
        println!("    {name:12} {:32} process {}", endpoint.url, endpoint.process);
    }
    println!("    {:12} {}/endpoints.json", "tokens, keys", folder.display());
    println!("    {:12} {}", "logs", folder::logs(folder).display());
}

/// How often one and the same may die within [`DEATHS_WITHIN`] before everything is given up.
const DEATHS_MAX: usize = 4;
const DEATHS_WITHIN: Duration = Duration::from_mins(1);
/// How many of its last lines are shown of what died.
const LAST_WORDS: usize = 15;

/// Starts again what dies unasked, and tells of it. Returns only when that is no use any more.
async fn watch(stack: &mut Stack, claim: &Claim, endpoints: &Mutex<Endpoints>) -> Error {
    let mut deaths: Vec<(String, Instant)> = Vec::new();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for name in dead(stack) {
            deaths.push((name.clone(), Instant::now()));
            let recent = |(who, when): &&(String, Instant)| *who == name && when.elapsed() < DEATHS_WITHIN;
            if deaths.iter().filter(recent).count() >= DEATHS_MAX {
                let cause = format!("it died {DEATHS_MAX} times within {DEATHS_WITHIN:?}");
                return Error::new(format!("keep {name} running"), cause)
                    .advise(log_advice(claim.folder(), &name));
            }
            println!("    starting {name} again");
            if let Err(error) = start_again(stack, &name, claim.folder()).await {
                return error;
            }
            let mut now = endpoints.lock().expect("nobody panics while holding it");
            now.services = stack.endpoints().services;
            if let Err(error) = claim.tell(&now) {
                return error;
            }
        }
    }
}

/// Who has died, by name; tells of each how, and what it said last.
fn dead(stack: &mut Stack) -> Vec<String> {
    let mut names = Vec::new();
    let mut look = |name: &str, process: &mut Process| {
        if let Some(status) = process.ended() {
            eprintln!("\n{name} has died ({status}). Its last words:\n{}", process.last_words(LAST_WORDS));
            names.push(name.to_owned());
        }
    };
    for (name, process) in stack.servers() {
        look(name, process);
    }
    for service in stack.services() {
        let name = service.name().to_owned();
        look(&name, service.process());
    }
    names
}

async fn start_again(stack: &mut Stack, name: &str, folder: &Path) -> Result<(), Error> {
    match name {
        "nats" => stack.nats.restart().await,
        "redis" => stack.redis.restart().await,
        "clickhouse" => stack.clickhouse.restart().await,
        "telegram" => {
            let cause = "it keeps accounts and messages in memory, so what was there is lost";
            Err(Error::new("go on without the Telegram emulator", cause).advise(log_advice(folder, name)))
        }
        _ => match stack.services().find(|service| service.name() == name) {
            Some(service) => service.restart().await,
            None => Ok(()),
        },
    }
}

fn log_advice(folder: &Path, name: &str) -> String {
    format!("Its whole log: {}", folder::logs(folder).join(format!("{name}.log")).display())
}

/// The wishes of others that we end.
struct Told {
    signals: [Signals; 3],
}

/// Listens for Ctrl-C, for SIGTERM, and for the closing of the terminal.
fn told_to_end() -> Result<Told, Error> {
    let listen = |kind| signal(kind).map_err(|error| Error::new("listen for signals", error));
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [interrupt, terminate, hangup] = kinds.map(listen);
    Ok(Told { signals: [interrupt?, terminate?, hangup?] })
}

impl Told {
    /// Returns when it is time to end.
    async fn wait(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Sets the stage and lets the people talk.
async fn play(claim: &Claim, endpoints: &Mutex<Endpoints>, arguments: &Arguments) -> Result<ExitCode, Error> {
    println!("4/4 Registering the bots and gathering the people");
    let mut now = told(endpoints);
    let scene = demo::set_stage(&mut now).await?;
    {
        // Only what came in: meanwhile something may have been started again.
        let mut endpoints = endpoints.lock().expect("nobody panics while holding it");
        let services = std::mem::take(&mut endpoints.services);
        *endpoints = Endpoints { services, ..now.clone() };
        claim.tell(&endpoints)?;
    }
    if arguments.quiet {
        println!("\nReady. Ctrl-C ends it.");
        return std::future::pending().await;
    }
    if !arguments.once {
        println!("\nThe people talk; Ctrl-C ends it.\n");
        return demo::for_ever(&scene, &now).await.map(|()| ExitCode::SUCCESS);
    }
    println!();
    let summary = demo::once(&scene, &now).await?;
    println!("\n{summary}");
    if arguments.keep {
        println!("Everything goes on running; Ctrl-C ends it.");
        return std::future::pending().await;
    }
    Ok(if summary.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
