//! Faults, keys, connections, settings.

use axum::{Json, extract::State, http::StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Shared,
    extract::{Asked, At, Body, ErrorBody, Failure},
    model::{OverlapView, SessionView},
};
use crate::{
    faults::{Fault, FaultKind},
    settings::Settings,
};

/// A new fault.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FaultBody {
    /// Only calls of this account; absent: of all.
    account: Option<i64>,
    /// Only this method, such as `messages.sendMessage`; absent: all.
    method: Option<String>,
    /// What goes wrong.
    #[serde(flatten)]
    fault: FaultKind,
    /// How often; once if absent.
    #[serde(default = "once")]
    count: u64,
}

fn once() -> u64 {
    1
}

/// A fault's number.
#[derive(Debug, Serialize, ToSchema)]
pub struct FaultId {
    id: u64,
}

/// Makes the next matching calls go wrong.
#[utoipa::path(post, path = "/faults", request_body = FaultBody, responses(
    (status = CREATED, body = FaultId), (status = "4XX", body = ErrorBody)))]
pub async fn add_fault(
    State(shared): State<Shared>,
    Body(body): Body<FaultBody>,
) -> Result<(StatusCode, Json<FaultId>), Failure> {
    let mut state = shared.hub.lock();
    if let Some(account) = body.account {
        state.existing_account(account)?;
    }
    let id = state.faults.add(body.account, body.method, body.fault, body.count);
    Ok((StatusCode::CREATED, Json(FaultId { id })))
}

/// All faults, with how often each happened.
#[utoipa::path(get, path = "/faults", responses((status = OK, body = [Fault])))]
pub async fn faults(State(shared): State<Shared>) -> Json<Vec<Fault>> {
    Json(shared.hub.lock().faults.all().to_vec())
}

/// How many things were done something to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Count {
    count: usize,
}

/// Takes a fault away.
#[utoipa::path(delete, path = "/faults/{id}", params(("id" = u64, Path)), responses(
    (status = OK, body = Count), (status = "4XX", body = ErrorBody)))]
pub async fn remove_fault(State(shared): State<Shared>, At(id): At<u64>) -> Result<Json<Count>, Failure> {
    if shared.hub.lock().faults.remove(id) {
        Ok(Json(Count { count: 1 }))
    } else {
        Err(Failure(StatusCode::NOT_FOUND, format!("there is no fault {id}: GET /faults lists them")))
    }
}

/// Whose connections.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KillBody {
    /// This account's; absent: everybody's.
    account: Option<i64>,
}

/// Closes TCP connections.
#[utoipa::path(post, path = "/connections/kill", request_body = KillBody, responses(
    (status = OK, body = Count), (status = "4XX", body = ErrorBody)))]
pub async fn kill(State(shared): State<Shared>, Body(body): Body<KillBody>) -> Result<Json<Count>, Failure> {
    let mut state = shared.hub.lock();
    if let Some(account) = body.account {
        state.existing_account(account)?;
    }
    Ok(Json(Count { count: state.kill_links(body.account) }))
}

/// Whether pushes are lost.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MuteBody {
    account: i64,
    muted: bool,
}

/// Loses all pushes to an account, or no more. What happened can still be caught up with.
#[utoipa::path(post, path = "/pushes/mute", request_body = MuteBody, responses(
    (status = OK, body = Count), (status = "4XX", body = ErrorBody)))]
pub async fn mute(State(shared): State<Shared>, Body(body): Body<MuteBody>) -> Result<Json<Count>, Failure> {
    let mut state = shared.hub.lock();
    let account = state.existing_account(body.account)?;
    state.mute(account, body.muted);
    Ok(Json(Count { count: 1 }))
}

/// A key to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    account: i64,
    /// 256 bytes in base64.
    key: String,
}

/// A registered key.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyId {
    /// In hexadecimal.
    key_id: String,
}

/// Registers an authorization key, as if the account had signed in with it.
#[utoipa::path(post, path = "/keys", request_body = KeyBody, responses(
    (status = CREATED, body = KeyId), (status = "4XX", body = ErrorBody)))]
pub async fn register_key(
    State(shared): State<Shared>,
    Body(body): Body<KeyBody>,
) -> Result<(StatusCode, Json<KeyId>), Failure> {
    let bad = |_| Failure(StatusCode::BAD_REQUEST, "key is no base64: encode 256 bytes".into());
    let key = STANDARD.decode(body.key).map_err(bad)?;
    let id = shared.hub.register_key(body.account, &key)?;
    Ok((StatusCode::CREATED, Json(KeyId { key_id: format!("{id:016x}") })))
}

/// Whose keys.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeBody {
    account: i64,
}

/// Revokes all keys of an account: every call gets 401 `SESSION_REVOKED` from then on.
#[utoipa::path(post, path = "/keys/revoke", request_body = RevokeBody, responses(
    (status = OK, body = Count), (status = "4XX", body = ErrorBody)))]
pub async fn revoke(
    State(shared): State<Shared>,
    Body(body): Body<RevokeBody>,
) -> Result<Json<Count>, Failure> {
    let mut state = shared.hub.lock();
    let account = state.existing_account(body.account)?;
    Ok(Json(Count { count: state.revoke_keys(account) }))
}

/// Forgets all keys of an account and closes its connections: packets get transport error -404 from then on.
#[utoipa::path(post, path = "/keys/forget", request_body = RevokeBody, responses(
    (status = OK, body = Count), (status = "4XX", body = ErrorBody)))]
pub async fn forget(
    State(shared): State<Shared>,
    Body(body): Body<RevokeBody>,
) -> Result<Json<Count>, Failure> {
    let mut state = shared.hub.lock();
    let account = state.existing_account(body.account)?;
    Ok(Json(Count { count: state.forget_keys(account) }))
}

/// Every connection that ever showed a key, oldest first.
#[utoipa::path(get, path = "/sessions", responses((status = OK, body = [SessionView])))]
pub async fn sessions(State(shared): State<Shared>) -> Json<Vec<SessionView>> {
    let state = shared.hub.lock();
    Json((0..state.sessions.len()).map(|index| SessionView::of(&state, index)).collect())
}

/// Every time that one key was used from two places at once. Empty is good.
#[utoipa::path(get, path = "/overlaps", responses((status = OK, body = [OverlapView])))]
pub async fn overlaps(State(shared): State<Shared>) -> Json<Vec<OverlapView>> {
    Json(OverlapView::all(&shared.hub.lock()))
}

/// Whose calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallsQuery {
    /// Only this account's; 0 for calls before signing in.
    account: Option<i64>,
    /// Only this method's, such as `messages.sendMessage`.
    method: Option<String>,
}

/// How often an account called a method.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallCount {
    /// 0 for calls before signing in.
    account: i64,
    method: String,
    count: u64,
}

/// How often each method was called.
#[utoipa::path(get, path = "/calls", params(CallsQuery), responses((status = OK, body = [CallCount])))]
pub async fn calls(
    State(shared): State<Shared>,
    Asked(query): Asked<CallsQuery>,
) -> Result<Json<Vec<CallCount>>, Failure> {
    let state = shared.hub.lock();
    let wanted = |(account, method): &(i64, String)| {
        query.account.is_none_or(|wanted| wanted == *account)
            && query.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    };
    let found = state.calls.iter().filter(|(key, _)| wanted(key));
    Ok(Json(
        found
            .map(|((account, method), count)| CallCount {
                account: *account,
                method: method.clone(),
                count: *count,
            })
            .collect(),
    ))
}

/// What of the behaviour can be switched.
#[utoipa::path(get, path = "/settings", responses((status = OK, body = Settings)))]
pub async fn settings(State(shared): State<Shared>) -> Json<Settings> {
    Json(shared.hub.lock().settings.clone())
}

/// Switches behaviour; what is left out goes back to its default.
#[utoipa::path(put, path = "/settings", request_body = Settings, responses(
    (status = OK, body = Settings), (status = "4XX", body = ErrorBody)))]
pub async fn change_settings(
    State(shared): State<Shared>,
    Body(settings): Body<Settings>,
) -> Result<Json<Settings>, Failure> {
    shared.hub.lock().set_settings(settings.clone());
    Ok(Json(settings))
}
