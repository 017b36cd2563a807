//! ClickHouse on several servers. The engine of development knows of clusters and of Keeper, but has no port that other
//! servers could ask: it reads the statements, makes the tables, and takes no rows.

use troupe_dev::servers::Options;
use troupe_stats::statements;

use crate::world::World;

/// What a server of a cluster is told, with some clusters that cannot be used.
const SERVER: &str = "<clickhouse>
    <zookeeper><implementation>testkeeper</implementation></zookeeper>
    <macros><shard>1</shard><replica>one</replica></macros>
    <remote_servers>
        <whole><shard>
            <replica><host>127.0.0.1</host><port>9000</port></replica>
            <replica><host>127.0.0.2</host><port>9000</port></replica>
        </shard></whole>
        <sharded>
            <shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>
            <shard><replica><host>127.0.0.2</host><port>9000</port></replica></shard>
        </sharded>
        <lonely><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></lonely>
    </remote_servers>
</clickhouse>";

/// ClickHouse with that configuration, which is removed with the folder.
async fn server(configuration: &str) -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("config.xml");
    std::fs::write(&file, configuration).expect("a file can be written");
    let arguments = vec!["--config".to_owned(), file.to_str().expect("a path of letters").to_owned()];
    (World::with(&Options { arguments, ..Options::default() }).await, folder)
}

/// What stats says when it refuses to start on this cluster.
async fn refusal(world: &mut World, cluster: &str) -> String {
    world.cluster = cluster.to_owned();
    format!("{:#}", world.stats("one").await.ended().await.expect_err("it refuses to start"))
}

#[tokio::test(flavor = "multi_thread")]
async fn clickhouse_reads_every_statement_for_a_cluster() {
    let world = World::new().await;
    for statement in statements(Some("whole")).unwrap() {
        let query = world
            .database()
            .with_database("default")
            .query("SELECT formatQuerySingleLine(?)")
            .bind(&statement);
        let read: String = query.fetch_one().await.unwrap_or_else(|error| panic!("{error}: {statement}"));
        assert_eq!(read.contains(" ON CLUSTER whole"), !read.starts_with("INSERT INTO "), "{read}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clickhouse_makes_every_table_of_a_cluster() {
    let (world, _folder) = server(SERVER).await;
    let server = world.database().with_database("default");
    let everywhere = " ON CLUSTER `whole`";
    for statement in statements(Some("whole")).unwrap() {
        if statement.starts_with("CREATE TABLE ") {
            assert!(statement.contains(everywhere), "{statement}");
            let here = statement.replacen(everywhere, "", 1);
            server.query_raw(&here).execute().await.unwrap_or_else(|error| panic!("{error}: {here}"));
        }
    }
    let tables = "SELECT count(), countIf(engine LIKE 'Replicated%MergeTree'),
            countIf(engine_full LIKE '% replicated_deduplication_window = 1000%')
        FROM system.tables WHERE database = 'default'";
    let (all, replicated, told_apart): (u64, u64, u64) = server.query(tables).fetch_one().await.unwrap();
    assert!(all > 10, "{all}");
    assert_eq!(replicated, all);
    let one = statements(None).unwrap().concat();
    assert_eq!(told_apart, one.matches(" non_replicated_deduplication_window = 1000").count() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_cannot_be_used_is_refused_with_what_to_do() {
    let (mut world, _folder) = server(SERVER).await;
    for (cluster, said) in [
        ("sharded", "clickhouse.cluster is sharded, which has several shards and would count wrongly"),
        ("lonely", "clickhouse.cluster is lonely, which has one server: leave it empty"),
        ("another", "clickhouse.cluster is another, which ClickHouse does not know"),
    ] {
        let refused = refusal(&mut world, cluster).await;
        assert!(refused.contains(said), "{refused}");
    }
    let (mut world, _folder) = server(&SERVER.replace("<replica>one</replica>", "")).await;
    let refused = refusal(&mut world, "whole").await;
    assert!(refused.contains("lacks the macros shard and replica"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_not_taken_from_one_server_to_several_nor_back_without_a_word() {
    let (mut world, _folder) = server(SERVER).await;
    let one = world.stats("one").await;
    world.until("SELECT count() FROM migrations", crate::schema::MIGRATIONS).await;
    one.stop().await;
    let refused = refusal(&mut world, "whole").await;
    assert!(refused.contains("the tables of this database are on one server alone"), "{refused}");

    let (mut world, _folder) = server(SERVER).await;
    for statement in [
        "CREATE DATABASE counts",
        "CREATE TABLE counts.migrations (version UInt32) ENGINE = ReplicatedMergeTree('/migrations', 'one') ORDER BY version",
    ] {
        world.database().with_database("default").query(statement).execute().await.unwrap();
    }
    let refused = refusal(&mut world, "").await;
    assert!(refused.contains("name the cluster that has them in clickhouse.cluster"), "{refused}");
}
