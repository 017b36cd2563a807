//! Lists of questions and answers.

use std::path::{Path, PathBuf};

use clap::Args;
use csv::{ReaderBuilder, StringRecord, Trim};
use troupe_engine::limits;

use super::{
    Converted, Target, fault,
    library::{Answer, Entry, Ids, Library},
};
use crate::problem::Problems;

/// What `troupe convert csv` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The list.
    file: PathBuf,
    /// The column of the questions: its name in the first row, or its number from 1.
    #[arg(long, value_name = "COLUMN")]
    question: Option<String>,
    /// The column of the answers, likewise.
    #[arg(long, value_name = "COLUMN")]
    answer: Option<String>,
    /// What stands between columns: `,`, `;`, `|` or `tab`. Found out by itself if it is not said.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// The first row is a question and its answer, too, not the names of the columns.
    #[arg(long)]
    no_header: bool,
    #[command(flatten)]
    target: Target,
}

impl Arguments {
    pub(super) const fn target(&self) -> &Target {
        &self.target
    }
}

const HELP: &str = "\
Without --question and --answer the columns are found by their names in the first row (question, phrase, trigger …;
answer, reply, response …; вопрос, ответ); in a list of two columns without such names the first has the questions.

A question that is there several times gets several answers, of which one is said each time. Questions with the same
answers become one entry. A question's cell of several lines has one question on each.

Example:
  troupe convert csv faq.csv --question Frage --answer 3 --delimiter ';' --out faq.yaml";

const QUESTIONS: &[&str] = &[
    "question",
    "questions",
    "q",
    "phrase",
    "phrases",
    "trigger",
    "utterance",
    "input",
    "ask",
    "вопрос",
    "вопросы",
];
const ANSWERS: &[&str] =
    &["answer", "answers", "a", "reply", "replies", "response", "responses", "output", "ответ", "ответы"];
/// What may stand between columns; of equally good ones the first is taken.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How many rows the delimiter is told from.
const LOOKED_AT: usize = 100;

/// Reads the list and converts it.
pub fn run(arguments: &Arguments) -> anyhow::Result<Converted> {
    let path = &arguments.file;
    let text = super::read(path)?;
    let delimiter = arguments.delimiter.unwrap_or_else(|| guess_delimiter(&text));
    let rows = rows(&text, delimiter, path)?;
    let columns = Columns::find(arguments, &rows, delimiter).map_err(|reason| Problems::of(path, reason))?;
    Ok(convert(&rows, columns, path))
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" | "\t" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'"' => Ok(*byte),
            _ => Err("expected one character such as , ; | or the word tab".to_owned()),
        },
    }
}

/// The delimiter that gives the most rows as many columns as the first one, and more than one.
fn guess_delimiter(text: &str) -> u8 {
    let fitting = |delimiter: u8| {
        let mut reader = reader(delimiter, text);
        let rows = reader.records().take(LOOKED_AT).map_while(Result::ok);
        let lengths: Vec<usize> = rows.map(|row| row.len()).collect();
        let columns = lengths.first().copied().filter(|columns| *columns > 1)?;
        let alike = lengths.iter().filter(|length| **length == columns).count();
        Some((alike * 1000 / lengths.len(), delimiter))
    };
    // Of equal ones `max_by_key` takes the last.
    let best = DELIMITERS.into_iter().rev().filter_map(fitting).max_by_key(|(alike, _)| *alike);
    best.map_or(b',', |(_, delimiter)| delimiter)
}

fn reader(delimiter: u8, text: &str) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes())
}

/// A row, and the line that it begins in.
struct Row {
    line: usize,
    cells: StringRecord,
}

fn rows(text: &str, delimiter: u8, path: &Path) -> Result<Vec<Row>, Problems> {
    let mut rows = Vec::new();
    for record in reader(delimiter, text).into_records() {
        let cells = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            let mut problems = Problems::default();
            problems.fault(path, fault(usize::try_from(line).unwrap_or(usize::MAX), 1, error.to_string()));
            problems
        })?;
        let (line, start) = cells.position().map_or((1, 0), |place| (place.line(), place.byte()));
        // A record begins, for the reader, with the blank lines before it.
        let before = text.get(usize::try_from(start).unwrap_or(usize::MAX)..).unwrap_or_default();
        let blank = before.bytes().take_while(|byte| b"\r\n".contains(byte)).filter(|byte| *byte == b'\n');
        let line = usize::try_from(line).unwrap_or(usize::MAX).saturating_add(blank.count());
        rows.push(Row { line, cells });
    }
    Ok(rows)
}

/// Where questions and answers are, from 0.
#[derive(Debug, Clone, Copy)]
struct Columns {
    question: usize,
    answer: usize,
    /// Whether the first row names the columns.
    header: bool,
}

impl Columns {
    fn find(arguments: &Arguments, rows: &[Row], delimiter: u8) -> Result<Self, String> {
        let Some(first) = rows.first() else { return Err("the list is empty".to_owned()) };
        let names: Vec<String> = first.cells.iter().map(str::to_lowercase).collect();
        let known = |list: &[&str]| names.iter().position(|name| list.contains(&name.as_str()));
        let guessed = (known(QUESTIONS), known(ANSWERS));
        let has_names = !arguments.no_header;
        let wanted = |option: &str, wanted: Option<&String>| {
            let Some(wanted) = wanted else { return Ok(None) };
            let by_name = names
                .iter()
                .position(|name| has_names && *name == wanted.to_lowercase())
                .map(|place| (place, true));
            let by_number = || {
                let number = wanted.parse::<usize>().ok()?.checked_sub(1)?;
                (number < names.len()).then_some((number, false))
            };
            by_name.or_else(by_number).map(Some).ok_or_else(|| {
                format!(
                    "--{option} {wanted}: the first row has {} columns: {}",
                    names.len(),
                    names.join(", ")
                )
            })
        };
        let question = wanted("question", arguments.question.as_ref())?;
        let answer = wanted("answer", arguments.answer.as_ref())?;
        let said_by_name = [question, answer].into_iter().flatten().any(|(_, by_name)| by_name);
        let header = has_names && (said_by_name || guessed.0.is_some() && guessed.1.is_some());
        let guessed = match guessed {
            (Some(question), Some(answer)) if has_names => (Some(question), Some(answer)),
            _ if names.len() == 2 => match (question, answer) {
                (Some((0, _)), _) | (_, Some((1, _))) | (None, None) => (Some(0), Some(1)),
                _ => (Some(1), Some(0)),
            },
            guessed if has_names => guessed,
            _ => (None, None),
        };
        let place = |said: Option<(usize, bool)>, guessed| said.map(|(place, _)| place).or(guessed);
        match (place(question, guessed.0), place(answer, guessed.1)) {
            (Some(question), Some(answer)) if question != answer => Ok(Self { question, answer, header }),
            (Some(_), Some(_)) => Err("questions and answers can't be in the same column".to_owned()),
            _ => Err(format!(
                "say which columns have the questions and the answers, with --question and --answer; the first row, \
                 split at {:?}, is: {}",
                char::from(delimiter),
                first.cells.iter().collect::<Vec<_>>().join(" | "),
            )),
        }
    }
}

/// A question, as first written, with its answers.
struct Asked {
    question: String,
    answers: Vec<String>,
}

fn convert(rows: &[Row], columns: Columns, path: &Path) -> Converted {
    let mut left_out = Problems::default();
    let mut asked: Vec<Asked> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for Row { line, cells } in rows.iter().skip(usize::from(columns.header)) {
        let mut leave_out = |reason: String| left_out.fault(path, fault(*line, 1, reason));
        let [question, answer] =
            [columns.question, columns.answer].map(|place| cells.get(place).unwrap_or_default());
        if question.is_empty() && answer.is_empty() {
            continue;
        }
        if answer.is_empty() {
            leave_out(format!("the question {question:?} has no answer"));
            continue;
        }
        let length = answer.encode_utf16().count();
        if length > limits::TEXT_UTF16 {
            let limit = limits::TEXT_UTF16;
            leave_out(format!(
                "the answer has {length} UTF-16 units, more than the {limit} that Telegram sends"
            ));
            continue;
        }
        let mut said = false;
        for question in question.lines().map(str::trim) {
            if !question.chars().any(char::is_alphanumeric) {
                continue;
            }
            said = true;
            let place = *places.entry(question.to_lowercase()).or_insert_with(|| {
                asked.push(Asked { question: question.to_owned(), answers: Vec::new() });
                asked.len() - 1
            });
            if !asked[place].answers.iter().any(|known| known == answer) {
                asked[place].answers.push(answer.to_owned());
            }
        }
        if !said {
            leave_out(format!("there is no word in the question {question:?}"));
        }
    }
    Converted { library: Library { entries: entries(asked), ..Library::default() }, left_out }
}

/// One entry for all questions with the same answers, in the order of their first ones.
fn entries(asked: Vec<Asked>) -> Vec<Entry> {
    let mut ids = Ids::default();
    let mut entries: Vec<Entry> = Vec::new();
    let mut places = std::collections::HashMap::<Vec<String>, usize>::new();
    for Asked { question, answers } in asked {
        // An entry that is full is followed by another one.
        if let Some(place) = places.get(&answers)
            && entries[*place].phrases.len() < limits::ENTRY_PATTERNS
        {
            entries[*place].phrases.push(question);
            continue;
        }
        let said = answers.iter().map(|answer| Answer::literal(answer)).collect();
        places.insert(answers, entries.len());
        entries.push(Entry {
            id: ids.name(&question),
            phrases: vec![question],
            regexes: Vec::new(),
            answers: said,
        });
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_a_list_what_comes_out_loads() {
        let examples: [&[u8]; 4] = [
            b"question,answer\nhi,Hello!\n\"a\nb\",\"say \"\"x\"\"\"\n",
            b"Hi;{{person.first_name}} {a|b}\r\nhi;c\r\n",
            "вопрос\tответ\nёж\t: # - 'x'\n".as_bytes(),
            b"x|y\n|\n?|z\n",
        ];
        troupe_fuzz::fuzz(&examples, 1500, |data| {
            let text = String::from_utf8_lossy(data);
            let target = Target { out: None, force: false };
            let (file, path) = (PathBuf::new(), Path::new("list.csv"));
            let arguments =
                Arguments { file, question: None, answer: None, delimiter: None, no_header: false, target };
            let delimiter = guess_delimiter(&text);
            let Ok(rows) = rows(&text, delimiter, path) else { return };
            let Ok(columns) = Columns::find(&arguments, &rows, delimiter) else { return };
            let library = convert(&rows, columns, path).library.to_string();
            let loaded = troupe_engine::Library::parse("list", &library);
            assert!(loaded.is_ok(), "{}\n{library}", loaded.unwrap_err());
        });
    }
}
