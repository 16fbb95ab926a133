//! The rows that the store wrote, written again by the database alone.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use hiroba_store::{Options, Store};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio_postgres::{Client, NoTls};

/// The tables that hold entities, their index rows, their history, and what the version of the data set did.
const TABLES: [&str; 7] = ["entity", "scope", "place", "value_row", "change", "dataset_change", "dataset_member"];

/// Prepared INSERTs in one transaction, with the settings that the store has.
pub(crate) async fn sqlite(from: &Path, to: &Path) -> Duration {
    // Makes the tables.
    drop(Store::open(Options::new(to.to_str().unwrap())).await.unwrap());
    let from = Connection::open(from.join("hiroba.sqlite")).unwrap();
    let mut to = Connection::open(to.join("hiroba.sqlite")).unwrap();
    to.pragma_update(None, "synchronous", "full").unwrap();
    to.pragma_update(None, "cache_size", -8_000).unwrap();
    to.pragma_update(None, "mmap_size", 256 << 20).unwrap();
    let rows: Vec<(String, Vec<Vec<Value>>)> =
        TABLES.into_iter().chain(["place_box"]).map(|table| rows_of(&from, table)).collect();
    let started = Instant::now();
    let transaction = to.transaction().unwrap();
    for (sql, rows) in rows {
        let mut insert = transaction.prepare(&sql).unwrap();
        for row in rows {
            insert.execute(params_from_iter(row)).unwrap();
        }
    }
    transaction.commit().unwrap();
    started.elapsed()
}

/// The statement that writes a row of a table, and the rows.
fn rows_of(from: &Connection, table: &str) -> (String, Vec<Vec<Value>>) {
    let mut select = from.prepare(&format!("select * from {table}")).unwrap();
    let columns = select.column_count();
    let marks = vec!["?"; columns].join(", ");
    let names = select.column_names().collect::<Vec<_>>().join(", ");
    let sql = format!("insert into {table} ({names}) values ({marks})");
    let rows = select.query_map([], |row| (0..columns).map(|at| row.get(at)).collect()).unwrap();
    (sql, rows.map(Result::unwrap).collect())
}

/// COPY, in one transaction.
pub(crate) async fn postgis(from: &str, to: &str) -> Duration {
    drop(Store::open(Options::new(to)).await.unwrap());
    let from = connect(from).await;
    let mut to = connect(to).await;
    let mut copies = Vec::new();
    for table in TABLES {
        let sql = "select string_agg(quote_ident(column_name), ', ' order by ordinal_position)
                   from information_schema.columns where table_schema = 'public' and table_name = $1";
        let columns: String = from.query_one(sql, &[&table]).await.unwrap().get(0);
        let out = format!("copy (select {columns} from {table}) to stdout (format binary)");
        let chunks: Vec<bytes::Bytes> = from.copy_out(&out).await.unwrap().map(Result::unwrap).collect().await;
        copies.push((format!("copy {table} ({columns}) from stdin (format binary)"), chunks));
    }
    let started = Instant::now();
    let transaction = to.transaction().await.unwrap();
    for (sql, chunks) in copies {
        let mut sink = std::pin::pin!(transaction.copy_in::<_, bytes::Bytes>(&sql).await.unwrap());
        for chunk in chunks {
            sink.feed(chunk).await.unwrap();
        }
        sink.close().await.unwrap();
    }
    transaction.commit().await.unwrap();
    started.elapsed()
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
