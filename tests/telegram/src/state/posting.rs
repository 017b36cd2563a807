//! Accepting messages: ids, `pts`, mentions, the ledger, and who is told.

use std::collections::{BTreeMap, BTreeSet};

use grammers_tl_types::{enums, types};

use super::{Chat, Event, Forward, LinkId, Media, Message, Peer, Seen, Service, State};
use crate::clock;

/// A message on its way in.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Who writes.
    pub from: i64,
    /// Where.
    pub chat: Chat,
    /// The text or caption.
    pub text: String,
    /// Formatting that the client gave.
    pub entities: Vec<enums::MessageEntity>,
    /// The message that it answers.
    pub reply_to: Option<usize>,
    /// The client's number for it; 0 for none.
    pub random_id: i64,
    /// A photo or document.
    pub media: Option<Media>,
    /// The album it belongs to.
    pub grouped_id: Option<i64>,
    /// Where it is forwarded from.
    pub forward: Option<Forward>,
    /// Set for a service message.
    pub service: Option<Service>,
}

impl Draft {
    /// A plain text.
    pub fn text(from: i64, chat: Chat, text: impl Into<String>) -> Self {
        Self {
            from,
            chat,
            text: text.into(),
            entities: Vec::new(),
            reply_to: None,
            random_id: 0,
            media: None,
            grouped_id: None,
            forward: None,
            service: None,
        }
    }

    /// A service message.
    pub fn service(from: i64, chat: Chat, service: Service) -> Self {
        Self { service: Some(service), ..Self::text(from, chat, "") }
    }
}

impl State {
    /// The message that an account sent to a chat under this `random_id`.
    pub fn sent_before(&self, from: i64, chat: Chat, random_id: i64) -> Option<usize> {
        self.random_ids.get(&(from, chat, random_id)).copied()
    }

    /// Counts that a `random_id` came again.
    pub fn count_repeat(&mut self, index: usize) {
        self.messages[index].repeats += 1;
        self.note_change();
    }

    /// Accepts a message and tells everyone in the chat, but for one connection, which gets it as an answer.
    ///
    /// The caller has checked that the sender may write there.
    pub fn post(&mut self, draft: Draft, except: Option<LinkId>) -> usize {
        let index = self.messages.len();
        // The clock may stand still or go back; the ledger's times do not.
        let time_ms = clock::now_ms().max(self.messages.last().map_or(0, |message| message.time_ms));
        let sequence = draft.service.is_none().then(|| self.ledger.len() as u64 + 1);
        let mut entities = draft.entities;
        if draft.service.is_none() {
            add_mentions(&draft.text, &mut entities);
        }
        let mentioned = self.mentioned(draft.from, draft.chat, &draft.text, &entities, draft.reply_to);

        let (mut ids, mut group_id) = (BTreeMap::new(), None);
        let people = self.people(draft.chat);
        match draft.chat {
            Chat::Group(dialog) if draft.chat.is_super() => {
                group_id = Some(self.group_mut(dialog).inbox.add(index, draft.chat, time_ms));
            }
            _ => {
                for person in &people {
                    ids.insert(*person, self.account_mut(*person).inbox.add(index, draft.chat, time_ms));
                }
            }
        }
        if draft.random_id != 0 {
            self.random_ids.insert((draft.from, draft.chat, draft.random_id), index);
        }
        self.messages.push(Message {
            sequence,
            chat: draft.chat,
            from: draft.from,
            time_ms,
            text: draft.text,
            entities,
            reply_to: draft.reply_to,
            random_id: draft.random_id,
            media: draft.media,
            grouped_id: draft.grouped_id,
            forward: draft.forward,
            edited_ms: None,
            deleted: false,
            repeats: 0,
            ids,
            group_id,
            mentioned,
            reactions: BTreeMap::new(),
            service: draft.service,
        });
        if sequence.is_some() {
            self.ledger.push(index);
        }
        for person in people {
            if let Some(update) = self.arrival(person, index) {
                self.tell(person, index, update, except);
            }
        }
        self.note_change();
        index
    }

    /// Who is in a chat now.
    pub fn people(&self, chat: Chat) -> Vec<i64> {
        match chat {
            Chat::Direct(a, b) if a == b => vec![a],
            Chat::Direct(a, b) => vec![a, b],
            Chat::Group(dialog) => self.group(dialog).present().collect(),
        }
    }

    /// The update by which `viewer` learns of a message.
    pub fn arrival(&self, viewer: i64, index: usize) -> Option<enums::Update> {
        let pts = self.messages[index].pts_for(viewer)?;
        let message = self.message(viewer, index);
        Some(if self.messages[index].chat.is_super() {
            types::UpdateNewChannelMessage { message, pts, pts_count: 1 }.into()
        } else {
            types::UpdateNewMessage { message, pts, pts_count: 1 }.into()
        })
    }

    /// Pushes an update that speaks of a message.
    pub fn tell(&mut self, viewer: i64, index: usize, update: enums::Update, except: Option<LinkId>) {
        if self.settings.short_updates
            && let Some(short) = Self::short(viewer, &update)
        {
            self.push(viewer, &short, except);
            return;
        }
        let seen = self.seen(index);
        self.push_update(viewer, update, seen, except);
    }

    /// All that a message speaks of.
    pub fn seen(&self, index: usize) -> Seen {
        let mut seen = Seen::default();
        seen.add_message(&self.messages[index]);
        seen
    }

    /// The short form that Telegram gives plain texts outside of supergroups, without peers.
    ///
    /// Source: <https://core.telegram.org/api/updates#updates-sequence>, `updateShortMessage`.
    fn short(viewer: i64, update: &enums::Update) -> Option<enums::Updates> {
        let enums::Update::NewMessage(types::UpdateNewMessage {
            message: enums::Message::Message(message),
            pts,
            pts_count,
        }) = update
        else {
            return None;
        };
        if message.media.is_some() || message.fwd_from.is_some() {
            return None;
        }
        let (id, pts, pts_count, date) = (message.id, *pts, *pts_count, message.date);
        let sender = match message.from_id {
            Some(enums::Peer::User(ref user)) => user.user_id,
            _ => viewer,
        };
        let text = message.message.clone();
        let (entities, reply_to) = (message.entities.clone(), message.reply_to.clone());
        Some(match message.peer_id {
            enums::Peer::User(ref peer) => types::UpdateShortMessage {
                out: message.out,
                mentioned: message.mentioned,
                media_unread: false,
                silent: false,
                id,
                user_id: peer.user_id,
                message: text,
                pts,
                pts_count,
                date,
                fwd_from: None,
                via_bot_id: None,
                reply_to,
                entities,
                ttl_period: None,
            }
            .into(),
            enums::Peer::Chat(ref peer) => types::UpdateShortChatMessage {
                out: message.out,
                mentioned: message.mentioned,
                media_unread: false,
                silent: false,
                id,
                from_id: sender,
                chat_id: peer.chat_id,
                message: text,
                pts,
                pts_count,
                date,
                fwd_from: None,
                via_bot_id: None,
                reply_to,
                entities,
                ttl_period: None,
            }
            .into(),
            enums::Peer::Channel(_) => return None,
        })
    }

    /// Changes a message's text and tells everyone, but for one connection.
    pub fn edit(
        &mut self,
        index: usize,
        text: String,
        entities: Vec<enums::MessageEntity>,
        except: Option<LinkId>,
    ) {
        let time_ms = clock::now_ms();
        let mut entities = entities;
        add_mentions(&text, &mut entities);
        let (from, chat, reply_to) = {
            let message = &self.messages[index];
            (message.from, message.chat, message.reply_to)
        };
        let mentioned = self.mentioned(from, chat, &text, &entities, reply_to);
        let message = &mut self.messages[index];
        message.text = text;
        message.entities = entities;
        message.mentioned = mentioned;
        message.edited_ms = Some(time_ms);
        let holders: Vec<i64> = message.ids.keys().copied().collect();
        match chat {
            Chat::Group(dialog) if chat.is_super() => {
                let pts = self.group_mut(dialog).inbox.record(1, time_ms, Event::Edited(index));
                for person in self.people(chat) {
                    let message = self.message(person, index);
                    let update = types::UpdateEditChannelMessage { message, pts, pts_count: 1 }.into();
                    self.tell(person, index, update, except);
                }
            }
            _ => {
                for person in holders {
                    let pts = self.account_mut(person).inbox.record(1, time_ms, Event::Edited(index));
                    let message = self.message(person, index);
                    let update = types::UpdateEditMessage { message, pts, pts_count: 1 }.into();
                    self.tell(person, index, update, except);
                }
            }
        }
        self.note_change();
    }

    /// Sets somebody's reactions to a message and tells everyone, but for one connection.
    pub fn react(
        &mut self,
        user: i64,
        index: usize,
        reactions: Vec<enums::Reaction>,
        except: Option<LinkId>,
    ) {
        if reactions.is_empty() {
            self.messages[index].reactions.remove(&user);
        } else {
            self.messages[index].reactions.insert(user, reactions);
        }
        for person in self.people(self.messages[index].chat) {
            if let Some(update) = self.reaction_update(person, index) {
                self.tell(person, index, update, except);
            }
        }
        self.note_change();
    }

    /// The update that tells `viewer` of a message's reactions.
    pub fn reaction_update(&self, viewer: i64, index: usize) -> Option<enums::Update> {
        let message = &self.messages[index];
        let update = types::UpdateMessageReactions {
            peer: message.chat.peer(viewer).tl(),
            msg_id: message.id_for(viewer)?,
            top_msg_id: None,
            saved_peer_id: None,
            reactions: self.reactions(viewer, index),
        };
        Some(update.into())
    }

    /// Who is mentioned: in groups by username or by name, or because the message answers them.
    fn mentioned(
        &self,
        from: i64,
        chat: Chat,
        text: &str,
        entities: &[enums::MessageEntity],
        reply_to: Option<usize>,
    ) -> BTreeSet<i64> {
        let Chat::Group(dialog) = chat else { return BTreeSet::new() };
        let by_name = entities.iter().filter_map(|entity| match entity {
            enums::MessageEntity::MentionName(mention) => Some(mention.user_id),
            _ => None,
        });
        let by_username = usernames(text).filter_map(|(.., name)| match self.peer_of_username(name)? {
            Peer::User(user) => Some(user),
            Peer::Basic(_) | Peer::Super(_) => None,
        });
        let mut mentioned: BTreeSet<i64> = by_name.chain(by_username).collect();
        mentioned.extend(reply_to.map(|answered| self.messages[answered].from));
        mentioned.retain(|user| *user != from && self.group(dialog).has(*user));
        mentioned
    }
}

/// Adds an entity for each `@username` that the client has not marked itself.
fn add_mentions(text: &str, entities: &mut Vec<enums::MessageEntity>) {
    for (offset, length, _) in usernames(text) {
        let there = entities.iter().any(
            |entity| matches!(entity, enums::MessageEntity::Mention(mention) if mention.offset == offset),
        );
        if !there {
            entities.push(types::MessageEntityMention { offset, length }.into());
        }
    }
    // Mentions that the client marked, but that are no usernames of the text, are not Telegram's either.
    let found: BTreeSet<i32> = usernames(text).map(|(offset, ..)| offset).collect();
    entities.retain(|entity| {
        !matches!(entity, enums::MessageEntity::Mention(mention) if !found.contains(&mention.offset))
    });
}

/// The usernames in a text after an `@`, with the offset and length of each in UTF-16 units, the `@` included.
fn usernames(text: &str) -> impl Iterator<Item = (i32, i32, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices('@').filter_map(move |(at, _)| {
        // Not in the middle of a word, as in an e-mail address.
        if text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let rest = &text[at + 1..];
        let name = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let offset = i32::try_from(text[..at].encode_utf16().count()).ok()?;
        let length = i32::try_from(name.len()).ok()? + 1;
        super::account::is_username(name).then_some((offset, length, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_found_with_offsets_in_utf16() {
        let check = |text: &str, expected: &[(i32, i32, &str)]| {
            assert_eq!(usernames(text).collect::<Vec<_>>(), expected, "{text}");
        };
        check("hi @anna_k!", &[(3, 7, "anna_k")]);
        check("😀 @anna", &[(3, 5, "anna")]);
        check("(@anna),@boris", &[(1, 5, "anna"), (8, 6, "boris")]);
        check("mail a@example.com, @ab, @1abc", &[]);
        check("привет @anna", &[(7, 5, "anna")]);
    }
}
