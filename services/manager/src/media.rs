//! The routes of files that bots send: photos and documents that answers show.

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::header,
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use troupe_engine::Use;
use troupe_protocol::{ContentName, FILE_BYTES_MAX, FileRecord};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    audit::{self, Object},
    error::{ApiError, ErrorBody, FaultBody},
    extract::{InPath, InQuery},
    state::Manager,
};

/// The routes.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new()
        .routes(routes!(list_media))
        .routes(routes!(get_media, put_media))
        // A byte more than is taken, so that the refusal can say how much that is.
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX + 1))
}

/// A file.
#[derive(Debug, Serialize, ToSchema)]
struct FileView {
    /// Its name: what answers call it.
    name: String,
    /// What a person sees a document called.
    file_name: String,
    /// What it is, e.g. `image/png`.
    mime: String,
    /// How many bytes it has.
    bytes: u64,
    /// Its SHA-256, in hexadecimal.
    sha256: String,
    /// When it was put, in milliseconds since 1970.
    created_ms: i64,
}

impl From<FileRecord> for FileView {
    fn from(file: FileRecord) -> Self {
        Self {
            name: file.name.into(),
            file_name: file.file_name,
            mime: file.mime,
            bytes: file.parts.bytes,
            sha256: file.parts.hash,
            created_ms: file.created.as_millis(),
        }
    }
}

/// The files.
#[derive(Debug, Serialize, ToSchema)]
struct FileList {
    /// By name.
    media: Vec<FileView>,
}

/// What a file is called where people see it.
#[derive(Debug, Deserialize, IntoParams)]
struct Called {
    /// What a person sees a document called, e.g. `prices.pdf`; its name unless given.
    file_name: Option<String>,
}

/// The longest name that a person sees, in characters.
const FILE_NAME_MAX: usize = 128;

/// Lists the files that answers can show.
#[utoipa::path(get, path = "/v1/media", tag = "content", responses((status = 200, body = FileList)))]
async fn list_media(State(manager): State<Manager>) -> Result<Json<FileList>, ApiError> {
    let mut media = Vec::new();
    for key in manager.files().keys(FileRecord::PREFIX).await? {
        if let Some(file) = manager.files().get::<FileRecord>(&key).await? {
            media.push(file.value.into());
        }
    }
    Ok(Json(FileList { media }))
}

/// Gives the bytes of a file.
#[utoipa::path(get, path = "/v1/media/{name}", tag = "content", params(("name" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, body = ErrorBody)))]
async fn get_media(
    State(manager): State<Manager>,
    InPath(name): InPath<String>,
) -> Result<impl IntoResponse, ApiError> {
    let name = parse_name(&name)?;
    let file = find(&manager, &name).await?;
    let file = file.ok_or_else(|| ApiError::NotFound(format!("there is no file called {name}")))?;
    let bytes = manager.files().get_parts(&file.parts).await?;
    // Whatever it is, a browser is not to run it.
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes))
}

/// Stores a photo or a document for answers to show: at most 10 MB. It is sent from the next answer on.
#[utoipa::path(put, path = "/v1/media/{name}", tag = "content", params(("name" = String, Path), Called),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file"),
    responses((status = 200, body = FileView), (status = 413, body = ErrorBody)))]
async fn put_media(
    State(manager): State<Manager>,
    InPath(name): InPath<String>,
    InQuery(called): InQuery<Called>,
    bytes: Bytes,
) -> Result<Json<FileView>, ApiError> {
    let name = parse_name(&name)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(ApiError::BadRequest(format!("a file has at most {} MB", FILE_BYTES_MAX >> 20)));
    }
    if bytes.is_empty() {
        return Err(ApiError::BadRequest("this file is empty: Telegram sends none such".to_owned()));
    }
    let file_name = called.file_name.unwrap_or_else(|| name.to_string());
    if file_name.is_empty()
        || file_name.chars().count() > FILE_NAME_MAX
        || file_name.contains(['/', '\\', '\0'])
    {
        let reason = format!("a file_name has 1 to {FILE_NAME_MAX} characters and no slashes");
        return Err(ApiError::BadRequest(reason));
    }
    // The bytes first, then the record that shows them.
    let parts = manager.files().put_parts(&bytes).await?;
    let mime = mime(&bytes, &file_name).to_owned();
    let file = FileRecord { name: name.clone(), file_name, mime, created: manager.now(), parts };
    manager.files().put(&FileRecord::key(&name), &file).await?;
    audit::act(&manager, "media.put", Object::Media(name.as_str())).await;
    Ok(Json(file.into()))
}

/// What is wrong with what a document shows: files that there are not, and photos that are no pictures.
pub async fn faults(manager: &Manager, used: &[Use]) -> Result<Vec<FaultBody>, ApiError> {
    let mut faults = Vec::new();
    for used in used {
        let found = find(manager, &parse_name(&used.name)?).await?;
        let reason = match found {
            None => format!("there is no file {:?}: put it first, as media", used.name),
            Some(file) if used.field.ends_with("/photo") && !is_picture(&file.mime) => {
                format!(
                    "{:?} is {}, and Telegram shows JPEG and PNG as photos: send it as a document",
                    used.name, file.mime
                )
            }
            Some(_) => continue,
        };
        let (line, column, field) = (used.line, used.column, used.field.clone());
        faults.push(FaultBody { line, column, field, reason });
    }
    Ok(faults)
}

async fn find(manager: &Manager, name: &ContentName) -> Result<Option<FileRecord>, ApiError> {
    Ok(manager.files().get::<FileRecord>(&FileRecord::key(name)).await?.map(|found| found.value))
}

fn parse_name(name: &str) -> Result<ContentName, ApiError> {
    name.parse().map_err(|error: troupe_protocol::NameError| ApiError::BadRequest(error.to_string()))
}

fn is_picture(mime: &str) -> bool {
    matches!(mime, "image/jpeg" | "image/png")
}

/// What a file is: by how it begins, else by the ending of its name.
fn mime(bytes: &[u8], file_name: &str) -> &'static str {
    const BEGINNINGS: [(&[u8], &str); 5] = [
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF8", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
    ];
    if let Some((_, mime)) = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning)) {
        return mime;
    }
    match file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        Some("txt") => "text/plain",
        Some("csv") => "text/csv",
        Some("mp4") => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_begins_with_whatever_it_is_called() {
        assert_eq!(mime(b"\x89PNG\r\n\x1a\n...", "map.txt"), "image/png");
        assert_eq!(mime(b"a,b", "Prices.CSV"), "text/csv");
        assert_eq!(mime(b"a,b", "prices"), "application/octet-stream");
    }
}
