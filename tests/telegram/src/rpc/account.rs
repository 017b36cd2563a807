//! `account.*`: the password's parameters, status, profile.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    crypto::{self, number},
    error::{RpcError, RpcResult},
    state::notify_settings,
};

impl Call<'_> {
    /// Source: <https://core.telegram.org/api/srp>.
    pub(super) fn get_password(&mut self, _: f::account::GetPassword) -> RpcResult<enums::account::Password> {
        let unregistered = RpcError::unauthorized("AUTH_KEY_UNREGISTERED");
        let key = self.state.link_key(self.link).ok_or(unregistered.clone())?;
        let account = key.password_pending.or(key.account).ok_or(unregistered)?;
        let kept = self.state.account(account).password.clone();
        let hint = self.state.account(account).password_hint.clone();
        let challenge = kept.as_ref().map(|kept| (i64::from_le_bytes(crypto::random()), kept.challenge()));
        if let Some(key) = self.state.link_key(self.link) {
            key.challenge.clone_from(&challenge);
        }
        let algo = |salt1: &[u8], salt2: &[u8]| -> enums::PasswordKdfAlgo {
            types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
                salt1: salt1.to_vec(),
                salt2: salt2.to_vec(),
                g: 3,
                p: number::bytes_256(number::prime()).to_vec(),
            }
            .into()
        };
        let password = types::account::Password {
            has_recovery: false,
            has_secure_values: false,
            has_password: kept.is_some(),
            current_algo: kept.as_ref().map(|kept| algo(&kept.salt1, &kept.salt2)),
            srp_b: challenge.as_ref().map(|(_, challenge)| challenge.public.to_vec()),
            srp_id: challenge.as_ref().map(|(id, _)| *id),
            hint: hint.filter(|_| kept.is_some()),
            email_unconfirmed_pattern: None,
            new_algo: algo(&crypto::random::<8>(), &crypto::random::<16>()),
            new_secure_algo: enums::SecurePasswordKdfAlgo::Unknown,
            secure_random: crypto::random::<32>().to_vec(),
            pending_reset_date: None,
            login_email_pattern: None,
        };
        Ok(password.into())
    }

    pub(super) fn update_status(&mut self, call: f::account::UpdateStatus) -> RpcResult<bool> {
        let viewer = self.viewer()?;
        self.state.set_online(viewer, !call.offline);
        Ok(true)
    }

    pub(super) fn update_profile(&mut self, call: f::account::UpdateProfile) -> RpcResult<enums::User> {
        let viewer = self.viewer()?;
        if call.first_name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(RpcError::bad("FIRSTNAME_INVALID"));
        }
        if let Some(account) = self.state.accounts.get_mut(&viewer) {
            if let Some(name) = call.first_name {
                account.first_name = name;
            }
            if let Some(name) = call.last_name {
                account.last_name = Some(name).filter(|name| !name.is_empty());
            }
        }
        Ok(self.state.user(viewer, viewer))
    }

    pub(super) fn get_notify_settings(
        &mut self,
        _: f::account::GetNotifySettings,
    ) -> RpcResult<enums::PeerNotifySettings> {
        self.viewer()?;
        Ok(notify_settings())
    }

    pub(super) fn update_notify_settings(&mut self, _: f::account::UpdateNotifySettings) -> RpcResult<bool> {
        self.viewer()?;
        Ok(true)
    }
}
