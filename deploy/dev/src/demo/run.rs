//! Plays the demo on what runs.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use troupe_types::ChatId;

use super::{
    Board, Live, Statistics, Summary,
    cast::{self, BOTS, PEOPLE},
    events::events,
    judge::{self, Spoken},
    ledger::Bot,
    play::{self, Play, Scene},
    stage,
    story::{GOALS, again, story},
};
use crate::{Error, folder, running::Endpoints};

/// How long people think before they speak, when the demo is played once.
const PAUSE_ONCE: Duration = Duration::from_millis(200);
/// And when it goes on and on.
const PAUSE_EASY: Duration = Duration::from_secs(4);
/// How long everything may take to come to rest.
const SETTLED_WITHIN: Duration = Duration::from_mins(1);
/// How long ClickHouse may take to know all.
const COUNTED_WITHIN: Duration = Duration::from_secs(30);

/// Sets the stage on what runs at `endpoints`, and notes there who there is.
///
/// # Errors
/// The first step that fails.
pub async fn set_stage(endpoints: &mut Endpoints) -> Result<Scene, Error> {
    stage::set(endpoints, &folder::checkout().join("deploy/demo/content"), &BOTS, &PEOPLE).await
}

/// Plays the whole story once and judges it.
///
/// # Errors
/// A server does not answer any more.
pub async fn once(scene: &Scene, endpoints: &Endpoints) -> Result<Summary, Error> {
    let board = Board::new(scene.bots.values().copied());
    let follow = board.follow(&scene.control, events(url(endpoints, "nats")?).await?);
    let names = names(scene);
    let mut live = Live::new(&board, &names, cast::GROUP);
    let play = async {
        let spoken = Play::new(scene, &board, PAUSE_ONCE).run(&story()).await?;
        let settled = play::settle(&board, SETTLED_WITHIN).await;
        let statistics = Statistics::new(url(endpoints, "clickhouse")?, &endpoints.clickhouse_database);
        summary(scene, &board, &statistics, &spoken, settled).await
    };
    let result = tokio::select! {
        result = play => result,
        error = follow => Err(error),
        () = live.run() => unreachable!("it never ends"),
    };
    live.show();
    result
}

/// Lets people talk, again and again, until it is dropped.
///
/// # Errors
/// A server does not answer any more.
pub async fn for_ever(scene: &Scene, endpoints: &Endpoints) -> Result<(), Error> {
    let board = Board::new(scene.bots.values().copied());
    let follow = board.follow(&scene.control, events(url(endpoints, "nats")?).await?);
    let names = names(scene);
    let mut live = Live::new(&board, &names, cast::GROUP);
    let talk = async {
        let play = Play::new(scene, &board, PAUSE_EASY);
        play.run(&story()).await?;
        loop {
            play.run(&again()).await?;
        }
    };
    tokio::select! {
        result = talk => result,
        error = follow => Err(error),
        () = live.run() => unreachable!("it never ends"),
    }
}

fn url<'a>(endpoints: &'a Endpoints, name: &str) -> Result<&'a str, Error> {
    let missing = || Error::new("play the demo", format!("{name} does not run"));
    endpoints.services.get(name).map(|endpoint| endpoint.url.as_str()).ok_or_else(missing)
}

fn names(scene: &Scene) -> BTreeMap<&str, i64> {
    let bots = scene.bots.iter().map(|(name, bot)| (*name, bot.account));
    bots.chain(scene.people.iter().map(|(name, account)| (*name, *account))).collect()
}

/// Judges what was said, and waits for ClickHouse to know as much as the ledger does.
async fn summary(
    scene: &Scene,
    board: &Board,
    statistics: &Statistics,
    spoken: &[Spoken],
    settled: bool,
) -> Result<Summary, Error> {
    let (ledger, events) = {
        let known = board.known();
        (known.ledger.clone(), known.events.clone())
    };
    let bots: BTreeMap<&str, Bot> = scene.bots.iter().map(|(name, bot)| (*name, *bot)).collect();
    let verdict = judge::judge(spoken, &ledger, &events, &bots);
    let people_by_ledger = judge::counts_by_person(&ledger, &bots);
    let ledger = judge::counts(&ledger, &bots);
    let deadline = Instant::now() + COUNTED_WITHIN;
    loop {
        let clickhouse = statistics.counts().await?;
        let people_by_clickhouse = statistics.counts_by_person().await?;
        let (rows, goals) = statistics.totals().await?;
        let complete =
            clickhouse == ledger && people_by_clickhouse == people_by_ledger && goals == verdict.goals as u64;
        if complete || Instant::now() > deadline {
            let names = bots.iter().map(|(name, bot)| (bot.id.get(), (*name).to_owned())).collect();
            let people =
                scene.people.iter().map(|(name, account)| (ChatId::new(*account), (*name).to_owned()));
            let chats = people.chain([(ChatId::new(scene.group), cast::GROUP.to_owned())]).collect();
            let goals_expected = GOALS;
            return Ok(Summary {
                verdict,
                settled,
                ledger,
                clickhouse,
                people_by_ledger,
                people_by_clickhouse,
                rows,
                goals,
                names,
                chats,
                goals_expected,
            });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
