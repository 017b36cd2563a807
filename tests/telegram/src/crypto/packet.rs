//! Encrypted packets of MTProto 2.0, from the server's side.
//!
//! Source: <https://core.telegram.org/mtproto/description#mtproto-encrypted-messages>.

use grammers_crypto::aes;
use rand::{Rng, RngCore};

use super::{sha1, sha256};

/// An authorization key: 256 bytes that a client and the server share.
pub type AuthKey = [u8; 256];

/// What an authorization key is known by in packets.
pub fn key_id(key: &AuthKey) -> i64 {
    sha1(&[key]).last_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

/// A packet's inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The server salt that the sender believes in.
    pub salt: i64,
    /// The client's session.
    pub session_id: i64,
    /// Grows with time; its two lowest bits tell who sent it and why.
    pub id: i64,
    /// Odd if the message wants to be acknowledged.
    pub sequence: i32,
    /// The serialized object.
    pub body: Vec<u8>,
}

/// Why a packet was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too short, not whole blocks, or lengths inside that do not fit.
    #[error("the packet's shape is wrong")]
    Shape,
    /// The message key does not belong to the content.
    #[error("the message key is wrong")]
    MessageKey,
}

fn aes_key(key: &AuthKey, message_key: &[u8], x: usize) -> ([u8; 32], [u8; 32]) {
    let a = sha256(&[message_key, &key[x..x + 36]]);
    let b = sha256(&[&key[40 + x..76 + x], message_key]);
    let mix =
        |a: &[u8; 32], b: &[u8; 32]| std::array::from_fn(|i| if (8..24).contains(&i) { b[i] } else { a[i] });
    (mix(&a, &b), mix(&b, &a))
}

/// The key id that a packet names in the clear; 0 for unencrypted ones.
pub fn named_key(packet: &[u8]) -> Option<i64> {
    packet.first_chunk().map(|bytes| i64::from_le_bytes(*bytes))
}

/// Opens a packet that a client sealed with `key`.
///
/// # Errors
/// The packet is malformed or not sealed with this key.
pub fn open(packet: &[u8], key: &AuthKey) -> Result<Message, Error> {
    unseal(packet, key, 0)
}

fn unseal(packet: &[u8], key: &AuthKey, x: usize) -> Result<Message, Error> {
    if packet.len() < 24 + 48 || !(packet.len() - 24).is_multiple_of(16) {
        return Err(Error::Shape);
    }
    let message_key = &packet[8..24];
    let mut plain = packet[24..].to_vec();
    let (aes_key, iv) = aes_key(key, message_key, x);
    aes::ige_decrypt(&mut plain, &aes_key, &iv);
    if sha256(&[&key[88 + x..120 + x], &plain])[8..24] != *message_key {
        return Err(Error::MessageKey);
    }
    let long = |at: usize| i64::from_le_bytes(std::array::from_fn(|i| plain[at + i]));
    let int = |at: usize| i32::from_le_bytes(std::array::from_fn(|i| plain[at + i]));
    let length = usize::try_from(int(28)).map_err(|_| Error::Shape)?;
    let padding = plain.len().checked_sub(32 + length).ok_or(Error::Shape)?;
    if !(12..=1024).contains(&padding) || !length.is_multiple_of(4) {
        return Err(Error::Shape);
    }
    Ok(Message {
        salt: long(0),
        session_id: long(8),
        id: long(16),
        sequence: int(24),
        body: plain[32..32 + length].to_vec(),
    })
}

/// Seals a message for a client that shares `key`.
pub fn seal(message: &Message, key: &AuthKey) -> Vec<u8> {
    seal_as(message, key, 8)
}

fn seal_as(message: &Message, key: &AuthKey, x: usize) -> Vec<u8> {
    let length = i32::try_from(message.body.len()).expect("answers are far below 2 GiB");
    let mut plain = Vec::with_capacity(message.body.len() + 80);
    plain.extend(message.salt.to_le_bytes());
    plain.extend(message.session_id.to_le_bytes());
    plain.extend(message.id.to_le_bytes());
    plain.extend(message.sequence.to_le_bytes());
    plain.extend(length.to_le_bytes());
    plain.extend(&message.body);
    let start = plain.len();
    let least = 12 + (16 - (start + 12) % 16) % 16;
    plain.resize(start + least + 16 * rand::rng().random_range(0..4), 0);
    rand::rng().fill_bytes(&mut plain[start..]);
    let hash = sha256(&[&key[88 + x..120 + x], &plain]);
    let (aes_key, iv) = aes_key(key, &hash[8..24], x);
    aes::ige_encrypt(&mut plain, &aes_key, &iv);
    [&key_id(key).to_le_bytes()[..], &hash[8..24], &plain].concat()
}

/// A message outside of encryption, as the key exchange uses them: message id and body.
pub fn open_plain(packet: &[u8]) -> Option<(i64, &[u8])> {
    let (head, rest) = packet.split_first_chunk::<8>()?;
    let (message_id, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
    (*head == [0; 8] && rest.len() >= length).then(|| (i64::from_le_bytes(*message_id), &rest[..length]))
}

/// Packs a message of the key exchange.
pub fn plain(message_id: i64, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len()).expect("answers are far below 2 GiB");
    [&[0; 8], &message_id.to_le_bytes()[..], &length.to_le_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_again(words in 0_usize..300, fill in any::<u8>(), ids in any::<(i64, i64, i64, i32)>()) {
            let key = [fill; 256];
            let message = Message {
                salt: ids.0, session_id: ids.1, id: ids.2, sequence: ids.3, body: vec![fill; words * 4],
            };
            prop_assert_eq!(open(&seal_as(&message, &key, 0), &key), Ok(message.clone()));
            prop_assert_eq!(unseal(&seal(&message, &key), &key, 8), Ok(message));
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(open(&bytes, &[7; 256]).is_err());
            open_plain(&bytes);
        }

        #[test]
        fn one_changed_bit_is_noticed(at in 8_usize..100, bit in 0_u8..8) {
            let message = Message { salt: 1, session_id: 2, id: 4, sequence: 1, body: vec![5; 40] };
            let mut packet = seal_as(&message, &[7; 256], 0);
            packet[at] ^= 1 << bit;
            prop_assert_eq!(open(&packet, &[7; 256]), Err(Error::MessageKey));
        }
    }

    #[test]
    fn a_length_that_lies_is_refused() {
        for length in [-4, 2, 1 << 30] {
            let key = [7; 256];
            let mut plain = vec![0; 28];
            plain.extend(i32::to_le_bytes(length));
            plain.extend([0; 32]);
            let hash = sha256(&[&key[88..120], &plain]);
            let (aes_key, iv) = aes_key(&key, &hash[8..24], 0);
            aes::ige_encrypt(&mut plain, &aes_key, &iv);
            let packet = [&[0; 8], &hash[8..24], &plain[..]].concat();
            assert_eq!(open(&packet, &key), Err(Error::Shape));
        }
    }
}
