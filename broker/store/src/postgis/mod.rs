//! PostGIS: a pool of readers, and writers that commit groups of writes in one statement each.

mod bulk;
mod connect;
mod contexts;
mod datasets;
mod deliveries;
mod history;
mod maps;
mod migrate;
mod notes;
mod reads;
mod registrations;
mod snapshots;
mod sources;
mod subscriptions;
mod writes;

use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::sync::watch;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Config, NoTls};

use self::connect::Driver;
use crate::error::{Result, StoreError};
use crate::sql::{Param, Sql};

/// How many connections one process opens at most.
const CONNECTIONS: usize = 24;
/// How many more, for notes on deliveries.
const UNSYNCED_CONNECTIONS: usize = 8;
/// How many statements a connection keeps prepared before it starts anew.
const STATEMENTS: usize = 512;
/// The channel on which commits are announced to other processes: a hint, readers poll as well.
const CHANNEL: &str = "hiroba_change";

/// The advisory lock of the process that removes what has expired.
const REAPING: i64 = 0x6869_726f_6261_0001;

/// An open PostGIS database.
#[derive(Clone)]
pub(crate) struct PostGis {
    pool: Pool,
    /// Connections whose commits do not wait for the disk.
    unsynced: Pool,
    config: Arc<Config>,
    /// What is added to the server's transaction numbers.
    position_base: i64,
    description: Arc<str>,
    _driver: Arc<Driver>,
}

impl PostGis {
    /// Connects and brings the schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let mut config: Config =
            url.parse().map_err(|e| StoreError::Address(format!("{}: {e}", without_password(url))))?;
        if config.get_application_name().is_none() {
            config.application_name("hiroba");
        }
        // Index plans for every statement that is prepared once and run a million times: a plan made while the tables
        // were empty would otherwise scan them when they are large.
        let options = config.get_options().map(ToOwned::to_owned).unwrap_or_default();
        config.options(format!("{options} -c enable_seqscan=off -c jit=off -c statement_timeout=30000"));
        let driver =
            Driver::start().map_err(|e| StoreError::Unavailable(format!("no thread for its connections: {e}")))?;
        let pool = connections(&driver, config.clone(), CONNECTIONS)?;
        let mut careless = config.clone();
        careless.options(format!("{} -c synchronous_commit=off", config.get_options().unwrap_or_default()));
        let unsynced = connections(&driver, careless, UNSYNCED_CONNECTIONS)?;
        let mut client = pool.get().await?;
        let position_base = migrate::migrate(&mut client).await?;
        let row = client.query_one("select current_setting('server_version'), postgis_lib_version()", &[]).await?;
        let (server, postgis): (String, String) = (row.get(0), row.get(1));
        let description = format!("PostgreSQL {server} with PostGIS {postgis}");
        Ok(Self {
            pool,
            unsynced,
            config: Arc::new(config),
            position_base,
            description: description.into(),
            _driver: Arc::new(driver),
        })
    }

    async fn client(&self) -> Result<Object> {
        let client = self.pool.get().await?;
        if client.statement_cache.size() > STATEMENTS {
            client.statement_cache.clear();
        }
        Ok(client)
    }

    async fn run(&self, sql: &Sql) -> Result<Vec<tokio_postgres::Row>> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql.text).await?;
        let params: Vec<&(dyn ToSql + Sync)> = sql.params.iter().map(param).collect();
        Ok(client.query(&statement, &params).await?)
    }

    /// Tells other processes that something was committed.
    pub(crate) async fn announce(&self) -> Result<()> {
        // A statement of its own, after the commit: inside a distributed transaction it would be refused.
        self.client().await?.execute(&format!("notify {CHANNEL}"), &[]).await?;
        Ok(())
    }

    /// Wakes `woken` at every announcement, until the connection breaks.
    pub(crate) async fn listen(&self, woken: &watch::Sender<()>) -> Result<()> {
        let (client, mut connection) = self.config.connect(NoTls).await?;
        let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
        let woken = woken.clone();
        let driver = tokio::spawn(async move {
            loop {
                let message = tokio::select! {
                    message = std::future::poll_fn(|cx| connection.poll_message(cx)) => message,
                    _ = &mut stopped => break,
                };
                match message {
                    Some(Ok(AsyncMessage::Notification(_))) => {
                        woken.send_replace(());
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                }
            }
        });
        let outcome = client.batch_execute(&format!("listen {CHANNEL}")).await;
        if outcome.is_ok() {
            // The driver ends when the connection does.
            let _ = driver.await;
        }
        drop(stop);
        Ok(outcome?)
    }

    /// Does work while no other process does the same; `None` when another one is at it.
    pub(crate) async fn alone<T>(&self, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        let mut client = self.client().await?;
        // A lock of a transaction, not of the session: whatever happens, it is gone when the connection is used again.
        let transaction = client.transaction().await?;
        let row = transaction.query_one("select pg_try_advisory_xact_lock($1)", &[&REAPING]).await?;
        if !row.get::<_, bool>(0) {
            return Ok(None);
        }
        let outcome = work.await?;
        transaction.commit().await?;
        Ok(Some(outcome))
    }

    /// What to tell a person about this database.
    pub(crate) fn describe(&self) -> String {
        self.description.to_string()
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<()> {
        self.client().await?.simple_query("select 1").await?;
        Ok(())
    }
}

impl std::fmt::Debug for PostGis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.description)
    }
}

fn connections(driver: &Driver, config: Config, most: usize) -> Result<Pool> {
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(config, driver.connect(), settings);
    Pool::builder(manager)
        .max_size(most)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(std::time::Duration::from_secs(10)))
        .create_timeout(Some(std::time::Duration::from_secs(10)))
        .build()
        .map_err(|e| StoreError::Unavailable(e.to_string()))
}

fn param(param: &Param) -> &(dyn ToSql + Sync) {
    match param {
        Param::Int(value) => value,
        Param::Float(value) => value,
        Param::Text(text) => text,
        Param::Ints(values) => values,
        Param::Texts(values) => values,
    }
}

/// A database address that is fit for logs.
pub(crate) fn without_password(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
        Some((scheme, (user, host))) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_never_reaches_a_log() {
        for (url, shown) in [
            ("postgres://hiroba:s3cret@db.local:5432/city", "postgres://hiroba@db.local:5432/city"),
            ("postgres://hiroba:p@ss@db/city", "postgres://hiroba@db/city"),
            ("postgres://db/city", "postgres://db/city"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
