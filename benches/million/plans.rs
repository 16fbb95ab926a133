//! What PostgreSQL did for a request: the statements that the broker sent, as `auto_explain` logs them.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use hiroba_benches::client::{Ask, Connection};
use tokio_postgres::Client;

/// Lines of postgresql.conf: plans can be logged, and are not until it is said.
pub(crate) const SETTINGS: &str = "session_preload_libraries = 'auto_explain'
auto_explain.log_analyze = on
auto_explain.log_buffers = on
auto_explain.log_min_duration = -1";

/// How long running sessions take to notice a setting, and lines to be in the log.
const NOTICE: Duration = Duration::from_millis(500);

/// The plans, with times and buffers, of the statements that one request leads to.
pub(crate) async fn of(database: &Client, broker: &mut Connection, ask: &Ask) -> String {
    let folder: String = database.query_one("show data_directory", &[]).await.unwrap().get(0);
    let mut log = std::fs::File::open(Path::new(&folder).join("log")).unwrap();
    set(database, "alter system set auto_explain.log_min_duration = 0").await;
    log.seek(SeekFrom::End(0)).unwrap();
    broker.send(ask).await;
    set(database, "alter system set auto_explain.log_min_duration = -1").await;
    let mut text = String::new();
    log.read_to_string(&mut text).unwrap();
    // An entry begins with a line that is not indented.
    let mut plans: Vec<String> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix('\t') {
            None => plans.push(line.to_owned()),
            Some(line) => {
                if let Some(plan) = plans.last_mut() {
                    plan.push('\n');
                    plan.push_str(line);
                }
            }
        }
    }
    // What the broker does besides, all the time, is left out.
    let of_query = |plan: &&String| plan.contains("e.payload") || plan.contains("select count(*) from");
    let plans: Vec<&str> = plans.iter().filter(of_query).map(String::as_str).collect();
    plans.join("\n")
}

async fn set(database: &Client, sql: &str) {
    database.batch_execute(sql).await.unwrap();
    database.batch_execute("select pg_reload_conf()").await.unwrap();
    tokio::time::sleep(NOTICE).await;
}
