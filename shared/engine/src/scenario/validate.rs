use regex::Regex;

use super::condition::read_words;
use crate::{
    Faults,
    document::{At, unknown},
    limits, pattern, text,
};

/// What a step accepts as an answer.
#[derive(Debug)]
pub(super) enum Validation {
    /// Any text.
    Any,
    /// Any message, with a text or without.
    Anything,
    /// A number within these bounds.
    Number { min: f64, max: f64 },
    /// An e-mail address, alone or in a sentence.
    Email,
    /// A phone number, alone or in a sentence.
    Phone,
    /// A text in which the expression has a hit.
    Regex(Regex),
    /// One of several things.
    Choice(Vec<Choice>),
}

#[derive(Debug)]
pub(super) struct Choice {
    /// What is saved.
    value: String,
    /// The words by which it is known, each as a list of normalised words.
    known_as: Vec<Vec<String>>,
}

const KINDS: &[&str] = &["any", "number", "email", "phone", "regex", "choice"];

impl Validation {
    pub fn read(at: &At<'_>, faults: &mut Faults) -> Option<Self> {
        if !at.is_map() {
            return match at.text(faults)? {
                "any" => Some(Self::Any),
                "number" => Some(Self::Number { min: f64::NEG_INFINITY, max: f64::INFINITY }),
                "email" => Some(Self::Email),
                "phone" => Some(Self::Phone),
                kind @ ("regex" | "choice") => {
                    faults.at(at, format!("write what is accepted, as in {{{kind}: …}}"));
                    None
                }
                other => {
                    faults.at(at, unknown("validation", other, KINDS));
                    None
                }
            };
        }
        let object = at.object(&["number", "regex", "choice"], faults)?;
        match ["number", "regex", "choice"].map(|name| object.set(name)) {
            [Some(number), None, None] => read_number(&number, faults),
            [None, Some(pattern), None] => {
                let regex = pattern::compile(pattern.text(faults)?);
                regex.map(Self::Regex).map_err(|reason| faults.at(&pattern, reason)).ok()
            }
            [None, None, Some(choice)] => read_choices(&choice, faults),
            _ => {
                faults.at(at, "a validation is one of number, regex, choice");
                None
            }
        }
    }

    /// The value of `reply`, if it is accepted.
    pub fn accept(&self, reply: &str) -> Option<String> {
        let reply = reply.trim();
        if reply.is_empty() && !matches!(self, Self::Anything) {
            return None;
        }
        match self {
            Self::Any | Self::Anything => Some(reply.to_owned()),
            Self::Number { min, max } => {
                let (text, number) = parse_number(reply)?;
                (*min..=*max).contains(&number).then_some(text)
            }
            Self::Email => find_email(reply).map(str::to_owned),
            Self::Phone => find_phone(reply),
            Self::Regex(regex) => regex.is_match(reply).then(|| reply.to_owned()),
            Self::Choice(choices) => choose(choices, reply).map(|choice| choice.value.clone()),
        }
    }
}

fn read_number(at: &At<'_>, faults: &mut Faults) -> Option<Validation> {
    let object = at.object(&["min", "max"], faults)?;
    let mut bound = |name: &str, default| match object.set(name) {
        Some(bound) => bound.number(faults),
        None => Some(default),
    };
    let (min, max) = (bound("min", f64::NEG_INFINITY), bound("max", f64::INFINITY));
    let (min, max) = (min?, max?);
    if min > max {
        faults.at(at, format!("no number is at least {min} and at most {max}"));
        return None;
    }
    Some(Validation::Number { min, max })
}

/// A list of texts, or a map from what is saved to the words by which it is known.
fn read_choices(at: &At<'_>, faults: &mut Faults) -> Option<Validation> {
    let split = |text: &String| text.split(' ').map(str::to_owned).collect();
    let mut choices = Vec::new();
    let mut complete = Some(());
    if at.is_list() {
        for item in at.items() {
            let Some(words) = read_words(&item, faults) else {
                complete = None;
                continue;
            };
            let value = item.text(faults)?.to_owned();
            choices.push(Choice { value, known_as: words.iter().map(split).collect() });
        }
    } else if at.map(limits::ENTRY_PATTERNS, faults) {
        for (key, field) in at.fields() {
            let Some(words) = read_words(&field, faults) else {
                complete = None;
                continue;
            };
            choices.push(Choice { value: key.text.clone(), known_as: words.iter().map(split).collect() });
        }
    } else {
        return None;
    }
    complete?;
    if choices.is_empty() || choices.len() > limits::ENTRY_PATTERNS {
        faults.at(at, format!("expected 1 to {} choices", limits::ENTRY_PATTERNS));
        return None;
    }
    Some(Validation::Choice(choices))
}

/// The choice that `reply` is; else the only one that it contains; else the only one that it is with typing errors.
fn choose<'c>(choices: &'c [Choice], reply: &str) -> Option<&'c Choice> {
    let words = text::words(reply);
    let said: Vec<&str> = words.iter().collect();
    if said.is_empty() {
        return None;
    }
    let whole = |known: &[String]| known == said;
    let within = |known: &[String]| said.windows(known.len()).any(|place| place == known);
    let alike = |known: &[String]| {
        known.len() == said.len() && known.iter().zip(&said).all(|(known, said)| is_alike(known, said))
    };
    let first = choices.iter().find(|choice| choice.known_as.iter().any(|known| whole(known)));
    first.or_else(|| only(choices, within)).or_else(|| only(choices, alike))
}

fn only(choices: &[Choice], fits: impl Fn(&[String]) -> bool) -> Option<&Choice> {
    let mut fitting = choices.iter().filter(|choice| choice.known_as.iter().any(|known| fits(known)));
    fitting.next().filter(|_| fitting.next().is_none())
}

fn is_alike(known: &str, said: &str) -> bool {
    let [known, said] = [known, said].map(|word| word.chars().collect::<Vec<_>>());
    text::is_within(&known, &said, text::typos_allowed(known.len()))
}

/// A number as people write it: with spaces between thousands, with a point or a comma.
fn parse_number(reply: &str) -> Option<(String, f64)> {
    let in_number = |char: char| char.is_ascii_digit() || ".,-+".contains(char);
    if reply.contains(|char: char| !in_number(char) && !char.is_whitespace()) {
        return None;
    }
    let text: String = reply.chars().filter(|char| !char.is_whitespace()).collect();
    let text = text.replace(',', ".");
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    Some((text, number))
}

/// The only e-mail address in `reply`.
fn find_email(reply: &str) -> Option<&str> {
    let around = |char: char| "<>()\"',;:!?".contains(char);
    let words = reply
        .split_whitespace()
        .map(|word| word.trim_start_matches(around).trim_end_matches(|char| around(char) || char == '.'));
    let mut emails = words.filter(|word| is_email(word));
    emails.next().filter(|_| emails.next().is_none())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = |char: char| char.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(char);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|char| char.is_alphanumeric() || char == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    (1..=64).contains(&local.len())
        && local.chars().all(is_local)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && top.chars().count() >= 2
        && !top.bytes().all(|byte| byte.is_ascii_digit())
}

/// The only phone number in `reply`, as its digits, with a `+` before those that begin with the country.
///
/// Digits that stand together but for what people put between them; 7 to 15 of them, as E.164 has it.
fn find_phone(reply: &str) -> Option<String> {
    let between = |char: char| char.is_ascii_digit() || " +-.()/\u{a0}\u{2011}".contains(char);
    let runs = reply.split(|char: char| !between(char)).map(str::trim);
    let mut numbers = runs.filter_map(|run| {
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let country = run.trim_start_matches('(').starts_with('+');
        let (country, digits) = match digits.strip_prefix("00") {
            Some(rest) if !country => (true, rest),
            _ => (country, digits.as_str()),
        };
        (7..=15)
            .contains(&digits.len())
            .then(|| if country { format!("+{digits}") } else { digits.to_owned() })
    });
    numbers.next().filter(|_| numbers.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(validation: &str, said: &str, expected: Option<&str>) {
        let mut faults = Faults::default();
        let node = crate::document::read(validation, &mut faults).unwrap();
        let validation = Validation::read(&At::root(&node), &mut faults).ok_or(faults).unwrap();
        assert_eq!(validation.accept(said).as_deref(), expected, "{said:?}");
    }

    #[test]
    fn an_email_address_is_found_in_a_sentence() {
        check("email", "ann@example.org", Some("ann@example.org"));
        check("email", "It is <ann.b+news@mail.example.co.uk>.", Some("ann.b+news@mail.example.co.uk"));
        check("email", "почта: анна@пример.рф", Some("анна@пример.рф"));
        for no in [
            "ann",
            "ann@",
            "@example.org",
            "ann@example",
            "a@b..c",
            "ann@-x.org",
            "a@1.2.3.4",
            "a@x.org b@x.org",
        ] {
            check("email", no, None);
        }
    }

    #[test]
    fn a_phone_number_is_found_in_a_sentence() {
        check("phone", "+49 (30) 901820-22", Some("+493090182022"));
        check("phone", "call me: 0049 30 9018 2022, thanks", Some("+493090182022"));
        check("phone", "8 (916) 123-45-67", Some("89161234567"));
        for no in ["12345", "my phone", "1234567890123456", "+4930901820 or +4930901821", ""] {
            check("phone", no, None);
        }
    }

    #[test]
    fn a_number_is_read_as_people_write_it() {
        check("number", " 1 500,50 ", Some("1500.50"));
        check("number", "-3", Some("-3"));
        for no in ["inf", "nan", "1e5", "five", "1.2.3", "", "5 apples"] {
            check("number", no, None);
        }
        check("{\"number\": {\"min\": 18, \"max\": 99}}", "18", Some("18"));
        check("{\"number\": {\"min\": 18, \"max\": 99}}", "17", None);
    }

    #[test]
    fn a_choice_is_known_by_its_words() {
        let choice = "choice:\n  pro: [pro, professional, про]\n  basic: [basic, free plan, 'базовый']\n";
        check(choice, "Pro!", Some("pro"));
        check(choice, "i take the free plan please", Some("basic"));
        check(choice, "profesional", Some("pro"));
        check(choice, "Базовый", Some("basic"));
        check(choice, "pro or basic?", None);
        check(choice, "neither", None);
        check("choice: [Yes, No]", "yes", Some("Yes"));
    }

    #[test]
    fn any_text_is_a_text() {
        check("any", " hello ", Some("hello"));
        check("any", "  ", None);
        check("regex: '^0x[0-9a-f]{4}$'", "0xab12", Some("0xab12"));
        check("regex: '^0x[0-9a-f]{4}$'", "0xab1", None);
    }
}
