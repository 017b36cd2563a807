//! Reads the events of several partitions, each from about its own position.

use futures::{Stream, StreamExt as _, future::try_join_all, stream};
use tokio::{sync::mpsc, task::JoinSet};
use troupe_bus::{Bus, Error, EventReader, Stored};
use troupe_protocol::Event;
use troupe_types::Partition;

use crate::writer::Positions;

/// Partitions with positions as close as this have one reader, which reads at most so many events in vain. One reader
/// for all would begin at the smallest position: a single partition in which nothing ever happens would make each start
/// read everything that the stream keeps.
const NEAR: u64 = 10_000;

/// How many events are decoded at a time at most, and how many times as many wait to be taken.
const CHUNK: usize = 256;
const CHUNKS: usize = 4;

/// What a reader came upon.
type Read = Result<Stored<Event>, Error>;

/// Readers of all partitions, taking turns. They read and decode in a task of their own, beside what is being written.
pub(crate) struct Reading {
    /// Which reader it was, and what it came upon.
    chunks: mpsc::Receiver<(usize, Vec<Read>)>,
    /// Whose chunk is being taken, and what of it was not taken yet.
    reader: usize,
    rest: std::vec::IntoIter<Read>,
    /// How many events are behind what each reader has read.
    pending: Vec<u64>,
    /// Ends with this.
    _task: JoinSet<()>,
}

impl Reading {
    /// Begins behind each partition's position, or somewhat before it.
    pub(crate) async fn open(bus: &Bus, positions: &Positions) -> Result<Self, Error> {
        let groups = groups(positions);
        let readers =
            try_join_all(groups.iter().map(|group| bus.events_from(&group.partitions, group.first))).await?;
        let pending = vec![0; readers.len()];
        let readers = readers.into_iter().enumerate().map(|(number, reader)| follow(number, reader).boxed());
        let mut read = stream::select_all(readers);
        let (sender, chunks) = mpsc::channel(CHUNKS);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(chunk) = read.next().await {
                if sender.send(chunk).await.is_err() {
                    break;
                }
            }
        });
        Ok(Self { chunks, reader: 0, rest: Vec::new().into_iter(), pending, _task: task })
    }

    /// Waits until an event is ready; `false` once the bus is closed. Nothing is lost if it is dropped half-way.
    pub(crate) async fn wait(&mut self) -> bool {
        while self.rest.as_slice().is_empty() {
            let Some((reader, chunk)) = self.chunks.recv().await else { return false };
            (self.reader, self.rest) = (reader, chunk.into_iter());
        }
        true
    }

    /// The next event of any partition, if it need not be waited for. Each partition's come in their order.
    pub(crate) fn next(&mut self) -> Option<Read> {
        let stored = self.rest.next()?;
        if let Ok(stored) = &stored {
            self.pending[self.reader] = stored.pending;
        }
        Some(stored)
    }

    /// How many readers there are.
    pub(crate) fn count(&self) -> usize {
        self.pending.len()
    }

    /// How many events are known to be in the stream and not yet read.
    pub(crate) fn behind(&self) -> u64 {
        self.pending.iter().sum()
    }
}

/// What a reader comes upon, each time with all that has come by then.
fn follow(number: usize, reader: EventReader) -> impl Stream<Item = (usize, Vec<Read>)> {
    stream::unfold(reader, move |mut reader| async move {
        let mut chunk = vec![reader.next().await?];
        while chunk.len() < CHUNK
            && let Some(more) = reader.received()
        {
            chunk.push(more);
        }
        Some(((number, chunk), reader))
    })
}

/// Partitions that are read together.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    /// The number of the first event to read.
    first: u64,
    partitions: Vec<Partition>,
}

fn groups(positions: &Positions) -> Vec<Group> {
    let mut sorted: Vec<(u64, Partition)> =
        positions.iter().map(|(partition, position)| (*position, *partition)).collect();
    sorted.sort_unstable();
    let mut groups: Vec<Group> = Vec::new();
    for (position, partition) in sorted {
        match groups.last_mut() {
            Some(group) if position < group.first + NEAR => group.partitions.push(partition),
            _ => groups.push(Group { first: position + 1, partitions: vec![partition] }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(positions: &[(u16, u64)], expected: &[(u64, &[u16])]) {
        let positions =
            positions.iter().map(|(partition, position)| (Partition::new(*partition), *position)).collect();
        let expected: Vec<Group> = expected
            .iter()
            .map(|(first, partitions)| Group {
                first: *first,
                partitions: partitions.iter().copied().map(Partition::new).collect(),
            })
            .collect();
        assert_eq!(groups(&positions), expected);
    }

    #[test]
    fn partitions_near_each_other_are_read_together_and_idle_ones_apart() {
        check(&[], &[]);
        check(&[(0, 0), (1, 0), (2, 7)], &[(1, &[0, 1, 2])]);
        check(
            &[(0, 5_000_000), (1, 0), (2, 4_999_000), (3, 0), (4, 90_000)],
            &[(1, &[1, 3]), (90_001, &[4]), (4_999_001, &[2, 0])],
        );
    }

    #[test]
    fn no_reader_reads_more_than_that_in_vain() {
        check(&[(0, 0), (1, NEAR), (2, NEAR + 1)], &[(1, &[0, 1]), (NEAR + 2, &[2])]);
    }
}
