use super::{Budget, Key, Mark, Node, SyntaxError, Value, too_deep};
use crate::limits;

/// Reads JSON (RFC 8259), strictly.
pub(super) fn read(text: &str) -> Result<Node, SyntaxError> {
    let mut reader = Reader { rest: text, line: 1, column: 1, budget: Budget::new() };
    reader.skip_space();
    let node = reader.value(0)?;
    reader.skip_space();
    match reader.rest.chars().next() {
        None => Ok(node),
        Some(found) => Err(reader.fault(format!("expected the end of the document, found {found:?}"))),
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: u32,
    column: u32,
    budget: Budget,
}

impl Reader<'_> {
    const fn mark(&self) -> Mark {
        Mark { line: self.line, column: self.column }
    }

    fn fault(&self, reason: impl Into<String>) -> SyntaxError {
        SyntaxError { mark: self.mark(), reason: reason.into() }
    }

    /// What stands here, for a message.
    fn found(&self) -> String {
        self.rest
            .chars()
            .next()
            .map_or_else(|| "the end of the document".to_owned(), |char| format!("{char:?}"))
    }

    fn next(&mut self) -> Option<char> {
        let char = self.rest.chars().next()?;
        self.rest = &self.rest[char.len_utf8()..];
        if char == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(char)
    }

    fn take(&mut self, wanted: char) -> bool {
        let here = self.rest.starts_with(wanted);
        if here {
            self.next();
        }
        here
    }

    fn skip_space(&mut self) {
        while self.rest.starts_with([' ', '\t', '\n', '\r']) {
            self.next();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        let mark = self.mark();
        self.budget.take(mark)?;
        if depth > limits::NESTING {
            return Err(too_deep(mark));
        }
        let value = match self.rest.chars().next() {
            Some('{') => self.map(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => Value::Text(self.text()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { mark, value })
    }

    fn word(&mut self) -> Result<Value, SyntaxError> {
        let words = [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
        for (word, value) in words {
            if self.rest.starts_with(word) {
                word.chars().for_each(|_| {
                    self.next();
                });
                return Ok(value);
            }
        }
        Err(self.fault(format!("expected a value, found {}", self.found())))
    }

    fn map(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.next();
        let mut fields = Vec::new();
        self.skip_space();
        if self.take('}') {
            return Ok(Value::Map(fields));
        }
        loop {
            self.skip_space();
            let mark = self.mark();
            if !self.rest.starts_with('"') {
                return Err(self.fault(format!("expected a field's name in quotes, found {}", self.found())));
            }
            let text = self.text()?;
            self.skip_space();
            if !self.take(':') {
                return Err(self.fault(format!("expected ':' after a field's name, found {}", self.found())));
            }
            self.skip_space();
            fields.push((Key { mark, text }, self.value(depth + 1)?));
            self.skip_space();
            if self.take('}') {
                return Ok(Value::Map(fields));
            }
            if !self.take(',') {
                return Err(self.fault(format!("expected ',' or '}}' after a field, found {}", self.found())));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.next();
        let mut items = Vec::new();
        self.skip_space();
        if self.take(']') {
            return Ok(Value::List(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(']') {
                return Ok(Value::List(items));
            }
            if !self.take(',') {
                return Err(self.fault(format!("expected ',' or ']' after an item, found {}", self.found())));
            }
        }
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let whole = self.rest;
        self.take('-');
        if !self.take('0') {
            self.digits()?;
        }
        if self.take('.') {
            self.digits()?;
        }
        if self.rest.starts_with(['e', 'E']) {
            self.next();
            if self.rest.starts_with(['+', '-']) {
                self.next();
            }
            self.digits()?;
        }
        let length = whole.len() - self.rest.len();
        Ok(Value::Number(whole[..length].to_owned()))
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        if !self.rest.starts_with(|char: char| char.is_ascii_digit()) {
            return Err(self.fault(format!("expected a digit, found {}", self.found())));
        }
        while self.rest.starts_with(|char: char| char.is_ascii_digit()) {
            self.next();
        }
        Ok(())
    }

    fn text(&mut self) -> Result<String, SyntaxError> {
        let begin = self.mark();
        self.next();
        let mut text = String::new();
        loop {
            let mark = self.mark();
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape(mark)?),
                Some(char) if char < ' ' => {
                    let reason = "a text can't run over the end of a line or hold other control characters: \
                                  write them as \\n, \\t or \\u00XX";
                    return Err(SyntaxError { mark, reason: reason.to_owned() });
                }
                Some(char) => text.push(char),
                None => return Err(SyntaxError { mark: begin, reason: "this text has no end".to_owned() }),
            }
        }
    }

    fn escape(&mut self, mark: Mark) -> Result<char, SyntaxError> {
        Ok(match self.next() {
            Some(char @ ('"' | '\\' | '/')) => char,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(mark),
            _ => {
                let reason =
                    "not an escape of JSON; a backslash of a regular expression is written twice, \\\\";
                return Err(SyntaxError { mark, reason: reason.to_owned() });
            }
        })
    }

    fn unicode_escape(&mut self, mark: Mark) -> Result<char, SyntaxError> {
        let fault = |reason: &str| SyntaxError { mark, reason: reason.to_owned() };
        let high = self.hex().ok_or_else(|| fault("\\u needs four hexadecimal digits"))?;
        let code = if (0xd800..0xdc00).contains(&high) {
            let low = if self.take('\\') && self.take('u') { self.hex() } else { None };
            let low = low.filter(|low| (0xdc00..0xe000).contains(low));
            let low = low.ok_or_else(|| fault("this first half of a surrogate pair lacks the second"))?;
            0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| fault("this second half of a surrogate pair lacks the first"))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits =
            self.rest.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        for _ in 0..4 {
            self.next();
        }
        Some(number)
    }
}
