//! Encryption of sessions at rest.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce; what a record is for (bot and part) is authenticated along with it,
//! so a record moved to another bot's key does not open. Each record names the key it was sealed with, so keys can be
//! changed while everything runs.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chacha20poly1305::{
    AeadCore as _, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, OsRng, Payload},
};
use serde::{Deserialize, Serialize};

use crate::config::VaultConfig;

/// What can go wrong with sealed records.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configured key is none.
    #[error("{setting} is no key: write <name>:<32 bytes in base64>")]
    Key {
        /// The setting's name.
        setting: &'static str,
    },
    /// A record was sealed with a key that is not configured.
    #[error(
        "the session of {subject} was sealed with the key {key:?}: put it into vault.key or vault.old_keys"
    )]
    UnknownKey {
        /// What the record is for.
        subject: String,
        /// The key's name.
        key: String,
    },
    /// A record does not open: it was changed, moved, or sealed with another key of the same name.
    #[error("the session of {subject} does not open with the key {key:?}")]
    Sealed {
        /// What the record is for.
        subject: String,
        /// The key's name.
        key: String,
    },
    /// A record holds something else than expected.
    #[error("the session of {subject} cannot be read")]
    Content {
        /// What the record is for.
        subject: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// A record as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sealed {
    key: String,
    nonce: String,
    data: String,
}

/// Seals and opens records.
pub struct Vault {
    ciphers: BTreeMap<String, XChaCha20Poly1305>,
    current: String,
}

impl Vault {
    /// Makes a vault with the configured keys.
    ///
    /// # Errors
    /// If a key is malformed; the key itself is not told.
    pub fn new(config: &VaultConfig) -> Result<Self, Error> {
        let (current, cipher) = parse(config.key.expose()).ok_or(Error::Key { setting: "vault.key" })?;
        let mut ciphers = BTreeMap::new();
        for key in &config.old_keys {
            let (name, cipher) = parse(key.expose()).ok_or(Error::Key { setting: "vault.old_keys" })?;
            ciphers.insert(name, cipher);
        }
        ciphers.insert(current.clone(), cipher);
        Ok(Self { ciphers, current })
    }

    /// Seals `value` for `subject`.
    pub fn seal<T: Serialize>(&self, subject: &str, value: &T) -> Sealed {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let text = serde_json::to_vec(value).expect("session records have only text keys");
        let data = self.ciphers[&self.current]
            .encrypt(&nonce, Payload { msg: &text, aad: subject.as_bytes() })
            .expect("a session record is far below the cipher's limit of 256 GB");
        Sealed { key: self.current.clone(), nonce: BASE64.encode(nonce), data: BASE64.encode(data) }
    }

    /// Whether a record is sealed with the key that new ones are sealed with.
    pub fn is_current(&self, sealed: &Sealed) -> bool {
        sealed.key == self.current
    }

    /// Opens what was sealed for `subject`.
    ///
    /// # Errors
    /// If its key is not configured, or it was not sealed for `subject`, or changed since.
    pub fn open<T: for<'de> Deserialize<'de>>(&self, subject: &str, sealed: &Sealed) -> Result<T, Error> {
        let key = &sealed.key;
        let Some(cipher) = self.ciphers.get(key) else {
            return Err(Error::UnknownKey { subject: subject.to_owned(), key: key.clone() });
        };
        let fault = || Error::Sealed { subject: subject.to_owned(), key: key.clone() };
        let nonce = BASE64.decode(&sealed.nonce).ok().filter(|nonce| nonce.len() == 24).ok_or_else(fault)?;
        let data = BASE64.decode(&sealed.data).map_err(|_| fault())?;
        let payload = Payload { msg: &data, aad: subject.as_bytes() };
        let text = cipher.decrypt(XNonce::from_slice(&nonce), payload).map_err(|_| fault())?;
        serde_json::from_slice(&text).map_err(|source| Error::Content { subject: subject.to_owned(), source })
    }
}

fn parse(key: &str) -> Option<(String, XChaCha20Poly1305)> {
    let (name, bytes) = key.split_once(':')?;
    let bytes = BASE64.decode(bytes.trim()).ok()?;
    let cipher = XChaCha20Poly1305::new_from_slice(&bytes).ok()?;
    (!name.is_empty()).then(|| (name.to_owned(), cipher))
}

#[cfg(test)]
mod tests {
    use troupe_protocol::Secret;

    use super::*;

    fn vault(key: &str, old_keys: &[&str]) -> Result<Vault, Error> {
        let old_keys = old_keys.iter().copied().map(Secret::new).collect();
        Vault::new(&VaultConfig { key: Secret::new(key), old_keys })
    }

    fn key(name: &str, byte: u8) -> String {
        format!("{name}:{}", BASE64.encode([byte; 32]))
    }

    #[test]
    fn a_record_opens_for_its_own_subject_only() {
        let vault = vault(&key("a", 1), &[]).unwrap();
        let sealed = vault.seal("bot 1", &"secret");
        assert_eq!(vault.open::<String>("bot 1", &sealed).unwrap(), "secret");
        assert!(matches!(vault.open::<String>("bot 2", &sealed), Err(Error::Sealed { .. })));
        assert!(!serde_json::to_string(&sealed).unwrap().contains("secret"));
    }

    #[test]
    fn a_changed_key_opens_what_the_old_one_sealed_for_as_long_as_it_is_configured() {
        let sealed = vault(&key("old", 1), &[]).unwrap().seal("bot 1", &5);
        let both = vault(&key("new", 2), &[&key("old", 1)]).unwrap();
        assert_eq!(both.open::<i32>("bot 1", &sealed).unwrap(), 5);
        assert_eq!(both.seal("bot 1", &5).key, "new");
        assert!(both.is_current(&both.seal("bot 1", &5)) && !both.is_current(&sealed));
        let new = vault(&key("new", 2), &[]).unwrap();
        assert!(matches!(new.open::<i32>("bot 1", &sealed), Err(Error::UnknownKey { .. })));
        let other = vault(&key("old", 3), &[]).unwrap();
        assert!(matches!(other.open::<i32>("bot 1", &sealed), Err(Error::Sealed { .. })));
    }

    #[test]
    fn a_malformed_key_is_refused_by_its_settings_name() {
        for malformed in ["", "name", "name:", "name:AAAA", ":AAAA"] {
            assert!(matches!(vault(malformed, &[]), Err(Error::Key { setting: "vault.key" })), "{malformed}");
        }
        assert!(matches!(vault(&key("a", 1), &["x"]), Err(Error::Key { setting: "vault.old_keys" })));
    }
}
