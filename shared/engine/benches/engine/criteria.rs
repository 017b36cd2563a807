//! Criterion's benches, for comparing one change with another.

use std::{env, hint::black_box, path::PathBuf, process::Command};

use criterion::{BenchmarkId, Criterion, Throughput};
use regex::RegexBuilder;
use troupe_engine::PatternSet;

use crate::{
    set::{self, Said, Set},
    subject::{self, Subject},
};

const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// A file of the generator, which is run if there is none yet.
fn generated(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench");
    if !folder.join("rules_10000.json").exists() {
        let generator = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/bench/gen.py");
        let status = Command::new("python3").arg(generator).arg("--out").arg(&folder).status();
        assert!(status.is_ok_and(|status| status.success()), "{generator} failed");
    }
    folder.join(name)
}

pub fn run() {
    let mut criterion = Criterion::default().configure_from_args();
    for count in SIZES {
        let set = Set::read(&generated(&format!("rules_{count}.json"))).expect("it was generated");
        let said =
            |file: &str| set::messages(&generated(&format!("{file}_{count}.tsv"))).expect("it was generated");
        let (messages, typos) = (said("messages"), said("typos"));
        let patterns: Vec<String> = set.patterns().collect();
        let matching = PatternSet::new(patterns.iter().map(String::as_str)).expect("they are patterns");
        bench(&mut criterion, "matching", count, &messages, |_, said| {
            matching.first(&said.update.message.text)
        });
        for name in subject::NAMES {
            let subject = Subject::new(name, &set).expect("it is a subject's name");
            bench(&mut criterion, name, count, &messages, |number, said| subject.decide(number, said));
            if name == "library" {
                bench(&mut criterion, "typing errors", count, &typos, |number, said| {
                    subject.decide(number, said)
                });
            }
        }
        // The seed's design: one regular expression for each rule, tried in order.
        let regexes: Vec<_> = patterns
            .iter()
            .map(|pattern| RegexBuilder::new(pattern).build().expect("it is a pattern"))
            .collect();
        bench(&mut criterion, "naive regexes", count, &messages, |_, said| {
            regexes.iter().position(|regex| regex.is_match(&said.update.message.text))
        });
    }
    criterion.final_summary();
}

fn bench<T>(
    criterion: &mut Criterion,
    name: &str,
    count: usize,
    said: &[Said],
    each: impl Fn(usize, &Said) -> T,
) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
        let mut next = said.iter().enumerate().cycle();
        bencher.iter(|| {
            let (number, said) = next.next().expect("there are messages");
            each(number, black_box(said))
        });
    });
    group.finish();
}
