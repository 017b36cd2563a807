//! Reports: how they are asked for, and how they look in a terminal.

mod cells;
mod page;

use clap::{Args, ValueEnum};

pub use self::{
    cells::bot,
    page::{Shown, show},
};
use crate::{
    api,
    range::{Range, Said},
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Which one; `troupe report` lists them.
    name: Option<String>,
    /// Only this bot.
    #[arg(long)]
    bot: Option<u64>,
    /// Only this chat, as its bot sees it.
    #[arg(long, allow_negative_numbers = true)]
    chat: Option<i64>,
    /// Only this person.
    #[arg(long, allow_negative_numbers = true)]
    person: Option<i64>,
    /// Only this scenario.
    #[arg(long)]
    scenario: Option<String>,
    #[command(flatten)]
    range: Range,
    /// How long each period is, in activity and delivery; otherwise a day.
    #[arg(long)]
    every: Option<Every>,
    /// Compares with the period of the same length before.
    #[arg(long, conflicts_with = "ever")]
    compare: bool,
    /// Prints CSV for spreadsheets.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Every {
    Hour,
    Day,
    Week,
    Month,
    All,
}

impl Every {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::All => "all",
        }
    }
}

impl Arguments {
    /// What is asked of the API.
    pub fn path(&self) -> anyhow::Result<String> {
        let Some(name) = &self.name else { return Ok("/v1/reports".to_owned()) };
        let asked = [
            ("bot", self.bot.map(|bot| bot.to_string())),
            ("chat", self.chat.map(|chat| chat.to_string())),
            ("person", self.person.map(|person| person.to_string())),
            ("scenario", self.scenario.clone()),
            ("every", self.every.map(|every| every.as_str().to_owned())),
            ("compare", self.compare.then(|| "true".to_owned())),
            ("format", self.csv.then(|| "csv".to_owned())),
        ];
        api::path(&["v1", "reports", name], asked.into_iter().chain(self.range.asked()?))
    }

    /// Whether it is a table for people, and which bots there are is worth asking.
    pub const fn is_table(&self) -> bool {
        self.name.is_some() && !self.csv
    }

    /// What was said of its range.
    pub const fn said(&self) -> Said {
        self.range.said()
    }
}
