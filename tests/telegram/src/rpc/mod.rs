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
    /// A transport error, and no connection any more.
    TransportError(i32),
    /// A `bad_msg_notification` of this code.
    BadMessage(i32),
    /// Another server salt, and a `bad_server_salt`.
    NewSalt,
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
            Some(FaultKind::TransportError { code }) => Outcome::TransportError(code),
            Some(FaultKind::BadMessage { code }) => Outcome::BadMessage(code),
            Some(FaultKind::NewSalt) => Outcome::NewSalt,
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
            if wire::nests_too_deep(&body) {
                return Err(RpcError::bad("INPUT_FETCH_ERROR"));
            }
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

    /// Whose connection it is, where bots may not call.
    ///
    /// # Errors
    /// Nobody signed in with this key, or a bot did.
    fn person(&self) -> RpcResult<i64> {
        let viewer = self.viewer()?;
        if self.state.account(viewer).is_bot() {
            return Err(RpcError::bad("BOT_METHOD_INVALID"));
        }
        Ok(viewer)
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

macro_rules! table {
    ($($method:path => $run:expr,)*) => {
        impl Call<'_> {
            /// Carries out the method of this constructor.
            fn dispatch(&mut self, id: u32, rest: &[u8]) -> RpcResult<Vec<u8>> {
                match id {
                    $(<$method>::CONSTRUCTOR_ID => self.on::<$method>(rest, $run),)*
                    _ => Err(self.unknown(id)),
                }
            }
        }

        /// The constructors of all methods that are known.
        #[cfg(test)]
        const KNOWN: &[u32] = &[$(<$method>::CONSTRUCTOR_ID),*];
    };
}

table! {
    f::help::GetConfig => Call::get_config,
    f::help::GetNearestDc => Call::get_nearest_dc,
    f::help::GetAppConfig => Call::get_app_config,
    f::help::GetPromoData => Call::get_promo_data,
    f::help::GetTermsOfServiceUpdate => Call::get_terms_update,
    f::auth::SendCode => Call::send_code,
    f::auth::ResendCode => Call::resend_code,
    f::auth::CancelCode => Call::cancel_code,
    f::auth::SignIn => Call::sign_in,
    f::auth::SignUp => Call::sign_up,
    f::auth::CheckPassword => Call::check_password,
    f::auth::ImportBotAuthorization => Call::import_bot,
    f::auth::LogOut => Call::log_out,
    f::auth::ExportAuthorization => Call::export_authorization,
    f::account::GetPassword => Call::get_password,
    f::account::UpdateStatus => Call::update_status,
    f::account::UpdateProfile => Call::update_profile,
    f::account::GetNotifySettings => Call::get_notify_settings,
    f::account::UpdateNotifySettings => Call::update_notify_settings,
    f::users::GetUsers => Call::get_users,
    f::users::GetFullUser => Call::get_full_user,
    f::photos::GetUserPhotos => Call::get_user_photos,
    f::contacts::ResolveUsername => Call::resolve_username,
    f::contacts::ResolvePhone => Call::resolve_phone,
    f::contacts::ImportContacts => Call::import_contacts,
    f::contacts::GetContacts => Call::get_contacts,
    f::contacts::Search => Call::search_contacts,
    f::updates::GetState => Call::get_state,
    f::updates::GetDifference => Call::get_difference,
    f::updates::GetChannelDifference => Call::get_channel_difference,
    f::messages::SendMessage => Call::send_message,
    f::messages::SendMedia => Call::send_media,
    f::messages::SendMultiMedia => Call::send_multi_media,
    f::messages::UploadMedia => Call::upload_media,
    f::messages::ForwardMessages => Call::forward_messages,
    f::messages::SendReaction => Call::send_reaction,
    f::messages::SetTyping => Call::set_typing,
    f::messages::EditMessage => Call::edit_message,
    f::messages::DeleteMessages => Call::delete_messages,
    f::messages::ReadHistory => Call::read_history,
    f::messages::ReadMessageContents => Call::read_contents,
    f::messages::ReceivedMessages => Call::received_messages,
    f::messages::GetMessages => Call::get_messages,
    f::messages::GetHistory => Call::get_history,
    f::messages::Search => Call::search,
    f::messages::GetDialogs => Call::get_dialogs,
    f::messages::GetPeerDialogs => Call::get_peer_dialogs,
    f::messages::GetPinnedDialogs => Call::get_pinned_dialogs,
    f::messages::GetDialogFilters => Call::get_dialog_filters,
    f::messages::GetPeerSettings => Call::get_peer_settings,
    f::messages::GetChats => Call::get_chats,
    f::messages::GetFullChat => Call::get_full_chat,
    f::messages::AddChatUser => Call::add_chat_user,
    f::messages::DeleteChatUser => Call::delete_chat_user,
    f::channels::GetChannels => Call::get_channels,
    f::channels::GetFullChannel => Call::get_full_channel,
    f::channels::GetMessages => Call::get_channel_messages,
    f::channels::DeleteMessages => Call::delete_channel_messages,
    f::channels::ReadHistory => Call::read_channel_history,
    f::channels::ReadMessageContents => Call::read_channel_contents,
    f::channels::GetParticipant => Call::get_participant,
    f::channels::GetParticipants => Call::get_participants,
    f::channels::JoinChannel => Call::join_channel,
    f::channels::LeaveChannel => Call::leave_channel,
    f::channels::InviteToChannel => Call::invite_to_channel,
    f::upload::SaveFilePart => Call::save_file_part,
    f::upload::SaveBigFilePart => Call::save_big_file_part,
    f::upload::GetFile => Call::get_file,
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

#[cfg(test)]
mod tests;
