//! TL objects that say nearly nothing: what clients insist on and the emulator has no knowledge of.

use grammers_tl_types::{Deserializable, Serializable, enums, types};

use crate::clock;

/// A TL object of zero flags: all that is optional is absent, and is set afterwards.
///
/// The schema's large objects have up to sixty fields, of which a server like this uses ten.
pub(super) fn blank<T: Deserializable>(required: &[&[u8]]) -> T {
    T::from_bytes(&required.concat()).expect("the required fields of the schema, in its order")
}

/// Default rights of a group where everybody may write.
pub(super) fn no_ban() -> enums::ChatBannedRights {
    let mut rights: types::ChatBannedRights = blank(&[&[0; 8]]);
    rights.until_date = i32::MAX;
    rights.into()
}

/// A creator's rights.
pub fn all_rights() -> enums::ChatAdminRights {
    // Every flag of the schema but "anonymous" (10) and the stories (14 to 16).
    let flags: u32 = 0b1011_1011_1111 & !(1 << 10);
    blank::<types::ChatAdminRights>(&[&flags.to_le_bytes()]).into()
}

/// Notification settings of somebody who never changed them.
pub fn notify_settings() -> enums::PeerNotifySettings {
    blank::<types::PeerNotifySettings>(&[&[0; 4]]).into()
}

/// What a client may offer in a chat's action bar: nothing.
pub fn peer_settings() -> enums::PeerSettings {
    blank::<types::PeerSettings>(&[&[0; 4]]).into()
}

/// A user's profile in full, of which almost nothing is known.
pub fn user_full(id: i64) -> enums::UserFull {
    let settings = peer_settings();
    let count = 0_i32.to_bytes();
    let fields: [&[u8]; 5] =
        [&[0; 8], &id.to_bytes(), &settings.to_bytes(), &notify_settings().to_bytes(), &count];
    blank::<types::UserFull>(&fields).into()
}

/// A basic group in full.
pub fn chat_full(id: i64, participants: &enums::ChatParticipants) -> enums::ChatFull {
    let about = String::new().to_bytes();
    let fields: [&[u8]; 5] =
        [&[0; 4], &id.to_bytes(), &about, &participants.to_bytes(), &notify_settings().to_bytes()];
    blank::<types::ChatFull>(&fields).into()
}

/// A supergroup in full.
pub fn channel_full(id: i64, read: i32, unread: i32, pts: i32, count: i32) -> enums::ChatFull {
    let about = String::new().to_bytes();
    let photo: enums::Photo = types::PhotoEmpty { id: 0 }.into();
    let bots = Vec::<enums::BotInfo>::new().to_bytes();
    let fields: [&[u8]; 10] = [
        &[0; 8],
        &id.to_bytes(),
        &about,
        &read.to_bytes(),
        &0_i32.to_bytes(),
        &unread.to_bytes(),
        &photo.to_bytes(),
        &notify_settings().to_bytes(),
        &bots,
        &pts.to_bytes(),
    ];
    let mut full: types::ChannelFull = blank(&fields);
    full.can_view_participants = true;
    full.participants_count = Some(count);
    full.into()
}

/// The configuration, as far as clients look at it.
pub fn config(address: std::net::SocketAddr) -> enums::Config {
    let options: Vec<enums::DcOption> = vec![
        types::DcOption {
            ipv6: address.is_ipv6(),
            media_only: false,
            tcpo_only: false,
            cdn: false,
            // Grammers takes up only static ones.
            r#static: true,
            this_port_only: false,
            id: crate::DC,
            ip_address: address.ip().to_string(),
            port: i32::from(address.port()),
            secret: None,
        }
        .into(),
    ];
    let now = clock::now();
    let int = |values: &[i32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let text = |text: &str| text.to_owned().to_bytes();
    let fields: [&[u8]; 9] = [
        &int(&[0, now, now + 3600]),
        &false.to_bytes(),
        &crate::DC.to_bytes(),
        &options.to_bytes(),
        &text(""),
        // From chat_size_max to channels_read_media_period, then the four time limits of calls.
        &int(&[
            200,
            200_000,
            100,
            210_000,
            5_000,
            30_000,
            300_000,
            30_000,
            1_500,
            60_000,
            2,
            172_800,
            172_800,
            0x7fff_ffff,
            2_419_200,
            200,
            604_800,
            20_000,
            90_000,
            30_000,
            10_000,
        ]),
        &text("https://t.me/"),
        &int(&[CAPTION_UNITS_MAX, TEXT_UNITS_MAX, crate::DC]),
        &[],
    ];
    blank::<types::Config>(&fields).into()
}

/// The longest text of a message, in UTF-16 units.
pub const TEXT_UNITS_MAX: i32 = 4096;
/// The longest caption.
pub const CAPTION_UNITS_MAX: i32 = 1024;
