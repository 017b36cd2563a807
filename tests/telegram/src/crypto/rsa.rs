//! The server's RSA key: made or read, written as PKCS#1 PEM, used to open what a client sealed.

use base64::{Engine, engine::general_purpose::STANDARD};
use grammers_crypto::aes;
use num_bigint::BigUint;

use super::{number, sha1, sha256};

/// A 2048-bit RSA key pair.
#[derive(Clone)]
pub struct RsaKey {
    n: BigUint,
    e: BigUint,
    d: BigUint,
    p: BigUint,
    q: BigUint,
}

/// A text that holds no usable key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no PKCS#1 RSA private key of 2048 bits in PEM (BEGIN RSA PRIVATE KEY)")]
pub struct KeyError;

impl std::fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RsaKey").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl RsaKey {
    /// Makes a new key; takes a fraction of a second.
    pub fn generate() -> Self {
        let e = BigUint::from(65_537_u32);
        loop {
            let (p, q) = (number::random_prime::<128>(), number::random_prime::<128>());
            let phi = (&p - 1_u8) * (&q - 1_u8);
            if p != q
                && let Some(d) = e.modinv(&phi)
            {
                return Self { n: &p * &q, e, d, p, q };
            }
        }
    }

    /// Reads a key from its PKCS#1 PEM.
    ///
    /// # Errors
    /// The text holds no such key, or one of another length than 2048 bits.
    #[expect(clippy::many_single_char_names, reason = "the names that RSA's numbers have everywhere")]
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let body = pem.split("-----BEGIN RSA PRIVATE KEY-----").nth(1).ok_or(KeyError)?;
        let body = body.split("-----END").next().ok_or(KeyError)?;
        let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(body).map_err(|_| KeyError)?;
        let (0x30, mut rest, _) = der_element(&der).ok_or(KeyError)? else { return Err(KeyError) };
        let mut integer = || {
            let (0x02, number, after) = der_element(rest)? else { return None };
            rest = after;
            Some(BigUint::from_bytes_be(number))
        };
        let _version = integer().ok_or(KeyError)?;
        let [Some(n), Some(e), Some(d), Some(p), Some(q)] = std::array::from_fn(|_| integer()) else {
            return Err(KeyError);
        };
        if n.bits() == 2048 && &p * &q == n { Ok(Self { n, e, d, p, q }) } else { Err(KeyError) }
    }

    /// The whole key as PKCS#1 PEM, secret part included.
    pub fn private_pem(&self) -> String {
        let Self { n, e, d, p, q } = self;
        let (dp, dq) = (d % (p - 1_u8), d % (q - 1_u8));
        let inverse = q.modinv(p).expect("p and q are different primes");
        pem("RSA PRIVATE KEY", &[&BigUint::ZERO, n, e, d, p, q, &dp, &dq, &inverse])
    }

    /// The public key as PKCS#1 PEM, as clients want it.
    pub fn public_pem(&self) -> String {
        pem("RSA PUBLIC KEY", &[&self.n, &self.e])
    }

    /// The modulus and the exponent in decimal, as `grammers_crypto::rsa::Key::new` takes them.
    pub fn public_decimal(&self) -> (String, String) {
        (self.n.to_string(), self.e.to_string())
    }

    /// What clients know the key by.
    ///
    /// Source: <https://core.telegram.org/mtproto/auth_key>, step 2.
    pub fn fingerprint(&self) -> i64 {
        use grammers_tl_types::Serializable;
        let hash = sha1(&[&self.n.to_bytes_be().to_bytes(), &self.e.to_bytes_be().to_bytes()]);
        hash.last_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }

    /// Opens the `encrypted_data` of a `req_DH_params`, by today's padding or by the old one.
    ///
    /// What is returned may have padding behind it; the TL object inside tells its own length.
    /// Source: <https://core.telegram.org/mtproto/auth_key#presenting-proof-of-work-server-authentication>.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let sealed = BigUint::from_bytes_be(sealed);
        if sealed >= self.n {
            return None;
        }
        let opened = number::bytes_256(&sealed.modpow(&self.d, &self.n));
        open_rsa_pad(&opened).or_else(|| open_old(&opened))
    }
}

/// Today's padding, `RSA_PAD`.
fn open_rsa_pad(opened: &[u8; 256]) -> Option<Vec<u8>> {
    let (masked, encrypted) = opened.split_at(32);
    let mask = sha256(&[encrypted]);
    let key: [u8; 32] = std::array::from_fn(|i| masked[i] ^ mask[i]);
    let mut data = encrypted.to_vec();
    aes::ige_decrypt(&mut data, &key, &[0; 32]);
    let hash = data.split_off(192);
    data.reverse();
    (sha256(&[&key, &data])[..] == hash[..]).then_some(data)
}

/// The padding before 2021, still sent by some libraries: a zero byte, SHA-1 of the data, the data, random bytes.
///
/// Where the data ends only the TL object knows, so the hash is tried against every length it can have.
fn open_old(opened: &[u8; 256]) -> Option<Vec<u8>> {
    let [0, rest @ ..] = opened else { return None };
    let (hash, data) = rest.split_at(20);
    // `p_q_inner_data` has at least 4 + 3 strings + 64 bytes.
    (80..=data.len())
        .find(|&length| sha1(&[&data[..length]])[..] == *hash)
        .map(|length| data[..length].to_vec())
}

fn pem(label: &str, numbers: &[&BigUint]) -> String {
    let mut body = Vec::new();
    for number in numbers {
        let mut bytes = number.to_bytes_be();
        // DER's integers have a sign.
        if bytes.first().is_none_or(|first| first & 0x80 != 0) {
            bytes.insert(0, 0);
        }
        der(&mut body, 0x02, &bytes);
    }
    let mut sequence = Vec::new();
    der(&mut sequence, 0x30, &body);
    let text = STANDARD.encode(sequence);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for start in (0..text.len()).step_by(64) {
        pem.push_str(&text[start..text.len().min(start + 64)]);
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

fn der(into: &mut Vec<u8>, tag: u8, content: &[u8]) {
    into.push(tag);
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match (length, u8::try_from(length.len())) {
        ([], _) => into.push(0),
        ([short @ 0..0x80], _) => into.push(*short),
        (_, Ok(count)) => {
            into.push(0x80 | count);
            into.extend(length);
        }
        (_, Err(_)) => unreachable!("a length has at most eight bytes"),
    }
    into.extend(content);
}

/// The first element's tag and content, and what follows it.
fn der_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if !(1..=4).contains(&count) || rest.len() < count {
            return None;
        }
        let (length, rest) = rest.split_at(count);
        (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
    };
    (rest.len() >= length).then(|| (tag, &rest[..length], &rest[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_survives_its_pem_and_opens_both_paddings() {
        let key = RsaKey::generate();
        let again = RsaKey::from_pem(&key.private_pem()).unwrap();
        assert_eq!(again.fingerprint(), key.fingerprint());
        assert!(key.public_pem().starts_with("-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEA"));

        let (n, e) = key.public_decimal();
        let theirs = grammers_crypto::rsa::Key::new(&n, &e).unwrap();
        let sealed = grammers_crypto::rsa::encrypt_hashed(&[7; 100], &theirs, &[3; 224]);
        assert_eq!(again.open(&sealed).unwrap()[..100], [7; 100]);

        let data = [9; 96];
        let mut plain = [vec![0], sha1(&[&data]).to_vec(), data.to_vec()].concat();
        plain.resize(256, 5);
        let sealed = BigUint::from_bytes_be(&plain).modpow(&key.e, &key.n);
        assert_eq!(again.open(&sealed.to_bytes_be()).unwrap(), data);
    }

    #[test]
    fn rubbish_is_no_key_and_opens_to_nothing() {
        let key = RsaKey::generate();
        assert!(key.open(&[1; 256]).is_none());
        assert!(key.open(&[0xff; 256]).is_none());
        assert!(key.open(&[]).is_none());
        for text in ["", "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----", "x"] {
            assert_eq!(RsaKey::from_pem(text).unwrap_err(), KeyError);
        }
    }
}
