//! What is not called, and what becomes of it.

use std::time::Duration;

use troupe_protocol::Stream;
use troupe_testkit::receiver::{Answer, Receiver};

use crate::world::World;

/// Lets a target be called that gets one chance; returns why the call became a dead letter.
async fn refusal(mut world: World, target: &str) -> String {
    world.config.calls.give_up_after = Duration::ZERO;
    let instance = world.start();
    world.call(target, 1).await;
    let letter = world.dead_letters(1).await.remove(0);
    assert_eq!((letter.stream, letter.service.as_str()), (Stream::Webhooks, "webhooks"));
    assert!(letter.payload.contains("\"number\":\"1\""), "it can be published again: {}", letter.payload);
    instance.stop().await;
    letter.reason
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_network_is_not_called_unless_the_settings_say_so() {
    for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "0x7f000001"] {
        let mut world = World::new().await;
        let receiver = Receiver::encrypted(&[Answer::Status(200)]).await;
        let url = format!("https://{host}:{}", receiver.port);
        world.add("crm", url, receiver.certificate.as_deref()).own_network = false;
        let reason = refusal(world, "crm").await;
        // A system that does not take such a spelling for an address does not find it.
        let forbidden = reason.contains("which is not called: see own_network in the settings");
        assert!(
            forbidden || (host.starts_with("0x") && reason.contains("cannot look up")),
            "{host}: {reason}"
        );
        assert!(receiver.got().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let mut world = World::new().await;
    let other = Receiver::new(&[Answer::Status(200)]).await;
    let to = format!("http://127.0.0.1:{}/", other.port);
    let receiver = Receiver::new(&[Answer::Redirect(to)]).await;
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    assert_eq!(refusal(world, "crm").await, "it answers 302 Found");
    assert!(other.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_show_that_it_is_who_it_says_is_told_nothing() {
    let mut world = World::new().await;
    let (receiver, other) = (
        Receiver::encrypted(&[Answer::Status(200)]).await,
        Receiver::encrypted(&[Answer::Status(200)]).await,
    );
    world.add("crm", format!("https://localhost:{}", receiver.port), other.certificate.as_deref());
    let reason = refusal(world, "crm").await;
    assert!(reason.starts_with("cannot agree on TLS: invalid peer certificate"), "{reason}");
    assert!(receiver.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_takes_too_long_has_failed() {
    let mut world = World::new().await;
    let receiver = Receiver::new(&[Answer::Never]).await;
    world.config.calls.timeout = Duration::from_millis(200);
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    assert_eq!(refusal(world, "crm").await, "it takes too long");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_for_good_is_not_tried_again() {
    let mut world = World::new().await;
    let receiver = Receiver::new(&[Answer::Status(410)]).await;
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    let instance = world.start();
    world.call("crm", 1).await;
    assert_eq!(world.dead_letters(1).await[0].reason, "it answers 410 Gone");
    world.settled("crm").await;
    instance.stop().await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_no_setting_names_is_told_and_given_up() {
    let mut world = World::new().await;
    let receiver = Receiver::new(&[Answer::Status(200)]).await;
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    let reason = refusal(world, "desk").await;
    assert_eq!(reason, "there is no target desk in the settings: see targets there");
    assert!(receiver.got().is_empty());
}
