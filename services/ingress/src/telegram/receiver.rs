//! Receiving updates without losing any.
//!
//! grammers's own stream of updates loses messages in ways that were reproduced one by one: when a channel's gap comes with
//! a position of its own, when the connection is lost while channels have news, when the position is saved in the middle
//! of a batch. This receiver drives grammers's public [`MessageBoxes`] itself and gives out whole batches, each with the
//! position that is safe to save once all of the batch is.

use std::{sync::Arc, time::Duration};

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

use super::{CallError, Connection, MemorySession, Trouble, convert};
use troupe_protocol::UpdateBody;
use troupe_types::{Chat, Person, Timestamp};

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
    pub position: UpdatesState,
    /// Whether the session's position now tells of groups that were not heard of before: to be saved *before* `happened`
    /// is, or a crash in between would lose what is said in them until the next start.
    pub begins_groups: bool,
}

/// One thing that happened in a chat.
pub struct Happened {
    /// Where.
    pub chat: Chat,
    /// Who did it.
    pub sender: Person,
    /// When, by Telegram's clock.
    pub time: Timestamp,
    /// When a message was changed last, by Telegram's clock.
    pub edited: Option<Timestamp>,
    /// What.
    pub body: UpdateBody,
}

/// Receives the updates of one connection.
pub struct Receiver {
    session: Arc<MemorySession>,
    boxes: MessageBoxes,
    updates: mpsc::Receiver<UpdatesLike>,
    resync_interval: Duration,
    next_resync: Instant,
    needs_state: bool,
}

impl Receiver {
    /// Starts where the session's position says; whatever was missed since then comes first.
    ///
    /// Returns `None` if the connection already has a receiver.
    pub fn new(connection: &mut Connection, resync_interval: Duration) -> Option<Self> {
        let updates = connection.take_updates()?;
        let session = Arc::clone(&connection.session);
        let boxes = MessageBoxes::load(session.updates_state());
        let needs_state = boxes.is_empty();
        Some(Self {
            session,
            boxes,
            updates,
            resync_interval,
            next_resync: Instant::now() + resync_interval,
            needs_state,
        })
    }

    /// Waits for the next batch. It may hold nothing that matters and only move the position.
    ///
    /// Not to be dropped while it runs, unless the receiver is dropped too: a difference that was asked for would be lost.
    ///
    /// # Errors
    /// If the session is no longer accepted, or the connection is broken for good. Passing troubles are waited out.
    pub async fn next(&mut self, connection: &Connection) -> Result<Batch, CallError> {
        if self.needs_state {
            let tl::enums::updates::State::State(state) =
                self.insist(connection, &tl::functions::updates::GetState {}).await?;
            self.boxes.set_state(state);
            self.needs_state = false;
        }
        loop {
            let deadline = self.boxes.check_deadlines();
            let (updates, users, chats) = if let Some(request) = self.boxes.get_difference() {
                let difference = self.insist(connection, &request).await?;
                self.boxes.apply_difference(without_positions(difference))
            } else if let Some(request) = self.boxes.get_channel_difference() {
                match self.channel_difference(connection, request).await? {
                    Some(difference) => self.boxes.apply_channel_difference(difference),
                    None => continue,
                }
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
                if let Some((channel, before)) = position_before(update) {
                    begins_groups |= self.session.begin_channel(channel, before);
                }
            }
            let happened = updates
                .into_iter()
                .filter_map(|(update, _)| convert::happened(&self.session, update))
                .collect();
            return Ok(Batch { happened, position: self.boxes.session_state(), begins_groups });
        }
    }

    /// Takes in what came off the socket. `None` means that there is a gap, which the next round closes.
    fn take_in(&mut self, mut updates: UpdatesLike) -> Option<grammers_session::updates::UpdateAndPeers> {
        if matches!(updates, UpdatesLike::ConnectionClosed) {
            // grammers would ask for the account's difference only, which need not name the channels that have news.
            self.resync_channels();
        }
        if let UpdatesLike::Updates(updates) = &mut updates {
            forget_positions(updates);
        }
        self.boxes.process_updates(updates).ok()
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
        match self.insist(connection, &request).await {
            Ok(difference) => {
                if let tl::enums::updates::ChannelDifference::TooLong(_) = &difference {
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

    /// Makes a call until it is answered: waits out what passes, gives up on what does not.
    async fn insist<R: tl::RemoteCall>(
        &self,
        connection: &Connection,
        request: &R,
    ) -> Result<R::Return, CallError> {
        let mut wait = RETRY.0;
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
                Trouble::Again(reason) => {
                    tracing::debug!(%reason, wait_ms = wait.as_millis(), "asking again");
                    sleep(wait.mul_f64(rand::random_range(0.5..1.0))).await;
                    wait = (wait * 2).min(RETRY.1);
                }
                Trouble::LoggedOut(_) | Trouble::Refused(_) | Trouble::Repeated => return Err(error),
            }
        }
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
        tl::enums::Update::NewChannelMessage(update) => (&update.message, update.pts - update.pts_count),
        tl::enums::Update::EditChannelMessage(update) => (&update.message, update.pts - update.pts_count),
        _ => return None,
    };
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

/// Takes the position out of each "this channel has too much news".
///
/// grammers would move to that position first and ask from there, so that all the news before it would be lost.
fn forget_positions(updates: &mut tl::enums::Updates) {
    let all = match updates {
        tl::enums::Updates::Updates(updates) => updates.updates.as_mut_slice(),
        tl::enums::Updates::Combined(updates) => updates.updates.as_mut_slice(),
        tl::enums::Updates::UpdateShort(update) => std::slice::from_mut(&mut update.update),
        _ => &mut [],
    };
    all.iter_mut().for_each(forget_position);
}

fn without_positions(mut difference: tl::enums::updates::Difference) -> tl::enums::updates::Difference {
    use tl::enums::updates::Difference;
    match &mut difference {
        Difference::Difference(difference) => difference.other_updates.iter_mut().for_each(forget_position),
        Difference::Slice(slice) => slice.other_updates.iter_mut().for_each(forget_position),
        Difference::Empty(_) | Difference::TooLong(_) => {}
    }
    difference
}

fn forget_position(update: &mut tl::enums::Update) {
    if let tl::enums::Update::ChannelTooLong(too_long) = update {
        too_long.pts = None;
    }
}
