//! `upload.*`: files up and down. Source: <https://core.telegram.org/api/files>.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    clock,
    error::{RpcError, RpcResult},
    state::FileKind,
};

/// The most bytes that one call downloads.
const LIMIT_MAX: usize = 1 << 20;
/// What offset and limit have to be multiples of, even when the client asks to be `precise`.
const STEP: usize = 1024;

impl Call<'_> {
    pub(super) fn save_file_part(&mut self, call: f::upload::SaveFilePart) -> RpcResult<bool> {
        let viewer = self.viewer()?;
        self.state.save_part(viewer, call.file_id, call.file_part, call.bytes).map(|()| true)
    }

    pub(super) fn save_big_file_part(&mut self, call: f::upload::SaveBigFilePart) -> RpcResult<bool> {
        let viewer = self.viewer()?;
        // -1: a stream whose length is not known yet.
        if call.file_total_parts != -1 && call.file_part >= call.file_total_parts {
            return Err(RpcError::bad("FILE_PART_INVALID"));
        }
        self.state.save_part(viewer, call.file_id, call.file_part, call.bytes).map(|()| true)
    }

    pub(super) fn get_file(&mut self, call: f::upload::GetFile) -> RpcResult<enums::upload::File> {
        let viewer = self.viewer()?;
        let (id, hash, reference, kind) = match call.location {
            enums::InputFileLocation::InputPhotoFileLocation(location) => {
                (location.id, location.access_hash, location.file_reference, FileKind::Photo)
            }
            enums::InputFileLocation::InputDocumentFileLocation(location) => {
                (location.id, location.access_hash, location.file_reference, FileKind::Document)
            }
            _ => return Err(RpcError::bad("LOCATION_INVALID")),
        };
        let file = self.state.file_for(viewer, id, hash, kind).ok_or(RpcError::bad("LOCATION_INVALID"))?;
        if reference.is_empty() {
            return Err(RpcError::bad("FILE_REFERENCE_EMPTY"));
        }
        if reference != file.reference() {
            return Err(RpcError::bad("FILE_REFERENCE_INVALID"));
        }
        let offset = usize::try_from(call.offset).map_err(|_| RpcError::bad("OFFSET_INVALID"))?;
        let limit = usize::try_from(call.limit).map_err(|_| RpcError::bad("LIMIT_INVALID"))?;
        if !offset.is_multiple_of(STEP) {
            return Err(RpcError::bad("OFFSET_INVALID"));
        }
        if limit == 0 || limit > LIMIT_MAX || !limit.is_multiple_of(STEP) {
            return Err(RpcError::bad("LIMIT_INVALID"));
        }
        let start = offset.min(file.bytes.len());
        let bytes = file.bytes[start..file.bytes.len().min(start + limit)].to_vec();
        let r#type = match file.mime.as_str() {
            "image/jpeg" => enums::storage::FileType::FileJpeg,
            "image/png" => enums::storage::FileType::FilePng,
            _ => enums::storage::FileType::FileUnknown,
        };
        Ok(types::upload::File { r#type, mtime: clock::seconds(file.time_ms), bytes }.into())
    }
}
