//! The lines of scripts, gathered: what each trigger has, and what is defined.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{convert::fault, problem::Problems};

/// All that was read.
#[derive(Debug, Default)]
pub struct Brain {
    pub triggers: Vec<Trigger>,
    /// What is said for what: the second stands in triggers, the first is what people write.
    pub substitutions: Vec<(String, String)>,
    pub arrays: BTreeMap<String, Vec<String>>,
    pub variables: BTreeMap<String, String>,
    pub left_out: Problems,
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub file: PathBuf,
    pub number: usize,
    pub text: String,
}

/// `+` and what belongs to it.
#[derive(Debug)]
pub struct Trigger {
    pub line: Line,
    pub text: String,
    pub redirect: Option<Line>,
    pub replies: Vec<Line>,
    /// Whether it was left out, with all that follows.
    dropped: bool,
}

/// What the next line may belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Trigger,
    Reply,
    Redirect,
    Definition,
}

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Within {
    /// The topic that everybody is in.
    Everything,
    Begin,
    Topic,
    Object,
    Comment(Box<Self>),
}

impl Brain {
    /// Adds a script.
    pub fn read(&mut self, path: &Path, text: &str) {
        Script {
            brain: self,
            path,
            within: Within::Everything,
            last: Last::Nothing,
            begun: false,
            concat: "",
            definition: None,
            silent: None,
        }
        .read(text);
    }

    /// Notes that something has no counterpart.
    pub fn leave_out(&mut self, line: &Line, reason: impl Into<String>) {
        self.left_out.fault(&line.file, fault(line.number, 1, reason));
    }
}

struct Script<'b> {
    brain: &'b mut Brain,
    path: &'b Path,
    within: Within,
    last: Last,
    /// Whether a trigger has begun that replies can belong to.
    begun: bool,
    /// What is put between a line and its continuation.
    concat: &'static str,
    definition: Option<Line>,
    /// The block whose triggers are left out, and how many they are.
    silent: Option<(Line, usize)>,
}

impl Script<'_> {
    fn read(mut self, text: &str) {
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if let Within::Comment(outside) = &self.within {
                if line.contains("*/") {
                    self.within = (**outside).clone();
                }
                continue;
            }
            if self.within == Within::Object {
                if line.starts_with('<') && line.contains("object") {
                    self.within = Within::Everything;
                }
                continue;
            }
            if line.starts_with("/*") {
                if !line.contains("*/") {
                    self.within = Within::Comment(Box::new(self.within.clone()));
                }
                continue;
            }
            if line.is_empty() || line.starts_with("//") {
                continue;
            }
            let line = line.split(" // ").next().unwrap_or_default().trim_end();
            let mut chars = line.chars();
            let command = chars.next().unwrap_or_default();
            let line = Line { file: self.path.to_owned(), number, text: chars.as_str().trim().to_owned() };
            if command != '^' {
                self.define();
            }
            self.command(command, line);
        }
        self.define();
        self.end_block();
        self.brain.triggers.retain(|trigger| !trigger.dropped);
    }

    fn leave_out(&mut self, line: &Line, reason: impl Into<String>) {
        self.brain.leave_out(line, reason);
    }

    fn command(&mut self, command: char, line: Line) {
        let known = !matches!(command, '!' | '>' | '<');
        if known && self.within == Within::Topic {
            if let (Some((_, count)), '+') = (&mut self.silent, command) {
                *count += 1;
            }
            return;
        }
        if known && self.within == Within::Begin {
            if command == '-' && line.text != "{ok}" {
                self.leave_out(&line, "what is done before every reply has no counterpart");
            }
            return;
        }
        match command {
            '!' => {
                self.definition = Some(line);
                self.last = Last::Definition;
            }
            '>' => self.begin_block(line),
            '<' => self.end_block(),
            '+' => {
                let text = line.text.clone();
                self.brain.triggers.push(Trigger {
                    line,
                    text,
                    redirect: None,
                    replies: Vec::new(),
                    dropped: false,
                });
                self.last = Last::Trigger;
                self.begun = true;
            }
            '-' | '@' | '%' | '*' if !self.begun => {
                self.leave_out(&line, "there is no trigger before this");
            }
            '-' => {
                self.trigger().replies.push(line);
                self.last = Last::Reply;
            }
            '@' => {
                self.trigger().redirect = Some(line);
                self.last = Last::Redirect;
            }
            '%' => {
                self.leave_out(
                    &line,
                    "a library does not know what the bot said before: the trigger is left out",
                );
                self.trigger().dropped = true;
            }
            '*' => self.leave_out(&line, "an answer of a library has no condition"),
            '^' => self.continuation(&line),
            other => self.leave_out(&line, format!("no command of RiveScript begins with {other:?}")),
        }
    }

    fn trigger(&mut self) -> &mut Trigger {
        self.brain.triggers.last_mut().expect("one has begun")
    }

    fn continuation(&mut self, line: &Line) {
        let concat = self.concat;
        let text = match self.last {
            Last::Nothing => return self.leave_out(line, "there is nothing that this goes on with"),
            Last::Definition => match &mut self.definition {
                Some(definition) => {
                    definition.text.push('\n');
                    &mut definition.text
                }
                None => return,
            },
            Last::Trigger => &mut self.trigger().text,
            Last::Reply => match self.trigger().replies.last_mut() {
                Some(reply) => &mut reply.text,
                None => return,
            },
            Last::Redirect => match &mut self.trigger().redirect {
                Some(redirect) => &mut redirect.text,
                None => return,
            },
        };
        text.push_str(concat);
        text.push_str(&line.text);
    }

    /// Takes the definition that has ended up.
    fn define(&mut self) {
        let Some(line) = self.definition.take() else { return };
        let (left, value) = line.text.split_once('=').unwrap_or((&line.text, ""));
        let (kind, name) = left.trim().split_once(char::is_whitespace).unwrap_or((left.trim(), ""));
        let (name, value) = (name.trim().to_owned(), value.trim());
        match kind {
            "version" | "global" | "person" => {}
            "local" => {
                if name == "concat" {
                    self.concat = match value {
                        "space" => " ",
                        "newline" => "\n",
                        _ => "",
                    };
                }
            }
            "var" => {
                self.brain.variables.insert(name, value.to_owned());
            }
            "sub" => self.brain.substitutions.push((name.to_lowercase(), value.to_lowercase())),
            "array" => {
                // Each line of it says by itself what is between its words.
                let words = value.lines().flat_map(|line| -> Vec<&str> {
                    if line.contains('|') {
                        line.split('|').collect()
                    } else {
                        line.split_whitespace().collect()
                    }
                });
                let words = words.map(|word| word.replace("\\s", " ").trim().to_lowercase());
                let words = words.filter(|word| !word.is_empty()).collect();
                self.brain.arrays.insert(name, words);
            }
            other => self.leave_out(&line, format!("there is no definition of a kind {other:?}")),
        }
    }

    fn begin_block(&mut self, line: Line) {
        self.end_block();
        let mut words = line.text.split_whitespace();
        match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
            ("begin", _) => self.within = Within::Begin,
            ("topic", "random") => {}
            ("topic", _) => {
                self.within = Within::Topic;
                self.silent = Some((line, 0));
            }
            ("object", name) => {
                self.within = Within::Object;
                let reason = format!("the object macro {name:?} is a program, and has no counterpart");
                self.leave_out(&line, reason);
            }
            (other, _) => self.leave_out(&line, format!("there is no block of a kind {other:?}")),
        }
    }

    fn end_block(&mut self) {
        if let Some((line, count)) = self.silent.take() {
            self.leave_out(
                &line,
                format!("a library has no topics: {count} triggers of this one are left out"),
            );
        }
        self.within = Within::Everything;
        self.last = Last::Nothing;
        self.begun = false;
    }
}
