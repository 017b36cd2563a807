//! The routes of documents: rules, libraries, scenarios. Each change is a new version; what has faults is refused.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use troupe_bus::Error;
use troupe_engine::{Faults, Library, Ruleset, Scenario, Uses};
use troupe_protocol::{ContentDocument, ContentKind, ContentName, Parts};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    audit::{self, Object},
    error::{ApiError, ErrorBody, FaultBody},
    extract::{InPath, InQuery, Text},
    media, names,
    state::Manager,
};

/// The longest text in bytes that stands in its record; a longer one is stored in parts. However much of it has to be
/// escaped in JSON, the record is one that NATS takes.
const TEXT_HERE_MAX: usize = 128 * 1024;

/// How often a document that others put at the same moment is put again.
const RACES_MAX: usize = 10;

/// The routes.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new()
        .routes(routes!(list_rules))
        .routes(routes!(get_rules, put_rules))
        .routes(routes!(versions_of_rules))
        .routes(routes!(list_libraries))
        .routes(routes!(get_library, put_library))
        .routes(routes!(versions_of_library))
        .routes(routes!(list_scenarios))
        .routes(routes!(get_scenario, put_scenario))
        .routes(routes!(versions_of_scenario))
}

/// A version of a document.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentView {
    /// Its name.
    name: String,
    /// Which version, from 1.
    version: u32,
    /// When it was put, in milliseconds since 1970.
    created_ms: i64,
    /// The document as its author wrote it.
    text: String,
}

/// That a document was stored.
#[derive(Debug, Serialize, ToSchema)]
struct Stored {
    /// Its name.
    name: String,
    /// Its newest version. The same as before if the text was the same.
    version: u32,
}

/// The documents of a kind.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentList {
    /// By name, each with its newest version.
    documents: Vec<Stored>,
}

/// The versions of a document.
#[derive(Debug, Serialize, ToSchema)]
struct VersionList {
    /// The newest first.
    versions: Vec<VersionView>,
}

/// One version of a document.
#[derive(Debug, Serialize, ToSchema)]
struct VersionView {
    /// Which, from 1.
    version: u32,
    /// When it was put, in milliseconds since 1970.
    created_ms: i64,
}

/// How many versions are listed.
const VERSIONS_MAX: u32 = 100;

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
struct Which {
    /// The version; the newest one unless given.
    version: Option<u32>,
}

macro_rules! kind {
    ($kind:expr, $path:literal, $list:ident, $get:ident, $put:ident, $versions:ident, $what:literal) => {
        #[utoipa::path(get, path = concat!("/v1/", $path), tag = "content",
            summary = concat!("Lists ", $what, " and their newest versions."),
            responses((status = 200, body = DocumentList)))]
        async fn $list(State(manager): State<Manager>) -> Result<Json<DocumentList>, ApiError> {
            list(&manager, $kind).await.map(Json)
        }

        #[utoipa::path(get, path = concat!("/v1/", $path, "/{name}"), tag = "content",
            summary = concat!("Gives a document of ", $what, ", as its author wrote it."),
            params(("name" = String, Path), Which),
            responses((status = 200, body = DocumentView), (status = 404, body = ErrorBody)))]
        async fn $get(
            State(manager): State<Manager>,
            InPath(name): InPath<String>,
            InQuery(which): InQuery<Which>,
        ) -> Result<Json<DocumentView>, ApiError> {
            get(&manager, $kind, &name, which.version).await.map(Json)
        }

        #[utoipa::path(put, path = concat!("/v1/", $path, "/{name}"), tag = "content",
            summary = concat!("Checks and stores a document of ", $what, ". It holds from the next message on."),
            params(("name" = String, Path)),
            request_body(content = String, description = "The document's text"),
            responses((status = 200, body = Stored), (status = 422, body = ErrorBody)))]
        async fn $put(
            State(manager): State<Manager>,
            InPath(name): InPath<String>,
            Text(text): Text,
        ) -> Result<Json<Stored>, ApiError> {
            put(&manager, $kind, &name, text).await.map(Json)
        }

        #[utoipa::path(get, path = concat!("/v1/", $path, "/{name}/versions"), tag = "content",
            summary = concat!("Lists the versions of a document of ", $what, ", the newest first, at most a hundred."),
            params(("name" = String, Path)),
            responses((status = 200, body = VersionList), (status = 404, body = ErrorBody)))]
        async fn $versions(
            State(manager): State<Manager>,
            InPath(name): InPath<String>,
        ) -> Result<Json<VersionList>, ApiError> {
            versions(&manager, $kind, &name).await.map(Json)
        }
    };
}

kind!(ContentKind::Rules, "rules", list_rules, get_rules, put_rules, versions_of_rules, "rules");
kind!(
    ContentKind::Library,
    "libraries",
    list_libraries,
    get_library,
    put_library,
    versions_of_library,
    "answer libraries"
);
kind!(
    ContentKind::Scenario,
    "scenarios",
    list_scenarios,
    get_scenario,
    put_scenario,
    versions_of_scenario,
    "scenarios"
);

async fn list(manager: &Manager, kind: ContentKind) -> Result<DocumentList, ApiError> {
    let mut documents = Vec::new();
    let prefix = format!("{kind}.");
    for key in manager.content().keys(&prefix).await? {
        let Some(name) = key.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".head")) else {
            continue;
        };
        if let Some(head) = manager.content().get::<u32>(&key).await? {
            documents.push(Stored { name: name.to_owned(), version: head.value });
        }
    }
    Ok(DocumentList { documents })
}

async fn get(
    manager: &Manager,
    kind: ContentKind,
    name: &str,
    version: Option<u32>,
) -> Result<DocumentView, ApiError> {
    let name = parse_name(name)?;
    let missing = || match version {
        Some(version) => ApiError::NotFound(format!("there is no version {version} of {kind} {name}")),
        None => ApiError::NotFound(format!("there is no {kind} called {name}")),
    };
    let version = match version {
        Some(version) => version,
        None => head(manager, kind, &name).await?.ok_or_else(missing)?,
    };
    let key = ContentDocument::key(kind, &name, version);
    let document = manager.content().get::<ContentDocument>(&key).await?.ok_or_else(missing)?.value;
    Ok(DocumentView {
        name: document.name.into(),
        version: document.version,
        created_ms: document.created.as_millis(),
        text: match document.parts {
            None => document.text,
            Some(parts) => String::from_utf8_lossy(&manager.files().get_parts(&parts).await?).into_owned(),
        },
    })
}

async fn versions(manager: &Manager, kind: ContentKind, name: &str) -> Result<VersionList, ApiError> {
    let name = parse_name(name)?;
    let missing = || ApiError::NotFound(format!("there is no {kind} called {name}"));
    let newest = head(manager, kind, &name).await?.ok_or_else(missing)?;
    let mut versions = Vec::new();
    for version in (1..=newest).rev().take(VERSIONS_MAX as usize) {
        let key = ContentDocument::key(kind, &name, version);
        if let Some(document) = manager.content().get::<ContentDocument>(&key).await? {
            versions.push(VersionView { version, created_ms: document.value.created.as_millis() });
        }
    }
    Ok(VersionList { versions })
}

/// The number of a document's newest version; `None` if there is no such document.
///
/// # Errors
/// If the bus fails.
pub async fn head(manager: &Manager, kind: ContentKind, name: &ContentName) -> Result<Option<u32>, ApiError> {
    Ok(manager.content().get::<u32>(&ContentDocument::head_key(kind, name)).await?.map(|entry| entry.value))
}

async fn put(manager: &Manager, kind: ContentKind, name: &str, text: String) -> Result<Stored, ApiError> {
    let name = parse_name(name)?;
    let records = manager.content();
    let head_key = ContentDocument::head_key(kind, &name);
    for _ in 0..RACES_MAX {
        let head = records.get::<u32>(&head_key).await?;
        let newest = head.as_ref().map_or(0, |head| head.value);
        if newest > 0 {
            let known = records.get::<ContentDocument>(&ContentDocument::key(kind, &name, newest)).await?;
            if known.is_some_and(|known| says(&known.value, &text)) {
                return Ok(Stored { name: name.into(), version: newest });
            }
        }
        let version = newest + 1;
        check(manager, kind, name.as_str(), version, &text).await?;
        let (text_here, parts) = if text.len() > TEXT_HERE_MAX {
            // The parts before what shows them.
            (String::new(), Some(manager.files().put_parts(text.as_bytes()).await?))
        } else {
            (text.clone(), None)
        };
        let (name, created) = (name.clone(), manager.now());
        let document = ContentDocument { kind, name: name.clone(), version, created, text: text_here, parts };
        // The version first, then the head that makes it count. A version never changes, not even one that somebody
        // else has stored at this moment, or before dying, and that no head shows yet: it is made to count, for its
        // sake, and this text becomes the next one.
        let key = ContentDocument::key(kind, &name, version);
        let ours = match records.create(&key, &document).await {
            Ok(_) => true,
            Err(Error::Exists { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        let moved = match head {
            Some(head) => records.update(&head_key, &version, head.revision).await,
            None => records.create(&head_key, &version).await,
        };
        match moved {
            Ok(_) if ours => {
                audit::act(manager, "content.put", Object::Document(kind, name.as_str(), version)).await;
                return Ok(Stored { name: name.into(), version });
            }
            // Somebody may have moved the head for our sake: then the text is the newest, which is seen above.
            Ok(_) | Err(Error::Conflict { .. } | Error::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::Unavailable(format!("{name} is being changed by others at this moment; try again")))
}

/// Whether a document has this text.
fn says(document: &ContentDocument, text: &str) -> bool {
    match &document.parts {
        None => document.text == text,
        Some(parts) => *parts == Parts::of(text.as_bytes()),
    }
}

/// Reads the document as the engine will, and looks for the files that it shows and the scenarios that it names.
async fn check(
    manager: &Manager,
    kind: ContentKind,
    name: &str,
    version: u32,
    text: &str,
) -> Result<(), ApiError> {
    let uses = read(kind, name, version, text)?;
    let mut faults = media::faults(manager, &uses.media).await?;
    faults.extend(names::faults(manager, kind, name, &uses).await?);
    if faults.is_empty() { Ok(()) } else { Err(ApiError::Faults(faults)) }
}

/// What the newest version of a document names; `None` if it cannot be read.
///
/// # Errors
/// If there is no such document, or the bus fails.
pub async fn uses(
    manager: &Manager,
    kind: ContentKind,
    name: &ContentName,
) -> Result<Option<Uses>, ApiError> {
    let newest = get(manager, kind, name.as_str(), None).await?;
    Ok(read(kind, name.as_str(), newest.version, &newest.text).ok())
}

/// Reads the document as the engine will. Returns what it names.
fn read(kind: ContentKind, name: &str, version: u32, text: &str) -> Result<Uses, ApiError> {
    let read = match kind {
        ContentKind::Rules => Ruleset::parse(text).map(|rules| rules.uses().clone()),
        ContentKind::Library => Library::parse(name, text).map(|library| library.uses().clone()),
        ContentKind::Scenario => Scenario::parse(name, version, text).map(|scenario| scenario.uses().clone()),
    };
    read.map_err(|faults: Faults| {
        ApiError::Faults(
            faults
                .into_iter()
                .map(|fault| FaultBody {
                    line: fault.line,
                    column: fault.column,
                    field: fault.field,
                    reason: fault.reason,
                })
                .collect(),
        )
    })
}

fn parse_name(name: &str) -> Result<ContentName, ApiError> {
    name.parse().map_err(|error: troupe_protocol::NameError| ApiError::BadRequest(error.to_string()))
}
