//! The three servers that troupe runs on, and Prometheus, started for real on free loopback ports.
//!
//! Each guard's `start` returns when its server is ready to work. `kill` is SIGKILL; `stop` asks it to end; `restart`
//! starts it on the same port with the same data (and kills it first if it runs). Dropping a guard kills the server
//! and removes its data if they were temporary.

mod clickhouse;
mod nats;
mod port;
mod prometheus;
mod redis;
pub(crate) mod server;

use std::path::PathBuf;

use self::server::{Kind, Server};
use crate::{Error, tools::Tools};

pub use self::{clickhouse::ClickHouse, nats::Nats, prometheus::Prometheus, redis::Redis};
pub use port::free_port;

/// How to start a server. By default: a free port, data in a temporary folder, the log beside the data.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// The folder for its data; kept when the guard is dropped. `None`: a temporary folder, removed then.
    pub data: Option<PathBuf>,
    /// The port on 127.0.0.1; `None`: a free one.
    pub port: Option<u16>,
    /// The file that what it says is appended to; `None`: `log` in the folder above its data.
    pub log: Option<PathBuf>,
    /// Further arguments for the program.
    pub arguments: Vec<String>,
}

/// Gets a tool, without holding up the runtime, for it may have to be downloaded; and starts what is made of it.
async fn start<T: Send + 'static, K: Kind>(
    get: fn(&Tools) -> Result<T, Error>,
    kind: impl FnOnce(T) -> K,
    options: &Options,
) -> Result<Server<K>, Error> {
    let got = tokio::task::spawn_blocking(move || get(&Tools::default())).await;
    Server::start(kind(got.expect("getting a tool does not panic")?), options).await
}

/// What every guard can do.
macro_rules! guard {
    ($name:ident, $scheme:literal) => {
        impl $name {
            #[doc = concat!("`", $scheme, "://127.0.0.1:<port>`")]
            pub fn url(&self) -> String {
                format!(concat!($scheme, "://{}"), self.addr())
            }

            /// The address it listens on.
            pub fn addr(&self) -> std::net::SocketAddr {
                (std::net::Ipv4Addr::LOCALHOST, self.0.port()).into()
            }

            /// The folder of its data.
            pub fn data(&self) -> &std::path::Path {
                self.0.data()
            }

            /// The process, to pause it or to look at what it said.
            pub fn process(&mut self) -> &mut $crate::process::Process {
                self.0.process()
            }

            /// Ends it at once, with SIGKILL, and returns when it is gone.
            pub fn kill(&mut self) {
                self.0.process().kill();
            }

            /// Asks it to end and returns when it is gone.
            pub async fn stop(&mut self) {
                self.0.stop().await;
            }

            /// Starts it on the same port with the same data, after killing it if it runs; returns when it is ready.
            ///
            /// # Errors
            /// It does not start.
            pub async fn restart(&mut self) -> Result<(), $crate::Error> {
                self.0.restart().await
            }
        }
    };
}
pub(crate) use guard;
