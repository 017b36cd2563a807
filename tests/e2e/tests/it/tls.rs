//! TLS to what services and operators speak to.

use std::{fs, process::Output};

use tokio::process::Command;
use troupe_dev::{
    servers::{ClickHouse, Nats, Options, Redis},
    service::{self, Service},
};
use troupe_testkit::tls::Front;

const TOKEN: &str = "a token that only this test knows";

#[tokio::test(flavor = "multi_thread")]
async fn redis_clickhouse_and_the_manager_are_spoken_to_over_tls_with_certificates_of_ones_own() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (data, logs) = (folder.path(), folder.path().join("logs"));
    let options = Options::default();
    let (nats, redis, clickhouse) =
        tokio::try_join!(Nats::start(&options), Redis::start(&options), ClickHouse::start(&options))
            .expect("the servers start");
    let (redis, clickhouse) = (Front::of(redis.addr()).await, Front::of(clickhouse.addr()).await);
    let ca_file = data.join("ca.pem");
    fs::write(&ca_file, [&*redis.certificate, &*clickhouse.certificate].concat()).expect("it is written");
    let ca_file = ca_file.to_str().expect("a name in UTF-8").to_owned();
    let start = async |name: &str, settings: &[(&str, &str)]| {
        let nats = ("NATS__URL", nats.url());
        let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).chain([nats]);
        let environment = settings.map(|(key, value)| (format!("TROUPE__{key}"), value));
        let program = service::program(&format!("troupe-{name}")).expect("it is built");
        Service::start(name, &program, environment, data, &logs).await.expect("it becomes ready")
    };
    let clickhouse_url = format!("https://localhost:{}", clickhouse.port);
    let clickhouse = [("CLICKHOUSE__URL", &*clickhouse_url), ("CLICKHOUSE__CA_FILE", &*ca_file)];
    let redis_url = format!("rediss://localhost:{}", redis.port);
    // Ready is who has reached what it needs: Redis answers the one, the other has made its tables.
    let _responder = start("responder", &[("REDIS__URL", &redis_url), ("REDIS__CA_FILE", &ca_file)]).await;
    let _stats = start("stats", &clickhouse).await;
    let manager = start("manager", &[&clickhouse[..], &[("API__TOKEN", TOKEN)]].concat()).await;

    let front = Front::of(manager.addr()).await;
    let own = data.join("manager.pem");
    fs::write(&own, &front.certificate).expect("it is written");
    let troupe = async |arguments: &[&str]| -> Output {
        let mut command = Command::new(service::program("troupe").expect("it is built"));
        command.args(arguments).env("TROUPE_URL", format!("https://localhost:{}", front.port));
        command.env("TROUPE_TOKEN", TOKEN).output().await.expect("it runs")
    };
    let told = troupe(&["--ca-file", own.to_str().expect("a name in UTF-8"), "--json", "statistics"]).await;
    let (said, error) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success() && said.contains("\"received\": 0"), "{said}{error}");
    let refused = troupe(&["statistics"]).await;
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && error.contains("--ca-file") && error.contains("certificate"),
        "{error}"
    );
}
