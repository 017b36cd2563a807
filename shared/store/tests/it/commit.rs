use troupe_store::{Commit, Committed, Document, Error, Loaded, RedisConfig, Store};
use troupe_types::Timestamp;

use crate::{
    BOT, CHAT, PARTITION, PERSON, applied, chat, commit, connect, key, outages::command, outbox, secret,
    server,
};

#[tokio::test]
async fn a_commit_is_loaded_as_it_was_made() {
    let redis = server().await;
    let store = connect(&redis).await;
    assert_eq!(store.load(PARTITION, &key(0), PERSON).await.unwrap(), Loaded::default());
    let mut first = commit(3, 1, "", &["a", "b"]);
    let any: Vec<u8> = (0..=255).collect();
    first.writes = vec![
        (Document::Bot(BOT), Some(Vec::new())),
        (Document::Chat(BOT, CHAT), Some(any.clone())),
        (Document::Person(BOT, PERSON), Some(b"-".to_vec())),
    ];
    let Committed::Done(pending) = store.commit(&first).await.unwrap() else {
        panic!("it was not applied before")
    };
    assert_eq!(pending.iter().map(|pending| pending.entry.clone()).collect::<Vec<_>>(), first.outbox);
    assert_eq!(store.outbox(PARTITION).await.unwrap(), pending);
    let loaded = store.load(PARTITION, &key(0), PERSON).await.unwrap();
    let expected = Loaded {
        applied: 3,
        seen: false,
        erased: None,
        bot: Some(Vec::new()),
        chat: Some(any),
        person: Some(b"-".to_vec()),
    };
    assert_eq!(loaded, expected);
    let mut second = commit(4, 2, "", &[]);
    second.writes = vec![(Document::Chat(BOT, CHAT), None)];
    store.commit(&second).await.unwrap();
    let loaded = store.load(PARTITION, &key(0), PERSON).await.unwrap();
    assert_eq!(loaded, Loaded { applied: 4, chat: None, ..expected });
}

#[tokio::test]
async fn what_was_applied_is_refused_and_changes_nothing() {
    let redis = server().await;
    let store = connect(&redis).await;
    store.commit(&commit(5, 1, "five", &["a"])).await.unwrap();
    for sequence in [5, 4, 1] {
        let again = commit(sequence, 2, "late", &["b"]);
        assert_eq!(store.commit(&again).await.unwrap(), Committed::AlreadyApplied);
    }
    assert_eq!(chat(&store).await.as_deref(), Some("five"));
    assert_eq!(outbox(&store).await, ["a"]);
    assert_eq!(applied(&store).await, 5);
}

#[tokio::test]
async fn an_update_that_was_published_twice_is_applied_once() {
    let redis = server().await;
    let store = connect(&redis).await;
    store.commit(&commit(5, 1, "five", &["a"])).await.unwrap();
    assert_eq!(store.commit(&commit(6, 1, "six", &["b"])).await.unwrap(), Committed::Repeated);
    assert_eq!(chat(&store).await.as_deref(), Some("five"));
    assert_eq!(outbox(&store).await, ["a"]);
    assert_eq!(applied(&store).await, 6, "the position moves all the same");
}

#[tokio::test]
async fn the_last_updates_of_a_chat_are_remembered_however_many_there_were() {
    let redis = server().await;
    let store = connect(&redis).await;
    for message in 1..=200 {
        let sequence = u64::try_from(message).unwrap();
        assert!(matches!(store.commit(&commit(sequence, message, "", &[])).await, Ok(Committed::Done(_))));
    }
    for (sequence, message) in (201..).zip(200 - 127..=200) {
        assert_eq!(store.commit(&commit(sequence, message, "", &[])).await.unwrap(), Committed::Repeated);
    }
}

#[tokio::test]
async fn a_person_of_whom_nothing_comes_any_more_is_forgotten_in_time_and_any_update_puts_it_off() {
    let redis = server().await;
    let store = connect(&redis).await;
    let documents = [Document::Person(BOT, PERSON), Document::Chat(BOT, CHAT), Document::Bot(BOT)];
    let writes = documents.map(|document| (document, Some(b"x".to_vec()))).to_vec();
    let keep_for = Some(std::time::Duration::from_secs(100));
    store.commit(&Commit { writes, keep_for, ..commit(1, 1, "x", &[]) }).await.unwrap();
    let left = async || {
        let mut left = Vec::new();
        for key in ["person:7:5", "chat:7:-42", "bot:7"] {
            let answer = command(&redis, &format!("TTL {{p17}}:{key}")).await;
            let seconds = answer.trim_start_matches(':').lines().next().unwrap();
            left.push(seconds.parse::<i64>().unwrap());
        }
        left
    };
    let first = left().await;
    assert!((90..=100).contains(&first[0]) && (90..=100).contains(&first[1]) && first[2] == -1, "{first:?}");
    let later = Some(std::time::Duration::from_secs(1000));
    store.commit(&Commit { writes: Vec::new(), keep_for: later, ..commit(2, 2, "x", &[]) }).await.unwrap();
    let second = left().await;
    assert!(second[0] > 900 && second[1] > 900, "{second:?}");
    store.commit(&Commit { writes: Vec::new(), ..commit(3, 3, "x", &[]) }).await.unwrap();
    assert_eq!(left().await, [-1, -1, -1], "kept for good again");
}

#[tokio::test]
async fn the_outbox_keeps_its_order_until_what_was_published_is_removed() {
    let redis = server().await;
    let store = connect(&redis).await;
    // Numbers that are in another order as text, and more than nine entries.
    let many: Vec<String> = (0..12).map(|number| format!("nine-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    store.commit(&commit(9, 1, "", &many)).await.unwrap();
    store.commit(&commit(10, 2, "", &["ten"])).await.unwrap();
    let pending = store.outbox(PARTITION).await.unwrap();
    let ids: Vec<&str> = pending.iter().map(|pending| pending.entry.id.as_str()).collect();
    assert_eq!(ids, [many.as_slice(), &["ten"]].concat());
    store.published(PARTITION, pending[..12].iter().map(|pending| pending.place.as_str())).await.unwrap();
    assert_eq!(outbox(&store).await, ["ten"]);
    store.published(PARTITION, []).await.unwrap();
}

#[tokio::test]
async fn a_full_outbox_refuses_and_changes_nothing() {
    let redis = server().await;
    let config = RedisConfig { outbox_max: 3, ..RedisConfig::at(redis.url()) };
    let store = Store::connect(&config, &secret()).await.unwrap();
    store.commit(&commit(1, 1, "one", &["a", "b"])).await.unwrap();
    let next = commit(2, 2, "two", &["c", "d"]);
    assert!(matches!(store.commit(&next).await, Err(Error::OutboxFull { count: 2, .. })));
    assert_eq!((chat(&store).await.as_deref(), applied(&store).await), (Some("one"), 1));
    let pending = store.outbox(PARTITION).await.unwrap();
    store.published(PARTITION, [pending[0].place.as_str()]).await.unwrap();
    assert!(matches!(store.commit(&next).await, Ok(Committed::Done(_))));
    assert_eq!(outbox(&store).await, ["b", "c", "d"]);
    let large = commit(3, 3, "", &["e", "f", "g", "h"]);
    assert!(matches!(store.commit(&large).await, Err(Error::TooMany { count: 4, .. })));
}

#[tokio::test]
async fn of_many_who_commit_the_same_update_one_succeeds() {
    let redis = server().await;
    let stores = futures::future::join_all((0..4).map(|_| connect(&redis))).await;
    let commits =
        stores.iter().map(|store| async { store.commit(&commit(1, 1, "x", &["a"])).await.unwrap() });
    let outcomes = futures::future::join_all(commits).await;
    let done = outcomes.iter().filter(|outcome| matches!(outcome, Committed::Done(_))).count();
    assert_eq!(done, 1, "{outcomes:?}");
    assert_eq!(outbox(&stores[0]).await, ["a"]);
}

#[tokio::test]
async fn tries_are_counted_until_the_update_is_committed_or_skipped() {
    let redis = server().await;
    let store = connect(&redis).await;
    assert_eq!(store.begin(PARTITION, 1).await.unwrap(), 1);
    assert_eq!(store.begin(PARTITION, 1).await.unwrap(), 2);
    store.commit(&commit(1, 1, "", &[])).await.unwrap();
    assert_eq!(store.begin(PARTITION, 2).await.unwrap(), 1);
    store.skip(PARTITION, 2, Some(&key(2))).await.unwrap();
    assert_eq!(applied(&store).await, 2);
    assert_eq!(store.begin(PARTITION, 2).await.unwrap(), 1);
    store.skip(PARTITION, 1, Some(&key(1))).await.unwrap();
    assert_eq!(applied(&store).await, 2, "skipping never goes back");
}

#[tokio::test]
async fn a_position_is_set_back_only_from_where_it_was_seen() {
    let redis = server().await;
    let store = connect(&redis).await;
    store.commit(&commit(9, 1, "", &[])).await.unwrap();
    assert!(!store.set_back(PARTITION, 8, 2).await.unwrap());
    assert!(store.set_back(PARTITION, 9, 2).await.unwrap());
    assert_eq!(applied(&store).await, 2);
    assert!(matches!(store.commit(&commit(3, 2, "", &[])).await, Ok(Committed::Done(_))));
}

#[tokio::test]
async fn a_position_in_another_stream_is_worth_nothing() {
    let redis = server().await;
    let store = connect(&redis).await;
    let (old, new) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
    assert!(!store.adopt(PARTITION, old).await.unwrap());
    store.commit(&commit(9, 1, "", &[])).await.unwrap();
    assert!(!store.adopt(PARTITION, old).await.unwrap());
    assert_eq!(applied(&store).await, 9);
    assert!(store.adopt(PARTITION, new).await.unwrap());
    assert_eq!(applied(&store).await, 0);
    assert!(!store.adopt(PARTITION, new).await.unwrap());
}

#[tokio::test]
async fn partitions_know_nothing_of_each_other() {
    let redis = server().await;
    let store = connect(&redis).await;
    store.commit(&commit(5, 1, "x", &["a"])).await.unwrap();
    let other = troupe_types::Partition::new(18);
    assert_eq!(store.load(other, &key(0), PERSON).await.unwrap(), Loaded::default());
    assert!(store.outbox(other).await.unwrap().is_empty());
}
