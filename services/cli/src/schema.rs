//! `troupe schema`: JSON Schema of what authors write, for editors.

mod bot;
mod conversations;

use clap::{Args, ValueEnum};
use serde_json::Value as Json;
use troupe_engine::schema;

use crate::{Verdict, output};

/// What `troupe schema` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// What the schema is of.
    of: Document,
}

/// What authors write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Document {
    /// Rules in troupe's own format.
    Rules,
    /// An answer library.
    Library,
    /// A scenario.
    Scenario,
    /// A bot file.
    Bot,
    /// Conversations as tests.
    Tests,
}

const HELP: &str = "\
An editor that knows YAML completes, explains and checks what one types if it is told of the schema. With the YAML
language server (Visual Studio Code, Neovim, Helix and others) the first line of a file names it, by its place from there,
as in content/rules/kyc.yaml:

  # yaml-language-server: $schema=../../schemas/rules.json

Keep schemas beside the content, not in it. A schema says less than the other commands do, which tell all that is wrong.

Example:
  for kind in rules library scenario bot tests; do troupe schema $kind > schemas/$kind.json; done";

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    output::line(format!("{:#}", arguments.of.schema()))?;
    Ok(Verdict::Fine)
}

impl Document {
    fn schema(self) -> Json {
        match self {
            Self::Rules => schema::rules(),
            Self::Library => schema::library(),
            Self::Scenario => schema::scenario(),
            Self::Bot => bot::schema(),
            Self::Tests => conversations::schema(),
        }
    }
}

/// A text, or a number as it is written.
fn text() -> Json {
    serde_json::json!({"type": ["string", "number"]})
}

/// What a document is called: its file's name without the ending.
fn content() -> Json {
    serde_json::json!({"type": ["string", "number"], "pattern": "^[a-z0-9_-]{1,64}$"})
}

/// A value, or a list of them.
fn one_or_list(item: &Json) -> Json {
    serde_json::json!({"anyOf": [item, {"type": "array", "items": item}]})
}

#[cfg(test)]
mod tests;
