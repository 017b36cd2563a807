//! Makes streams and consumers, and makes sure that they are what was asked for.
//!
//! A server silently drops the fields that it does not know, so what it says it made is compared with the order.

use std::{collections::BTreeSet, fmt::Debug};

use async_nats::jetstream::{
    Context, ErrorCode,
    consumer::{PullConsumer, pull},
    context::{CreateStreamErrorKind, UpdateStreamError},
    stream::{self, Stream},
};

use crate::error::{Cause, Error};

/// The fields that differ, each with what was asked and what there is.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    #[expect(clippy::needless_pass_by_value, reason = "callers compare fields, whether numbers or texts")]
    fn field<T: PartialEq + Debug>(&mut self, name: &str, asked: T, found: T) {
        if asked != found {
            self.0.push(format!("{name} is {found:?} instead of {asked:?}"));
        }
    }

    fn none_or(self, what: &str) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Mismatch { what: what.to_owned(), differences: self.0.join(", ") })
        }
    }
}

/// Whose settings a stream is asked for with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The one service whose settings say how streams are kept.
    Keeper,
    /// Any other: a stream that is there keeps its replicas and its retention, and only what is missing is added.
    Guest,
}

/// Makes a stream, or changes the one of that name as far as it is theirs to say, and returns it.
pub(crate) async fn stream(
    context: &Context,
    mut asked: stream::Config,
    whose: Whose,
    url: &str,
) -> Result<Stream, Error> {
    let what = format!("the stream {}", asked.name);
    let failed = |source: Cause| Error::Setup { what: what.clone(), source };
    let stream = match context.create_stream(asked.clone()).await {
        Ok(stream) => stream,
        Err(error) => match error.kind() {
            // It exists with other settings.
            CreateStreamErrorKind::JetStream(refusal)
                if refusal.error_code() == ErrorCode::STREAM_NAME_EXIST =>
            {
                let found = context.get_stream(&asked.name).await.map_err(|error| failed(error.into()))?;
                let existing = &found.cached_info().config;
                if whose == Whose::Guest {
                    keep(existing, &mut asked);
                }
                if differences(&asked, existing).0.is_empty() {
                    return Ok(found);
                }
                context
                    .update_stream(asked.clone())
                    .await
                    .map_err(|error: UpdateStreamError| failed(error.into()))?;
                tracing::info!(stream = asked.name, "changed the settings of a stream");
                context.get_stream(&asked.name).await.map_err(|error| failed(error.into()))?
            }
            CreateStreamErrorKind::JetStream(refusal)
                if [ErrorCode::JETSTREAM_NOT_ENABLED, ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT]
                    .contains(&refusal.error_code()) =>
            {
                return Err(Error::NoJetStream { url: url.to_owned() });
            }
            CreateStreamErrorKind::JetStreamUnavailable => {
                return Err(Error::NoJetStream { url: url.to_owned() });
            }
            _ => return Err(failed(error.into())),
        },
    };
    differences(&asked, &stream.cached_info().config).none_or(&what)?;
    Ok(stream)
}

/// Changes what a guest asks for to what there is, where that is the keeper's to say, and where a newer version of troupe
/// has added something.
fn keep(existing: &stream::Config, asked: &mut stream::Config) {
    let own = (asked.num_replicas, asked.max_age);
    asked.num_replicas = existing.num_replicas;
    asked.max_age = existing.max_age;
    asked.duplicate_window = existing.duplicate_window;
    if own != (asked.num_replicas, asked.max_age) {
        tracing::warn!(
            stream = asked.name,
            replicas = asked.num_replicas,
            retention_s = asked.max_age.as_secs(),
            "nats.replicas and nats.retention are set for the manager alone: the stream stays as it is"
        );
    }
    let added: Vec<_> =
        existing.subjects.iter().filter(|subject| !asked.subjects.contains(subject)).cloned().collect();
    asked.subjects.extend(added);
    asked.allow_rollup |= existing.allow_rollup;
    asked.allow_message_ttl |= existing.allow_message_ttl;
    asked.allow_message_schedules |= existing.allow_message_schedules;
}

fn differences(asked: &stream::Config, found: &stream::Config) -> Differences {
    let sorted = |subjects: &[String]| subjects.iter().cloned().collect::<BTreeSet<_>>();
    let mut differences = Differences::default();
    differences.field("subjects", sorted(&asked.subjects), sorted(&found.subjects));
    differences.field("retention", asked.retention, found.retention);
    differences.field("storage", asked.storage, found.storage);
    differences.field("max_age", asked.max_age, found.max_age);
    differences.field("duplicate_window", asked.duplicate_window, found.duplicate_window);
    differences.field("num_replicas", asked.num_replicas, found.num_replicas);
    differences.field(
        "max_msgs_per_subject",
        unlimited(asked.max_messages_per_subject),
        unlimited(found.max_messages_per_subject),
    );
    differences.field("discard", asked.discard, found.discard);
    differences.field("allow_rollup_hdrs", asked.allow_rollup, found.allow_rollup);
    differences.field("allow_msg_ttl", asked.allow_message_ttl, found.allow_message_ttl);
    differences.field("allow_msg_schedules", asked.allow_message_schedules, found.allow_message_schedules);
    differences.field(
        "subject_delete_marker_ttl",
        asked.subject_delete_marker_ttl.unwrap_or_default(),
        found.subject_delete_marker_ttl.unwrap_or_default(),
    );
    differences
}

/// The server writes no limit as -1 where it is asked for as 0.
fn unlimited(count: i64) -> i64 {
    count.max(0)
}

/// Makes a durable consumer, or changes the one of that name, and returns it. Where an existing one started from is
/// left alone: it cannot be changed.
pub(crate) async fn consumer(stream: &Stream, mut asked: pull::Config) -> Result<PullConsumer, Error> {
    let name = asked.durable_name.clone().unwrap_or_default();
    let what = format!("the consumer {name} of {}", stream.cached_info().config.name);
    let failed = |source: Cause| Error::Setup { what: what.clone(), source };
    let existing = match stream.consumer_info(&name).await {
        Ok(info) => Some(info),
        Err(error) if is_consumer_missing(&error) => None,
        Err(error) => return Err(failed(error.into())),
    };
    if let Some(existing) = existing {
        asked.deliver_policy = existing.config.deliver_policy;
    }
    let consumer = stream.create_consumer(asked.clone()).await.map_err(|error| failed(error.into()))?;
    let found = &consumer.cached_info().config;
    let mut differences = Differences::default();
    differences.field("filter_subject", &asked.filter_subject, &found.filter_subject);
    differences.field("filter_subjects", &asked.filter_subjects, &found.filter_subjects);
    differences.field("ack_policy", asked.ack_policy, found.ack_policy);
    differences.field("ack_wait", asked.ack_wait, found.ack_wait);
    differences.field("max_deliver", asked.max_deliver, found.max_deliver);
    differences.field("max_ack_pending", asked.max_ack_pending, found.max_ack_pending);
    differences.none_or(&what)?;
    Ok(consumer)
}

fn is_consumer_missing(error: &async_nats::jetstream::context::ConsumerInfoError) -> bool {
    use async_nats::jetstream::context::ConsumerInfoErrorKind as Kind;
    matches!(error.kind(), Kind::NotFound)
        || matches!(error.kind(), Kind::JetStream(refusal) if refusal.error_code() == ErrorCode::CONSUMER_NOT_FOUND)
}
