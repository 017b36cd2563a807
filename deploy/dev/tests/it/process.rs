use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use troupe_dev::process::{Process, Spec};

/// Waits until `condition` holds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(5), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Whether the process runs; one that has ended and was not waited for does not.
pub fn runs(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn shell(folder: &Path, script: &str) -> Process {
    let spec = Spec::new("shell", "/bin/sh", folder.join("log"));
    Process::start(spec.args(["-c", script])).expect("a shell")
}

#[tokio::test]
async fn what_a_process_says_is_kept_and_its_end_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = shell(folder.path(), "echo first; echo second >&2; exit 7");
    until("it ended", || process.ended().is_some()).await;
    assert_eq!(process.ended().unwrap().code(), Some(7));
    assert_eq!(process.said(), "first\nsecond\n");
    assert_eq!(process.last_words(1), "    second\n");
    let again = shell(folder.path(), "echo third");
    until("it spoke", || again.said() == "third\n").await;
}

#[tokio::test]
async fn process_that_does_not_listen_to_reason_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = shell(folder.path(), "trap '' TERM; echo ready; while true; do sleep 0.01; done");
    until("it ignores the signal", || process.said() == "ready\n").await;
    assert_eq!(process.stop(Duration::from_millis(100)).await.unwrap().code(), None);
    let mut process = shell(folder.path(), "trap 'exit 3' TERM; echo ready; while true; do sleep 0.01; done");
    until("it listens", || process.said() == "ready\n").await;
    assert_eq!(process.stop(Duration::from_secs(30)).await.unwrap().code(), Some(3));
}

#[tokio::test]
async fn absent_program_is_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        Process::start(Spec::new("ghost", "/no/such/program", folder.path().join("log"))).unwrap_err();
    assert!(error.to_string().starts_with("cannot start ghost: cannot run /no/such/program"), "{error}");
}

#[tokio::test]
async fn dropped_process_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let process = shell(folder.path(), "exec sleep 1000");
    let id = process.id();
    assert!(runs(id));
    drop(process);
    assert!(!runs(id));
}

/// The test program runs itself again as the parent: only a whole process can be killed.
#[tokio::test]
async fn process_dies_with_a_parent_that_is_killed() {
    const FOLDER: &str = "TROUPE_DEV_TEST_PARENT";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let process = shell(Path::new(&folder), "exec sleep 1000");
        fs::write(Path::new(&folder).join("id.part"), process.id().to_string()).unwrap();
        fs::rename(Path::new(&folder).join("id.part"), Path::new(&folder).join("id")).unwrap();
        std::future::pending::<()>().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process::process_dies_with_a_parent_that_is_killed"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the parent has a child", || folder.path().join("id").exists()).await;
    let id = fs::read_to_string(folder.path().join("id")).unwrap().parse().unwrap();
    assert!(runs(id));
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("the child is gone", || !runs(id)).await;
}
