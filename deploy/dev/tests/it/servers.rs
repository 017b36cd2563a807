use std::net::TcpListener;

use troupe_dev::servers::{ClickHouse, Nats, Options, Redis};

#[tokio::test]
async fn servers_die_and_come_back_on_the_same_port() {
    let mut nats = Nats::start(&Options::default()).await.unwrap();
    let mut redis = Redis::start(&Options::default()).await.unwrap();
    let mut clickhouse = ClickHouse::start(&Options::default()).await.unwrap();
    let addresses =
        |nats: &Nats, redis: &Redis, clickhouse: &ClickHouse| (nats.addr(), redis.addr(), clickhouse.addr());
    let before = addresses(&nats, &redis, &clickhouse);
    nats.kill();
    redis.kill();
    clickhouse.kill();
    for address in [before.0, before.1, before.2] {
        TcpListener::bind(address).expect("nobody listens any more");
    }
    nats.restart().await.unwrap();
    redis.restart().await.unwrap();
    clickhouse.restart().await.unwrap();
    assert_eq!(addresses(&nats, &redis, &clickhouse), before);
    nats.stop().await;
    redis.stop().await;
    clickhouse.stop().await;
    assert!(nats.process().ended().unwrap().success());
    assert!(redis.process().ended().unwrap().success());
    assert!(clickhouse.process().ended().unwrap().success());
}

#[tokio::test]
async fn temporary_data_go_with_the_guard_and_given_data_stay() {
    let nats = Nats::start(&Options::default()).await.unwrap();
    let data = nats.data().to_owned();
    assert!(data.exists());
    drop(nats);
    assert!(!data.exists());
    let folder = tempfile::tempdir().unwrap();
    let options = Options { data: Some(folder.path().join("kept")), ..Options::default() };
    drop(Nats::start(&options).await.unwrap());
    assert!(folder.path().join("kept/jetstream").exists());
}

#[tokio::test]
async fn port_that_another_program_has_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let options = Options { port: Some(port), ..Options::default() };
    let errors = [
        Nats::start(&options).await.unwrap_err(),
        Redis::start(&options).await.unwrap_err(),
        ClickHouse::start(&options).await.unwrap_err(),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(text.contains(&format!("127.0.0.1:{port}: another program has this port")), "{text}");
    }
}

#[tokio::test]
async fn wrong_argument_is_told_in_the_servers_own_words() {
    let options =
        Options { arguments: vec!["--appendfsync".into(), "never-ever".into()], ..Options::default() };
    let text = Redis::start(&options).await.unwrap_err().to_string();
    assert!(text.contains("it ended") && text.contains("never-ever"), "{text}");
}
