//! The server's side of the exchange that makes an authorization key.
//!
//! Source: <https://core.telegram.org/mtproto/auth_key>.

use grammers_crypto::{AuthKey, aes, generate_key_data_from_nonce};
use grammers_tl_types::{Cursor, Deserializable, Identifiable, Serializable, enums, functions, types};
use num_bigint::BigUint;

use super::{number, packet, random, rsa::RsaKey, sha1};
use crate::clock;

/// One connection's exchange.
#[derive(Default)]
pub struct Handshake {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    new_nonce: [u8; 32],
    primes: (u32, u32),
    secret: Option<BigUint>,
}

/// A key that was just agreed on.
pub struct NewKey {
    /// The key.
    pub key: packet::AuthKey,
    /// The first server salt, which both sides can compute.
    pub salt: i64,
}

/// The exchange cannot go on; the connection gets transport error -404, as from Telegram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key exchange went wrong: {0}")]
pub struct Error(&'static str);

impl Handshake {
    /// Answers one message of the exchange. The last answer comes with the new key.
    ///
    /// # Errors
    /// The message is not the exchange's next one, or does not fit what was agreed so far.
    pub fn answer(&mut self, body: &[u8], rsa: &RsaKey) -> Result<(Vec<u8>, Option<NewKey>), Error> {
        let (id, rest) = body.split_first_chunk::<4>().ok_or(Error("empty message"))?;
        match u32::from_le_bytes(*id) {
            functions::ReqPq::CONSTRUCTOR_ID | functions::ReqPqMulti::CONSTRUCTOR_ID => {
                let nonce = Deserializable::from_bytes(rest).map_err(|_| Error("req_pq is cut short"))?;
                Ok((self.start(nonce, rsa).to_bytes(), None))
            }
            functions::ReqDhParams::CONSTRUCTOR_ID => {
                let request = functions::ReqDhParams::from_bytes(rest)
                    .map_err(|_| Error("req_DH_params is cut short"))?;
                Ok((self.parameters(&request, rsa)?.to_bytes(), None))
            }
            functions::SetClientDhParams::CONSTRUCTOR_ID => {
                let request = functions::SetClientDhParams::from_bytes(rest)
                    .map_err(|_| Error("set_client_DH_params is cut short"))?;
                let (answer, key) = self.finish(request)?;
                Ok((answer.to_bytes(), Some(key)))
            }
            _ => Err(Error("not a message of the key exchange")),
        }
    }

    fn start(&mut self, nonce: [u8; 16], rsa: &RsaKey) -> enums::ResPq {
        let primes = number::small_primes();
        *self = Self { nonce, server_nonce: random(), primes, ..Self::default() };
        types::ResPq {
            nonce,
            server_nonce: self.server_nonce,
            pq: (u64::from(primes.0) * u64::from(primes.1)).to_be_bytes().to_vec(),
            server_public_key_fingerprints: vec![rsa.fingerprint()],
        }
        .into()
    }

    fn parameters(
        &mut self,
        request: &functions::ReqDhParams,
        rsa: &RsaKey,
    ) -> Result<enums::ServerDhParams, Error> {
        let (p, q) = self.primes;
        if request.nonce != self.nonce || request.server_nonce != self.server_nonce || p == 0 {
            return Err(Error("another exchange's nonce"));
        }
        if request.p != p.to_be_bytes() || request.q != q.to_be_bytes() {
            return Err(Error("pq is factorised wrongly"));
        }
        if request.public_key_fingerprint != rsa.fingerprint() {
            return Err(Error("an RSA key that was not offered"));
        }
        let inner = rsa.open(&request.encrypted_data).ok_or(Error("data sealed with another RSA key"))?;
        let inner =
            enums::PQInnerData::from_bytes(&inner).map_err(|_| Error("p_q_inner_data is cut short"))?;
        let (nonce, server_nonce, new_nonce) = match inner {
            enums::PQInnerData::Data(data) => (data.nonce, data.server_nonce, data.new_nonce),
            enums::PQInnerData::Dc(data) => (data.nonce, data.server_nonce, data.new_nonce),
            // Temporary keys (perfect forward secrecy) are not kept apart: they live as long as the emulator.
            enums::PQInnerData::Temp(data) => (data.nonce, data.server_nonce, data.new_nonce),
            enums::PQInnerData::TempDc(data) => (data.nonce, data.server_nonce, data.new_nonce),
        };
        if nonce != self.nonce || server_nonce != self.server_nonce {
            return Err(Error("another exchange's nonce inside"));
        }
        self.new_nonce = new_nonce;

        let secret = BigUint::from_bytes_be(&random::<256>());
        let g_a = BigUint::from(number::GENERATOR).modpow(&secret, number::prime());
        self.secret = Some(secret);
        let inner = enums::ServerDhInnerData::Data(types::ServerDhInnerData {
            nonce,
            server_nonce,
            g: 3,
            dh_prime: number::bytes_256(number::prime()).to_vec(),
            g_a: number::bytes_256(&g_a).to_vec(),
            server_time: clock::now(),
        })
        .to_bytes();
        let mut answer = [&sha1(&[&inner])[..], &inner].concat();
        answer.extend(&random::<16>()[..(16 - answer.len() % 16) % 16]);
        let (key, iv) = generate_key_data_from_nonce(&self.server_nonce, &self.new_nonce);
        aes::ige_encrypt(&mut answer, &key, &iv);
        Ok(types::ServerDhParamsOk { nonce, server_nonce, encrypted_answer: answer }.into())
    }

    fn finish(
        &mut self,
        mut request: functions::SetClientDhParams,
    ) -> Result<(enums::SetClientDhParamsAnswer, NewKey), Error> {
        if request.nonce != self.nonce || request.server_nonce != self.server_nonce {
            return Err(Error("another exchange's nonce"));
        }
        let secret = self.secret.take().ok_or(Error("no parameters were asked for"))?;
        let data = &mut request.encrypted_data;
        if data.len() < 32 || !data.len().is_multiple_of(16) {
            return Err(Error("data is no whole blocks"));
        }
        let (key, iv) = generate_key_data_from_nonce(&self.server_nonce, &self.new_nonce);
        aes::ige_decrypt(data, &key, &iv);
        let (hash, inner) = data.split_at(20);
        let mut cursor = Cursor::from_slice(inner);
        let enums::ClientDhInnerData::Data(client) = enums::ClientDhInnerData::deserialize(&mut cursor)
            .map_err(|_| Error("client_DH_inner_data is cut short"))?;
        if sha1(&[&inner[..cursor.pos()]])[..] != *hash {
            return Err(Error("hash of client_DH_inner_data is wrong"));
        }
        let g_b = BigUint::from_bytes_be(&client.g_b);
        if !number::in_range(&g_b) {
            return Err(Error("g_b is out of range"));
        }
        let key = number::bytes_256(&g_b.modpow(&secret, number::prime()));
        let salt = std::array::from_fn(|i| self.new_nonce[i] ^ self.server_nonce[i]);
        let answer = types::DhGenOk {
            nonce: self.nonce,
            server_nonce: self.server_nonce,
            new_nonce_hash1: AuthKey::from_bytes(key).calc_new_nonce_hash(&self.new_nonce, 1),
        };
        Ok((answer.into(), NewKey { key, salt: i64::from_le_bytes(salt) }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn random_messages_never_panic(
            which in prop_oneof![
                Just(functions::ReqPqMulti::CONSTRUCTOR_ID),
                Just(functions::ReqDhParams::CONSTRUCTOR_ID),
                Just(functions::SetClientDhParams::CONSTRUCTOR_ID),
                any::<u32>(),
            ],
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            static KEY: std::sync::LazyLock<RsaKey> = std::sync::LazyLock::new(RsaKey::generate);
            let mut handshake = Handshake::default();
            let _ = handshake.answer(&[&which.to_le_bytes()[..], &bytes].concat(), &KEY);
            let _ = handshake.answer(&bytes, &KEY);
        }
    }
}
