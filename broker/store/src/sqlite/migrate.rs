//! Schema versions of SQLite, kept in `pragma user_version`.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Result, StoreError};

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_initial.sql"),
    include_str!("../../migrations/sqlite/0002_contexts.sql"),
    include_str!("../../migrations/sqlite/0003_history.sql"),
    include_str!("../../migrations/sqlite/0004_entity_maps.sql"),
    include_str!("../../migrations/sqlite/0005_snapshots.sql"),
    include_str!("../../migrations/sqlite/0006_dataset_versions.sql"),
    include_str!("../../migrations/sqlite/0007_sources.sql"),
    include_str!("../../migrations/sqlite/0008_dataset_batches.sql"),
    include_str!("../../migrations/sqlite/0009_subscriptions.sql"),
    include_str!("../../migrations/sqlite/0010_deliveries.sql"),
    include_str!("../../migrations/sqlite/0011_registrations.sql"),
    include_str!("../../migrations/sqlite/0012_rewritten_history.sql"),
];

pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = transaction.query_row("pragma user_version", [], |row| row.get(0))?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if version > known {
        return Err(StoreError::Schema(format!(
            "the file has schema {version}, this program knows {known}; use a newer program"
        )));
    }
    for (i, migration) in MIGRATIONS.iter().enumerate().skip(version as usize) {
        transaction.execute_batch(migration).map_err(|e| StoreError::Schema(format!("migration {}: {e}", i + 1)))?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}
