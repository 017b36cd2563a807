use crate::model::{Board, Panel, Row};

/// The machinery: what waits where, and how long each part takes.
pub(super) fn board() -> Board {
    Board {
        uid: "troupe-pipeline",
        title: "Pipeline",
        description: "How troupe itself fares: what waits where, how long each part takes, what goes wrong.",
        from: "now-6h",
        variables: vec![],
        rows: vec![
            Row {
                title: "Now",
                panels: vec![
                    Panel::stat("Updates waiting", "What people said and no responder has settled.")
                        .prom("troupe:lag_messages:sum{messaging_destination_name=\"UPDATES\"}", "updates")
                        .limits(100.0, 1000.0),
                    Panel::stat("Actions waiting", "What bots decided to do and ingress has not done.")
                        .prom("troupe:lag_messages:sum{messaging_destination_name=\"ACTIONS\"}", "actions")
                        .limits(100.0, 1000.0),
                    Panel::stat("Events waiting", "What happened and stats had not read when it read last.")
                        .prom("sum(troupe_stats_waiting_events)", "events")
                        .limits(1000.0, 100_000.0),
                    Panel::stat("Outbox", "Decisions that are stored and not yet with NATS.")
                        .prom("sum(troupe_responder_outbox_messages)", "messages")
                        .limits(100.0, 1000.0),
                    Panel::stat("Dead letters", "Messages that could not be handled, kept for 30 days.")
                        .prom("max(troupe_bus_dead_letters_kept_messages)", "messages")
                        .limits(1.0, 100.0),
                    Panel::stat("Statistics written", "Time since the last row was written; long if nothing happens.")
                        .prom("time() - max(troupe_stats_last_write_timestamp_seconds)", "ago")
                        .unit("s"),
                    Panel::table("What is missing", "Everything that a service needs: 1 if it is there, 0 if not.")
                        .prom("min by (service, dependency) (troupe_service_dependency_up)", "")
                        .wide(24),
                ],
            },
            Row {
                title: "Lag",
                panels: vec![
                    Panel::lines("Waiting", "Messages not settled, by stream.")
                        .prom("troupe:lag_messages:sum", "{{messaging_destination_name}}")
                        .limits(100.0, 1000.0),
                    Panel::lines("The furthest behind", "The five partitions in which most updates wait.").prom(
                        "topk(5, max by (messaging_destination_partition_id) \
                         (troupe_bus_consumer_waiting_messages{messaging_destination_name=\"UPDATES\"}))",
                        "partition {{messaging_destination_partition_id}}",
                    ),
                    Panel::lines("Received and settled", "Messages that the broker handed out, a second, by stream.")
                        .prom(
                            "sum by (messaging_destination_name) (rate(messaging_client_consumed_messages_total[5m]))",
                            "{{messaging_destination_name}}",
                        )
                        .unit("ops"),
                    Panel::lines("Published", "Messages published a second, by stream.")
                        .prom(
                            "sum by (messaging_destination_name) (rate(messaging_client_sent_messages_total[5m]))",
                            "{{messaging_destination_name}}",
                        )
                        .unit("ops"),
                ],
            },
            Row {
                title: "Deciding",
                panels: vec![
                    Panel::bars("Updates", "Updates a second, by what became of them.")
                        .prom("troupe:updates:rate5m", "{{outcome}}")
                        .unit("ops"),
                    Panel::lines("How long it takes", "99 % are quicker: the engine, the commit in Redis, and all from hearing to committed.")
                        .prom("histogram_quantile(0.99, sum by (le) (rate(troupe_responder_decide_duration_seconds_bucket[5m])))", "decide")
                        .prom("histogram_quantile(0.99, sum by (le) (rate(troupe_responder_commit_duration_seconds_bucket[5m])))", "commit")
                        .prom("troupe:commit_delay_seconds:p99_5m", "heard to committed")
                        .unit("s"),
                    Panel::lines("The broker", "99 % of messages are published more quickly, by stream.")
                        .prom(
                            "histogram_quantile(0.99, sum by (le, messaging_destination_name) \
                             (rate(messaging_client_operation_duration_seconds_bucket[5m])))",
                            "{{messaging_destination_name}}",
                        )
                        .unit("s"),
                    Panel::lines("Trouble", "Tries repeated, and messages that became dead letters, a second.")
                        .prom("sum(rate(troupe_responder_retries_total[5m]))", "retries")
                        .prom("sum(rate(troupe_bus_dead_letters_total[5m]))", "dead letters")
                        .unit("ops"),
                ],
            },
            Row {
                title: "Statistics and API",
                panels: vec![
                    Panel::lines("Rows written", "Rows written to ClickHouse a second.")
                        .prom("sum(rate(troupe_stats_rows_written_total[5m]))", "rows")
                        .unit("rowsps"),
                    Panel::lines("Late", "99 % of batches were written when their oldest event was younger than this; and how long inserts take.")
                        .prom("troupe:write_delay_seconds:p99_5m", "age")
                        .prom("histogram_quantile(0.99, sum by (le) (rate(troupe_stats_insert_duration_seconds_bucket[5m])))", "insert")
                        .unit("s"),
                    Panel::lines("Calls to the API", "Calls a second, by status.")
                        .prom(
                            "sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count[5m]))",
                            "{{http_response_status_code}}",
                        )
                        .unit("reqps"),
                    Panel::lines("How long calls take", "95 % are quicker, by route.")
                        .prom(
                            "histogram_quantile(0.95, sum by (le, http_route) (rate(http_server_request_duration_seconds_bucket[5m])))",
                            "{{http_route}}",
                        )
                        .unit("s"),
                ],
            },
        ],
    }
}
