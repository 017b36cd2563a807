use std::time::Duration;

use troupe_dev::servers::{Options, Redis, free_port};
use troupe_store::{Committed, Error, RedisConfig, Store};

use crate::{applied, chat, commit, connect, outbox, secret, server};

/// Sends commands in Redis's inline form.
pub async fn command(redis: &Redis, command: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(redis.addr()).await.unwrap();
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_server_that_has_forgotten_the_scripts_learns_them_again() {
    let redis = server().await;
    let store = connect(&redis).await;
    store.commit(&commit(1, 1, "one", &[])).await.unwrap();
    assert!(command(&redis, "SCRIPT FLUSH").await.starts_with("+OK"));
    assert!(matches!(store.commit(&commit(2, 2, "two", &[])).await, Ok(Committed::Done(_))));
    assert_eq!(chat(&store).await.as_deref(), Some("two"));
}

#[tokio::test]
async fn everything_survives_a_killed_server_and_the_connection_comes_back() {
    let mut redis = server().await;
    let store = connect(&redis).await;
    store.commit(&commit(1, 1, "one", &["a"])).await.unwrap();
    redis.kill();
    let next = commit(2, 2, "two", &["b"]);
    assert!(matches!(store.commit(&next).await, Err(Error::Call { .. })));
    redis.restart().await.unwrap();
    let committed = loop {
        match store.commit(&next).await {
            Ok(committed) => break committed,
            Err(Error::Call { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert!(matches!(committed, Committed::Done(_)));
    assert_eq!(outbox(&store).await, ["a", "b"]);
    assert_eq!(chat(&store).await.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_commit_without_an_answer_is_made_again_and_counts_once() {
    let mut redis = server().await;
    let config = RedisConfig { timeout: Duration::from_millis(300), ..RedisConfig::at(redis.url()) };
    let store = Store::connect(&config, &secret()).await.unwrap();
    // The client gives up; what it sent waits in the kernel, and is done later.
    redis.process().pause();
    let first = commit(1, 1, "one", &["a"]);
    assert!(matches!(store.commit(&first).await, Err(Error::Call { .. })));
    redis.process().resume();
    let committed = loop {
        if let Ok(committed) = store.commit(&first).await {
            break committed;
        }
    };
    assert!(matches!(committed, Committed::Done(_) | Committed::AlreadyApplied));
    assert_eq!(store.commit(&first).await.unwrap(), Committed::AlreadyApplied);
    assert_eq!(outbox(&store).await, ["a"]);
}

#[tokio::test]
async fn a_server_without_memory_refuses_a_commit_whole() {
    let redis = server().await;
    let store = connect(&redis).await;
    store.commit(&commit(1, 1, "one", &["a"])).await.unwrap();
    assert!(command(&redis, "CONFIG SET maxmemory 1").await.starts_with("+OK"));
    assert!(matches!(store.commit(&commit(2, 2, "two", &["b"])).await, Err(Error::Call { .. })));
    assert_eq!((chat(&store).await.as_deref(), applied(&store).await), (Some("one"), 1));
    assert!(command(&redis, "CONFIG SET maxmemory 0").await.starts_with("+OK"));
    assert!(matches!(store.commit(&commit(2, 2, "two", &["b"])).await, Ok(Committed::Done(_))));
}

#[tokio::test]
async fn a_key_of_the_wrong_kind_stops_a_commit_before_it_writes() {
    let redis = server().await;
    let store = connect(&redis).await;
    assert!(command(&redis, "SET {p17}:outbox x").await.starts_with("+OK"));
    assert!(matches!(store.commit(&commit(1, 1, "one", &["a"])).await, Err(Error::Call { .. })));
    assert_eq!((chat(&store).await, applied(&store).await), (None, 0));
}

#[tokio::test]
async fn an_absent_server_and_a_wrong_address_are_clear_errors_without_the_password() {
    let at = |url: String| async move { Store::connect(&RedisConfig::at(url), &secret()).await.unwrap_err() };
    let port = free_port();
    let error = at(format!("redis://user:secret@127.0.0.1:{port}")).await;
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
    assert!(!format!("{error:?}").contains("secret"));
    let error = at("http://user:secret@nowhere".into()).await;
    assert!(matches!(error, Error::Url { .. }), "{error}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_evicts_keys_is_refused() {
    let arguments = ["--maxmemory-policy", "allkeys-lru"].map(String::from).to_vec();
    let redis = Redis::start(&Options { arguments, ..Options::default() }).await.unwrap();
    let error = Store::connect(&RedisConfig::at(redis.url()), &secret()).await.unwrap_err();
    assert!(error.to_string().contains("allkeys-lru"), "{error}");
}
