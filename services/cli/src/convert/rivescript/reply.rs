//! A reply as templates.

use super::brain::Brain;
use crate::convert::library::literal;

/// What a reply says.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// As templates; several if it chooses at random inside.
    pub texts: Vec<String>,
    pub weight: u32,
    /// What it does beside that and has no counterpart.
    pub without: Vec<String>,
}

/// Why a reply says nothing by itself.
#[derive(Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// It stands for the replies to this.
    Redirect(String),
    Because(String),
}

/// How many texts `{random}` may make of one reply.
const RANDOM: usize = 64;
/// Tags that leave a trace, and say nothing.
const DEEDS: [&str; 6] = ["set", "add", "sub", "mult", "div", "bot"];
/// Tags that say what no template knows.
const UNKNOWN: [&str; 10] =
    ["star", "botstar", "reply", "id", "call", "person", "formal", "sentence", "uppercase", "lowercase"];

/// Converts a reply; `to_anything` if its trigger's wildcard is the whole message.
pub fn told(text: &str, brain: &Brain, to_anything: bool) -> Result<Told, Unsaid> {
    let (text, weight) = match text.split_once("{weight=") {
        Some((before, rest)) => {
            let (weight, after) = rest.split_once('}').unwrap_or((rest, ""));
            let weight = weight.trim().parse().ok().filter(|weight| *weight > 0).unwrap_or(1);
            (format!("{before}{after}"), weight)
        }
        None => (text.to_owned(), 1),
    };
    let text = text.trim();
    if let Some(to) = text.strip_prefix("{@").and_then(|rest| rest.strip_suffix('}')) {
        return Err(Unsaid::Redirect(to.trim().to_owned()));
    }
    let mut without = Vec::new();
    let mut texts = Vec::new();
    for text in random(text)? {
        let text = filled(&text, brain, to_anything, &mut without)?;
        if !text.trim().is_empty() {
            texts.push(text);
        }
    }
    without.dedup();
    if texts.is_empty() {
        let reason = without
            .pop()
            .unwrap_or_else(|| "the reply is blank, and Telegram sends no blank text".to_owned());
        return Err(Unsaid::Because(reason));
    }
    Ok(Told { texts, weight, without })
}

/// All that `{random}` can come to.
fn random(text: &str) -> Result<Vec<String>, Unsaid> {
    let Some((before, rest)) = text.split_once("{random}") else { return Ok(vec![text.to_owned()]) };
    let Some((inside, after)) = rest.split_once("{/random}") else {
        return Err(Unsaid::Because("a {random} without its {/random}".to_owned()));
    };
    let choices: Vec<&str> =
        if inside.contains('|') { inside.split('|').collect() } else { inside.split_whitespace().collect() };
    let after = random(after)?;
    if choices.len() * after.len() > RANDOM {
        return Err(Unsaid::Because(format!("{{random}} makes more than {RANDOM} texts of this")));
    }
    Ok(choices
        .iter()
        .flat_map(|choice| after.iter().map(move |after| format!("{before}{choice}{after}")))
        .collect())
}

/// The text with its tags as values, and what is plain in it as it stands.
fn filled(text: &str, brain: &Brain, to_anything: bool, without: &mut Vec<String>) -> Result<String, Unsaid> {
    let because = |reason: String| Err(Unsaid::Because(reason));
    let mut out = String::new();
    let mut plain = String::new();
    let mut rest = text;
    let put = |value: &str, plain: &mut String, out: &mut String| {
        out.push_str(&literal(&std::mem::take(plain)));
        out.push_str(value);
    };
    while let Some(char) = rest.chars().next() {
        let after = &rest[char.len_utf8()..];
        let (tag, end) = match char {
            '<' => (bracketed(after, '<', '>'), '>'),
            '{' => (bracketed(after, '{', '}'), '}'),
            _ => (None, ' '),
        };
        let Some((tag, behind)) = tag else {
            let (said, length) = match after.chars().next() {
                Some('n') if char == '\\' => ('\n', 2),
                Some('s') if char == '\\' => (' ', 2),
                Some(next @ ('#' | '<' | '>' | '{' | '}' | '\\' | '/')) if char == '\\' => (next, 2),
                _ => (char, char.len_utf8()),
            };
            plain.push(said);
            rest = &rest[length..];
            continue;
        };
        let (name, value) = tag.trim().split_once(char::is_whitespace).unwrap_or((tag.trim(), ""));
        let numbered = name.trim_end_matches(|char: char| char.is_ascii_digit());
        match (end, numbered) {
            ('>', "bot") if !value.contains('=') => {
                plain.push_str(brain.variables.get(value.trim()).map_or("undefined", String::as_str));
            }
            ('>', "get") if is_name(value.trim()) => {
                let value = format!("{{{{variable.{}|undefined}}}}", value.trim());
                put(&value, &mut plain, &mut out);
            }
            ('>', "star") if to_anything && matches!(name, "star" | "star1") => {
                put("{{message.text}}", &mut plain, &mut out);
            }
            ('>', "input") if matches!(name, "input" | "input1") => {
                put("{{message.text}}", &mut plain, &mut out);
            }
            ('>', deed) if DEEDS.contains(&deed) => {
                without.push(format!("an answer of a library sets nothing: <{tag}>"));
            }
            ('>', "input" | "get") => {
                return because(format!("no template knows <{tag}>: the reply is left out"));
            }
            ('>', unknown) if UNKNOWN.contains(&unknown) || unknown.starts_with('@') => {
                return because(format!("no template knows <{tag}>: the reply is left out"));
            }
            ('}', topic) if topic.starts_with("topic=") => {
                without.push(format!("a library has no topics: {{{tag}}}"));
            }
            ('}', "ok") => {}
            ('}', "formal" | "sentence" | "uppercase" | "lowercase" | "person" | "!") => {
                return because(format!("nothing does what {{{tag}}} does: the reply is left out"));
            }
            ('}', redirect) if redirect.starts_with('@') => {
                return because(format!("a redirect inside of a reply, {{{tag}}}: the reply is left out"));
            }
            // No tag at all, but a bracket.
            _ => {
                plain.push(char);
                rest = after;
                continue;
            }
        }
        rest = behind;
    }
    put("", &mut plain, &mut out);
    Ok(out.trim().to_owned())
}

/// What is up to the `close` of a bracket that was opened before `text`, and what is behind it.
fn bracketed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let mut depth = 1_u32;
    for (place, char) in text.char_indices() {
        if char == open {
            depth += 1;
        } else if char == close {
            depth -= 1;
            if depth == 0 {
                return Some((&text[..place], &text[place + close.len_utf8()..]));
            }
        }
    }
    None
}

/// Whether a template can ask for a variable of this name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || "_- ".contains(char))
}
