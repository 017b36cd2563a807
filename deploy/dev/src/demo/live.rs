//! One readable line per message, as it is said.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use troupe_protocol::EventBody;

use super::{
    board::{Board, Known},
    ledger::Posted,
    script::source_text,
};

/// How long a reply is kept back until it is known what made it. The event comes right after the reply.
const SOURCE_WITHIN: Duration = Duration::from_secs(2);
/// How much of a text is shown.
const TEXT_MAX: usize = 100;

/// Shows what happens on a board.
pub struct Live<'a> {
    board: &'a Board,
    /// Names by account.
    names: HashMap<i64, &'a str>,
    group: &'a str,
    /// When the first message was said.
    begin_ms: Option<i64>,
    shown: usize,
    events: usize,
    waiting: Option<Instant>,
}

impl<'a> Live<'a> {
    /// Shows what is said in `group` and among `names` (by account), the time counted from the first message.
    pub fn new(board: &'a Board, names: &BTreeMap<&'a str, i64>, group: &'a str) -> Self {
        let names = names.iter().map(|(name, account)| (*account, *name)).collect();
        Self { board, names, group, begin_ms: None, shown: 0, events: 0, waiting: None }
    }

    /// Goes on for ever.
    pub async fn run(&mut self) {
        loop {
            self.show();
            self.board.news(Duration::from_millis(300)).await;
        }
    }

    /// Shows what can be shown now.
    pub fn show(&mut self) {
        let board = self.board;
        let known = board.known();
        while let Some(posted) = known.ledger.get(self.shown) {
            if known.answers(posted).is_some() && known.source(posted).is_none() {
                let since = *self.waiting.get_or_insert_with(Instant::now);
                if since.elapsed() < SOURCE_WITHIN {
                    break;
                }
            }
            self.waiting = None;
            self.shown += 1;
            self.begin_ms.get_or_insert(posted.time_ms);
            println!("{}", self.line(posted, &known));
        }
        for event in &known.events[self.events.min(known.events.len())..] {
            self.events += 1;
            if let EventBody::ScenarioEnded { scenario, version, step, goal: true } = &event.body {
                let who = event.person.map_or("somebody", |person| self.name(person.get()));
                println!("{:>8}  * {who} has come to the goal of {scenario} v{version}, step “{step}”", "");
            }
        }
    }

    fn line(&self, posted: &Posted, known: &Known) -> String {
        let time = clock(posted.time_ms - self.begin_ms.unwrap_or(posted.time_ms));
        let from = self.name(posted.from);
        let place = match &posted.users {
            Some(users) => {
                users.iter().find(|user| **user != posted.from).map_or("", |user| self.name(*user))
            }
            None => self.group,
        };
        let text = shown(posted);
        let Some(key) = known.answers(posted) else {
            return format!("{time:>8}  {from} → {place}: {text}");
        };
        let source = known.source(posted).map_or_else(|| "source not told yet".into(), source_text);
        let asked = known.message(&key, self.board.bots());
        let after = asked.map(|asked| format!(", after {:.1} s", millis(posted.time_ms - asked.time_ms)));
        format!("{time:>8}    {from} → {place}: {text}  [{source}{}]", after.unwrap_or_default())
    }

    fn name(&self, account: i64) -> &str {
        self.names.get(&account).copied().unwrap_or("?")
    }
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn millis(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// Minutes and seconds, e.g. `1:07.5`.
fn clock(millis: i64) -> String {
    let millis = millis.max(0);
    format!("{}:{:02}.{}", millis / 60_000, millis / 1000 % 60, millis / 100 % 10)
}

/// What was said, and what was attached.
fn shown(posted: &Posted) -> String {
    let text = shortened(&posted.text);
    match &posted.media {
        Some(media) => format!("[{}, {} kB] {text}", media.kind, media.bytes / 1000).trim_end().to_owned(),
        None => text,
    }
}

/// One line of at most [`TEXT_MAX`] characters.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{} …", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_one_short_line() {
        assert_eq!(shortened("Привет,\n  мир"), "Привет, мир");
        let long = shortened(&"я".repeat(150));
        assert_eq!(long, format!("{} …", "я".repeat(TEXT_MAX)));
    }

    #[test]
    fn time_is_counted_in_minutes() {
        assert_eq!((clock(0), clock(67_540), clock(-5)), ("0:00.0".into(), "1:07.5".into(), "0:00.0".into()));
    }
}
