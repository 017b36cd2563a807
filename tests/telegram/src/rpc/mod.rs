//! Calls of API methods: unwrapping, faults, and the table of what is known.

#![expect(
    clippy::needless_pass_by_value,
    reason = "one shape for all methods: the table hands each its arguments"
)]
#![expect(clippy::unused_self, reason = "one shape for all methods: most of them need it")]
#![expect(clippy::unnecessary_wraps, reason = "one shape for all methods: most of them can refuse")]

mod account;
mod auth;
mod channels;
mod contacts;
mod edit;
mod forward;
mod help;
mod history;
mod media;
mod messages;
mod updates;
mod upload;
mod users;

use std::net::SocketAddr;

use grammers_tl_types::{
    Cursor, Deserializable, Identifiable, RemoteCall, Serializable, deserialize, functions as f, name_for_id,
};

use crate::{
    clock,
    error::{RpcError, RpcResult},
    faults::FaultKind,
    state::{Fingerprint, KeyFate, LinkId, State},
    wire,
};

/// One call: whose connection it comes from, and all that it may change.
pub struct Call<'a> {
    /// Everything.
    pub state: &'a mut State,
    /// The connection.
    pub link: LinkId,
    /// The emulator's own MTProto address.
    pub address: SocketAddr,
}

/// What becomes of a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This answer, now.
    Answer(Vec<u8>),
    /// This answer, after so many milliseconds.
    Late(u64, Vec<u8>),
    /// No answer.
    Silence,
    /// No answer, and no connection any more.
    Hangup,
}

/// What a wrapper has inside: all bytes that are left.
struct Rest(Vec<u8>);

impl Deserializable for Rest {
    fn deserialize(cursor: &mut Cursor<'_>) -> deserialize::Result<Self> {
        let mut rest = Vec::new();
        cursor.read_to_end(&mut rest)?;
        Ok(Self(rest))
    }
}

impl Call<'_> {
    /// Carries out a call and gives its answer, already wrapped as `rpc_result`.
    pub fn run(&mut self, request: i64, body: &[u8]) -> Outcome {
        if let Some(answer) = self.state.answer_to(self.link, request) {
            return Outcome::Answer(answer);
        }
        let unwrapped = self.unwrap(body);
        let body = match unwrapped {
            Ok(body) => body,
            Err(error) => return Outcome::Answer(refusal(request, &error)),
        };
        let id = wire::constructor(&body).unwrap_or(0);
        let account = self.state.link_account(self.link);
        let name = method_name(id);
        *self.state.calls.entry((account.unwrap_or(0), name.clone())).or_default() += 1;
        match self.state.faults.fire(account, &name, clock::now_ms()) {
            None => Outcome::Answer(self.answer(request, id, &body)),
            Some(FaultKind::Error { code, name }) => {
                Outcome::Answer(refusal(request, &RpcError::new(code, name)))
            }
            // Told to the caller as an error already.
            Some(FaultKind::FloodWait { .. }) => Outcome::Silence,
            Some(FaultKind::DropBefore) => Outcome::Hangup,
            Some(FaultKind::DropAfter) => {
                self.answer(request, id, &body);
                Outcome::Hangup
            }
            Some(FaultKind::NoReply) => {
                self.answer(request, id, &body);
                Outcome::Silence
            }
            Some(FaultKind::Delay { ms }) => Outcome::Late(ms, self.answer(request, id, &body)),
        }
    }

    fn answer(&mut self, request: i64, id: u32, body: &[u8]) -> Vec<u8> {
        let result = self.dispatch(id, &body[4.min(body.len())..]);
        let answer = match result {
            Ok(result) if self.state.settings.gzip_answers => {
                wire::rpc_result(request, &wire::zipped(result))
            }
            Ok(result) => wire::rpc_result(request, &result),
            Err(error) => {
                tracing::debug!(method = method_name(id), %error, "call refused");
                refusal(request, &error)
            }
        };
        self.state.remember_answer(self.link, request, answer.clone());
        answer
    }

    /// Takes off what wraps a call, and heeds it.
    ///
    /// Source: <https://core.telegram.org/api/invoking>.
    fn unwrap(&mut self, body: &[u8]) -> RpcResult<Vec<u8>> {
        /// More wrappers than clients use, few enough to end soon.
        const DEPTH_MAX: usize = 8;
        let malformed = |_| RpcError::bad("INPUT_FETCH_ERROR");
        let mut body = body.to_vec();
        let mut updates = true;
        let mut fingerprint = None;
        for _ in 0..DEPTH_MAX {
            let rest = body.get(4..).unwrap_or_default();
            let Rest(inner) = match wire::constructor(&body) {
                Some(f::InvokeWithLayer::<Rest>::CONSTRUCTOR_ID) => {
                    f::InvokeWithLayer::<Rest>::from_bytes(rest).map_err(malformed)?.query
                }
                Some(f::InitConnection::<Rest>::CONSTRUCTOR_ID) => {
                    let call = f::InitConnection::<Rest>::from_bytes(rest).map_err(malformed)?;
                    fingerprint =
                        Some(Fingerprint { device: call.device_model, app_version: call.app_version });
                    call.query
                }
                Some(f::InvokeWithoutUpdates::<Rest>::CONSTRUCTOR_ID) => {
                    updates = false;
                    f::InvokeWithoutUpdates::<Rest>::from_bytes(rest).map_err(malformed)?.query
                }
                // Calls of one connection are carried out in order anyway.
                Some(f::InvokeAfterMsg::<Rest>::CONSTRUCTOR_ID) => {
                    f::InvokeAfterMsg::<Rest>::from_bytes(rest).map_err(malformed)?.query
                }
                Some(f::InvokeAfterMsgs::<Rest>::CONSTRUCTOR_ID) => {
                    f::InvokeAfterMsgs::<Rest>::from_bytes(rest).map_err(malformed)?.query
                }
                _ if wire::is_zipped(&body) => {
                    Rest(wire::unzip(rest).map_err(|_| RpcError::bad("INPUT_FETCH_ERROR"))?)
                }
                _ => {
                    self.admit(updates, fingerprint)?;
                    return Ok(body);
                }
            };
            body = inner;
        }
        Err(RpcError::bad("INPUT_METHOD_INVALID"))
    }

    /// Refuses keys that died, notes how the client introduced itself and whether it wants updates.
    fn admit(&mut self, updates: bool, fingerprint: Option<Fingerprint>) -> RpcResult<()> {
        if let Some(KeyFate::Refused(error)) = self.state.link_key(self.link).map(|key| key.fate.clone()) {
            return Err(error);
        }
        // A connection without updates serves files: Telegram lets it run beside the main one.
        if let (true, Some(fingerprint)) = (updates, fingerprint) {
            self.state.introduce(self.link, &fingerprint)?;
        }
        if updates && let Some(link) = self.state.links.get_mut(&self.link) {
            link.subscribed = true;
        }
        Ok(())
    }

    /// Who calls.
    ///
    /// # Errors
    /// Nobody signed in with this key.
    fn viewer(&self) -> RpcResult<i64> {
        self.state.link_account(self.link).ok_or(RpcError::unauthorized("AUTH_KEY_UNREGISTERED"))
    }

    /// Reads a method's arguments, carries it out, writes its result.
    fn on<F>(&mut self, rest: &[u8], run: fn(&mut Self, F) -> RpcResult<F::Return>) -> RpcResult<Vec<u8>>
    where
        F: Deserializable + RemoteCall,
        F::Return: Serializable,
    {
        let arguments = F::from_bytes(rest).map_err(|_| RpcError::bad("INPUT_FETCH_ERROR"))?;
        run(self, arguments).map(|result| result.to_bytes())
    }

    fn dispatch(&mut self, id: u32, rest: &[u8]) -> RpcResult<Vec<u8>> {
        macro_rules! table {
            ($($method:path => $run:expr,)*) => {
                match id {
                    $(<$method>::CONSTRUCTOR_ID => self.on::<$method>(rest, $run),)*
                    _ => Err(self.unknown(id)),
                }
            };
        }
        table! {
            f::help::GetConfig => Self::get_config,
            f::help::GetNearestDc => Self::get_nearest_dc,
            f::help::GetAppConfig => Self::get_app_config,
            f::help::GetPromoData => Self::get_promo_data,
            f::help::GetTermsOfServiceUpdate => Self::get_terms_update,
            f::auth::SendCode => Self::send_code,
            f::auth::ResendCode => Self::resend_code,
            f::auth::CancelCode => Self::cancel_code,
            f::auth::SignIn => Self::sign_in,
            f::auth::SignUp => Self::sign_up,
            f::auth::CheckPassword => Self::check_password,
            f::auth::ImportBotAuthorization => Self::import_bot,
            f::auth::LogOut => Self::log_out,
            f::auth::ExportAuthorization => Self::export_authorization,
            f::account::GetPassword => Self::get_password,
            f::account::UpdateStatus => Self::update_status,
            f::account::UpdateProfile => Self::update_profile,
            f::account::GetNotifySettings => Self::get_notify_settings,
            f::account::UpdateNotifySettings => Self::update_notify_settings,
            f::users::GetUsers => Self::get_users,
            f::users::GetFullUser => Self::get_full_user,
            f::contacts::ResolveUsername => Self::resolve_username,
            f::contacts::ResolvePhone => Self::resolve_phone,
            f::contacts::ImportContacts => Self::import_contacts,
            f::contacts::GetContacts => Self::get_contacts,
            f::contacts::Search => Self::search_contacts,
            f::updates::GetState => Self::get_state,
            f::updates::GetDifference => Self::get_difference,
            f::updates::GetChannelDifference => Self::get_channel_difference,
            f::messages::SendMessage => Self::send_message,
            f::messages::SendMedia => Self::send_media,
            f::messages::SendMultiMedia => Self::send_multi_media,
            f::messages::UploadMedia => Self::upload_media,
            f::messages::ForwardMessages => Self::forward_messages,
            f::messages::SendReaction => Self::send_reaction,
            f::messages::SetTyping => Self::set_typing,
            f::messages::EditMessage => Self::edit_message,
            f::messages::DeleteMessages => Self::delete_messages,
            f::messages::ReadHistory => Self::read_history,
            f::messages::ReadMessageContents => Self::read_contents,
            f::messages::ReceivedMessages => Self::received_messages,
            f::messages::GetMessages => Self::get_messages,
            f::messages::GetHistory => Self::get_history,
            f::messages::Search => Self::search,
            f::messages::GetDialogs => Self::get_dialogs,
            f::messages::GetPeerDialogs => Self::get_peer_dialogs,
            f::messages::GetPinnedDialogs => Self::get_pinned_dialogs,
            f::messages::GetDialogFilters => Self::get_dialog_filters,
            f::messages::GetPeerSettings => Self::get_peer_settings,
            f::messages::GetChats => Self::get_chats,
            f::messages::GetFullChat => Self::get_full_chat,
            f::messages::AddChatUser => Self::add_chat_user,
            f::messages::DeleteChatUser => Self::delete_chat_user,
            f::channels::GetChannels => Self::get_channels,
            f::channels::GetFullChannel => Self::get_full_channel,
            f::channels::GetMessages => Self::get_channel_messages,
            f::channels::DeleteMessages => Self::delete_channel_messages,
            f::channels::ReadHistory => Self::read_channel_history,
            f::channels::ReadMessageContents => Self::read_channel_contents,
            f::channels::GetParticipant => Self::get_participant,
            f::channels::GetParticipants => Self::get_participants,
            f::channels::JoinChannel => Self::join_channel,
            f::channels::LeaveChannel => Self::leave_channel,
            f::channels::InviteToChannel => Self::invite_to_channel,
            f::upload::SaveFilePart => Self::save_file_part,
            f::upload::SaveBigFilePart => Self::save_big_file_part,
            f::upload::GetFile => Self::get_file,
        }
    }

    fn unknown(&self, id: u32) -> RpcError {
        let account = self.state.link_account(self.link);
        tracing::warn!(
            method = method_name(id),
            constructor = format_args!("{id:#010x}"),
            ?account,
            "unknown method"
        );
        RpcError::bad("METHOD_INVALID")
    }
}

fn refusal(request: i64, error: &RpcError) -> Vec<u8> {
    wire::rpc_result(request, &wire::rpc_error(error.code, &error.name))
}

/// A method's TL name, or its constructor if the schema has no such method.
pub fn method_name(id: u32) -> String {
    match name_for_id(id) {
        "(unknown)" => format!("{id:#010x}"),
        name => name.to_owned(),
    }
}
