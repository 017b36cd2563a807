use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Error, error::Doing, folder};

/// A set of rules and messages in the generator's format.
#[derive(Debug, Clone)]
pub struct Set {
    /// How many rules it has.
    pub count: usize,
    pub(super) rules: PathBuf,
    pub(super) messages: PathBuf,
    pub(super) typos: Option<PathBuf>,
}

impl Set {
    /// The generated sets of 100 and of 10,000 rules; the generator is run if they are not there.
    ///
    /// # Errors
    /// There is no Python, or the generator fails.
    pub fn generated() -> Result<Vec<Self>, Error> {
        let target = folder::dev().join("bench/sets");
        if !target.join("typos_10000.tsv").exists() {
            eprintln!("Generating sets of rules and messages, which takes a minute:");
            let generator = folder::checkout().join("tests/bench/gen.py");
            let doing = || "generate sets".to_owned();
            let status =
                Command::new("python3").arg(generator).arg("--out").arg(&target).status().doing(doing)?;
            if !status.success() {
                return Err(Error::new(doing(), status));
            }
        }
        let set = |count: usize| Self {
            count,
            rules: target.join(format!("rules_{count}.json")),
            messages: target.join(format!("messages_{count}.tsv")),
            typos: Some(target.join(format!("typos_{count}.tsv"))),
        };
        Ok(vec![set(100), set(10_000)])
    }

    /// The set of two files.
    ///
    /// # Errors
    /// The rules can't be read.
    pub fn of(rules: &Path, messages: &Path) -> Result<Self, Error> {
        let doing = || format!("read {}", rules.display());
        let text = fs::read_to_string(rules).doing(doing)?;
        let set: serde_json::Value = serde_json::from_str(&text).doing(doing)?;
        let Some(list) = set["rules"].as_array() else {
            return Err(Error::new(doing(), "it has no list \"rules\" as tests/bench/gen.py writes one"));
        };
        Ok(Self { count: list.len(), rules: rules.into(), messages: messages.into(), typos: None })
    }

    pub(super) fn arguments(&self) -> [&Path; 4] {
        self.arguments_with(&self.messages)
    }

    pub(super) fn arguments_with<'a>(&'a self, messages: &'a Path) -> [&'a Path; 4] {
        [Path::new("--rules"), &self.rules, Path::new("--messages"), messages]
    }
}
