//! What a bot does in a chat, as calls to Telegram.

use grammers_session::types::{PeerId, PeerKind};
use grammers_tl_types as tl;
use troupe_types::{ChatId, MessageId};

use super::{CallError, Connection, convert};

/// How many dialogs are asked for when a chat is not known: the newest, so a stranger's first message is among them.
const DIALOGS: i32 = 100;

/// How much of a file is asked for at once. Source: <https://core.telegram.org/api/files#downloading-files>.
const CHUNK: i32 = 512 * 1024;

impl Connection {
    /// Sends a text. The same `random_id` sent again gives the first message once more.
    ///
    /// # Errors
    /// As [`Connection::call`]; after a timeout, repeat it with the same `random_id`.
    pub async fn send_text(
        &self,
        chat: ChatId,
        text: String,
        reply_to: Option<MessageId>,
        random_id: i64,
    ) -> Result<Option<MessageId>, CallError> {
        let request = tl::functions::messages::SendMessage {
            no_webpage: true,
            silent: false,
            background: false,
            clear_draft: false,
            noforwards: false,
            update_stickersets_order: false,
            invert_media: false,
            allow_paid_floodskip: false,
            peer: self.input_peer(chat).await?,
            reply_to: reply_to.map(self::reply_to),
            message: text,
            random_id,
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            allow_paid_stars: None,
            suggested_post: None,
            rich_message: None,
        };
        Ok(sent_id(self.call(&request).await?, random_id))
    }

    /// Forwards `message` of the chat `from` to the chat `to`. The same `random_id` sent again gives the first one once
    /// more.
    ///
    /// # Errors
    /// As [`Connection::call`]; after a timeout, repeat it with the same `random_id`.
    pub async fn forward(
        &self,
        from: ChatId,
        message: MessageId,
        to: ChatId,
        random_id: i64,
    ) -> Result<Option<MessageId>, CallError> {
        let request = tl::functions::messages::ForwardMessages {
            silent: false,
            background: false,
            with_my_score: false,
            drop_author: false,
            drop_media_captions: false,
            from_ephemeral: false,
            noforwards: false,
            allow_paid_floodskip: false,
            from_peer: self.input_peer(from).await?,
            id: vec![message.get()],
            random_id: vec![random_id],
            to_peer: self.input_peer(to).await?,
            top_msg_id: None,
            reply_to: None,
            schedule_date: None,
            schedule_repeat_period: None,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            video_timestamp: None,
            allow_paid_stars: None,
            suggested_post: None,
        };
        Ok(sent_id(self.call(&request).await?, random_id))
    }

    /// Reacts to a message with an emoji, in place of what the account reacted with before.
    ///
    /// # Errors
    /// As [`Connection::call`]; it may be repeated.
    pub async fn react(&self, chat: ChatId, message: MessageId, emoji: &str) -> Result<(), CallError> {
        let request = tl::functions::messages::SendReaction {
            big: false,
            add_to_recent: false,
            peer: self.input_peer(chat).await?,
            msg_id: message.get(),
            reaction: Some(vec![tl::types::ReactionEmoji { emoticon: emoji.to_owned() }.into()]),
        };
        self.call(&request).await?;
        Ok(())
    }

    /// Marks a chat as read up to and with `message`.
    ///
    /// # Errors
    /// As [`Connection::call`]; it may be repeated.
    pub async fn mark_read(&self, chat: ChatId, message: MessageId) -> Result<(), CallError> {
        let max_id = message.get();
        match self.input_peer(chat).await? {
            tl::enums::InputPeer::Channel(channel) => {
                let channel = input_channel(&channel);
                self.call(&tl::functions::channels::ReadHistory { channel, max_id }).await?;
            }
            peer => {
                self.call(&tl::functions::messages::ReadHistory { peer, max_id }).await?;
            }
        }
        Ok(())
    }

    /// Shows the bot as typing, for some six seconds or until it sends.
    ///
    /// # Errors
    /// As [`Connection::call`]; losing it does no harm.
    pub async fn show_typing(&self, chat: ChatId) -> Result<(), CallError> {
        let peer = self.input_peer(chat).await?;
        let action = tl::enums::SendMessageAction::SendMessageTypingAction;
        self.call(&tl::functions::messages::SetTyping { peer, top_msg_id: None, action }).await?;
        Ok(())
    }

    /// Gets the file attached to a message: its bytes and the ending of its name. `None` where there is no file.
    ///
    /// # Errors
    /// As [`Connection::call`]; it may be repeated.
    pub async fn download(
        &self,
        chat: ChatId,
        message: MessageId,
        bytes_max: u64,
    ) -> Result<Option<(Vec<u8>, String)>, CallError> {
        let Some((location, centre, bytes, ending)) = self.file_of(chat, message).await? else {
            return Ok(None);
        };
        if bytes > bytes_max {
            return Ok(None);
        }
        let mut file = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        loop {
            let request = tl::functions::upload::GetFile {
                precise: false,
                cdn_supported: false,
                location: location.clone(),
                offset: i64::try_from(file.len()).unwrap_or(i64::MAX),
                limit: CHUNK,
            };
            let tl::enums::upload::File::File(part) = self.call_in(centre, &request).await? else {
                return Ok(None);
            };
            let ended = part.bytes.len() < usize::try_from(CHUNK).unwrap_or(usize::MAX);
            file.extend(part.bytes);
            // It is larger than was said: half a file is none.
            if u64::try_from(file.len()).unwrap_or(u64::MAX) > bytes_max {
                return Ok(None);
            }
            if ended {
                return Ok(Some((file, ending)));
            }
        }
    }

    /// Where the file attached to a message is: location, data centre, size in bytes, ending.
    async fn file_of(
        &self,
        chat: ChatId,
        message: MessageId,
    ) -> Result<Option<(tl::enums::InputFileLocation, i32, u64, String)>, CallError> {
        let id = vec![tl::types::InputMessageId { id: message.get() }.into()];
        let found = match self.input_peer(chat).await? {
            tl::enums::InputPeer::Channel(channel) => {
                let channel = input_channel(&channel);
                self.call(&tl::functions::channels::GetMessages { channel, id }).await?
            }
            _ => self.call(&tl::functions::messages::GetMessages { id }).await?,
        };
        let messages = match found {
            tl::enums::messages::Messages::Messages(found) => found.messages,
            tl::enums::messages::Messages::Slice(found) => found.messages,
            tl::enums::messages::Messages::ChannelMessages(found) => found.messages,
            tl::enums::messages::Messages::NotModified(_) => Vec::new(),
        };
        let media = messages.into_iter().find_map(|found| match found {
            tl::enums::Message::Message(found) if found.id == message.get() => found.media,
            _ => None,
        });
        Ok(match media {
            Some(tl::enums::MessageMedia::Photo(media)) => match media.photo {
                Some(tl::enums::Photo::Photo(photo)) => {
                    let (thumb_size, bytes) = convert::largest_size(&photo);
                    let location = tl::types::InputPhotoFileLocation {
                        id: photo.id,
                        access_hash: photo.access_hash,
                        file_reference: photo.file_reference,
                        thumb_size,
                    };
                    Some((location.into(), photo.dc_id, bytes, "jpg".to_owned()))
                }
                _ => None,
            },
            Some(tl::enums::MessageMedia::Document(media)) => match media.document {
                Some(tl::enums::Document::Document(document)) => {
                    let bytes = u64::try_from(document.size).unwrap_or_default();
                    let location = tl::types::InputDocumentFileLocation {
                        id: document.id,
                        access_hash: document.access_hash,
                        file_reference: document.file_reference,
                        thumb_size: String::new(),
                    };
                    Some((location.into(), document.dc_id, bytes, "bin".to_owned()))
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// Asks for the newest dialogs, which makes the people and groups in them known, and how far each group is.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn meet_dialogs(&self) -> Result<(), CallError> {
        let (dialogs, users, chats) = match self.call(&newest_dialogs()).await? {
            tl::enums::messages::Dialogs::Dialogs(found) => (found.dialogs, found.users, found.chats),
            tl::enums::messages::Dialogs::Slice(found) => (found.dialogs, found.users, found.chats),
            tl::enums::messages::Dialogs::NotModified(_) => return Ok(()),
        };
        convert::meet(&self.session, &users, &chats);
        for dialog in dialogs {
            if let tl::enums::Dialog::Dialog(tl::types::Dialog {
                peer: tl::enums::Peer::Channel(channel),
                pts: Some(pts),
                ..
            }) = dialog
            {
                self.session.begin_channel(channel.channel_id, pts);
            }
        }
        Ok(())
    }

    /// How the account addresses a chat. Asks for the dialogs if the chat was not met yet: a stranger's first message may
    /// come without what is needed to answer it.
    pub(super) async fn input_peer(&self, chat: ChatId) -> Result<tl::enums::InputPeer, CallError> {
        if let Some(peer) = self.known_input_peer(chat) {
            return Ok(peer);
        }
        // Bot accounts may not ask for dialogs; they address people by their bare ids.
        if self.session.user().is_some_and(|(_, is_bot)| !is_bot) {
            self.meet_dialogs().await?;
        }
        self.known_input_peer(chat).ok_or(CallError::UnknownPeer)
    }

    fn known_input_peer(&self, chat: ChatId) -> Option<tl::enums::InputPeer> {
        let peer = PeerId::from_bot_api_dialog_id(chat.get())?;
        let id = peer.bare_id()?;
        let is_bot = self.session.user().is_some_and(|(_, is_bot)| is_bot);
        let hash = self.session.peer_of(chat).and_then(|known| known.hash).or(is_bot.then_some(0));
        Some(match peer.kind() {
            PeerKind::User => tl::types::InputPeerUser { user_id: id, access_hash: hash? }.into(),
            PeerKind::Chat => tl::types::InputPeerChat { chat_id: id }.into(),
            PeerKind::Channel => tl::types::InputPeerChannel { channel_id: id, access_hash: hash? }.into(),
        })
    }
}

/// Asks for the newest dialogs.
pub(super) const fn newest_dialogs() -> tl::functions::messages::GetDialogs {
    tl::functions::messages::GetDialogs {
        exclude_pinned: false,
        folder_id: None,
        offset_date: 0,
        offset_id: 0,
        offset_peer: tl::enums::InputPeer::Empty,
        limit: DIALOGS,
        hash: 0,
    }
}

fn input_channel(channel: &tl::types::InputPeerChannel) -> tl::enums::InputChannel {
    tl::types::InputChannel { channel_id: channel.channel_id, access_hash: channel.access_hash }.into()
}

/// The message that is answered.
pub(super) fn reply_to(message: MessageId) -> tl::enums::InputReplyTo {
    tl::types::InputReplyToMessage {
        reply_to_msg_id: message.get(),
        top_msg_id: None,
        reply_to_peer_id: None,
        quote_text: None,
        quote_entities: None,
        quote_offset: None,
        monoforum_peer_id: None,
        todo_item_id: None,
        poll_option: None,
    }
    .into()
}

/// The id that a sent message got. `None` where the answer does not tell.
pub(super) fn sent_id(answer: tl::enums::Updates, random_id: i64) -> Option<MessageId> {
    let updates = match answer {
        tl::enums::Updates::UpdateShortSentMessage(sent) => return Some(MessageId::new(sent.id)),
        tl::enums::Updates::Updates(answer) => answer.updates,
        tl::enums::Updates::Combined(answer) => answer.updates,
        tl::enums::Updates::UpdateShort(answer) => vec![answer.update],
        _ => Vec::new(),
    };
    updates.into_iter().find_map(|update| match update {
        tl::enums::Update::MessageId(told) if told.random_id == random_id => Some(MessageId::new(told.id)),
        _ => None,
    })
}
