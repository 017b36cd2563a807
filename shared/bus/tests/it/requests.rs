use std::time::Duration;

use troupe_bus::RequestError;
use troupe_protocol::Subject;
use troupe_types::Partition;

use crate::{PATIENCE, connect, server, soon, trace};

const SUBJECT: Subject = Subject::Login(Partition::new(1));

#[tokio::test]
async fn a_request_is_answered_by_who_serves_its_subject() {
    let nats = server().await;
    let (asking, serving) = (connect(&nats).await, connect(&nats).await);
    let mut requests = serving.serve(SUBJECT).await.unwrap();
    let server = tokio::spawn(async move {
        let request = soon(requests.next()).await.unwrap();
        assert_eq!(request.trace, trace());
        assert!(request.decode::<u32>().unwrap_err().contains("column"));
        let question: String = request.decode().unwrap();
        request.respond(&question.len()).await.unwrap();
    });
    let answer: usize = asking.request(SUBJECT, "four", &trace(), PATIENCE).await.unwrap();
    assert_eq!(answer, 4);
    server.await.unwrap();
}

#[tokio::test]
async fn nobody_and_nothing_in_time_are_told_apart() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let trace = trace();
    let ask = || bus.request::<_, u32>(SUBJECT, "", &trace, Duration::from_millis(50));
    assert!(matches!(ask().await, Err(RequestError::NoResponder { .. })));
    let requests = bus.serve(SUBJECT).await.unwrap();
    assert!(matches!(ask().await, Err(RequestError::Timeout { .. })));
    drop(requests);
}
