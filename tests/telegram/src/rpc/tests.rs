use std::net::{Ipv4Addr, SocketAddr};

use grammers_tl_types::{enums as e, types as t};
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::{
    settings::Settings,
    state::{Chat, Draft, GroupKind, NewAccount, NewGroup},
};

/// Two people in a group of each kind, and the first one's connection.
fn world() -> (State, LinkId) {
    let mut state = State::new(Settings::default());
    for name in ["Anna", "Boris"] {
        state.create_account(NewAccount { first_name: name.into(), ..NewAccount::default() }, None).unwrap();
    }
    let members: Vec<i64> = state.accounts.keys().copied().collect();
    for kind in [GroupKind::Basic, GroupKind::Super] {
        let new = NewGroup { title: "T".into(), kind, members: members.clone(), username: None };
        state.create_group(new).unwrap();
    }
    for chat in
        [Chat::direct(members[0], members[1]), Chat::Group(-400_000_001), Chat::Group(-1_001_500_000_002)]
    {
        for from in &members {
            state.post(Draft::text(*from, chat, "hello"), None);
        }
    }
    let key = state.add_key([7; 256], 1, Some(members[0])).unwrap();
    let (out, _) = mpsc::unbounded_channel();
    let link = state.open_link(key, out, "none", 0);
    (state, link)
}

fn int() -> impl Strategy<Value = i32> {
    prop_oneof![any::<i32>(), -3..5, Just(i32::MIN), Just(i32::MAX)]
}

fn long() -> impl Strategy<Value = i64> {
    let nearly_known = [0, -1, 700_000_002, 400_000_001, 1_500_000_002, 1_001_500_000_002, -999_599_999_999];
    prop_oneof![any::<i64>(), prop::sample::select(nearly_known.to_vec()), Just(i64::MIN), Just(i64::MAX)]
}

/// Calls with every number that they have chosen at random or at an edge, mostly in chats that exist.
fn calls(state: &State, chat: usize, ints: [i32; 6], longs: [i64; 2]) -> Vec<Vec<u8>> {
    let (anna, boris, channel_id) = (700_000_001, 700_000_002, 1_500_000_002);
    let channel_hash = state.super_hash(anna, channel_id);
    let peers: [e::InputPeer; 6] = [
        t::InputPeerUser { user_id: boris, access_hash: state.user_hash(anna, boris) }.into(),
        t::InputPeerChat { chat_id: 400_000_001 }.into(),
        t::InputPeerChannel { channel_id, access_hash: channel_hash }.into(),
        e::InputPeer::PeerSelf,
        t::InputPeerChat { chat_id: longs[0] }.into(),
        t::InputPeerChannel { channel_id: longs[0], access_hash: longs[1] }.into(),
    ];
    let peer = || peers[chat % peers.len()].clone();
    let channel = || -> e::InputChannel {
        let (channel_id, access_hash) =
            if chat.is_multiple_of(4) { longs.into() } else { (channel_id, channel_hash) };
        t::InputChannel { channel_id, access_hash }.into()
    };
    let [a, b, c, limit, max_id, min_id] = ints;
    let file = t::InputFile { id: longs[0], parts: a, name: String::new(), md5_checksum: String::new() };
    let inputs = || -> Vec<e::InputMessage> {
        vec![
            t::InputMessageId { id: a }.into(),
            t::InputMessageReplyTo { id: b }.into(),
            e::InputMessage::Pinned,
        ]
    };
    vec![
        f::messages::GetHistory {
            peer: peer(),
            offset_id: a,
            offset_date: b,
            add_offset: c,
            limit,
            max_id,
            min_id,
            hash: longs[0],
        }
        .to_bytes(),
        f::updates::GetDifference {
            pts: a,
            pts_limit: Some(b),
            pts_total_limit: None,
            date: c,
            qts: limit,
            qts_limit: None,
        }
        .to_bytes(),
        f::updates::GetChannelDifference {
            force: true,
            channel: channel(),
            filter: e::ChannelMessagesFilter::Empty,
            pts: a,
            limit: b,
        }
        .to_bytes(),
        f::messages::ReadHistory { peer: peer(), max_id: a }.to_bytes(),
        f::channels::ReadHistory { channel: channel(), max_id: a }.to_bytes(),
        f::messages::GetMessages { id: inputs() }.to_bytes(),
        f::channels::GetMessages { channel: channel(), id: inputs() }.to_bytes(),
        f::messages::SendReaction {
            big: false,
            add_to_recent: false,
            peer: peer(),
            msg_id: a,
            reaction: Some(vec![t::ReactionEmoji { emoticon: "x".into() }.into()]),
        }
        .to_bytes(),
        f::messages::ForwardMessages {
            silent: false,
            background: false,
            with_my_score: false,
            drop_author: false,
            drop_media_captions: false,
            noforwards: false,
            allow_paid_floodskip: false,
            from_ephemeral: false,
            from_peer: peer(),
            id: vec![a, b],
            random_id: longs.to_vec(),
            to_peer: e::InputPeer::PeerSelf,
            top_msg_id: None,
            reply_to: None,
            schedule_date: None,
            schedule_repeat_period: None,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            video_timestamp: None,
            allow_paid_stars: None,
            suggested_post: None,
        }
        .to_bytes(),
        f::messages::GetDialogs {
            exclude_pinned: false,
            folder_id: None,
            offset_date: a,
            offset_id: b,
            offset_peer: peer(),
            limit: c,
            hash: 0,
        }
        .to_bytes(),
        f::messages::GetPeerDialogs { peers: vec![t::InputDialogPeer { peer: peer() }.into()] }.to_bytes(),
        f::channels::GetParticipants {
            channel: channel(),
            filter: e::ChannelParticipantsFilter::ChannelParticipantsRecent,
            offset: a,
            limit: b,
            hash: 0,
        }
        .to_bytes(),
        f::upload::SaveFilePart { file_id: longs[0], file_part: a, bytes: vec![1; 16] }.to_bytes(),
        f::messages::UploadMedia {
            business_connection_id: None,
            peer: peer(),
            media: t::InputMediaUploadedPhoto {
                spoiler: false,
                live_photo: false,
                file: file.into(),
                stickers: None,
                ttl_seconds: None,
                video: None,
            }
            .into(),
        }
        .to_bytes(),
        f::upload::GetFile {
            precise: false,
            cdn_supported: false,
            location: t::InputPhotoFileLocation {
                id: longs[0],
                access_hash: longs[1],
                file_reference: Vec::new(),
                thumb_size: String::new(),
            }
            .into(),
            offset: longs[0],
            limit: a,
        }
        .to_bytes(),
        f::messages::GetChats { id: longs.to_vec() }.to_bytes(),
        f::messages::GetFullChat { chat_id: longs[0] }.to_bytes(),
        f::messages::DeleteMessages { revoke: a % 2 == 0, id: vec![a, a, b] }.to_bytes(),
        f::channels::DeleteMessages { channel: channel(), id: vec![a, a, b] }.to_bytes(),
    ]
}

proptest! {
    #[test]
    fn no_numbers_make_a_method_panic(
        rounds in prop::collection::vec((0_usize..12, prop::array::uniform6(int()), prop::array::uniform2(long())), 1..4)
    ) {
        let (mut state, link) = world();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let mut request = 0;
        for (chat, ints, longs) in rounds {
            for body in calls(&state, chat, ints, longs) {
                request += 4;
                let outcome = Call { state: &mut state, link, address }.run(request, &body);
                prop_assert!(matches!(outcome, Outcome::Answer(_)), "{outcome:?}");
            }
        }
    }

    #[test]
    fn no_arguments_make_a_method_panic(
        method in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..200),
    ) {
        let (mut state, link) = world();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let body = [method.get(KNOWN).to_bytes(), bytes].concat();
        let outcome = Call { state: &mut state, link, address }.run(4, &body);
        prop_assert!(matches!(outcome, Outcome::Answer(_)), "{outcome:?}");
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (mut state, link) = world();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let _ = Call { state: &mut state, link, address }.run(4, &bytes);
    }
}

#[test]
fn a_tower_of_objects_is_refused_before_it_is_climbed() {
    let (mut state, link) = world();
    let mut body = f::InitConnection::<Rest>::CONSTRUCTOR_ID.to_bytes();
    // Flags: parameters. Then api_id and six empty strings.
    for word in [2_u32, 1, 0, 0, 0, 0, 0, 0] {
        word.serialize(&mut body);
    }
    let level = [t::JsonArray::CONSTRUCTOR_ID, 0x1cb5_c415, 1].map(|word| word.to_bytes()).concat();
    for _ in 0..100_000 {
        body.extend(&level);
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let outcome = Call { state: &mut state, link, address }.run(4, &body);
    assert_eq!(outcome, Outcome::Answer(refusal(4, &RpcError::bad("INPUT_FETCH_ERROR"))));
}

#[test]
fn a_supergroup_named_as_a_basic_group_is_nobody() {
    let (mut state, link) = world();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let call = f::messages::GetFullChat { chat_id: 1_001_500_000_002 };
    let outcome = Call { state: &mut state, link, address }.run(4, &call.to_bytes());
    assert_eq!(outcome, Outcome::Answer(refusal(4, &RpcError::bad("CHAT_ID_INVALID"))));
}
