//! `help.*`: configuration. Source: <https://core.telegram.org/api/config>.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{clock, error::RpcResult, state::config};

impl Call<'_> {
    pub(super) fn get_config(&mut self, _: f::help::GetConfig) -> RpcResult<enums::Config> {
        Ok(config(self.address))
    }

    pub(super) fn get_nearest_dc(&mut self, _: f::help::GetNearestDc) -> RpcResult<enums::NearestDc> {
        Ok(types::NearestDc { country: "NL".into(), this_dc: crate::DC, nearest_dc: crate::DC }.into())
    }

    pub(super) fn get_app_config(&mut self, _: f::help::GetAppConfig) -> RpcResult<enums::help::AppConfig> {
        let config = types::JsonObject { value: Vec::new() }.into();
        Ok(types::help::AppConfig { hash: 1, config }.into())
    }

    pub(super) fn get_promo_data(&mut self, _: f::help::GetPromoData) -> RpcResult<enums::help::PromoData> {
        Ok(types::help::PromoDataEmpty { expires: clock::now() + 3600 }.into())
    }

    pub(super) fn get_terms_update(
        &mut self,
        _: f::help::GetTermsOfServiceUpdate,
    ) -> RpcResult<enums::help::TermsOfServiceUpdate> {
        Ok(types::help::TermsOfServiceUpdateEmpty { expires: clock::now() + 3600 }.into())
    }
}
