//! Turning what a client attaches into a stored file.

use grammers_tl_types::{enums, functions as f};

use super::Call;
use crate::{
    error::{RpcError, RpcResult},
    state::{FileKind, Media},
};

impl Call<'_> {
    /// The file that an input brings or names.
    ///
    /// # Errors
    /// The upload is incomplete, the file unknown, or the kind one that the emulator has not.
    pub(super) fn take_media(&mut self, viewer: i64, input: enums::InputMedia) -> RpcResult<Media> {
        let known = |state: &crate::state::State, id: i64, hash: i64, kind: FileKind| {
            state.file_for(viewer, id, hash, kind).map(|file| file.id).ok_or(RpcError::bad("MEDIA_EMPTY"))
        };
        match input {
            enums::InputMedia::UploadedPhoto(photo) => {
                let bytes = self.state.finish_upload(viewer, &photo.file)?;
                Ok(Media { file: self.state.store_photo(bytes), spoiler: photo.spoiler })
            }
            enums::InputMedia::UploadedDocument(document) => {
                let bytes = self.state.finish_upload(viewer, &document.file)?;
                let name = match &document.file {
                    enums::InputFile::File(file) => Some(file.name.clone()),
                    enums::InputFile::Big(file) => Some(file.name.clone()),
                    enums::InputFile::StoryDocument(_) => None,
                };
                let name = name.filter(|name| !name.is_empty());
                let file = self.state.store_document(bytes, document.mime_type, name, document.attributes);
                Ok(Media { file, spoiler: document.spoiler })
            }
            enums::InputMedia::Photo(photo) => {
                let enums::InputPhoto::Photo(id) = photo.id else { return Err(RpcError::bad("MEDIA_EMPTY")) };
                let file = known(self.state, id.id, id.access_hash, FileKind::Photo)?;
                Ok(Media { file, spoiler: photo.spoiler })
            }
            enums::InputMedia::Document(document) => {
                let enums::InputDocument::Document(id) = document.id else {
                    return Err(RpcError::bad("MEDIA_EMPTY"));
                };
                let file = known(self.state, id.id, id.access_hash, FileKind::Document)?;
                Ok(Media { file, spoiler: document.spoiler })
            }
            enums::InputMedia::Empty => Err(RpcError::bad("MEDIA_EMPTY")),
            _ => Err(RpcError::bad("MEDIA_INVALID")),
        }
    }

    pub(super) fn upload_media(&mut self, call: f::messages::UploadMedia) -> RpcResult<enums::MessageMedia> {
        let viewer = self.viewer()?;
        self.writable(viewer, &call.peer)?;
        let media = self.take_media(viewer, call.media)?;
        Ok(self.state.media(viewer, media))
    }
}
