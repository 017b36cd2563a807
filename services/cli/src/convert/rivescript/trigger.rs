//! A trigger as a regular expression, and its rank among the others.

use std::cmp::Reverse;

use troupe_engine::limits;

use super::brain::Brain;

/// A trigger's expression, for case to be left aside, and its rank.
#[derive(Debug)]
pub struct Uncompiled {
    pub source: String,
    pub rank: Rank,
}

/// Which of two triggers is asked first: by weight, then by kind, then the one of more words, then the longer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    weight: Reverse<u32>,
    kind: Kind,
    words: Reverse<usize>,
    length: Reverse<usize>,
}

impl Rank {
    /// Whether this is what matches when nothing else does.
    pub const fn is_anything(self) -> bool {
        matches!(self.kind, Kind::Star) && self.weight.0 == 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Words,
    Optional,
    WithLetters,
    WithNumber,
    WithStar,
    Letters,
    Number,
    Star,
}

/// A part of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    what: What,
    /// Whether it follows what is before it without a blank.
    glued: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Word(String),
    Anything,
    Number,
    Letters,
    OneOf(Vec<Vec<Part>>),
    Optional(Vec<Vec<Part>>),
}

/// Compiles a trigger; the error says what has no counterpart in it.
pub fn compile(text: &str, brain: &Brain) -> Result<Uncompiled, String> {
    let (text, weight) = without_weight(text);
    let text = expanded(text.trim(), brain)?;
    let rank = rank(&text, weight);
    let mut reading = Reading { rest: text.chars().collect::<Vec<_>>().into_iter().peekable(), depth: 0 };
    let parts = match reading.alternatives()?.as_mut_slice() {
        _ if reading.rest.peek().is_some() => return Err("a bracket closes what was not opened".to_owned()),
        [parts] => std::mem::take(parts),
        // A bar outside of brackets divides the whole trigger.
        alternatives => {
            vec![Part { what: What::OneOf(alternatives.to_vec()), glued: false }]
        }
    };
    let whole = |parts: &[Part]| -> Result<String, String> {
        let source = written(parts)?;
        Ok(format!(r"(?s)^\W*{source}\W*$"))
    };
    let mut source = whole(&substituted(&parts, brain))?;
    if source.len() > limits::REGEX_BYTES {
        source = whole(&parts)?;
    }
    if source.len() > limits::REGEX_BYTES {
        return Err(format!(
            "as a regular expression the trigger has more than {} bytes",
            limits::REGEX_BYTES
        ));
    }
    Ok(Uncompiled { source, rank })
}

/// The trigger without its weight, and the weight.
pub fn without_weight(text: &str) -> (String, u32) {
    let Some((before, rest)) = text.split_once("{weight=") else { return (text.to_owned(), 0) };
    let Some((weight, after)) = rest.split_once('}') else { return (text.to_owned(), 0) };
    (format!("{} {}", before.trim_end(), after.trim_start()), weight.trim().parse().unwrap_or(0))
}

/// The trigger with arrays and variables of the bot written out.
fn expanded(text: &str, brain: &Brain) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(place) = rest.find(['@', '<']) {
        out.push_str(&rest[..place]);
        let found = &rest[place..];
        if let Some(name) = found.strip_prefix('@') {
            let end = name.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(name.len());
            let words = brain.arrays.get(&name[..end]);
            let words = words.ok_or_else(|| format!("there is no array {:?}", &name[..end]))?;
            out.push('(');
            out.push_str(&words.join("|"));
            out.push(')');
            rest = &name[end..];
        } else {
            let tag = found.split_once('>').map_or(found, |(tag, _)| tag);
            let Some(name) = tag.strip_prefix("<bot ") else {
                return Err(format!("what {tag}> is in a trigger depends on the conversation"));
            };
            let value = brain.variables.get(name.trim()).map(String::as_str).unwrap_or_default();
            out.extend(value.to_lowercase().chars().filter(|char| char.is_alphanumeric() || *char == ' '));
            rest = found.get(tag.len() + 1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Ok(out.to_lowercase())
}

fn rank(text: &str, weight: u32) -> Rank {
    let words = text.split(|char: char| char.is_whitespace() || "*#_|".contains(char));
    let words = words.filter(|word| !word.is_empty()).count();
    let kind = match (words > 0, text) {
        (true, text) if text.contains('_') => Kind::WithLetters,
        (true, text) if text.contains('#') => Kind::WithNumber,
        (true, text) if text.contains('*') => Kind::WithStar,
        (true, text) if text.contains('[') => Kind::Optional,
        (true, _) => Kind::Words,
        (false, text) if text.contains('_') => Kind::Letters,
        (false, text) if text.contains('#') => Kind::Number,
        (false, _) => Kind::Star,
    };
    Rank { weight: Reverse(weight), kind, words: Reverse(words), length: Reverse(text.chars().count()) }
}

struct Reading {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    depth: u32,
}

impl Reading {
    /// Reads up to the bracket that closes, or the end. Empty alternatives are left out, as RiveScript does.
    fn alternatives(&mut self) -> Result<Vec<Vec<Part>>, String> {
        let mut alternatives = vec![Vec::new()];
        let mut glued = false;
        while let Some(char) = self.rest.peek().copied() {
            if matches!(char, ')' | ']') {
                break;
            }
            self.rest.next();
            let what = match char {
                '|' => {
                    alternatives.push(Vec::new());
                    glued = false;
                    continue;
                }
                char if char.is_whitespace() => {
                    glued = false;
                    continue;
                }
                '*' => What::Anything,
                '#' => What::Number,
                '_' => What::Letters,
                '(' => What::OneOf(self.bracket(')')?),
                '[' => What::Optional(self.bracket(']')?),
                char => {
                    let mut word = String::from(char);
                    let goes_on = |char: &char| !char.is_whitespace() && !"*#_()[]|".contains(*char);
                    while let Some(char) = self.rest.next_if(goes_on) {
                        word.push(char);
                    }
                    What::Word(word)
                }
            };
            let part = Part { what, glued };
            alternatives.last_mut().expect("there is one from the start").push(part);
            glued = true;
        }
        alternatives.retain(|parts| !parts.is_empty());
        Ok(alternatives)
    }

    fn bracket(&mut self, end: char) -> Result<Vec<Vec<Part>>, String> {
        self.depth += 1;
        if self.depth > limits::REGEX_NESTING / 4 {
            return Err("brackets are nested too deep".to_owned());
        }
        let alternatives = self.alternatives()?;
        self.depth -= 1;
        if self.rest.next() != Some(end) {
            return Err(format!("there is no {end:?} to a bracket"));
        }
        if alternatives.is_empty() {
            return Err("there is nothing in a bracket".to_owned());
        }
        Ok(alternatives)
    }
}

/// The parts with what people may write instead of a word or several, by the brain's substitutions.
fn substituted(parts: &[Part], brain: &Brain) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    let mut place = 0;
    while let Some(part) = parts.get(place) {
        if let What::OneOf(alternatives) | What::Optional(alternatives) = &part.what {
            let inside = alternatives.iter().map(|parts| substituted(parts, brain)).collect();
            let what =
                if let What::OneOf(_) = part.what { What::OneOf(inside) } else { What::Optional(inside) };
            out.push(Part { what, glued: part.glued });
            place += 1;
            continue;
        }
        let written = brain.substitutions.iter().filter_map(|(written, meant)| {
            let words: Vec<&str> = meant.split_whitespace().collect();
            let stands = !words.is_empty()
                && words.iter().enumerate().all(|(offset, word)| {
                    matches!(parts.get(place + offset), Some(Part { what: What::Word(known), glued })
                    if known == word && (offset == 0 || !glued))
                });
            let is_last_whole = parts.get(place + words.len()).is_none_or(|next| !next.glued);
            let sayable = written.chars().any(char::is_alphanumeric);
            (stands && is_last_whole && !part.glued && sayable).then_some((words.len(), written))
        });
        // The longest one that stands here, and whatever else is written for the same words.
        let written: Vec<_> = written.collect();
        let Some(length) = written.iter().map(|(length, _)| *length).max() else {
            out.push(part.clone());
            place += 1;
            continue;
        };
        let mut alternatives = vec![parts[place..place + length].to_vec()];
        for (_, written) in written.iter().filter(|(of, _)| *of == length) {
            let words = written.split_whitespace();
            alternatives
                .push(words.map(|word| Part { what: What::Word(word.to_owned()), glued: false }).collect());
        }
        out.push(Part { what: What::OneOf(alternatives), glued: false });
        place += length;
    }
    out
}

fn written(parts: &[Part]) -> Result<String, String> {
    let mut out = String::new();
    let mut begun = false;
    for Part { what, glued } in parts {
        let source = match what {
            What::Word(word) => written_word(word),
            What::Anything => r"\w.*?".to_owned(),
            What::Number => r"\d+".to_owned(),
            What::Letters => r"[^\W\d_]+".to_owned(),
            What::OneOf(alternatives) | What::Optional(alternatives) => {
                let alternatives: Result<Vec<_>, _> =
                    alternatives.iter().map(|parts| written(parts)).collect();
                format!("(?:{})", alternatives?.join("|"))
            }
        };
        let source = match (what, begun) {
            (What::Optional(_), true) => format!(r"(?:\W+{source})?"),
            (What::Optional(_), false) => format!(r"(?:{source}\W+)?"),
            (_, true) if !glued => format!(r"\W+{source}"),
            _ => source,
        };
        out.push_str(&source);
        begun |= !matches!(what, What::Optional(_));
    }
    if !begun {
        return Err("all of the trigger is optional".to_owned());
    }
    Ok(out)
}

/// Words that people write with an apostrophe, which RiveScript drops before it looks for a trigger.
const CONTRACTED: [&str; 38] = [
    "aint", "arent", "cant", "couldnt", "didnt", "doesnt", "dont", "hadnt", "hasnt", "havent", "heres",
    "hes", "hows", "im", "isnt", "its", "ive", "lets", "shes", "shouldnt", "thats", "theres", "theyre",
    "theyve", "wasnt", "werent", "weve", "whats", "whens", "wheres", "whos", "whys", "wont", "wouldnt",
    "youd", "youll", "youre", "youve",
];

/// A word; one that may have an apostrophe matches with and without it.
fn written_word(word: &str) -> String {
    const APOSTROPHE: &str = "['’]";
    if word.contains(['\'', '’']) {
        let parts = word.split(['\'', '’']).map(regex::escape);
        return parts.collect::<Vec<_>>().join(APOSTROPHE);
    }
    if !CONTRACTED.contains(&word) {
        return regex::escape(word);
    }
    let ending = if word.ends_with("re") || word.ends_with("ve") || word.ends_with("ll") { 2 } else { 1 };
    let (stem, ending) = word.split_at(word.len() - ending);
    format!("{stem}{APOSTROPHE}?{ending}")
}
