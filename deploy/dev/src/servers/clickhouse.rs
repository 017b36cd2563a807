use std::path::{Path, PathBuf};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Options,
    server::{Kind, Server},
};
use crate::{Error, folder, process::Spec, tools::Tools};

/// The real ClickHouse engine behind an HTTP front of our own, `deploy/dev/clickhouse_front.py`.
///
/// It speaks what the `clickhouse` crate and Grafana's plugin need of ClickHouse's HTTP interface.
#[derive(Debug)]
pub struct ClickHouse(Server<Program>);

#[derive(Debug)]
struct Program {
    python: PathBuf,
}

impl ClickHouse {
    /// Starts one and returns when it answers `/ping`.
    ///
    /// # Errors
    /// The engine cannot be had, or it does not start.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        Ok(Self(super::start(Tools::clickhouse_python, |python| Program { python }, options).await?))
    }
}

super::guard!(ClickHouse, "http");

impl Kind for Program {
    fn name(&self) -> &'static str {
        "clickhouse"
    }

    fn spec(&self, port: u16, data: &Path, log: &Path) -> Spec {
        Spec::new(self.name(), &self.python, log)
            .arg(folder::checkout().join("deploy/dev/clickhouse_front.py"))
            .args(["--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
    }

    async fn ready(&self, port: u16, process: u32) -> Result<(), String> {
        let answer = ping(port).await.map_err(|error| error.to_string())?;
        if !answer.contains(&format!("X-Process-Id: {process}\r\n")) {
            return Err("another server answers on its port".into());
        }
        if answer.ends_with("Ok.\n") { Ok(()) } else { Err(answer) }
    }
}

async fn ping(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
