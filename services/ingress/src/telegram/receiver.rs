//! Receiving updates without losing any.
//!
//! grammers's own stream of updates loses messages in ways that were reproduced one by one: when a channel's gap comes with
//! a position of its own, when the connection is lost while channels have news, when the position is saved in the middle
//! of a batch. This receiver drives grammers's public [`MessageBoxes`] itself and gives out whole batches, each with the
//! position that is safe to save once all of the batch is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use grammers_session::{
    Session as _,
    types::{PeerId, PeerInfo, UpdatesState},
    updates::{MessageBoxes, PrematureEndReason, UpdatesLike},
};
use grammers_tl_types as tl;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout_at},
};

use crate::{backoff::Backoff, metrics};

use super::{
    CallError, Connection, MemorySession, Trouble, convert,
    missed::{self, Heard},
    session::Position,
};
use troupe_types::{Chat, ChatId, Message, MessageId, Person, Timestamp};

/// How long to wait before a failed difference is asked for again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// The most messages that a channel's difference may hold, for people's accounts and for bots'.
/// Source: <https://core.telegram.org/method/updates.getChannelDifference>.
const CHANNEL_DIFFERENCE_MAX: (i32, i32) = (100, 100_000);

/// What happened, and how far everything was handled once this was.
pub struct Batch {
    /// In Telegram's order.
    pub happened: Vec<Happened>,
    /// To be saved when all of `happened` is safe.
    pub position: Position,
    /// Whether the session's position now tells of groups that were not heard of before: to be saved *before* `happened`
    /// is, or a crash in between would lose what is said in them until the next start.
    pub begins_groups: bool,
    /// Set where more was missed than Telegram tells: `happened` was read from the chats' histories then.
    pub gap: Option<Gap>,
}

/// What became of a time that Telegram does not tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// All messages that are still there were read.
    Filled,
    /// Some may never be seen.
    FilledInPart,
}

/// One thing that happened in a chat.
pub enum Happened {
    /// Somebody wrote or changed a message.
    Said(Box<Said>),
    /// Messages were deleted.
    Deleted {
        /// Where; `None` if Telegram does not tell.
        chat: Option<ChatId>,
        /// Which.
        messages: Vec<MessageId>,
    },
}

/// A message that was written or changed.
pub struct Said {
    /// Where.
    pub chat: Chat,
    /// Who did it.
    pub sender: Person,
    /// When, by Telegram's clock.
    pub time: Timestamp,
    /// When it was changed last, by Telegram's clock; `None` if it was just written.
    pub edited: Option<Timestamp>,
    /// What it says now.
    pub message: Message,
}

/// Receives the updates of one connection.
pub struct Receiver {
    session: Arc<MemorySession>,
    boxes: MessageBoxes,
    updates: mpsc::Receiver<UpdatesLike>,
    resync_interval: Duration,
    next_resync: Instant,
    needs_state: bool,
    /// The newest message of the account's own chats that was given out.
    newest_message: i32,
    /// The last that was heard before a time that Telegram does not tell of.
    gap: Option<Heard>,
    /// Groups that were not known before, and the date (in Telegram's seconds) since which their messages matter.
    fresh: BTreeMap<i64, i32>,
}

impl Receiver {
    /// Starts where the session's position says; whatever was missed since then comes first.
    ///
    /// Returns `None` if the connection already has a receiver.
    pub fn new(connection: &mut Connection, resync_interval: Duration) -> Option<Self> {
        let updates = connection.take_updates()?;
        let session = Arc::clone(&connection.session);
        let Position { updates: position, newest_message } = session.live_position();
        let boxes = MessageBoxes::load(position);
        let needs_state = boxes.is_empty();
        Some(Self {
            session,
            boxes,
            updates,
            resync_interval,
            next_resync: Instant::now() + resync_interval,
            needs_state,
            newest_message,
            gap: None,
            fresh: BTreeMap::new(),
        })
    }

    /// Waits for the next batch. It may hold nothing that matters and only move the position.
    ///
    /// Not to be dropped while it runs, unless the receiver is dropped too: a difference that was asked for would be lost.
    ///
    /// # Errors
    /// If the session is no longer accepted, or the connection is broken for good. Passing troubles are waited out.
    pub async fn next(&mut self, connection: &Connection) -> Result<Batch, CallError> {
        loop {
            if self.needs_state {
                let tl::enums::updates::State::State(state) =
                    insist(connection, &tl::functions::updates::GetState {}).await?;
                self.begin_at(&state);
                self.needs_state = false;
            }
            if let Some(heard) = self.gap.take() {
                return self.fill(connection, heard).await;
            }
            let deadline = self.boxes.check_deadlines();
            let (updates, users, chats) = if let Some(request) = self.boxes.get_difference() {
                let mut difference = match insist(connection, &request).await {
                    Ok(difference) => difference,
                    Err(error) => {
                        let Trouble::Refused(reason) = error.trouble() else { return Err(error) };
                        // Asked again, it would be refused again, for ever.
                        tracing::warn!(%reason, "Telegram refuses to tell what was missed: going on from now");
                        self.gap = Some(self.heard());
                        self.needs_state = true;
                        continue;
                    }
                };
                if let tl::enums::updates::Difference::TooLong(_) = &difference {
                    self.gap = Some(self.heard());
                    self.boxes.apply_difference(difference);
                    // What has happened since, and which groups have news.
                    self.resync();
                    continue;
                }
                self.prepare(updates_of_difference(&mut difference));
                self.boxes.apply_difference(difference)
            } else if let Some(request) = self.boxes.get_channel_difference() {
                let channel = channel_id(&request);
                let Some(difference) = self.channel_difference(connection, request).await? else { continue };
                let mut news = self.boxes.apply_channel_difference(difference);
                self.leave_out_the_past(channel, &mut news.0);
                news
            } else {
                let wake = self.next_resync.min(deadline.into());
                match timeout_at(wake, self.updates.recv()).await {
                    Ok(Some(updates)) => match self.take_in(updates) {
                        Some(batch) => batch,
                        None => continue,
                    },
                    Ok(None) => return Err(closed()),
                    Err(_) => {
                        if Instant::now() >= self.next_resync {
                            self.next_resync = Instant::now() + self.resync_interval;
                            self.resync();
                        }
                        continue;
                    }
                }
            };
            convert::meet(&self.session, &users, &chats);
            let mut begins_groups = false;
            for (update, _) in &updates {
                self.newest_message = self.newest_message.max(own_message(update).unwrap_or_default());
                if let Some((channel, before)) = position_before(update) {
                    begins_groups |= self.session.begin_channel(channel, before);
                }
            }
            let updates = updates.into_iter().map(|(update, _)| update);
            return Ok(self.batch(updates, begins_groups, None));
        }
    }

    fn batch(
        &self,
        updates: impl Iterator<Item = tl::enums::Update>,
        begins_groups: bool,
        gap: Option<Gap>,
    ) -> Batch {
        let happened = updates.filter_map(|update| convert::happened(&self.session, update)).collect();
        let position = Position { updates: self.boxes.session_state(), newest_message: self.newest_message };
        Batch { happened, position, begins_groups, gap }
    }

    /// The last that was heard in the account's own chats.
    fn heard(&self) -> Heard {
        let UpdatesState { pts, date, .. } = self.boxes.session_state();
        Heard { message: self.newest_message, date, pts }
    }

    /// Reads from the chats' histories what came after `heard`. Its batch has the position behind the gap: broken off
    /// before it is safe, all of it is done again.
    async fn fill(&mut self, connection: &Connection, heard: Heard) -> Result<Batch, CallError> {
        let missed = missed::read(connection, heard, self.boxes.session_state().pts).await?;
        let gap = if missed.complete { Gap::Filled } else { Gap::FilledInPart };
        let updates: Vec<tl::enums::Update> = missed
            .messages
            .into_iter()
            .map(|message| tl::types::UpdateNewMessage { message, pts: 0, pts_count: 0 }.into())
            .collect();
        let newest = updates.iter().filter_map(own_message).max();
        self.newest_message = self.newest_message.max(newest.unwrap_or_default());
        Ok(self.batch(updates.into_iter(), false, Some(gap)))
    }

    /// Goes on from the account's position `state`. Groups have positions of their own, and keep them.
    fn begin_at(&mut self, state: &tl::types::updates::State) {
        let channels = self.boxes.session_state().channels;
        let tl::types::updates::State { pts, qts, date, seq, .. } = *state;
        self.boxes = MessageBoxes::load(UpdatesState { pts, qts, date, seq, channels });
    }

    /// Takes in what came off the socket. `None` means that there is a gap, which the next round closes.
    fn take_in(&mut self, mut updates: UpdatesLike) -> Option<grammers_session::updates::UpdateAndPeers> {
        if matches!(updates, UpdatesLike::ConnectionClosed) {
            // grammers would ask for the account's difference only, which need not name the channels that have news.
            self.resync_channels();
        }
        if let UpdatesLike::Updates(updates) = &mut updates {
            self.prepare(updates_in(updates));
        }
        self.boxes.process_updates(updates).inspect_err(|_| metrics::gap()).ok()
    }

    /// Readies each "this group has too much news" for grammers.
    ///
    /// Where it tells a position, grammers would move there first and ask from there, so that all the news before it
    /// would be lost. And of a group that it does not know yet, one that was joined while nobody listened, it would ask
    /// nothing: it asks from the beginning now, and what is older than the last thing we heard is left out.
    fn prepare(&mut self, updates: &mut [tl::enums::Update]) {
        for update in updates {
            let tl::enums::Update::ChannelTooLong(too_long) = update else { continue };
            too_long.pts = None;
            let state = self.boxes.session_state();
            if state.channels.iter().all(|known| known.id != too_long.channel_id) {
                self.boxes.try_set_channel_state(too_long.channel_id, 1);
                self.fresh.insert(too_long.channel_id, state.date);
            }
        }
    }

    /// Leaves out what was said in a group before it concerned us.
    fn leave_out_the_past(
        &mut self,
        channel: i64,
        updates: &mut Vec<(tl::enums::Update, grammers_session::updates::State)>,
    ) {
        let Some(since) = self.fresh.get(&channel).copied() else { return };
        updates.retain(|(update, _)| match update {
            tl::enums::Update::NewChannelMessage(tl::types::UpdateNewChannelMessage {
                message: tl::enums::Message::Message(message),
                ..
            }) => message.date >= since,
            // It does not say when.
            tl::enums::Update::DeleteChannelMessages(_) => false,
            _ => true,
        });
        let more = self.boxes.get_channel_difference();
        if more.is_none_or(|request| channel_id(&request) != channel) {
            self.fresh.remove(&channel);
        }
    }

    /// Asks for everything that may have been missed though nothing hinted at it.
    fn resync(&mut self) {
        self.resync_channels();
        let _ = self.boxes.process_updates(UpdatesLike::Updates(tl::enums::Updates::TooLong));
    }

    fn resync_channels(&mut self) {
        for channel in self.boxes.session_state().channels {
            let too_long = tl::types::UpdateChannelTooLong { channel_id: channel.id, pts: None };
            let update = tl::types::UpdateShort { update: too_long.into(), date: 0 };
            let _ = self.boxes.process_updates(UpdatesLike::Updates(update.into()));
        }
    }

    /// Asks for a channel's difference. `None` means that it cannot be had now.
    async fn channel_difference(
        &mut self,
        connection: &Connection,
        mut request: tl::functions::updates::GetChannelDifference,
    ) -> Result<Option<tl::enums::updates::ChannelDifference>, CallError> {
        let tl::enums::InputChannel::Channel(channel) = &mut request.channel else {
            return Ok(None);
        };
        let peer = PeerId::channel(channel.channel_id);
        let known = match peer {
            Some(peer) => self.session.peer(peer).await.unwrap_or_default(),
            None => None,
        };
        let Some(PeerInfo::Channel { auth: Some(auth), .. }) = known else {
            tracing::warn!(
                chat.id = channel.channel_id,
                "a group's missed messages cannot be asked for: not met yet"
            );
            self.boxes.end_channel_difference(PrematureEndReason::Banned);
            return Ok(None);
        };
        channel.access_hash = auth.hash();
        let is_bot = self.session.user().is_some_and(|(_, is_bot)| is_bot);
        request.limit = if is_bot { CHANNEL_DIFFERENCE_MAX.1 } else { CHANNEL_DIFFERENCE_MAX.0 };
        match insist(connection, &request).await {
            Ok(difference) => {
                if let tl::enums::updates::ChannelDifference::TooLong(_) = &difference {
                    metrics::group_gap_lost();
                    tracing::warn!(
                        chat.id = channel_id(&request),
                        "a group had more news than Telegram gives"
                    );
                }
                Ok(Some(difference))
            }
            Err(error) => match error.trouble() {
                Trouble::Refused(reason) if reason == "PERSISTENT_TIMESTAMP_OUTDATED" => {
                    self.boxes.end_channel_difference(PrematureEndReason::TemporaryServerIssues);
                    Ok(None)
                }
                Trouble::Refused(reason) => {
                    tracing::info!(chat.id = channel_id(&request), %reason, "the account can no longer read a group");
                    self.boxes.end_channel_difference(PrematureEndReason::Banned);
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }
}

/// Makes a call until it is answered: waits out what passes, gives up on what does not.
pub(super) async fn insist<R: tl::RemoteCall>(
    connection: &Connection,
    request: &R,
) -> Result<R::Return, CallError> {
    let mut backoff = Backoff::new(RETRY);
    loop {
        let error = match connection.call(request).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if connection.is_broken() {
            return Err(error);
        }
        match error.trouble() {
            Trouble::FloodWait(asked) | Trouble::SlowMode(asked) => sleep(asked).await,
            Trouble::Again(reason) | Trouble::Failing(reason) => {
                let pause = backoff.pause();
                tracing::debug!(%reason, wait_ms = pause.as_millis(), "asking again");
                sleep(pause).await;
            }
            Trouble::LoggedOut(_) | Trouble::Refused(_) | Trouble::Repeated => return Err(error),
        }
    }
}

/// The id of a new message in one of the account's own chats.
const fn own_message(update: &tl::enums::Update) -> Option<i32> {
    let tl::enums::Update::NewMessage(update) = update else { return None };
    match &update.message {
        tl::enums::Message::Message(message) => Some(message.id),
        tl::enums::Message::Service(message) => Some(message.id),
        tl::enums::Message::Empty(_) => None,
    }
}

fn channel_id(request: &tl::functions::updates::GetChannelDifference) -> i64 {
    match &request.channel {
        tl::enums::InputChannel::Channel(channel) => channel.channel_id,
        _ => 0,
    }
}

/// The group that an update of a group's messages is about, and how far the group was before it.
fn position_before(update: &tl::enums::Update) -> Option<(i64, i32)> {
    let (message, before) = match update {
        tl::enums::Update::DeleteChannelMessages(update) => {
            let before = update.pts - update.pts_count;
            return (before > 0).then_some((update.channel_id, before));
        }
        tl::enums::Update::NewChannelMessage(update) => (&update.message, update.pts - update.pts_count),
        tl::enums::Update::EditChannelMessage(update) => (&update.message, update.pts - update.pts_count),
        _ => return None,
    };
    // What comes out of a difference has no position of its own; its group is known.
    if before <= 0 {
        return None;
    }
    match message {
        tl::enums::Message::Message(tl::types::Message {
            peer_id: tl::enums::Peer::Channel(channel),
            ..
        }) => Some((channel.channel_id, before)),
        _ => None,
    }
}

fn closed() -> CallError {
    grammers_mtsender::InvocationError::Dropped("the connection is gone").into()
}

/// The updates in what came off the socket.
fn updates_in(updates: &mut tl::enums::Updates) -> &mut [tl::enums::Update] {
    match updates {
        tl::enums::Updates::Updates(updates) => &mut updates.updates,
        tl::enums::Updates::Combined(updates) => &mut updates.updates,
        tl::enums::Updates::UpdateShort(update) => std::slice::from_mut(&mut update.update),
        _ => &mut [],
    }
}

/// The updates in a difference that are no messages.
fn updates_of_difference(difference: &mut tl::enums::updates::Difference) -> &mut [tl::enums::Update] {
    use tl::enums::updates::Difference;
    match difference {
        Difference::Difference(difference) => &mut difference.other_updates,
        Difference::Slice(slice) => &mut slice.other_updates,
        Difference::Empty(_) | Difference::TooLong(_) => &mut [],
    }
}
