//! Going down: the first signal asks for an orderly stop, the second one ends the process.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit code of a process that was told twice: 128 + SIGINT, as a shell reports it.
const TOLD_TWICE: i32 = 130;

/// Returns a token that SIGTERM or SIGINT cancels. A second signal exits the process at once.
///
/// # Errors
/// If signals cannot be caught.
pub fn on_signal() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot catch SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot catch SIGINT")?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        for told_before in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if told_before {
                tracing::warn!("told to stop again, exiting at once");
                std::process::exit(TOLD_TWICE);
            }
            tracing::info!("told to stop");
            token.cancel();
        }
    });
    Ok(stop)
}
