//! `users.*` and `photos.*`.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    error::RpcResult,
    state::{Seen, user_full},
};

impl Call<'_> {
    /// Users with a wrong hash come back empty, as from Telegram.
    pub(super) fn get_users(&mut self, call: f::users::GetUsers) -> RpcResult<Vec<enums::User>> {
        let viewer = self.viewer()?;
        let one = |input: &enums::InputUser| match self.state.input_user(viewer, input) {
            Ok(user) => self.state.user(viewer, user),
            Err(_) => types::UserEmpty { id: named(input) }.into(),
        };
        Ok(call.id.iter().map(one).collect())
    }

    pub(super) fn get_full_user(&mut self, call: f::users::GetFullUser) -> RpcResult<enums::users::UserFull> {
        let viewer = self.viewer()?;
        let user = self.state.input_user(viewer, &call.id)?;
        let (users, chats) = self.state.introduced(viewer, Seen::default().with_user(user));
        Ok(types::users::UserFull { full_user: user_full(user), chats, users }.into())
    }

    /// Nobody has a picture.
    pub(super) fn get_user_photos(
        &mut self,
        call: f::photos::GetUserPhotos,
    ) -> RpcResult<enums::photos::Photos> {
        let viewer = self.viewer()?;
        self.state.input_user(viewer, &call.user_id)?;
        Ok(types::photos::Photos { photos: Vec::new(), users: Vec::new() }.into())
    }
}

fn named(input: &enums::InputUser) -> i64 {
    match input {
        enums::InputUser::User(user) => user.user_id,
        enums::InputUser::FromMessage(from) => from.user_id,
        enums::InputUser::Empty | enums::InputUser::UserSelf => 0,
    }
}
