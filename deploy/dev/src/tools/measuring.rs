//! What measuring needs and running does not.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Tool, Tools, apt::Suite};
use crate::Error;

/// The fastest peer of the engine: a trie in Python.
const AIML: [&str; 1] = ["python-aiml==0.9.3"];
/// Scans phrases for the most similar one.
const RAPIDFUZZ: [&str; 1] = ["RapidFuzz==3.14.*"];

impl Tools {
    /// The folder of the library vectorscan.
    ///
    /// # Errors
    /// It can't be had: no apt, no Debian mirror, no network.
    pub fn vectorscan(&self) -> Result<PathBuf, Error> {
        let ours = self.folder.join("vectorscan/usr/lib");
        let advice = "Or leave it out: --peers none";
        let library = self.get(
            "vectorscan",
            || library(&ours),
            |stage, apt| {
                apt.unpack(Suite::Own, &["libvectorscan-dev", "libvectorscan5"], false, stage, advice)
            },
        )?;
        Ok(library.program.parent().unwrap_or(&ours).to_owned())
    }

    /// A command that runs valgrind, be it the machine's own or one that was got.
    ///
    /// # Errors
    /// It can't be had: no apt, no Debian mirror, no network.
    pub fn valgrind(&self) -> Result<Command, Error> {
        let runs = |program: &Path| {
            let output = Command::new(program).arg("--version").output().ok()?;
            let version = String::from_utf8(output.stdout).ok()?;
            let version = version.trim().strip_prefix("valgrind-")?.to_owned();
            Some(Tool { program: program.to_owned(), version })
        };
        let folder = self.folder.join("valgrind");
        let ours = folder.join("usr/bin/valgrind");
        let advice = "Or put valgrind on PATH.";
        let tool = self.get(
            "valgrind",
            || runs(Path::new("valgrind")).or_else(|| runs(&ours)),
            |stage, apt| apt.unpack(Suite::Own, &["valgrind"], false, stage, advice),
        )?;
        let mut command = Command::new(&tool.program);
        if tool.program == ours {
            command.env("VALGRIND_LIB", folder.join("usr/libexec/valgrind"));
        }
        Ok(command)
    }

    /// A Python that can import `aiml`.
    ///
    /// # Errors
    /// There is no Python 3.9, or the package cannot be had.
    pub fn aiml_python(&self) -> Result<PathBuf, Error> {
        self.python("aiml", &AIML)
    }

    /// A Python that can import `rapidfuzz`.
    ///
    /// # Errors
    /// There is no Python 3.9, or the package cannot be had.
    pub fn rapidfuzz_python(&self) -> Result<PathBuf, Error> {
        self.python("rapidfuzz", &RAPIDFUZZ)
    }
}

/// The library `libhs.so` in one of the folders of architectures below `folder`.
fn library(folder: &Path) -> Option<Tool> {
    let mut folders = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let program = folders.find_map(|folder| Some(folder.join("libhs.so")).filter(|file| file.exists()))?;
    let version = fs::read_link(&program).ok()?.to_string_lossy().trim_start_matches("libhs.so.").to_owned();
    Some(Tool { program, version })
}
