use clickhouse::{Client, Compression, Row, error::Error};
use serde::{Deserialize, Serialize};
use troupe_dev::servers::{ClickHouse, Options};

#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
struct Line {
    id: u64,
    bot: u64,
    text: String,
    seconds: Option<f64>,
    tags: Vec<String>,
}

fn line(id: u64) -> Line {
    let text = format!("строка {id} 'quoted' \\ and\ta tab\n");
    Line { id, bot: id % 3, text, seconds: id.is_multiple_of(2).then_some(0.5), tags: vec!["a".into(); 2] }
}

const TABLE: &str = "CREATE TABLE lines (id UInt64, bot UInt64, text String, seconds Nullable(Float64),
    tags Array(LowCardinality(String)), at DateTime64(3) DEFAULT now64(3))
    ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100";

/// Starts a server with an empty database `test`.
async fn server() -> (ClickHouse, Client) {
    let server = ClickHouse::start(&Options::default()).await.expect("a server");
    let client = Client::default().with_url(server.url()).with_compression(Compression::Lz4);
    client.query("CREATE DATABASE test").execute().await.expect("a database");
    let client = client.with_database("test").with_setting("async_insert", "0");
    (server, client)
}

async fn write(client: &Client, lines: &[Line], token: Option<&str>) -> Result<(), Error> {
    let mut insert = client.insert::<Line>("lines").await?;
    if let Some(token) = token {
        insert = insert.with_setting("insert_deduplication_token", token);
    }
    for line in lines {
        insert.write(line).await?;
    }
    insert.end().await
}

async fn count(client: &Client, table: &str) -> u64 {
    client.query(&format!("SELECT count() FROM {table}")).fetch_one().await.expect("a count")
}

fn bad_response(error: &Error) -> &str {
    match error {
        Error::BadResponse(text) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn rows_read_back_as_they_were_written_with_and_without_compression() {
    let (_server, client) = server().await;
    client.query(TABLE).execute().await.unwrap();
    let lines: Vec<Line> = (0..5000).map(line).collect();
    write(&client, &lines[..2500], None).await.unwrap();
    write(&client.clone().with_compression(Compression::None), &lines[2500..], None).await.unwrap();
    write(&client, &[], None).await.unwrap();
    for client in [client.clone(), client.with_compression(Compression::None)] {
        let query = client.query("SELECT ?fields FROM lines WHERE id >= ? ORDER BY id").bind(0);
        assert_eq!(query.fetch_all::<Line>().await.unwrap(), lines);
    }
}

#[tokio::test]
async fn refusals_come_in_clickhouses_own_words() {
    let (_server, client) = server().await;
    let error = client.query("SELECT nonsense").execute().await.unwrap_err();
    let text = bad_response(&error);
    assert!(text.starts_with("Code: 47. DB::Exception:") && text.contains("(UNKNOWN_IDENTIFIER)"), "{text}");
    let error = client.query("SELECT 1").with_setting("no_such_setting", "1").execute().await.unwrap_err();
    assert!(bad_response(&error).starts_with("Code: 115."), "{error}");
    let absent = client.clone().with_database("absent");
    assert!(bad_response(&absent.query("SELECT 1").execute().await.unwrap_err()).starts_with("Code: 81."));
    let error = client.query("SELECT throwIf(number = 100000, 'late') FROM numbers(200000)").execute().await;
    assert!(bad_response(&error.unwrap_err()).contains("late"));
    let missing = write(&client, &[line(1)], None).await.unwrap_err();
    assert!(bad_response(&missing).contains("lines"), "{missing}");
}

#[tokio::test]
async fn batch_sent_again_with_its_token_is_stored_once() {
    let (mut server, client) = server().await;
    client.query(TABLE).execute().await.unwrap();
    let lines: Vec<Line> = (0..10).map(line).collect();
    for _ in 0..2 {
        write(&client, &lines, Some("batch-1")).await.unwrap();
    }
    server.kill();
    server.restart().await.unwrap();
    write(&client, &lines, Some("batch-1")).await.unwrap();
    assert_eq!(count(&client, "lines").await, 10);
    write(&client, &lines, Some("batch-2")).await.unwrap();
    assert_eq!(count(&client, "lines").await, 20);
}

#[tokio::test]
async fn replacing_merge_tree_shows_the_newest_version_with_final() {
    let (_server, client) = server().await;
    let table =
        "CREATE TABLE heads (id UInt64, version UInt64) ENGINE = ReplacingMergeTree(version) ORDER BY id";
    client.query(table).execute().await.unwrap();
    client.query("INSERT INTO heads VALUES (1, 1), (2, 1)").execute().await.unwrap();
    client.query("INSERT INTO heads SELECT 1, 7").execute().await.unwrap();
    let query = client.query("SELECT id, version FROM heads FINAL ORDER BY id");
    assert_eq!(query.fetch_all::<(u64, u64)>().await.unwrap(), [(1, 7), (2, 1)]);
}

#[tokio::test]
async fn parameters_arrive_as_they_were_given() {
    let (_server, client) = server().await;
    let text = "it's a \\ and \"quotes\"\n\tи кириллица";
    let query =
        client.query("SELECT {text:String}, {number:UInt64} + 1").param("text", text).param("number", 41);
    assert_eq!(query.fetch_one::<(String, u64)>().await.unwrap(), (text.to_owned(), 42));
}

/// Sends `body` to the server with these URL parameters; returns the answer if it is a good one.
async fn post(server: &ClickHouse, parameters: &str, body: impl Into<reqwest::Body>) -> Vec<u8> {
    let url = format!("{}/?{parameters}", server.url());
    let response = reqwest::Client::new().post(url).body(body).send().await.expect("an answer");
    let (status, bytes) = (response.status(), response.bytes().await.expect("a body"));
    assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&bytes));
    bytes.to_vec()
}

#[tokio::test]
async fn blocks_go_out_as_they_come_in() {
    let (server, client) = server().await;
    client.query("CREATE TABLE n (n UInt64) ENGINE = MergeTree ORDER BY n").execute().await.unwrap();
    let sql = "SELECT number FROM numbers(400000) FORMAT TabSeparated";
    let blocks = post(&server, "compress=1", sql).await;
    let mut rest = &blocks[..];
    let mut count = 0;
    while !rest.is_empty() {
        let size = 16 + u32::from_le_bytes(*rest[17..].first_chunk().unwrap()) as usize;
        let checksum = u128::from_le_bytes(*rest.first_chunk().unwrap()).rotate_right(64);
        assert_eq!(checksum, cityhash_rs::cityhash_102_128(&rest[16..size]));
        rest = &rest[size..];
        count += 1;
    }
    assert!(count > 1, "one block does not show that they follow each other");
    post(&server, "database=test&decompress=1&query=INSERT+INTO+n+FORMAT+TabSeparated", blocks).await;
    let query = client.query("SELECT count(), sum(n) FROM n");
    assert_eq!(query.fetch_one::<(u64, u64)>().await.unwrap(), (400_000, 400_000 * 399_999 / 2));
}

#[tokio::test]
async fn answers_carry_the_headers_that_clients_read() {
    let (server, client) = server().await;
    client.query("CREATE TABLE n (n UInt64) ENGINE = MergeTree ORDER BY n").execute().await.unwrap();
    let http = reqwest::Client::new();
    let header = |response: &reqwest::Response, name: &str| {
        response.headers().get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
    };
    let url = |parameters: &str| format!("{}/?database=test&{parameters}", server.url());
    let insert =
        http.post(url("query=INSERT+INTO+n+VALUES&query_id=mine")).body("(1),(2),(3)").send().await.unwrap();
    assert_eq!(header(&insert, "x-clickhouse-query-id"), "mine");
    let summary = header(&insert, "x-clickhouse-summary");
    assert!(summary.contains("\"written_rows\": \"3\""), "{summary}");
    let sql = "query=SELECT+sum(n)+FROM+n&default_format=JSON&max_threads=1";
    let select = http.get(url(sql)).header("X-ClickHouse-User", "grafana").send().await.unwrap();
    assert_eq!(header(&select, "x-clickhouse-format"), "JSON");
    assert!(header(&select, "content-type").starts_with("application/json"));
    let fault = http.post(url("")).body("SELECT * FROM nothing").send().await.unwrap();
    assert_eq!((fault.status().as_u16(), &*header(&fault, "x-clickhouse-exception-code")), (404, "60"));
    let write = http.get(url("query=INSERT+INTO+n+VALUES+(4)")).send().await.unwrap();
    assert_eq!(header(&write, "x-clickhouse-exception-code"), "164", "GET only reads");
}

#[tokio::test]
async fn queries_of_many_clients_run_side_by_side() {
    let (_server, client) = server().await;
    let queries = (0..32_u64).map(|number| {
        let query = client.query("SELECT sum(number) + ? FROM numbers(10000)").bind(number);
        async move { query.fetch_one::<u64>().await.unwrap() - number }
    });
    let tasks: Vec<_> = queries.map(tokio::spawn).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 49_995_000);
    }
}
