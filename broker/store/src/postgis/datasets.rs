//! Versions of data sets in PostGIS.

use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::PostGis;
use crate::datasets::sql::{self, numbered};
use crate::datasets::{Claim, DatasetRow, DifferenceRow, NewVersion, PendingRow, ReversalRow, Settled, VersionRow};
use crate::error::Result;

fn version(row: &Row) -> VersionRow {
    VersionRow {
        number: row.get(0),
        kind: row.get(1),
        state: row.get(2),
        restores: row.get(3),
        begun_at: row.get(4),
        finished_at: row.get(5),
        details: row.get(6),
    }
}

impl PostGis {
    pub(super) async fn select(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&numbered(sql)).await?;
        Ok(client.query(&statement, parameters).await?)
    }

    pub(crate) async fn claim_dataset(
        &self,
        tenant: i64,
        dataset: &str,
        until: i64,
        now: i64,
    ) -> Result<Result<i64, i64>> {
        if let Some(row) = self.select(sql::CLAIM, &[&tenant, &dataset, &until, &now]).await?.first() {
            return Ok(Ok(row.get(0)));
        }
        let busy = self.select(sql::CLAIMED_UNTIL, &[&tenant, &dataset]).await?;
        Ok(Err(busy.first().map_or(now, |row| row.get(0))))
    }

    pub(crate) async fn keep_dataset(&self, tenant: i64, dataset: &str, run: i64, until: i64) -> Result<bool> {
        let client = self.client().await?;
        Ok(client.execute(&numbered(sql::KEEP), &[&tenant, &dataset, &run, &until]).await? == 1)
    }

    pub(crate) async fn begin_version(&self, claim: &Claim, new: &NewVersion, at: i64) -> Result<Option<i64>> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        if !still_claimed(&transaction, claim, None).await? {
            return Ok(None);
        }
        let (tenant, dataset) = (claim.tenant.0, claim.dataset.as_str());
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&tenant, &dataset, &new.kind.name(), &new.restores, &at, &new.details];
        let number = transaction.query_one(&numbered(sql::BEGIN), &parameters).await?.get(0);
        transaction.commit().await?;
        Ok(Some(number))
    }

    pub(crate) async fn end_version(
        &self,
        claim: &Claim,
        number: i64,
        state: &str,
        at: i64,
        details: &str,
    ) -> Result<bool> {
        let (tenant, dataset) = (claim.tenant.0, claim.dataset.as_str());
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        if !still_claimed(&transaction, claim, None).await? {
            return Ok(false);
        }
        let parameters: [&(dyn ToSql + Sync); 6] = [&tenant, &dataset, &number, &state, &at, &details];
        transaction.execute(&numbered(sql::FINISH), &parameters).await?;
        transaction.commit().await?;
        Ok(true)
    }

    pub(crate) async fn discard_version(&self, claim: &Claim, number: i64) -> Result<bool> {
        let (tenant, dataset) = (claim.tenant.0, claim.dataset.as_str());
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        if !still_claimed(&transaction, claim, None).await? {
            return Ok(false);
        }
        for sql in [sql::DISCARD_CHANGES, sql::DISCARD] {
            transaction.execute(&numbered(sql), &[&tenant, &dataset, &number]).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    pub(crate) async fn settle_changes(
        &self,
        claim: &Claim,
        number: i64,
        settled: &[(String, Settled)],
    ) -> Result<bool> {
        let (tenant, dataset) = (claim.tenant.0, claim.dataset.as_str());
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        if !still_claimed(&transaction, claim, None).await? {
            return Ok(false);
        }
        for (entity, outcome) in settled {
            match outcome {
                Settled::Done => {
                    let statement = transaction.prepare_cached(&numbered(sql::SETTLE_DONE)).await?;
                    transaction.execute(&statement, &[&tenant, &dataset, &number, entity]).await?;
                }
                Settled::Earlier(document) => {
                    let statement = transaction.prepare_cached(&numbered(sql::SETTLE_EARLIER)).await?;
                    transaction.execute(&statement, &[&tenant, &dataset, &number, entity, document]).await?;
                }
                Settled::NotDone => {
                    let statement = transaction.prepare_cached(&numbered(sql::SETTLE_NOT_DONE)).await?;
                    let row = transaction.query_one(&statement, &[&tenant, &dataset, &number, entity]).await?;
                    if row.get(0) {
                        let parameters: [&(dyn ToSql + Sync); 4] = [&tenant, &dataset, entity, &claim.run];
                        transaction.execute(&numbered(sql::JOIN), &parameters).await?;
                    } else {
                        transaction.execute(&numbered(sql::LEAVE), &[&tenant, &dataset, entity]).await?;
                    }
                }
            }
        }
        transaction.commit().await?;
        Ok(true)
    }

    pub(crate) async fn pending_changes(
        &self,
        claim: &Claim,
        number: i64,
        after: &str,
        limit: i64,
    ) -> Result<Vec<PendingRow>> {
        let parameters: [&(dyn ToSql + Sync); 5] = [&claim.tenant.0, &claim.dataset.as_str(), &number, &after, &limit];
        let rows = self.select(sql::PENDING, &parameters).await?;
        let pending =
            |row: &Row| PendingRow { entity: row.get(0), before: row.get(1), after: row.get(2), again: row.get(3) };
        Ok(rows.iter().map(pending).collect())
    }

    pub(crate) async fn absent_members(&self, claim: &Claim, after: &str, limit: i64) -> Result<Vec<String>> {
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&claim.tenant.0, &claim.dataset.as_str(), &claim.run, &after, &limit];
        Ok(self.select(sql::ABSENT, &parameters).await?.iter().map(|row| row.get(0)).collect())
    }

    pub(crate) async fn count_members(&self, tenant: i64, dataset: &str) -> Result<i64> {
        let rows = self.select(sql::MEMBERS, &[&tenant, &dataset]).await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    pub(crate) async fn datasets(&self, tenant: i64, after: &str, limit: i64) -> Result<Vec<DatasetRow>> {
        let rows = self.select(&sql::datasets(), &[&tenant, &after, &limit]).await?;
        let dataset = |row: &Row| DatasetRow { latest: version(row), dataset: row.get(7), members: row.get(8) };
        Ok(rows.iter().map(dataset).collect())
    }

    pub(crate) async fn dataset_versions(
        &self,
        tenant: i64,
        dataset: &str,
        below: i64,
        limit: i64,
    ) -> Result<Vec<VersionRow>> {
        let rows = self.select(&sql::versions(), &[&tenant, &dataset, &below, &limit]).await?;
        Ok(rows.iter().map(version).collect())
    }

    pub(crate) async fn dataset_differences(
        &self,
        tenant: i64,
        dataset: &str,
        (from, to): (i64, i64),
        after: &str,
        limit: i64,
    ) -> Result<Vec<DifferenceRow>> {
        let rows = self.select(&sql::differences(), &[&tenant, &dataset, &from, &to, &after, &limit]).await?;
        let difference = |row: &Row| DifferenceRow { entity: row.get(0), before: row.get(1), after: row.get(2) };
        Ok(rows.iter().map(difference).collect())
    }

    pub(crate) async fn dataset_reversals(
        &self,
        tenant: i64,
        dataset: &str,
        (back_to, from): (i64, i64),
        after: &str,
        limit: i64,
    ) -> Result<Vec<ReversalRow>> {
        let rows = self.select(&sql::reversals(), &[&tenant, &dataset, &back_to, &from, &after, &limit]).await?;
        let reversal = |row: &Row| ReversalRow {
            entity: row.get(0),
            before: row.get(1),
            member_before: row.get(2),
            after: row.get(3),
            member_after: row.get(4),
        };
        Ok(rows.iter().map(reversal).collect())
    }
}

/// Whether the data set is still the caller's. Nobody else can claim it before the transaction ends.
pub(super) async fn still_claimed(
    transaction: &Transaction<'_>,
    claim: &Claim,
    until: Option<i64>,
) -> Result<bool, tokio_postgres::Error> {
    let parameters: [&(dyn ToSql + Sync); 4] = [&claim.tenant.0, &claim.dataset.as_str(), &claim.run, &until];
    let statement = transaction.prepare_cached(&numbered(sql::STILL_MINE)).await?;
    Ok(transaction.execute(&statement, &parameters).await? == 1)
}
