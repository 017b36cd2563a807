//! What Telegram does to clients on a bad day.

use std::time::Duration;

use grammers_client::{InvocationError, tl};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use troupe_telegram::{Connections, FaultKind, LedgerQuery, Settings};

use crate::{
    client::{connect, emulator, person, refusal, registered_key, signed_in},
    talking::send,
};

fn to_self(random_id: i64) -> tl::functions::messages::SendMessage {
    send(tl::enums::InputPeer::PeerSelf, "note", random_id)
}

#[tokio::test]
async fn waits_and_errors_come_as_often_as_ordered() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    let error = |name: &str| FaultKind::Error { code: 420, name: name.into() };
    emulator.add_fault(Some(anna.id), Some("messages.SendMessage"), error("FLOOD_WAIT_3"), 2);
    for _ in 0..2 {
        assert_eq!(a.refused(&to_self(1)).await, (420, "FLOOD_WAIT_3".into()));
    }
    a.client.invoke(&to_self(1)).await.unwrap();
    emulator.add_fault(None, None, error("SLOWMODE_WAIT_10"), 1);
    assert_eq!(a.refused(&to_self(2)).await, (420, "SLOWMODE_WAIT_10".into()));
    emulator.add_fault(None, Some("messages.sendMessage"), FaultKind::FloodWait { seconds: 3600 }, 1);
    for _ in 0..2 {
        let (code, name) = a.refused(&to_self(2)).await;
        assert!(code == 420 && name.starts_with("FLOOD_WAIT_3"), "{name}");
    }
    assert_eq!(emulator.ledger(&LedgerQuery::default()).await.unwrap().last, 1);
}

#[tokio::test]
async fn a_connection_that_breaks_before_or_after_a_call_leaves_the_ledger_right() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    for (fault, accepted) in [(FaultKind::DropBefore, 0), (FaultKind::DropAfter, 1)] {
        emulator.add_fault(Some(anna.id), Some("messages.sendMessage"), fault, 1);
        let got = a.client.invoke(&to_self(7)).await;
        assert!(matches!(got, Err(InvocationError::Io(_) | InvocationError::Dropped(_))), "{got:?}");
        assert_eq!(emulator.ledger(&LedgerQuery::default()).await.unwrap().last, accepted);
    }
    a.client.invoke(&to_self(7)).await.unwrap();
    let page = emulator.ledger(&LedgerQuery::default()).await.unwrap();
    assert_eq!((page.last, page.messages[0].repeats), (1, 1));
}

#[tokio::test]
async fn a_call_may_stay_unanswered_or_wait() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    emulator.add_fault(Some(anna.id), Some("messages.sendMessage"), FaultKind::NoReply, 1);
    assert!(timeout(Duration::from_millis(300), a.client.invoke(&to_self(1))).await.is_err());
    emulator.add_fault(Some(anna.id), Some("messages.sendMessage"), FaultKind::Delay { ms: 50 }, 1);
    a.client.invoke(&to_self(2)).await.unwrap();
    assert_eq!(emulator.ledger(&LedgerQuery::default()).await.unwrap().last, 2);
}

#[tokio::test]
async fn one_key_in_two_places_is_counted_and_dies() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let key = registered_key(&emulator, anna.id);
    let first = connect(&emulator, key, "ingress-1").await;
    first.client.get_me().await.unwrap();
    assert!(emulator.overlaps().is_empty());
    let second = connect(&emulator, key, "ingress-2").await;
    let duplicated = (406, "AUTH_KEY_DUPLICATED".to_owned());
    assert_eq!(refusal(second.client.get_me().await.map(|_| ())), duplicated);
    assert_eq!(refusal(first.client.get_me().await.map(|_| ())), duplicated);

    let overlaps = emulator.overlaps();
    assert_eq!(overlaps[0].account, Some(anna.id));
    let device = |session: &troupe_telegram::SessionView| session.device.clone().unwrap();
    assert_eq!(
        (device(&overlaps[0].first), device(&overlaps[0].second)),
        ("ingress-1".into(), "ingress-2".into())
    );
}

#[tokio::test]
async fn one_key_in_one_place_after_the_other_is_no_overlap() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let key = registered_key(&emulator, anna.id);
    let first = connect(&emulator, key, "ingress-1").await;
    first.client.get_me().await.unwrap();
    drop(first);
    timeout(Duration::from_secs(10), async {
        while emulator.sessions()[0].closed_ms.is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let second = connect(&emulator, key, "ingress-2").await;
    second.client.get_me().await.unwrap();
    assert!(emulator.overlaps().is_empty());
    let sessions = emulator.sessions();
    assert_eq!(sessions.len(), 2);
    assert_eq!((sessions[1].device.as_deref(), sessions[1].transport.as_str()), (Some("ingress-2"), "full"));
    assert!(sessions[0].closed_ms.unwrap() >= sessions[0].opened_ms);
}

#[tokio::test]
async fn overlaps_can_be_let_be() {
    let emulator = emulator().await;
    emulator.set_settings(Settings { overlap_kills_key: false, ..Settings::default() });
    let anna = person(&emulator, "Anna");
    let key = registered_key(&emulator, anna.id);
    let (first, second) = (connect(&emulator, key, "a").await, connect(&emulator, key, "b").await);
    first.client.get_me().await.unwrap();
    second.client.get_me().await.unwrap();
    first.client.get_me().await.unwrap();
    assert_eq!(emulator.overlaps().len(), 1);
}

#[tokio::test]
async fn a_revoked_key_is_refused() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    assert_eq!(emulator.revoke_keys(anna.id), 1);
    assert_eq!(refusal(a.client.get_me().await.map(|_| ())), (401, "SESSION_REVOKED".into()));
}

#[tokio::test]
async fn a_new_salt_and_a_misdated_message_are_got_over() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    for fault in [FaultKind::NewSalt, FaultKind::BadMessage { code: 16 }, FaultKind::NewSalt] {
        emulator.add_fault(Some(anna.id), None, fault, 1);
        a.client.get_me().await.unwrap();
    }
    assert_eq!(emulator.sessions().len(), 1);
}

#[tokio::test]
async fn a_transport_error_ends_the_connection() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    emulator.add_fault(Some(anna.id), None, FaultKind::TransportError { code: -429 }, 1);
    let got = a.client.get_me().await.map(|_| ());
    assert!(matches!(got, Err(InvocationError::Transport(_))), "{got:?}");
    a.client.get_me().await.unwrap();
}

#[tokio::test]
async fn a_forgotten_key_is_unknown() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    assert_eq!(emulator.forget_keys(anna.id), 1);
    // grammers would make a new key then, but does not know the emulator's RSA key.
    a.client.get_me().await.unwrap_err();
    assert_eq!(emulator.sessions().len(), 1, "nobody got in with the forgotten key");
}

#[tokio::test]
async fn a_server_that_is_down_or_silent_comes_back() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    emulator.set_settings(Settings { connections: Connections::Closed, ..Settings::default() });
    a.client.get_me().await.unwrap_err();
    emulator.set_settings(Settings::default());
    a.client.get_me().await.unwrap();

    emulator.set_settings(Settings { connections: Connections::Silent, ..Settings::default() });
    let mute = signed_in(&emulator, anna.id).await;
    assert!(timeout(Duration::from_millis(300), mute.client.get_me()).await.is_err());
}

#[tokio::test]
async fn pushes_that_come_twice_are_one_message() {
    let emulator = emulator().await;
    emulator.set_settings(Settings { duplicate_pushes: true, ..Settings::default() });
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let mut a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    for text in ["one", "two", "three"] {
        emulator.send(boris.id, anna.id, text).unwrap();
    }
    assert_eq!(a.texts(3).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_method_that_is_unknown_is_refused_by_name() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    let got = a.refused(&tl::functions::help::GetCdnConfig {}).await;
    assert_eq!(got, (400, "METHOD_INVALID".into()));
    assert_eq!(emulator.calls(anna.id, "help.getCdnConfig"), 1);
}

#[tokio::test]
async fn rubbish_on_the_port_ends_only_its_own_connection() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    for rubbish in
        [&[0x41; 600][..], b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: someone who took a wrong turn\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(emulator.mtproto_address()).await.unwrap();
        stream.write_all(rubbish).await.unwrap();
        let mut answer = Vec::new();
        // Closed, or reset because not all was read.
        let _ =
            timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.expect("it is closed");
    }
    // An encrypted packet under a key that nobody has: -404, three times over in the full transport.
    let mut stream = TcpStream::connect(emulator.mtproto_address()).await.unwrap();
    let packet = [&[9; 24][..], &[0; 64]].concat();
    stream.write_all(&[&[0xee; 4][..], &88_u32.to_le_bytes(), &packet].concat()).await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, [&4_u32.to_le_bytes()[..], &(-404_i32).to_le_bytes()].concat());
    a.client.get_me().await.unwrap();
}
