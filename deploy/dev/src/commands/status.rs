use std::{fs, path::Path, process::ExitCode};

use troupe_dev::{Error, running, service};

/// Shows what runs; fails unless all of it does.
pub async fn run(folder: &Path) -> Result<ExitCode, Error> {
    let Some(process) = running::process(folder) else {
        println!("Nothing runs. Start it: cargo dev up");
        return Ok(ExitCode::FAILURE);
    };
    let Some(endpoints) = running::endpoints(folder) else {
        println!("cargo dev up (process {process}) is still starting.");
        return Ok(ExitCode::FAILURE);
    };
    let mut well = true;
    println!("cargo dev up: process {process}, all of this and more in {}/endpoints.json", folder.display());
    println!("{:14} {:>8}  {:32} state", "name", "process", "address");
    for (name, endpoint) in &endpoints.services {
        let state = match running(endpoint.process) {
            false => Err("ended".to_owned()),
            true if has_readiness(name) => service::ready(&endpoint.url).await,
            true => Ok(()),
        };
        well &= state.is_ok();
        let state = state.err().unwrap_or_else(|| "ready".into());
        println!("{name:14} {:>8}  {:32} {state}", endpoint.process, endpoint.url);
    }
    if let Some(manager) = endpoints.services.get("manager") {
        println!("For the command line `troupe` and other users of the REST API:");
        println!("export TROUPE_URL={} TROUPE_TOKEN={}", manager.url, endpoints.manager_token);
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether this is a service of ours, which says itself whether it is ready.
fn has_readiness(name: &str) -> bool {
    ["manager", "ingress", "responder", "webhooks", "stats"].iter().any(|service| name.starts_with(service))
}

fn running(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
