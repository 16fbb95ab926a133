//! Addresses that files are fetched from, in SQLite.

use rusqlite::{OptionalExtension, Row, params};

use super::{Sqlite, Writer};
use crate::error::Result;
use crate::sources::{Delivery, SourceKey, SourceRow};

const ONE: &str = "select url, part, tried_at, succeeded_at, failures, error, etag, last_modified, sha256, settings, versions \
                   from source where tenant = ?1 and url = ?2 and part = ?3";

const ALL: &str = "select url, part, tried_at, succeeded_at, failures, error, etag, last_modified, sha256, settings, versions \
                   from source where tenant = ?1 order by url, part limit ?2";

const TRY: &str = "insert into source (tenant, url, part, tried_at, failures, error) values (?1, ?2, ?3, ?4, 1, ?5) \
                   on conflict (tenant, url, part) do update set tried_at = excluded.tried_at, \
                   failures = failures + 1, error = excluded.error where tried_at = ?6";

const FAILED: &str = "update source set error = ?4 where tenant = ?1 and url = ?2 and part = ?3";

const SUCCEEDED: &str = "insert into source (tenant, url, part, tried_at, succeeded_at, failures, error, etag, last_modified, \
     sha256, settings, versions) values (?1, ?2, ?3, ?4, ?4, 0, null, ?5, ?6, ?7, ?8, ?9) \
     on conflict (tenant, url, part) do update set succeeded_at = excluded.succeeded_at, failures = 0, error = null, \
     etag = excluded.etag, last_modified = excluded.last_modified, sha256 = excluded.sha256, settings = excluded.settings, \
     versions = excluded.versions";

fn source(row: &Row<'_>) -> rusqlite::Result<SourceRow> {
    Ok(SourceRow {
        url: row.get(0)?,
        part: row.get(1)?,
        tried_at: row.get(2)?,
        succeeded_at: row.get(3)?,
        failures: row.get(4)?,
        error: row.get(5)?,
        etag: row.get(6)?,
        last_modified: row.get(7)?,
        sha256: row.get(8)?,
        settings: row.get(9)?,
        versions: row.get(10)?,
    })
}

impl Sqlite {
    pub(crate) async fn source(&self, tenant: i64, key: SourceKey) -> Result<Option<SourceRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(ONE)?;
            Ok(statement.query_row(params![tenant, key.url, key.part], source).optional()?)
        })
        .await
    }

    pub(crate) async fn sources(&self, tenant: i64, limit: i64) -> Result<Vec<SourceRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(ALL)?;
            Ok(statement.query_map(params![tenant, limit], source)?.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

impl Writer {
    pub(crate) fn try_source(
        &mut self,
        tenant: i64,
        key: &SourceKey,
        before: Option<i64>,
        at: i64,
        unfinished: &str,
    ) -> Result<bool> {
        Ok(self.connection.execute(TRY, params![tenant, key.url, key.part, at, unfinished, before])? == 1)
    }

    pub(crate) fn source_failed(&mut self, tenant: i64, key: &SourceKey, error: &str) -> Result<()> {
        self.connection.execute(FAILED, params![tenant, key.url, key.part, error])?;
        Ok(())
    }

    pub(crate) fn source_succeeded(
        &mut self,
        tenant: i64,
        key: &SourceKey,
        at: i64,
        delivery: &Delivery,
    ) -> Result<()> {
        let Delivery { etag, last_modified, sha256, settings, .. } = delivery;
        let versions = delivery.versions_json()?;
        let parameters = params![tenant, key.url, key.part, at, etag, last_modified, sha256, settings, versions];
        self.connection.execute(SUCCEEDED, parameters)?;
        Ok(())
    }
}
