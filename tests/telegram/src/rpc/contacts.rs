//! `contacts.*`: finding people and groups. Nobody has contacts here.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    error::{RpcError, RpcResult},
    state::{Peer, Seen, phone_digits},
};

impl Call<'_> {
    fn resolved(&self, viewer: i64, peer: Peer) -> enums::contacts::ResolvedPeer {
        let (users, chats) = self.state.introduced(viewer, Seen::default().with_peer(peer));
        types::contacts::ResolvedPeer { peer: peer.tl(), chats, users }.into()
    }

    pub(super) fn resolve_username(
        &mut self,
        call: f::contacts::ResolveUsername,
    ) -> RpcResult<enums::contacts::ResolvedPeer> {
        let viewer = self.viewer()?;
        let name = call.username.trim_start_matches('@');
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(RpcError::bad("USERNAME_INVALID"));
        }
        let peer = self.state.peer_of_username(name).ok_or(RpcError::bad("USERNAME_NOT_OCCUPIED"))?;
        Ok(self.resolved(viewer, peer))
    }

    pub(super) fn resolve_phone(
        &mut self,
        call: f::contacts::ResolvePhone,
    ) -> RpcResult<enums::contacts::ResolvedPeer> {
        let viewer = self.viewer()?;
        let account = phone_digits(&call.phone).and_then(|digits| self.state.account_of_phone(&digits));
        Ok(self.resolved(viewer, Peer::User(account.ok_or(RpcError::bad("PHONE_NOT_OCCUPIED"))?)))
    }

    /// Finds accounts by phone, without keeping them as contacts.
    pub(super) fn import_contacts(
        &mut self,
        call: f::contacts::ImportContacts,
    ) -> RpcResult<enums::contacts::ImportedContacts> {
        let viewer = self.viewer()?;
        let mut seen = Seen::default();
        let mut imported = Vec::new();
        for contact in call.contacts {
            let enums::InputContact::InputPhoneContact(contact) = contact;
            let account =
                phone_digits(&contact.phone).and_then(|digits| self.state.account_of_phone(&digits));
            if let Some(user_id) = account {
                imported.push(types::ImportedContact { user_id, client_id: contact.client_id }.into());
                seen = seen.with_user(user_id);
            }
        }
        let (users, _) = self.state.introduced(viewer, seen);
        Ok(types::contacts::ImportedContacts {
            imported,
            popular_invites: Vec::new(),
            retry_contacts: Vec::new(),
            users,
        }
        .into())
    }

    pub(super) fn get_contacts(
        &mut self,
        _: f::contacts::GetContacts,
    ) -> RpcResult<enums::contacts::Contacts> {
        self.viewer()?;
        Ok(types::contacts::Contacts { contacts: Vec::new(), saved_count: 0, users: Vec::new() }.into())
    }

    pub(super) fn search_contacts(&mut self, call: f::contacts::Search) -> RpcResult<enums::contacts::Found> {
        let viewer = self.viewer()?;
        let wanted = call.q.trim_start_matches('@').to_lowercase();
        let starts = |name: &Option<String>| {
            name.as_ref().is_some_and(|name| !wanted.is_empty() && name.to_lowercase().starts_with(&wanted))
        };
        let users = self.state.accounts.values().filter(|account| starts(&account.username));
        let groups = self.state.groups.values().filter(|group| starts(&group.username));
        let peers: Vec<Peer> = users
            .map(|account| Peer::User(account.id))
            .chain(groups.map(crate::state::Group::peer))
            .take(usize::try_from(call.limit).unwrap_or(0).min(50))
            .collect();
        let seen = peers.iter().fold(Seen::default(), |seen, peer| seen.with_peer(*peer));
        let (users, chats) = self.state.introduced(viewer, seen);
        let results = peers.into_iter().map(Peer::tl).collect();
        Ok(types::contacts::Found { my_results: Vec::new(), results, chats, users }.into())
    }
}
