//! Photos and documents, and uploads on their way to becoming one.
//!
//! Source: <https://core.telegram.org/api/files>.

use std::{collections::BTreeMap, sync::Arc};

use grammers_tl_types::{enums, types};
use sha2::{Digest, Sha256};

use super::State;
use crate::{clock, error::RpcError};

/// The most bytes in one part of an upload.
const PART_BYTES_MAX: usize = 512 * 1024;
/// The most parts of an upload.
const PARTS_MAX: i32 = 4000;

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Shown as a picture.
    Photo,
    /// Anything else.
    Document,
}

/// A stored file.
#[derive(Debug, Clone)]
pub struct File {
    /// Its id.
    pub id: i64,
    /// Its kind.
    pub kind: FileKind,
    /// When it was stored.
    pub time_ms: i64,
    /// What is in it.
    pub bytes: Arc<[u8]>,
    /// Such as `image/jpeg`.
    pub mime: String,
    /// The file name, for documents.
    pub name: Option<String>,
    /// A document's attributes as the client gave them.
    pub attributes: Vec<enums::DocumentAttribute>,
}

/// A file attached to a message.
#[derive(Debug, Clone, Copy)]
pub struct Media {
    /// Which file.
    pub file: i64,
    /// Whether the client asked to hide it behind a blur.
    pub spoiler: bool,
}

/// An upload: parts that have come so far.
#[derive(Debug, Default)]
pub struct Upload {
    parts: BTreeMap<i32, Vec<u8>>,
}

impl File {
    /// What a client has to show beside the id and the hash; the same for everyone here.
    pub fn reference(&self) -> Vec<u8> {
        Sha256::digest(self.id.to_le_bytes())[..16].to_vec()
    }

    /// Width and height that clients are told.
    fn size(&self) -> (i32, i32) {
        // A PNG names them in its header; of everything else a usual size is told.
        let at = |start: usize| {
            self.bytes.get(start..start + 4).and_then(|bytes| bytes.try_into().ok().map(i32::from_be_bytes))
        };
        match (self.bytes.starts_with(b"\x89PNG\r\n\x1a\n"), at(16), at(20)) {
            (true, Some(width @ 1..=10_000), Some(height @ 1..=10_000)) => (width, height),
            _ => (800, 600),
        }
    }
}

impl State {
    /// Keeps one part of an upload.
    ///
    /// # Errors
    /// The part is empty, too large, or has an impossible number.
    pub fn save_part(&mut self, account: i64, file: i64, part: i32, bytes: Vec<u8>) -> Result<(), RpcError> {
        if bytes.is_empty() {
            return Err(RpcError::bad("FILE_PART_EMPTY"));
        }
        if bytes.len() > PART_BYTES_MAX {
            return Err(RpcError::bad("FILE_PART_TOO_BIG"));
        }
        if !(0..PARTS_MAX).contains(&part) {
            return Err(RpcError::bad("FILE_PART_INVALID"));
        }
        self.uploads.entry((account, file)).or_default().parts.insert(part, bytes);
        Ok(())
    }

    /// Puts an upload's parts together; the upload is used up.
    ///
    /// # Errors
    /// A part is missing, or there is no such upload.
    pub fn finish_upload(&mut self, account: i64, file: &enums::InputFile) -> Result<Vec<u8>, RpcError> {
        let (id, parts) = match file {
            enums::InputFile::File(file) => (file.id, file.parts),
            enums::InputFile::Big(file) => (file.id, file.parts),
            enums::InputFile::StoryDocument(_) => return Err(RpcError::bad("MEDIA_INVALID")),
        };
        if !(1..=PARTS_MAX).contains(&parts) {
            return Err(RpcError::bad("FILE_PARTS_INVALID"));
        }
        let upload = self.uploads.get(&(account, id)).ok_or(RpcError::bad("FILE_ID_INVALID"))?;
        if let Some(missing) = (0..parts).find(|part| !upload.parts.contains_key(part)) {
            return Err(RpcError::new(400, format!("FILE_PART_{missing}_MISSING")));
        }
        let upload = self.uploads.remove(&(account, id)).unwrap_or_default();
        let parts = usize::try_from(parts).unwrap_or(0);
        Ok(upload.parts.into_values().take(parts).collect::<Vec<_>>().concat())
    }

    /// Stores a photo.
    pub fn store_photo(&mut self, bytes: Vec<u8>) -> i64 {
        let mime = if bytes.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
        self.store(FileKind::Photo, bytes, mime.into(), None, Vec::new())
    }

    /// Stores a document.
    pub fn store_document(
        &mut self,
        bytes: Vec<u8>,
        mime: String,
        name: Option<String>,
        mut attributes: Vec<enums::DocumentAttribute>,
    ) -> i64 {
        let named = attributes.iter().find_map(|attribute| match attribute {
            enums::DocumentAttribute::Filename(name) => Some(name.file_name.clone()),
            _ => None,
        });
        if let (Some(name), None) = (&name, &named) {
            attributes.push(types::DocumentAttributeFilename { file_name: name.clone() }.into());
        }
        self.store(FileKind::Document, bytes, mime, named.or(name), attributes)
    }

    fn store(
        &mut self,
        kind: FileKind,
        bytes: Vec<u8>,
        mime: String,
        name: Option<String>,
        attributes: Vec<enums::DocumentAttribute>,
    ) -> i64 {
        // Telegram's file ids are large numbers; that they are not small ones catches a mix-up with a message id.
        self.last_file_id += 1;
        let id = 5_000_000_000_000_000_000 + self.last_file_id;
        let file = File { id, kind, time_ms: clock::now_ms(), bytes: bytes.into(), mime, name, attributes };
        self.files.insert(id, file);
        id
    }

    /// The file that a location or an input names, if the account holds the right hash for it.
    pub fn file_for(&self, account: i64, id: i64, access_hash: i64, kind: FileKind) -> Option<&File> {
        let file = self.files.get(&id)?;
        (file.kind == kind && access_hash == self.file_hash(account, id)).then_some(file)
    }

    /// A photo as TL says it to `viewer`.
    pub fn photo(&self, viewer: i64, file: &File) -> enums::Photo {
        let (w, h) = file.size();
        let size = i32::try_from(file.bytes.len()).unwrap_or(i32::MAX);
        types::Photo {
            has_stickers: false,
            id: file.id,
            access_hash: self.file_hash(viewer, file.id),
            file_reference: file.reference(),
            date: clock::seconds(file.time_ms),
            sizes: vec![types::PhotoSize { r#type: "x".into(), w, h, size }.into()],
            video_sizes: None,
            dc_id: crate::DC,
        }
        .into()
    }

    /// A document as TL says it to `viewer`.
    pub fn document(&self, viewer: i64, file: &File) -> enums::Document {
        types::Document {
            id: file.id,
            access_hash: self.file_hash(viewer, file.id),
            file_reference: file.reference(),
            date: clock::seconds(file.time_ms),
            mime_type: file.mime.clone(),
            size: i64::try_from(file.bytes.len()).unwrap_or(i64::MAX),
            thumbs: None,
            video_thumbs: None,
            dc_id: crate::DC,
            attributes: file.attributes.clone(),
        }
        .into()
    }

    /// A message's media as TL says it to `viewer`.
    pub fn media(&self, viewer: i64, media: Media) -> enums::MessageMedia {
        let file = self.files.get(&media.file).expect("files are never removed");
        match file.kind {
            FileKind::Photo => types::MessageMediaPhoto {
                spoiler: media.spoiler,
                live_photo: false,
                photo: Some(self.photo(viewer, file)),
                ttl_seconds: None,
                video: None,
            }
            .into(),
            FileKind::Document => types::MessageMediaDocument {
                nopremium: false,
                spoiler: media.spoiler,
                video: false,
                round: false,
                voice: file.attributes.iter().any(
                    |attribute| matches!(attribute, enums::DocumentAttribute::Audio(audio) if audio.voice),
                ),
                document: Some(self.document(viewer, file)),
                alt_documents: None,
                video_cover: None,
                video_timestamp: None,
                ttl_seconds: None,
            }
            .into(),
        }
    }
}

/// A small JPEG, stretched to `size` bytes by noise behind its end, which every decoder ignores.
pub fn generated_photo(size: usize, seed: u64) -> Vec<u8> {
    // One grey pixel.
    const PIXEL: &[u8] = &[
        0xff, 0xd8, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x03, 0x02, 0x02, 0x02, 0x02, 0x02, 0x03, 0x02, 0x02, 0x02,
        0x03, 0x03, 0x03, 0x03, 0x04, 0x06, 0x04, 0x04, 0x04, 0x04, 0x04, 0x08, 0x06, 0x06, 0x05, 0x06, 0x09,
        0x08, 0x0a, 0x0a, 0x09, 0x08, 0x09, 0x09, 0x0a, 0x0c, 0x0f, 0x0c, 0x0a, 0x0b, 0x0e, 0x0b, 0x09, 0x09,
        0x0d, 0x11, 0x0d, 0x0e, 0x0f, 0x10, 0x10, 0x11, 0x10, 0x0a, 0x0c, 0x12, 0x13, 0x12, 0x10, 0x13, 0x0f,
        0x10, 0x10, 0x10, 0xff, 0xc9, 0x00, 0x0b, 0x08, 0x00, 0x01, 0x00, 0x01, 0x01, 0x01, 0x11, 0x00, 0xff,
        0xcc, 0x00, 0x06, 0x00, 0x10, 0x10, 0x05, 0xff, 0xda, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x3f, 0x00,
        0xd2, 0xcf, 0x20, 0xff, 0xd9,
    ];
    let mut bytes = PIXEL.to_vec();
    bytes.extend(generated_bytes(size.saturating_sub(PIXEL.len()), seed));
    bytes
}

/// Noise that is the same for the same seed.
pub fn generated_bytes(size: usize, seed: u64) -> Vec<u8> {
    use rand::{RngCore, SeedableRng};
    let mut bytes = vec![0; size];
    rand::rngs::StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}
