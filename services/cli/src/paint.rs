//! Colours. Texts carry them always; `anstream` takes them out where no terminal shows them, or `NO_COLOR` asks.

use anstyle::{AnsiColor, Style};

fn painted(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// What stands in the middle of attention.
pub fn bold(text: &str) -> String {
    painted(Style::new().bold(), text)
}

/// What is told by the way.
pub fn dim(text: &str) -> String {
    painted(Style::new().dimmed(), text)
}

/// What is as it should be.
pub fn good(text: &str) -> String {
    painted(AnsiColor::Green.on_default(), text)
}

/// What is not.
pub fn bad(text: &str) -> String {
    painted(AnsiColor::Red.on_default(), text)
}

/// What may not be.
pub fn warning(text: &str) -> String {
    painted(AnsiColor::Yellow.on_default(), text)
}
