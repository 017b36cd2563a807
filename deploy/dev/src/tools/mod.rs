//! Gets what is missing on this machine into one folder, `<checkout>/.dev/tools`; nothing else is changed.
//!
//! Each tool that is on PATH already, new enough, is used as it is. What is not is downloaded into a folder beside
//! the final one and moved there when it is complete, so that a run that was interrupted leaves nothing half-done;
//! a lock file makes a second run wait for the first. Getting all of it takes about a minute and 800 MB.

mod apt;
mod measuring;
mod python;
mod sources;
mod step;

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use self::apt::{Apt, Suite};
use crate::{Error, error::Doing, folder};

/// The oldest NATS server that troupe runs on, as major and minor number.
const NATS_MINIMUM: (u32, u32) = (2, 12);
/// The oldest Redis.
const REDIS_MINIMUM: (u32, u32) = (7, 0);
/// The oldest Prometheus.
const PROMETHEUS_MINIMUM: (u32, u32) = (2, 42);
/// The Debian suites that are asked for a NATS server, in this order; the second never goes out of date.
const NEWER_SUITES: [&str; 2] = ["forky", "sid"];
/// The ClickHouse engine, pinned: the front speaks to a module that is private to it.
const CLICKHOUSE: [&str; 2] = ["chdb-core==26.9.*", "lz4==4.*"];
/// The Telegram client that tests use as the peer nobody here wrote, with all it needs.
const TELETHON: [&str; 4] = ["telethon==1.45.*", "pyaes==1.6.*", "rsa==4.*", "pyasn1<1"];

/// A program that can be run: it answered `--version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Where it is.
    pub program: PathBuf,
    /// What it says its version is, e.g. `2.15.1`.
    pub version: String,
}

/// The tools of one folder.
#[derive(Debug, Clone)]
pub struct Tools {
    folder: PathBuf,
}

impl Default for Tools {
    fn default() -> Self {
        Self::new(folder::tools())
    }
}

impl Tools {
    /// The tools kept in `folder`. By default that of the checkout.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Gets everything that the servers and the tests need and tells what is used.
    ///
    /// # Errors
    /// The first tool that cannot be had, and what to do about it.
    pub fn all(&self) -> Result<(), Error> {
        let begin = Instant::now();
        self.servers()?;
        step::say(&format!("Telethon: {}", self.telethon_python()?.display()));
        let prometheus = self.prometheus()?;
        step::say(&format!("prometheus {}: {}", prometheus.version, prometheus.program.display()));
        self.promtool()?;
        step::say(&format!("all tools ready after {}", step::seconds(begin.elapsed())));
        Ok(())
    }

    /// Gets what the servers need, without what only tests need, and tells what is used.
    ///
    /// # Errors
    /// The first tool that cannot be had, and what to do about it.
    pub fn servers(&self) -> Result<(), Error> {
        let nats = self.nats_server()?;
        step::say(&format!("nats-server {}: {}", nats.version, nats.program.display()));
        let redis = self.redis_server()?;
        step::say(&format!("redis-server {}: {}", redis.version, redis.program.display()));
        step::say(&format!("ClickHouse engine: {}", self.clickhouse_python()?.display()));
        Ok(())
    }

    /// A NATS server of version 2.12 or newer.
    ///
    /// # Errors
    /// There is none, and none can be had: no apt, no Debian mirror, no network.
    pub fn nats_server(&self) -> Result<Tool, Error> {
        let ours = self.folder.join("nats-server/usr/sbin/nats-server");
        let find = || on_path("nats-server", NATS_MINIMUM).or_else(|| check(&ours, NATS_MINIMUM));
        let (major, minor) = NATS_MINIMUM;
        let advice = format!("Or put nats-server {major}.{minor} or newer on PATH.");
        self.get("nats-server", find, |stage, apt| {
            let mut failure = None;
            for suite in NEWER_SUITES {
                match apt.unpack(Suite::Newer(suite), &["nats-server"], false, stage, &advice) {
                    Ok(()) => return Ok(()),
                    Err(error) => failure = Some(error),
                }
            }
            Err(failure.expect("a suite was tried"))
        })
    }

    /// A Redis server of version 7 or newer.
    ///
    /// # Errors
    /// There is none, and none can be had: no apt, no Debian mirror, no network.
    pub fn redis_server(&self) -> Result<Tool, Error> {
        let ours = self.folder.join("redis-server/redis-server");
        let find = || on_path("redis-server", REDIS_MINIMUM).or_else(|| check(&ours, REDIS_MINIMUM));
        let advice = format!("Or put redis-server {} or newer on PATH.", REDIS_MINIMUM.0);
        self.get("redis-server", find, |stage, apt| {
            apt.unpack(Suite::Own, &["redis-server", "redis-tools"], true, stage, &advice)?;
            write_redis_script(stage)
        })
    }

    /// A Prometheus, which tests ask the queries of rules and dashboards.
    ///
    /// # Errors
    /// There is none, and none can be had: no apt, no Debian mirror, no network.
    pub fn prometheus(&self) -> Result<Tool, Error> {
        self.of_prometheus("prometheus")
    }

    /// Prometheus's own tool, which checks rules and runs their tests.
    ///
    /// # Errors
    /// There is none, and none can be had: no apt, no Debian mirror, no network.
    pub fn promtool(&self) -> Result<Tool, Error> {
        self.of_prometheus("promtool")
    }

    /// A program of Debian's package `prometheus`.
    fn of_prometheus(&self, program: &str) -> Result<Tool, Error> {
        let ours = self.folder.join("prometheus/usr/bin").join(program);
        let find = || on_path(program, PROMETHEUS_MINIMUM).or_else(|| check(&ours, PROMETHEUS_MINIMUM));
        let (major, minor) = PROMETHEUS_MINIMUM;
        let advice = format!("Or put {program} {major}.{minor} or newer on PATH.");
        self.get("prometheus", find, |stage, apt| {
            apt.unpack(Suite::Own, &["prometheus"], false, stage, &advice)
        })
    }

    /// A Python that can import the ClickHouse engine (`_chdb`) and `lz4`.
    ///
    /// # Errors
    /// There is no Python 3.9, or the packages cannot be had.
    pub fn clickhouse_python(&self) -> Result<PathBuf, Error> {
        self.python("clickhouse", &CLICKHOUSE)
    }

    /// A Python that can import `telethon`.
    ///
    /// # Errors
    /// There is no Python 3.9, or the packages cannot be had.
    pub fn telethon_python(&self) -> Result<PathBuf, Error> {
        self.python("telethon", &TELETHON)
    }

    fn python(&self, name: &str, packages: &[&str]) -> Result<PathBuf, Error> {
        let folder = self.folder.join(name);
        if let Some(python) = python::installed(&folder) {
            return Ok(python);
        }
        let _lock = self.lock()?;
        if python::installed(&folder).is_none() {
            let partial = self.partial()?;
            python::install(&folder, packages, &partial, &Apt::new(partial.join("apt")))?;
            let _ = fs::remove_dir_all(partial);
        }
        python::installed(&folder).ok_or_else(|| Error::new(format!("install {name}"), "it is gone already"))
    }

    /// Returns what `find` finds, after `make` has filled the folder `name` if it finds nothing.
    fn get(
        &self,
        name: &str,
        find: impl Fn() -> Option<Tool>,
        make: impl FnOnce(&Path, &Apt) -> Result<(), Error>,
    ) -> Result<Tool, Error> {
        if let Some(tool) = find() {
            return Ok(tool);
        }
        let _lock = self.lock()?;
        if let Some(tool) = find() {
            return Ok(tool); // the run that held the lock has got it
        }
        let partial = self.partial()?;
        let stage = partial.join(name);
        make(&stage, &Apt::new(partial.join("apt")))?;
        let target = self.folder.join(name);
        let _ = fs::remove_dir_all(&target);
        fs::rename(&stage, &target).doing(|| format!("move {} to {}", stage.display(), target.display()))?;
        let _ = fs::remove_dir_all(partial);
        find().ok_or_else(|| {
            let cause = format!("what was put into {} is too old or does not run here", target.display());
            Error::new(format!("use the downloaded {name}"), cause)
                .advise(format!("Put a newer {name} on PATH."))
        })
    }

    /// An empty folder for what is not complete yet. The lock must be held.
    fn partial(&self) -> Result<PathBuf, Error> {
        let partial = self.folder.join("partial");
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir_all(&partial).doing(|| format!("make {}", partial.display()))?;
        Ok(partial)
    }

    /// Holds off other runs until it is dropped.
    fn lock(&self) -> Result<File, Error> {
        fs::create_dir_all(&self.folder).doing(|| format!("make {}", self.folder.display()))?;
        let path = self.folder.join("lock");
        let file = File::create(&path).doing(|| format!("open {}", path.display()))?;
        if file.try_lock().is_err() {
            step::say("waiting for another run that is getting tools …");
            file.lock().doing(|| format!("lock {}", path.display()))?;
        }
        Ok(file)
    }
}

/// Makes a script that runs the unpacked server with the libraries that were unpacked beside it.
fn write_redis_script(stage: &Path) -> Result<(), Error> {
    let script = r#"#!/bin/sh
# Redis with the libraries that were unpacked beside it.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
for folder in "$here"/usr/lib/*-linux-gnu "$here"/lib/*-linux-gnu; do
    LD_LIBRARY_PATH="$folder:${LD_LIBRARY_PATH:-}"
done
export LD_LIBRARY_PATH
exec "$here/usr/bin/redis-server" "$@"
"#;
    let path = stage.join("redis-server");
    fs::write(&path, script).doing(|| format!("write {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .doing(|| format!("write {}", path.display()))
}

/// The first `name` on PATH that is new enough.
fn on_path(name: &str, minimum: (u32, u32)) -> Option<Tool> {
    // Debian keeps servers where the PATH of ordinary users does not lead.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).find_map(|folder| check(&folder.join(name), minimum))
}

/// The program if it runs and is new enough.
fn check(program: &Path, minimum: (u32, u32)) -> Option<Tool> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let version = version(&String::from_utf8_lossy(&output.stdout))?;
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    let found = (numbers.next()?, numbers.next()?);
    (found >= minimum).then(|| Tool { program: program.to_owned(), version })
}

/// Finds the version in `nats-server: v2.15.1`, in `Redis server v=7.0.15 sha=…` and in `promtool, version 2.42.0+ds …`.
fn version(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let word = words.find_map(|word| word.strip_prefix("v=").or_else(|| word.strip_prefix('v')))?;
    let word = if word == "ersion" { words.next()? } else { word };
    word.starts_with(|first: char| first.is_ascii_digit()).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn versions_are_read_as_the_servers_print_them() {
        assert_eq!(version("nats-server: v2.15.1\n").as_deref(), Some("2.15.1"));
        let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1\n";
        assert_eq!(version(redis).as_deref(), Some("7.0.15"));
        let promtool = "promtool, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5+b6)\n";
        assert_eq!(version(promtool).as_deref(), Some("2.42.0+ds"));
        assert_eq!(version("valve 3"), None);
        assert_eq!(version(""), None);
    }

    /// Puts a program of `version` at `path`.
    fn write_program(path: &Path, version: &str) {
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        fs::write(path, format!("#!/bin/sh\necho server: v{version}\n")).expect("a file can be written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a file can be made executable");
    }

    #[test]
    fn tool_is_got_once_however_many_want_it() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools::new(folder.path());
        // What an interrupted run has left is no part of the next one.
        fs::create_dir_all(folder.path().join("partial/server/half")).unwrap();
        // Written before others start processes: a file that is open for writing anywhere can't be run.
        let ready = folder.path().join("ready");
        write_program(&ready, "1.2.3");
        let made = std::sync::atomic::AtomicU32::new(0);
        let program = folder.path().join("server/bin");
        let get = || {
            tools.get(
                "server",
                || check(&program, (1, 0)),
                |stage, _| {
                    assert!(!stage.exists());
                    made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    write_program(&stage.join("bin"), "1.2.3");
                    Ok(())
                },
            )
        };
        let found = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(get)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect::<Vec<_>>()
        });
        assert!(found.iter().all(|tool| tool.version == "1.2.3" && tool.program == program));
        assert_eq!(made.into_inner(), 1);
        assert!(!folder.path().join("partial").exists());
    }

    #[test]
    fn tool_that_cannot_be_got_or_does_not_run_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools::new(folder.path());
        let program = folder.path().join("server/bin");
        let find = || check(&program, (2, 0));
        let failed = tools.get("server", find, |_, _| Err(Error::new("download it", "no network")));
        assert_eq!(failed.unwrap_err().to_string(), "cannot download it: no network");
        assert!(!program.exists());
        let too_old = tools.get("server", find, |stage, _| {
            write_program(&stage.join("bin"), "1.9");
            Ok(())
        });
        assert!(too_old.unwrap_err().to_string().contains("too old or does not run here"));
    }

    #[test]
    fn program_that_is_too_old_or_absent_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("server");
        write_program(&program, "2.9.10");
        assert_eq!(check(&program, (2, 12)), None);
        assert_eq!(check(&program, (2, 9)).unwrap().version, "2.9.10");
        assert_eq!(check(&folder.path().join("absent"), (0, 0)), None);
    }
}
