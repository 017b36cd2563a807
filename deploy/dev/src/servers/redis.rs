use std::path::Path;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Options,
    server::{Kind, Server},
};
use crate::{
    Error,
    process::Spec,
    tools::{Tool, Tools},
};

/// A Redis server that keeps every write in its append-only file, flushed each second, and evicts nothing.
#[derive(Debug)]
pub struct Redis(Server<Program>);

#[derive(Debug)]
struct Program {
    tool: Tool,
}

impl Redis {
    /// Starts one and returns when it has loaded its data.
    ///
    /// # Errors
    /// No Redis server can be had, or it does not start.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        Ok(Self(super::start(Tools::redis_server, |tool| Program { tool }, options).await?))
    }
}

super::guard!(Redis, "redis");

impl Kind for Program {
    fn name(&self) -> &'static str {
        "redis-server"
    }

    fn spec(&self, port: u16, data: &Path, log: &Path) -> Spec {
        Spec::new(self.name(), &self.tool.program, log)
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--protected-mode", "yes", "--dir"])
            .arg(data)
            .args(["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"])
            .args(["--save", ""])
    }

    async fn ready(&self, port: u16, process: u32) -> Result<(), String> {
        let answer = ask(port, "PING\r\nINFO server\r\n").await.map_err(|error| error.to_string())?;
        if !answer.contains(&format!("process_id:{process}\r\n")) {
            return Err("another server answers on its port".into());
        }
        if answer.starts_with("+PONG") {
            Ok(())
        } else {
            Err(answer.lines().next().unwrap_or_default().to_owned())
        }
    }
}

/// Sends commands in Redis's inline form and returns the answers as far as the end of the first section of `INFO`.
async fn ask(port: u16, commands: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(commands.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let length = stream.read(&mut chunk).await?;
        answer.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&answer);
        if length == 0 || text.contains("process_id:") && text.ends_with("\r\n") {
            return Ok(text.into_owned());
        }
    }
}
