use troupe_protocol::{Bucket, Desired, LoginReply, LoginStep, Refusal, Secret, SessionState};
use troupe_telegram::NewAccount;
use troupe_types::BotId;

use crate::world::World;

fn refusal(reply: LoginReply) -> Refusal {
    match reply {
        LoginReply::Refused { refusal, message } => {
            assert!(!message.is_empty(), "a refusal says what to do");
            refusal
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_and_a_wrong_password_may_be_given_again() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let account = world
        .emulator
        .create_account(NewAccount {
            first_name: "Clara".into(),
            password: Some("correct horse".into()),
            password_hint: Some("a horse".into()),
            ..NewAccount::default()
        })
        .unwrap();
    let bot = BotId::new(1);
    let phone = Secret::new(account.phone.clone().unwrap());
    assert_eq!(world.login(bot, LoginStep::SendCode { phone }).await, LoginReply::CodeSent);
    let wrong = LoginStep::Code { code: Secret::new("0") };
    assert_eq!(refusal(world.login(bot, wrong).await), Refusal::Code);
    let code = Secret::new(world.emulator.code(account.id).unwrap());
    let reply = world.login(bot, LoginStep::Code { code }).await;
    assert_eq!(reply, LoginReply::PasswordNeeded { hint: Some("a horse".into()) });
    let wrong = LoginStep::Password { password: Secret::new("wrong horse") };
    assert_eq!(refusal(world.login(bot, wrong).await), Refusal::Password);
    let right = LoginStep::Password { password: Secret::new("correct horse") };
    match world.login(bot, right).await {
        LoginReply::SignedIn { identity } => assert_eq!(identity.user.get(), account.id),
        other => panic!("{other:?}"),
    }
    // What is stored is sealed.
    let secret: serde_json::Value = world
        .bus
        .bucket(Bucket::Sessions)
        .get("1.secret")
        .await
        .unwrap()
        .expect("the session is stored")
        .value;
    assert_eq!(secret["key"], "test");
    assert!(secret["data"].is_string());
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_stores_nothing() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let bot = BotId::new(1);
    let cases = [
        (LoginStep::SendCode { phone: Secret::new("not a phone") }, Refusal::Phone),
        (LoginStep::Token { token: Secret::new("1:wrong") }, Refusal::Token),
        (LoginStep::Code { code: Secret::new("12345") }, Refusal::NotExpected),
        (LoginStep::Password { password: Secret::new("x") }, Refusal::NotExpected),
    ];
    for (step, expected) in cases {
        assert_eq!(refusal(world.login(bot, step).await), expected);
    }
    assert_eq!(world.bus.bucket(Bucket::Sessions).keys("").await.unwrap(), Vec::<String>::new());
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_account_signs_in_by_its_token_and_a_deleted_one_is_forgotten() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let account = world
        .emulator
        .create_account(NewAccount { first_name: "Robot".into(), bot: true, ..NewAccount::default() })
        .unwrap();
    let bot = BotId::new(5);
    let token = Secret::new(account.bot_token.clone().unwrap());
    assert!(matches!(world.login(bot, LoginStep::Token { token }).await, LoginReply::SignedIn { .. }));
    world.record(bot, Desired::Running).await;
    world.events(bot).await.session(SessionState::Online).await;
    let bots = world.bus.bucket(Bucket::Bots);
    bots.delete("bot.5").await.unwrap();
    let sessions = world.bus.bucket(Bucket::Sessions);
    let forgotten = async {
        while !sessions.keys("").await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, forgotten).await.expect("the session is forgotten");
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_deleted_while_no_ingress_runs_is_forgotten_later() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let clara = world.person("clara");
    let bot = world.register(1, &clara).await;
    world.events(bot).await.session(SessionState::Online).await;
    ingress.stop().await;
    let bots = world.bus.bucket(Bucket::Bots);
    bots.put("deleted.1", &bot).await.unwrap();
    bots.delete("bot.1").await.unwrap();
    let sessions = world.bus.bucket(Bucket::Sessions);
    assert!(!sessions.keys("").await.unwrap().is_empty());
    let ingress = world.ingress("b").await;
    let forgotten = async {
        while !sessions.keys("").await.unwrap().is_empty()
            || bots.get::<BotId>("deleted.1").await.unwrap().is_some()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, forgotten).await.expect("the session is forgotten");
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_another_bot_is_refused_before_its_session_is_stored() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let clara = world.person("clara");
    let first = world.register(1, &clara).await;
    world.events(first).await.session(SessionState::Online).await;
    let bots = world.bus.bucket(Bucket::Bots);
    bots.put(&format!("account.{}", clara.id), &first).await.unwrap();
    let second = BotId::new(2);
    let phone = Secret::new(clara.phone.clone().unwrap());
    assert_eq!(world.login(second, LoginStep::SendCode { phone }).await, LoginReply::CodeSent);
    let code = Secret::new(world.emulator.code(clara.id).unwrap());
    assert_eq!(refusal(world.login(second, LoginStep::Code { code }).await), Refusal::AlreadyRegistered);
    let sessions = world.bus.bucket(Bucket::Sessions).keys("").await.unwrap();
    assert!(sessions.iter().all(|key| key.starts_with("1.")), "{sessions:?}");
    ingress.stop().await;
}
