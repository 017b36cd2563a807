//! The binary on its own.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troupe-telegram"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn first_line(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    timeout(Duration::from_mins(1), lines.next_line()).await.unwrap().unwrap().unwrap()
}

async fn start(folder: &Path) -> (Child, serde_json::Value) {
    let (info, key) = (folder.join("info.json"), folder.join("rsa.pem"));
    let arguments = ["--info-file", info.to_str().unwrap(), "--rsa-key", key.to_str().unwrap()];
    let mut child = program(&arguments).spawn().unwrap();
    let line = first_line(&mut child).await;
    let info: serde_json::Value = serde_json::from_slice(&std::fs::read(&info).unwrap()).unwrap();
    let expected = format!(
        "mtproto {} control http://{}",
        info["mtproto"].as_str().unwrap(),
        info["http"].as_str().unwrap()
    );
    assert_eq!(line, expected);
    (child, info)
}

async fn end(child: &mut Child, signal: &str) {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
    let status = timeout(Duration::from_secs(20), child.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{signal}: {status}");
}

#[tokio::test]
async fn it_tells_its_addresses_keeps_its_key_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, info) = start(folder.path()).await;
    let url = format!("http://{}/health", info["http"].as_str().unwrap());
    let health: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(health["status"], "ok");
    end(&mut child, "-TERM").await;
    let (mut child, again) = start(folder.path()).await;
    assert_eq!(again["rsa_public_key"], info["rsa_public_key"]);
    end(&mut child, "-INT").await;
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let no_key = folder.path().join("no-key.pem");
    std::fs::write(&no_key, "nothing").unwrap();
    for (arguments, words) in [
        (["--listen", &address], "for MTProto"),
        (["--control", &address], "for the control API"),
        (["--rsa-key", no_key.to_str().unwrap()], "no PKCS#1 RSA private key"),
        (["--info-file", "/proc/nowhere/info.json"], "cannot write"),
    ] {
        let output = timeout(Duration::from_mins(1), program(&arguments).output()).await.unwrap().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(words), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
