use std::time::Duration;

use futures::StreamExt;
use troupe_dev::demo::{
    Board,
    control::{Control, Created, NewAccount, To},
    events::events,
    ledger::Bot,
};
use troupe_dev::servers::{Nats, Options, free_port};
use troupe_telegram::{Config, Emulator};
use troupe_types::BotId;

/// An account at the emulator.
async fn account(control: &Control, first_name: &str, username: &str, bot: bool) -> Created {
    let new = NewAccount { first_name, username, password: None, bot };
    control.create_account(&new).await.expect("an account")
}

#[tokio::test]
async fn people_speak_through_the_control_api_and_the_board_hears_them() {
    let emulator = Emulator::start(Config::default()).await.unwrap();
    let control = Control::new(&emulator.control_url());
    let mila = account(&control, "Mila", "mila_lind", false).await;
    let boris = account(&control, "Boris", "harbour_boris_bot", true).await;
    assert!(mila.phone.is_some() && boris.bot_token.is_some());
    let group = control.create_group("Harbour", &[mila.id, boris.id]).await.unwrap();
    let bot = Bot { id: BotId::new(7), account: boris.id };
    let board = Board::new([bot]);
    let talk = async {
        let there = control.say(mila.id, To::Group(group), "hello", None).await.unwrap();
        let here = control.say(mila.id, To::User(boris.id), "", Some(20_000)).await.unwrap();
        assert_eq!(there.key(bot).unwrap().to_string(), format!("7/{group}/{}/new", there.id.unwrap()));
        assert_eq!(here.key(bot).unwrap().to_string(), format!("7/{}/{}/new", mila.id, here.ids[&boris.id]));
        assert!(
            board.until(Duration::from_secs(30), |known| known.ledger == [there.clone(), here.clone()]).await
        );
        assert!(!board.until(Duration::ZERO, |known| known.ledger.len() > 2).await);
    };
    tokio::select! {
        () = talk => {}
        error = board.follow(&control, futures::stream::pending()) => panic!("{error}"),
    }
}

#[tokio::test]
async fn refusals_of_an_api_are_told_with_what_was_asked() {
    let emulator = Emulator::start(Config::default()).await.unwrap();
    let control = Control::new(&emulator.control_url());
    let mila = account(&control, "Mila", "mila_lind", false).await;
    let error = control.code(mila.id).await.unwrap_err().to_string();
    let asked = format!("cannot GET {}/accounts/{}/code: 404", emulator.control_url(), mila.id);
    assert!(error.starts_with(&asked) && error.contains("no login code"), "{error}");
    let nobody = Control::new(&format!("http://127.0.0.1:{}", free_port()));
    assert!(nobody.ledger(0, 0).await.unwrap_err().to_string().starts_with("cannot GET"));
}

#[tokio::test]
async fn events_of_a_broker_without_troupe_are_told_to_be_absent() {
    let nats = Nats::start(&Options::default()).await.unwrap();
    let error = events(&nats.url()).await.map(StreamExt::boxed).err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot read events from {}", nats.url())), "{error}");
}
