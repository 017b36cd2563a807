use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

use super::{Budget, Key, Mark, Node, SyntaxError, Value, too_deep};
use crate::limits;

/// Reads one YAML 1.2 document by the core schema, without anchors, aliases and tags: they make a document hard to
/// read and can make a small one huge.
pub(super) fn read(text: &str) -> Result<Node, SyntaxError> {
    let options = granit_parser::options! {
        flow_nesting_limit: limits::NESTING + 1,
        block_nesting_limit: limits::NESTING + 1,
    };
    let mut builder = Builder { open: Vec::new(), root: None, budget: Budget::new() };
    let mut documents = 0;
    for event in events(text, options) {
        let (event, mark) = event?;
        let fault = |reason: &str| Err(SyntaxError { mark, reason: reason.to_owned() });
        match event {
            Event::DocumentStart(..) if documents > 0 => return fault("a second document begins here"),
            Event::DocumentStart(..) => documents += 1,
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(_, anchor, _)
            | Event::MappingStart(_, anchor, _)
                if anchor != 0 =>
            {
                return fault("anchors (&name) are not supported: write the value out");
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => {
                return fault("tags (!name) are not supported; a text that begins with ! needs quotes");
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return fault("aliases (*name) are not supported; a text that begins with * needs quotes");
            }
            Event::Scalar(text, style, ..) => {
                let written = (style != ScalarStyle::Plain).then(|| text.clone().into_owned());
                let value = written.map_or_else(|| plain(&text), Value::Text);
                builder.add(mark, &text, value)?;
            }
            Event::SequenceStart(..) => builder.open(mark, Value::List(Vec::new()))?,
            Event::MappingStart(..) => builder.open(mark, Value::Map(Vec::new()))?,
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            _ => {}
        }
    }
    let empty = || SyntaxError { mark: Mark::START, reason: "the document is empty".to_owned() };
    builder.root.filter(|root| root.value != Value::Null).ok_or_else(empty)
}

fn events(text: &str, options: Options) -> impl Iterator<Item = Result<(Event<'_>, Mark), SyntaxError>> {
    let mark = |marker: &granit_parser::Marker| {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Mark { line: number(marker.line()).max(1), column: number(marker.col()).saturating_add(1) }
    };
    Parser::new_from_str_with_options(text, options).map(move |event| match event {
        Ok((event, Span { start, .. })) => Ok((event, mark(&start))),
        Err(error) => {
            Err(SyntaxError { mark: mark(error.marker()), reason: format!("not YAML: {}", error.info()) })
        }
    })
}

/// The tree as far as it is known.
struct Builder {
    /// The lists and maps that have begun and not ended, the innermost last, each with the field that waits for a
    /// value if it is a map.
    open: Vec<(Node, Option<Key>)>,
    root: Option<Node>,
    budget: Budget,
}

impl Builder {
    fn open(&mut self, mark: Mark, value: Value) -> Result<(), SyntaxError> {
        self.budget.take(mark)?;
        if let Some((Node { value: Value::Map(_), .. }, None)) = self.open.last() {
            return Err(SyntaxError { mark, reason: "a field's name has to be a text".to_owned() });
        }
        if self.open.len() > limits::NESTING {
            return Err(too_deep(mark));
        }
        self.open.push((Node { mark, value }, None));
        Ok(())
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        // The parser pairs begins and ends; were it not to, there would be nothing to close.
        let Some((node, _)) = self.open.pop() else { return Ok(()) };
        self.put(node)
    }

    fn add(&mut self, mark: Mark, text: &str, value: Value) -> Result<(), SyntaxError> {
        self.budget.take(mark)?;
        if let Some((Node { value: Value::Map(_), .. }, key @ None)) = self.open.last_mut() {
            *key = Some(Key { mark, text: text.to_owned() });
            return Ok(());
        }
        self.put(Node { mark, value })
    }

    fn put(&mut self, node: Node) -> Result<(), SyntaxError> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some((Node { value: Value::List(items), .. }, _)) => items.push(node),
            Some((Node { value: Value::Map(fields), .. }, key)) => {
                let missing =
                    || SyntaxError { mark: node.mark, reason: "a field's name has to be a text".to_owned() };
                let key = key.take().ok_or_else(missing)?;
                fields.push((key, node));
            }
            Some(_) => unreachable!("only lists and maps are opened"),
        }
        Ok(())
    }
}

/// The value of a scalar without quotes, by YAML 1.2's core schema, but for numbers in other notations than JSON's.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let begins = unsigned.starts_with(|char: char| char.is_ascii_digit());
    begins
        && unsigned.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}
