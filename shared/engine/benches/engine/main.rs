//! What a decision costs, by the size of the content: `cargo bench -p troupe-engine`.
//!
//! The rule sets and messages are those of `tests/bench/gen.py`, which is run if its output is not there. What was
//! measured, and how, is in `tests/bench/RESULTS.md`.

mod set;

use std::{env, fs, hint::black_box, path::PathBuf, process::Command, sync::Arc, time::Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use regex::{Regex, RegexBuilder};
use set::Set;
use troupe_engine::{Content, Library, Ruleset, Scenario, Seed, State, Update, WeightedScenario, decide};

/// A direct chat's scenario that goes on for as long as one talks: the message comes to a step like any other.
const SCENARIO: &str = "
steps:
  ask: {ask: 'Which number, {{person.first_name}}?', validate: number, save: number, next: ask}
";

fn rules(set: &Set) -> Content {
    let mut content = set::content();
    content.rules = Some(Arc::new(Ruleset::parse(&set.rules()).expect("the generated rules are rules")));
    content
}

fn library(set: &Set) -> Content {
    let mut content = set::content();
    let library = Library::parse("library", &set.library()).expect("the generated library is one");
    content.direct_library = Some(Arc::new(library));
    content
}

fn pass<'a>(updates: &'a [Update]) -> impl FnMut() -> &'a Update {
    let mut next = updates.iter().cycle();
    move || next.next().expect("there are messages")
}

fn deciding(criterion: &mut Criterion) {
    for count in set::sizes() {
        let set = Set::load(count);
        let updates = set.updates("messages");
        let typos = set.updates("typos");
        let with_rules = rules(&set);
        let with_library = library(&set);
        let mut whole = with_rules.clone();
        whole.direct_library.clone_from(&with_library.direct_library);
        let mut with_scenario = with_rules.clone();
        let scenario = Arc::new(Scenario::parse("talk", 1, SCENARIO).expect("it is a scenario"));
        with_scenario.scenarios = vec![WeightedScenario { scenario, weight: 1 }];
        let cases = [
            ("rules", &with_rules, &updates),
            ("library", &with_library, &updates),
            ("rules and library", &whole, &updates),
            ("rules and scenario", &with_scenario, &updates),
            ("library, typing errors", &with_library, &typos),
        ];
        for (name, content, updates) in cases {
            let state = State::default();
            let mut group = criterion.benchmark_group(name);
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                let mut next = pass(updates);
                let mut seed = 0;
                bencher.iter(|| {
                    seed += 1;
                    decide(black_box(content), &state, next(), Seed::new(seed))
                });
            });
            group.finish();
        }
    }
}

fn naive_regexes(set: &Set) -> Vec<Regex> {
    let build = |pattern: String| RegexBuilder::new(&pattern).case_insensitive(true).build();
    set.patterns().map(|pattern| build(pattern).expect("it is a pattern")).collect()
}

/// The seed's design: one regular expression for each rule, tried in order.
fn naively(criterion: &mut Criterion) {
    for count in set::sizes() {
        let set = Set::load(count);
        let regexes: Vec<Regex> = set
            .patterns()
            .map(|pattern| {
                RegexBuilder::new(&pattern).case_insensitive(true).build().expect("it is a pattern")
            })
            .collect();
        let updates = set.updates("messages");
        let mut group = criterion.benchmark_group("naive regexes");
        group.throughput(Throughput::Elements(1)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            let mut next = pass(&updates);
            bencher.iter(|| {
                let text = &next().message.text;
                regexes.iter().position(|regex| regex.is_match(black_box(text)))
            });
        });
        group.finish();
    }
}

/// What loading and deciding cost, and whether the answers are the expected ones.
fn report() {
    for count in set::sizes() {
        let set = Set::load(count);
        let (rules_text, library_text) = (set.rules(), set.library());
        let started = Instant::now();
        let rules = Ruleset::parse(&rules_text).expect("the generated rules are rules");
        let rules_ms = started.elapsed().as_millis();
        let started = Instant::now();
        let library = Library::parse("library", &library_text).expect("the generated library is one");
        let library_ms = started.elapsed().as_millis();
        let mut content = set::content();
        let rules = Arc::new(rules);
        content.rules = Some(Arc::clone(&rules));
        let by_rules = right(&set, &content, "messages");
        content.rules = None;
        content.direct_library = Some(Arc::new(library));
        let typos = right(&set, &content, "typos");
        content.rules = Some(Arc::clone(&rules));
        println!(
            "N = {count}: rules loaded in {rules_ms} ms ({} kB of JSON), library in {library_ms} ms ({} kB); \
             {}; \
             rules: {} of {} right; typing errors: {} of {} right, {} wrong",
            rules_text.len() / 1024,
            library_text.len() / 1024,
            memory(&rules_text, &library_text),
            by_rules.right,
            by_rules.all,
            typos.right,
            typos.all,
            typos.wrong,
        );
        let messages = set.updates("messages");
        let mut only = content.clone();
        only.direct_library = None;
        told("rules", &messages, |update, seed| {
            drop(decide(&only, &State::default(), update, seed));
        });
        told("rules and library", &messages, |update, seed| {
            drop(decide(&content, &State::default(), update, seed));
        });
        only.rules = None;
        only.direct_library.clone_from(&content.direct_library);
        told("library", &messages, |update, seed| drop(decide(&only, &State::default(), update, seed)));
        let misspelt = set.updates("typos");
        told("library, typing errors", &misspelt, |update, seed| {
            drop(decide(&only, &State::default(), update, seed));
        });
        let regexes = naive_regexes(&set);
        told("naive regexes", &messages[..messages.len().min(2_000_000 / count)], |update, _| {
            black_box(regexes.iter().position(|regex| regex.is_match(&update.message.text)));
        });
    }
}

/// What loading takes in memory, in a process that does nothing else.
fn memory(rules: &str, library: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let files = [("rules.json", rules), ("library.json", library)].map(|(name, text)| {
        let file = folder.join(name);
        fs::write(&file, text).expect("the folder for temporary files can be written");
        file
    });
    let program = env::current_exe().expect("a benchmark is a program");
    let output = Command::new(program).arg(LOAD).args(files).output().expect("it can be started once more");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The first argument of the process that [`memory`] starts.
const LOAD: &str = "only-load";

fn load(mut files: impl Iterator<Item = String>) {
    let before = set::resident_kb("VmRSS");
    let mut next = || fs::read_to_string(files.next().expect("two files are named")).expect("it was written");
    let rules = Ruleset::parse(&next()).expect("the generated rules are rules");
    let library = Library::parse("library", &next()).expect("the generated library is one");
    let [after, most] = ["VmRSS", "VmHWM"].map(|field| set::resident_kb(field) - before);
    black_box((rules, library));
    println!("memory {after} kB after loading, {most} kB at most while loading");
}

/// Tells what a message costs in the fastest of several passes over all: other work of the machine makes a pass slower
/// and never faster.
fn told(name: &str, updates: &[Update], mut each: impl FnMut(&Update, Seed)) {
    let passes = (0..9).map(|_| {
        let started = Instant::now();
        (0..).zip(updates).for_each(|(seed, update)| each(update, Seed::new(seed)));
        started.elapsed()
    });
    let nanoseconds = passes.min().unwrap_or_default().as_nanos() / updates.len().max(1) as u128;
    println!("    {name}: {nanoseconds} ns, {} messages/s", 1_000_000_000 / nanoseconds.max(1));
}

struct Counts {
    right: usize,
    wrong: usize,
    all: usize,
}

fn right(set: &Set, content: &Content, file: &str) -> Counts {
    let mut counts = Counts { right: 0, wrong: 0, all: 0 };
    for (update, expected) in set.updates(file).iter().zip(set.expected(file)) {
        let answered = set::answered(&decide(content, &State::default(), update, Seed::new(1)));
        counts.all += 1;
        // A phrase may be there more than once in the set, so that another rule says the same.
        if answered.is_some_and(|answered| set.same(answered, expected))
            || (answered.is_none() && expected.is_none())
        {
            counts.right += 1;
        } else if answered.is_some() {
            counts.wrong += 1;
        }
    }
    counts
}

criterion_group!(benches, deciding, naively);

fn main() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some(LOAD) {
        return load(arguments);
    }
    report();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
