//! `messages.send…`: writing. Source: <https://core.telegram.org/method/messages.sendMessage>.

use grammers_tl_types::{enums, functions as f, types};

use super::Call;
use crate::{
    crypto,
    error::{RpcError, RpcResult},
    state::{CAPTION_UNITS_MAX, Chat, Draft, Media, Peer, Seen, TEXT_UNITS_MAX},
};

/// How many messages an album has at most.
const ALBUM_MAX: usize = 10;

impl Call<'_> {
    /// The chat that an input names and that the viewer may write to.
    pub(super) fn writable(&self, viewer: i64, input: &enums::InputPeer) -> RpcResult<Chat> {
        let chat = self.state.input_chat(viewer, input)?;
        match chat {
            Chat::Group(dialog) if !self.state.group(dialog).has(viewer) => {
                Err(RpcError::forbidden("CHAT_WRITE_FORBIDDEN"))
            }
            // Telegram's bots cannot write to each other.
            Chat::Direct(a, b)
                if a != b && self.state.account(a).is_bot() && self.state.account(b).is_bot() =>
            {
                Err(RpcError::forbidden("USER_IS_BOT"))
            }
            _ => Ok(chat),
        }
    }

    /// The message that an input wants to be answered.
    pub(super) fn answered(
        &self,
        viewer: i64,
        chat: Chat,
        input: Option<&enums::InputReplyTo>,
    ) -> RpcResult<Option<usize>> {
        let invalid = RpcError::bad("REPLY_MESSAGE_ID_INVALID");
        match input {
            None => Ok(None),
            Some(enums::InputReplyTo::Message(reply)) => {
                self.state.find(viewer, chat, reply.reply_to_msg_id).map(Some).ok_or(invalid)
            }
            Some(_) => Err(invalid),
        }
    }

    /// The message that this `random_id` stands for already.
    ///
    /// # Errors
    /// There is one, and the settings want it to be an error; or the number is 0.
    pub(super) fn repeated(&mut self, viewer: i64, chat: Chat, random_id: i64) -> RpcResult<Option<usize>> {
        if random_id == 0 {
            return Err(RpcError::bad("RANDOM_ID_EMPTY"));
        }
        let Some(index) = self.state.sent_before(viewer, chat, random_id) else { return Ok(None) };
        self.state.count_repeat(index);
        if self.state.settings.random_id_repeat_is_error {
            return Err(RpcError::new(500, "RANDOM_ID_DUPLICATE"));
        }
        Ok(Some(index))
    }

    /// What the sender gets for messages that were accepted.
    pub(super) fn sent(&self, viewer: i64, messages: &[usize]) -> enums::Updates {
        let mut seen = Seen::default();
        let mut updates = Vec::new();
        for &index in messages {
            let message = &self.state.messages[index];
            if let Some(id) = message.id_for(viewer) {
                updates.push(types::UpdateMessageId { id, random_id: message.random_id }.into());
            }
            seen.add_message(message);
        }
        updates.extend(messages.iter().filter_map(|index| self.state.arrival(viewer, *index)));
        self.state.wrap(viewer, updates, seen)
    }

    /// Formatting without the inputs that only a client may give.
    pub(super) fn entities(
        &self,
        viewer: i64,
        entities: Option<Vec<enums::MessageEntity>>,
    ) -> RpcResult<Vec<enums::MessageEntity>> {
        let mut out = Vec::new();
        for entity in entities.unwrap_or_default() {
            out.push(match entity {
                enums::MessageEntity::InputMessageEntityMentionName(mention) => {
                    let user_id = self.state.input_user(viewer, &mention.user_id)?;
                    let (offset, length) = (mention.offset, mention.length);
                    types::MessageEntityMentionName { offset, length, user_id }.into()
                }
                other => other,
            });
        }
        Ok(out)
    }

    pub(super) fn send_message(&mut self, call: f::messages::SendMessage) -> RpcResult<enums::Updates> {
        let viewer = self.viewer()?;
        let chat = self.writable(viewer, &call.peer)?;
        if let Some(index) = self.repeated(viewer, chat, call.random_id)? {
            return Ok(self.sent(viewer, &[index]));
        }
        check_text(&call.message)?;
        if call.schedule_date.is_some() {
            return Err(RpcError::bad("SCHEDULE_DATE_INVALID"));
        }
        let reply_to = self.answered(viewer, chat, call.reply_to.as_ref())?;
        let entities = self.entities(viewer, call.entities)?;
        let (short, without_entities) = (self.state.settings.short_updates, entities.is_empty());
        let random_id = call.random_id;
        let draft = Draft { entities, reply_to, random_id, ..Draft::text(viewer, chat, call.message) };
        let index = self.state.post(draft, Some(self.link));
        if short && without_entities && matches!(chat.peer(viewer), Peer::User(_)) {
            return Ok(self.short_sent(viewer, index));
        }
        Ok(self.sent(viewer, &[index]))
    }

    /// The short form of [`Call::sent`]: <https://core.telegram.org/constructor/updateShortSentMessage>.
    fn short_sent(&self, viewer: i64, index: usize) -> enums::Updates {
        let message = &self.state.messages[index];
        types::UpdateShortSentMessage {
            out: true,
            id: message.id_for(viewer).unwrap_or(0),
            pts: message.pts_for(viewer).unwrap_or(0),
            pts_count: 1,
            date: crate::clock::seconds(message.time_ms),
            media: None,
            entities: (!message.entities.is_empty()).then(|| message.entities.clone()),
            ttl_period: None,
        }
        .into()
    }

    pub(super) fn send_media(&mut self, call: f::messages::SendMedia) -> RpcResult<enums::Updates> {
        let viewer = self.viewer()?;
        let chat = self.writable(viewer, &call.peer)?;
        if let Some(index) = self.repeated(viewer, chat, call.random_id)? {
            return Ok(self.sent(viewer, &[index]));
        }
        check_caption(&call.message)?;
        let reply_to = self.answered(viewer, chat, call.reply_to.as_ref())?;
        let entities = self.entities(viewer, call.entities)?;
        let media = Some(self.take_media(viewer, call.media)?);
        let random_id = call.random_id;
        let draft = Draft { entities, reply_to, random_id, media, ..Draft::text(viewer, chat, call.message) };
        let index = self.state.post(draft, Some(self.link));
        Ok(self.sent(viewer, &[index]))
    }

    /// An album: all of it, or nothing.
    pub(super) fn send_multi_media(
        &mut self,
        call: f::messages::SendMultiMedia,
    ) -> RpcResult<enums::Updates> {
        let viewer = self.viewer()?;
        let chat = self.writable(viewer, &call.peer)?;
        if call.multi_media.is_empty() || call.multi_media.len() > ALBUM_MAX {
            return Err(RpcError::bad("MULTI_MEDIA_TOO_LONG"));
        }
        let reply_to = self.answered(viewer, chat, call.reply_to.as_ref())?;
        let grouped_id = Some(i64::from_le_bytes(crypto::random()) | 1);
        let mut drafts: Vec<Result<usize, Draft>> = Vec::new();
        for single in call.multi_media {
            let enums::InputSingleMedia::Media(single) = single;
            if let Some(index) = self.repeated(viewer, chat, single.random_id)? {
                drafts.push(Ok(index));
                continue;
            }
            check_caption(&single.message)?;
            let entities = self.entities(viewer, single.entities)?;
            let media: Media = self.take_media(viewer, single.media)?;
            drafts.push(Err(Draft {
                entities,
                reply_to,
                random_id: single.random_id,
                media: Some(media),
                grouped_id,
                ..Draft::text(viewer, chat, single.message)
            }));
        }
        let link = Some(self.link);
        let messages: Vec<usize> = drafts
            .into_iter()
            .map(|draft| draft.unwrap_or_else(|draft| self.state.post(draft, link)))
            .collect();
        Ok(self.sent(viewer, &messages))
    }
}

/// Refuses an empty or too long text.
pub(super) fn check_text(text: &str) -> RpcResult<()> {
    if text.trim().is_empty() {
        return Err(RpcError::bad("MESSAGE_EMPTY"));
    }
    check_length(text, TEXT_UNITS_MAX, "MESSAGE_TOO_LONG")
}

/// Refuses a too long caption.
pub(super) fn check_caption(text: &str) -> RpcResult<()> {
    check_length(text, CAPTION_UNITS_MAX, "MEDIA_CAPTION_TOO_LONG")
}

fn check_length(text: &str, units_max: i32, error: &'static str) -> RpcResult<()> {
    let fits = i32::try_from(text.encode_utf16().count()).is_ok_and(|units| units <= units_max);
    if fits { Ok(()) } else { Err(RpcError::bad(error)) }
}
