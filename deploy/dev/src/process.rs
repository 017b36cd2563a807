//! A program that runs as our child and never outlives us.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Error, error::Doing};

/// How often a condition is looked at while it is awaited.
pub(crate) const POLL: Duration = Duration::from_millis(10);

/// What to run, and where what it says goes.
#[derive(Debug, Clone)]
pub struct Spec {
    /// What it is called in errors, and what its log is named after.
    pub name: String,
    /// The program, as a path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What is added to the environment it inherits.
    pub environment: Vec<(OsString, OsString)>,
    /// The folder it works in; by default ours.
    pub folder: Option<PathBuf>,
    /// The file that its standard output and error are appended to.
    pub log: PathBuf,
}

impl Spec {
    /// A program without arguments.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            log: log.into(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// A child process: killed when this is dropped, and by the kernel when our own process dies in whatever way.
#[derive(Debug)]
pub struct Process {
    spec: Spec,
    child: Child,
    /// Where this run's part of the log begins.
    log_begin: u64,
}

impl Process {
    /// Starts the program. It is not ready when this returns, only started.
    ///
    /// # Errors
    /// The program cannot be run, or its log not be written.
    pub fn start(spec: Spec) -> Result<Self, Error> {
        let doing = || format!("start {}", spec.name);
        if let Some(folder) = spec.log.parent() {
            fs::create_dir_all(folder).doing(doing)?;
        }
        let log = OpenOptions::new().create(true).append(true).open(&spec.log).doing(doing)?;
        let log_begin = log.metadata().doing(doing)?.len();
        let child = command(&spec, log).and_then(spawn);
        let child = child.map_err(|error| {
            Error::new(doing(), format!("cannot run {}: {error}", spec.program.display()))
        })?;
        Ok(Self { spec, child, log_begin })
    }

    /// What was started.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, or `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it at once, with SIGKILL, and returns when it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, with SIGTERM.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Freezes it, with SIGSTOP, until [`Self::resume`].
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Asks it to end and waits; after `patience` it is killed. Returns how it ended.
    pub async fn stop(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.terminate();
        let deadline = Instant::now() + patience;
        while self.ended().is_none() && Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
        }
        if self.ended().is_none() {
            self.kill();
        }
        self.ended()
    }

    /// What it has said since it was started.
    pub fn said(&self) -> String {
        let bytes = fs::read(&self.spec.log).unwrap_or_default();
        let begin = usize::try_from(self.log_begin).unwrap_or(0).min(bytes.len());
        String::from_utf8_lossy(&bytes[begin..]).into_owned()
    }

    /// The last `lines` lines that it said, indented.
    pub fn last_words(&self, lines: usize) -> String {
        let said = self.said();
        let all: Vec<&str> = said.lines().collect();
        all[all.len().saturating_sub(lines)..].iter().flat_map(|line| ["    ", line, "\n"]).collect()
    }

    /// Sends a signal, unless it has ended: then its id may be another's by now.
    fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
            let _ = kill_process(pid.expect("a child has a positive id"), signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Becomes the program, unless the parent that asked for it is gone: it may have died before the wish to die with it
/// was made known.
const BECOME: &str = r#"[ "$PPID" = "$0" ] && exec "$@""#;

/// The command that runs `spec` with the wish to be killed when we die.
fn command(spec: &Spec, mut log: File) -> io::Result<Command> {
    // The log would be the only one to tell of an absent program.
    fs::metadata(&spec.program)?;
    // `setpriv` (util-linux) makes the wish known and becomes the program; to do that ourselves between fork and exec
    // would need unsafe code.
    let mut command = if let Some(setpriv) = setpriv() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "KILL", "--", "/bin/sh", "-c", BECOME, &std::process::id().to_string()]);
        command.arg(&spec.program);
        command
    } else {
        writeln!(log, "setpriv is not on this machine: if cargo dev is killed, this process stays")?;
        Command::new(&spec.program)
    };
    command.args(&spec.arguments).envs(spec.environment.iter().map(|(name, value)| (name, value)));
    if let Some(folder) = &spec.folder {
        command.current_dir(folder);
    }
    // A group of its own: Ctrl-C in a terminal is for us, and we end the children in an order that makes sense.
    command.process_group(0);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Ok(command)
}

fn setpriv() -> Option<&'static Path> {
    ["/usr/bin/setpriv", "/bin/setpriv"].into_iter().map(Path::new).find(|path| path.exists())
}

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts `command` from a thread that lives as long as this process.
///
/// The kernel kills the child when the *thread* that started it ends, and threads of a runtime come and go.
fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, queue) = mpsc::channel::<Order>();
        let work = move || {
            for (mut command, reply) in queue {
                let _ = reply.send(command.spawn());
            }
        };
        thread::Builder::new().name("spawner".into()).spawn(work).expect("a thread can be started");
        orders
    });
    let (reply, answer) = mpsc::channel();
    spawner.send((command, reply)).expect("the spawner lives as long as the process");
    answer.recv().expect("the spawner answers each order")
}
