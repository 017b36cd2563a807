use serde_json::json;

use crate::world::World;

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

fn library(answers: &str) -> String {
    format!("entries:\n  - {{id: map, phrases: [map], answers: {answers}}}\n")
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_put() {
    let world = World::new().await;
    world.get("/v1/media/map").await.refused(404);
    let large: Vec<u8> =
        PICTURE.iter().copied().chain((0..3_000_000_u32).flat_map(u32::to_le_bytes)).take(9 << 20).collect();
    let put = world.put_bytes("/v1/media/map?file_name=Our%20map.png", &large).await.ok();
    assert_eq!(put["file_name"], "Our map.png");
    assert_eq!((&put["mime"], &put["bytes"]), (&json!("image/png"), &json!(large.len())));
    assert_eq!(world.bytes("/v1/media/map").await, large);
    world.put_bytes("/v1/media/map", PICTURE).await.ok();
    assert_eq!(world.bytes("/v1/media/map").await, PICTURE);
    let list = world.get("/v1/media").await.ok();
    assert_eq!((list["media"].as_array().unwrap().len(), &list["media"][0]["file_name"]), (1, &json!("map")));
}

#[tokio::test]
async fn a_file_that_cannot_be_sent_is_refused() {
    let world = World::new().await;
    let too_large = vec![1; (10 << 20) + 1];
    let (_, message) = world.put_bytes("/v1/media/map", &too_large).await.refused(400);
    assert_eq!(message, "a file has at most 10 MB");
    world.put_bytes("/v1/media/map", &[]).await.refused(400);
    world.put_bytes("/v1/media/Map.png", PICTURE).await.refused(400);
    world.put_bytes("/v1/media/map?file_name=..%2Fmap", PICTURE).await.refused(400);
    assert_eq!(world.get("/v1/media").await.ok()["media"], json!([]));
}

#[tokio::test]
async fn an_answer_that_shows_a_file_that_there_is_not_is_refused_with_its_place() {
    let world = World::new().await;
    let photo = library("{photo: map, text: Here.}");
    let refused = world.put_text("/v1/libraries/support", &photo).await;
    assert_eq!(refused.status, 422);
    let place = json!({"line": 2, "column": 48, "field": "/entries/0/answers/photo",
        "reason": "there is no file \"map\": put it first, as media"});
    assert_eq!(refused.body["faults"], json!([place]));
    world.put_bytes("/v1/media/map", b"some words").await.ok();
    let refused = world.put_text("/v1/libraries/support", &photo).await;
    assert!(
        refused.body["faults"][0]["reason"].as_str().unwrap().contains("send it as a document"),
        "{refused:?}"
    );
    world.put_text("/v1/libraries/support", &library("{document: map}")).await.ok();
    world.put_bytes("/v1/media/map", PICTURE).await.ok();
    world.put_text("/v1/libraries/support", &photo).await.ok();
}
