use tokio_util::sync::CancellationToken;

use crate::{
    config::{HttpConfig, TelemetryConfig},
    health::{self, Health},
    shutdown,
    telemetry::{self, TelemetryGuard},
};

/// What a service has before it has anything else. Keep it until the end of `main`.
#[derive(Debug)]
pub struct Started {
    /// What it is asked for readiness; served already.
    pub health: Health,
    /// Cancelled when it is told to stop.
    pub stop: CancellationToken,
    _telemetry: TelemetryGuard,
}

/// Starts `service`: logs and traces, stopping by signal, health and metrics at the configured address. It is not ready until
/// whoever connects to what it `needs` says that it is there. Must be called inside a tokio runtime, once.
///
/// # Errors
/// If a setting is malformed, the address is taken, or signals cannot be caught.
pub async fn start(
    service: &'static str,
    http: &HttpConfig,
    telemetry: &TelemetryConfig,
    needs: &[&'static str],
) -> anyhow::Result<Started> {
    let telemetry = telemetry::init(service, telemetry)?;
    let stop = shutdown::on_signal()?;
    let health = Health::new();
    // Said before it listens, so that it is never ready for lack of knowing what it needs.
    for need in needs {
        health.dependency(need);
    }
    health::serve(http.listen, health::router(health.clone()), stop.clone()).await?;
    Ok(Started { health, stop, _telemetry: telemetry })
}
