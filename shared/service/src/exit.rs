use std::{path::Path, process::ExitCode};

/// Runs a program to its end and returns its exit code, as [`exit_code_of`] tells what became of it.
///
/// A service takes no arguments: whoever gives it one, say `--help`, is told where its settings are instead of starting it.
pub async fn exit_code(serve: impl AsyncFnOnce() -> anyhow::Result<()>) -> ExitCode {
    exit_code_of(match unwanted(std::env::args()) {
        Some(refusal) => Err(anyhow::Error::msg(refusal)),
        None => serve().await,
    })
}

/// The exit code of a program that ended so; an error is told on standard error, on one line, with what caused it.
///
/// Returning the error from `main` would do nearly the same, but show people a stack where they look for a sentence.
pub fn exit_code_of(ended: anyhow::Result<()>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What to say of arguments, if there are any.
fn unwanted(mut line: impl Iterator<Item = String>) -> Option<String> {
    let path = line.next().unwrap_or_default();
    let argument = line.next()?;
    let program = Path::new(&path).file_name().unwrap_or_default().to_string_lossy();
    let service = program.trim_start_matches("troupe-");
    Some(format!(
        "{program} takes no arguments such as {argument:?}: its settings are those of the file {service}.toml here, or of the \
         one that TROUPE_CONFIG names, and of the environment, where TROUPE__NATS__URL sets nats.url; \
         services/{service}/default.toml lists them"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_gives_a_service_an_argument_is_told_where_its_settings_are() {
        let line = |words: &[&str]| unwanted(words.iter().map(|word| (*word).to_owned()));
        assert_eq!(line(&["target/debug/troupe-stats"]), None);
        let told = line(&["target/debug/troupe-stats", "--help"]).unwrap();
        assert!(told.starts_with("troupe-stats takes no arguments such as \"--help\""), "{told}");
        assert!(told.contains(" stats.toml") && told.contains("services/stats/default.toml"), "{told}");
    }
}
