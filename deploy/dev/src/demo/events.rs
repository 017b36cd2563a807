//! Reads all events from the beginning, in their order, as the services publish them.

use async_nats::jetstream::{self, consumer::pull::OrderedConfig};
use futures::{Stream, StreamExt};
use troupe_protocol::{Event, Stream as Name};

use crate::{Error, error::Doing};

/// The events of the troupe at `url`, from the first on; goes on for as long as the broker is there.
///
/// # Errors
/// The broker does not answer, or no service has made the stream yet.
pub async fn events(url: &str) -> Result<impl Stream<Item = Event> + Unpin, Error> {
    let doing = || format!("read events from {url}");
    let client = async_nats::connect(url).await.doing(doing)?;
    let stream = jetstream::new(client).get_stream(Name::Events.name()).await.doing(doing)?;
    let consumer = stream.create_consumer(OrderedConfig::default()).await.doing(doing)?;
    let messages = consumer.messages().await.doing(doing)?;
    // A broker that was restarted is found again by the client; what comes meanwhile are complaints.
    let events = messages.filter_map(|message| {
        let event = message.ok().and_then(|message| serde_json::from_slice(&message.payload).ok());
        std::future::ready(event)
    });
    Ok(Box::pin(events))
}
