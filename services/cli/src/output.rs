//! What is printed: with colours on a terminal, and without a complaint if nobody reads on.

use std::{fmt::Display, io::Write as _};

use anyhow::Context as _;

/// Prints a line.
///
/// # Errors
/// If it can't be written, say because `| head` has seen enough.
pub fn line(text: impl Display) -> anyhow::Result<()> {
    writeln!(anstream::stdout(), "{text}").context(CANNOT)
}

/// Prints `text` as it stands, at once.
///
/// # Errors
/// As [`line`].
pub fn text(text: impl Display) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout();
    write!(stdout, "{text}").and_then(|()| stdout.flush()).context(CANNOT)
}

/// How many letters wide the terminal is; `None` if standard output is none.
pub fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

const CANNOT: &str = "cannot write to standard output";

/// Whether `error` is that nobody reads on.
pub fn is_closed(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|source| source.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
