//! SQL, cut into its words and signs: as much as is needed to say what a statement is, and where its parts are.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, a name or a number.
    Word,
    /// A name in backticks or double quotes.
    Quoted,
    /// A text in single quotes.
    Text,
    /// One character of anything else.
    Sign,
}

/// A piece of a statement; comments and white space are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    /// In how many brackets it stands; a bracket itself counts as outside.
    pub(crate) depth: usize,
}

impl Token<'_> {
    /// Where it ends, in bytes.
    pub(crate) const fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// Whether it is this keyword, in whatever case, or this sign.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text.eq_ignore_ascii_case(text)
    }
}

/// Cuts a statement into its tokens.
///
/// # Errors
/// If a quote, a comment or a bracket has no end; the error says which.
pub(crate) fn tokens(sql: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        if let Some(length) = blank(rest)? {
            at += length;
            continue;
        }
        let (kind, length) = match first {
            '\'' => (Kind::Text, quoted(rest, '\'')?),
            '`' | '"' => (Kind::Quoted, quoted(rest, first)?),
            '$' => return Err("a $ may begin a text without quotes, which is not read here".to_owned()),
            _ if is_of_word(first) => (Kind::Word, rest.find(|next| !is_of_word(next)).unwrap_or(rest.len())),
            _ => (Kind::Sign, first.len_utf8()),
        };
        if kind == Kind::Sign && ")]}".contains(first) && open.pop() != Some(first) {
            return Err(format!("the {first} closes nothing"));
        }
        tokens.push(Token { kind, text: &rest[..length], at, depth: open.len() });
        match first {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            _ => {}
        }
        at += length;
    }
    match open.last() {
        Some(missing) => Err(format!("a {missing} is missing")),
        None => Ok(tokens),
    }
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// How long the white space or comment is that this begins with, if it does.
fn blank(sql: &str) -> Result<Option<usize>, String> {
    if sql.starts_with("--") {
        return Ok(Some(sql.find('\n').unwrap_or(sql.len())));
    }
    if sql.starts_with("/*") {
        let end = sql.find("*/").ok_or("a comment has no end")?;
        return Ok(Some(end + 2));
    }
    let length = sql.len() - sql.trim_start().len();
    Ok((length > 0).then_some(length))
}

/// How long the quoted piece is that this begins with. Within it the quote is doubled or comes after a backslash.
fn quoted(sql: &str, quote: char) -> Result<usize, String> {
    let mut characters = sql.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Ok(at + quote.len_utf8());
        }
    }
    Err(format!("a {quote} has no end"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).unwrap().into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_white_space_are_no_tokens() {
        assert_eq!(texts("a -- b\n c /* d; 'e */ 1"), ["a", "c", "1"]);
    }

    #[test]
    fn a_quote_ends_where_clickhouse_ends_it() {
        assert_eq!(texts(r"'it''s' 'a\'b' 'c\\' `d``e` x"), ["'it''s'", r"'a\'b'", r"'c\\'", "`d``e`", "x"]);
    }

    #[test]
    fn what_stands_in_brackets_is_deeper() {
        let depths: Vec<_> = tokens("a(b[c])d").unwrap().iter().map(|token| token.depth).collect();
        assert_eq!(depths, [0, 0, 1, 1, 2, 1, 0, 0]);
    }

    #[test]
    fn what_has_no_end_is_refused() {
        for sql in ["'a", "`a", "a(b", "a)", "(a]", "/* a", r"'a\'", "$$a$$"] {
            assert!(tokens(sql).is_err(), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn between_tokens_there_is_nothing_but_comments_and_white_space(sql in "[a-z0-9 '`\"()\\\\,=;\n…-]{0,60}") {
            let Ok(tokens) = tokens(&sql) else { return Ok(()) };
            let mut end = 0;
            for token in &tokens {
                prop_assert_eq!(&sql[token.at..token.end()], token.text);
                let gap = &sql[end..token.at];
                prop_assert!(gap.lines().all(|line| line.trim_start().starts_with("--") || line.trim().is_empty()), "{:?}", gap);
                end = token.end();
            }
        }
    }
}
