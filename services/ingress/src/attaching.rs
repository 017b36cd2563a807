//! Sending files: found by their names, uploaded once for each connection, and never sent twice.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::time::sleep;
use troupe_protocol::{Action, Attachment, AttachmentKind, FileRecord};
use troupe_types::{MediaKind, MessageId};

use crate::{
    acting::{Actor, LoggedOut, Outcome},
    telegram::{CallError, Uploaded},
};

/// How many files that Telegram has are kept in mind.
const UPLOADED_MAX: usize = 256;

/// How long to wait before the broker is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// What a file is shown as, and its hash.
type FileKey = (AttachmentKind, String);

/// The files that Telegram has from this account.
#[derive(Default)]
pub struct UploadedFiles(Mutex<BTreeMap<FileKey, Uploaded>>);

impl UploadedFiles {
    fn get(&self, key: &FileKey) -> Option<Uploaded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps in mind what Telegram has, or that it is not known to have it.
    fn set(&self, key: FileKey, uploaded: Option<Uploaded>) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(uploaded) = uploaded else {
            files.remove(&key);
            return;
        };
        if files.len() >= UPLOADED_MAX {
            files.clear();
        }
        files.insert(key, uploaded);
    }
}

/// What a message with such a file counts as.
pub const fn media_kind(kind: AttachmentKind) -> MediaKind {
    match kind {
        AttachmentKind::Photo => MediaKind::Photo,
        AttachmentKind::Document => MediaKind::Document,
    }
}

impl Actor<'_> {
    /// Sends a file with a caption.
    pub(crate) async fn send_file(
        &self,
        action: &Action,
        attachment: &Attachment,
        caption: &str,
        reply_to: Option<MessageId>,
    ) -> Result<Outcome<Option<MessageId>>, LoggedOut> {
        let file = match until_answered(|| self.files.find(&attachment.name).boxed()).await {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Err("FILE_UNKNOWN".to_owned())),
            Err(reason) => return Ok(Err(reason)),
        };
        let key = (attachment.kind, file.parts.hash.clone());
        let message = Message { caption, reply_to, key: &key };
        if let Some(uploaded) = self.uploaded.get(&key) {
            match self.insist(action, || self.send(action, message, uploaded.clone()).boxed()).await? {
                // What Telegram gave to name the file by holds for a while only: it is uploaded again.
                Err(reason) if reason.starts_with("FILE_REFERENCE_") || reason == "MEDIA_EMPTY" => {
                    self.uploaded.set(key.clone(), None);
                }
                sent => return Ok(sent),
            }
        }
        let bytes = match until_answered(|| self.files.read(&file).boxed()).await {
            Ok(bytes) => bytes,
            Err(reason) => return Ok(Err(reason)),
        };
        let upload = async || {
            // The number of the send serves for the upload, too: what comes again replaces what came.
            let (id, FileRecord { file_name, mime, .. }) = (action.random_id(), &file);
            let uploaded = self.connection.upload(id, attachment.kind, file_name, mime, &bytes).await?;
            self.send(action, message, uploaded).await
        };
        self.insist(action, || upload().boxed()).await
    }

    async fn send(
        &self,
        action: &Action,
        message: Message<'_>,
        uploaded: Uploaded,
    ) -> Result<Option<MessageId>, CallError> {
        let Message { caption, reply_to, key } = message;
        let (caption, random_id) = (caption.to_owned(), action.random_id());
        let sent = self.connection.send_file(action.chat, uploaded, caption, reply_to, random_id);
        let (message, kept) = sent.await?;
        if kept.is_some() {
            self.uploaded.set(key.clone(), kept);
        }
        Ok(message)
    }
}

/// A message with a file.
#[derive(Clone, Copy)]
struct Message<'a> {
    caption: &'a str,
    reply_to: Option<MessageId>,
    key: &'a FileKey,
}

/// Asks the broker until it answers; the error says why the file can't be sent.
async fn until_answered<'a, T>(
    ask: impl Fn() -> BoxFuture<'a, Result<T, troupe_bus::Error>>,
) -> Result<T, String> {
    loop {
        match ask().await {
            Err(error) if error.is_passing() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "reading a file to send again");
                sleep(AGAIN).await;
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a file to send cannot be read");
                return Err("FILE_UNREADABLE".to_owned());
            }
            Ok(value) => return Ok(value),
        }
    }
}
