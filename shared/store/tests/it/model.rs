//! The scripts against a model: whatever is done in whatever order, Redis holds what the model holds.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, test_runner::TestRunner};
use troupe_store::{Commit, Committed, Document, Error, RedisConfig, Store};
use troupe_types::Partition;

use crate::{BOT, CHAT, PERSON, entry, key, secret, server};

const OUTBOX_MAX: usize = 6;
const DOCUMENTS: [Document; 3] =
    [Document::Bot(BOT), Document::Chat(BOT, CHAT), Document::Person(BOT, PERSON)];

#[derive(Debug, Clone)]
enum Step {
    /// So far from the position, with that update, these documents and so many messages.
    Commit {
        ahead: i8,
        message: i32,
        writes: Vec<(usize, Option<Vec<u8>>)>,
        messages: usize,
    },
    /// Removes every so manieth message.
    Publish {
        every: usize,
    },
    Skip {
        ahead: i8,
    },
    Begin {
        ahead: i8,
    },
    SetBack {
        by: u8,
        seen: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let write = (0..DOCUMENTS.len(), proptest::option::of(proptest::collection::vec(any::<u8>(), 0..6)));
    prop_oneof![
        6 => (-2..4_i8, 0..6, proptest::collection::vec(write, 0..4), 0..4_usize)
            .prop_map(|(ahead, message, writes, messages)| Step::Commit { ahead, message, writes, messages }),
        3 => (1..3_usize).prop_map(|every| Step::Publish { every }),
        1 => (-2..3_i8).prop_map(|ahead| Step::Skip { ahead }),
        2 => (0..2_i8).prop_map(|ahead| Step::Begin { ahead }),
        1 => (0..4_u8, any::<bool>()).prop_map(|(by, seen)| Step::SetBack { by, seen }),
    ]
}

#[derive(Default)]
struct Model {
    applied: u64,
    trying: Option<(u64, u32)>,
    documents: BTreeMap<Document, Vec<u8>>,
    outbox: BTreeMap<(u64, usize), String>,
    seen: BTreeSet<i32>,
    update: Option<i32>,
}

impl Model {
    fn sequence(&self, ahead: i8) -> u64 {
        self.applied.saturating_add_signed(ahead.into())
    }

    fn apply(&mut self, sequence: u64, update: i32) {
        self.update = Some(update);
        self.applied = sequence;
        self.trying = None;
    }
}

async fn run(store: &Store, partition: Partition, steps: Vec<Step>) {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Commit { ahead, message, writes, messages } => {
                let sequence = model.sequence(ahead);
                let ids: Vec<String> = (0..messages).map(|number| format!("{sequence}/{number}")).collect();
                let commit = Commit {
                    partition,
                    sequence,
                    update: key(message),
                    person: PERSON,
                    erased: None,
                    keep_for: None,
                    writes: writes.iter().map(|(index, value)| (DOCUMENTS[*index], value.clone())).collect(),
                    outbox: ids.iter().map(|id| entry(id)).collect(),
                };
                let committed = store.commit(&commit).await;
                if sequence <= model.applied {
                    assert_eq!(committed.unwrap(), Committed::AlreadyApplied);
                } else if model.seen.contains(&message) {
                    assert_eq!(committed.unwrap(), Committed::Repeated);
                    model.apply(sequence, message);
                } else if model.outbox.len() + messages > OUTBOX_MAX {
                    assert!(matches!(committed, Err(Error::OutboxFull { .. })), "{committed:?}");
                } else {
                    assert!(matches!(committed, Ok(Committed::Done(_))), "{committed:?}");
                    model.apply(sequence, message);
                    model.seen.insert(message);
                    model
                        .outbox
                        .extend(ids.into_iter().enumerate().map(|(number, id)| ((sequence, number), id)));
                    for (document, value) in commit.writes {
                        match value {
                            Some(value) => _ = model.documents.insert(document, value),
                            None => _ = model.documents.remove(&document),
                        }
                    }
                }
            }
            Step::Publish { every } => {
                let pending = store.outbox(partition).await.unwrap();
                let places: Vec<&str> =
                    pending.iter().step_by(every).map(|pending| pending.place.as_str()).collect();
                store.published(partition, places).await.unwrap();
                let gone: Vec<(u64, usize)> = model.outbox.keys().copied().step_by(every).collect();
                for place in gone {
                    model.outbox.remove(&place);
                }
            }
            Step::Skip { ahead } => {
                let sequence = model.sequence(ahead);
                store.skip(partition, sequence, Some(&key(99))).await.unwrap();
                if sequence > model.applied {
                    model.apply(sequence, 99);
                }
            }
            Step::Begin { ahead } => {
                let sequence = model.sequence(ahead);
                let before =
                    model.trying.filter(|(trying, _)| *trying == sequence).map_or(0, |(_, tries)| tries);
                model.trying = Some((sequence, before + 1));
                assert_eq!(store.begin(partition, sequence).await.unwrap(), before + 1);
            }
            Step::SetBack { by, seen } => {
                let (from, to) = (model.applied + u64::from(!seen), model.applied.saturating_sub(by.into()));
                assert_eq!(store.set_back(partition, from, to).await.unwrap(), seen);
                if seen {
                    model.applied = to;
                    model.update = None;
                }
            }
        }
        let loaded = store.load(partition, &key(1), PERSON).await.unwrap();
        assert_eq!((loaded.applied, loaded.seen), (model.applied, model.seen.contains(&1)));
        let position = store.position(partition).await.unwrap();
        assert_eq!((position.applied, position.update), (model.applied, model.update.map(key)));
        let documents = DOCUMENTS.map(|document| model.documents.get(&document).cloned());
        assert_eq!([loaded.bot, loaded.chat, loaded.person], documents);
        let outbox: Vec<String> =
            store.outbox(partition).await.unwrap().into_iter().map(|pending| pending.entry.id).collect();
        assert_eq!(outbox, model.outbox.values().cloned().collect::<Vec<_>>());
    }
}

#[test]
fn redis_holds_what_the_model_holds() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let redis = runtime.block_on(server());
    let config =
        RedisConfig { outbox_max: u32::try_from(OUTBOX_MAX).unwrap(), ..RedisConfig::at(redis.url()) };
    let store = runtime.block_on(Store::connect(&config, &secret())).unwrap();
    // Each case has a partition of its own, so that none sees what another one left.
    let partitions = std::cell::Cell::new(0);
    TestRunner::new(ProptestConfig::with_cases(200))
        .run(&proptest::collection::vec(step(), 1..40), |steps| {
            let partition = Partition::new(partitions.replace(partitions.get() + 1));
            runtime.block_on(run(&store, partition, steps));
            Ok(())
        })
        .unwrap();
}
