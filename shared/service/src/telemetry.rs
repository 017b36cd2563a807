//! Logs and traces. Traces leave over OTLP where an endpoint is set, and cross the bus as W3C trace context.

use std::collections::HashMap;

use anyhow::Context as _;
use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};
use troupe_protocol::TraceContext;

use crate::config::{LogFormat, TelemetryConfig};

/// Sends what is left of the traces when it is dropped; keep it until the end of `main`.
#[must_use = "traces stop when this is dropped"]
#[derive(Debug)]
pub struct TelemetryGuard {
    provider: SdkTracerProvider,
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        // Blocks for as long as the exporter's timeout at most; the process is ending anyway.
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!(%error, "some spans may not have been sent");
        }
    }
}

/// Starts logs, traces and metrics for `service`. Must be called inside a tokio runtime, once.
///
/// Trace ids exist even where no endpoint is set, so that a log line and a row in ClickHouse can be joined.
///
/// # Errors
/// If the filter or the endpoint is malformed, or telemetry was started before.
pub fn init(service: &'static str, config: &TelemetryConfig) -> anyhow::Result<TelemetryGuard> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .with_context(|| format!("cannot read telemetry.log_filter {:?}", config.log_filter))?;
    let provider =
        provider(service, config.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty()))?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    // Spans are made whatever the log filter says, down to debug: what a log shows must not decide what a trace has.
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("troupe")).with_filter(
        tracing_subscriber::filter::filter_fn(|metadata| {
            metadata.is_span() && metadata.target().starts_with("troupe")
        }),
    );
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Pretty => lines.with_target(false).compact().boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(spans)
        .try_init()
        .context("cannot start telemetry twice")?;
    crate::health::start_metrics();
    Ok(TelemetryGuard { provider })
}

fn provider(service: &'static str, endpoint: Option<&str>) -> anyhow::Result<SdkTracerProvider> {
    let resource = Resource::builder()
        .with_service_name(format!("troupe-{service}"))
        .with_attribute(opentelemetry::KeyValue::new("service.instance.id", crate::instance_name()))
        .build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = endpoint else { return Ok(builder.build()) };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .with_context(|| format!("cannot send traces to telemetry.otlp_endpoint {endpoint:?}"))?;
    Ok(builder.with_batch_exporter(exporter).build())
}

/// The trace context of the current span, to be sent along with a message. Empty outside a trace.
pub fn current() -> TraceContext {
    let mut headers = HashMap::new();
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut headers));
    TraceContext {
        traceparent: headers.remove("traceparent"),
        tracestate: headers.remove("tracestate").filter(|state| !state.is_empty()),
    }
}

/// Makes `span` a child of the span that a message was sent from. Call it before the span is entered.
pub fn continue_from(span: &Span, trace: &TraceContext) {
    let Some(parent) = &trace.traceparent else { return };
    let mut headers = HashMap::from([("traceparent".to_owned(), parent.clone())]);
    if let Some(state) = &trace.tracestate {
        headers.insert("tracestate".to_owned(), state.clone());
    }
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    if let Err(error) = span.set_parent(context) {
        tracing::debug!(%error, "a span could not be joined to its message's trace");
    }
}

#[cfg(test)]
mod tests {
    use tracing::info_span;

    use super::*;

    #[tokio::test]
    async fn a_trace_goes_on_across_a_message() {
        let config =
            TelemetryConfig { log_format: LogFormat::Json, log_filter: "off".into(), otlp_endpoint: None };
        let _telemetry = init("test", &config).unwrap();
        assert_eq!(current(), TraceContext::default(), "outside a span there is no trace");
        let sent = info_span!(target: "troupe", "send").in_scope(current);
        let id = sent.trace_id().expect("inside a span there is a trace").to_owned();
        let received = info_span!(target: "troupe", "receive");
        continue_from(&received, &sent);
        let answered = received.in_scope(current);
        assert_eq!(answered.trace_id(), Some(id.as_str()));
        assert_ne!(answered.traceparent, sent.traceparent, "the same trace, another span");
    }
}
