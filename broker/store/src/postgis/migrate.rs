//! Schema versions of PostGIS, the partitions of the log, and the base of positions.

use deadpool_postgres::Object;

use crate::error::{Result, StoreError};

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgis/0001_initial.sql"),
    include_str!("../../migrations/postgis/0002_contexts.sql"),
    include_str!("../../migrations/postgis/0003_history.sql"),
    include_str!("../../migrations/postgis/0004_entity_maps.sql"),
    include_str!("../../migrations/postgis/0005_snapshots.sql"),
    include_str!("../../migrations/postgis/0006_dataset_versions.sql"),
    include_str!("../../migrations/postgis/0007_sources.sql"),
    include_str!("../../migrations/postgis/0008_dataset_batches.sql"),
    include_str!("../../migrations/postgis/0009_subscriptions.sql"),
    include_str!("../../migrations/postgis/0010_deliveries.sql"),
    include_str!("../../migrations/postgis/0011_registrations.sql"),
    include_str!("../../migrations/postgis/0012_rewritten_history.sql"),
];

/// Any number, as long as all processes use the same: only one migrates at a time.
const LOCK: i64 = 0x4849_524F_4241;

/// Months of the log for which partitions are made ahead.
const AHEAD: i32 = 3;

/// Brings the schema up to date. Returns what to add to transaction numbers.
pub(super) async fn migrate(client: &mut Object) -> Result<i64> {
    let transaction = client.transaction().await?;
    transaction.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction.batch_execute("create extension if not exists postgis").await.map_err(|e| {
        StoreError::Schema(format!(
            "PostGIS is not installed in this database (Debian package postgresql-15-postgis-3): {}",
            StoreError::from(e)
        ))
    })?;
    transaction.batch_execute("create table if not exists hiroba_schema (version integer not null)").await?;
    let row = transaction.query_opt("select version from hiroba_schema", &[]).await?;
    let version = row.map_or(0, |row| row.get::<_, i32>(0));
    let known = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    if version > known {
        return Err(StoreError::Schema(format!(
            "the database has schema {version}, this program knows {known}; use a newer program"
        )));
    }
    for (i, migration) in MIGRATIONS.iter().enumerate().skip(usize::try_from(version).unwrap_or(0)) {
        transaction
            .batch_execute(migration)
            .await
            .map_err(|e| StoreError::Schema(format!("migration {}: {}", i + 1, StoreError::from(e))))?;
    }
    if version < known {
        transaction.execute("delete from hiroba_schema", &[]).await?;
        transaction.execute("insert into hiroba_schema (version) values ($1)", &[&known]).await?;
    }
    make_partitions(&transaction).await?;
    let base = position_base(&transaction).await?;
    transaction.commit().await?;
    Ok(base)
}

/// Makes the partitions of the log for the coming months, and one for everything else, so that no write ever lacks one.
pub(super) async fn make_partitions(transaction: &deadpool_postgres::Transaction<'_>) -> Result<()> {
    let sql = format!(
        "do $$ declare month date; begin
            execute 'create table if not exists change_other partition of change default';
            for i in 0..{AHEAD} loop
                month := date_trunc('month', now() at time zone 'UTC')::date + make_interval(months => i);
                if to_regclass('change_' || to_char(month, 'YYYY_MM')) is null then
                    execute format('create table %I partition of change for values from (%L) to (%L)',
                        'change_' || to_char(month, 'YYYY_MM'),
                        month::text || ' 00:00:00Z', (month + interval '1 month')::date::text || ' 00:00:00Z');
                end if;
            end loop;
        end $$"
    );
    Ok(transaction.batch_execute(&sql).await?)
}

/// Positions must keep growing when a database is restored on another server, whose transaction numbers start again:
/// then they are raised above the greatest that is logged, or that subscriptions and their matching go on from.
async fn position_base(transaction: &deadpool_postgres::Transaction<'_>) -> Result<i64> {
    let sql = "update position_base set base = greatest(base,
                   coalesce(greatest((select max(transaction) from change),
                                     (select max(position_transaction) from matching),
                                     (select max(since_transaction) from subscription)), 0)
                   + 1 - pg_current_xact_id()::text::bigint)
               returning base";
    Ok(transaction.query_one(sql, &[]).await?.get(0))
}
