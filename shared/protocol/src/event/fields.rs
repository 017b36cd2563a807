//! Events and sources as they are read: the fields of all kinds beside each other, and then those of the kind that it is.
//!
//! What serde makes by itself of tagged enums keeps every field as a value of any type until it knows the kind, which takes
//! nearly three times as long. Stats reads every event that there is.

use serde::Deserialize;
use troupe_types::{ActionKey, BotId, ChatId, MediaKind, MessageId, Timestamp, UpdateKey, UserId};

use super::{Event, EventBody, Source};
use crate::SessionState;

/// A field that a kind has to have and that is not there.
#[derive(Debug, thiserror::Error)]
#[error("missing field `{0}`")]
pub(super) struct Missing(&'static str);

/// A field that has to be there.
macro_rules! need {
    ($fields:ident.$field:ident) => {
        $fields.$field.ok_or(Missing(stringify!($field)))?
    };
}

/// An event.
#[derive(Deserialize)]
pub(super) struct Fields {
    id: String,
    bot: BotId,
    chat: Option<ChatId>,
    person: Option<UserId>,
    update: Option<UpdateKey>,
    time: Timestamp,
    #[serde(rename = "type")]
    kind: Kind,
    message: Option<MessageId>,
    action: Option<ActionKey>,
    media: Option<MediaKind>,
    #[serde(default)]
    own_bot: bool,
    text: Option<String>,
    source: Option<Source>,
    decide_us: Option<u64>,
    reply_ms: Option<u64>,
    reason: Option<String>,
    scenario: Option<String>,
    version: Option<u32>,
    step: Option<String>,
    valid: Option<bool>,
    number: Option<u32>,
    goal: Option<Goal>,
    variable: Option<String>,
    bytes: Option<u64>,
    seconds: Option<u32>,
    method: Option<String>,
    name: Option<String>,
    outcome: Option<String>,
    tries: Option<u32>,
    state: Option<SessionState>,
    operator: Option<String>,
    act: Option<String>,
    object: Option<String>,
    content: Option<String>,
}

/// The kinds of [`EventBody`].
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    MessageReceived,
    MessageEdited,
    MessageDeleted,
    Replied,
    Silent,
    PersonFirstSeen,
    OptedOut,
    ScenarioAssigned,
    ScenarioStarted,
    StepReached,
    StepAnswered,
    StepReminded,
    StepExpired,
    ScenarioEnded,
    HandedOver,
    HandedBack,
    VariableChanged,
    GoalReached,
    MessageSent,
    DeliveryFailed,
    BotBlocked,
    FileStored,
    FloodWait,
    WebhookCalled,
    Session,
    OperatorActed,
    ShadowDecided,
}

/// Whether the end of a scenario is the goal, or the goal that was reached.
#[derive(Deserialize)]
#[serde(untagged)]
enum Goal {
    Is(bool),
    Named(String),
}

impl TryFrom<Fields> for Event {
    type Error = Missing;

    fn try_from(fields: Fields) -> Result<Self, Missing> {
        let Fields { media, own_bot, text, version, .. } = fields;
        let body = match fields.kind {
            Kind::MessageReceived => {
                EventBody::MessageReceived { message: need!(fields.message), media, own_bot, text }
            }
            Kind::MessageEdited => EventBody::MessageEdited { message: need!(fields.message) },
            Kind::MessageDeleted => EventBody::MessageDeleted { message: need!(fields.message) },
            Kind::Replied => {
                EventBody::Replied { source: need!(fields.source), decide_us: need!(fields.decide_us) }
            }
            Kind::Silent => {
                EventBody::Silent { reason: need!(fields.reason), decide_us: need!(fields.decide_us) }
            }
            Kind::PersonFirstSeen => EventBody::PersonFirstSeen,
            Kind::OptedOut => EventBody::OptedOut,
            Kind::ScenarioAssigned => EventBody::ScenarioAssigned {
                scenario: need!(fields.scenario),
                version: need!(fields.version),
            },
            Kind::ScenarioStarted => EventBody::ScenarioStarted {
                scenario: need!(fields.scenario),
                version: need!(fields.version),
            },
            Kind::StepReached => EventBody::StepReached {
                scenario: need!(fields.scenario),
                version: need!(fields.version),
                step: need!(fields.step),
            },
            Kind::StepAnswered => EventBody::StepAnswered {
                scenario: need!(fields.scenario),
                version: need!(fields.version),
                step: need!(fields.step),
                valid: need!(fields.valid),
            },
            Kind::StepReminded => EventBody::StepReminded {
                scenario: need!(fields.scenario),
                version: need!(fields.version),
                step: need!(fields.step),
                number: need!(fields.number),
            },
            Kind::StepExpired => EventBody::StepExpired {
                scenario: need!(fields.scenario),
                version: need!(fields.version),
                step: need!(fields.step),
            },
            Kind::ScenarioEnded => EventBody::ScenarioEnded {
                scenario: need!(fields.scenario),
                version: need!(fields.version),
                step: need!(fields.step),
                goal: match fields.goal {
                    Some(Goal::Is(goal)) => goal,
                    _ => return Err(Missing("goal")),
                },
            },
            Kind::HandedOver => EventBody::HandedOver,
            Kind::HandedBack => EventBody::HandedBack { reason: need!(fields.reason) },
            Kind::VariableChanged => EventBody::VariableChanged { variable: need!(fields.variable) },
            Kind::GoalReached => EventBody::GoalReached {
                goal: match fields.goal {
                    Some(Goal::Named(goal)) => goal,
                    _ => return Err(Missing("goal")),
                },
            },
            Kind::MessageSent => EventBody::MessageSent {
                message: need!(fields.message),
                action: need!(fields.action),
                source: need!(fields.source),
                reply_ms: need!(fields.reply_ms),
                media,
            },
            Kind::DeliveryFailed => {
                EventBody::DeliveryFailed { action: need!(fields.action), reason: need!(fields.reason) }
            }
            Kind::BotBlocked => EventBody::BotBlocked,
            Kind::FileStored => {
                EventBody::FileStored { action: need!(fields.action), bytes: need!(fields.bytes) }
            }
            Kind::FloodWait => {
                EventBody::FloodWait { seconds: need!(fields.seconds), method: need!(fields.method) }
            }
            Kind::WebhookCalled => EventBody::WebhookCalled {
                name: need!(fields.name),
                outcome: need!(fields.outcome),
                tries: need!(fields.tries),
            },
            Kind::Session => EventBody::Session { state: need!(fields.state) },
            Kind::OperatorActed => EventBody::OperatorActed {
                operator: fields.operator.unwrap_or_default(),
                act: need!(fields.act),
                object: need!(fields.object),
                version,
            },
            Kind::ShadowDecided => EventBody::ShadowDecided {
                content: need!(fields.content),
                version,
                source: fields.source,
                reason: fields.reason.unwrap_or_default(),
            },
        };
        let Fields { id, bot, chat, person, update, time, .. } = fields;
        Ok(Self { id, bot, chat, person, update, time, body })
    }
}

/// A source.
#[derive(Deserialize)]
pub(super) struct SourceFields {
    by: By,
    group: Option<String>,
    scenario: Option<String>,
    version: Option<u32>,
    step: Option<String>,
    library: Option<String>,
    entry: Option<String>,
    variation: Option<u16>,
}

/// The kinds of [`Source`].
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Guard,
    TriggerGroup,
    FailMessage,
    Step,
    Entry,
    Fallback,
}

impl TryFrom<SourceFields> for Source {
    type Error = Missing;

    fn try_from(fields: SourceFields) -> Result<Self, Missing> {
        let version = fields.version;
        Ok(match fields.by {
            By::Guard => Self::Guard,
            By::TriggerGroup => Self::TriggerGroup { group: need!(fields.group), version },
            By::FailMessage => Self::FailMessage { group: need!(fields.group), version },
            By::Step => Self::Step {
                scenario: need!(fields.scenario),
                version: need!(fields.version),
                step: need!(fields.step),
            },
            By::Entry => Self::Entry {
                library: need!(fields.library),
                entry: need!(fields.entry),
                variation: need!(fields.variation),
                version,
            },
            By::Fallback => {
                Self::Fallback { library: need!(fields.library), variation: need!(fields.variation), version }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Why an event with these fields beside those that all have cannot be read.
    fn refused(fields: Value) -> String {
        let mut event = json!({"id": "x", "bot": 7, "time": 1});
        let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) else { panic!("no fields") };
        event.extend(fields);
        serde_json::from_value::<Event>(Value::Object(event.clone())).unwrap_err().to_string()
    }

    #[test]
    fn what_is_missing_is_named() {
        let cases = [
            (json!({"type": "message_received"}), "missing field `message`"),
            (
                json!({"type": "scenario_ended", "scenario": "a", "version": 1, "step": "b"}),
                "missing field `goal`",
            ),
            (json!({"type": "goal_reached", "goal": true}), "missing field `goal`"),
            (
                json!({"type": "replied", "decide_us": 1, "source": {"by": "entry"}}),
                "missing field `library`",
            ),
            (json!({"type": "replied", "decide_us": 1}), "missing field `source`"),
            (json!({}), "missing field `type`"),
        ];
        for (fields, expected) in cases {
            assert_eq!(refused(fields.clone()), expected, "{fields}");
        }
        assert!(refused(json!({"type": "danced"})).starts_with("unknown variant `danced`"));
    }

    #[test]
    fn what_a_kind_does_not_have_is_passed_over() {
        let event =
            json!({"id": "x", "bot": 7, "time": 1, "type": "opted_out", "step": "a", "new": {"in": [1]}});
        let event: Event = serde_json::from_value(event).unwrap();
        assert_eq!(event.body, EventBody::OptedOut);
    }
}
