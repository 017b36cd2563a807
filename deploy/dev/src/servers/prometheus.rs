use std::path::Path;

use super::{
    Options,
    server::{Kind, Server},
};
use crate::{
    Error,
    process::Spec,
    tools::{Tool, Tools},
};

/// A Prometheus. What it asks and works out stands in the file that `--config.file` among its arguments names.
#[derive(Debug)]
pub struct Prometheus(Server<Program>);

#[derive(Debug)]
struct Program {
    tool: Tool,
}

impl Prometheus {
    /// Starts one and returns when it answers queries.
    ///
    /// # Errors
    /// No Prometheus can be had, or it does not start.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        Ok(Self(super::start(Tools::prometheus, |tool| Program { tool }, options).await?))
    }
}

super::guard!(Prometheus, "http");

impl Kind for Program {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn spec(&self, port: u16, data: &Path, log: &Path) -> Spec {
        Spec::new(self.name(), &self.tool.program, log)
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg(format!("--storage.tsdb.path={}", data.display()))
    }

    async fn ready(&self, port: u16, _process: u32) -> Result<(), String> {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}/-/ready")).await;
        let answer =
            answer.and_then(reqwest::Response::error_for_status).map_err(|error| error.to_string())?;
        answer.text().await.map(drop).map_err(|error| error.to_string())
    }
}
