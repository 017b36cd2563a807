use std::{error::Error, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The first pause between two tries; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Tries to `connect` to `what` until that succeeds: a service that is started before what it needs, or while that is slow
/// or away, waits for it and says so in the log. `None` if `stop` was cancelled before.
///
/// # Errors
/// The first error that waiting does not mend: one that is not `passing`.
pub async fn wait_for<T, E, F>(
    what: &'static str,
    stop: &CancellationToken,
    passing: impl Fn(&E) -> bool,
    connect: impl Fn() -> F,
) -> Result<Option<T>, E>
where
    E: Error + 'static,
    F: Future<Output = Result<T, E>>,
{
    let connected = async {
        let mut pause = PAUSE_MIN;
        loop {
            // Connecting keeps a lot in mind; whoever waits need not.
            match Box::pin(connect()).await {
                Err(error) if passing(&error) => {
                    tracing::warn!(error = &error as &dyn Error, "waiting for {what}");
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                other => return other,
            }
        }
    };
    stop.run_until_cancelled(connected).await.transpose()
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        io::{
            self,
            ErrorKind::{ConnectionRefused, PermissionDenied},
        },
    };

    use super::*;

    /// Waits for something that comes out so, try by try; returns what came of it, and how often it was tried.
    async fn wait(outcomes: &[Result<u8, io::ErrorKind>]) -> (Result<Option<u8>, io::ErrorKind>, usize) {
        let tried = Cell::new(0);
        let connect = || {
            let outcome = outcomes[tried.replace(tried.get() + 1)];
            async move { outcome.map_err(io::Error::from) }
        };
        let passing = |error: &io::Error| error.kind() == ConnectionRefused;
        let waited = wait_for("it", &CancellationToken::new(), passing, connect).await;
        (waited.map_err(|error| error.kind()), tried.get())
    }

    #[tokio::test]
    async fn what_is_away_is_tried_again_and_what_is_wrong_is_not() {
        let away = Err(ConnectionRefused);
        assert_eq!(wait(&[away, away, Ok(7)]).await, (Ok(Some(7)), 3));
        assert_eq!(wait(&[away, Err(PermissionDenied)]).await, (Err(PermissionDenied), 2));
    }

    #[tokio::test]
    async fn who_is_told_to_stop_waits_no_longer() {
        let stop = CancellationToken::new();
        let connect = || {
            stop.cancel();
            async { Err::<u8, _>(io::Error::from(ConnectionRefused)) }
        };
        assert!(matches!(wait_for("it", &stop, |_| true, connect).await, Ok(None)));
    }
}
