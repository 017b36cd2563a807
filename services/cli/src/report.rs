//! Reports: how they are asked for, and how they look in a terminal.

mod cells;
mod page;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::{ToSpan as _, Zoned, tz::TimeZone};
use url::Url;

pub use self::{
    cells::bot,
    page::{Shown, show},
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
    /// From this day, e.g. 2026-11-01, or time, e.g. 2026-11-01T08:00:00Z.
    #[arg(long)]
    from: Option<String>,
    /// Until before this day or time; otherwise now.
    #[arg(long)]
    to: Option<String>,
    /// The last so many days, today among them.
    #[arg(long, conflicts_with_all = ["from", "to"], value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    /// The time zone that days begin in, e.g. Europe/Berlin; otherwise this machine's.
    #[arg(long)]
    zone: Option<String>,
    /// How long each period is, in activity and delivery; otherwise a day.
    #[arg(long)]
    every: Option<Every>,
    /// Compares with the period of the same length before; wants --from or --days.
    #[arg(long)]
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
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None => TimeZone::system().iana_name().unwrap_or("UTC").to_owned(),
        };
        let from = match self.days {
            Some(days) => {
                let zone = TimeZone::get(&zone).with_context(|| format!("--zone: {zone} is no time zone"))?;
                let first = Zoned::now().with_time_zone(zone).date() - i64::from(days - 1).days();
                Some(first.to_string())
            }
            None => self.from.clone(),
        };
        let asked = [
            ("bot", self.bot.map(|bot| bot.to_string())),
            ("chat", self.chat.map(|chat| chat.to_string())),
            ("person", self.person.map(|person| person.to_string())),
            ("scenario", self.scenario.clone()),
            ("from", from),
            ("to", self.to.clone()),
            ("zone", Some(zone)),
            ("every", self.every.map(|every| every.as_str().to_owned())),
            ("compare", self.compare.then(|| "true".to_owned())),
            ("format", self.csv.then(|| "csv".to_owned())),
        ];
        let asked = asked.into_iter().filter_map(|(field, value)| Some((field, value?)));
        let mut url = Url::parse_with_params("http://manager/v1/reports", asked).context("cannot ask")?;
        url.path_segments_mut().ok().context("cannot ask")?.push(name);
        Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
    }

    /// Whether it is a table for people, and which bots there are is worth asking.
    pub const fn is_table(&self) -> bool {
        self.name.is_some() && !self.csv
    }

    /// Whether the time until which it tells was said.
    pub const fn ends(&self) -> bool {
        self.to.is_some()
    }
}
