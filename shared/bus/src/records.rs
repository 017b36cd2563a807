use std::collections::BTreeMap;

use async_nats::{
    HeaderMap, HeaderValue,
    header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MARKER_REASON, NATS_MESSAGE_TTL},
    jetstream::{
        Context,
        context::{PublishError, PublishErrorKind},
        stream::{LastRawMessageErrorKind, Stream as Kept},
    },
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use troupe_protocol::Bucket;

use crate::{
    Bus, Error, Watch, buckets,
    publish::encode,
    watch::{RawChange, RawWatch},
};

/// How deletions are marked, as every client of NATS key-value does it.
pub(crate) const OPERATION: &str = "KV-Operation";
const OPERATION_DELETE: &str = "DEL";
const OPERATION_PURGE: &str = "PURGE";
const ROLLUP: &str = "Nats-Rollup";
const ROLLUP_SUBJECT: &str = "sub";

/// The records of one bucket: JSON values under keys, each with a revision that grows with every change.
#[derive(Debug, Clone)]
pub struct Records {
    context: Context,
    stream: Kept,
    bucket: Bucket,
    /// Only watching needs it.
    bus: Option<Bus>,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<T> {
    /// What it says.
    pub value: T,
    /// Which change of the bucket wrote it.
    pub revision: u64,
}

/// What there is under a key, marks of deletion included.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) revision: u64,
    /// `None`: deleted or expired.
    pub(crate) value: Option<Bytes>,
}

impl Records {
    pub(crate) fn of(bus: &Bus, bucket: Bucket) -> Self {
        let mut records = Self::new(bus.context().clone(), bus.bucket_stream(bucket).clone(), bucket);
        records.bus = Some(bus.clone());
        records
    }

    pub(crate) fn new(context: Context, stream: Kept, bucket: Bucket) -> Self {
        Self { context, stream, bucket, bus: None }
    }

    /// The record under `key`, if there is one.
    ///
    /// # Errors
    /// If the broker does not answer, or the record is no `T`.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Entry<T>>, Error> {
        let Some(Raw { revision, value: Some(value) }) = self.raw(key).await? else { return Ok(None) };
        let value = decode(key, &value)?;
        Ok(Some(Entry { value, revision }))
    }

    /// Writes the record under `key`, whatever was there. Returns its revision.
    ///
    /// # Errors
    /// [`Error::Publish`] if that is not known to have happened; it can be done again.
    pub async fn put<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<u64, Error> {
        self.write(key, encode(key, value)?, None, None).await
    }

    /// Writes the record under `key`, where there is none. Returns its revision.
    ///
    /// # Errors
    /// [`Error::Exists`] if there is one. [`Error::Publish`] if it is not known what happened: look before trying
    /// again.
    pub async fn create<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<u64, Error> {
        let value = encode(key, value)?;
        let exists = || Error::Exists { bucket: self.bucket.name(), key: key.to_owned() };
        match self.write(key, value.clone(), Some(0), None).await {
            Err(Error::Conflict { .. }) => {}
            other => return other,
        }
        // The mark of a deleted record is in the way of a new one; it has a revision of its own.
        match self.raw(key).await? {
            Some(Raw { value: Some(_), .. }) => Err(exists()),
            marker => {
                let revision = marker.map_or(0, |marker| marker.revision);
                match self.write(key, value, Some(revision), None).await {
                    Err(Error::Conflict { .. }) => Err(exists()),
                    other => other,
                }
            }
        }
    }

    /// Changes the record under `key`, which is at `revision`. Returns the new revision.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it is at another. [`Error::Publish`] if it is not known what happened: look before
    /// trying again.
    pub async fn update<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
        revision: u64,
    ) -> Result<u64, Error> {
        self.write(key, encode(key, value)?, Some(revision), None).await
    }

    /// Deletes the record under `key`, if there is one.
    ///
    /// # Errors
    /// [`Error::Publish`] if that is not known to have happened; it can be done again.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        let mut headers = HeaderMap::new();
        headers.insert(OPERATION, OPERATION_DELETE);
        self.send(key, headers, Bytes::new()).await?;
        Ok(())
    }

    /// The keys that begin with `prefix`, which is empty or ends with a dot, in order.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        Ok(self.list(prefix).await?.into_keys().collect())
    }

    /// The records whose keys begin with `prefix`, which is empty or ends with a dot, by key. One that is no `T` is told
    /// in the log and left out.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn all<T: DeserializeOwned>(&self, prefix: &str) -> Result<BTreeMap<String, T>, Error> {
        let mut records = BTreeMap::new();
        for (key, value) in self.list(prefix).await? {
            match decode(&key, &value) {
                Ok(value) => _ = records.insert(key, value),
                Err(error) => {
                    tracing::error!(key, error = &error as &dyn std::error::Error, "a record cannot be read");
                }
            }
        }
        Ok(records)
    }

    async fn list(&self, prefix: &str) -> Result<BTreeMap<String, Bytes>, Error> {
        let mut watch = RawWatch::open(self.bus(), self.bucket, prefix).await?;
        let mut records = BTreeMap::new();
        while let Some(change) = watch.next().await {
            match change {
                RawChange::Put { key, value, .. } => _ = records.insert(key, value),
                RawChange::Deleted { key, .. } => _ = records.remove(&key),
                RawChange::Current => break,
            }
        }
        Ok(records)
    }

    /// Watches the records whose keys begin with `prefix`, which is empty or ends with a dot; without a dot at its
    /// end it is one whole key.
    ///
    /// First come all that are there, as soon as the broker tells, then [`crate::Change::Current`], then each change.
    /// Nothing is missed, not even over a lost connection; of several changes in a row only the last one may be seen.
    pub fn watch<T: DeserializeOwned>(&self, prefix: &str) -> Watch<T> {
        Watch::new(self.watch_raw(prefix))
    }

    pub(crate) fn watch_raw(&self, prefix: &str) -> RawWatch {
        RawWatch::new(self.bus(), self.bucket, prefix)
    }

    fn bus(&self) -> &Bus {
        self.bus.as_ref().expect("records that were made with a bus can be listed and watched")
    }

    /// What is under `key`, marks of deletion included. Asks the stream's leader, so it sees every earlier write.
    pub(crate) async fn raw(&self, key: &str) -> Result<Option<Raw>, Error> {
        let subject = self.subject(key)?;
        match self.stream.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => {
                let value = (!is_marker(&message.headers)).then_some(message.payload);
                Ok(Some(Raw { revision: message.sequence, value }))
            }
            Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => Ok(None),
            Err(error) => {
                Err(Error::Read { what: format!("{key} in {}", self.bucket.name()), source: error.into() })
            }
        }
    }

    /// Writes a value: only over `revision` if one is given (0: only where there is nothing), and only for `ttl` whole
    /// seconds if that is given.
    ///
    /// The client library's own calls for keys with a TTL lose it: on renewal, and over the mark of an expired key.
    pub(crate) async fn write(
        &self,
        key: &str,
        value: Bytes,
        revision: Option<u64>,
        ttl: Option<u64>,
    ) -> Result<u64, Error> {
        let mut headers = HeaderMap::new();
        if let Some(revision) = revision {
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(revision));
        }
        if let Some(ttl) = ttl {
            headers.insert(NATS_MESSAGE_TTL, HeaderValue::from(ttl));
        }
        self.send(key, headers, value).await
    }

    /// Removes a key, only at `revision` if one is given, so that watchers see it at once. Returns the mark's revision.
    pub(crate) async fn remove(
        &self,
        key: &str,
        revision: Option<u64>,
        marker_ttl: u64,
    ) -> Result<u64, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(OPERATION, OPERATION_PURGE);
        headers.insert(ROLLUP, ROLLUP_SUBJECT);
        headers.insert(NATS_MESSAGE_TTL, HeaderValue::from(marker_ttl));
        if let Some(revision) = revision {
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(revision));
        }
        self.send(key, headers, Bytes::new()).await
    }

    async fn send(&self, key: &str, headers: HeaderMap, value: Bytes) -> Result<u64, Error> {
        let subject = self.subject(key)?;
        let failed = |error: PublishError| match error.kind() {
            PublishErrorKind::WrongLastSequence => {
                Error::Conflict { bucket: self.bucket.name(), key: key.to_owned() }
            }
            PublishErrorKind::MaxPayloadExceeded => Error::TooLarge { subject: subject.clone() },
            _ => Error::Publish { subject: subject.clone(), source: error.into() },
        };
        let sent =
            self.context.publish_with_headers(subject.clone(), headers, value).await.map_err(failed)?;
        Ok(sent.await.map_err(failed)?.sequence)
    }

    fn subject(&self, key: &str) -> Result<String, Error> {
        if is_key(key) {
            Ok(format!("{}{key}", buckets::prefix(self.bucket)))
        } else {
            Err(Error::Key { key: key.to_owned() })
        }
    }
}

/// Reads a value.
pub(crate) fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(value).map_err(|source| Error::Decode { target: key.to_owned(), source })
}

/// Whether a message marks that its key was deleted or has expired.
pub(crate) fn is_marker(headers: &HeaderMap) -> bool {
    headers.get(OPERATION).is_some_and(|operation| operation.as_str() != "PUT") || is_expiry(headers)
}

/// Whether a message marks that the broker itself removed its key, as it does when a TTL runs out.
pub(crate) fn is_expiry(headers: &HeaderMap) -> bool {
    headers.get(NATS_MARKER_REASON).is_some()
}

/// The characters that every client of NATS key-value takes.
fn is_key(key: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_=.".contains(&byte);
    !key.is_empty()
        && key.bytes().all(fits)
        && !key.starts_with('.')
        && !key.ends_with('.')
        && !key.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_nats_takes() {
        for key in ["bot.1", "name.Anna_2", "-100123", "a/b=c"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", ".a", "a.", "a..b", "a b", "a>", "a*", "ключ"] {
            assert!(!is_key(key), "{key}");
        }
    }
}
