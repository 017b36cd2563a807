//! An answer library as text: the YAML that a person would write.

use std::{collections::BTreeSet, fmt};

/// A library to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Library {
    /// What is said if nothing matches, if there is something.
    pub fallback: Vec<Answer>,
    pub entries: Vec<Entry>,
}

/// What people say, and what is answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Chosen by [`Ids`].
    pub id: String,
    pub phrases: Vec<String>,
    pub regexes: Vec<String>,
    pub answers: Vec<Answer>,
}

/// A variation: a template, and its share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    pub weight: u32,
}

impl Answer {
    /// A text that is said as it stands.
    pub fn literal(text: &str) -> Self {
        Self { text: literal(text), weight: 1 }
    }
}

/// A template that expands to `text`, whatever is in it.
pub fn literal(text: &str) -> String {
    let means_something = text.contains("{{")
        || text.split_once('{').is_some_and(|(_, inside)| inside.contains('|') && inside.contains('}'));
    if !means_something {
        return text.to_owned();
    }
    text.replace('{', "\\{").replace('|', "\\|").replace('}', "\\}")
}

impl Library {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.fallback.is_empty()
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.fallback.is_empty() {
            f.write_str("fallback:\n")?;
            answers(&self.fallback, "  ", f)?;
        }
        if self.entries.is_empty() {
            return f.write_str("entries: []\n");
        }
        f.write_str("entries:\n")?;
        for Entry { id, phrases, regexes, answers: said } in &self.entries {
            writeln!(f, "  - id: {}", scalar(id))?;
            for (field, list) in [("phrases", phrases), ("regexes", regexes)] {
                if !list.is_empty() {
                    writeln!(f, "    {field}:")?;
                    list.iter().try_for_each(|text| writeln!(f, "      - {}", scalar(text)))?;
                }
            }
            answers(said, "    ", f)?;
        }
        Ok(())
    }
}

fn answers(list: &[Answer], indent: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let [Answer { text, .. }] = list {
        return writeln!(f, "{indent}answers: {}", scalar(text));
    }
    writeln!(f, "{indent}answers:")?;
    for Answer { text, weight } in list {
        match weight {
            1 => writeln!(f, "{indent}  - {}", scalar(text))?,
            _ => writeln!(f, "{indent}  - text: {}\n{indent}    weight: {weight}", scalar(text))?,
        }
    }
    Ok(())
}

/// `text` as a YAML scalar: plain where that is surely read as this text, else in quotes.
fn scalar(text: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || " ,.!?()/+-'".contains(char);
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    let is_plain = text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && text.chars().all(plain)
        && !word.contains(&text.to_lowercase().as_str());
    if is_plain {
        text.to_owned()
    } else if text.chars().any(|char| char.is_control() || "\u{2028}\u{2029}\u{feff}".contains(char)) {
        // JSON's escapes are YAML's, too.
        let json = serde_json::to_string(text).unwrap_or_default();
        json.replace('\u{85}', "\\u0085")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029")
            .replace('\u{feff}', "\\ufeff")
            .replace('\u{7f}', "\\u007f")
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Names entries after what they are about, each once.
#[derive(Debug, Default)]
pub struct Ids {
    taken: BTreeSet<String>,
}

impl Ids {
    /// How many characters of a text a name takes.
    const LENGTH: usize = 40;

    /// A name for an entry about `text`.
    pub fn name(&mut self, text: &str) -> String {
        let mut name = String::new();
        for word in text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()) {
            if !name.is_empty() && name.chars().count() + word.chars().count() >= Self::LENGTH {
                break;
            }
            if !name.is_empty() {
                name.push('-');
            }
            name.extend(word.to_lowercase().chars().take(Self::LENGTH));
        }
        if name.is_empty() {
            name.push_str("entry");
        }
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let id = std::iter::once(name.clone()).chain(numbered).find(|id| !self.taken.contains(id));
        let id = id.unwrap_or(name);
        self.taken.insert(id.clone());
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_read_as_it_was() {
        let texts = [
            "hello",
            "What's up?",
            "- no list",
            "a: b",
            "# no comment",
            "'quoted'",
            "\"q\"",
            "true",
            "Null",
            "12",
            "1e3",
            " before",
            "after ",
            "two\nlines\r\n",
            "tab\t",
            "\u{85}\u{2028}\u{feff}\u{7f}",
            "[a]",
            "{a}",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "|",
            ">",
            "~",
            "ёж",
            "👋",
            "a #b",
            "key:",
            "=",
            "?",
            "-",
            "",
        ];
        for text in texts {
            let node = crate::document::read(&format!("a: {}\nb: c\n", scalar(text))).unwrap();
            assert_eq!(node.get("a").and_then(crate::document::Node::text), Some(text), "{}", scalar(text));
        }
    }

    #[test]
    fn names_are_short_and_each_is_there_once() {
        let mut ids = Ids::default();
        let names = ["What are the fees?", "what are THE fees", "???", "Как дела", &"x".repeat(99)];
        let names = names.map(|text| ids.name(text));
        assert_eq!(names[..4], ["what-are-the-fees", "what-are-the-fees-2", "entry", "как-дела"]);
        assert_eq!(names[4].len(), Ids::LENGTH);
        assert!(ids.name("a question that goes on and on and on and on").chars().count() <= Ids::LENGTH);
    }
}
