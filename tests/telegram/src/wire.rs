//! MTProto's service layer: containers, compression, pings, acknowledgements.
//!
//! Source: <https://core.telegram.org/mtproto/service_messages>. Nothing here panics, whatever the bytes are.

use std::io::{Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use grammers_tl_types::{Cursor, Deserializable, Identifiable, Serializable, functions, name_for_id, types};

const CONTAINER: u32 = 0x73f1_f8dc;
const GZIP_PACKED: u32 = 0x3072_cfa1;
const RPC_RESULT: u32 = 0xf35c_6d01;
/// The most messages in a container: <https://core.telegram.org/mtproto/service_messages#simple-container>.
const CONTAINER_MAX: u32 = 1020;
/// The most that a compressed request may grow to.
const UNZIPPED_BYTES_MAX: u64 = 16 << 20;
/// Smaller answers are not worth compressing.
const ZIPPED_BYTES_MIN: usize = 1024;
/// Larger ones are files, which do not get smaller.
const ZIPPED_BYTES_MAX: usize = 64 << 10;

/// One message of a client, taken out of its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The client's id for it.
    pub message_id: i64,
    /// Odd if it wants an acknowledgement.
    pub sequence: i32,
    /// What it is.
    pub item: Item,
}

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Wants a `pong`.
    Ping(i64),
    /// Wants future salts.
    GetFutureSalts(i32),
    /// Wants to know what became of messages.
    StateRequest(Vec<i64>),
    /// Forgets one of its sessions.
    DestroySession(i64),
    /// Does not want an answer any more.
    DropAnswer,
    /// Needs no answer: acknowledgements and the like.
    Nothing,
    /// A call of an API method, with whatever wraps it.
    Call(Vec<u8>),
}

/// A packet that holds no messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message is cut short or malformed")]
pub struct Malformed;

impl From<grammers_tl_types::deserialize::Error> for Malformed {
    fn from(_: grammers_tl_types::deserialize::Error) -> Self {
        Self
    }
}

/// Takes the messages out of a packet's body.
///
/// # Errors
/// The body is cut short, or compressed to a bomb.
pub fn unpack(message_id: i64, sequence: i32, body: &[u8]) -> Result<Vec<Incoming>, Malformed> {
    if constructor(body) != Some(CONTAINER) {
        return Ok(vec![Incoming { message_id, sequence, item: item(body)? }]);
    }
    let mut cursor = Cursor::from_slice(&body[4..]);
    let count = u32::deserialize(&mut cursor)?;
    if count > CONTAINER_MAX {
        return Err(Malformed);
    }
    let mut messages = Vec::new();
    for _ in 0..count {
        let message_id = i64::deserialize(&mut cursor)?;
        let sequence = i32::deserialize(&mut cursor)?;
        let length = usize::try_from(i32::deserialize(&mut cursor)?).map_err(|_| Malformed)?;
        let start = 4 + cursor.pos();
        let inner = body.get(start..start.saturating_add(length)).ok_or(Malformed)?;
        cursor.read_exact(&mut vec![0; length])?;
        messages.push(Incoming { message_id, sequence, item: item(inner)? });
    }
    Ok(messages)
}

/// The constructor at the start of an object.
pub fn constructor(body: &[u8]) -> Option<u32> {
    body.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn item(body: &[u8]) -> Result<Item, Malformed> {
    let id = constructor(body).ok_or(Malformed)?;
    let rest = &body[4..];
    Ok(match id {
        GZIP_PACKED => {
            let body = unzip(rest)?;
            // Compression inside compression is nobody's habit, and a way to make a bomb.
            if matches!(constructor(&body), Some(GZIP_PACKED | CONTAINER)) {
                return Err(Malformed);
            }
            item(&body)?
        }
        CONTAINER => return Err(Malformed),
        // Of the latter only the ping counts: connections are kept as long as they last.
        functions::Ping::CONSTRUCTOR_ID | functions::PingDelayDisconnect::CONSTRUCTOR_ID => {
            Item::Ping(i64::from_bytes(rest)?)
        }
        functions::GetFutureSalts::CONSTRUCTOR_ID => Item::GetFutureSalts(i32::from_bytes(rest)?),
        types::MsgsStateReq::CONSTRUCTOR_ID | types::MsgResendReq::CONSTRUCTOR_ID => {
            Item::StateRequest(Vec::<i64>::from_bytes(rest)?)
        }
        functions::DestroySession::CONSTRUCTOR_ID => Item::DestroySession(i64::from_bytes(rest)?),
        functions::RpcDropAnswer::CONSTRUCTOR_ID => Item::DropAnswer,
        types::MsgsAck::CONSTRUCTOR_ID
        | types::MsgsStateInfo::CONSTRUCTOR_ID
        | types::MsgsAllInfo::CONSTRUCTOR_ID
        | types::HttpWait::CONSTRUCTOR_ID => Item::Nothing,
        _ => Item::Call(body.to_vec()),
    })
}

/// The content of a `gzip_packed` whose constructor is read already.
///
/// # Errors
/// It is no gzip, or grows beyond all measure.
pub fn unzip(rest: &[u8]) -> Result<Vec<u8>, Malformed> {
    let packed = Vec::<u8>::from_bytes(rest)?;
    let mut body = Vec::new();
    let read = GzDecoder::new(packed.as_slice()).take(UNZIPPED_BYTES_MAX + 1).read_to_end(&mut body);
    match read {
        Ok(length) if length as u64 <= UNZIPPED_BYTES_MAX => Ok(body),
        _ => Err(Malformed),
    }
}

/// Whether an object nests so deep that reading it could use up the stack. Decoding calls itself for each level.
///
/// Each level of nesting is an object of one of a few kinds, so it is enough to count these. Objects start at
/// multiples of four. No request that the emulator carries out has more than a handful.
pub fn nests_too_deep(body: &[u8]) -> bool {
    const LEVELS_MAX: usize = 64;
    // Parts of files are long, and hold nothing but bytes.
    let parts =
        [functions::upload::SaveFilePart::CONSTRUCTOR_ID, functions::upload::SaveBigFilePart::CONSTRUCTOR_ID];
    if constructor(body).is_some_and(|id| parts.contains(&id)) {
        return false;
    }
    let nests = |word: &[u8; 4]| {
        let name = name_for_id(u32::from_le_bytes(*word));
        let families = [
            "text",
            "json",
            "pageBlock",
            "inputPageBlock",
            "pageList",
            "webPage",
            "storyItem",
            "messageMedia",
            "poll",
        ];
        families.iter().any(|family| name.starts_with(family))
            || name.ends_with("FromMessage")
            || matches!(
                name,
                "inputMediaInvoice" | "inputMediaPoll" | "inputMediaPaidMedia" | "inputPollAnswer"
            )
    };
    body.as_chunks().0.iter().filter(|word| nests(word)).nth(LEVELS_MAX).is_some()
}

/// Whether an object is `gzip_packed`.
pub fn is_zipped(body: &[u8]) -> bool {
    constructor(body) == Some(GZIP_PACKED)
}

/// The object as `gzip_packed`, if that is worth it.
pub fn zipped(body: Vec<u8>) -> Vec<u8> {
    if !(ZIPPED_BYTES_MIN..=ZIPPED_BYTES_MAX).contains(&body.len()) {
        return body;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(packed) if packed.len() + 16 < body.len() => {
            let mut zipped = GZIP_PACKED.to_bytes();
            packed.serialize(&mut zipped);
            zipped
        }
        _ => body,
    }
}

/// An answer to a call.
pub fn rpc_result(request: i64, result: &[u8]) -> Vec<u8> {
    let mut body = RPC_RESULT.to_bytes();
    request.serialize(&mut body);
    body.extend(result);
    body
}

/// A refusal of a call.
pub fn rpc_error(code: i32, name: &str) -> Vec<u8> {
    let mut body = types::RpcError::CONSTRUCTOR_ID.to_bytes();
    code.serialize(&mut body);
    name.to_owned().serialize(&mut body);
    body
}

/// An object whose bare fields are given: constructor and parts.
pub fn object(constructor: u32, parts: &[&[u8]]) -> Vec<u8> {
    [&constructor.to_le_bytes(), &*parts.concat()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn random_bytes_never_panic(
            which in prop_oneof![Just(CONTAINER), Just(GZIP_PACKED), Just(types::MsgsStateReq::CONSTRUCTOR_ID), any::<u32>()],
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = unpack(1, 1, &[&which.to_le_bytes()[..], &bytes].concat());
            let _ = unpack(1, 1, &bytes);
            let _ = unzip(&bytes);
        }

        #[test]
        fn containers_give_back_what_is_in_them(bodies in prop::collection::vec(1_usize..50, 0..8)) {
            let mut body = CONTAINER.to_bytes();
            u32::try_from(bodies.len()).unwrap().serialize(&mut body);
            let mut expected = Vec::new();
            for (number, words) in bodies.into_iter().enumerate() {
                let inner = vec![7; words * 4];
                let (message_id, sequence) = (i64::try_from(number).unwrap() * 4, 1);
                message_id.serialize(&mut body);
                sequence.serialize(&mut body);
                i32::try_from(inner.len()).unwrap().serialize(&mut body);
                body.extend(&inner);
                expected.push(Incoming { message_id, sequence, item: Item::Call(inner) });
            }
            prop_assert_eq!(unpack(99, 0, &body), Ok(expected));
        }

        #[test]
        fn compression_is_undone(byte in any::<u8>(), length in 0_usize..5000) {
            let body = vec![byte; length];
            let packed = zipped(body.clone());
            if is_zipped(&packed) {
                prop_assert_eq!(unzip(&packed[4..]), Ok(body));
            } else {
                prop_assert_eq!(packed, body);
            }
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&vec![0; (16 << 20) + 1]).unwrap();
        let mut packed = GZIP_PACKED.to_bytes();
        encoder.finish().unwrap().serialize(&mut packed);
        assert_eq!(unpack(1, 1, &packed), Err(Malformed));
    }
}
