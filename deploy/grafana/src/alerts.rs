//! Alerts on what only ClickHouse knows; everything else is an alert of Prometheus (`deploy/prometheus/rules`).

use serde_json::{Value, json};

use crate::model::CLICKHOUSE;

/// One alert: it fires while its query gives a number above the limit.
#[derive(Debug, Clone, Copy)]
pub struct Alert {
    /// Its id for ever.
    pub uid: &'static str,
    /// Its title, and its heading in the runbook.
    pub title: &'static str,
    /// What it says when it fires.
    pub summary: &'static str,
    /// Gives one number.
    pub sql: &'static str,
    /// Above which it fires.
    pub limit: f64,
}

/// All of them. Each looks at the last day, and stays silent while too few people wrote for a share to mean anything.
pub const ALL: [Alert; 3] = [
    Alert {
        uid: "troupe-unanswerable",
        title: "TroupeUnanswerable",
        summary: "For more than 60 % of yesterday's and today's messages nothing was found to answer them",
        sql: "SELECT if(decided < 50, 0, missed / decided) AS value FROM (\
              SELECT countIf(kind IN ('replied', 'silent')) AS decided, \
              countIf((kind = 'silent' AND what = 'no_match') OR (kind = 'replied' AND what = 'fallback')) AS missed \
              FROM counted WHERE kind IN ('replied', 'silent') AND chat_kind = 'direct' AND time >= $__fromTime AND time <= $__toTime)",
        limit: 0.6,
    },
    Alert {
        uid: "troupe-opt-outs",
        title: "TroupeOptOuts",
        summary: "More than 15 % of the people who wrote within a day asked to be left alone",
        sql: "SELECT if(active < 20, 0, gone / active) AS value FROM (\
              SELECT uniqExactIf(person, person != 0 AND what != 'own_bot' AND kind = 'message_received') AS active, \
              uniqExactIf(person, person != 0 AND kind = 'opted_out') AS gone \
              FROM counted WHERE kind IN ('message_received', 'opted_out') AND time >= $__fromTime AND time <= $__toTime)",
        limit: 0.15,
    },
    Alert {
        uid: "troupe-blocked",
        title: "TroupeBlocked",
        summary: "More than twenty answers within a day were refused since the person has blocked the bot",
        sql: "SELECT count() AS value FROM counted \
              WHERE kind = 'bot_blocked' \
              AND time >= $__fromTime AND time <= $__toTime",
        limit: 20.0,
    },
];

const DAY_SECONDS: u32 = 86_400;

pub(crate) fn json() -> Value {
    json!({
        "apiVersion": 1,
        "groups": [{
            "orgId": 1, "name": "troupe", "folder": "troupe", "interval": "15m",
            "rules": ALL.iter().map(rule).collect::<Vec<_>>(),
        }],
    })
}

fn rule(alert: &Alert) -> Value {
    let range = json!({"from": DAY_SECONDS, "to": 0});
    json!({
        "uid": alert.uid,
        "title": alert.title,
        "condition": "B",
        "for": "30m",
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": {"severity": "warning"},
        "annotations": {"summary": alert.summary, "runbook": format!("docs/runbook.md#{}", alert.title.to_lowercase())},
        "data": [
            {
                "refId": "A", "relativeTimeRange": range, "datasourceUid": CLICKHOUSE,
                "model": {"refId": "A", "editorType": "sql", "queryType": "table", "format": 1, "rawSql": alert.sql},
            },
            {
                "refId": "B", "relativeTimeRange": range, "datasourceUid": "__expr__",
                "model": {"refId": "B", "type": "threshold", "expression": "A",
                    "conditions": [{"evaluator": {"type": "gt", "params": [alert.limit]}}]},
            },
        ],
    })
}
