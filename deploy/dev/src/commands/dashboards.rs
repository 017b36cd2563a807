use std::{fs, process::ExitCode};

use troupe_dev::{Error, folder};

/// Writes Grafana's dashboards and alerts into the checkout, and takes away those that are no more.
pub fn run() -> Result<ExitCode, Error> {
    let root = folder::checkout().join("deploy/grafana");
    let files = troupe_grafana::files();
    let failed = |path: &std::path::Path| {
        let path = path.display().to_string();
        move |error| Error::new(format!("write {path}"), error)
    };
    let dashboards = root.join("dashboards");
    fs::create_dir_all(&dashboards).map_err(failed(&dashboards))?;
    for entry in fs::read_dir(&dashboards).map_err(failed(&dashboards))?.flatten() {
        if !files.contains_key(&format!("dashboards/{}", entry.file_name().to_string_lossy())) {
            fs::remove_file(entry.path()).map_err(failed(&entry.path()))?;
        }
    }
    for (path, text) in &files {
        let path = root.join(path);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    println!("Wrote {} files below {}", files.len(), root.display());
    Ok(ExitCode::SUCCESS)
}
