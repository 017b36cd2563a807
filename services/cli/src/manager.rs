//! What is done through the manager's REST API: bots, what they say, what is counted.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::{
    api::{self, Api},
    output,
    range::Range,
    report, show,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Registers a bot: asks for the phone number, the code and the password, or takes a bot account's token.
    Register {
        /// What to call it here; unique.
        name: String,
        /// Registers a bot account by its token from @BotFather instead of a phone number.
        #[arg(long)]
        bot_account: bool,
    },
    /// Signs a bot in again: one that Telegram has signed out, or whose registration broke off. Its settings stay.
    Login {
        /// Its number.
        bot: u64,
        /// Takes a bot account's token from @BotFather instead of a phone number.
        #[arg(long)]
        bot_account: bool,
    },
    /// Lists bots and how they fare.
    Bots,
    /// Starts a bot.
    Start {
        /// Its number.
        bot: u64,
    },
    /// Stops a bot.
    Stop {
        /// Its number.
        bot: u64,
    },
    /// Restarts a bot's session.
    Restart {
        /// Its number.
        bot: u64,
    },
    /// Gives the conversation with a person back to the bot, which keeps silent while an operator has it.
    HandBack {
        /// The bot's number.
        bot: u64,
        /// The person's number on Telegram.
        person: u64,
    },
    /// Signs a bot out and deletes it.
    Delete {
        /// Its number.
        bot: u64,
    },
    /// Shows a bot's settings, or sets them from a JSON file.
    Settings {
        /// Its number.
        bot: u64,
        /// The file; `-` reads standard input.
        file: Option<PathBuf>,
    },
    /// Checks and stores a document: rules, a library or a scenario; or stores a photo or a document to send.
    Put {
        /// What it is; media is a file that answers name.
        #[arg(value_enum)]
        kind: Stored,
        /// Its name: a-z, 0-9, - and _.
        name: String,
        /// The file; `-` reads standard input.
        file: PathBuf,
    },
    /// Prints a document; without a name, lists those there are.
    Get {
        /// What it is.
        kind: Kind,
        /// Its name.
        name: Option<String>,
    },
    /// Shows what was received, sent, answered and reached.
    Statistics {
        /// Only this bot.
        #[arg(long)]
        bot: Option<u64>,
        #[command(flatten)]
        range: Range,
    },
    /// Prints everything that is known of a person, as JSON.
    #[command(allow_missing_positional = true)]
    ExportPerson {
        /// The number of the bot that was written to.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        bot: Option<u64>,
        /// The person's Telegram id.
        person: i64,
        /// What every bot knows.
        #[arg(long)]
        all: bool,
    },
    /// Erases a person everywhere, for good, and shows a receipt. Exits with 1 if something is left: run it again then.
    Erase {
        /// The person's Telegram id.
        person: i64,
        /// Only from this bot; otherwise from all of them.
        #[arg(long)]
        bot: Option<u64>,
        /// Does it: nothing brings back what was erased.
        #[arg(long)]
        yes: bool,
    },
    /// Makes a report of what happened; without a name, lists the reports.
    Report(report::Arguments),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    Rules,
    Library,
    Scenario,
}

/// What can be put: documents, and files to send.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Stored {
    Rules,
    Library,
    Scenario,
    Media,
}

impl Stored {
    /// The kind of document; `None` for a file to send.
    const fn document(self) -> Option<Kind> {
        match self {
            Self::Rules => Some(Kind::Rules),
            Self::Library => Some(Kind::Library),
            Self::Scenario => Some(Kind::Scenario),
            Self::Media => None,
        }
    }
}

impl Kind {
    const fn path(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Library => "libraries",
            Self::Scenario => "scenarios",
        }
    }
}

/// Carries out a command. Returns what the API answered, and how to show it to people.
pub async fn run(api: &Api, command: Command) -> anyhow::Result<(Value, String)> {
    let control = async |bot: u64, what: &str| {
        let answer = api.post(&format!("/v1/bots/{bot}/{what}?wait=10s"), &json!({})).await?;
        let shown = show::bots(std::slice::from_ref(&answer));
        anyhow::Ok((answer, shown))
    };
    Ok(match command {
        Command::Register { name, bot_account } => {
            let mut first = credential(bot_account)?;
            first["name"] = json!(name);
            sign_in(api, "/v1/bots", &first, "registered").await?
        }
        Command::Login { bot, bot_account } => {
            // Better told before anything is typed.
            api.get(&format!("/v1/bots/{bot}")).await?;
            sign_in(api, &format!("/v1/bots/{bot}/login"), &credential(bot_account)?, "signed in").await?
        }
        Command::Bots => {
            let answer = api.get("/v1/bots").await?;
            let shown = show::bots(items(&answer));
            (answer, shown)
        }
        Command::Start { bot } => control(bot, "start").await?,
        Command::Stop { bot } => control(bot, "stop").await?,
        Command::Restart { bot } => control(bot, "restart").await?,
        Command::HandBack { bot, person } => {
            let path = format!("/v1/bots/{bot}/people/{person}/hand-back");
            (
                api.post(&path, &json!({})).await?,
                format!("bot {bot} has the conversation with {person} again"),
            )
        }
        Command::Delete { bot } => {
            (api.delete(&format!("/v1/bots/{bot}")).await?, format!("bot {bot} is deleted"))
        }
        Command::Settings { bot, file } => {
            let path = format!("/v1/bots/{bot}/settings");
            let answer = match file {
                None => api.get(&path).await?,
                Some(file) => {
                    let settings: Value = serde_json::from_str(&read(&file)?)
                        .with_context(|| format!("{} is no JSON", named(&file)))?;
                    api.put(&path, &settings).await?
                }
            };
            let shown = serde_json::to_string_pretty(&answer).context("cannot print the settings")?;
            (answer, shown)
        }
        Command::Put { kind, name, file } => {
            let Some(kind) = kind.document() else { return put_media(api, &name, &file).await };
            let answer = api.put_text(&format!("/v1/{}/{name}", kind.path()), read(&file)?).await?;
            let shown = format!("{name}: version {}", answer["version"]);
            (answer, shown)
        }
        Command::Get { kind, name: None } => {
            let answer = api.get(&format!("/v1/{}", kind.path())).await?;
            let shown = show::documents(&answer);
            (answer, shown)
        }
        Command::Get { kind, name: Some(name) } => {
            let answer = api.get(&format!("/v1/{}/{name}", kind.path())).await?;
            let shown = answer["text"].as_str().unwrap_or_default().to_owned();
            (answer, shown)
        }
        Command::Statistics { bot, range } => {
            let asked = [("bot", bot.map(|bot| bot.to_string()))].into_iter().chain(range.asked()?);
            let answer = api.get(&api::path(&["v1", "statistics"], asked)?).await?;
            let bots = api.get("/v1/bots").await?;
            let shown = show::statistics(&answer, items(&bots), range.said(), output::width());
            (answer, shown)
        }
        Command::ExportPerson { bot, person, all: _ } => {
            let answer = api.get(&person_path(person, bot)).await?;
            let shown = serde_json::to_string_pretty(&answer).context("cannot print what is known")?;
            (answer, shown)
        }
        Command::Erase { person, bot, yes } => {
            if !yes {
                bail!(
                    "nothing brings back what was erased: look at it with `troupe export-person`, then say --yes"
                );
            }
            // Who breaks it off here does not break it off there.
            eprintln!("erasing {person}, which may take some minutes …");
            let answer = api.delete(&person_path(person, bot)).await?;
            let shown = show::receipt(&answer);
            (answer, shown)
        }
        Command::Report(arguments) => {
            let answer = api.get(&arguments.path()?).await?;
            let bots = if arguments.is_table() { api.get("/v1/bots").await? } else { Value::Null };
            let shown = report::Shown { bots: items(&bots), said: arguments.said(), width: output::width() };
            let shown = report::show(&answer, &shown);
            (answer, shown)
        }
    })
}

fn person_path(person: i64, bot: Option<u64>) -> String {
    let query = bot.map(|bot| format!("?bot={bot}")).unwrap_or_default();
    format!("/v1/people/{person}{query}")
}

async fn put_media(api: &Api, name: &str, file: &Path) -> anyhow::Result<(Value, String)> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let file_name = file.file_name().and_then(|name| name.to_str()).unwrap_or(name);
    let path = format!("/v1/media/{name}?file_name={}", percent_encoded(file_name));
    let answer = api.put_bytes(&path, bytes).await?;
    let shown = format!("{name}: {}, {} bytes", answer["mime"].as_str().unwrap_or_default(), answer["bytes"]);
    Ok((answer, shown))
}

/// `text` as it may stand behind a question mark.
fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// Asks for what signing in begins with.
fn credential(bot_account: bool) -> anyhow::Result<Value> {
    Ok(if bot_account {
        json!({"token": ask_hidden("token from @BotFather: ")?})
    } else {
        json!({"phone": ask("phone number, e.g. +15551234567: ")?})
    })
}

/// Goes through the steps of signing in, asking for each thing as Telegram asks for it.
async fn sign_in(api: &Api, path: &str, first: &Value, done: &str) -> anyhow::Result<(Value, String)> {
    let mut answer = api.post(path, first).await?;
    let id = answer["id"].as_u64().context("the manager gave the bot no number")?;
    loop {
        let (step, body) = match answer["next"].as_str() {
            Some("code") => ("code", json!({"code": ask("code that Telegram sent to the account: ")?})),
            Some("password") => {
                let hint = answer["hint"].as_str().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
                ("password", json!({"password": ask_hidden(&format!("the account's password{hint}: "))?}))
            }
            Some("done") => return Ok((answer, format!("bot {id} is {done} and starts"))),
            _ => bail!("the manager answered with an unknown step: {answer}"),
        };
        match api.post(&format!("/v1/bots/{id}/{step}"), &body).await {
            Ok(next) => answer = next,
            // A mistyped code or password may be given again; where nobody types, it may not.
            Err(error) if io::stdin().is_terminal() && error.is_mistyped() => eprintln!("{error}"),
            // It is there now, so another `register` would find its name taken.
            Err(error) => bail!("{error}\nbegin again: troupe login {id}"),
        }
    }
}

fn items(answer: &Value) -> &[Value] {
    answer.as_array().or_else(|| answer["bots"].as_array()).map_or(&[], Vec::as_slice)
}

fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        return io::read_to_string(io::stdin()).context("cannot read standard input");
    }
    fs::read_to_string(file).with_context(|| format!("cannot read {}", named(file)))
}

/// What a file is called in a message.
fn named(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}

fn ask(question: &str) -> anyhow::Result<String> {
    eprint!("{question}");
    io::stderr().flush().context("cannot ask")?;
    let mut line = String::new();
    if io::stdin().read_line(&mut line).context("cannot read the answer")? == 0 {
        bail!("no answer to \"{}\"", question.trim_end_matches([':', ' ']));
    }
    Ok(line.trim().to_owned())
}

fn ask_hidden(question: &str) -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        rpassword::prompt_password(question).context("cannot ask")
    } else {
        ask(question)
    }
}
