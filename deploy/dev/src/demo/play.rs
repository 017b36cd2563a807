//! People say their lines and wait for the answers, as people do.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::try_join_all;

use super::{
    board::{Board, Known},
    control::{Control, To},
    judge::Spoken,
    ledger::{Bot, Posted},
    script::{Conversation, Line, Place},
};
use crate::Error;

/// How long a person waits for an answer before going on without.
pub const REPLY_WITHIN: Duration = Duration::from_mins(1);

/// Where the demo is played.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The bots, by name.
    pub bots: BTreeMap<&'static str, Bot>,
    /// The people's accounts, by name.
    pub people: BTreeMap<&'static str, i64>,
    /// The group that all are in.
    pub group: i64,
    /// Where people speak.
    pub control: Control,
}

/// Plays conversations side by side, each from its first line to its last.
#[derive(Debug)]
pub struct Play<'a> {
    scene: &'a Scene,
    board: &'a Board,
    /// How long a person thinks before speaking.
    pause: Duration,
    spoken: Mutex<Vec<Spoken>>,
    /// Set when somebody has waited in vain: then nobody waits that long any more.
    late: AtomicBool,
}

impl<'a> Play<'a> {
    /// A play on `scene`, in which people think for `pause` before they speak.
    pub fn new(scene: &'a Scene, board: &'a Board, pause: Duration) -> Self {
        Self { scene, board, pause, spoken: Mutex::default(), late: AtomicBool::new(false) }
    }

    /// Plays `conversations` and returns all that was said, in the order of the ledger.
    ///
    /// # Errors
    /// The emulator does not take what is said.
    pub async fn run(&self, conversations: &[Conversation]) -> Result<Vec<Spoken>, Error> {
        let count = u32::try_from(conversations.len().max(1)).unwrap_or(u32::MAX);
        // Not all at the same moment: people are no choir.
        let delays = (0..count).map(|number| self.pause * number / count);
        try_join_all(conversations.iter().zip(delays).map(|(conversation, delay)| async move {
            tokio::time::sleep(delay).await;
            self.converse(conversation).await
        }))
        .await?;
        let mut spoken = std::mem::take(&mut *self.spoken.lock().expect("nobody panics while holding it"));
        spoken.sort_by_key(|said| said.sequence);
        Ok(spoken)
    }

    async fn converse(&self, conversation: &Conversation) -> Result<(), Error> {
        for line in &conversation.lines {
            tokio::time::sleep(self.pause).await;
            let posted = self.say(line).await?;
            let spoken = Spoken { line: line.clone(), sequence: posted.sequence };
            self.spoken.lock().expect("nobody panics while holding it").push(spoken);
            let patience = if self.late.load(Ordering::Relaxed) { REPLY_WITHIN / 10 } else { REPLY_WITHIN };
            if !self.board.until(patience, |known| self.is_answered(line, &posted, known)).await {
                self.late.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    async fn say(&self, line: &Line) -> Result<Posted, Error> {
        let missing = |who: &str| Error::new(format!("play {:?}", line.text), format!("there is no {who}"));
        let from = *self.scene.people.get(line.who).ok_or_else(|| missing(line.who))?;
        let to = match line.place {
            Place::Group => To::Group(self.scene.group),
            Place::Direct(bot) => To::User(self.scene.bots.get(bot).ok_or_else(|| missing(bot))?.account),
        };
        self.scene.control.say(from, to, line.text, line.photo_bytes).await
    }

    /// Whether every bot that is to answer has, and every other has decided not to.
    fn is_answered(&self, line: &Line, posted: &Posted, known: &Known) -> bool {
        self.scene.bots.iter().all(|(name, bot)| {
            let Some(key) = posted.key(*bot) else { return true };
            match line.replies.iter().find(|reply| reply.bot == *name) {
                Some(reply) => known.answered(&key) >= reply.messages,
                None => known.decision(&key).is_some(),
            }
        })
    }
}

/// How long nothing may have happened for all to be taken as settled.
const QUIET: Duration = Duration::from_secs(2);

/// Waits until every message was decided on by every bot that got it and nothing more is said; returns whether that
/// was so within `patience`.
pub async fn settle(board: &Board, patience: Duration) -> bool {
    let decided = |known: &Known| {
        let keys =
            known.ledger.iter().flat_map(|posted| board.bots().iter().filter_map(|bot| posted.key(*bot)));
        keys.into_iter().all(|key| known.decision(&key).is_some())
    };
    let settled = async {
        loop {
            board.until(patience, decided).await;
            let before = board.known().ledger.len();
            // What comes too much would come now.
            if !board.until(QUIET, |known| known.ledger.len() > before).await {
                return;
            }
        }
    };
    tokio::time::timeout(patience, settled).await.is_ok() && decided(&board.known())
}
