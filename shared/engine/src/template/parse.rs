use super::{Asked, Part};
use crate::limits;

/// A piece of a text as it is written.
enum Token {
    Text(String),
    Value(Part),
    Open,
    Bar,
    Close,
}

/// What the brace or the bar at some place stands for: itself unless it turns out to belong to alternatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Itself,
    Mark,
}

/// Takes a text apart; the error says what is wrong with it.
pub(super) fn parts(text: &str) -> Result<Vec<Part>, String> {
    let tokens = tokens(text)?;
    let roles = roles(&tokens)?;
    // The alternatives that are open, the outermost first: those that have ended, and the parts before them.
    let mut open: Vec<(Vec<Vec<Part>>, Vec<Part>)> = Vec::new();
    let mut parts = Vec::new();
    for (token, role) in tokens.into_iter().zip(roles) {
        match (token, role) {
            (Token::Text(text), _) => push(&mut parts, &text),
            (Token::Value(value), _) => parts.push(value),
            (Token::Open, Role::Mark) => open.push((Vec::new(), std::mem::take(&mut parts))),
            (Token::Bar, Role::Mark) => {
                let (ended, _) = open.last_mut().expect("a bar has its role from the brace before it");
                ended.push(std::mem::take(&mut parts));
            }
            (Token::Close, Role::Mark) => {
                let (mut ended, before) =
                    open.pop().expect("a closing brace has its role from the one before it");
                ended.push(std::mem::replace(&mut parts, before));
                parts.push(Part::OneOf(ended));
            }
            (Token::Open, Role::Itself) => push(&mut parts, "{"),
            (Token::Bar, Role::Itself) => push(&mut parts, "|"),
            (Token::Close, Role::Itself) => push(&mut parts, "}"),
        }
    }
    Ok(parts)
}

fn push(parts: &mut Vec<Part>, text: &str) {
    if let Some(Part::Text(last)) = parts.last_mut() {
        last.push_str(text);
    } else if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find(['{', '|', '}', '\\']) {
        let (before, found) = rest.split_at(place);
        tokens.push(Token::Text(before.to_owned()));
        rest = if let Some(inside) = found.strip_prefix("{{") {
            let (inside, after) = inside.split_once("}}").ok_or("a {{ without its }}")?;
            let (name, substitute) = inside.split_once('|').unwrap_or((inside, ""));
            let (asked, substitute) = (Asked::parse(name.trim())?, substitute.trim().to_owned());
            tokens.push(Token::Value(Part::Value { asked, substitute }));
            after
        } else if let Some(escaped) = found.strip_prefix('\\') {
            let length = usize::from(escaped.starts_with(['{', '|', '}']));
            // Before anything else a backslash is one.
            tokens.push(Token::Text(if length == 0 { "\\" } else { &escaped[..length] }.to_owned()));
            &escaped[length..]
        } else {
            tokens.push(match &found[..1] {
                "{" => Token::Open,
                "|" => Token::Bar,
                _ => Token::Close,
            });
            &found[1..]
        };
    }
    tokens.push(Token::Text(rest.to_owned()));
    Ok(tokens)
}

/// Finds the braces that have a partner and a bar between the two, and those bars.
fn roles(tokens: &[Token]) -> Result<Vec<Role>, String> {
    let mut roles = vec![Role::Itself; tokens.len()];
    // The braces that are open, each with the bars that stand in it and how deep alternatives are nested in it.
    let mut open: Vec<(usize, Vec<usize>, usize)> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => open.push((place, Vec::new(), 0)),
            Token::Bar => {
                if let Some((_, bars, _)) = open.last_mut() {
                    bars.push(place);
                }
            }
            Token::Close => {
                let Some((opened, bars, mut depth)) = open.pop() else { continue };
                if !bars.is_empty() {
                    depth += 1;
                    for place in bars.into_iter().chain([opened, place]) {
                        roles[place] = Role::Mark;
                    }
                }
                if depth > limits::ALTERNATIVES_NESTING {
                    let limit = limits::ALTERNATIVES_NESTING;
                    return Err(format!("alternatives are nested more than {limit} deep"));
                }
                if let Some((_, _, around)) = open.last_mut() {
                    *around = depth.max(*around);
                }
            }
            Token::Text(_) | Token::Value(_) => {}
        }
    }
    Ok(roles)
}
