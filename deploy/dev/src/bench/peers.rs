use std::{path::Path, process::Command};

use super::{Set, pinned};
use crate::{Error, error::Doing, folder, tools::Tools};

/// Which peers are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// None.
    None,
    /// Those that the engine has targets beside.
    Fast,
    /// All.
    All,
}

/// Somebody else who answers messages.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// What its row is called.
    pub name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A database of all rules, in C++.
    Vectorscan,
    /// Rules in order in Node.
    Node(&'static str),
    /// Rules in order in Python.
    Python(&'static str),
    Aiml,
    /// The most similar phrase, for messages with typing errors.
    Similar(&'static str),
}

const FAST: [Peer; 3] = [
    Peer { name: "vs-lower", kind: Kind::Vectorscan },
    Peer { name: "node-regex", kind: Kind::Node("regex") },
    Peer { name: "aiml-py", kind: Kind::Aiml },
];

const OTHERS: [Peer; 5] = [
    Peer { name: "node-includes", kind: Kind::Node("includes") },
    Peer { name: "python-re", kind: Kind::Python("re") },
    Peer { name: "python-in", kind: Kind::Python("in") },
    Peer { name: "rapidfuzz-ratio", kind: Kind::Similar("ratio") },
    Peer { name: "rapidfuzz-partial", kind: Kind::Similar("partial") },
];

pub(super) fn of(which: Which) -> Vec<Peer> {
    match which {
        Which::None => Vec::new(),
        Which::Fast => FAST.to_vec(),
        Which::All => [&FAST[..], &OTHERS].concat(),
    }
}

impl Peer {
    /// The command that measures it over `set`, with all that it needs got and built.
    pub(super) fn command(&self, set: &Set) -> Result<Command, Error> {
        let peers = folder::checkout().join("tests/bench/peers");
        let tools = Tools::default();
        let script = |program: &Path, file: &str, variant: &str| {
            let mut command = pinned(program);
            command.arg(peers.join(file)).args(["--variant", variant]);
            command
        };
        let mut command = match self.kind {
            Kind::Vectorscan => pinned(vectorscan(&tools)?),
            Kind::Node(variant) => {
                let version = Command::new("node").arg("--version").output();
                version.doing(|| "run node".to_owned()).map_err(|error| error.advise("Put node on PATH."))?;
                script(Path::new("node"), "in_order.js", variant)
            }
            Kind::Python(variant) => script(Path::new("python3"), "in_order.py", variant),
            Kind::Aiml => script(&tools.aiml_python()?, "trie.py", ""),
            Kind::Similar(variant) => {
                let Some(typos) = &set.typos else {
                    return Err(Error::new("measure it", "the set has no messages with typing errors"));
                };
                let mut command = script(&tools.rapidfuzz_python()?, "similar.py", variant);
                command.args(set.arguments_with(typos));
                return Ok(command);
            }
        };
        command.args(set.arguments());
        Ok(command)
    }
}

/// Builds the program that measures vectorscan.
fn vectorscan(tools: &Tools) -> Result<std::path::PathBuf, Error> {
    let library = tools.vectorscan()?;
    let target = folder::dev().join("bench/target");
    let mut cargo = crate::cargo();
    cargo.args(["build", "--quiet", "--release", "--locked", "--target-dir"]).arg(&target);
    cargo.current_dir(folder::checkout().join("tests/bench/peers/vectorscan"));
    let status = cargo.env("VECTORSCAN_FOLDER", library).status().doing(|| "run cargo".to_owned())?;
    if !status.success() {
        return Err(Error::new("build the peer vectorscan", status));
    }
    Ok(target.join("release/peer-vectorscan"))
}
