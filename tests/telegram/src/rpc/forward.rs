//! `messages.forwardMessages`. Source: <https://core.telegram.org/method/messages.forwardMessages>.

use grammers_tl_types::{enums, functions as f};

use super::Call;
use crate::{
    error::{RpcError, RpcResult},
    state::{Draft, Forward},
};

/// How many messages one call forwards at most.
const FORWARD_MAX: usize = 100;

impl Call<'_> {
    pub(super) fn forward_messages(
        &mut self,
        call: f::messages::ForwardMessages,
    ) -> RpcResult<enums::Updates> {
        let viewer = self.viewer()?;
        let from = self.state.input_chat(viewer, &call.from_peer)?;
        let to = self.writable(viewer, &call.to_peer)?;
        if call.id.is_empty() || call.id.len() > FORWARD_MAX {
            return Err(RpcError::bad("MESSAGE_IDS_EMPTY"));
        }
        if call.random_id.len() != call.id.len() {
            return Err(RpcError::bad("RANDOM_ID_INVALID"));
        }
        let mut sent = Vec::new();
        for (id, random_id) in call.id.into_iter().zip(call.random_id) {
            if let Some(index) = self.repeated(viewer, to, random_id)? {
                sent.push(index);
                continue;
            }
            let index = self.state.find(viewer, from, id).ok_or(RpcError::bad("MESSAGE_ID_INVALID"))?;
            let original = &self.state.messages[index];
            if original.service.is_some() || original.deleted {
                return Err(RpcError::bad("MESSAGE_ID_INVALID"));
            }
            // A forward of a forward names the first author.
            let forward = original.forward.clone().unwrap_or(Forward {
                from: original.from,
                time_ms: original.time_ms,
                message: index,
            });
            let dropped = call.drop_media_captions && original.media.is_some();
            let draft = Draft {
                entities: if dropped { Vec::new() } else { original.entities.clone() },
                random_id,
                media: original.media,
                forward: (!call.drop_author).then_some(forward),
                ..Draft::text(viewer, to, if dropped { String::new() } else { original.text.clone() })
            };
            sent.push(self.state.post(draft, Some(self.link)));
        }
        Ok(self.sent(viewer, &sent))
    }
}
