use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    marker::PhantomData,
};

use async_nats::HeaderMap;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use troupe_protocol::Bucket;

use crate::{
    Bus, Error, buckets,
    ordered::{Item, Ordered, Resume},
    records::{decode, is_expiry, is_marker},
};

/// What is seen of a bucket.
#[derive(Debug)]
pub enum Change<T> {
    /// A record is there: it was from the start, or was made or changed.
    Put {
        /// Its key.
        key: String,
        /// What it says.
        value: T,
        /// Which change of the bucket wrote it.
        revision: u64,
    },
    /// A record is there that is no `T`.
    Unreadable {
        /// Its key.
        key: String,
        /// Why not.
        error: Error,
    },
    /// A record is gone.
    Deleted {
        /// Its key.
        key: String,
    },
    /// All that was there when the watch began has been told. Comes once.
    Current,
}

/// The records of a bucket as they change; see [`crate::Records::watch`].
pub struct Watch<T> {
    raw: RawWatch,
    current: bool,
    known: BTreeSet<String>,
    value: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Watch<T> {
    pub(crate) fn new(raw: RawWatch) -> Self {
        Self { raw, current: false, known: BTreeSet::new(), value: PhantomData }
    }

    /// Returns what comes next; `None` once the bus is closed. Nothing is lost if it is dropped half-way.
    pub async fn next(&mut self) -> Option<Change<T>> {
        loop {
            match self.raw.next().await? {
                RawChange::Put { key, revision, value } => {
                    self.known.insert(key.clone());
                    return Some(match decode(&key, &value) {
                        Ok(value) => Change::Put { key, value, revision },
                        Err(error) => Change::Unreadable { key, error },
                    });
                }
                RawChange::Deleted { key, .. } => {
                    if self.known.remove(&key) {
                        return Some(Change::Deleted { key });
                    }
                }
                RawChange::Current => {
                    if !self.current {
                        self.current = true;
                        return Some(Change::Current);
                    }
                }
            }
        }
    }
}

/// What is seen of a bucket, undecoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawChange {
    Put {
        key: String,
        revision: u64,
        value: Bytes,
    },
    /// The key is gone, and this mark, if any, has to be overwritten by a new value. 0: there is no mark.
    Deleted {
        key: String,
        revision: u64,
        expired: bool,
    },
    /// All that was there when the listing began has been told. Comes again after a lost connection.
    Current,
}

/// Watches a bucket, and lists it anew after each lost connection: marks of deletion may have expired meanwhile, so
/// going on after the last change would miss deletions.
pub(crate) struct RawWatch {
    ordered: Ordered,
    listing: Listing,
    ready: VecDeque<RawChange>,
}

impl RawWatch {
    /// One that begins as soon as the broker lets it.
    pub(crate) fn new(bus: &Bus, bucket: Bucket, prefix: &str) -> Self {
        let filters = vec![filter(bucket, prefix)];
        Self::of(bucket, Ordered::new(bus, bus.bucket_stream(bucket), filters, Resume::Listing))
    }

    /// One that has begun: a broker that does not let it is told to who asked.
    pub(crate) async fn open(bus: &Bus, bucket: Bucket, prefix: &str) -> Result<Self, Error> {
        let filters = vec![filter(bucket, prefix)];
        let ordered = Ordered::open(bus, bus.bucket_stream(bucket), filters, Resume::Listing).await?;
        Ok(Self::of(bucket, ordered))
    }

    fn of(bucket: Bucket, ordered: Ordered) -> Self {
        Self { ordered, listing: Listing::new(buckets::prefix(bucket)), ready: VecDeque::new() }
    }

    pub(crate) async fn next(&mut self) -> Option<RawChange> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Some(change);
            }
            // Between taking an item and keeping what follows from it nothing is awaited, so nothing is lost.
            match self.ordered.next().await? {
                Item::Opened { pending, .. } => self.listing.opened(pending, &mut self.ready),
                Item::Message(message, place) => {
                    let headers = message.headers.clone().unwrap_or_default();
                    self.listing.message(
                        &message.subject,
                        place.sequence,
                        place.pending,
                        &headers,
                        &message.payload,
                        &mut self.ready,
                    );
                }
            }
        }
    }
}

/// The subjects of the keys that begin with `prefix`, or of the one key that it is.
fn filter(bucket: Bucket, prefix: &str) -> String {
    let all = if prefix.is_empty() || prefix.ends_with('.') { ">" } else { "" };
    format!("{}{prefix}{all}", buckets::prefix(bucket))
}

/// Turns what is read into changes.
struct Listing {
    /// What subjects begin with; the key follows.
    subjects: String,
    /// The keys that are there, with their revisions.
    known: BTreeMap<String, u64>,
    /// The keys that the listing under way has come upon; `None` when there is none.
    seen: Option<BTreeSet<String>>,
}

impl Listing {
    fn new(subjects: String) -> Self {
        Self { subjects, known: BTreeMap::new(), seen: None }
    }

    fn opened(&mut self, pending: u64, ready: &mut VecDeque<RawChange>) {
        self.seen = Some(BTreeSet::new());
        if pending == 0 {
            self.finish(ready);
        }
    }

    fn message(
        &mut self,
        subject: &str,
        revision: u64,
        pending: u64,
        headers: &HeaderMap,
        value: &Bytes,
        ready: &mut VecDeque<RawChange>,
    ) {
        let key = subject.strip_prefix(&self.subjects).unwrap_or(subject).to_owned();
        if let Some(seen) = &mut self.seen {
            seen.insert(key.clone());
        }
        if is_marker(headers) {
            self.known.remove(&key);
            ready.push_back(RawChange::Deleted { key, revision, expired: is_expiry(headers) });
        } else if self.known.insert(key.clone(), revision) != Some(revision) {
            ready.push_back(RawChange::Put { key, revision, value: value.clone() });
        }
        if pending == 0 && self.seen.is_some() {
            self.finish(ready);
        }
    }

    fn finish(&mut self, ready: &mut VecDeque<RawChange>) {
        let seen = self.seen.take().unwrap_or_default();
        let gone: Vec<String> = self.known.keys().filter(|key| !seen.contains(*key)).cloned().collect();
        for key in gone {
            self.known.remove(&key);
            // It may have expired: nothing is left to tell.
            ready.push_back(RawChange::Deleted { key, revision: 0, expired: true });
        }
        ready.push_back(RawChange::Current);
    }
}

#[cfg(test)]
mod tests {
    use async_nats::HeaderValue;

    use super::*;
    use crate::records::OPERATION;

    fn put(key: &str, revision: u64) -> RawChange {
        RawChange::Put { key: key.into(), revision, value: Bytes::from_static(b"1") }
    }

    fn deleted(key: &str, revision: u64, expired: bool) -> RawChange {
        RawChange::Deleted { key: key.into(), revision, expired }
    }

    struct Reader {
        listing: Listing,
        ready: VecDeque<RawChange>,
    }

    impl Reader {
        fn new() -> Self {
            Self { listing: Listing::new("$KV.b.".into()), ready: VecDeque::new() }
        }

        fn opened(&mut self, pending: u64) -> &mut Self {
            self.listing.opened(pending, &mut self.ready);
            self
        }

        fn message(
            &mut self,
            key: &str,
            revision: u64,
            pending: u64,
            mark: Option<(&str, &str)>,
        ) -> &mut Self {
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = mark {
                headers.insert(name, HeaderValue::from(value));
            }
            let (subject, value) = (format!("$KV.b.{key}"), Bytes::from_static(b"1"));
            self.listing.message(&subject, revision, pending, &headers, &value, &mut self.ready);
            self
        }

        fn told(&mut self) -> Vec<RawChange> {
            self.ready.drain(..).collect()
        }
    }

    #[test]
    fn an_empty_bucket_is_current_at_once() {
        assert_eq!(Reader::new().opened(0).told(), [RawChange::Current]);
    }

    #[test]
    fn what_is_there_comes_first_then_changes() {
        let mut reader = Reader::new();
        let told = reader.opened(2).message("a", 1, 1, None).message("b", 2, 0, None).told();
        assert_eq!(told, [put("a", 1), put("b", 2), RawChange::Current]);
        assert_eq!(reader.message("a", 3, 0, None).told(), [put("a", 3)]);
        let purge = Some((OPERATION, "PURGE"));
        assert_eq!(reader.message("a", 4, 0, purge).told(), [deleted("a", 4, false)]);
        let aged = Some(("Nats-Marker-Reason", "MaxAge"));
        assert_eq!(reader.message("b", 5, 0, aged).told(), [deleted("b", 5, true)]);
    }

    #[test]
    fn after_a_lost_connection_only_differences_are_told_even_unmarked_deletions() {
        let mut reader = Reader::new();
        reader.opened(3).message("a", 1, 2, None).message("b", 2, 1, None).message("c", 3, 0, None).told();
        let told = reader.opened(2).message("a", 1, 1, None).message("c", 9, 0, None).told();
        assert_eq!(told, [put("c", 9), deleted("b", 0, true), RawChange::Current]);
        assert_eq!(
            reader.opened(0).told(),
            [deleted("a", 0, true), deleted("c", 0, true), RawChange::Current]
        );
    }
}
