//! `auth.*`: signing in and out. Source: <https://core.telegram.org/api/auth>.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    clock,
    error::{RpcError, RpcResult},
    state::{LoginCode, phone_digits},
};

impl Call<'_> {
    /// The account of a phone number. Telegram's own answer to an unknown one is to let people sign up; accounts
    /// of the emulator are created through its control API.
    fn account_of_phone(&self, phone: &str) -> RpcResult<i64> {
        let digits = phone_digits(phone).ok_or(RpcError::bad("PHONE_NUMBER_INVALID"))?;
        self.state.account_of_phone(&digits).ok_or(RpcError::bad("PHONE_NUMBER_UNOCCUPIED"))
    }

    fn authorization(&self, account: i64) -> enums::auth::Authorization {
        types::auth::Authorization {
            setup_password_required: false,
            otherwise_relogin_days: None,
            tmp_sessions: None,
            future_auth_token: None,
            user: self.state.user(account, account),
        }
        .into()
    }

    fn code(&mut self, account: i64) -> enums::auth::SentCode {
        let lifetime_ms = self.state.settings.code_lifetime_ms;
        let code = self.state.new_code(account, lifetime_ms);
        types::auth::SentCode {
            r#type: types::auth::SentCodeTypeApp { length: 5 }.into(),
            phone_code_hash: code.hash,
            next_type: None,
            timeout: None,
        }
        .into()
    }

    pub(super) fn send_code(&mut self, call: f::auth::SendCode) -> RpcResult<enums::auth::SentCode> {
        if call.api_id == 0 || call.api_hash.is_empty() {
            return Err(RpcError::bad("API_ID_INVALID"));
        }
        let account = self.account_of_phone(&call.phone_number)?;
        Ok(self.code(account))
    }

    pub(super) fn resend_code(&mut self, call: f::auth::ResendCode) -> RpcResult<enums::auth::SentCode> {
        let account = self.account_of_phone(&call.phone_number)?;
        self.check_hash(account, &call.phone_code_hash)?;
        Ok(self.code(account))
    }

    pub(super) fn cancel_code(&mut self, call: f::auth::CancelCode) -> RpcResult<bool> {
        let account = self.account_of_phone(&call.phone_number)?;
        self.check_hash(account, &call.phone_code_hash)?;
        self.state.spend_code(account);
        Ok(true)
    }

    fn check_hash(&self, account: i64, hash: &str) -> RpcResult<&LoginCode> {
        let code = self.state.account(account).code.as_ref();
        code.filter(|code| code.hash == hash && clock::now_ms() < code.expires_ms)
            .ok_or(RpcError::bad("PHONE_CODE_EXPIRED"))
    }

    pub(super) fn sign_in(&mut self, call: f::auth::SignIn) -> RpcResult<enums::auth::Authorization> {
        let account = self.account_of_phone(&call.phone_number)?;
        let typed =
            call.phone_code.filter(|code| !code.is_empty()).ok_or(RpcError::bad("PHONE_CODE_EMPTY"))?;
        if call.phone_code_hash.is_empty() {
            return Err(RpcError::bad("PHONE_CODE_HASH_EMPTY"));
        }
        let code = self.check_hash(account, &call.phone_code_hash)?;
        if code.code != typed {
            return Err(RpcError::bad("PHONE_CODE_INVALID"));
        }
        self.state.spend_code(account);
        if self.state.account(account).password.is_some() {
            if let Some(key) = self.state.link_key(self.link) {
                key.password_pending = Some(account);
            }
            return Err(RpcError::unauthorized("SESSION_PASSWORD_NEEDED"));
        }
        self.state.sign_in(self.link, Some(account));
        Ok(self.authorization(account))
    }

    /// Nobody can sign up: the control API creates accounts.
    pub(super) fn sign_up(&mut self, call: f::auth::SignUp) -> RpcResult<enums::auth::Authorization> {
        self.account_of_phone(&call.phone_number)?;
        Err(RpcError::bad("PHONE_NUMBER_OCCUPIED"))
    }

    pub(super) fn check_password(
        &mut self,
        call: f::auth::CheckPassword,
    ) -> RpcResult<enums::auth::Authorization> {
        let enums::InputCheckPasswordSrp::Srp(proof) = call.password else {
            return Err(RpcError::bad("PASSWORD_HASH_INVALID"));
        };
        let key = self.state.link_key(self.link).ok_or(RpcError::unauthorized("AUTH_KEY_UNREGISTERED"))?;
        let account =
            key.password_pending.or(key.account).ok_or(RpcError::unauthorized("AUTH_KEY_UNREGISTERED"))?;
        // A wrong password may be tried again with the same challenge: grammers does so.
        let challenge = match &key.challenge {
            Some((id, challenge)) if *id == proof.srp_id => challenge.clone(),
            _ => return Err(RpcError::bad("SRP_ID_INVALID")),
        };
        let verifier = self.state.account(account).password.as_ref();
        if !verifier.is_some_and(|verifier| verifier.proves(&challenge, &proof.a, &proof.m1)) {
            return Err(RpcError::bad("PASSWORD_HASH_INVALID"));
        }
        self.state.sign_in(self.link, Some(account));
        Ok(self.authorization(account))
    }

    pub(super) fn import_bot(
        &mut self,
        call: f::auth::ImportBotAuthorization,
    ) -> RpcResult<enums::auth::Authorization> {
        if call.api_id == 0 || call.api_hash.is_empty() {
            return Err(RpcError::bad("API_ID_INVALID"));
        }
        let token = call.bot_auth_token;
        let bot = self.state.accounts.values().find(|account| account.bot_token.as_ref() == Some(&token));
        let account = bot.ok_or(RpcError::bad("ACCESS_TOKEN_INVALID"))?.id;
        self.state.sign_in(self.link, Some(account));
        Ok(self.authorization(account))
    }

    pub(super) fn log_out(&mut self, _: f::auth::LogOut) -> RpcResult<enums::auth::LoggedOut> {
        self.viewer()?;
        self.state.sign_in(self.link, None);
        Ok(types::auth::LoggedOut { future_auth_token: None }.into())
    }

    /// There is one data centre only.
    pub(super) fn export_authorization(
        &mut self,
        _: f::auth::ExportAuthorization,
    ) -> RpcResult<enums::auth::ExportedAuthorization> {
        self.viewer()?;
        Err(RpcError::bad("DC_ID_INVALID"))
    }
}
