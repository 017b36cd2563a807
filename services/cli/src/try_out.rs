//! `troupe try`: a conversation with content, in the terminal or through a pipe.

mod session;

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::Args;

use self::session::Session;
pub use self::session::duration;
use crate::{
    Verdict,
    bundle::Bundle,
    explain::place,
    output,
    paint::dim,
    world::{Place, World},
};

/// What `troupe try` takes.
#[derive(Debug, Args)]
#[command(after_help = session::HELP)]
pub struct Arguments {
    /// Content: folders, files, or one bot file.
    #[arg(required = true)]
    content: Vec<PathBuf>,
    /// Which bot to talk to, if the content has several: the name of its bot file.
    #[arg(long)]
    bot: Option<String>,
    /// Who you are at first.
    #[arg(long, default_value = "ann")]
    person: String,
    /// Where you talk at first: `direct` or `group`.
    #[arg(long, default_value = "direct", value_parser = place)]
    chat: Place,
    /// Your language, e.g. ru.
    #[arg(long)]
    language: Option<String>,
    /// Another number gives another chance: other variations, other arms of scenarios.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Writes what is said to this file, as the updates that `troupe replay` reads.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let bundle = Bundle::load(&arguments.content)?;
    let bot = bundle.bot(arguments.bot.as_deref())?;
    let mut world = World::of(&bot);
    world.language.clone_from(&arguments.language);
    world.chance = arguments.seed;
    let mut record = match &arguments.record {
        Some(path) => Some(File::create(path).with_context(|| format!("cannot write {}", path.display()))?),
        None => None,
    };
    let mut session = Session::new(world, &bot, &arguments.person, arguments.chat);
    let typed = io::stdin().is_terminal();
    if typed {
        let hint =
            format!("You talk to {}. /help lists what else you can do; /quit ends.", bot.file.first_name);
        output::line(dim(&hint))?;
    }
    let mut lines = io::stdin().lock().lines();
    loop {
        if typed {
            output::text(session.prompt())?;
        }
        let Some(line) = lines.next() else { break };
        let line = line.context("cannot read what was said")?;
        if !typed && !line.trim().is_empty() {
            // Whoever reads the output of a pipe sees the conversation, not only half of it.
            output::line(format!("{}{line}", session.prompt()))?;
        }
        let answer = session.line(&line);
        if !answer.text.is_empty() {
            output::line(answer.text)?;
        }
        if let Some(file) = &mut record {
            for update in answer.updates {
                writeln!(file, "{}", serde_json::to_string(&update)?)
                    .context("cannot write what was said")?;
            }
        }
        if answer.quit {
            break;
        }
    }
    Ok(Verdict::Fine)
}
