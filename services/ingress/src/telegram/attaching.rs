//! Sending photos and documents, as calls to Telegram.

use grammers_tl_types as tl;
use troupe_protocol::AttachmentKind;
use troupe_types::{ChatId, MessageId};

use super::{CallError, Connection, sending};

/// How much of a file is sent at once: the most that Telegram takes.
///
/// Source: <https://core.telegram.org/api/files#uploading-files>.
const PART: usize = 512 * 1024;

/// A file that Telegram has, as this account may send it.
#[derive(Debug, Clone)]
pub struct Uploaded(tl::enums::InputMedia);

impl Connection {
    /// Brings a file to Telegram, so that it can be sent once. The same `id` again begins anew.
    ///
    /// # Errors
    /// As [`Connection::call`]; it may be repeated.
    pub async fn upload(
        &self,
        id: i64,
        kind: AttachmentKind,
        name: &str,
        mime: &str,
        bytes: &[u8],
    ) -> Result<Uploaded, CallError> {
        for (number, part) in (0..).zip(bytes.chunks(PART)) {
            let request =
                tl::functions::upload::SaveFilePart { file_id: id, file_part: number, bytes: part.to_vec() };
            self.call(&request).await?;
        }
        let file = tl::types::InputFile {
            id,
            parts: i32::try_from(bytes.len().div_ceil(PART)).unwrap_or(i32::MAX),
            name: name.to_owned(),
            md5_checksum: String::new(),
        };
        Ok(Uploaded(match kind {
            AttachmentKind::Photo => tl::types::InputMediaUploadedPhoto {
                spoiler: false,
                live_photo: false,
                file: file.into(),
                stickers: None,
                ttl_seconds: None,
                video: None,
            }
            .into(),
            AttachmentKind::Document => tl::types::InputMediaUploadedDocument {
                nosound_video: false,
                force_file: true,
                spoiler: false,
                file: file.into(),
                thumb: None,
                mime_type: mime.to_owned(),
                attributes: vec![tl::types::DocumentAttributeFilename { file_name: name.to_owned() }.into()],
                stickers: None,
                video_cover: None,
                video_timestamp: None,
                ttl_seconds: None,
            }
            .into(),
        }))
    }

    /// Sends a file with a caption, which may be empty. The same `random_id` sent again gives the first message once
    /// more. Returns the file as it can be sent again without being uploaded, where Telegram tells.
    ///
    /// # Errors
    /// As [`Connection::call`]; after a timeout, repeat it with the same `random_id`.
    pub async fn send_file(
        &self,
        chat: ChatId,
        file: Uploaded,
        caption: String,
        reply_to: Option<MessageId>,
        random_id: i64,
    ) -> Result<(Option<MessageId>, Option<Uploaded>), CallError> {
        let request = tl::functions::messages::SendMedia {
            silent: false,
            background: false,
            clear_draft: false,
            noforwards: false,
            update_stickersets_order: false,
            invert_media: false,
            allow_paid_floodskip: false,
            peer: self.input_peer(chat).await?,
            reply_to: reply_to.map(sending::reply_to),
            media: file.0,
            message: caption,
            random_id,
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            allow_paid_stars: None,
            suggested_post: None,
        };
        let answer = self.call(&request).await?;
        let kept = kept(&answer);
        Ok((sending::sent_id(answer, random_id), kept))
    }
}

/// The file of the message that an answer brings.
fn kept(answer: &tl::enums::Updates) -> Option<Uploaded> {
    let updates = match answer {
        tl::enums::Updates::Updates(answer) => &answer.updates,
        tl::enums::Updates::Combined(answer) => &answer.updates,
        _ => return None,
    };
    let media = updates.iter().find_map(|update| {
        let message = match update {
            tl::enums::Update::NewMessage(new) => &new.message,
            tl::enums::Update::NewChannelMessage(new) => &new.message,
            _ => return None,
        };
        if let tl::enums::Message::Message(message) = message { message.media.as_ref() } else { None }
    })?;
    match media {
        tl::enums::MessageMedia::Photo(tl::types::MessageMediaPhoto {
            photo: Some(tl::enums::Photo::Photo(photo)),
            ..
        }) => {
            let (id, access_hash) = (photo.id, photo.access_hash);
            let file_reference = photo.file_reference.clone();
            Some(Uploaded(
                tl::types::InputMediaPhoto {
                    spoiler: false,
                    live_photo: false,
                    id: tl::types::InputPhoto { id, access_hash, file_reference }.into(),
                    ttl_seconds: None,
                    video: None,
                }
                .into(),
            ))
        }
        tl::enums::MessageMedia::Document(tl::types::MessageMediaDocument {
            document: Some(tl::enums::Document::Document(document)),
            ..
        }) => {
            let (id, access_hash) = (document.id, document.access_hash);
            let file_reference = document.file_reference.clone();
            Some(Uploaded(
                tl::types::InputMediaDocument {
                    spoiler: false,
                    id: tl::types::InputDocument { id, access_hash, file_reference }.into(),
                    video_cover: None,
                    video_timestamp: None,
                    ttl_seconds: None,
                    query: None,
                }
                .into(),
            ))
        }
        _ => None,
    }
}
