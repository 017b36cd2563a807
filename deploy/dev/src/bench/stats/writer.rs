//! How quickly stats writes a backlog, beside what the engine takes from a client that does nothing else.

use std::{fs, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use troupe_bus::{Bus, NatsConfig};
use troupe_protocol::{Event, EventBody, Source, Subject, TraceContext};
use troupe_types::{
    ActionKey, BotId, ChatId, MessageId, Partition, Timestamp, UpdateKey, UpdateKind, UserId,
};

use super::{database::Database, report::float, world::World};
use crate::{Error, error::Doing};

/// How many events are on their way to the broker at a time.
const UNDER_WAY: usize = 512;
/// How long after each other turns are, in milliseconds.
const TURN_MS: u64 = 25;
/// How often it is looked how far stats is.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What writing costs.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    /// How many events were written.
    pub rows: u64,
    /// How many of them one insert has, on average.
    pub rows_per_insert: u64,
    /// Rows that stats wrote in a second.
    pub rows_per_second: f64,
    /// Rows that the engine took in a second from one client with the same inserts.
    pub engine_rows_per_second: f64,
    /// The memory that stats took at most, in bytes.
    pub memory_max: u64,
}

/// Fills the stream with `count` events and lets stats write them; then one client makes the same inserts.
pub(super) async fn measure(world: &World, count: u64) -> Result<Written, Error> {
    let (written, direct) = (world.fresh("written").await?, world.fresh("direct").await?);
    println!("Filling the stream with {count} events …");
    let now = written.number("SELECT toUnixTimestamp64Milli(now64(3))").await?;
    fill(world, count, now).await?;
    println!("Letting stats write them …");
    let mut stats = world.stats("written").await?;
    let (mut seen, mut looks) = (0, Vec::new());
    while seen < count {
        seen = written.number("SELECT count() FROM events_told").await?;
        looks.push((Instant::now(), seen));
        if let Some(status) = stats.process().ended() {
            return Err(Error::new("write the backlog", format!("stats ended ({status})")));
        }
        sleep(LOOK_EVERY).await;
    }
    let memory_max = memory_max(stats.process().id())?;
    stats.stop().await;
    let batches: Vec<Batch> = written.rows(BATCHES).await?;
    println!("Making the same {} inserts with one client …", batches.len());
    written.quiet().await?;
    Ok(Written {
        rows: count,
        rows_per_insert: count / u64::try_from(batches.len()).unwrap_or(u64::MAX).max(1),
        rows_per_second: pace(&looks)?,
        engine_rows_per_second: again(&written, &direct, &batches).await?,
        memory_max,
    })
}

/// An insert that stats made: all of its rows tell the same time of writing.
#[derive(Debug, Deserialize)]
struct Batch {
    at_ms: u64,
    rows: u64,
}

const BATCHES: &str = "SELECT toUnixTimestamp64Milli(written) AS at_ms, count() AS rows FROM events_told \
                       GROUP BY at_ms ORDER BY at_ms";

/// Rows in a second, from the first look that shows rows to the last: starting up is not counted. What is late in both is
/// when a look comes.
fn pace(looks: &[(Instant, u64)]) -> Result<f64, Error> {
    let first = looks.iter().find(|(_, rows)| *rows > 0);
    let (Some((begin, before)), Some((end, rows))) = (first, looks.last()) else {
        return Err(Error::new("tell how quick it was", "nothing was written"));
    };
    if begin == end {
        return Err(
            Error::new("tell how quick it was", "all was written at once").advise("Write more events.")
        );
    }
    Ok(float(rows - before) / end.duration_since(*begin).as_secs_f64())
}

/// Makes the inserts that stats made into `written` once more, into `direct`, one right after the other and so that the
/// engine knows a repeated one, and returns the rows in a second. As with stats, the engine puts together in the background
/// what was inserted before.
async fn again(written: &Database, direct: &Database, batches: &[Batch]) -> Result<f64, Error> {
    let columns = "SELECT arrayStringConcat(groupArray(name), ', ') FROM \
                   (SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'events_told' ORDER BY position)";
    let columns = String::from_utf8_lossy(&written.ask(columns, &[]).await?).trim().to_owned();
    let mut inserts = Vec::new();
    for batch in batches {
        let select = format!(
            "SELECT {columns} FROM events_told WHERE written = fromUnixTimestamp64Milli({}) ORDER BY seq FORMAT RowBinary",
            batch.at_ms
        );
        inserts.push(written.ask(&select, &[]).await?);
    }
    let insert = format!("INSERT INTO events_told ({columns}) FORMAT RowBinary");
    let begin = Instant::now();
    for (number, data) in inserts.into_iter().enumerate() {
        let token = number.to_string();
        let settings = [
            ("async_insert", "0"),
            ("deduplicate_blocks_in_dependent_materialized_views", "1"),
            ("throw_on_max_partitions_per_insert_block", "0"),
            ("insert_deduplication_token", &token),
        ];
        direct.insert(&insert, &settings, data).await?;
    }
    let rows: u64 = batches.iter().map(|batch| batch.rows).sum();
    Ok(float(rows) / begin.elapsed().as_secs_f64())
}

/// The largest part of memory that a process has taken so far.
fn memory_max(process: u32) -> Result<u64, Error> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).doing(|| format!("read {path}"))?;
    let found = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let kilobytes: u64 =
        found.unwrap_or_default().trim().parse().doing(|| format!("read VmHWM in {path}"))?;
    Ok(kilobytes * 1024)
}

/// Tells `count` events as the services do, of the time up to `now` in milliseconds.
async fn fill(world: &World, count: u64, now: u64) -> Result<(), Error> {
    let doing = || "fill the stream".to_owned();
    let bus = Bus::connect(&NatsConfig::at(world.nats.url())).await.doing(doing)?;
    let told = stream::iter(0..count).map(|number| {
        let bus = bus.clone();
        async move {
            let time = i64::try_from(now - (count - number) / 3 * TURN_MS).unwrap_or(i64::MAX);
            let event = event(number, Timestamp::from_millis(time));
            let subject = Subject::Event(Partition::of(event.bot, bus.partitions()), event.bot);
            let parent =
                format!("00-{:032x}-b7ad6b7169203331-01", u128::from(number / 3 + 1).wrapping_mul(SPREAD));
            let trace = TraceContext { traceparent: Some(parent), tracestate: None };
            bus.publish(subject, &event.id, &event, &trace).await.doing(doing).map(drop)
        }
    });
    told.buffer_unordered(UNDER_WAY).try_collect().await
}

/// Makes numbers that follow each other unlike each other.
const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// The event of a number: three in turn tell of a message that came, was answered, and whose answer was sent.
fn event(number: u64, time: Timestamp) -> Event {
    let turn = number / 3;
    let signed = i64::try_from(turn).unwrap_or(i64::MAX);
    let bot = BotId::new(1 + turn * turn % 97);
    let person = UserId::new(1_000_000 + signed * 7 % 20_011);
    let chat =
        if turn % 5 < 3 { ChatId::new(person.get()) } else { ChatId::new(-1_000_000_000_000 - signed % 20) };
    let message = MessageId::new(i32::try_from(turn % 2_000_000_000).unwrap_or_default());
    let update = UpdateKey { bot, chat, message, kind: UpdateKind::New };
    let source = match turn % 3 {
        0 => Source::TriggerGroup { group: format!("rule-{}", turn % 300), version: Some(3) },
        1 => Source::Fallback { library: "small-talk".to_owned(), variation: 0, version: Some(3) },
        _ => Source::Entry {
            library: "small-talk".to_owned(),
            entry: format!("entry-{}", turn % 500),
            variation: u16::try_from(turn % 4).unwrap_or_default(),
            version: Some(3),
        },
    };
    let body = match number % 3 {
        0 => EventBody::MessageReceived { message, media: None, own_bot: false, text: None },
        1 => EventBody::Replied { source, decide_us: 200 + turn % 900 },
        _ => EventBody::MessageSent {
            message,
            action: ActionKey { update, number: 0 },
            source,
            reply_ms: 700 + turn % 5000,
            media: None,
        },
    };
    Event {
        id: format!("{update}!{}", number % 3),
        bot,
        chat: Some(chat),
        person: Some(person),
        update: Some(update),
        time,
        body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_before_it_was_first_seen_does_not_count() {
        let begin = Instant::now();
        let look = |millis, rows| (begin + Duration::from_millis(millis), rows);
        assert_eq!(pace(&[look(0, 0), look(1000, 30), look(2000, 50), look(3000, 110)]), Ok(40.0));
        assert!(pace(&[look(0, 0), look(1000, 30)]).is_err());
        assert!(pace(&[]).is_err());
    }
}
