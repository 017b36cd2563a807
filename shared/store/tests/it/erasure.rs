use troupe_store::{Commit, Committed, Document, Erasure, Loaded, OutboxEntry, Remembered, Removed, Store};
use troupe_types::{ChatId, MessageId, Timestamp, UpdateKey, UpdateKind};

use crate::{BOT, PARTITION, PERSON, applied, connect, entry, server};

/// When the person is erased.
const AT: Timestamp = Timestamp::from_millis(1_000_000);

/// A message in the person's direct chat.
fn message(number: i32) -> UpdateKey {
    let chat = ChatId::new(PERSON.get());
    UpdateKey { bot: BOT, chat, message: MessageId::new(number), kind: UpdateKind::New }
}

async fn load(store: &Store) -> Loaded {
    store.load(PARTITION, &message(0), PERSON).await.unwrap()
}

fn commit(sequence: u64, loaded: &Loaded, outbox: Vec<OutboxEntry>) -> Commit {
    let update = message(i32::try_from(sequence).unwrap());
    Commit {
        partition: PARTITION,
        sequence,
        update,
        person: PERSON,
        erased: loaded.erased.map(|erased| erased.at),
        keep_for: None,
        writes: vec![
            (Document::Person(BOT, PERSON), Some(b"a name".to_vec())),
            (Document::Chat(BOT, update.chat), Some(b"a mood".to_vec())),
        ],
        outbox,
    }
}

fn erasure(before: u64, opted_out: Option<Timestamp>) -> Erasure {
    Erasure { partition: PARTITION, bot: BOT, person: PERSON, at: AT, before, opted_out }
}

#[tokio::test]
async fn a_person_is_erased_and_what_was_loaded_before_cannot_bring_them_back() {
    let redis = server().await;
    let store = connect(&redis).await;
    store.commit(&commit(1, &load(&store).await, vec![entry("a")])).await.unwrap();
    let in_flight = load(&store).await;
    let remembered = store.remembered(PARTITION, BOT, PERSON).await.unwrap();
    let expected = Remembered { person: Some(b"a name".to_vec()), chat: Some(b"a mood".to_vec()), seen: 1 };
    assert_eq!(remembered, expected);

    let other = store.erase(&erasure(2, None), Some(b"another name")).await.unwrap();
    assert_eq!(other, None, "the state is not the one that was read");
    let removed = store.erase(&erasure(2, None), remembered.person.as_deref()).await.unwrap();
    assert_eq!(removed, Some(Removed { person: 1, chat: 1, seen: 1 }));
    assert_eq!(store.remembered(PARTITION, BOT, PERSON).await.unwrap(), Remembered::default());
    assert_eq!(applied(&store).await, 1, "the partition's position stays");
    assert_eq!(store.position(PARTITION).await.unwrap().update, None, "it named the chat");

    assert_eq!(store.commit(&commit(2, &in_flight, Vec::new())).await.unwrap(), Committed::Erased);
    assert_eq!(store.remembered(PARTITION, BOT, PERSON).await.unwrap(), Remembered::default());
    let erased = load(&store).await.erased.unwrap();
    assert!(erased.covers(2, Timestamp::from_millis(2_000_000)), "it was there already");
    assert!(!erased.covers(3, Timestamp::from_millis(2_000_000)), "it is new");
    let anew = store.commit(&commit(3, &load(&store).await, Vec::new())).await.unwrap();
    assert!(matches!(anew, Committed::Done(_)), "who writes again begins anew: {anew:?}");
}

#[tokio::test]
async fn numbers_of_another_stream_or_of_before_a_loss_say_nothing_of_an_erasure() {
    let redis = server().await;
    let store = connect(&redis).await;
    store.adopt(PARTITION, Timestamp::from_millis(1)).await.unwrap();
    store.commit(&commit(5, &load(&store).await, Vec::new())).await.unwrap();
    store.erase(&erasure(9, None), Some(b"a name")).await.unwrap().unwrap();
    assert_eq!(load(&store).await.erased.unwrap().before, 9);
    assert!(store.set_back(PARTITION, 5, 2).await.unwrap());
    assert_eq!(load(&store).await.erased.unwrap().before, 0, "9 may be another update now");
    store.erase(&erasure(9, None), None).await.unwrap().unwrap();
    assert_eq!(load(&store).await.erased.unwrap().before, 9);
    assert!(store.adopt(PARTITION, Timestamp::from_millis(2)).await.unwrap());
    let erased = load(&store).await.erased.unwrap();
    assert_eq!((erased.before, erased.at), (0, AT));
}

#[tokio::test]
async fn an_opt_out_outlives_erasure_until_the_person_is_known_otherwise() {
    let redis = server().await;
    let store = connect(&redis).await;
    let opted_out = Some(Timestamp::from_millis(7));
    store.commit(&commit(1, &load(&store).await, Vec::new())).await.unwrap();
    store.erase(&erasure(1, opted_out), Some(b"a name")).await.unwrap().unwrap();
    assert_eq!(load(&store).await.erased.unwrap().opted_out, opted_out);
    store.erase(&erasure(2, None), None).await.unwrap().unwrap();
    assert_eq!(load(&store).await.erased.unwrap().opted_out, opted_out, "nothing new was known");
    store.commit(&commit(3, &load(&store).await, Vec::new())).await.unwrap();
    store.erase(&erasure(3, None), Some(b"a name")).await.unwrap().unwrap();
    assert_eq!(load(&store).await.erased.unwrap().opted_out, None, "the person had changed their mind");
}
