//! Reports: what people want to know of what happened. Each has one query, a file of `deploy/clickhouse/queries`.

mod arms;
mod csv;
mod likeness;
mod periods;
mod table;
pub(crate) mod time;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use troupe_types::{BotId, ChatId, UserId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    table::Table,
    time::{Every, Range, Unsaid, Zone},
};
use crate::{
    error::{ApiError, ErrorBody},
    extract::{InPath, InQuery},
    registry,
    state::Manager,
};

/// The routes.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(report))
}

/// A report that can be asked for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct Kind {
    /// Its name.
    name: &'static str,
    /// What it tells.
    about: &'static str,
    /// The column that says how much of a thing there is.
    measure: &'static str,
    #[serde(skip)]
    sql: &'static str,
}

impl Kind {
    /// From when it tells unless it is said. A comparison is judged from its begin.
    fn unsaid(&self) -> Unsaid {
        if self.name == "arms" { Unsaid::Ever } else { Unsaid::Lately }
    }

    /// Whether its query asks for `parameter`.
    fn takes(&self, parameter: &str) -> bool {
        self.sql.contains(&format!("{{{parameter}:"))
    }
}

macro_rules! kind {
    ($name:literal, $measure:literal, $about:literal) => {
        Kind {
            name: $name,
            about: $about,
            measure: $measure,
            sql: include_str!(concat!("../../../deploy/clickhouse/queries/", $name, ".sql")),
        }
    };
}

/// What is compared with the period before.
const ACTIVITY: Kind = kind!("activity", "received", "What was received, sent and reached, by period");

const KINDS: [Kind; 15] = [
    ACTIVITY,
    kind!("bots", "received", "Counts of each bot"),
    kind!("groups", "received", "Counts of each group"),
    kind!("chats", "received", "Counts of each direct chat"),
    kind!("people", "got", "What each person wrote and got, and the last scenario"),
    kind!("scenarios", "people", "Scenarios: who had which, ends, goals, time taken"),
    kind!("steps", "reached", "The way of people through the steps of scenarios"),
    kind!("runs", "goals", "Which scenario each person had, and where they are"),
    kind!("answers", "hits", "What answered how often, and what came of it"),
    kind!("shadow", "messages", "What content under trial would have answered otherwise"),
    kind!("unmatched", "messages", "What nothing but a fallback answered, grouped by likeness"),
    kind!("arms", "rate", "Scenarios compared, from the beginning, with how sure the difference is"),
    kind!("delivery", "sent", "Reply times, failures and flood waits, by period"),
    kind!("failures", "failed", "Why messages could not be sent"),
    kind!("retention", "people", "People by the week of first contact, and how many came back"),
];

/// What to report on.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// Only this bot.
    bot: Option<u64>,
    /// Only this chat, as its bot sees it.
    chat: Option<i64>,
    /// Only this person. Reports made from counts of chats know no persons, and refuse it.
    person: Option<i64>,
    /// Only this scenario. Reports that are not about scenarios refuse it.
    scenario: Option<String>,
    /// From when: a day of the zone, a time, or `ever`. Rounded down to a quarter of an hour. Otherwise the last 30 days, of
    /// which the last is today or the one that `to` ends; of `arms` ever, since a comparison is judged from its begin.
    #[param(example = "2026-11-01")]
    from: Option<String>,
    /// Until before when: a day of the zone, or a time; otherwise now. Rounded up to a quarter of an hour.
    #[param(example = "2026-12-01")]
    to: Option<String>,
    /// The viewer's time zone; otherwise UTC.
    #[param(example = "Europe/Berlin")]
    zone: Option<String>,
    /// How long each period is; otherwise a day. Reports without periods refuse it.
    every: Option<Every>,
    /// Whether to compare with the period of the same length before. Nothing was before `ever`.
    #[serde(default)]
    compare: bool,
    /// `csv` instead of JSON.
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    Json,
    Csv,
}

/// A report.
#[derive(Debug, Serialize, ToSchema)]
struct Report {
    #[serde(flatten)]
    kind: Kind,
    /// From when; null: from the beginning.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<jiff::Timestamp>,
    /// Until before when.
    #[schema(value_type = String, format = DateTime)]
    to: jiff::Timestamp,
    /// The time zone of what is shown.
    zone: String,
    /// The names of the columns.
    columns: Vec<String>,
    /// The rows.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<Value>>,
    /// Activity as a whole, in this period and the one before, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compared: Vec<Compared>,
    /// What else there is to know about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// A number, and what it was in the period before.
#[derive(Debug, Serialize, ToSchema)]
struct Compared {
    /// The column of `activity`.
    name: String,
    /// What it is.
    now: u64,
    /// What it was.
    before: u64,
}

/// Lists the reports.
#[utoipa::path(get, path = "/v1/reports", tag = "reports", responses((status = 200, body = Vec<Kind>)))]
async fn list() -> Json<[Kind; 15]> {
    Json(KINDS)
}

/// Makes a report.
#[utoipa::path(get, path = "/v1/reports/{name}", tag = "reports", params(("name" = String, Path), Ask),
    responses((status = 200, body = Report), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
async fn report(
    State(manager): State<Manager>,
    InPath(name): InPath<String>,
    InQuery(ask): InQuery<Ask>,
) -> Result<Response, ApiError> {
    let kind = KINDS.into_iter().find(|kind| kind.name == name).ok_or_else(|| {
        let names = KINDS.map(|kind| kind.name).join(", ");
        ApiError::NotFound(format!("there is no report {name:?}; there are {names}"))
    })?;
    for (given, field) in [(ask.person.is_some(), "person"), (ask.scenario.is_some(), "scenario")] {
        if given && !kind.takes(field) {
            return Err(ApiError::BadRequest(format!("the report {name} cannot be narrowed to a {field}")));
        }
    }
    if ask.every.is_some() && !kind.takes("every") {
        let others = KINDS.iter().filter(|kind| kind.takes("every")).map(|kind| kind.name);
        let others = others.collect::<Vec<_>>().join(" and ");
        let message =
            format!("the report {name} has no periods; {others} have: leave every out, or ask for those");
        return Err(ApiError::BadRequest(message));
    }
    let every = ask.every.unwrap_or_default();
    let zone = Zone::parse(ask.zone.as_deref())?;
    let (from, to) = (ask.from.as_deref(), ask.to.as_deref());
    let range = Range::parse(from, to, &zone, manager.now(), kind.unsaid())?.in_quarters()?;
    // Whoever asks may give the number on Telegram, or the one that reports show.
    let pseudonyms = manager.pseudonyms();
    let read = async |kind: Kind, range: Range, every: &str| {
        let query = manager
            .reader()
            .query(kind.sql)
            .param("bot", ask.bot.unwrap_or(0))
            .param("chat", ask.chat.map_or(0, |chat| pseudonyms.chat(ChatId::new(chat)).get()))
            .param("person", ask.person.map_or(0, |person| pseudonyms.person(UserId::new(person)).get()))
            .param("scenario", ask.scenario.as_deref().unwrap_or_default())
            .param("from", range.begin_ms())
            .param("to", range.to.as_millisecond())
            .param("zone", zone.name())
            .param("every", every);
        Table::read(query).await
    };
    let mut table = read(kind, range, every.as_str()).await?;
    let mut notes = match kind.name {
        "arms" => arms::judge(&mut table),
        "unmatched" => likeness::group(&mut table),
        _ => Vec::new(),
    };
    if table.columns.first().is_some_and(|name| name == "period") {
        periods::fill(&mut table, every, &zone);
    }
    let compared = if ask.compare {
        let before = range.before(&zone)?;
        compare(&read(ACTIVITY, range, "all").await?, &read(ACTIVITY, before, "all").await?)
    } else {
        Vec::new()
    };
    if matches!(ask.format, Some(Format::Csv)) {
        let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
        return Ok((kind, csv::write(&table.columns, &table.rows)).into_response());
    }
    let Table { columns, rows } = table;
    // Of a bot that was deleted there may be counts all the same.
    if let Some(bot) = ask.bot.filter(|_| rows.is_empty())
        && let Err(ApiError::NotFound(message)) = registry::get(&manager, BotId::new(bot)).await
    {
        notes.push(message);
    }
    let (from, to, zone) = (range.from, range.to, zone.name().to_owned());
    Ok(Json(Report { kind, from, to, zone, columns, rows, compared, notes }).into_response())
}

/// Numbers side by side; a table of nothing has no row, and counts as zeros.
fn compare(now: &Table, before: &Table) -> Vec<Compared> {
    let number = |table: &Table, column: usize| table.number(0, column).unwrap_or_default();
    let names = now.columns.iter().enumerate().skip(1);
    names
        .map(|(column, name)| Compared {
            name: name.clone(),
            now: number(now, column),
            before: number(before, column),
        })
        .collect()
}
