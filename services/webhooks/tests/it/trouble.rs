//! What is not called, and what becomes of it.

use std::time::Duration;

use troupe_protocol::Stream;
use troupe_testkit::receiver::{Answer, Receiver};

use crate::world::{World, called};

/// Lets a target be called that gets one chance; returns why the call became a dead letter. The statistics are told the
/// `outcome`.
async fn refusal(mut world: World, target: &str, outcome: &str) -> String {
    world.config.calls.give_up_after = Duration::ZERO;
    let instance = world.start();
    world.call(target, 1).await;
    let letter = world.dead_letters(1).await.remove(0);
    assert_eq!((letter.stream, letter.service.as_str()), (Stream::Webhooks, "webhooks"));
    assert!(letter.payload.contains("\"number\":\"1\""), "it can be published again: {}", letter.payload);
    instance.stop().await;
    let told: Vec<_> = world.events().await.into_iter().map(|event| event.body).collect();
    assert_eq!(told, [called(target, outcome, 1)]);
    letter.reason
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_network_is_not_called_unless_the_settings_say_so() {
    for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "0x7f000001"] {
        let mut world = World::new().await;
        let receiver = Receiver::encrypted(&[Answer::Status(200)]).await;
        let url = format!("https://{host}:{}", receiver.port);
        world.add("crm", url, receiver.certificate.as_deref()).own_network = false;
        // A system that does not take such a spelling for an address does not find it.
        let is_found = tokio::net::lookup_host((host.trim_matches(['[', ']']), 1)).await.is_ok();
        let (outcome, expected) = if is_found {
            ("forbidden", "which is not called: see own_network in the settings")
        } else {
            ("unreachable", "cannot look up")
        };
        let reason = refusal(world, "crm", outcome).await;
        assert!(reason.contains(expected) && (is_found || host.starts_with("0x")), "{host}: {reason}");
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
    assert_eq!(refusal(world, "crm", "refused").await, "it answers 302 Found");
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
    let reason = refusal(world, "crm", "unreachable").await;
    assert!(reason.starts_with("cannot agree on TLS: invalid peer certificate"), "{reason}");
    assert!(receiver.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_takes_too_long_has_failed() {
    let mut world = World::new().await;
    let receiver = Receiver::new(&[Answer::Never]).await;
    world.config.calls.timeout = Duration::from_millis(200);
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    assert_eq!(refusal(world, "crm", "too_late").await, "it takes too long");
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
    let told: Vec<_> = world.events().await.into_iter().map(|event| event.body).collect();
    assert_eq!(told, [called("crm", "gone", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_call_that_was_removed_while_it_was_made_nothing_is_told_or_kept() {
    let mut world = World::new().await;
    let receiver = Receiver::new(&[Answer::Never]).await;
    world.config.calls.timeout = Duration::from_secs(2);
    world.config.calls.give_up_after = Duration::ZERO;
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    let instance = world.start();
    world.call("crm", 1).await;
    receiver.wait(1).await;
    let all = |stream: Stream| vec![format!("{}.>", stream.prefix())];
    let calls = world.bus.sift(Stream::Webhooks, all(Stream::Webhooks), &|_| true).await.unwrap();
    assert_eq!(world.bus.remove(Stream::Webhooks, &[calls[0].sequence]).await.unwrap(), 1);
    // It finishes what is under way.
    instance.stop().await;
    assert_eq!(world.events().await, []);
    assert_eq!(world.bus.sift(Stream::Dead, all(Stream::Dead), &|_| true).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_no_setting_names_is_told_and_given_up() {
    let mut world = World::new().await;
    let receiver = Receiver::new(&[Answer::Status(200)]).await;
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    let reason = refusal(world, "desk", "no_target").await;
    assert_eq!(reason, "there is no target desk in the settings: see targets there");
    assert!(receiver.got().is_empty());
}
