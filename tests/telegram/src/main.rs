//! The Telegram emulator as a program of its own.

use std::{
    fs,
    io::{IsTerminal, stderr},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use troupe_telegram::{Config, Emulator, RsaKey, Settings};

/// A Telegram emulator: an MTProto 2.0 server for development and tests, with a control API over HTTP.
///
/// Point a client at the MTProto address as data centre 2, with the public key that GET /info shows. Create
/// accounts with POST /accounts and read a login code with GET /accounts/{id}/code; GET /openapi.json has the rest.
/// Everything is kept in memory and gone when the program ends.
#[derive(Debug, Parser)]
#[command(name = "troupe-telegram", version)]
struct Arguments {
    /// Where to listen for MTProto; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the control API listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Tell clients to connect to this address rather than to the one that is listened on.
    #[arg(long, value_name = "ADDRESS")]
    advertise: Option<SocketAddr>,
    /// Write what GET /info answers to this file once both listeners are up.
    #[arg(long, value_name = "PATH")]
    info_file: Option<PathBuf>,
    /// Take the server's RSA key from this file (PKCS#1 PEM); made and written there if it does not exist.
    #[arg(long, value_name = "FILE")]
    rsa_key: Option<PathBuf>,
    /// Do not let a key die that is used from two places at once; still count it.
    #[arg(long)]
    allow_overlaps: bool,
}

/// Something that keeps the emulator from running, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Fatal(String);

fn fatal<E: std::error::Error>(what: impl std::fmt::Display) -> impl FnOnce(E) -> Fatal {
    move |error| {
        let mut text = format!("{what}: {error}");
        let mut source = error.source();
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        Fatal(text)
    }
}

fn rsa_key(path: &PathBuf) -> Result<RsaKey, Fatal> {
    let shown = path.display();
    if path.exists() {
        let pem = fs::read_to_string(path).map_err(fatal(format!("cannot read {shown}")))?;
        return RsaKey::from_pem(&pem).map_err(fatal(format!("cannot use {shown}")));
    }
    let key = RsaKey::generate();
    fs::write(path, key.private_pem()).map_err(fatal(format!("cannot write {shown}")))?;
    Ok(key)
}

async fn run(arguments: Arguments) -> Result<(), Fatal> {
    let rsa_key = arguments.rsa_key.as_ref().map(rsa_key).transpose()?;
    let settings = Settings { overlap_kills_key: !arguments.allow_overlaps, ..Settings::default() };
    let config = Config {
        listen: arguments.listen,
        control: arguments.control,
        advertise: arguments.advertise,
        rsa_key,
        settings,
    };
    // Before the listeners are up: a signal that comes early is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(fatal("cannot wait for signals"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fatal("cannot wait for signals"))?;
    let emulator = Emulator::start(config).await.map_err(fatal("cannot start"))?;
    if let Some(path) = &arguments.info_file {
        // Written aside and moved, so that who waits for the file never reads half of it.
        let aside = path.with_extension("part");
        fs::write(&aside, emulator.info_json())
            .and_then(|()| fs::rename(&aside, path))
            .map_err(fatal(format!("cannot write {}", path.display())))?;
    }
    println!("mtproto {} control {}", emulator.mtproto_address(), emulator.control_url());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_writer(stderr)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("troupe-telegram: cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("troupe-telegram: {error}");
            ExitCode::FAILURE
        }
    }
}
