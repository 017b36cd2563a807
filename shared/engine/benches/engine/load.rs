//! What loading takes, in a process that does nothing else: `load --rules FILE`.

use std::{fs, hint::black_box, path::Path};

use serde_json::json;
use troupe_engine::{Library, Ruleset};

use crate::{measure::processor_time, set::Set};

pub fn run(words: &[&str]) -> Result<(), String> {
    let ["--rules", file] = words else { return Err("load --rules FILE".into()) };
    // The documents are made by another process, so that making them leaves no free memory that loading could use.
    let [rules, library] =
        ["rules", "library"].map(|name| Path::new(file).with_extension(format!("{name}.json")));
    if !rules.exists() || !library.exists() {
        let set = Set::read(Path::new(file))?;
        for (path, document) in [(&rules, set.rules()), (&library, set.library())] {
            fs::write(path, document).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        println!("{}", json!({"written": [rules, library]}));
        return Ok(());
    }
    let before = resident_kb("VmRSS");
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let (rules, library) = (read(&rules)?, read(&library)?);
    let started = processor_time()?;
    let parsed = Ruleset::parse(&rules).map_err(|faults| format!("the rules are refused:\n{faults}"))?;
    let rules_ms = processor_time()?.saturating_sub(started).as_millis();
    let started = processor_time()?;
    let library =
        Library::parse("library", &library).map_err(|faults| format!("the library is refused:\n{faults}"))?;
    let library_ms = processor_time()?.saturating_sub(started).as_millis();
    let [after, most] = ["VmRSS", "VmHWM"].map(|field| resident_kb(field).saturating_sub(before));
    black_box((parsed, library));
    println!("{}", json!({"rules_ms": rules_ms, "library_ms": library_ms, "kb": after, "most_kb": most}));
    Ok(())
}

/// The memory that the process holds (`VmRSS`), or held at most (`VmHWM`).
fn resident_kb(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or_default()
}
