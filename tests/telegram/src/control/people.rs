//! Accounts, groups, what is said, the ledger.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Shared,
    commands::{MadeUp, Speech, To},
    extract::{Asked, At, Body, ErrorBody, Failure},
    model::{AccountView, ActivityView, GroupView, LedgerEntry, LedgerPage, LedgerQuery},
};
use crate::state::{GroupKind, NewAccount, NewGroup};

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBody {
    /// In international form; made up if absent. Not for bots.
    phone: Option<String>,
    first_name: String,
    last_name: Option<String>,
    /// Without the `@`.
    username: Option<String>,
    /// The second factor.
    password: Option<String>,
    password_hint: Option<String>,
    /// A bot signs in by the token that comes back.
    #[serde(default)]
    bot: bool,
    /// Such as `en`.
    language: Option<String>,
}

/// Creates a person or a bot.
#[utoipa::path(post, path = "/accounts", request_body = AccountBody, responses(
    (status = CREATED, body = AccountView), (status = "4XX", body = ErrorBody)))]
pub async fn create_account(
    State(shared): State<Shared>,
    Body(body): Body<AccountBody>,
) -> Result<(StatusCode, Json<AccountView>), Failure> {
    let new = NewAccount {
        phone: body.phone,
        first_name: body.first_name,
        last_name: body.last_name,
        username: body.username,
        password: body.password,
        password_hint: body.password_hint,
        bot: body.bot,
        language: body.language,
    };
    Ok((StatusCode::CREATED, Json(shared.hub.create_account(new)?)))
}

/// All accounts.
#[utoipa::path(get, path = "/accounts", responses((status = OK, body = [AccountView])))]
pub async fn accounts(State(shared): State<Shared>) -> Json<Vec<AccountView>> {
    Json(shared.hub.lock().accounts.values().map(AccountView::of).collect())
}

/// A login code.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeBody {
    /// Five digits.
    code: String,
}

/// The latest login code of an account.
#[utoipa::path(get, path = "/accounts/{id}/code", params(("id" = i64, Path)), responses(
    (status = OK, body = CodeBody), (status = "4XX", body = ErrorBody)))]
pub async fn code(State(shared): State<Shared>, At(id): At<i64>) -> Result<Json<CodeBody>, Failure> {
    Ok(Json(CodeBody { code: shared.hub.code(id)? }))
}

/// The kinds of group.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindBody {
    /// A basic group.
    Basic,
    /// A supergroup.
    Super,
}

/// A new group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupBody {
    title: String,
    kind: KindBody,
    /// User ids; the first one is the creator.
    members: Vec<i64>,
    /// Without the `@`; makes a supergroup public.
    username: Option<String>,
}

/// Creates a group.
#[utoipa::path(post, path = "/groups", request_body = GroupBody, responses(
    (status = CREATED, body = GroupView), (status = "4XX", body = ErrorBody)))]
pub async fn create_group(
    State(shared): State<Shared>,
    Body(body): Body<GroupBody>,
) -> Result<(StatusCode, Json<GroupView>), Failure> {
    let kind = match body.kind {
        KindBody::Basic => GroupKind::Basic,
        KindBody::Super => GroupKind::Super,
    };
    let new = NewGroup { title: body.title, kind, members: body.members, username: body.username };
    Ok((StatusCode::CREATED, Json(shared.hub.create_group(new)?)))
}

/// All groups.
#[utoipa::path(get, path = "/groups", responses((status = OK, body = [GroupView])))]
pub async fn groups(State(shared): State<Shared>) -> Json<Vec<GroupView>> {
    Json(shared.hub.lock().groups.values().map(GroupView::of).collect())
}

/// One group.
#[utoipa::path(get, path = "/groups/{id}", params(("id" = i64, Path)), responses(
    (status = OK, body = GroupView), (status = "4XX", body = ErrorBody)))]
pub async fn group(State(shared): State<Shared>, At(id): At<i64>) -> Result<Json<GroupView>, Failure> {
    Ok(Json(shared.hub.lock().existing_group(id).map(GroupView::of)?))
}

/// Who joins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberBody {
    /// The user id.
    user: i64,
}

/// Adds an account to a group.
#[utoipa::path(post, path = "/groups/{id}/members", request_body = MemberBody, params(("id" = i64, Path)),
    responses((status = OK, body = GroupView), (status = "4XX", body = ErrorBody)))]
pub async fn add_member(
    State(shared): State<Shared>,
    At(id): At<i64>,
    Body(body): Body<MemberBody>,
) -> Result<Json<GroupView>, Failure> {
    Ok(Json(shared.hub.add_member(id, body.user)?))
}

/// Takes an account out of a group.
#[utoipa::path(delete, path = "/groups/{id}/members/{user}", params(("id" = i64, Path), ("user" = i64, Path)),
    responses((status = OK, body = GroupView), (status = "4XX", body = ErrorBody)))]
pub async fn remove_member(
    State(shared): State<Shared>,
    At((id, user)): At<(i64, i64)>,
) -> Result<Json<GroupView>, Failure> {
    Ok(Json(shared.hub.remove_member(id, user)?))
}

/// A photo to make up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhotoBody {
    /// How many bytes it has, at least those of a tiny JPEG.
    bytes: usize,
}

/// A document to make up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentBody {
    /// How many bytes it has.
    bytes: usize,
    /// Such as `application/pdf`.
    mime: String,
    /// The file name.
    name: String,
}

/// What a simulated person says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageBody {
    /// Who, by user id.
    from: i64,
    /// Where: `{"user": id}` or `{"group": dialog id}`.
    to: To,
    /// The text, or the caption.
    #[serde(default)]
    text: String,
    /// The ledger number of the message to answer.
    reply_to: Option<u64>,
    /// A photo to attach.
    photo: Option<PhotoBody>,
    /// A document to attach.
    document: Option<DocumentBody>,
}

/// Lets a simulated person speak, without any client.
#[utoipa::path(post, path = "/messages", request_body = MessageBody, responses(
    (status = CREATED, body = LedgerEntry), (status = "4XX", body = ErrorBody)))]
pub async fn speak(
    State(shared): State<Shared>,
    Body(body): Body<MessageBody>,
) -> Result<(StatusCode, Json<LedgerEntry>), Failure> {
    let file = match (body.photo, body.document) {
        (None, None) => None,
        (Some(photo), None) => Some(MadeUp::Photo(photo.bytes)),
        (None, Some(DocumentBody { bytes, mime, name })) => Some(MadeUp::Document { bytes, mime, name }),
        (Some(_), Some(_)) => {
            let text = "a message has a photo or a document: send two messages".into();
            return Err(Failure(StatusCode::BAD_REQUEST, text));
        }
    };
    let speech = Speech { from: body.from, to: body.to, text: body.text, reply_to: body.reply_to, file };
    Ok((StatusCode::CREATED, Json(shared.hub.speak(speech)?)))
}

/// A new text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextBody {
    text: String,
}

/// Changes a message's text, as its author would.
#[utoipa::path(post, path = "/messages/{sequence}/edit", request_body = TextBody, params(("sequence" = u64, Path)),
    responses((status = OK, body = LedgerEntry), (status = "4XX", body = ErrorBody)))]
pub async fn edit(
    State(shared): State<Shared>,
    At(sequence): At<u64>,
    Body(body): Body<TextBody>,
) -> Result<Json<LedgerEntry>, Failure> {
    Ok(Json(shared.hub.edit(sequence, body.text)?))
}

/// Deletes a message for everyone.
#[utoipa::path(delete, path = "/messages/{sequence}", params(("sequence" = u64, Path)), responses(
    (status = OK, body = LedgerEntry), (status = "4XX", body = ErrorBody)))]
pub async fn delete(
    State(shared): State<Shared>,
    At(sequence): At<u64>,
) -> Result<Json<LedgerEntry>, Failure> {
    Ok(Json(shared.hub.delete(sequence)?))
}

/// Every message ever accepted, oldest first; waits for the next one if asked to.
#[utoipa::path(get, path = "/ledger", params(LedgerQuery), responses(
    (status = OK, body = LedgerPage), (status = "4XX", body = ErrorBody)))]
pub async fn ledger(
    State(shared): State<Shared>,
    Asked(query): Asked<LedgerQuery>,
) -> Result<Json<LedgerPage>, Failure> {
    Ok(Json(shared.hub.ledger(&query).await?))
}

/// Whose activity is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// Only this account's.
    account: Option<i64>,
    /// Only in this chat: a user id or a group's dialog id.
    chat: Option<i64>,
}

/// Typing and reading that clients did, oldest first.
#[utoipa::path(get, path = "/activity", params(ActivityQuery), responses((status = OK, body = [ActivityView])))]
pub async fn activity(
    State(shared): State<Shared>,
    Asked(query): Asked<ActivityQuery>,
) -> Result<Json<Vec<ActivityView>>, Failure> {
    let state = shared.hub.lock();
    let wanted = |view: &ActivityView| {
        query.account.is_none_or(|account| account == view.account)
            && query.chat.is_none_or(|chat| chat == view.chat)
    };
    Ok(Json(state.activity.iter().map(ActivityView::of).filter(wanted).collect()))
}
