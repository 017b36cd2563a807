use troupe_responder::Faults;

use crate::world::{World, soon};

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_are_waited_for() {
    let mut world = World::with_bots(2).await;
    let chats = [(1, 11), (2, 11)];
    let responder = world.responder(Faults::default());
    // It is connected when it has answered: an absent server at start is an error, and not what is meant here.
    world.say(1, 10, 1).await;
    world.settled().await;
    for round in 0..4 {
        for message in round * 5 + 1..=round * 5 + 5 {
            for (bot, person) in chats {
                world.say(bot, person, message).await;
            }
        }
        // In the middle of the work, or at its end: both must do.
        if round % 2 == 0 {
            world.nats.kill();
            world.nats.restart().await.unwrap();
        } else {
            world.redis.kill();
            world.redis.restart().await.unwrap();
        }
    }
    world.check(&chats, 20).await;
    responder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_lost_everything_is_filled_again_from_the_stream() {
    let world = World::with_bots(1).await;
    for message in 1..=5 {
        world.say(1, 11, message).await;
    }
    let responder = world.responder(Faults::default());
    world.check(&[(1, 11)], 5).await;
    responder.stop().await;
    flush(&world).await;
    let responder = world.responder(Faults::default());
    world.say(1, 11, 6).await;
    // It knows what was said before it forgot, and the broker recognised what was published again.
    world.check(&[(1, 11)], 6).await;
    responder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_set_up_again_is_not_taken_for_the_old_one() {
    let mut world = World::with_bots(1).await;
    for message in 1..=5 {
        world.say(1, 11, message).await;
    }
    let responder = world.responder(Faults::default());
    world.check(&[(1, 11)], 5).await;
    responder.stop().await;
    world.new_broker(1).await;
    // These have numbers that were applied before, in another stream. Message 5 comes again, as after a crash.
    for message in 5..=8 {
        world.say(1, 11, message).await;
    }
    let responder = world.responder(Faults::default());
    world.settled().await;
    let expected: Vec<(i32, String)> = (6..=8).map(|number| (number, format!("question {number}"))).collect();
    assert_eq!(world.said().await[&(1, 11)], expected);
    responder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_lost_its_newest_updates_gets_them_again() {
    lose_the_newest(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_loses_its_newest_updates_under_a_responder_gets_them_again() {
    lose_the_newest(true).await;
}

async fn lose_the_newest(under_a_responder: bool) {
    let mut world = World::with_bots(1).await;
    for message in 1..=3 {
        world.say(1, 11, message).await;
    }
    let responder = world.responder(Faults::default());
    world.check(&[(1, 11)], 3).await;
    responder.stop().await;
    // What a power cut does: the broker comes back with an older copy of its files.
    world.nats.stop().await;
    let copy = tempfile::tempdir().unwrap();
    copy_folder(world.nats.data(), copy.path());
    world.nats.restart().await.unwrap();
    for message in 4..=6 {
        world.say(1, 11, message).await;
    }
    let mut running = Some(world.responder(Faults::default()));
    world.check(&[(1, 11)], 6).await;
    if !under_a_responder && let Some(responder) = running.take() {
        responder.stop().await;
    }
    world.nats.kill();
    std::fs::remove_dir_all(world.nats.data()).unwrap();
    copy_folder(copy.path(), world.nats.data());
    world.nats.restart().await.unwrap();
    // Messages 5 and 6 come again from Telegram, with numbers that were applied before; so does 7, which is new.
    for message in 5..=7 {
        world.say(1, 11, message).await;
    }
    let responder = running.unwrap_or_else(|| world.responder(Faults::default()));
    world.settled().await;
    let said = world.said().await;
    assert_eq!(said[&(1, 11)].last().unwrap(), &(7, "question 7".to_owned()));
    responder.stop().await;
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn flush(world: &World) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(world.redis.addr()).await.unwrap();
    stream.write_all(b"FLUSHALL\r\nQUIT\r\n").await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("+OK"), "{answer}");
}
