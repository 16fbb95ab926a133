//! Versions of data sets in SQLite.

use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::{Sqlite, Writer};
use crate::datasets::{
    ChangeRow, Claim, DatasetRow, DifferenceRow, NewVersion, PendingRow, ReversalRow, Settled, VersionRow, sql,
};
use crate::error::Result;

const WAS_MEMBER: &str = "select 1 from dataset_member where tenant = ?1 and dataset = ?2 and entity = ?3";

const NOTE: &str = "insert into dataset_change (tenant, dataset, number, entity, member_before, member_after, document_before, \
     document_after, pending, batch) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 + 1) \
     on conflict (tenant, dataset, number, entity) do update set member_after = excluded.member_after, \
     document_after = excluded.document_after, \
     document_before = case when batch > ?10 and pending = 1 then excluded.document_before else document_before end, \
     pending = case when excluded.pending = 0 then 0 when batch > ?10 and pending = 1 then 1 else 2 end, \
     batch = excluded.batch";

fn version(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    Ok(VersionRow {
        number: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        restores: row.get(3)?,
        begun_at: row.get(4)?,
        finished_at: row.get(5)?,
        details: row.get(6)?,
    })
}

impl Sqlite {
    pub(crate) async fn pending_changes(
        &self,
        claim: Claim,
        number: i64,
        after: String,
        limit: i64,
    ) -> Result<Vec<PendingRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql::PENDING)?;
            let parameters = params![claim.tenant.0, claim.dataset.as_str(), number, after, limit];
            let rows = statement.query_map(parameters, |row| {
                Ok(PendingRow { entity: row.get(0)?, before: row.get(1)?, after: row.get(2)?, again: row.get(3)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn absent_members(&self, claim: Claim, after: String, limit: i64) -> Result<Vec<String>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql::ABSENT)?;
            let parameters = params![claim.tenant.0, claim.dataset.as_str(), claim.run, after, limit];
            let rows = statement.query_map(parameters, |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn count_members(&self, tenant: i64, dataset: String) -> Result<i64> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql::MEMBERS)?;
            Ok(statement.query_row(params![tenant, dataset], |row| row.get(0))?)
        })
        .await
    }

    pub(crate) async fn datasets(&self, tenant: i64, after: String, limit: i64) -> Result<Vec<DatasetRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql::datasets())?;
            let rows = statement.query_map(params![tenant, after, limit], |row| {
                Ok(DatasetRow { latest: version(row)?, dataset: row.get(7)?, members: row.get(8)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn dataset_versions(
        &self,
        tenant: i64,
        dataset: String,
        below: i64,
        limit: i64,
    ) -> Result<Vec<VersionRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql::versions())?;
            let rows = statement.query_map(params![tenant, dataset, below, limit], version)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn dataset_differences(
        &self,
        tenant: i64,
        dataset: String,
        (from, to): (i64, i64),
        after: String,
        limit: i64,
    ) -> Result<Vec<DifferenceRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql::differences())?;
            let rows = statement.query_map(params![tenant, dataset, from, to, after, limit], |row| {
                Ok(DifferenceRow { entity: row.get(0)?, before: row.get(1)?, after: row.get(2)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn dataset_reversals(
        &self,
        tenant: i64,
        dataset: String,
        (back_to, from): (i64, i64),
        after: String,
        limit: i64,
    ) -> Result<Vec<ReversalRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql::reversals())?;
            let rows = statement.query_map(params![tenant, dataset, back_to, from, after, limit], |row| {
                Ok(ReversalRow {
                    entity: row.get(0)?,
                    before: row.get(1)?,
                    member_before: row.get(2)?,
                    after: row.get(3)?,
                    member_after: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

impl Writer {
    pub(crate) fn claim_dataset(
        &mut self,
        tenant: i64,
        dataset: &str,
        until: i64,
        now: i64,
    ) -> Result<Result<i64, i64>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let run: Option<i64> =
            transaction.query_row(sql::CLAIM, params![tenant, dataset, until, now], |row| row.get(0)).optional()?;
        let claimed = match run {
            Some(run) => Ok(run),
            None => Err(transaction.query_row(sql::CLAIMED_UNTIL, params![tenant, dataset], |row| row.get(0))?),
        };
        transaction.commit()?;
        Ok(claimed)
    }

    pub(crate) fn keep_dataset(&mut self, tenant: i64, dataset: &str, run: i64, until: i64) -> Result<bool> {
        Ok(self.connection.execute(sql::KEEP, params![tenant, dataset, run, until])? == 1)
    }

    pub(crate) fn begin_version(&mut self, claim: &Claim, new: &NewVersion, at: i64) -> Result<Option<i64>> {
        self.claimed(claim, None, |transaction| {
            let parameters =
                params![claim.tenant.0, claim.dataset.as_str(), new.kind.name(), new.restores, at, new.details];
            Ok(transaction.query_row(sql::BEGIN, parameters, |row| row.get(0))?)
        })
    }

    pub(crate) fn note_changes(
        &mut self,
        claim: &Claim,
        number: i64,
        changes: &[ChangeRow],
        again: bool,
        until: i64,
    ) -> Result<Option<u64>> {
        let (tenant, dataset) = (claim.tenant.0, claim.dataset.as_str());
        self.claimed(claim, Some(until), |transaction| {
            let settled: i64 = transaction
                .prepare_cached(sql::SETTLE)?
                .query_row(params![tenant, dataset, number, i64::from(!again)], |row| row.get(0))?;
            let mut noted = 0;
            for change in changes {
                let was_member = transaction
                    .prepare_cached(WAS_MEMBER)?
                    .query_row(params![tenant, dataset, change.entity], |_| Ok(()))
                    .optional()?
                    .is_some();
                if change.writes || change.always || was_member != change.member {
                    noted += 1;
                    transaction.prepare_cached(NOTE)?.execute(params![
                        tenant,
                        dataset,
                        number,
                        change.entity,
                        was_member,
                        change.member,
                        change.before,
                        change.after,
                        change.writes,
                        settled
                    ])?;
                }
                if change.member {
                    join(transaction, claim, &change.entity)?;
                } else {
                    transaction.prepare_cached(sql::LEAVE)?.execute(params![tenant, dataset, change.entity])?;
                }
            }
            Ok(noted)
        })
    }

    pub(crate) fn end_version(
        &mut self,
        claim: &Claim,
        number: i64,
        state: &str,
        at: i64,
        details: &str,
    ) -> Result<bool> {
        let (tenant, dataset) = (claim.tenant.0, claim.dataset.as_str());
        let ended = self.claimed(claim, None, |transaction| {
            transaction.execute(sql::FINISH, params![tenant, dataset, number, state, at, details])?;
            Ok(())
        })?;
        Ok(ended.is_some())
    }

    pub(crate) fn discard_version(&mut self, claim: &Claim, number: i64) -> Result<bool> {
        let discarded = self.claimed(claim, None, |transaction| {
            for sql in [sql::DISCARD_CHANGES, sql::DISCARD] {
                transaction.execute(sql, params![claim.tenant.0, claim.dataset.as_str(), number])?;
            }
            Ok(())
        })?;
        Ok(discarded.is_some())
    }

    pub(crate) fn settle_changes(&mut self, claim: &Claim, number: i64, settled: &[(String, Settled)]) -> Result<bool> {
        let (tenant, dataset) = (claim.tenant.0, claim.dataset.as_str());
        let settled = self.claimed(claim, None, |transaction| {
            for (entity, outcome) in settled {
                match outcome {
                    Settled::Done => {
                        transaction.execute(sql::SETTLE_DONE, params![tenant, dataset, number, entity])?;
                    }
                    Settled::Earlier(document) => {
                        let parameters = params![tenant, dataset, number, entity, document];
                        transaction.execute(sql::SETTLE_EARLIER, parameters)?;
                    }
                    Settled::NotDone => {
                        let parameters = params![tenant, dataset, number, entity];
                        let was: bool = transaction.query_row(sql::SETTLE_NOT_DONE, parameters, |row| row.get(0))?;
                        if was {
                            join(transaction, claim, entity)?;
                        } else {
                            transaction.execute(sql::LEAVE, params![tenant, dataset, entity])?;
                        }
                    }
                }
            }
            Ok(())
        })?;
        Ok(settled.is_some())
    }

    /// Does something in one transaction if the data set is still the caller's; `None` when it is not.
    fn claimed<T>(
        &mut self,
        claim: &Claim,
        until: Option<i64>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let parameters = params![claim.tenant.0, claim.dataset.as_str(), claim.run, until];
        if transaction.prepare_cached(sql::STILL_MINE)?.execute(parameters)? == 0 {
            return Ok(None);
        }
        let outcome = work(&transaction)?;
        transaction.commit()?;
        Ok(Some(outcome))
    }
}

fn join(transaction: &Transaction<'_>, claim: &Claim, entity: &str) -> Result<()> {
    let parameters = params![claim.tenant.0, claim.dataset.as_str(), entity, claim.run];
    transaction.prepare_cached(sql::JOIN)?.execute(parameters)?;
    Ok(())
}
