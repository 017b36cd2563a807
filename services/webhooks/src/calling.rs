//! One try to call a target.

use std::{io, net::SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::{Instant, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{message::Message, target::Target};

/// How much of an answer is read, head and body each. Nothing in it counts but the status.
const ANSWER_MAX: usize = 64 * 1024;

/// Why a try has failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot look up {host}")]
    LookUp {
        host: String,
        #[source]
        source: io::Error,
    },
    #[error("{host} has no address")]
    NoAddress { host: String },
    #[error("{host} is at {address}, which is not called: see own_network in the settings")]
    Forbidden { host: String, address: SocketAddr },
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    #[error("cannot agree on TLS")]
    Tls(#[source] io::Error),
    #[error("cannot exchange messages")]
    Exchange(#[from] hyper::Error),
    #[error("it answers {0}")]
    Status(StatusCode),
    #[error("it takes too long")]
    TooLate,
}

impl Error {
    /// Whether the receiver says that nobody need try again.
    ///
    /// Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, on 410.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Status(StatusCode::GONE))
    }
}

/// Sends `message` to `target` at `seconds` since 1970, and is done by `deadline` at the latest. Whatever the answer sends
/// along, and wherever it points, is left alone.
pub(crate) async fn call(
    target: &Target,
    message: &Message,
    seconds: i64,
    deadline: Instant,
) -> Result<(), Error> {
    let exchange = async {
        // Looked up once: what is checked is what is called.
        let stream = TcpStream::connect(&look_up(target).await?[..]).await.map_err(Error::Connect)?;
        // Small messages are not to wait for each other; it would only be slower without.
        let _ = stream.set_nodelay(true);
        let request = request(target, message, seconds);
        match &target.tls {
            None => exchange(stream, request, deadline).await,
            Some(tls) => {
                let connected = tls.connector.connect(tls.name.clone(), stream).await;
                exchange(connected.map_err(Error::Tls)?, request, deadline).await
            }
        }
    };
    let status = timeout_at(deadline, exchange).await.map_err(|_| Error::TooLate)??;
    if status.is_success() { Ok(()) } else { Err(Error::Status(status)) }
}

/// The addresses of a target, all of which may be called.
async fn look_up(target: &Target) -> Result<Vec<SocketAddr>, Error> {
    let host = || target.host.clone();
    let found = lookup_host((target.host.as_str(), target.port)).await;
    let found: Vec<_> = found.map_err(|source| Error::LookUp { host: host(), source })?.collect();
    if let Some(&address) = found.iter().find(|address| !target.may_be_at(address.ip())) {
        return Err(Error::Forbidden { host: host(), address });
    }
    if found.is_empty() { Err(Error::NoAddress { host: host() }) } else { Ok(found) }
}

fn request(target: &Target, message: &Message, seconds: i64) -> Request<Full<Bytes>> {
    Request::post(&target.path)
        .header(header::HOST, &target.authority)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("troupe/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", message.signature(&target.key, seconds))
        .header("idempotency-key", &message.id)
        .body(Full::new(message.body.clone()))
        .expect("the settings and an id are fit for headers")
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>, deadline: Instant) -> Result<StatusCode, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut http = http1::Builder::new();
    let (mut sender, connection) = http.max_buf_size(ANSWER_MAX).handshake(TokioIo::new(stream)).await?;
    // Its errors are told by what is sent over it.
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let response = sender.send_request(request).await?;
    let status = response.status();
    // A receiver may miss it if nobody reads its answer; however that ends, the status has been said.
    let mut body = response.into_body();
    let read = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes >= ANSWER_MAX {
                break;
            }
        }
    };
    let _ = timeout_at(deadline, read).await;
    Ok(status)
}
