use std::time::Duration;

use async_nats::{Client, jetstream};
use troupe_bus::{Bus, Error, NatsConfig};
use troupe_dev::servers::{Nats, Options};
use troupe_types::PartitionCount;

use crate::{config, connect, server};

#[tokio::test]
async fn connecting_again_finds_everything_in_place() {
    let nats = server().await;
    connect(&nats).await;
    connect(&nats).await;
}

#[tokio::test]
async fn the_first_start_fixes_the_count_of_partitions() {
    let nats = server().await;
    assert_eq!(connect(&nats).await.partitions().get(), 4);
    let other = NatsConfig { partitions: PartitionCount::new(8).unwrap(), ..config(&nats) };
    assert_eq!(Bus::connect(&other).await.unwrap().partitions().get(), 4);
}

#[tokio::test]
async fn services_that_start_at_once_agree_on_the_count() {
    let nats = server().await;
    let starts = [2, 3, 4, 5].map(|count| {
        let config = NatsConfig { partitions: PartitionCount::new(count).unwrap(), ..config(&nats) };
        async move { Bus::connect(&config).await.unwrap().partitions() }
    });
    let counts = futures::future::join_all(starts).await;
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[tokio::test]
async fn only_the_keepers_settings_change_streams() {
    let nats = server().await;
    connect(&nats).await;
    let retention = async |client: &Client| {
        let stream = jetstream::new(client.clone()).get_stream("UPDATES").await.unwrap();
        stream.cached_info().config.max_age
    };
    let client = async_nats::connect(nats.url()).await.unwrap();
    let longer = NatsConfig { retention: Duration::from_hours(96), ..config(&nats) };
    Bus::connect(&longer).await.unwrap();
    assert_eq!(retention(&client).await, config(&nats).retention, "a guest has changed it");
    Bus::connect_as_keeper(&longer).await.unwrap();
    assert_eq!(retention(&client).await, longer.retention);
    connect(&nats).await;
    assert_eq!(retention(&client).await, longer.retention, "a guest has changed it back");
}

#[tokio::test]
async fn more_replicas_than_servers_are_refused() {
    let nats = server().await;
    let error = Bus::connect(&NatsConfig { replicas: 3, ..config(&nats) }).await.unwrap_err();
    assert!(matches!(error, Error::Setup { .. } | Error::Mismatch { .. }), "{error}");
}

#[tokio::test]
async fn an_absent_server_is_one_clear_error() {
    let config = NatsConfig::at(format!("nats://127.0.0.1:{}", troupe_dev::servers::free_port()));
    let error = Bus::connect(&config).await.unwrap_err();
    assert!(error.to_string().contains(&config.url), "{error}");
    assert!(matches!(error, Error::Connect { .. }));
}

#[tokio::test]
async fn whom_the_server_does_not_let_in_need_not_wait() {
    let arguments = ["--user", "me", "--pass", "secret"].map(String::from).to_vec();
    let nats = Nats::start(&Options { arguments, ..Options::default() }).await.unwrap();
    let error = Bus::connect(&config(&nats)).await.unwrap_err();
    assert!(matches!(error, Error::NotLetIn { .. }), "{error}");
    assert!(!error.is_passing());
    let url = nats.url().replace("//", "//me:secret@");
    Bus::connect(&NatsConfig { url, ..config(&nats) }).await.unwrap();
}

#[tokio::test]
async fn impossible_settings_are_refused_by_name() {
    let at = || NatsConfig::at("nats://127.0.0.1:1");
    let settings = [
        ("lease_ttl", NatsConfig { lease_ttl: Duration::from_millis(1500), ..at() }),
        ("ack_wait", NatsConfig { ack_wait: Duration::ZERO, ..at() }),
        ("actions_window", NatsConfig { actions_window: 0, ..at() }),
        ("replicas", NatsConfig { replicas: 0, ..at() }),
        ("credentials", NatsConfig { credentials: Some("/nowhere".into()), ..at() }),
    ];
    for (key, config) in settings {
        let error = Bus::connect(&config).await.unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
    }
}
