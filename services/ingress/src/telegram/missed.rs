//! What an account missed when that is more than Telegram tells by a difference: read from the histories of its own
//! chats, which are its direct chats and basic groups. Supergroups have differences of their own.
//!
//! What was changed or deleted meanwhile cannot be had.

use std::time::Duration;

use grammers_tl_types as tl;
use tokio::time::timeout;

use super::{CallError, Connection, Trouble, convert, receiver::insist, sending::newest_dialogs};

/// How many messages of one chat are read at most, the newest. Source: <https://core.telegram.org/api/offsets>.
const MESSAGES_MAX: i32 = 100;

/// How many ids are asked for at once, and in all.
/// Source: <https://core.telegram.org/method/messages.getMessages>, which also bot accounts may call.
const IDS_MAX: (i32, i32) = (100, 10_000);

/// How long reading may take. What comes meanwhile waits for it.
const TIME_MAX: Duration = Duration::from_mins(2);

/// The last that was heard in an account's own chats.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// The newest message; 0 if none was heard of yet.
    pub(super) message: i32,
    /// Telegram's clock then, in seconds.
    pub(super) date: i32,
    /// The account's position then.
    pub(super) pts: i32,
}

impl Heard {
    /// Whether a message was written after that. Ids tell it exactly; a date has whole seconds.
    const fn is_before(self, place: &Place) -> bool {
        if self.message > 0 { place.id > self.message } else { place.date >= self.date }
    }
}

/// What could be read.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// In the order in which it was written.
    pub(super) messages: Vec<tl::enums::Message>,
    /// Whether that is all that was written.
    pub(super) complete: bool,
}

/// Reads what was written after `heard`, up to the position `pts`.
///
/// # Errors
/// If the session is no longer accepted, or the connection is broken for good.
pub(super) async fn read(connection: &Connection, heard: Heard, pts: i32) -> Result<Missed, CallError> {
    let mut missed = Missed { complete: true, ..Missed::default() };
    if pts == heard.pts {
        return Ok(missed);
    }
    let is_bot = connection.session.user().is_some_and(|(_, is_bot)| is_bot);
    let found = &mut missed.messages;
    let reading = async {
        if is_bot {
            by_id(connection, heard, pts, found).await
        } else {
            by_chat(connection, heard, found).await
        }
    };
    // Told to wait for longer than that, what was read so far has to do.
    missed.complete = match timeout(TIME_MAX, reading).await {
        Ok(complete) => complete?,
        Err(_) => false,
    };
    // An account counts its messages through all of these chats.
    missed.messages.sort_by_key(|message| Place::of(message).map(|place| place.id));
    Ok(missed)
}

/// Puts what was written after `heard` into `found`, as a bot account may: by its number. Returns whether that is all.
///
/// Each message takes the account's position one further, so there are at most as many as it has moved.
async fn by_id(
    connection: &Connection,
    heard: Heard,
    pts: i32,
    found: &mut Vec<tl::enums::Message>,
) -> Result<bool, CallError> {
    if heard.message == 0 {
        return Ok(false);
    }
    let moved = pts.saturating_sub(heard.pts).max(0);
    let last = heard.message.saturating_add(moved.min(IDS_MAX.1));
    let mut next = heard.message.saturating_add(1);
    while next <= last {
        let end = next.saturating_add(IDS_MAX.0 - 1).min(last);
        let id = (next..=end).map(|id| tl::types::InputMessageId { id }.into()).collect();
        let request = tl::functions::messages::GetMessages { id };
        let Some(page) = page(connection, &request).await? else { return Ok(false) };
        found.extend(page.into_iter().filter(|message| Place::of(message).is_some()));
        next = end.saturating_add(1);
    }
    Ok(moved <= IDS_MAX.1)
}

/// Puts what was written after `heard` into `found`, from the chats' histories. Returns whether that is all.
async fn by_chat(
    connection: &Connection,
    heard: Heard,
    found: &mut Vec<tl::enums::Message>,
) -> Result<bool, CallError> {
    let (dialogs, newest, users, chats, all) = match ask(connection, &newest_dialogs()).await? {
        Some(tl::enums::messages::Dialogs::Dialogs(told)) => {
            (told.dialogs, told.messages, told.users, told.chats, true)
        }
        Some(tl::enums::messages::Dialogs::Slice(told)) => {
            (told.dialogs, told.messages, told.users, told.chats, false)
        }
        Some(tl::enums::messages::Dialogs::NotModified(_)) | None => return Ok(false),
    };
    convert::meet(&connection.session, &users, &chats);
    // The newest come first, so behind one without news there are none with news.
    let mut complete = all || dialogs.iter().any(|dialog| is_behind(dialog, heard));
    for newest in newest.iter().filter_map(Place::of).filter(|newest| heard.is_before(newest)) {
        let Ok(peer) = connection.input_peer(newest.chat).await else {
            complete = false;
            continue;
        };
        let request = tl::functions::messages::GetHistory {
            peer,
            offset_id: 0,
            offset_date: 0,
            add_offset: 0,
            limit: MESSAGES_MAX,
            max_id: 0,
            min_id: heard.message,
            hash: 0,
        };
        let Some(page) = page(connection, &request).await? else {
            complete = false;
            continue;
        };
        let before = found.len();
        let is_new =
            |message: &tl::enums::Message| Place::of(message).is_some_and(|place| heard.is_before(&place));
        found.extend(page.into_iter().filter(is_new));
        complete &= i32::try_from(found.len() - before).is_ok_and(|read| read < MESSAGES_MAX);
    }
    Ok(complete)
}

/// Asks for messages, and takes note of the people in them; `None` if Telegram refuses.
async fn page<R: tl::RemoteCall<Return = tl::enums::messages::Messages>>(
    connection: &Connection,
    request: &R,
) -> Result<Option<Vec<tl::enums::Message>>, CallError> {
    let (messages, users, chats) = match ask(connection, request).await? {
        Some(tl::enums::messages::Messages::Messages(told)) => (told.messages, told.users, told.chats),
        Some(tl::enums::messages::Messages::Slice(told)) => (told.messages, told.users, told.chats),
        _ => return Ok(None),
    };
    convert::meet(&connection.session, &users, &chats);
    Ok(Some(messages))
}

/// Asks until there is an answer; `None` if Telegram refuses.
async fn ask<R: tl::RemoteCall>(
    connection: &Connection,
    request: &R,
) -> Result<Option<R::Return>, CallError> {
    match insist(connection, request).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.trouble() {
            Trouble::Refused(reason) => {
                tracing::warn!(%reason, "what was missed cannot be read from a chat's history");
                Ok(None)
            }
            _ => Err(error),
        },
    }
}

/// Whether all that was written in a dialog was heard. Pinned ones do not stand in their order.
fn is_behind(dialog: &tl::enums::Dialog, heard: Heard) -> bool {
    let tl::enums::Dialog::Dialog(dialog) = dialog else { return false };
    let is_own = !matches!(dialog.peer, tl::enums::Peer::Channel(_));
    is_own && !dialog.pinned && dialog.top_message <= heard.message
}

/// Where a message stands among those of the account's own chats.
struct Place {
    chat: troupe_types::ChatId,
    id: i32,
    date: i32,
}

impl Place {
    /// `None` for what stands in a supergroup or is no message.
    fn of(message: &tl::enums::Message) -> Option<Self> {
        let (peer, id, date) = match message {
            tl::enums::Message::Message(message) => (&message.peer_id, message.id, message.date),
            tl::enums::Message::Service(message) => (&message.peer_id, message.id, message.date),
            tl::enums::Message::Empty(_) => return None,
        };
        let is_own = !matches!(peer, tl::enums::Peer::Channel(_));
        convert::dialog(peer).filter(|_| is_own).map(|chat| Self { chat, id, date })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_told_by_the_id_or_where_there_is_none_by_the_date() {
        let place = |id, date| Place { chat: troupe_types::ChatId::new(1), id, date };
        let by_id = Heard { message: 10, date: 1000, pts: 1 };
        assert!(by_id.is_before(&place(11, 900)) && !by_id.is_before(&place(10, 1100)));
        let by_date = Heard { message: 0, date: 1000, pts: 1 };
        assert!(by_date.is_before(&place(1, 1000)) && !by_date.is_before(&place(9, 999)));
    }
}
