//! Runs one step of getting a tool: says what it does, how much has come so far, and how it ended.

use std::{
    fs,
    io::{IsTerminal, Write},
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::Error;

/// Writes a line of progress to standard error.
pub(super) fn say(text: &str) {
    eprintln!("  {text}");
}

/// Runs `command` to its end, telling every so often how much has been written below `watched`.
///
/// What the command prints is kept for the error, in which `advice` says what the reader can do.
pub(super) fn run(what: &str, command: &mut Command, watched: &Path, advice: &str) -> Result<Output, Error> {
    let failed = |cause: String| Error::new(what, cause).advise(advice);
    let program = command.get_program().to_string_lossy().into_owned();
    let begin = Instant::now();
    say(&format!("{what} …"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.map_err(|error| failed(format!("cannot run {program}: {error}")))?;
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let terminal = std::io::stderr().is_terminal();
    let period = Duration::from_secs(if terminal { 1 } else { 10 });
    let output = loop {
        match ended.recv_timeout(period) {
            Ok(output) => break output,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let line = format!("{what}: {} after {}", bytes(size(watched)), seconds(begin.elapsed()));
                if terminal {
                    eprint!("\r  {line}\x1b[K");
                    let _ = std::io::stderr().flush();
                } else {
                    say(&line);
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(failed("its watcher died".into())),
        }
    };
    if terminal && begin.elapsed() > period {
        eprint!("\r\x1b[K");
    }
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        if begin.elapsed() > Duration::from_secs(1) {
            say(&format!("  done: {} after {}", bytes(size(watched)), seconds(begin.elapsed())));
        }
        return Ok(output);
    }
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    Err(failed(format!(
        "{program} failed ({}) after {}\n{}",
        output.status,
        seconds(begin.elapsed()),
        tail(&said)
    )))
}

/// The last lines of what a program said, indented.
fn tail(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(12)..]
        .iter()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The bytes of all files below `folder`; what vanishes meanwhile counts for nothing.
pub(super) fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |metadata| metadata.len()),
            _ => 0,
        })
        .sum()
}

/// A size as people read it.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_command_is_told_with_its_last_words_and_the_advice() {
        let script = "for i in $(seq 20); do echo line $i; done; exit 3";
        let error =
            run("try it", Command::new("sh").args(["-c", script]), Path::new("/nowhere"), "Do better.");
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("cannot try it: sh failed (exit status: 3) after"), "{text}");
        assert!(text.ends_with("line 20\nDo better."), "{text}");
        assert!(!text.contains("line 8\n"), "{text}");
    }

    #[test]
    fn absent_command_is_told_by_name() {
        let error = run("try it", &mut Command::new("no-such-program"), Path::new("/nowhere"), "Install it.");
        assert!(error.unwrap_err().to_string().contains("cannot run no-such-program"));
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!((bytes(0), bytes(5_351_944)), ("0.0 kB".into(), "5.4 MB".into()));
    }
}
