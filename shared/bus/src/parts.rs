//! What is too large for one record, in parts.

use bytes::Bytes;
use troupe_protocol::Parts;

use crate::{Error, Records, records::Raw};

impl Records {
    /// Stores `bytes` in parts. The same bytes again are the same parts.
    ///
    /// # Errors
    /// [`Error::Publish`] if not all of them are known to be stored; it can be done again.
    pub async fn put_parts(&self, bytes: &[u8]) -> Result<Parts, Error> {
        let parts = Parts::of(bytes);
        for (number, part) in (0..).zip(bytes.chunks(Parts::BYTES_MAX)) {
            self.write(&parts.key(number), Bytes::copy_from_slice(part), None, None).await?;
        }
        Ok(parts)
    }

    /// The bytes that are stored as `parts`.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if they are not all there, or others than were stored. [`Error::Read`] if the broker does
    /// not answer.
    pub async fn get_parts(&self, parts: &Parts) -> Result<Vec<u8>, Error> {
        let incomplete = || Error::Incomplete { hash: parts.hash.clone() };
        let mut bytes = Vec::new();
        for number in 0..parts.count {
            let part = self.raw(&parts.key(number)).await?;
            let Some(Raw { value: Some(part), .. }) = part else { return Err(incomplete()) };
            bytes.extend_from_slice(&part);
        }
        if Parts::of(&bytes) == *parts { Ok(bytes) } else { Err(incomplete()) }
    }
}
