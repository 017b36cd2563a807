//! What orchestrators and Prometheus ask: `/healthz`, `/readyz`, `/metrics`.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use anyhow::Context;
use axum::{Router, extract::State, http::StatusCode, http::header, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Whether each thing that the service needs is there. Clones share their state.
#[derive(Debug, Clone, Default)]
pub struct Health {
    dependencies: Arc<Mutex<BTreeMap<&'static str, bool>>>,
}

impl Health {
    /// Makes one that waits for nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something that the service needs before it is ready: absent until [`Dependency::set`] says otherwise.
    pub fn dependency(&self, name: &'static str) -> Dependency {
        let dependency = Dependency { health: self.clone(), name };
        dependency.set(false);
        dependency
    }

    fn missing(&self) -> Vec<&'static str> {
        let dependencies = self.dependencies.lock().unwrap_or_else(PoisonError::into_inner);
        dependencies.iter().filter(|(_, present)| !**present).map(|(name, _)| *name).collect()
    }
}

/// One thing that the service needs.
#[derive(Debug, Clone)]
pub struct Dependency {
    health: Health,
    name: &'static str,
}

impl Dependency {
    /// Says whether it is there.
    pub fn set(&self, present: bool) {
        crate::metrics::dependency(self.name, present);
        self.health.dependencies.lock().unwrap_or_else(PoisonError::into_inner).insert(self.name, present);
    }
}

/// The routes: `/healthz` (the process lives), `/readyz` (everything it needs is there, else 503 and what is missing)
/// and `/metrics` (Prometheus text format).
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let missing = health.missing();
    if missing.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for {}\n", missing.join(", ")))
    }
}

async fn metrics() -> impl IntoResponse {
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

/// Histogram bounds in seconds, from 10 microseconds, which deciding takes, to a minute.
const SECONDS: [f64; 19] = [
    0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0, 60.0,
];

/// Histogram bounds in rows.
const ROWS: [f64; 9] = [1.0, 10.0, 100.0, 500.0, 1_000.0, 5_000.0, 10_000.0, 50_000.0, 100_000.0];

/// The process's one metrics recorder; installed at the first call.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    RECORDER
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
                .and_then(|builder| {
                    builder.set_buckets_for_metric(Matcher::Suffix("_rows".to_owned()), &ROWS)
                })
                .inspect_err(|error| tracing::error!(%error, "cannot set the metrics' buckets"))
                .ok()?;
            builder
                .install_recorder()
                .inspect_err(|error| tracing::error!(%error, "cannot install metrics"))
                .ok()
        })
        .as_ref()
}

/// Starts counting. Metrics from before this call are lost.
pub fn start_metrics() {
    recorder();
    crate::metric::announce(crate::metrics::ALL);
}

/// Binds `listen` and serves `router` there until `stop`. Returns the address it got, and the task that serves.
///
/// # Errors
/// If the address is taken or not this machine's; the error says which.
pub async fn serve(
    listen: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> anyhow::Result<(SocketAddr, tokio::task::JoinHandle<()>)> {
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}: set another address in http.listen (TROUPE__HTTP__LISTEN)")
    })?;
    let address = listener.local_addr().context("cannot read the address that was bound")?;
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "cannot serve HTTP any longer");
            stop.cancel();
        }
    });
    tracing::info!(%address, "serving HTTP");
    Ok((address, task))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_when_every_dependency_is_there() {
        let health = Health::new();
        let (nats, redis) = (health.dependency("nats"), health.dependency("redis"));
        assert_eq!(health.missing(), ["nats", "redis"]);
        nats.set(true);
        assert_eq!(health.missing(), ["redis"]);
        redis.set(true);
        assert!(health.missing().is_empty());
        nats.set(false);
        assert_eq!(health.missing(), ["nats"]);
    }
}
