//! One message is one trace, from ingress to the row in ClickHouse.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value as Attribute,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};
use troupe_dev::stack::Options;

use crate::world::{World, wait_for};

/// A span that a service sent.
#[derive(Debug, Clone)]
struct Span {
    service: String,
    name: String,
    trace: String,
    id: Vec<u8>,
    parent: Vec<u8>,
}

/// A receiver of traces, as a collector is one.
#[derive(Debug, Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = self.spans.lock().expect("nobody panics while holding it");
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.into_iter().flat_map(|resource| resource.attributes);
            let service = attributes
                .filter(|attribute| attribute.key == "service.name")
                .find_map(|attribute| match attribute.value?.value? {
                    Attribute::StringValue(name) => Some(name),
                    _ => None,
                })
                .unwrap_or_default();
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let id: [u8; 16] = span.trace_id.try_into().unwrap_or_default();
                let trace = format!("{:032x}", u128::from_be_bytes(id));
                let (service, name) = (service.clone(), span.name);
                spans.push(Span { service, name, trace, id: span.span_id, parent: span.parent_span_id });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_is_one_trace_from_ingress_to_the_row() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
    let server = Server::builder()
        .add_service(TraceServiceServer::new(collector.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    let _server = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(server));

    let environment = vec![("TROUPE__TELEMETRY__OTLP_ENDPOINT".to_owned(), endpoint)];
    let world = World::new(Options { environment, ..Options::default() }).await;
    let (clara, anna) =
        (world.scene.bots["clara"], *world.scene.people.values().next().expect("there are people"));
    let asked = world.write(anna, clara.account, "hello").await;
    world.said_by(clara.account, asked, 1).await;

    // The row of the reply tells the trace.
    let query =
        format!("SELECT trace_id FROM events WHERE bot = {} AND kind = 'message_sent' LIMIT 1", clara.id);
    let trace = wait_for(async || {
        world.rows(&query).await.first().and_then(|row| row["trace_id"].as_str().map(str::to_owned))
    })
    .await;
    assert_eq!(trace.len(), 32, "{trace}");

    let wanted = ["troupe-ingress", "troupe-responder", "troupe-stats"];
    let spans = wait_for(async || {
        let all = collector.spans.lock().expect("nobody panics while holding it");
        let of_trace: Vec<Span> = all.iter().filter(|span| span.trace == trace).cloned().collect();
        let has = |service: &str, name: &str| {
            of_trace.iter().any(|span| span.service == service && span.name.starts_with(name))
        };
        let complete = has(wanted[0], "ingress.receive")
            && has(wanted[1], "responder.")
            && has(wanted[0], "ingress.act")
            && has(wanted[2], "stats.");
        complete.then_some(of_trace)
    })
    .await;

    // It hangs together: every span but the first has its parent in the same trace.
    let by_id: BTreeMap<&[u8], &Span> = spans.iter().map(|span| (span.id.as_slice(), span)).collect();
    let roots: Vec<&Span> = spans.iter().filter(|span| !by_id.contains_key(span.parent.as_slice())).collect();
    assert_eq!(roots.len(), 1, "{roots:#?}");
    assert_eq!((roots[0].service.as_str(), roots[0].name.as_str()), (wanted[0], "ingress.receive"));
}
