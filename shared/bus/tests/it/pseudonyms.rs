use troupe_bus::Error;
use troupe_protocol::{Pseudonyms, PseudonymsConfig};

use crate::{connect, server, soon};

const KEY: &str = "a key that nobody guesses, of some length";
const OTHER: &str = "another key that nobody guesses, either";

fn of(key: &str) -> Pseudonyms {
    PseudonymsConfig::with_key(key).pseudonyms().unwrap()
}

#[tokio::test]
async fn the_first_to_ask_fixes_the_pseudonyms_and_who_has_others_is_told_what_to_do() {
    let nats = server().await;
    let bus = connect(&nats).await;
    bus.agree_on(&of(KEY), "").await.unwrap();
    connect(&nats).await.agree_on(&of(KEY), "").await.unwrap();
    for other in [OTHER, ""] {
        let error = bus.agree_on(&of(other), "").await.unwrap_err();
        assert!(matches!(error, Error::OtherPseudonyms { .. }), "{error}");
        let told = error.to_string();
        for part in
            ["pseudonyms.key", "pseudonyms.instead_of", &of(KEY).fingerprint(), &of(other).fingerprint()]
        {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains(KEY) && !told.contains(OTHER), "{told}");
    }
    bus.agree_on(&of(KEY), "").await.unwrap();
}

#[tokio::test]
async fn without_a_key_is_a_choice_like_any_other() {
    let nats = server().await;
    let bus = connect(&nats).await;
    bus.agree_on(&of(""), "").await.unwrap();
    let told = bus.agree_on(&of(KEY), "").await.unwrap_err().to_string();
    assert!(told.contains("pseudonyms.instead_of to \"none\""), "{told}");
}

#[tokio::test]
async fn a_key_takes_the_place_of_the_one_that_is_named_and_of_no_other() {
    let nats = server().await;
    let bus = connect(&nats).await;
    bus.agree_on(&of(""), "").await.unwrap();
    bus.agree_on(&of(KEY), &of(OTHER).fingerprint()).await.unwrap_err();
    bus.agree_on(&of(KEY), "none").await.unwrap();
    // It does no harm that the setting stays, and who still has the old key is told.
    bus.agree_on(&of(KEY), "none").await.unwrap();
    bus.agree_on(&of(""), "").await.unwrap_err();
}

#[tokio::test]
async fn of_many_keys_at_once_one_is_fixed() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let keys: Vec<String> = (0..6).map(|number| format!("{KEY} {number}")).collect();
    let asked = keys.iter().map(|key| async { bus.agree_on(&of(key), "").await.is_ok() });
    let agreed = soon(futures::future::join_all(asked)).await;
    assert_eq!(agreed.iter().filter(|agreed| **agreed).count(), 1, "{agreed:?}");
}
