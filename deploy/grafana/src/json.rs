//! Boards as Grafana reads them.

use serde_json::{Value, json};

use crate::{
    boards::content_changes,
    model::{Board, CLICKHOUSE, Look, PROMETHEUS, Panel, Query, Row, Variable},
};

/// The version of Grafana's format that is written; newer Grafanas read it.
const SCHEMA: u32 = 39;

fn clickhouse() -> Value {
    json!({"type": "grafana-clickhouse-datasource", "uid": CLICKHOUSE})
}

fn prometheus() -> Value {
    json!({"type": "prometheus", "uid": PROMETHEUS})
}

pub(crate) fn board(board: &Board) -> Value {
    json!({
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["troupe"],
        "schemaVersion": SCHEMA,
        "editable": false,
        "graphTooltip": 1,
        "refresh": "1m",
        "timezone": "browser",
        "time": {"from": board.from, "to": "now"},
        "templating": {"list": board.variables.iter().map(variable).collect::<Vec<_>>()},
        "annotations": {"list": [annotation()]},
        "links": [{
            "type": "dashboards", "tags": ["troupe"], "title": "troupe", "asDropdown": true,
            "includeVars": true, "keepTime": true, "targetBlank": false
        }],
        "panels": panels(&board.rows),
    })
}

fn variable(variable: &Variable) -> Value {
    let current = match variable.default {
        _ if variable.many => json!({"text": ["All"], "value": ["$__all"]}),
        Some(value) => json!({"text": value, "value": value}),
        None => json!({}),
    };
    json!({
        "type": "query",
        "name": variable.name,
        "label": variable.label,
        "datasource": clickhouse(),
        "definition": variable.sql,
        "query": {"editorType": "sql", "rawSql": variable.sql},
        "current": current,
        "multi": variable.many,
        "includeAll": variable.many,
        "refresh": 2,
        "sort": 0,
    })
}

/// What operators changed, as lines through every chart.
fn annotation() -> Value {
    json!({
        "name": "Changes by operators",
        "datasource": clickhouse(),
        "enable": true,
        "iconColor": "blue",
        "target": {"editorType": "sql", "format": 1, "rawSql": content_changes(), "refId": "Anno"},
    })
}

/// Rows below each other; a row's panels from left to right, going on below where they do not fit.
fn panels(rows: &[Row]) -> Vec<Value> {
    let (mut all, mut y) = (Vec::new(), 0);
    for row in rows {
        let id = all.len() + 1;
        all.push(json!({
            "id": id, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}
        }));
        y += 1;
        let (mut x, mut height) = (0, 0);
        for panel in &row.panels {
            if x + panel.width > 24 {
                y += height;
                (x, height) = (0, 0);
            }
            let id = all.len() + 1;
            all.push(json!({
                "id": id,
                "title": panel.title,
                "description": panel.description,
                "type": kind(panel.look),
                "datasource": datasource(&panel.queries[0]),
                "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
                "fieldConfig": {"defaults": defaults(panel), "overrides": overrides(panel)},
                "options": options(panel.look),
                "targets": panel.queries.iter().zip('A'..).map(|(query, id)| target(query, id, panel.look)).collect::<Vec<_>>(),
            }));
            x += panel.width;
            height = height.max(panel.height);
        }
        y += height;
    }
    all
}

fn kind(look: Look) -> &'static str {
    match look {
        Look::Stat => "stat",
        Look::Lines | Look::Bars => "timeseries",
        Look::Ranking => "bargauge",
        Look::Table => "table",
    }
}

fn datasource(query: &Query) -> Value {
    match query {
        Query::Sql(_) => clickhouse(),
        Query::Prom { .. } => prometheus(),
    }
}

fn target(query: &Query, id: char, look: Look) -> Value {
    let over_time = matches!(look, Look::Lines | Look::Bars);
    match query {
        Query::Sql(sql) => json!({
            "refId": id, "datasource": clickhouse(), "editorType": "sql", "rawSql": sql,
            "queryType": if over_time { "timeseries" } else { "table" }, "format": u8::from(!over_time),
        }),
        Query::Prom { expression, legend } => json!({
            "refId": id, "datasource": prometheus(), "editorMode": "code", "expr": expression, "legendFormat": legend,
            "range": over_time, "instant": !over_time,
        }),
    }
}

fn defaults(panel: &Panel) -> Value {
    let steps = match panel.limits {
        None => json!([{"color": "blue", "value": null}]),
        Some((yellow, red)) if yellow <= red => json!([
            {"color": "green", "value": null}, {"color": "yellow", "value": yellow}, {"color": "red", "value": red}
        ]),
        Some((yellow, red)) => json!([
            {"color": "red", "value": null}, {"color": "yellow", "value": red}, {"color": "green", "value": yellow}
        ]),
    };
    let by_limits = matches!(panel.look, Look::Stat | Look::Ranking);
    let custom = match panel.look {
        Look::Lines => json!({
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "spanNulls": true,
            "thresholdsStyle": {"mode": if panel.limits.is_some() { "line" } else { "off" }},
        }),
        Look::Bars => {
            json!({"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal"}})
        }
        Look::Stat | Look::Ranking | Look::Table => json!({}),
    };
    json!({
        "unit": panel.unit,
        "min": if panel.look == Look::Table { Value::Null } else { json!(0) },
        "noValue": "none",
        "color": {"mode": if by_limits { "thresholds" } else { "palette-classic" }},
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": custom,
    })
}

fn overrides(panel: &Panel) -> Value {
    let plain = |name: &str| json!({"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": "none"}]});
    let mut all = Vec::new();
    if panel.look == Look::Table {
        // Ids are names, not amounts.
        all.extend(["bot", "chat", "person", "version"].map(plain));
    }
    if let Some((column, board, variable)) = panel.drill {
        all.push(json!({
            "matcher": {"id": "byName", "options": column},
            "properties": [{"id": "links", "value": [{
                "title": "Show it", "url": format!("/d/{board}?var-{variable}=${{__value.raw}}&${{__url_time_range}}")
            }]}],
        }));
    }
    Value::Array(all)
}

fn options(look: Look) -> Value {
    let last = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
    match look {
        Look::Stat => {
            json!({"reduceOptions": last, "colorMode": "value", "graphMode": "none", "textMode": "auto"})
        }
        Look::Lines | Look::Bars => json!({
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }),
        Look::Ranking => json!({
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": true},
            "orientation": "horizontal", "displayMode": "basic", "showUnfilled": true,
        }),
        Look::Table => json!({"showHeader": true, "cellHeight": "sm"}),
    }
}
