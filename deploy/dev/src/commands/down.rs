use std::{path::Path, process::ExitCode, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use troupe_dev::{Error, running};

/// Asks the running `cargo dev up` to end and waits until it has.
pub async fn run(folder: &Path) -> Result<ExitCode, Error> {
    let Some(process) = running::process(folder) else {
        println!("Nothing runs.");
        return Ok(ExitCode::SUCCESS);
    };
    let failed = |cause: String| Error::new(format!("end process {process}"), cause);
    let id = i32::try_from(process).ok().and_then(Pid::from_raw);
    let id = id.ok_or_else(|| failed("that is no process id".into()))?;
    kill_process(id, Signal::TERM).map_err(|error| failed(error.to_string()))?;
    let gone = async {
        while running::process(folder) == Some(process) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(Duration::from_mins(1), gone).await {
        Ok(()) => {
            println!("Ended (process {process}).");
            Ok(ExitCode::SUCCESS)
        }
        Err(_) => {
            Err(failed("it still runs after a minute".into()).advise(format!("Kill it: kill -9 {process}")))
        }
    }
}
