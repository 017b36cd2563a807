//! Keys and signing in.

use grammers_client::SignInError;
use troupe_telegram::{NewAccount, Settings};

use crate::client::{
    address_of, believed_address, connect, emulator, emulator_with, exchange_key, person, refusal, signed_in,
    stranger,
};

#[tokio::test]
async fn a_key_registered_beforehand_is_signed_in_and_the_address_stays() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let client = signed_in(&emulator, anna.id).await;
    assert_eq!(client.client.get_me().await.unwrap().id().bare_id(), Some(anna.id));
    assert!(client.client.is_authorized().await.unwrap());
    assert_eq!(believed_address(&client), address_of(&emulator));
}

#[tokio::test]
async fn a_person_signs_in_by_code_over_a_key_of_a_real_exchange() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let phone = anna.phone.unwrap();
    let client = stranger(&emulator).await;
    assert!(!client.client.is_authorized().await.unwrap());
    assert!(emulator.code(anna.id).is_err());

    let token = client.client.request_login_code(&phone, "hash").await.unwrap();
    let code = emulator.code(anna.id).unwrap();
    let wrong = if code == "00000" { "00001" } else { "00000" };
    assert!(matches!(client.client.sign_in(&token, wrong).await, Err(SignInError::InvalidCode)));
    let user = client.client.sign_in(&token, &code).await.unwrap();
    assert_eq!(user.id().bare_id(), Some(anna.id));
    assert!(client.client.is_authorized().await.unwrap());
    assert!(emulator.code(anna.id).is_err(), "the code is spent");

    client.client.sign_out().await.unwrap();
    assert!(!client.client.is_authorized().await.unwrap());
}

#[tokio::test]
async fn a_password_is_asked_for_and_checked() {
    let emulator = emulator().await;
    let new = NewAccount {
        first_name: "Boris".into(),
        password: Some("correct horse".into()),
        password_hint: Some("an animal".into()),
        ..NewAccount::default()
    };
    let boris = emulator.create_account(new).unwrap();
    let client = stranger(&emulator).await;
    let token = client.client.request_login_code(&boris.phone.unwrap(), "hash").await.unwrap();
    let password = match client.client.sign_in(&token, &emulator.code(boris.id).unwrap()).await {
        Err(SignInError::PasswordRequired(password)) => password,
        other => panic!("expected a question for the password, got {other:?}"),
    };
    assert_eq!(password.hint(), Some("an animal"));
    assert!(!client.client.is_authorized().await.unwrap());
    let password = match client.client.check_password(password, "wrong horse").await {
        Err(SignInError::InvalidPassword(password)) => password,
        other => panic!("expected a refusal, got {other:?}"),
    };
    let user = client.client.check_password(password, "correct horse").await.unwrap();
    assert_eq!(user.id().bare_id(), Some(boris.id));
}

#[tokio::test]
async fn a_bot_signs_in_by_token() {
    let emulator = emulator().await;
    let new = NewAccount { first_name: "Robot".into(), bot: true, ..NewAccount::default() };
    let bot = emulator.create_account(new).unwrap();
    let client = stranger(&emulator).await;
    let wrong = refusal(client.client.bot_sign_in("1:wrong", "hash").await);
    assert_eq!(wrong, (400, "ACCESS_TOKEN_INVALID".into()));
    let user = client.client.bot_sign_in(&bot.bot_token.unwrap(), "hash").await.unwrap();
    assert!(user.is_bot());
    assert_eq!(user.id().bare_id(), Some(bot.id));
}

#[tokio::test]
async fn phones_that_are_none_or_nobodys_are_refused() {
    let emulator = emulator().await;
    let client = stranger(&emulator).await;
    for (phone, expected) in [("+12", "PHONE_NUMBER_INVALID"), ("+15550100", "PHONE_NUMBER_UNOCCUPIED")] {
        let got = client.client.request_login_code(phone, "hash").await.map(|_| ());
        assert_eq!(refusal(got), (400, expected.into()), "{phone}");
    }
}

#[tokio::test]
async fn a_code_expires() {
    let emulator = emulator_with(Settings { code_lifetime_ms: 0, ..Settings::default() }).await;
    let anna = person(&emulator, "Anna");
    let client = stranger(&emulator).await;
    let token = client.client.request_login_code(&anna.phone.unwrap(), "hash").await.unwrap();
    // grammers takes every PHONE_CODE_ error for a wrong code.
    let got = client.client.sign_in(&token, &emulator.code(anna.id).unwrap()).await;
    assert!(matches!(got, Err(SignInError::InvalidCode)));
    assert!(!client.client.is_authorized().await.unwrap());
}

#[tokio::test]
async fn a_key_that_the_server_does_not_know_is_refused() {
    let emulator = emulator().await;
    let client = connect(&emulator, [7; 256], "forger").await;
    let error = client.client.is_authorized().await.unwrap_err();
    // grammers tries to make a new key then, and does not know the emulator's RSA key.
    assert!(!matches!(error, grammers_client::InvocationError::Rpc(_)), "{error:?}");
}

#[tokio::test]
async fn two_exchanges_give_two_keys() {
    let emulator = emulator().await;
    assert_ne!(exchange_key(&emulator).await.unwrap(), exchange_key(&emulator).await.unwrap());
}
