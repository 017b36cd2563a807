//! What was missed comes by differences, each message once and in order.

use std::time::Duration;

use grammers_client::tl;
use troupe_telegram::{GroupKind, NewGroup, Settings};

use crate::client::{Peer, emulator, emulator_with, person, signed_in};

/// Everything after `pts` by as many calls as it takes: texts, slices, final `pts`, groups told of.
async fn difference(
    peer: &Peer,
    mut pts: i32,
    date: i32,
) -> (Vec<String>, usize, i32, Vec<(i64, Option<i32>)>) {
    let (mut texts, mut slices, mut groups) = (Vec::new(), 0, Vec::new());
    loop {
        let call = tl::functions::updates::GetDifference {
            pts,
            pts_limit: None,
            pts_total_limit: None,
            date,
            qts: 0,
            qts_limit: None,
        };
        let (messages, others, state, last) = match peer.client.invoke(&call).await.unwrap() {
            tl::enums::updates::Difference::Empty(_) => return (texts, slices, pts, groups),
            tl::enums::updates::Difference::Difference(d) => (d.new_messages, d.other_updates, d.state, true),
            tl::enums::updates::Difference::Slice(d) => {
                (d.new_messages, d.other_updates, d.intermediate_state, false)
            }
            other @ tl::enums::updates::Difference::TooLong(_) => panic!("{other:?}"),
        };
        texts.extend(messages.iter().filter_map(text));
        groups.extend(others.iter().filter_map(|update| match update {
            tl::enums::Update::ChannelTooLong(update) => Some((update.channel_id, update.pts)),
            _ => None,
        }));
        let tl::enums::updates::State::State(state) = state;
        pts = state.pts;
        slices += 1;
        if last {
            return (texts, slices, pts, groups);
        }
    }
}

fn text(message: &tl::enums::Message) -> Option<String> {
    match message {
        tl::enums::Message::Message(message) => Some(message.message.clone()),
        _ => None,
    }
}

async fn state(peer: &Peer) -> tl::types::updates::State {
    let tl::enums::updates::State::State(state) =
        peer.client.invoke(&tl::functions::updates::GetState {}).await.unwrap();
    state
}

#[tokio::test]
async fn the_common_box_is_caught_up_with_in_slices() {
    let emulator = emulator_with(Settings { difference_slice: 3, ..Settings::default() }).await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let a = signed_in(&emulator, anna.id).await;
    let start = state(&a).await;
    let texts: Vec<String> = (0..8).map(|number| format!("missed {number}")).collect();
    for text in &texts {
        emulator.send(boris.id, anna.id, text).unwrap();
    }
    let (got, slices, pts, _) = difference(&a, start.pts, start.date).await;
    assert_eq!((got, slices, pts), (texts, 3, start.pts + 8));
    assert_eq!(state(&a).await.pts, pts);
    let (got, slices, ..) = difference(&a, pts, start.date).await;
    assert_eq!((got.len(), slices), (0, 0));
}

#[tokio::test]
async fn the_common_box_can_be_too_long_and_goes_on_from_the_position_that_is_told_then() {
    let emulator = emulator_with(Settings { difference_max: 5, ..Settings::default() }).await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let a = signed_in(&emulator, anna.id).await;
    let start = state(&a).await;
    for number in 0..6 {
        emulator.send(boris.id, anna.id, &format!("missed {number}")).unwrap();
    }
    let ask = tl::functions::updates::GetDifference {
        pts: start.pts,
        pts_limit: None,
        pts_total_limit: None,
        date: start.date,
        qts: 0,
        qts_limit: None,
    };
    let long = match a.client.invoke(&ask).await.unwrap() {
        tl::enums::updates::Difference::TooLong(long) => long,
        other => panic!("{other:?}"),
    };
    assert_eq!(long.pts, start.pts + 6);
    emulator.send(boris.id, anna.id, "and on").unwrap();
    let (got, ..) = difference(&a, long.pts, start.date).await;
    assert_eq!(got, ["and on"]);
}

#[tokio::test]
async fn a_supergroup_is_caught_up_with_in_pages_and_can_be_too_long() {
    let emulator = emulator_with(Settings { channel_difference_max: 250, ..Settings::default() }).await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let members = vec![boris.id, anna.id];
    let new = NewGroup { title: "Friends".into(), kind: GroupKind::Super, members, username: None };
    let friends = emulator.create_group(new).unwrap();
    let a = signed_in(&emulator, anna.id).await;
    let chat = a.dialog("Friends").await;
    let start = state(&a).await;
    for number in 0..205 {
        emulator.send(boris.id, friends.id, &format!("missed {number}")).unwrap();
    }
    let (_, _, _, groups) = difference(&a, start.pts, start.date).await;
    assert_eq!(groups, [(chat.id.bare_id().unwrap(), None)]);

    let page = async |pts: i32| {
        let call = tl::functions::updates::GetChannelDifference {
            force: false,
            channel: chat.into(),
            filter: tl::enums::ChannelMessagesFilter::Empty,
            pts,
            limit: 100,
        };
        a.client.invoke(&call).await.unwrap()
    };
    // The group's own creation is its first event.
    let (mut pts, mut texts, mut pages) = (2, Vec::new(), 0);
    loop {
        match page(pts).await {
            tl::enums::updates::ChannelDifference::Difference(difference) => {
                pts = difference.pts;
                texts.extend(difference.new_messages.iter().filter_map(text));
                pages += 1;
                if difference.r#final {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let expected: Vec<String> = (0..205).map(|number| format!("missed {number}")).collect();
    assert_eq!((texts, pages), (expected, 3));
    assert!(matches!(page(pts).await, tl::enums::updates::ChannelDifference::Empty(_)));

    for _ in 0..46 {
        emulator.send(boris.id, friends.id, "more").unwrap();
    }
    match page(2).await {
        tl::enums::updates::ChannelDifference::TooLong(long) => {
            let tl::enums::Dialog::Dialog(dialog) = long.dialog else { panic!("{:?}", long.dialog) };
            assert_eq!((dialog.pts, long.messages.len()), (Some(pts + 46), 100));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_killed_connection_loses_nothing() {
    let emulator = emulator().await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let mut a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    emulator.send(boris.id, anna.id, "before").unwrap();
    a.message("before").await;
    let mut expected = Vec::new();
    for round in 0..5 {
        assert_eq!(emulator.kill_connections(Some(anna.id)), 1);
        for number in 0..4 {
            let text = format!("{round}/{number}");
            emulator.send(boris.id, anna.id, &text).unwrap();
            expected.push(text);
        }
        let round = expected[round * 4..].to_vec();
        assert_eq!(a.texts(4).await, round);
    }
    let opened = emulator.sessions().iter().filter(|session| session.account == Some(anna.id)).count();
    assert!(opened >= 6, "{opened}");
}

#[tokio::test]
async fn what_a_mute_loses_the_gap_brings_back() {
    let emulator = emulator().await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let mut a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    emulator.send(boris.id, anna.id, "heard").unwrap();
    a.message("heard").await;
    emulator.mute(anna.id, true).unwrap();
    emulator.send(boris.id, anna.id, "lost").unwrap();
    emulator.mute(anna.id, false).unwrap();
    emulator.send(boris.id, anna.id, "heard again").unwrap();
    assert_eq!(a.texts(2).await, ["lost", "heard again"]);
    assert!(emulator.calls(anna.id, "updates.getDifference") >= 1);
}

#[tokio::test]
async fn the_ledger_waits_for_what_is_new() {
    let emulator = emulator().await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let query = |wait_ms| troupe_telegram::LedgerQuery {
        user: Some(anna.id),
        wait_ms: Some(wait_ms),
        ..troupe_telegram::LedgerQuery::default()
    };
    assert_eq!(emulator.ledger(&query(1)).await.unwrap().messages, []);
    let wait = query(20_000);
    let (page, ()) = tokio::join!(emulator.ledger(&wait), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        emulator.send(boris.id, boris.id, "not for Anna").unwrap();
        emulator.send(boris.id, anna.id, "for Anna").unwrap();
    });
    let page = page.unwrap();
    assert_eq!((page.messages[0].text.as_str(), page.last), ("for Anna", 2));
}
