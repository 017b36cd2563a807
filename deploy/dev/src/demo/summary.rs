//! The summary of a demo that was played once.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    time::Duration,
};

use troupe_types::ChatId;

use super::judge::{Counts, Verdict};

/// What became of a demo, and what ClickHouse says of it.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The judgement by the ledger.
    pub verdict: Verdict,
    /// Whether every message was decided on in time.
    pub settled: bool,
    /// Messages by bot and chat, by the ledger.
    pub ledger: BTreeMap<(u64, ChatId), Counts>,
    /// The same, by ClickHouse.
    pub clickhouse: BTreeMap<(u64, ChatId), Counts>,
    /// Messages by the account that wrote them or was answered, by the ledger.
    pub people_by_ledger: BTreeMap<i64, Counts>,
    /// The same, by ClickHouse.
    pub people_by_clickhouse: BTreeMap<i64, Counts>,
    /// How many rows ClickHouse has.
    pub rows: u64,
    /// Goals that ClickHouse knows of.
    pub goals: u64,
    /// The bots' names, by number.
    pub names: BTreeMap<u64, String>,
    /// The chats' names, as bots see them.
    pub chats: BTreeMap<ChatId, String>,
    /// How many goals the script leads to.
    pub goals_expected: usize,
}

impl Summary {
    /// Whether all is as it should be.
    pub fn is_well(&self) -> bool {
        self.faults().is_empty()
    }

    /// What is not as it should be.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.verdict.faults.clone();
        if !self.settled {
            faults.push("not every message was decided on by every bot that got it".into());
        }
        if self.verdict.goals != self.goals_expected {
            faults.push(format!("{} goals, {} expected", self.verdict.goals, self.goals_expected));
        }
        if self.goals != self.verdict.goals as u64 {
            faults.push(format!("{} goals in ClickHouse, {} by the events", self.goals, self.verdict.goals));
        }
        for place in self.places() {
            let (ledger, clickhouse) = (self.of(&self.ledger, place), self.of(&self.clickhouse, place));
            if ledger != clickhouse {
                let (bot, chat) = (self.name(place.0), self.chat(place.1));
                faults.push(format!(
                    "{bot} with {chat}: received {} and sent {} by the ledger, {} and {} by ClickHouse",
                    ledger.received, ledger.sent, clickhouse.received, clickhouse.sent
                ));
            }
        }
        for (person, ledger, clickhouse) in
            self.people().filter(|(_, ledger, clickhouse)| ledger != clickhouse)
        {
            faults.push(format!(
                "{}: wrote {} and got {} by the ledger, {} and {} by ClickHouse",
                self.chat(ChatId::new(person)),
                ledger.received,
                ledger.sent,
                clickhouse.received,
                clickhouse.sent
            ));
        }
        faults
    }

    /// Every account with its counts by the ledger and by ClickHouse.
    fn people(&self) -> impl Iterator<Item = (i64, Counts, Counts)> {
        let people: std::collections::BTreeSet<i64> =
            self.people_by_ledger.keys().chain(self.people_by_clickhouse.keys()).copied().collect();
        let of = |counts: &BTreeMap<i64, Counts>, person| counts.get(&person).copied().unwrap_or_default();
        people.into_iter().map(move |person| {
            (person, of(&self.people_by_ledger, person), of(&self.people_by_clickhouse, person))
        })
    }

    fn places(&self) -> impl Iterator<Item = (u64, ChatId)> {
        let places: std::collections::BTreeSet<_> =
            self.ledger.keys().chain(self.clickhouse.keys()).copied().collect();
        places.into_iter()
    }

    #[expect(clippy::unused_self, reason = "reads better beside its callers")]
    fn of(&self, counts: &BTreeMap<(u64, ChatId), Counts>, place: (u64, ChatId)) -> Counts {
        counts.get(&place).copied().unwrap_or_default()
    }

    fn chat(&self, chat: ChatId) -> String {
        self.chats.get(&chat).cloned().unwrap_or_else(|| format!("chat {chat}"))
    }

    fn name(&self, bot: u64) -> String {
        self.names.get(&bot).cloned().unwrap_or_else(|| format!("bot {bot}"))
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = &self.verdict;
        let total =
            |counts: &BTreeMap<_, Counts>, of: fn(&Counts) -> u64| counts.values().map(of).sum::<u64>();
        writeln!(f, "Summary")?;
        writeln!(f, "  lines that people said     {}", verdict.lines)?;
        writeln!(f, "  messages that bots got     {}", total(&self.ledger, |counts| counts.received))?;
        writeln!(f, "  messages that bots sent    {} ({} expected)", verdict.sent, verdict.expected)?;
        for ((place, kind), count) in &verdict.replies {
            writeln!(f, "    {:25}{count}", format!("{place}, {kind}"))?;
        }
        writeln!(f, "  goals                      {} ({} expected)", verdict.goals, self.goals_expected)?;
        writeln!(f, "  doubled                    {}", verdict.doubled)?;
        writeln!(f, "  missing                    {}", verdict.missing)?;
        writeln!(f, "  answering nothing          {}", verdict.stray)?;
        writeln!(f, "  by the wrong content       {}", verdict.wrong)?;
        if let Some((median, p99)) = verdict.decided_within {
            let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
            let (median, p99) = (millis(median), millis(p99));
            writeln!(f, "  update to decision         median {median:.1} ms, 99th percentile {p99:.1} ms")?;
        }
        writeln!(f, "  rows in ClickHouse         {}", self.rows)?;
        let equal = self.people().filter(|(_, ledger, clickhouse)| ledger == clickhouse).count();
        writeln!(f, "  accounts counted equally   {equal} of {}", self.people().count())?;
        writeln!(f, "  received/sent by ledger | by ClickHouse")?;
        let mut bots: BTreeMap<u64, Vec<ChatId>> = BTreeMap::new();
        for (bot, chat) in self.places() {
            bots.entry(bot).or_default().push(chat);
        }
        for (bot, chats) in bots {
            for chat in chats {
                let (ledger, clickhouse) =
                    (self.of(&self.ledger, (bot, chat)), self.of(&self.clickhouse, (bot, chat)));
                let mark = if ledger == clickhouse { "equal" } else { "DIFFERENT" };
                writeln!(
                    f,
                    "    {:8} {:12} {:>3}/{:<3} | {:>3}/{:<3} {mark}",
                    self.name(bot),
                    self.chat(chat),
                    ledger.received,
                    ledger.sent,
                    clickhouse.received,
                    clickhouse.sent
                )?;
            }
        }
        let faults = self.faults();
        if faults.is_empty() {
            return write!(
                f,
                "All is well: every expected reply came exactly once, and the counts are equal."
            );
        }
        writeln!(f, "Not well:")?;
        faults.iter().try_for_each(|fault| writeln!(f, "  - {fault}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let counts = BTreeMap::from([((1, ChatId::new(-1_001)), Counts { received: 4, sent: 2 })]);
        Summary {
            verdict: Verdict { lines: 4, sent: 2, expected: 2, goals: 3, ..Verdict::default() },
            settled: true,
            ledger: counts.clone(),
            clickhouse: counts,
            people_by_ledger: BTreeMap::from([(7, Counts { received: 4, sent: 2 })]),
            people_by_clickhouse: BTreeMap::from([(7, Counts { received: 4, sent: 2 })]),
            rows: 20,
            goals: 3,
            names: BTreeMap::from([(1, "mira".into())]),
            chats: BTreeMap::from([(ChatId::new(-1_001), "Harbour".into())]),
            goals_expected: 3,
        }
    }

    #[test]
    fn equal_counts_and_all_goals_are_well() {
        let summary = summary();
        assert!(summary.is_well(), "{:?}", summary.faults());
        let text = summary.to_string();
        assert!(text.contains("mira") && text.contains("Harbour        4/2   |   4/2   equal"), "{text}");
        assert!(text.ends_with("the counts are equal."), "{text}");
    }

    #[test]
    fn each_difference_is_a_fault_in_words() {
        let mut summary = summary();
        summary.clickhouse.insert((1, ChatId::new(-1_001)), Counts { received: 4, sent: 1 });
        summary.people_by_clickhouse.clear();
        summary.goals = 2;
        summary.settled = false;
        let faults = summary.faults();
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert_eq!(faults[3], "chat 7: wrote 4 and got 2 by the ledger, 0 and 0 by ClickHouse");
        assert!(
            faults[2].contains("received 4 and sent 2 by the ledger, 4 and 1 by ClickHouse"),
            "{faults:?}"
        );
        assert!(summary.to_string().contains("DIFFERENT"));
    }
}
