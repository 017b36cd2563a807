use std::process::ExitCode;

/// The exit code of a program that ended so; an error is told on standard error, on one line, with what caused it.
///
/// Returning the error from `main` would do nearly the same, but show people a stack where they look for a sentence.
pub fn exit_code(ended: anyhow::Result<()>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
