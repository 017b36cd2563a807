//! Making an authorization key with a server whose public RSA key is configured.
//!
//! grammers knows Telegram's own keys only, and offers no way to add one; this is the same exchange with a key of the
//! caller's. Source: <https://core.telegram.org/mtproto/auth_key>; the step numbers below are that page's.

use std::net::SocketAddrV4;

use grammers_crypto::{AuthKey, aes, factorize, generate_key_data_from_nonce, rsa};
use grammers_mtproto::{mtp, transport};
use grammers_mtsender::{InvocationError, Sender, ServerAddr};
use grammers_tl_types::{self as tl, Cursor, Deserializable as _, Serializable as _};
use num_bigint::BigUint;
use pkcs1::{RsaPublicKey, der::Decode as _, der::Document};
use sha1::{Digest as _, Sha1};

/// A server's public key.
pub struct ServerKey {
    fingerprint: i64,
    modulus: String,
    exponent: String,
}

/// What can go wrong while a key is made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured file holds no RSA public key.
    #[error("telegram.rsa_key_file holds no RSA public key in PEM (\"BEGIN RSA PUBLIC KEY\")")]
    Pem(#[source] pkcs1::der::Error),
    /// The server could not be reached.
    #[error("cannot connect to {address}")]
    Connect {
        /// Its address.
        address: SocketAddrV4,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A call of the exchange failed.
    #[error("the key exchange failed")]
    Call(#[source] InvocationError),
    /// The server has another key than the configured one.
    #[error("the server does not have the configured RSA key (it has {offered:x?})")]
    UnknownKey {
        /// The fingerprints of the keys it has.
        offered: Vec<i64>,
    },
    /// The server's answer does not fit what was asked.
    #[error("the server's {what} is wrong")]
    Answer {
        /// The part of it.
        what: &'static str,
    },
}

impl ServerKey {
    /// Reads a PKCS#1 public key in PEM.
    ///
    /// # Errors
    /// If `pem` holds none.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let (_, document) = Document::from_pem(pem).map_err(Error::Pem)?;
        let key = RsaPublicKey::from_der(document.as_bytes()).map_err(Error::Pem)?;
        let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
        // The fingerprint: the lower 64 bits of the SHA-1 of both numbers as TL strings (step 4).
        let mut serialized = Vec::new();
        modulus.serialize(&mut serialized);
        exponent.serialize(&mut serialized);
        Ok(Self {
            fingerprint: low_64_bits(&sha1(&serialized)),
            modulus: BigUint::from_bytes_be(modulus).to_string(),
            exponent: BigUint::from_bytes_be(exponent).to_string(),
        })
    }

    /// Makes a new authorization key with the server at `address`.
    ///
    /// # Errors
    /// If the server cannot be reached, does not have this key, or does not keep to the protocol.
    pub async fn make_auth_key(&self, address: SocketAddrV4) -> Result<[u8; 256], Error> {
        let server = ServerAddr::Tcp { address: address.into() };
        let mut sender = Sender::connect(transport::Full::new(), mtp::Plain::new(), server)
            .await
            .map_err(|source| Error::Connect { address, source })?;
        let key = self.exchange(&mut sender).await;
        let _ = sender.disconnect().await;
        key
    }

    async fn exchange(&self, sender: &mut Sender<transport::Full, mtp::Plain>) -> Result<[u8; 256], Error> {
        // Steps 1 to 3: who are you, and here is a number for you to factor.
        let nonce: [u8; 16] = rand::random();
        let tl::enums::ResPq::Pq(pq) =
            sender.invoke(&tl::functions::ReqPqMulti { nonce }).await.map_err(Error::Call)?;
        expect(pq.nonce == nonce, "nonce")?;
        if !pq.server_public_key_fingerprints.contains(&self.fingerprint) {
            return Err(Error::UnknownKey { offered: pq.server_public_key_fingerprints });
        }
        let number: [u8; 8] = pq.pq.as_slice().try_into().map_err(|_| Error::Answer { what: "pq" })?;
        let (p, q) = factorize(u64::from_be_bytes(number));
        let (p, q) = (short_bytes(p), short_bytes(q));

        // Step 4: a fresh secret, readable by the holder of the RSA key only.
        let new_nonce: [u8; 32] = rand::random();
        let inner = tl::enums::PQInnerData::Data(tl::types::PQInnerData {
            pq: pq.pq,
            p: p.clone(),
            q: q.clone(),
            nonce,
            server_nonce: pq.server_nonce,
            new_nonce,
        });
        let key = rsa::Key::new(&self.modulus, &self.exponent).expect("these are decimal digits");
        let mut random = [0; 224];
        rand::fill(&mut random[..]);
        let request = tl::functions::ReqDhParams {
            nonce,
            server_nonce: pq.server_nonce,
            p,
            q,
            public_key_fingerprint: self.fingerprint,
            encrypted_data: rsa::encrypt_hashed(&inner.to_bytes(), &key, &random),
        };

        // Step 5: the server's half of the exchange.
        let answer = match sender.invoke(&request).await.map_err(Error::Call)? {
            tl::enums::ServerDhParams::Ok(answer) => answer,
            tl::enums::ServerDhParams::Fail(_) => return Err(Error::Answer { what: "consent" }),
        };
        expect(answer.nonce == nonce && answer.server_nonce == pq.server_nonce, "nonce")?;
        let (aes_key, aes_iv) = generate_key_data_from_nonce(&pq.server_nonce, &new_nonce);
        let server_half = decrypt_server_half(answer.encrypted_answer, &aes_key, &aes_iv)?;
        expect(server_half.nonce == nonce && server_half.server_nonce == pq.server_nonce, "nonce")?;

        // Step 6: ours.
        let exchange = DiffieHellman::new(&server_half)?;
        let client_half = tl::enums::ClientDhInnerData::Data(tl::types::ClientDhInnerData {
            nonce,
            server_nonce: pq.server_nonce,
            retry_id: 0,
            g_b: exchange.g_b.to_bytes_be(),
        });
        let request = tl::functions::SetClientDhParams {
            nonce,
            server_nonce: pq.server_nonce,
            encrypted_data: encrypt_with_hash(&client_half.to_bytes(), &aes_key, &aes_iv),
        };

        // Steps 7 to 9: the server proves that it has the same key.
        let tl::enums::SetClientDhParamsAnswer::DhGenOk(done) =
            sender.invoke(&request).await.map_err(Error::Call)?
        else {
            return Err(Error::Answer { what: "consent to the key" });
        };
        expect(done.nonce == nonce && done.server_nonce == pq.server_nonce, "nonce")?;
        let key = AuthKey::from_bytes(exchange.key);
        expect(done.new_nonce_hash1 == key.calc_new_nonce_hash(&new_nonce, 1), "proof of the key")?;
        Ok(exchange.key)
    }
}

struct DiffieHellman {
    g_b: BigUint,
    key: [u8; 256],
}

impl DiffieHellman {
    /// Picks our secret and makes the shared key, after the checks that the page demands of a client.
    fn new(server: &tl::types::ServerDhInnerData) -> Result<Self, Error> {
        let prime = BigUint::from_bytes_be(&server.dh_prime);
        let g = BigUint::from(u32::try_from(server.g).map_err(|_| Error::Answer { what: "g" })?);
        let g_a = BigUint::from_bytes_be(&server.g_a);
        expect(prime.bits() == 2048, "prime")?;
        let mut secret = [0; 256];
        rand::fill(&mut secret[..]);
        let b = BigUint::from_bytes_be(&secret);
        let g_b = g.modpow(&b, &prime);
        let margin = BigUint::from(1_u32) << (2048 - 64);
        for half in [&g_a, &g_b] {
            expect(*half > margin && *half < &prime - &margin, "half of the key")?;
        }
        let shared = g_a.modpow(&b, &prime).to_bytes_be();
        let mut key = [0; 256];
        key[256 - shared.len()..].copy_from_slice(&shared);
        Ok(Self { g_b, key })
    }
}

fn decrypt_server_half(
    mut data: Vec<u8>,
    key: &[u8; 32],
    iv: &[u8; 32],
) -> Result<tl::types::ServerDhInnerData, Error> {
    expect(data.len() >= 36 && data.len().is_multiple_of(16), "encrypted answer")?;
    aes::ige_decrypt(&mut data, key, iv);
    let (hash, text) = data.split_at(20);
    let mut cursor = Cursor::from_slice(text);
    let tl::enums::ServerDhInnerData::Data(half) = tl::enums::ServerDhInnerData::deserialize(&mut cursor)
        .map_err(|_| Error::Answer { what: "encrypted answer" })?;
    expect(hash == sha1(&text[..cursor.pos()]), "hash")?;
    Ok(half)
}

/// SHA-1 of the text, the text, and random bytes up to a whole block; encrypted.
fn encrypt_with_hash(text: &[u8], key: &[u8; 32], iv: &[u8; 32]) -> Vec<u8> {
    let mut data = sha1(text).to_vec();
    data.extend(text);
    data.resize_with(data.len().next_multiple_of(16), rand::random);
    aes::ige_encrypt(&mut data, key, iv);
    data
}

fn sha1(data: &[u8]) -> [u8; 20] {
    Sha1::digest(data).into()
}

fn low_64_bits(hash: &[u8; 20]) -> i64 {
    i64::from_le_bytes(*hash.last_chunk().expect("20 bytes have a last 8"))
}

/// A number as big-endian bytes without leading zeroes, as the server insists on.
fn short_bytes(number: u64) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

fn expect(holds: bool, what: &'static str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Answer { what }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Telegram's own production key, with the fingerprint that its servers offer for it.
    const TELEGRAM_KEY: &str = "-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEA6LszBcC1LGzyr992NzE0ieY+BSaOW622Aa9Bd4ZHLl+TuFQ4lo4g
5nKaMBwK/BIb9xUfg0Q29/2mgIR6Zr9krM7HjuIcCzFvDtr+L0GQjae9H0pRB2OO
62cECs5HKhT5DZ98K33vmWiLowc621dQuwKWSQKjWf50XYFw42h21P2KXUGyp2y/
+aEyZ+uVgLLQbRA1dEjSDZ2iGRy12Mk5gpYc397aYp438fsJoHIgJ2lgMv5h7WY9
t6N/byY9Nw9p21Og3AoXSL2q/2IJ1WRUhebgAdGVMlV1fkuOQoEzR7EdpqtQD9Cs
5+bfo3Nhmcyvk5ftB0WkJ9z6bNZ7yxrP8wIDAQAB
-----END RSA PUBLIC KEY-----";

    #[test]
    fn the_fingerprint_is_the_one_that_telegram_gives_its_own_key() {
        let key = ServerKey::from_pem(TELEGRAM_KEY).unwrap();
        assert_eq!(key.fingerprint, -3_414_540_481_677_951_611);
    }

    #[test]
    fn a_file_without_a_key_is_refused() {
        assert!(matches!(ServerKey::from_pem("nothing"), Err(Error::Pem(_))));
    }
}
