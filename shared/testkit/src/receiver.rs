//! A receiver of webhooks that answers as it is told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use crate::tls;

/// How long a request may take to come before a test counts it as never.
const PATIENCE: Duration = Duration::from_mins(1);

/// What it answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// This, and nothing more.
    Status(u16),
    /// 302, to this URL.
    Redirect(String),
    /// 200, and a body that does not end.
    Endless,
    /// Nothing.
    Never,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its first line.
    pub line: String,
    /// Its headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What it says.
    pub body: Vec<u8>,
}

/// A receiver, as long as it is not dropped.
#[derive(Debug)]
pub struct Receiver {
    /// Where it is on this machine.
    pub port: u16,
    /// The certificate that it shows, in PEM.
    pub certificate: Option<String>,
    got: Arc<Mutex<Vec<Request>>>,
    _task: AbortOnDropHandle<()>,
}

impl Receiver {
    /// One that is called in the clear, and answers the first request with the first of `answers`; the last one goes on.
    pub async fn new(answers: &[Answer]) -> Self {
        Self::start(answers, None).await
    }

    /// One that is called over TLS by the name `localhost`.
    pub async fn encrypted(answers: &[Answer]) -> Self {
        Self::start(answers, Some(tls::certificate())).await
    }

    async fn start(answers: &[Answer], tls: Option<(TlsAcceptor, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("it listens somewhere").port();
        let (acceptor, certificate) = tls.unzip();
        let got: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (answers, requests) = (answers.to_vec(), Arc::clone(&got));
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (answers, requests, acceptor) =
                    (answers.clone(), Arc::clone(&requests), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, &answers, &requests).await,
                        Some(acceptor) => {
                            // Who does not trust it hangs up.
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, &answers, &requests).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, certificate, got, _task: AbortOnDropHandle::new(task) }
    }

    /// The requests that have come so far.
    pub fn got(&self) -> Vec<Request> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests, once there are `count` of them.
    pub async fn wait(&self, count: usize) -> Vec<Request> {
        let wait = async {
            loop {
                let got = self.got();
                if got.len() >= count {
                    return got;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the requests come in time")
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    answers: &[Answer],
    requests: &Mutex<Vec<Request>>,
) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: BTreeMap<String, String> = lines[1..]
        .iter()
        .map(|line| line.split_once(": ").expect("a header has a value"))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers["content-length"].parse().expect("a length is a number")];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let number = {
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(Request { line: lines[0].clone(), headers, body });
        requests.len()
    };
    let answer = &answers[(number - 1).min(answers.len() - 1)];
    let head = match answer {
        Answer::Status(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"),
        Answer::Redirect(url) => {
            format!("HTTP/1.1 302 Found\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n")
        }
        Answer::Endless => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
        Answer::Never => std::future::pending().await,
    };
    let mut sent = stream.write_all(head.as_bytes()).await;
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    while sent.is_ok() && matches!(answer, Answer::Endless) {
        sent = stream.write_all(chunk.as_bytes()).await;
    }
    let _ = stream.flush().await;
    let _ = stream.shutdown().await;
}
