//! Keys, packets, the key exchange and the password check.

pub mod handshake;
pub mod number;
pub mod packet;
pub mod rsa;
pub mod srp;

use rand::RngCore;
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// SHA-1 of the parts, one behind the other.
pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of the parts, one behind the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
