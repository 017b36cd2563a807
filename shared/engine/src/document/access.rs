use std::{collections::BTreeSet, fmt::Write as _};

use super::{Key, Node, Value};
use crate::{Faults, limits, text};

/// A value with the way that leads to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub node: &'a Node,
    parent: Option<&'a At<'a>>,
    segment: Segment<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Segment<'a> {
    Field(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    pub const fn root(node: &'a Node) -> Self {
        Self { node, parent: None, segment: Segment::Item(0) }
    }

    /// What this stands in.
    pub const fn parent(&self) -> Option<&'a Self> {
        self.parent
    }

    /// The way as a JSON pointer.
    pub fn pointer(&self) -> String {
        let Some(parent) = self.parent else { return String::new() };
        let mut pointer = parent.pointer();
        match self.segment {
            Segment::Field(name) => {
                pointer.push('/');
                pointer.push_str(&escaped(name));
            }
            Segment::Item(index) => write!(pointer, "/{index}").expect("a String takes all that is written"),
        }
        pointer
    }

    pub const fn field(&'a self, name: &'a str, node: &'a Node) -> Self {
        Self { node, parent: Some(self), segment: Segment::Field(name) }
    }

    /// The items of a list; of anything else none.
    pub fn items(&'a self) -> impl Iterator<Item = At<'a>> {
        let items = if let Value::List(items) = &self.node.value { items.as_slice() } else { &[] };
        items.iter().enumerate().map(|(index, node)| Self {
            node,
            parent: Some(self),
            segment: Segment::Item(index),
        })
    }

    /// The fields of a map in order; of anything else none.
    pub fn fields(&'a self) -> impl Iterator<Item = (&'a Key, At<'a>)> {
        let fields = if let Value::Map(fields) = &self.node.value { fields.as_slice() } else { &[] };
        fields.iter().map(|(key, node)| (key, self.field(&key.text, node)))
    }

    pub const fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    pub const fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    pub const fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    fn expected<T>(&self, what: &str, faults: &mut Faults) -> Option<T> {
        let hint = match &self.node.value {
            Value::Number(_) | Value::Bool(_) if what.starts_with("a text") => "; put it in quotes",
            _ => "",
        };
        faults.at(self, format!("expected {what}, found {}{hint}", self.node.value.kind()));
        None
    }

    pub fn text(&self, faults: &mut Faults) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => self.expected("a text", faults),
        }
    }

    /// A text; `None` for null, and for what is neither, which is reported.
    pub fn text_or_null(&self, faults: &mut Faults) -> Option<&'a str> {
        match &self.node.value {
            Value::Null => None,
            Value::Text(text) => Some(text),
            _ => self.expected("a text or null", faults),
        }
    }

    /// A text that Telegram would send: not blank, not too long.
    pub fn message(&self, faults: &mut Faults) -> Option<&'a str> {
        let text = self.text(faults)?;
        if text.trim().is_empty() {
            faults.at(self, "a text to send can't be blank: Telegram refuses it");
            return None;
        }
        let length = text::utf16_len(text);
        if length > limits::TEXT_UTF16 {
            let limit = limits::TEXT_UTF16;
            faults.at(
                self,
                format!("the text has {length} UTF-16 units, more than the {limit} that Telegram sends"),
            );
            return None;
        }
        Some(text)
    }

    /// A text that names something: not empty, not too long.
    pub fn name(&self, faults: &mut Faults) -> Option<&'a str> {
        let name = self.text(faults)?;
        check_name(name).map_err(|reason| faults.at(self, reason)).ok()?;
        Some(name)
    }

    pub fn boolean(&self, faults: &mut Faults) -> Option<bool> {
        match self.node.value {
            Value::Bool(value) => Some(value),
            _ => self.expected("true or false", faults),
        }
    }

    pub fn number(&self, faults: &mut Faults) -> Option<f64> {
        match &self.node.value {
            Value::Number(written) => match written.parse::<f64>() {
                Ok(number) if number.is_finite() => Some(number),
                _ => {
                    faults.at(self, format!("{written} is out of range"));
                    None
                }
            },
            _ => self.expected("a number", faults),
        }
    }

    /// A whole number of `range`.
    pub fn whole(&self, range: std::ops::RangeInclusive<u32>, faults: &mut Faults) -> Option<u32> {
        let Value::Number(written) = &self.node.value else { return self.expected("a whole number", faults) };
        let number = written.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            faults.at(
                self,
                format!("expected a whole number from {} to {}, found {written}", range.start(), range.end()),
            );
        }
        number
    }

    /// The id of a chat or a person on Telegram: a whole number, and not 0.
    pub fn id(&self, faults: &mut Faults) -> Option<i64> {
        let Value::Number(written) = &self.node.value else {
            return self.expected("an id, a number", faults);
        };
        let id = written.parse().ok().filter(|id| *id != 0);
        if id.is_none() {
            faults.at(self, format!("{written} is no id on Telegram"));
        }
        id
    }

    /// Checks that this is a list of at most `limit` items.
    pub fn list(&self, limit: usize, faults: &mut Faults) -> bool {
        let Value::List(items) = &self.node.value else {
            self.expected::<()>("a list", faults);
            return false;
        };
        self.check_count("a list", items.len(), limit, faults)
    }

    /// Checks that this is a map of at most `limit` fields, whose names are the author's choice.
    pub fn map(&self, limit: usize, faults: &mut Faults) -> bool {
        let Value::Map(fields) = &self.node.value else {
            self.expected::<()>("a map", faults);
            return false;
        };
        for (key, field) in self.fields() {
            if let Err(reason) = check_name(&key.text) {
                faults.push(key.mark, field.pointer(), reason);
            }
        }
        self.check_count("a map", fields.len(), limit, faults)
    }

    fn check_count(&self, what: &str, count: usize, limit: usize, faults: &mut Faults) -> bool {
        if count > limit {
            faults.at(self, format!("{what} of {count} is too long: at most {limit}"));
        }
        count <= limit
    }

    /// This as a map whose fields are `known`; reports every other.
    pub fn object(&'a self, known: &[&str], faults: &mut Faults) -> Option<Object<'a>> {
        if !self.is_map() {
            return self.expected(&format!("a map with some of {}", known.join(", ")), faults);
        }
        for (key, field) in self.fields() {
            if !known.contains(&key.text.as_str()) {
                faults.push(key.mark, field.pointer(), unknown("field", &key.text, known));
            }
        }
        Some(Object { at: self })
    }
}

/// `name` as a part of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Whether `name` can stand in addresses and keys, as names of documents and files do.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name can't be empty".to_owned());
    }
    if name.chars().count() > limits::NAME_CHARS {
        return Err(format!("a name has at most {} characters", limits::NAME_CHARS));
    }
    Ok(())
}

/// Says that `found` is no `what`, and which there are.
pub(crate) fn unknown<'k>(what: &str, found: &str, known: impl IntoIterator<Item = &'k &'k str>) -> String {
    let known: BTreeSet<_> = known.into_iter().collect();
    let list = known.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    format!("there is no {what} {found:?}; known are {list}")
}

/// A map whose fields are known.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    at: &'a At<'a>,
}

impl<'a> Object<'a> {
    /// The field `name`, if it is there.
    pub fn get(&self, name: &str) -> Option<At<'a>> {
        self.at.fields().find(|(key, _)| key.text == name).map(|(_, field)| field)
    }

    /// The field `name`, if it is there and not null.
    pub fn set(&self, name: &str) -> Option<At<'a>> {
        self.get(name).filter(|field| !field.is_null())
    }

    /// What `read` makes of the field `name`, if it is there and not null; `Err` if it is wrong, which `read` reports.
    pub fn optional<T>(
        &self,
        name: &str,
        faults: &mut Faults,
        read: impl FnOnce(&At<'a>, &mut Faults) -> Option<T>,
    ) -> Result<Option<T>, ()> {
        self.set(name).map(|field| read(&field, faults).ok_or(())).transpose()
    }

    /// The field `name`; reports if it is not there.
    pub fn required(&self, name: &str, faults: &mut Faults) -> Option<At<'a>> {
        let field = self.get(name);
        if field.is_none() {
            faults.at(self.at, format!("the field {name:?} is missing"));
        }
        field
    }
}
