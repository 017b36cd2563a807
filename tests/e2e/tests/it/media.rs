//! A picture, from the content's folder to the person who asked.

use troupe_dev::stack::Options;

use crate::world::{World, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_a_photo_reaches_the_person_as_one() {
    let world = World::new(Options::default()).await;
    let (anna, felix) = (world.scene.bots["anna"].account, world.scene.people["felix"]);
    let asked = world.write(felix, anna, "where is the harbour?").await;
    let said = world.said_by(anna, asked, 1).await;
    let picture = include_bytes!("../../../../deploy/demo/content/media/chart.png");
    assert_eq!(said[0]["media"]["kind"], "photo", "{said:?}");
    assert_eq!(said[0]["media"]["bytes"], picture.len());
    let caption = said[0]["text"].as_str().expect("it has a caption");
    let begins =
        ["Here we are, Felix: ", "This is us, Felix: "].iter().any(|begin| caption.starts_with(begin));
    let ends = ["follow the red light.", "steer by the red light."].iter().any(|end| caption.ends_with(end));
    assert!(begins && ends, "{caption}");
    let sent = "SELECT media FROM events WHERE kind = 'message_sent'";
    let row = wait_for(async || world.rows(sent).await.into_iter().next()).await;
    assert_eq!(row["media"], "photo");
}
