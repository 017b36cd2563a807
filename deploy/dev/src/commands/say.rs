use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use troupe_dev::{
    Error,
    demo::{
        control::{Control, To},
        ledger::Posted,
    },
    running::{self, Endpoints},
};

/// How long the first answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long to listen for more after an answer.
const MORE_WITHIN: Duration = Duration::from_millis(1500);

/// What to say, and to whom
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The name of a bot, or `group`
    to: String,
    /// What to say
    text: String,
    /// Speak as this one of the demo's people
    #[arg(long = "as", value_name = "NAME", default_value = troupe_dev::demo::YOU)]
    who: String,
}

/// Says something to what `cargo dev up` runs, and shows what the bots answer; fails if nobody does.
pub async fn run(folder: &Path, arguments: &Arguments) -> Result<ExitCode, Error> {
    let refused = |cause: String| Error::new("say that", cause);
    let endpoints = running::endpoints(folder)
        .ok_or_else(|| refused("nothing runs".into()).advise("Start it in another terminal: cargo dev up"))?;
    let account = |name: &str| {
        let names = || endpoints.accounts.keys().cloned().collect::<Vec<_>>().join(", ");
        let found = endpoints.accounts.get(name).map(|account| account.id);
        found.ok_or_else(|| {
            refused(format!("there is no {name:?}")).advise(format!("There are: group, {}.", names()))
        })
    };
    let from = account(&arguments.who)?;
    let to = match (arguments.to.as_str(), endpoints.group) {
        ("group", Some(group)) => To::Group(group),
        ("group", None) => return Err(refused("the group is not there yet".into())),
        (bot, _) => To::User(account(bot)?),
    };
    let telegram =
        endpoints.services.get("telegram").ok_or_else(|| refused("the emulator is not there".into()))?;
    let control = Control::new(&telegram.url);
    let said = control.say(from, to, &arguments.text, None).await?;
    let mut last = said.sequence;
    let mut answers = 0;
    let mut deadline = Instant::now() + ANSWER_WITHIN;
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        let wait_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        for posted in control.ledger(last, wait_ms).await? {
            last = last.max(posted.sequence);
            if let Some(bot) = answering(&endpoints, to, &said, &posted) {
                println!("{bot}: {}", posted.text);
                answers += 1;
                deadline = Instant::now() + MORE_WITHIN;
            }
        }
    }
    if answers == 0 {
        println!("Nobody answered within {} s.", ANSWER_WITHIN.as_secs());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The name of the bot that answers `said` with `posted`, if it is that.
fn answering<'a>(endpoints: &'a Endpoints, to: To, said: &Posted, posted: &Posted) -> Option<&'a str> {
    let here = match to {
        To::User(_) => posted.users == said.users && posted.group.is_none(),
        To::Group(_) => posted.reply_to == Some(said.sequence),
    };
    let bot = endpoints
        .bots
        .keys()
        .find(|name| endpoints.accounts.get(*name).is_some_and(|known| known.id == posted.from));
    bot.filter(|_| here).map(String::as_str)
}
