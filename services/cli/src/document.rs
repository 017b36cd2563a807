//! YAML and JSON as a tree that knows where each value stands, for bot files and tests, and for showing content as its
//! author wrote it. The engine reads content by itself; nothing here decides what content means.

use granit_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map as JsonMap, Value as Json};
use troupe_engine::{Fault, limits};

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// In the order of the document.
    Map(Vec<(String, Node)>),
}

/// Reads `text`.
///
/// # Errors
/// Where it is neither YAML nor JSON.
pub fn read(text: &str) -> Result<Node, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match yaml(text) {
        // JSON is YAML but for surrogate pairs in escapes, which JSON writers emit for every emoji. Its places are lost.
        Err(fault) if text.trim_start().starts_with('{') => {
            serde_json::from_str::<Json>(text).map(|json| from_json(&json)).map_err(|_| fault)
        }
        read => read,
    }
}

fn fault(line: u32, column: u32, reason: impl Into<String>) -> Fault {
    Fault { line, column, field: String::new(), reason: reason.into() }
}

fn place(marker: &granit_parser::Marker) -> (u32, u32) {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (number(marker.line()).max(1), number(marker.col()).saturating_add(1))
}

/// A list or a map that has begun, with the field that waits for its value if it is a map.
type Open = (Node, Option<String>);

fn yaml(text: &str) -> Result<Node, Fault> {
    let options = granit_parser::options! {
        flow_nesting_limit: limits::NESTING + 1,
        block_nesting_limit: limits::NESTING + 1,
    };
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, Span { start, .. }) = event.map_err(|error| {
            let (line, column) = place(error.marker());
            fault(line, column, format!("not YAML: {}", error.info()))
        })?;
        let (line, column) = place(&start);
        match event {
            Event::DocumentStart(..) if root.is_some() => {
                return Err(fault(line, column, "a second document begins here"));
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err(fault(line, column, "aliases (*name) are not supported: write the value out"));
            }
            Event::Scalar(text, style, ..) => {
                if let Some((Node { value: Value::Map(_), .. }, key @ None)) = open.last_mut() {
                    *key = Some(text.into_owned());
                    continue;
                }
                let value = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Value::Text(text.into_owned()),
                };
                put(Node { line, column, value }, &mut open, &mut root);
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if let Some((Node { value: Value::Map(_), .. }, None)) = open.last() {
                    return Err(fault(line, column, "a field's name has to be a text"));
                }
                let value = match event {
                    Event::SequenceStart(..) => Value::List(Vec::new()),
                    _ => Value::Map(Vec::new()),
                };
                open.push((Node { line, column, value }, None));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((node, _)) = open.pop() {
                    put(node, &mut open, &mut root);
                }
            }
            _ => {}
        }
    }
    root.ok_or_else(|| fault(1, 1, "the document is empty"))
}

fn put(node: Node, open: &mut [Open], root: &mut Option<Node>) {
    match open.last_mut() {
        None => *root = Some(node),
        Some((Node { value: Value::List(items), .. }, _)) => items.push(node),
        Some((Node { value: Value::Map(fields), .. }, key)) => {
            fields.push((key.take().unwrap_or_default(), node));
        }
        Some(_) => unreachable!("only lists and maps are opened"),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if text.starts_with(|char: char| char.is_ascii_digit() || char == '-')
            && text.parse::<f64>().is_ok() =>
        {
            Value::Number(text.to_owned())
        }
        _ => Value::Text(text.to_owned()),
    }
}

fn from_json(json: &Json) -> Node {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.to_string()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(fields) => {
            Value::Map(fields.iter().map(|(name, value)| (name.clone(), from_json(value))).collect())
        }
    };
    Node { line: 1, column: 1, value }
}

impl Node {
    /// The field `name` of a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.fields().iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    /// The fields of a map; none of anything else.
    pub fn fields(&self) -> &[(String, Self)] {
        if let Value::Map(fields) = &self.value { fields } else { &[] }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// A text, or a number as it is written.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    /// As JSON, in which it can be given to the engine.
    pub fn json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => serde_json::from_str(number).unwrap_or(Json::String(number.clone())),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Self::json).collect()),
            Value::Map(fields) => {
                let fields = fields.iter().map(|(name, node)| (name.clone(), node.json()));
                Json::Object(fields.collect::<JsonMap<_, _>>())
            }
        }
    }
}

/// A value that is being read, with the way to it.
#[derive(Debug, Clone)]
pub struct At<'a> {
    pub node: &'a Node,
    field: String,
}

impl<'a> At<'a> {
    pub fn root(node: &'a Node) -> Self {
        Self { node, field: String::new() }
    }

    /// The fault that this value is not what it should be.
    pub fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault {
            line: self.node.line,
            column: self.node.column,
            field: self.field.clone(),
            reason: reason.into(),
        }
    }

    fn below(&self, name: &str, node: &'a Node) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self { node, field: format!("{}/{name}", self.field) }
    }

    /// The field `name`, if it is there and not null.
    pub fn get(&self, name: &str) -> Option<Self> {
        let node = self.node.get(name).filter(|node| node.value != Value::Null)?;
        Some(self.below(name, node))
    }

    /// The fields of a map, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, Self)> {
        self.node.fields().iter().map(|(name, node)| (name.as_str(), self.below(name, node)))
    }

    /// The items of a list, or the value itself if it is none.
    pub fn items(&self) -> Vec<Self> {
        match &self.node.value {
            Value::List(items) => {
                items.iter().enumerate().map(|(index, item)| self.below(&index.to_string(), item)).collect()
            }
            _ => vec![self.clone()],
        }
    }

    /// Whether it is a map with no other fields than those that are `known`; else says so.
    pub fn is_map_of(&self, known: &[&str], faults: &mut Vec<Fault>) -> bool {
        if !matches!(self.node.value, Value::Map(_)) {
            faults.push(self.fault(format!("expected a map with some of: {}", known.join(", "))));
            return false;
        }
        for (name, field) in self.fields() {
            if !known.contains(&name) {
                faults.push(field.fault(format!("unknown field {name:?}; known: {}", known.join(", "))));
            }
        }
        true
    }

    /// A text, or a number as it is written.
    pub fn text(&self, faults: &mut Vec<Fault>) -> Option<&'a str> {
        let text = self.node.text();
        if text.is_none() {
            faults.push(self.fault("expected a text"));
        }
        text
    }

    /// A text that `parse` understands; else says `expected`.
    pub fn parsed<T>(
        &self,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
        faults: &mut Vec<Fault>,
    ) -> Option<T> {
        let text = self.text(faults)?;
        let parsed = parse(text);
        if parsed.is_none() {
            faults.push(self.fault(format!("expected {expected}, found {text:?}")));
        }
        parsed
    }

    /// Whether it is true.
    pub fn boolean(&self, faults: &mut Vec<Fault>) -> Option<bool> {
        if let Value::Bool(value) = self.node.value {
            return Some(value);
        }
        faults.push(self.fault("expected true or false"));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_where_they_stand() {
        let node = read("a: 1\nb:\n  - x\n  - {c: null}\n").unwrap();
        let items = node.get("b").unwrap().items();
        assert_eq!((items[1].line, items[1].column), (4, 5));
        assert_eq!(node.json().to_string(), r#"{"a":1,"b":["x",{"c":null}]}"#);
    }

    #[test]
    fn a_fault_names_the_way_to_the_field() {
        let node = read("a:\n  - {b/c: [1]}\n").unwrap();
        let mut faults = Vec::new();
        let item = At::root(&node).get("a").unwrap().items().remove(0);
        item.get("b/c").unwrap().boolean(&mut faults);
        assert!(!item.is_map_of(&["d"], &mut faults) || faults.len() == 2);
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["2:11: /a/0/b~1c: expected true or false", "2:11: /a/0/b~1c: unknown field \"b/c\"; known: d"]
        );
    }

    #[test]
    fn json_with_escaped_emoji_is_read() {
        assert_eq!(read(r#"{"a": "\ud83d\ude00"}"#).unwrap().get("a").unwrap().text(), Some("😀"));
        assert_eq!(
            read("{\n \"a\": [1,\n}").unwrap_err().to_string().split(':').next().map(str::len),
            Some(1)
        );
    }
}
