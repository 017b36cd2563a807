use regex::{Regex, RegexBuilder};

use crate::limits;

/// Compiles a regular expression within the bounds; the error says what is wrong with it, in one line.
///
/// The `regex` crate matches in linear time, whatever the pattern and the text.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    build(pattern, false)
}

/// Compiles a regular expression that does not care about upper and lower case.
pub(crate) fn compile_caseless(pattern: &str) -> Result<Regex, String> {
    build(pattern, true)
}

fn build(pattern: &str, caseless: bool) -> Result<Regex, String> {
    if pattern.len() > limits::REGEX_BYTES {
        return Err(format!(
            "the regular expression has {} bytes, more than {}",
            pattern.len(),
            limits::REGEX_BYTES
        ));
    }
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
        error => {
            // The crate draws the pattern with a marker under it, over several lines; the sentence is the last one.
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            let reason = last.strip_prefix("error: ").unwrap_or(last);
            let hint = if reason.contains("look-around") || reason.contains("backreferences") {
                "; matching stays linear in time because neither exists here"
            } else {
                ""
            };
            format!("not a regular expression: {reason}{hint}")
        }
    })
}
