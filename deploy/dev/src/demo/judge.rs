//! Compares what was said with what was to be said. Pure: the ledger and the events in, faults and figures out.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use troupe_protocol::{Event, EventBody, Source};
use troupe_types::{ChatId, UpdateKey};

use super::{
    ledger::{Bot, Posted, random_ids},
    script::{Line, Place, source_kind, source_text},
};

/// A line of the script that was said, and the message it became.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// What was to be said, and what was to come of it.
    pub line: Line,
    /// The message's number in the ledger.
    pub sequence: u64,
}

/// What became of a demo.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Verdict {
    /// What was not as it should be, in words.
    pub faults: Vec<String>,
    /// How many lines people said.
    pub lines: usize,
    /// How many messages bots were to send, and how many they sent.
    pub expected: usize,
    /// How many messages the bots sent.
    pub sent: usize,
    /// How many are missing.
    pub missing: usize,
    /// How many came once more than they should have.
    pub doubled: usize,
    /// How many answer nothing that they should answer.
    pub stray: usize,
    /// How many answers were made by other content than they should have been.
    pub wrong: usize,
    /// Answers in groups and in direct chats, by what kind of content made them.
    pub replies: BTreeMap<(&'static str, &'static str), usize>,
    /// How many goals were reached, of scenarios and by rules.
    pub goals: usize,
    /// From an update's arrival to its decision, over all updates: the median and the 99th percentile.
    pub decided_within: Option<(Duration, Duration)>,
}

impl Verdict {
    /// Whether every reply came exactly once, and by what should make it.
    pub fn is_well(&self) -> bool {
        self.faults.is_empty()
    }
}

/// What was decided on an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It was answered.
    Replied(Source),
    /// It was not.
    Silent(String),
}

/// What was decided on each update, as the events tell it.
pub fn decisions(events: &[Event]) -> HashMap<UpdateKey, Decided> {
    let decided = |event: &Event| match &event.body {
        EventBody::Replied { source, .. } => Some((event.update?, Decided::Replied(source.clone()))),
        EventBody::Silent { reason, .. } => Some((event.update?, Decided::Silent(reason.clone()))),
        _ => None,
    };
    events.iter().filter_map(decided).collect()
}

/// Judges what was `spoken` by the whole ledger and all events. `bots` are all bots of the demo, by name.
pub fn judge(spoken: &[Spoken], ledger: &[Posted], events: &[Event], bots: &BTreeMap<&str, Bot>) -> Verdict {
    let mut verdict = Verdict { lines: spoken.len(), ..Verdict::default() };
    let decisions = decisions(events);
    let mut answers = Answers::new(ledger, bots);
    verdict.sent = answers.count();
    let by_sequence: HashMap<u64, &Posted> = ledger.iter().map(|posted| (posted.sequence, posted)).collect();
    for said in spoken {
        let Some(posted) = by_sequence.get(&said.sequence) else {
            verdict.faults.push(format!("{}: not in the ledger", quote(&said.line)));
            continue;
        };
        for (name, bot) in bots {
            let Some(key) = posted.key(*bot) else { continue };
            let expected = said.line.replies.iter().find(|reply| reply.bot == *name);
            let messages = expected.map_or(0, |reply| reply.messages);
            let found = answers.take(key);
            let decided = decisions.get(&key);
            verdict.expected += messages;
            verdict.missing += messages.saturating_sub(found);
            verdict.doubled += found.saturating_sub(messages);
            if found != messages {
                let why = match decided {
                    Some(Decided::Silent(reason)) => format!(" (silent: {reason})"),
                    Some(Decided::Replied(source)) => format!(" (by {})", source_text(source)),
                    None => " (not decided)".into(),
                };
                let line = quote(&said.line);
                verdict.faults.push(format!("{line}: {found} messages of {name}, {messages} expected{why}"));
            }
            if let (Some(reply), Some(Decided::Replied(source))) = (expected, decided)
                && !reply.by.is(source)
            {
                verdict.wrong += 1;
                let (line, source) = (quote(&said.line), source_text(source));
                verdict.faults.push(format!("{line}: {name} answered by {source}, expected {}", reply.by));
            }
        }
    }
    // What people say besides the script may be answered as it is; what bots say, never.
    let by_people = |posted: &&Posted| bots.values().all(|bot| bot.account != posted.from);
    for posted in ledger.iter().filter(by_people) {
        for key in bots.values().filter_map(|bot| posted.key(*bot)) {
            answers.take(key);
        }
    }
    for posted in answers.left() {
        verdict.stray += 1;
        verdict.faults.push(format!("message {} ({:?}) answers nothing", posted.sequence, posted.text));
    }
    verdict.goals = count(events, |body| {
        matches!(body, EventBody::ScenarioEnded { goal: true, .. } | EventBody::GoalReached { .. })
    });
    let places = |key: &UpdateKey| if key.chat.get() > 0 { "direct" } else { "group" };
    for (key, decided) in &decisions {
        if let Decided::Replied(source) = decided {
            *verdict.replies.entry((places(key), source_kind(source))).or_default() += 1;
        }
    }
    verdict.decided_within = decided_within(events);
    verdict
}

fn count(events: &[Event], is: impl Fn(&EventBody) -> bool) -> usize {
    // The same happening may be told twice, under the same id.
    let mut ids: Vec<&str> =
        events.iter().filter(|event| is(&event.body)).map(|event| event.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

fn decided_within(events: &[Event]) -> Option<(Duration, Duration)> {
    let micros = |event: &Event| match event.body {
        EventBody::Replied { decide_us, .. } | EventBody::Silent { decide_us, .. } => Some(decide_us),
        _ => None,
    };
    let mut times: Vec<u64> = events.iter().filter_map(micros).collect();
    times.sort_unstable();
    let at = |percent| percentile(&times, percent).map(Duration::from_micros);
    Some((at(50)?, at(99)?))
}

/// The smallest value that at least `percent` of all do not exceed; `None` of nothing.
pub fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// The bots' messages that were not told what they answer yet.
struct Answers<'a> {
    open: HashMap<i64, Vec<&'a Posted>>,
}

impl<'a> Answers<'a> {
    fn new(ledger: &'a [Posted], bots: &BTreeMap<&str, Bot>) -> Self {
        let mut open: HashMap<i64, Vec<&Posted>> = HashMap::new();
        for posted in ledger.iter().filter(|posted| bots.values().any(|bot| bot.account == posted.from)) {
            open.entry(posted.random_id).or_default().push(posted);
        }
        Self { open }
    }

    fn count(&self) -> usize {
        self.open.values().map(Vec::len).sum()
    }

    /// Takes all that answer the update `key`; returns how many there were.
    fn take(&mut self, key: UpdateKey) -> usize {
        random_ids(key).filter_map(|id| self.open.remove(&id)).map(|posted| posted.len()).sum()
    }

    fn left(self) -> Vec<&'a Posted> {
        let mut left: Vec<&Posted> = self.open.into_values().flatten().collect();
        left.sort_by_key(|posted| posted.sequence);
        left
    }
}

/// How many messages each bot got and sent in each chat.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Written by others.
    pub received: u64,
    /// Written by the bot.
    pub sent: u64,
}

/// The counts by the ledger, to be compared with those by ClickHouse.
pub fn counts(ledger: &[Posted], bots: &BTreeMap<&str, Bot>) -> BTreeMap<(u64, ChatId), Counts> {
    let mut counts: BTreeMap<(u64, ChatId), Counts> = BTreeMap::new();
    for posted in ledger {
        for bot in bots.values() {
            let Some(chat) = posted.chat(bot.account) else { continue };
            let of = counts.entry((bot.id.get(), chat)).or_default();
            if posted.from == bot.account {
                of.sent += 1;
            } else {
                of.received += 1;
            }
        }
    }
    counts
}

/// How many messages of each account bots got, and how many answers to them they sent, by the ledger.
pub fn counts_by_person(ledger: &[Posted], bots: &BTreeMap<&str, Bot>) -> BTreeMap<i64, Counts> {
    let mut counts: BTreeMap<i64, Counts> = BTreeMap::new();
    let mut answers = Answers::new(ledger, bots);
    for posted in ledger {
        for key in bots.values().filter_map(|bot| posted.key(*bot)) {
            let of = counts.entry(posted.from).or_default();
            of.received += 1;
            of.sent += answers.take(key) as u64;
        }
    }
    counts
}

fn quote(line: &Line) -> String {
    match line.place {
        Place::Group => format!("{} in the group, {:?}", line.who, line.text),
        Place::Direct(bot) => format!("{} to {bot}, {:?}", line.who, line.text),
    }
}

#[cfg(test)]
mod tests {
    use troupe_types::Timestamp;

    use super::{
        super::{
            ledger::tests::{ANNA, GROUP, MIRA, direct, in_group},
            script::{self, By},
        },
        *,
    };

    fn bots() -> BTreeMap<&'static str, Bot> {
        BTreeMap::from([("mira", MIRA)])
    }

    fn event(id: &str, posted: &Posted, body: EventBody) -> Event {
        let update = posted.key(MIRA);
        Event {
            id: id.into(),
            bot: MIRA.id,
            chat: None,
            person: None,
            update,
            time: Timestamp::default(),
            body,
        }
    }

    fn replied(posted: &Posted, entry: &str, decide_us: u64) -> Event {
        let source = Source::Entry { library: "l".into(), entry: entry.into(), variation: 0, version: None };
        event("r", posted, EventBody::Replied { source, decide_us })
    }

    /// The number of Mira's reply to `posted`, as action `number`.
    fn answer_id(posted: &Posted, number: usize) -> i64 {
        random_ids(posted.key(MIRA).unwrap()).nth(number).unwrap()
    }

    fn said() -> (Vec<Spoken>, Posted) {
        let line = script::in_group("anna", "hi").answered("mira", By::Entry("hello"));
        (vec![Spoken { line, sequence: 1 }], in_group(1, ANNA, 0))
    }

    #[test]
    fn reply_that_came_once_by_what_should_make_it_is_well() {
        let (spoken, hello) = said();
        let reply = in_group(2, MIRA.account, answer_id(&hello, 1));
        let verdict = judge(&spoken, &[hello.clone(), reply], &[replied(&hello, "hello", 900)], &bots());
        assert!(verdict.is_well(), "{verdict:?}");
        assert_eq!((verdict.expected, verdict.sent), (1, 1));
        assert_eq!(verdict.replies, BTreeMap::from([(("group", "library entry"), 1)]));
        let micros = Duration::from_micros(900);
        assert_eq!(verdict.decided_within, Some((micros, micros)));
    }

    #[test]
    fn missing_doubled_stray_and_wrong_replies_are_told_apart() {
        let (spoken, hello) = said();
        let reply = |id, random_id| in_group(id, MIRA.account, random_id);
        let told = [replied(&hello, "hello", 1)];
        let verdict = judge(&spoken, std::slice::from_ref(&hello), &told, &bots());
        assert_eq!((verdict.missing, verdict.doubled, verdict.stray, verdict.wrong), (1, 0, 0, 0));
        let twice = [hello.clone(), reply(2, answer_id(&hello, 0)), reply(3, answer_id(&hello, 0))];
        let verdict = judge(&spoken, &twice, &told, &bots());
        assert_eq!((verdict.missing, verdict.doubled, verdict.stray, verdict.wrong), (0, 1, 0, 0));
        let more = [hello.clone(), reply(2, answer_id(&hello, 0)), reply(3, 77)];
        let verdict = judge(&spoken, &more, &told, &bots());
        assert_eq!((verdict.missing, verdict.doubled, verdict.stray, verdict.wrong), (0, 0, 1, 0));
        let other = [replied(&hello, "bye", 1)];
        let verdict = judge(&spoken, &[hello.clone(), reply(2, answer_id(&hello, 0))], &other, &bots());
        assert_eq!((verdict.missing, verdict.doubled, verdict.stray, verdict.wrong), (0, 0, 0, 1));
        assert_eq!(
            verdict.faults,
            ["anna in the group, \"hi\": mira answered by entry “bye” #0 of l, expected entry “hello”"]
        );
    }

    #[test]
    fn reply_where_nobody_should_answer_is_told_with_its_source() {
        let (mut spoken, hello) = said();
        spoken[0].line.replies.clear();
        let ledger = [hello.clone(), in_group(2, MIRA.account, answer_id(&hello, 0))];
        let verdict = judge(&spoken, &ledger, &[replied(&hello, "hello", 1)], &bots());
        assert_eq!(verdict.doubled, 1);
        assert_eq!(
            verdict.faults,
            ["anna in the group, \"hi\": 1 messages of mira, 0 expected (by entry “hello” #0 of l)"]
        );
    }

    #[test]
    fn what_is_said_besides_the_script_may_be_answered() {
        let other = direct(4, ANNA, 0);
        let ledger = [other.clone(), direct(5, MIRA.account, answer_id(&other, 0))];
        assert!(judge(&[], &ledger, &[], &bots()).is_well());
    }

    #[test]
    fn goal_told_twice_counts_once() {
        let hello = in_group(1, ANNA, 0);
        let ended =
            EventBody::ScenarioEnded { scenario: "s".into(), version: 1, step: "end".into(), goal: true };
        let events =
            [event("a", &hello, ended.clone()), event("a", &hello, ended.clone()), event("b", &hello, ended)];
        assert_eq!(judge(&[], &[], &events, &bots()).goals, 2);
    }

    #[test]
    fn counts_are_by_bot_and_by_chat_as_the_bot_sees_it() {
        let ledger =
            [in_group(1, ANNA, 0), in_group(2, MIRA.account, 5), direct(3, ANNA, 0), direct(4, ANNA, 0)];
        let counts = counts(&ledger, &bots());
        let of = |chat: i64| counts[&(1, ChatId::new(chat))];
        assert_eq!(of(GROUP), Counts { received: 1, sent: 1 });
        assert_eq!(of(ANNA), Counts { received: 2, sent: 0 });
    }

    #[test]
    fn answers_are_counted_for_whom_they_answer() {
        let (hello, other) = (in_group(1, ANNA, 0), direct(2, ANNA, 0));
        let answers =
            [in_group(3, MIRA.account, answer_id(&hello, 1)), direct(4, MIRA.account, answer_id(&other, 0))];
        let ledger = [vec![hello, other, in_group(5, 9, 0)], answers.to_vec()].concat();
        let counts = counts_by_person(&ledger, &bots());
        let expected = [(9, Counts { received: 1, sent: 0 }), (ANNA, Counts { received: 2, sent: 2 })];
        assert_eq!(counts, BTreeMap::from(expected));
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (Some(100), Some(198)));
        assert_eq!(
            (percentile(&[7], 50), percentile(&[7], 99), percentile(&[], 50)),
            (Some(7), Some(7), None)
        );
    }
}
