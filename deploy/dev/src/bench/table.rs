use std::fmt;

use serde::Serialize;

use super::{Load, Row};

/// What was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The engine's rows, then the peers'.
    pub rows: Vec<Row>,
    /// What loading the greatest set took.
    pub load: Option<Load>,
    /// The peers that could not be measured, and why.
    pub missing: Vec<String>,
}

/// One thing that is to be reached.
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    /// What, and how much of it.
    pub wanted: String,
    /// What was measured.
    pub measured: String,
    /// Whether it was reached.
    pub met: bool,
}

/// From this many rules on the targets hold.
const RULES: usize = 10_000;

impl Report {
    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().rfind(|row| row.row == name)
    }

    /// What the engine is to reach, of what was measured.
    #[expect(clippy::cast_precision_loss, reason = "counts of messages and milliseconds are small")]
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut add = |wanted: &str, measured: String, met| {
            targets.push(Target { wanted: wanted.to_owned(), measured, met });
        };
        for (peer, least, wanted) in [
            ("vs-lower", 0.6, "matching at least 0.6 of vs-lower"),
            ("node-regex", 1_000.0, "matching at least 1,000 times node-regex"),
            ("aiml-py", 20.0, "matching at least 20 times aiml-py"),
        ] {
            if let (Some(ours), Some(peer)) = (self.row("matching"), self.row(peer)) {
                let ratio = ours.mps / peer.mps;
                add(wanted, format!("{ratio:.2} times"), ratio >= least);
            }
        }
        let wholes: Vec<&Row> = self.rows.iter().filter(|row| row.row == "whole").collect();
        if let Some(whole) = wholes.last() {
            let measured = format!("{} a second", grouped(whole.mps));
            add("whole decisions: at least 300,000 a second", measured, whole.mps >= 300_000.0);
        }
        if let [small, .., great] = wholes.as_slice()
            && great.rules >= RULES
        {
            let times = small.mps / great.mps;
            let wanted = "whole decisions: 100 to 10,000 rules at most 4 times the cost";
            add(wanted, format!("{times:.2} times"), times <= 4.0);
        }
        if let Some(typos) = self.row("typing errors") {
            let [recall, wrong] =
                [typos.right, typos.wrong].map(|count| count as f64 / typos.messages as f64);
            let measured = format!("{} a second, {recall:.3} right, {wrong:.3} wrong", grouped(typos.mps));
            let met = typos.mps >= 50_000.0 && recall >= 0.99 && wrong <= 0.005;
            add("typing errors: at least 50,000 a second, 0.99 right, at most 0.005 wrong", measured, met);
        }
        if let Some(Load { rules_ms, library_ms, most_kb }) = self.load {
            let (ms, mb) = (rules_ms + library_ms, most_kb as f64 / 1024.0);
            let met = ms < 1_000 && mb < 150.0;
            add("loading rules and library: under 1 s and 150 MB", format!("{ms} ms, {mb:.0} MB"), met);
        }
        targets
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let matching = self.row("matching").map_or(f64::NAN, |row| row.mps);
        writeln!(
            f,
            "{:18} {:>7} {:>13} {:>10} {:>8} {:>7} {:>14}",
            "row", "rules", "messages/s", "ns each", "right", "wrong", "matching is"
        )?;
        for row in &self.rows {
            let Row { row: name, rules, mps, expected, right, wrong, .. } = row;
            let share = format!("{right}/{expected}");
            let (speed, each) = (grouped(*mps), grouped(1e9 / mps));
            let times = format!("{:.2} times", matching / mps);
            writeln!(f, "{name:18} {rules:>7} {speed:>13} {each:>10} {share:>11} {wrong:>5} {times:>14}")?;
        }
        for missing in &self.missing {
            writeln!(f, "left out: {missing}")?;
        }
        writeln!(f)?;
        for Target { wanted, measured, met } in self.targets() {
            writeln!(f, "{} {wanted}: {measured}", if met { "met    " } else { "NOT MET" })?;
        }
        Ok(())
    }
}

/// A number as people read it: 1,234,567.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, rules: usize, mps: f64) -> Row {
        Row { row: name.into(), rules, messages: 1_000, mps, expected: 500, right: 500, wrong: 0 }
    }

    #[test]
    fn targets_are_of_the_greatest_set_and_of_the_peers_that_were_measured() {
        let rows = vec![
            row("matching", 100, 9e6),
            row("whole", 100, 900_000.0),
            row("matching", 10_000, 500_000.0),
            row("whole", 10_000, 310_000.0),
            row("vs-lower", 10_000, 1e6),
        ];
        let report = Report { rows, load: None, missing: vec!["aiml-py: no Python".into()] };
        let met: Vec<_> = report.targets().into_iter().map(|target| (target.measured, target.met)).collect();
        let expected = [("0.50 times", false), ("310,000 a second", true), ("2.90 times", true)];
        assert_eq!(met, expected.map(|(measured, met)| (measured.to_owned(), met)));
        let text = report.to_string();
        assert!(text.contains("NOT MET matching at least 0.6 of vs-lower: 0.50 times"), "{text}");
        assert!(text.contains("left out: aiml-py: no Python"), "{text}");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([1.0, 999.0, 1_000.0, 1_234_567.0].map(grouped), ["1", "999", "1,000", "1,234,567"]);
    }
}
