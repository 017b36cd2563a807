//! Measures one row in a process of its own, and says it in one line of JSON, as the peers do.
//!
//! `measure ROW --rules FILE --messages FILE [--passes COUNT]`, where a row is `matching` or a [`crate::subject`]. With
//! a number of passes nothing is timed, and nothing judged: callgrind counts the instructions of [`counted`].

use std::{fs, hint::black_box, path::PathBuf, time::Duration};

use serde_json::json;
use troupe_engine::PatternSet;

use crate::{
    set::{self, Said, Set},
    subject::{self, Subject},
};

/// How long passes are repeated for one lap: the kernel counts processor time in steps of some milliseconds.
const LAP: Duration = Duration::from_millis(300);
/// Of so many laps the fastest counts: what else runs on the machine makes one slower, never faster.
const LAPS: usize = 6;

struct Arguments {
    row: String,
    rules: PathBuf,
    messages: PathBuf,
    passes: Option<usize>,
}

fn arguments(words: &[&str]) -> Result<Arguments, String> {
    let [row, options @ ..] = words else { return Err("measure what?".into()) };
    let option =
        |name: &str| options.chunks(2).find(|pair| pair[0] == name).and_then(|pair| pair.get(1).copied());
    let required = |name: &str| option(name).ok_or_else(|| format!("{name} FILE is missing"));
    let passes = option("--passes")
        .map(|count| count.parse().map_err(|_| format!("{count:?} is no count")))
        .transpose()?;
    Ok(Arguments {
        row: (*row).to_owned(),
        rules: required("--rules")?.into(),
        messages: required("--messages")?.into(),
        passes,
    })
}

pub fn run(words: &[&str]) -> Result<(), String> {
    let Arguments { row, rules, messages, passes } = arguments(words)?;
    let set = Set::read(&rules)?;
    let messages = set::messages(&messages)?;
    if messages.is_empty() {
        return Err("there are no messages".into());
    }
    if row == "matching" {
        let patterns: Vec<String> = set.patterns().collect();
        let patterns =
            PatternSet::new(patterns.iter().map(String::as_str)).map_err(|fault| fault.to_string())?;
        let first = |_, said: &Said| patterns.first(&said.update.message.text);
        return measure(&row, &set, &messages, passes, first, |found| *found);
    }
    let subject = Subject::new(&row, &set)?;
    measure(&row, &set, &messages, passes, |number, said| subject.decide(number, said), subject::answered)
}

/// `decide` is what costs; `answered` tells which rule its answer is.
fn measure<T>(
    row: &str,
    set: &Set,
    messages: &[Said],
    passes: Option<usize>,
    decide: impl Fn(usize, &Said) -> T,
    answered: impl Fn(&T) -> Option<usize>,
) -> Result<(), String> {
    let pass =
        || messages.iter().enumerate().for_each(|(number, said)| drop(black_box(decide(number, said))));
    if let Some(passes) = passes {
        counted(|| (0..passes).for_each(|_| pass()));
        println!("{}", json!({"row": row, "messages": messages.len(), "passes": passes}));
        return Ok(());
    }
    // The first pass, which is not timed, is judged.
    let (mut expected, mut right, mut wrong) = (0, 0, 0);
    for (number, said) in messages.iter().enumerate() {
        let answered = answered(&decide(number, said));
        expected += usize::from(said.expected.is_some());
        if set.same(answered, said.expected) {
            right += usize::from(answered.is_some());
        } else {
            wrong += usize::from(answered.is_some());
        }
    }
    let (mut fastest, mut passes) = (f64::INFINITY, 0);
    for _ in 0..LAPS {
        let (begun, mut laps) = (processor_time()?, 0_u32);
        let mut spent = Duration::ZERO;
        while spent < LAP {
            pass();
            laps += 1;
            spent = processor_time()?.saturating_sub(begun);
        }
        passes += laps;
        fastest = fastest.min(spent.as_secs_f64() / f64::from(laps));
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of messages are small")]
    let per_second = messages.len() as f64 / fastest;
    let line = json!({
        "row": row, "messages": messages.len(), "passes": passes, "mps": per_second.round(),
        "expected": expected, "right": right, "wrong": wrong,
    });
    println!("{line}");
    Ok(())
}

/// Callgrind counts the instructions of this alone, by its name.
#[inline(never)]
fn counted(passes: impl Fn()) {
    passes();
}

/// How long this process has had a processor: what others do with it meanwhile does not count.
pub fn processor_time() -> Result<Duration, String> {
    let file = "/proc/self/schedstat";
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| format!("{file} is not as expected: {text:?}"))
}
