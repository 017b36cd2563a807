use regex::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind},
};

use crate::limits;

/// Compiles a regular expression within the bounds; the error says what is wrong with it, in one line.
///
/// The `regex` crate matches in linear time, whatever the pattern and the text.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    check_length(pattern)?;
    build(pattern, false)
}

/// Compiles a regular expression that does not care about upper and lower case.
pub(crate) fn compile_caseless(pattern: &str) -> Result<Regex, String> {
    check_length(pattern)?;
    build(pattern, true)
}

/// A regular expression that was checked and is not compiled yet.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: Box<str>,
    caseless: bool,
    hir: Hir,
}

/// A pattern whose parts are estimated at less than this is below the bound when compiled.
const SURELY_SMALL: usize = limits::REGEX_COMPILED_BYTES / 2;
/// A pattern of fewer characters than this never has to be compiled: see `crate::matcher`.
const NEVER_COMPILED: usize = 250;

impl Pattern {
    /// A pattern as [`compile`] takes it.
    pub fn new(source: &str) -> Result<Self, String> {
        Self::parse(source, false)
    }

    /// A pattern as [`compile_caseless`] takes it.
    pub fn caseless(source: &str) -> Result<Self, String> {
        Self::parse(source, true)
    }

    fn parse(source: &str, caseless: bool) -> Result<Self, String> {
        check_length(source)?;
        let mut parser =
            ParserBuilder::new().case_insensitive(caseless).nest_limit(limits::REGEX_NESTING).build();
        let hir = parser.parse(source).map_err(|error| explained(&error.to_string()))?;
        // Compiling takes a hundred times as long as parsing, so that it is done only where it may be refused, and where
        // it will be done again and must not fail then.
        if total(&hir, &bytes) >= SURELY_SMALL || total(&hir, &characters) >= NEVER_COMPILED {
            build(source, caseless)?;
        }
        Ok(Self { source: source.into(), caseless, hir })
    }

    /// As it is written.
    pub const fn source(&self) -> &str {
        &self.source
    }

    /// What it means.
    pub const fn hir(&self) -> &Hir {
        &self.hir
    }

    /// It without what it means, which takes many times the memory.
    pub fn without_hir(self) -> Self {
        Self { hir: Hir::empty(), ..self }
    }

    /// The text that it stands for, if it is a plain one.
    pub fn literal(&self) -> Option<&str> {
        match self.hir.kind() {
            HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok(),
            _ => None,
        }
    }

    /// Compiles it.
    pub fn regex(&self) -> Result<Regex, String> {
        build(&self.source, self.caseless)
    }
}

/// The sum of `part` over all parts of a pattern, with repetitions written out.
fn total(hir: &Hir, part: &dyn Fn(&Hir) -> usize) -> usize {
    match hir.kind() {
        HirKind::Capture(capture) => total(&capture.sub, part).saturating_add(part(hir)),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(part(hir), |sum, sub| sum.saturating_add(total(sub, part)))
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1));
            let times = usize::try_from(times).unwrap_or(usize::MAX);
            total(&repetition.sub, part).saturating_add(part(hir)).saturating_mul(times)
        }
        _ => part(hir),
    }
}

/// What a part takes when it is compiled, generously: a range is a few states, and the first ones of a class more.
fn bytes(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.len() * 64,
        HirKind::Class(Class::Unicode(class)) => 1_500 + class.ranges().len() * 64,
        HirKind::Class(Class::Bytes(class)) => 200 + class.ranges().len() * 64,
        _ => 100,
    }
}

/// The characters and assertions of a part.
fn characters(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().count(),
        HirKind::Class(_) | HirKind::Look(_) => 1,
        _ => 0,
    }
}

fn check_length(pattern: &str) -> Result<(), String> {
    if pattern.len() > limits::REGEX_BYTES {
        return Err(format!(
            "the regular expression has {} bytes, more than {}",
            pattern.len(),
            limits::REGEX_BYTES
        ));
    }
    Ok(())
}

fn build(pattern: &str, caseless: bool) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(caseless)
        .size_limit(limits::REGEX_COMPILED_BYTES)
        .dfa_size_limit(limits::REGEX_COMPILED_BYTES)
        .nest_limit(limits::REGEX_NESTING)
        .build();
    regex.map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("the regular expression takes more than {limit} bytes when compiled: simplify it")
        }
        error => explained(&error.to_string()),
    })
}

/// The parser draws the pattern with a marker under it, over several lines; the sentence is the last one.
fn explained(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    let hint = if reason.contains("look-around") || reason.contains("backreferences") {
        "; matching stays linear in time because neither exists here"
    } else {
        ""
    };
    format!("not a regular expression: {reason}{hint}")
}
