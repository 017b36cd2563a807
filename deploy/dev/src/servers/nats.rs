use std::path::Path;

use tokio::{
    io::{AsyncBufReadExt, BufReader},
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

/// A NATS server with JetStream, its streams in files.
#[derive(Debug)]
pub struct Nats(Server<Program>);

#[derive(Debug)]
struct Program {
    tool: Tool,
    /// A name that no other server has, by which it is recognised.
    name: String,
}

impl Nats {
    /// Starts one and returns when JetStream answers.
    ///
    /// # Errors
    /// No NATS server can be had, or it does not start.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let name = format!("troupe-dev-{}-{}", std::process::id(), super::free_port());
        Ok(Self(super::start(Tools::nats_server, |tool| Program { tool, name }, options).await?))
    }
}

super::guard!(Nats, "nats");

impl Kind for Program {
    fn name(&self) -> &'static str {
        "nats-server"
    }

    fn spec(&self, port: u16, data: &Path, log: &Path) -> Spec {
        Spec::new(self.name(), &self.tool.program, log)
            .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--name", &self.name])
            .args(["--jetstream", "--store_dir"])
            .arg(data)
    }

    async fn ready(&self, port: u16, _process: u32) -> Result<(), String> {
        // The first line says who it is; the port opens only after JetStream has read its files.
        let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.map_err(|error| error.to_string())?;
        if !line.contains(&format!("\"server_name\":\"{}\"", self.name)) {
            return Err("another server answers on its port".into());
        }
        if line.contains("\"jetstream\":true") { Ok(()) } else { Err("JetStream is not on".into()) }
    }
}
