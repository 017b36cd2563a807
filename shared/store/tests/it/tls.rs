use std::{fs, path::PathBuf};

use troupe_store::{Committed, Error, RedisConfig, Store};
use troupe_testkit::tls::Front;

use crate::{applied, commit, outages::command, secret, server};

#[tokio::test]
async fn state_is_kept_over_tls_with_a_password_and_a_certificate_of_ones_own() {
    let redis = server().await;
    assert!(command(&redis, "CONFIG SET requirepass hunter2").await.starts_with("+OK"));
    let front = Front::of(redis.addr()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, &front.certificate).unwrap();
    let at = |url: String, ca_file: PathBuf| RedisConfig { ca_file, ..RedisConfig::at(url) };
    let url = format!("rediss://:hunter2@localhost:{}", front.port);
    let store = Store::connect(&at(url.clone(), file.clone()), &secret()).await.unwrap();
    assert!(matches!(store.commit(&commit(1, 1, "one", &["a"])).await, Ok(Committed::Done(_))));
    assert_eq!(applied(&store).await, 1);

    let error = Store::connect(&at(url, PathBuf::new()), &secret()).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "nobody else vouches for it: {error}");
    let wrong = format!("rediss://:wrong@localhost:{}", front.port);
    let error = Store::connect(&at(wrong.clone(), file), &secret()).await.unwrap_err();
    assert!(!error.is_passing(), "{error:?}");
    let error = Store::connect(&at(wrong, folder.path().join("none.pem")), &secret()).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)) && !error.is_passing(), "{error:?}");
}
