//! An event as a row of the table `events_told`.

use troupe_bus::Stored;
use troupe_protocol::{Event, EventBody, SessionState, Source};
use troupe_types::{MediaKind, Timestamp};

use crate::{config::TextsConfig, packed};

packed::row! {
    /// A row; its fields are the columns, which `deploy/clickhouse` explains. What an event does not have is empty.
    ///
    /// ClickHouse takes a `DateTime64(3)` as milliseconds since the epoch.
    #[derive(Debug, Clone, Default, PartialEq)]
    #[cfg_attr(test, derive(serde::Serialize))]
    pub(crate) struct EventRow {
        pub(crate) id: String,
        pub(crate) kind: &'static str,
        pub(crate) time: i64,
        pub(crate) bot: u64,
        pub(crate) chat: Option<i64>,
        pub(crate) chat_kind: &'static str,
        pub(crate) person: Option<i64>,
        pub(crate) update: String,
        pub(crate) action: String,
        pub(crate) message: Option<i32>,
        pub(crate) media: &'static str,
        pub(crate) own_bot: bool,
        pub(crate) text: String,
        /// In seconds since the epoch.
        pub(crate) text_until: u32,
        pub(crate) source: &'static str,
        pub(crate) source_name: String,
        pub(crate) source_entry: String,
        pub(crate) source_variation: Option<u16>,
        pub(crate) source_version: Option<u32>,
        pub(crate) reason: String,
        pub(crate) scenario: String,
        pub(crate) scenario_version: Option<u32>,
        pub(crate) step: String,
        pub(crate) valid: Option<bool>,
        pub(crate) goal: Option<bool>,
        pub(crate) goal_name: String,
        pub(crate) reminder: Option<u16>,
        pub(crate) variable: String,
        pub(crate) decide_us: Option<u64>,
        pub(crate) reply_ms: Option<u64>,
        pub(crate) bytes: Option<u64>,
        pub(crate) wait_s: Option<u32>,
        pub(crate) method: String,
        pub(crate) session: &'static str,
        pub(crate) operator: String,
        pub(crate) act: String,
        pub(crate) act_on: String,
        pub(crate) act_version: Option<u32>,
        pub(crate) trace_id: String,
        pub(crate) partition: u16,
        pub(crate) seq: u64,
        pub(crate) stream: i64,
        pub(crate) written: i64,
    }
}

impl EventRow {
    /// The row of an event that was read from the stream created at `stream`, with its text if texts are kept. Its batch
    /// has still to set `written`.
    pub(crate) fn new(stored: Stored<Event>, stream: Timestamp, texts: TextsConfig) -> Self {
        let Stored { payload: event, sequence, partition, trace, pending: _ } = stored;
        let chat_kind = event.chat.map_or("", |chat| match chat.kind() {
            troupe_types::ChatKind::Direct => "direct",
            troupe_types::ChatKind::Group => "group",
        });
        let mut row = Self {
            id: event.id,
            time: event.time.as_millis(),
            bot: event.bot.get(),
            chat: event.chat.map(troupe_types::ChatId::get),
            chat_kind,
            person: event.person.map(troupe_types::UserId::get),
            update: event.update.map(|key| key.to_string()).unwrap_or_default(),
            trace_id: trace.trace_id().unwrap_or_default().to_owned(),
            partition: partition.number(),
            seq: sequence,
            stream: stream.as_millis(),
            ..Self::default()
        };
        row.tell(event.body);
        row.say_once();
        if texts.keep_for.is_zero() {
            row.text.clear();
        } else if !row.text.is_empty() {
            row.text_until = u32::try_from((event.time + texts.keep_for).as_seconds()).unwrap_or_default();
        }
        row
    }

    fn tell(&mut self, body: EventBody) {
        self.kind = kind(&body);
        match body {
            EventBody::MessageReceived { message, media, own_bot, text } => {
                self.text = text.unwrap_or_default();
                self.message = Some(message.get());
                self.media = media.map_or("", media_kind);
                self.own_bot = own_bot;
            }
            EventBody::MessageEdited { message } | EventBody::MessageDeleted { message } => {
                self.message = Some(message.get());
            }
            EventBody::Replied { source, decide_us } => {
                self.decided_by(source);
                self.decide_us = Some(decide_us);
            }
            EventBody::Silent { reason, decide_us } => {
                self.reason = reason;
                self.decide_us = Some(decide_us);
            }
            EventBody::PersonFirstSeen
            | EventBody::OptedOut
            | EventBody::HandedOver
            | EventBody::BotBlocked => {}
            EventBody::HandedBack { reason } => self.reason = reason,
            EventBody::ScenarioAssigned { scenario, version }
            | EventBody::ScenarioStarted { scenario, version } => self.in_scenario(scenario, version),
            EventBody::StepReminded { scenario, version, step, number } => {
                self.in_scenario(scenario, version);
                self.step = step;
                // The event counts from 1, the column from 0.
                self.reminder = u16::try_from(number.saturating_sub(1)).ok();
            }
            EventBody::StepReached { scenario, version, step }
            | EventBody::StepExpired { scenario, version, step } => {
                self.in_scenario(scenario, version);
                self.step = step;
            }
            EventBody::StepAnswered { scenario, version, step, valid } => {
                self.in_scenario(scenario, version);
                self.step = step;
                self.valid = Some(valid);
            }
            EventBody::ScenarioEnded { scenario, version, step, goal } => {
                self.in_scenario(scenario, version);
                self.step = step;
                self.goal = Some(goal);
            }
            EventBody::VariableChanged { variable } => self.variable = variable,
            EventBody::GoalReached { goal } => {
                self.goal_name = goal;
                self.goal = Some(true);
            }
            EventBody::MessageSent { message, action, source, reply_ms, media } => {
                self.message = Some(message.get());
                self.action = action.to_string();
                self.decided_by(source);
                self.reply_ms = Some(reply_ms);
                self.media = media.map_or("", media_kind);
            }
            EventBody::DeliveryFailed { action, reason } => {
                self.action = action.to_string();
                self.reason = reason;
            }
            EventBody::FileStored { action, bytes } => {
                self.action = action.to_string();
                self.bytes = Some(bytes);
            }
            EventBody::FloodWait { seconds, method } => {
                self.wait_s = Some(seconds);
                self.method = method;
            }
            EventBody::WebhookCalled { name, outcome, tries } => {
                self.variable = name;
                self.reason = outcome;
                // The event counts from 1, the column from 0.
                self.reminder = u16::try_from(tries.saturating_sub(1)).ok();
            }
            EventBody::Session { state } => self.session = session(state),
            EventBody::OperatorActed { operator, act, object, version } => {
                self.operator = operator;
                self.act = act;
                self.act_on = object;
                self.act_version = version;
            }
            EventBody::ShadowDecided { content, version, source, reason } => {
                self.act_on = content;
                self.act_version = version;
                self.reason = reason;
                if let Some(source) = source {
                    self.decided_by(source);
                }
            }
        }
    }

    /// Leaves out the keys that the id begins with, as nearly every id does; the view `events` shows them all the same.
    fn say_once(&mut self) {
        let Some((cause, _)) = self.id.split_once('!') else { return };
        if self.update == cause.split('#').next().unwrap_or_default() {
            self.update.clear();
        }
        if self.action == cause {
            self.action.clear();
        }
    }

    fn in_scenario(&mut self, scenario: String, version: u32) {
        self.scenario = scenario;
        self.scenario_version = Some(version);
    }

    fn decided_by(&mut self, source: Source) {
        match source {
            Source::Guard => self.source = "guard",
            Source::TriggerGroup { group, version } => {
                self.source_version = version;
                self.source = "trigger_group";
                self.source_name = group;
            }
            Source::FailMessage { group, version } => {
                self.source_version = version;
                self.source = "fail_message";
                self.source_name = group;
            }
            Source::Step { scenario, version, step } => {
                self.source = "step";
                self.source_name = scenario;
                self.source_version = Some(version);
                self.source_entry = step;
            }
            Source::Entry { library, entry, variation, version } => {
                self.source_version = version;
                self.source = "entry";
                self.source_name = library;
                self.source_entry = entry;
                self.source_variation = Some(variation);
            }
            Source::Fallback { library, variation, version } => {
                self.source_version = version;
                self.source = "fallback";
                self.source_name = library;
                self.source_variation = Some(variation);
            }
        }
    }
}

/// An event's kind as the column `kind` has it: as it stands in the message's `type`.
fn kind(body: &EventBody) -> &'static str {
    match body {
        EventBody::MessageReceived { .. } => "message_received",
        EventBody::MessageEdited { .. } => "message_edited",
        EventBody::MessageDeleted { .. } => "message_deleted",
        EventBody::Replied { .. } => "replied",
        EventBody::Silent { .. } => "silent",
        EventBody::PersonFirstSeen => "person_first_seen",
        EventBody::OptedOut => "opted_out",
        EventBody::ScenarioAssigned { .. } => "scenario_assigned",
        EventBody::ScenarioStarted { .. } => "scenario_started",
        EventBody::StepReached { .. } => "step_reached",
        EventBody::StepAnswered { .. } => "step_answered",
        EventBody::StepReminded { .. } => "step_reminded",
        EventBody::StepExpired { .. } => "step_expired",
        EventBody::ScenarioEnded { .. } => "scenario_ended",
        EventBody::HandedOver => "handed_over",
        EventBody::HandedBack { .. } => "handed_back",
        EventBody::VariableChanged { .. } => "variable_changed",
        EventBody::GoalReached { .. } => "goal_reached",
        EventBody::MessageSent { .. } => "message_sent",
        EventBody::DeliveryFailed { .. } => "delivery_failed",
        EventBody::BotBlocked => "bot_blocked",
        EventBody::FileStored { .. } => "file_stored",
        EventBody::FloodWait { .. } => "flood_wait",
        EventBody::WebhookCalled { .. } => "webhook_called",
        EventBody::Session { .. } => "session",
        EventBody::OperatorActed { .. } => "operator_acted",
        EventBody::ShadowDecided { .. } => "shadow_decided",
    }
}

const fn media_kind(media: MediaKind) -> &'static str {
    match media {
        MediaKind::Photo => "photo",
        MediaKind::Document => "document",
        MediaKind::Other => "other",
    }
}

const fn session(state: SessionState) -> &'static str {
    match state {
        SessionState::Connecting => "connecting",
        SessionState::Online => "online",
        SessionState::Stopped => "stopped",
        SessionState::LoggedOut => "logged_out",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};
    use troupe_protocol::TraceContext;
    use troupe_types::Partition;

    use super::*;

    const KEPT: TextsConfig = TextsConfig { keep_for: Duration::from_secs(1000) };

    const ACTION: &str = "7/42/5/new#0";

    /// The row of an event of this body, as JSON, without the columns that are empty and those that all rows have.
    fn row(body: &Value) -> Value {
        let mut event = json!({"id": "x", "bot": 7, "time": 1});
        event.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let payload: Event = serde_json::from_value(event.clone()).unwrap();
        let stored = Stored {
            payload,
            sequence: 9,
            partition: Partition::new(3),
            trace: TraceContext::default(),
            pending: 0,
        };
        let row = EventRow::new(stored, Timestamp::from_millis(5), KEPT);
        assert_eq!(row.kind, event["type"], "the column says what the message says");
        let mut row = serde_json::to_value(&row).unwrap();
        let common = ["id", "kind", "time", "bot", "partition", "seq", "stream"];
        row.as_object_mut().unwrap().retain(|name, value| {
            !common.contains(&name.as_str())
                && *value != json!("")
                && *value != json!(0)
                && *value != json!(null)
        });
        assert!(row["own_bot"].is_boolean());
        if row["own_bot"] == json!(false) {
            row.as_object_mut().unwrap().remove("own_bot");
        }
        row
    }

    #[test]
    fn every_kind_of_event_fills_its_columns() {
        let entry = json!({"by": "entry", "library": "small-talk", "entry": "hello", "variation": 2});
        let cases = [
            (
                json!({"type": "message_received", "message": 5, "media": "photo", "own_bot": true}),
                json!({"message": 5, "media": "photo", "own_bot": true}),
            ),
            (
                json!({"type": "message_received", "message": 5, "text": "hi"}),
                json!({"message": 5, "text": "hi", "text_until": 1000}),
            ),
            (json!({"type": "message_edited", "message": 5}), json!({"message": 5})),
            (json!({"type": "message_deleted", "message": 5}), json!({"message": 5})),
            (
                json!({"type": "replied", "source": entry, "decide_us": 1500}),
                json!({"source": "entry", "source_name": "small-talk", "source_entry": "hello", "source_variation": 2, "decide_us": 1500}),
            ),
            (
                json!({"type": "silent", "reason": "no_match", "decide_us": 9}),
                json!({"reason": "no_match", "decide_us": 9}),
            ),
            (json!({"type": "person_first_seen"}), json!({})),
            (json!({"type": "opted_out"}), json!({})),
            (
                json!({"type": "scenario_started", "scenario": "welcome", "version": 3}),
                json!({"scenario": "welcome", "scenario_version": 3}),
            ),
            (
                json!({"type": "step_reached", "scenario": "welcome", "version": 3, "step": "ask"}),
                json!({"scenario": "welcome", "scenario_version": 3, "step": "ask"}),
            ),
            (
                json!({"type": "step_answered", "scenario": "welcome", "version": 3, "step": "ask", "valid": false}),
                json!({"scenario": "welcome", "scenario_version": 3, "step": "ask", "valid": false}),
            ),
            (
                json!({"type": "scenario_ended", "scenario": "welcome", "version": 3, "step": "end", "goal": true}),
                json!({"scenario": "welcome", "scenario_version": 3, "step": "end", "goal": true}),
            ),
            (
                json!({"type": "scenario_assigned", "scenario": "welcome", "version": 3}),
                json!({"scenario": "welcome", "scenario_version": 3}),
            ),
            (
                json!({"type": "step_reminded", "scenario": "welcome", "version": 3, "step": "ask", "number": 2}),
                json!({"scenario": "welcome", "scenario_version": 3, "step": "ask", "reminder": 1}),
            ),
            (
                json!({"type": "step_expired", "scenario": "welcome", "version": 3, "step": "ask"}),
                json!({"scenario": "welcome", "scenario_version": 3, "step": "ask"}),
            ),
            (json!({"type": "handed_over"}), json!({})),
            (json!({"type": "handed_back", "reason": "time"}), json!({"reason": "time"})),
            (json!({"type": "variable_changed", "variable": "name"}), json!({"variable": "name"})),
            (json!({"type": "goal_reached", "goal": "kyc"}), json!({"goal_name": "kyc", "goal": true})),
            (
                json!({"type": "message_sent", "message": 6, "action": ACTION, "source": {"by": "guard"}, "reply_ms": 40}),
                json!({"message": 6, "action": ACTION, "source": "guard", "reply_ms": 40}),
            ),
            (
                json!({"type": "delivery_failed", "action": ACTION, "reason": "USER_IS_BLOCKED"}),
                json!({"action": ACTION, "reason": "USER_IS_BLOCKED"}),
            ),
            (
                json!({"type": "file_stored", "action": ACTION, "bytes": 12}),
                json!({"action": ACTION, "bytes": 12}),
            ),
            (
                json!({"type": "flood_wait", "seconds": 30, "method": "messages.sendMessage"}),
                json!({"wait_s": 30, "method": "messages.sendMessage"}),
            ),
            (json!({"type": "bot_blocked"}), json!({})),
            (json!({"type": "session", "state": "logged_out"}), json!({"session": "logged_out"})),
            (
                json!({"type": "operator_acted", "operator": "olga", "act": "content.put", "object": "rules/kyc", "version": 2}),
                json!({"operator": "olga", "act": "content.put", "act_on": "rules/kyc", "act_version": 2}),
            ),
            (
                json!({"type": "shadow_decided", "content": "rules/kyc", "version": 5, "source": {"by": "guard"}}),
                json!({"act_on": "rules/kyc", "act_version": 5, "source": "guard"}),
            ),
            (
                json!({"type": "shadow_decided", "content": "rules/kyc", "reason": "no_match"}),
                json!({"act_on": "rules/kyc", "reason": "no_match"}),
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(row(&body), expected, "{body}");
        }
    }

    #[test]
    fn every_source_fills_its_columns() {
        let cases = [
            (
                json!({"by": "trigger_group", "group": "kyc", "version": 4}),
                json!({"source": "trigger_group", "source_name": "kyc", "source_version": 4}),
            ),
            (
                json!({"by": "fail_message", "group": "kyc"}),
                json!({"source": "fail_message", "source_name": "kyc"}),
            ),
            (
                json!({"by": "step", "scenario": "welcome", "version": 3, "step": "ask"}),
                json!({"source": "step", "source_name": "welcome", "source_version": 3, "source_entry": "ask"}),
            ),
            (
                json!({"by": "fallback", "library": "small-talk", "variation": 1, "version": 5}),
                json!({"source": "fallback", "source_name": "small-talk", "source_variation": 1, "source_version": 5}),
            ),
            (
                json!({"by": "entry", "library": "small-talk", "entry": "hi", "variation": 1, "version": 5}),
                json!({"source": "entry", "source_name": "small-talk", "source_entry": "hi", "source_variation": 1, "source_version": 5}),
            ),
        ];
        for (source, expected) in cases {
            let mut row = row(&json!({"type": "replied", "source": source, "decide_us": 0}));
            row.as_object_mut().unwrap().remove("decide_us");
            assert_eq!(row, expected);
        }
    }

    #[test]
    fn keys_that_the_id_begins_with_are_not_stored_again() {
        let keys = |id: &str| {
            let event = json!({
                "id": id, "bot": 7, "update": "7/42/5/new", "time": 1,
                "type": "delivery_failed", "action": ACTION, "reason": "",
            });
            let payload: Event = serde_json::from_value(event).unwrap();
            let (sequence, partition) = (9, Partition::new(3));
            let stored = Stored { payload, sequence, partition, trace: TraceContext::default(), pending: 0 };
            let row = EventRow::new(stored, Timestamp::from_millis(5), KEPT);
            (row.update, row.action)
        };
        let (update, action) = ("7/42/5/new".to_owned(), ACTION.to_owned());
        assert_eq!(keys("7/42/5/new#0!failed"), (String::new(), String::new()));
        assert_eq!(keys("7/42/5/new!blocked"), (String::new(), action.clone()));
        assert_eq!(keys("7/42/5/new#1!failed"), (String::new(), action.clone()));
        assert_eq!(keys("7/42/5/newer!1"), (update.clone(), action.clone()));
        assert_eq!(keys("x"), (update, action));
    }

    #[test]
    fn place_and_trace_come_along() {
        let payload: Event = serde_json::from_value(json!({
            "id": "x", "bot": 7, "chat": -1_001, "person": 11, "update": "7/-1001/5/new", "time": 1_700_000_000_123_i64,
            "type": "opted_out",
        }))
        .unwrap();
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace = TraceContext { traceparent: Some(parent.into()), tracestate: None };
        let stored = Stored { payload, sequence: 9, partition: Partition::new(3), trace, pending: 0 };
        let row = EventRow::new(stored, Timestamp::from_millis(5), KEPT);
        assert_eq!((row.chat, row.chat_kind, row.person), (Some(-1001), "group", Some(11)));
        assert_eq!((row.update.as_str(), row.time), ("7/-1001/5/new", 1_700_000_000_123));
        assert_eq!(row.trace_id, "0af7651916cd43dd8448eb211c80319c");
        assert_eq!((row.partition, row.seq, row.stream), (3, 9, 5));
    }
}
