//! The Telegram emulator (`tests/telegram`), running.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::{
    Error,
    error::Doing,
    process::{POLL, Process, Spec},
};

const READY_WITHIN: Duration = Duration::from_secs(30);

/// A Telegram emulator; killed when dropped. It keeps everything in memory.
#[derive(Debug)]
pub struct Telegram {
    process: Process,
    address: String,
    control: String,
    key_file: PathBuf,
}

/// What the emulator tells about itself once it listens.
#[derive(Debug, Clone, Deserialize)]
struct Info {
    /// The address for MTProto.
    mtproto: String,
    /// The address of the control API.
    http: String,
    /// PKCS#1, in PEM.
    rsa_public_key: String,
}

impl Telegram {
    /// Starts the program and returns when it listens.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start(program: &Path, data: &Path, log: &Path) -> Result<Self, Error> {
        fs::create_dir_all(data).doing(|| format!("make {}", data.display()))?;
        let file = data.join("info.json");
        let _ = fs::remove_file(&file);
        let spec = Spec::new("telegram", program, log)
            .args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--info-file"])
            .arg(&file);
        let mut process = Process::start(spec)?;
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(info) =
                fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Info>(&bytes).ok())
            {
                let key_file = data.join("public_key.pem");
                fs::write(&key_file, info.rsa_public_key)
                    .doing(|| format!("write {}", key_file.display()))?;
                let control = format!("http://{}", info.http);
                return Ok(Self { process, address: info.mtproto, control, key_file });
            }
            let cause = match process.ended() {
                Some(status) => format!("it ended ({status})"),
                None if Instant::now() > deadline => format!("not ready after {READY_WITHIN:?}"),
                None => {
                    tokio::time::sleep(POLL).await;
                    continue;
                }
            };
            let said = process.last_words(15);
            return Err(Error::new(
                "start telegram",
                format!("{cause}. It said:\n{said}  from {}", log.display()),
            ));
        }
    }

    /// Where clients connect to, e.g. `127.0.0.1:30123`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The control API, e.g. `http://127.0.0.1:30124`.
    pub fn control_url(&self) -> &str {
        &self.control
    }

    /// The file with its public RSA key (PEM, PKCS#1).
    pub fn key_file(&self) -> &Path {
        &self.key_file
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Asks it to end and returns when it is gone.
    pub async fn stop(&mut self) {
        self.process.stop(Duration::from_secs(5)).await;
    }
}
