//! `cargo dev up`, as a whole: what it starts, what it does when something dies, and that nothing stays behind.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use troupe_dev::running::{self, Endpoints};

use crate::process::{runs, until};

/// A `cargo dev up --quiet` with a folder of its own.
struct Up {
    folder: tempfile::TempDir,
    child: Child,
}

impl Up {
    /// Starts it through `wrapper`, a command that runs its arguments.
    fn start(wrapper: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let own = env!("CARGO_BIN_EXE_troupe-dev");
        let words: Vec<&str> = wrapper.iter().copied().chain([own, "up", "--quiet", "--folder"]).collect();
        let log = |name: &str| fs::File::create(folder.path().with_extension(name)).expect("a log");
        let child = Command::new(words[0])
            .args(&words[1..])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(log("out"))
            .stderr(log("err"))
            .spawn()
            .expect("it can be run");
        Self { folder, child }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said so far.
    fn said(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder().with_extension(name)).unwrap_or_default();
        read("out") + &read("err")
    }

    /// Waits until everybody is registered.
    async fn ready(&mut self) -> Endpoints {
        until("it is ready, or has ended", || {
            self.said().contains("Ready. Ctrl-C ends it.")
                || self.child.try_wait().is_ok_and(|ended| ended.is_some())
        })
        .await;
        running::endpoints(self.folder()).unwrap_or_else(|| panic!("it has ended:\n{}", self.said()))
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for name in ["out", "err"] {
            let _ = fs::remove_file(self.folder().with_extension(name));
        }
    }
}

fn signal(process: u32, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(process).expect("an id")).expect("an id");
    kill_process(id, signal).expect("it runs");
}

/// The processes of everything that runs, by name.
fn processes(endpoints: &Endpoints) -> BTreeMap<String, u32> {
    endpoints.services.iter().map(|(name, endpoint)| (name.clone(), endpoint.process)).collect()
}

async fn all_gone(processes: &BTreeMap<String, u32>) {
    for (name, process) in processes {
        until(&format!("{name} is gone"), || !runs(*process)).await;
    }
}

#[tokio::test]
async fn what_dies_is_told_and_started_again_and_ctrl_c_leaves_nothing() {
    let mut up = Up::start(&[]);
    let endpoints = up.ready().await;
    let before = processes(&endpoints);
    let names =
        ["clickhouse", "ingress", "manager", "nats", "redis", "responder", "stats", "telegram", "webhooks"];
    assert_eq!(before.keys().collect::<Vec<_>>(), names);
    assert!(before.values().all(|process| runs(*process)));
    assert_eq!((endpoints.bots.len(), endpoints.accounts.len()), (3, 10), "three bots, six people, and you");
    assert!(endpoints.telegram_key_file.exists() && endpoints.group.is_some());

    let own = env!("CARGO_BIN_EXE_troupe-dev");
    let again = Command::new(own).args(["up", "--folder"]).arg(up.folder()).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    let refusal = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(refusal.contains(&format!("running already (process {})", up.child.id())), "{refusal}");

    let status = Command::new(own).args(["status", "--folder"]).arg(up.folder()).output().unwrap();
    let shown = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.status.success() && shown.contains(&endpoints.manager_token), "{shown}");

    signal(before["responder"], Signal::KILL);
    until("the responder runs again", || {
        let now = running::endpoints(up.folder()).map(|endpoints| processes(&endpoints)["responder"]);
        now.is_some_and(|process| process != before["responder"] && runs(process))
    })
    .await;
    assert!(up.said().contains("responder has died (signal: 9"), "{}", up.said());

    let after = processes(&running::endpoints(up.folder()).unwrap());
    signal(up.child.id(), Signal::INT);
    until("it has ended", || up.child.try_wait().is_ok_and(|ended| ended.is_some())).await;
    assert!(up.child.wait().unwrap().success(), "{}", up.said());
    all_gone(&after).await;
    assert_eq!(running::endpoints(up.folder()), None);
}

#[tokio::test]
async fn nothing_outlives_cargo_dev_when_it_is_killed() {
    let mut up = Up::start(&[]);
    let processes = processes(&up.ready().await);
    up.child.kill().unwrap();
    up.child.wait().unwrap();
    all_gone(&processes).await;
}

#[tokio::test]
async fn nothing_outlives_the_one_who_has_started_cargo_dev() {
    // A shell that waits, as a script does; `&` keeps it from becoming what it runs.
    let mut up = Up::start(&["/bin/sh", "-c", "\"$@\" & wait", "sh"]);
    let endpoints = up.ready().await;
    assert_ne!(endpoints.process, up.child.id());
    up.child.kill().unwrap();
    up.child.wait().unwrap();
    all_gone(&processes(&endpoints)).await;
    until("cargo dev is gone", || !runs(endpoints.process)).await;
}
