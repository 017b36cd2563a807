//! Measures one row in a process of its own, and says it in one line of JSON, as the peers do.
//!
//! `measure ROW --rules FILE --messages FILE [--passes COUNT]`, where a row is `matching` or a [`crate::subject`]. With
//! a number of passes nothing is timed: two such runs under callgrind differ by the instructions of the passes.

use std::{fs, hint::black_box, path::PathBuf, time::Duration};

use serde_json::json;
use troupe_engine::PatternSet;

use crate::{
    set::{self, Said, Set},
    subject::{self, Subject},
};

/// How long passes are repeated, in processor time. The fastest one counts: what else runs on the machine makes a pass
/// slower, never faster.
const BUDGET: Duration = Duration::from_millis(1500);
const PASSES_MIN: usize = 5;

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
    let subject = Subject::new(&row, &set).ok_or_else(|| {
        format!("there is no row {row:?}; there are matching, {}", subject::NAMES.join(", "))
    })?;
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
        (0..passes).for_each(|_| pass());
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
    let (begun, mut fastest, mut passes) = (processor_time()?, Duration::MAX, 0);
    let mut ended = begun;
    while passes < PASSES_MIN || ended.saturating_sub(begun) < BUDGET {
        let started = processor_time()?;
        pass();
        ended = processor_time()?;
        fastest = fastest.min(ended.saturating_sub(started));
        passes += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of messages are small")]
    let per_second = messages.len() as f64 / fastest.as_secs_f64();
    let line = json!({
        "row": row, "messages": messages.len(), "passes": passes, "mps": per_second.round(),
        "expected": expected, "right": right, "wrong": wrong,
    });
    println!("{line}");
    Ok(())
}

/// How long this process has had a processor: what others do with it meanwhile does not count.
fn processor_time() -> Result<Duration, String> {
    let file = "/proc/self/schedstat";
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| format!("{file} is not as expected: {text:?}"))
}
