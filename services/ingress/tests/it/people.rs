//! What ingress has of a person is told, and forgotten.

use std::time::Duration;

use troupe_protocol::{
    Acquaintance, ActionBody, EventBody, PersonReply, PersonRequest, Stream, Subject, TraceContext,
};
use troupe_types::UserId;

use crate::world::{Scene, World};

async fn ask(world: &World, person: i64, forget: Option<u64>) -> PersonReply {
    try_to_ask(world, person, forget).await.expect("ingress answers")
}

async fn try_to_ask(world: &World, person: i64, forget: Option<u64>) -> Option<PersonReply> {
    let request = PersonRequest { person: UserId::new(person), bot: None, forget };
    let (trace, patience) = (TraceContext::default(), Duration::from_secs(20));
    let asked = world.bus.request_all(Subject::People, &request, &trace, 1, patience).await;
    asked.ok()?.pop()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_is_called_off_and_files_and_acquaintance_are_forgotten() {
    let Scene { world, ingress, clara, anna, group, bot, mut updates, mut events } = Scene::new().await;
    let boris = world.person("boris");
    for (chat, person) in [(clara.id, anna.id), (group.get(), anna.id), (clara.id, boris.id)] {
        world.emulator.send_photo(person, chat, "my passport", 70_000).unwrap();
        let update = updates.next().await;
        world.act(&update, 0, ActionBody::StoreFile { message: update.key.message }).await;
        events.find(|body| matches!(body, EventBody::FileStored { .. })).await;
    }
    world.emulator.send(anna.id, clara.id, "remind me").unwrap();
    let update = updates.next().await;
    for number in 0..2 {
        let later = ActionBody::Reply { text: format!("later {number}"), media: None, reply_to: None };
        world.act_in(update.chat.id, Duration::from_mins(5), &update, number, later).await;
    }
    // One of them is in hand, waiting for its time, and the other one behind it.
    let told = loop {
        let told = ask(&world, anna.id, None).await;
        if told.actions == 2 {
            break told;
        }
    };
    assert_eq!((told.instance.as_str(), told.partitions.contains(&world.partition(bot))), ("a", true));
    assert_eq!(
        told.acquaintances,
        [Acquaintance { bot, name: "anna".into(), username: anna.username.clone() }]
    );
    assert_eq!((told.files.len(), told.failed.len()), (2, 0), "{told:?}");

    let before = world.bus.last_sequence(Stream::Actions).await.unwrap();
    let forgotten = ask(&world, anna.id, Some(before + 1)).await;
    assert_eq!(
        (forgotten.actions, &forgotten.files, &forgotten.acquaintances),
        (2, &told.files, &told.acquaintances)
    );
    let left = ask(&world, anna.id, None).await;
    assert_eq!((left.actions, left.files.len(), left.acquaintances.len()), (0, 0, 0), "{left:?}");
    assert_eq!(ask(&world, boris.id, None).await.files.len(), 1);
    // One that the broker had handed out is left undone when it comes; what is decided later is not.
    world.act(&update, 2, ActionBody::Reply { text: "too late".into(), media: None, reply_to: None }).await;
    world.emulator.send(anna.id, clara.id, "me again").unwrap();
    let anew = updates.next().await;
    assert_eq!(anew.sender.first_name, "anna");
    world.reply(&anew, "welcome").await;
    events.sent().await;
    assert_eq!(world.said(clara.id).await, ["welcome"]);

    // What is stored is forgotten, too: who takes over knows only whom the bot has met since.
    ask(&world, anna.id, Some(0)).await;
    ingress.stop().await;
    let ingress = world.ingress("b").await;
    let told = loop {
        let told = try_to_ask(&world, anna.id, None).await;
        if let Some(told) = told.filter(|told| told.partitions.contains(&world.partition(bot))) {
            break told;
        }
    };
    assert_eq!((told.instance.as_str(), told.acquaintances.len()), ("b", 0));
    assert_eq!(ask(&world, boris.id, None).await.acquaintances.len(), 1);
    ingress.stop().await;
}
