//! What both databases do for versions of data sets.

use crate::datasets::{
    ChangeRow, Claim, DatasetRow, DifferenceRow, NewVersion, PendingRow, ReversalRow, Settled, VersionRow,
};
use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// The number of the claim, or until when somebody else has the data set.
    pub(crate) async fn claim_dataset(
        &self,
        tenant: i64,
        dataset: &str,
        until: i64,
        now: i64,
    ) -> Result<Result<i64, i64>> {
        match self {
            Self::Sqlite { writer, .. } => {
                let dataset = dataset.to_owned();
                writer.run(move |writer| writer.claim_dataset(tenant, &dataset, until, now)).await
            }
            Self::PostGis { database, .. } => database.claim_dataset(tenant, dataset, until, now).await,
        }
    }

    pub(crate) async fn keep_dataset(&self, tenant: i64, dataset: &str, run: i64, until: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let dataset = dataset.to_owned();
                writer.run(move |writer| writer.keep_dataset(tenant, &dataset, run, until)).await
            }
            Self::PostGis { database, .. } => database.keep_dataset(tenant, dataset, run, until).await,
        }
    }

    pub(crate) async fn begin_version(&self, claim: &Claim, new: NewVersion, at: i64) -> Result<Option<i64>> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run(move |writer| writer.begin_version(&claim, &new, at)).await
            }
            Self::PostGis { database, .. } => database.begin_version(claim, &new, at).await,
        }
    }

    pub(crate) async fn note_changes(
        &self,
        claim: &Claim,
        number: i64,
        changes: Vec<ChangeRow>,
        again: bool,
        until: i64,
    ) -> Result<Option<u64>> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run(move |writer| writer.note_changes(&claim, number, &changes, again, until)).await
            }
            Self::PostGis { database, .. } => database.note_changes(claim, number, &changes, again, until).await,
        }
    }

    pub(crate) async fn end_version(
        &self,
        claim: &Claim,
        number: i64,
        state: &'static str,
        at: i64,
        details: String,
    ) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run(move |writer| writer.end_version(&claim, number, state, at, &details)).await
            }
            Self::PostGis { database, .. } => database.end_version(claim, number, state, at, &details).await,
        }
    }

    pub(crate) async fn discard_version(&self, claim: &Claim, number: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run(move |writer| writer.discard_version(&claim, number)).await
            }
            Self::PostGis { database, .. } => database.discard_version(claim, number).await,
        }
    }

    pub(crate) async fn pending_changes(
        &self,
        claim: &Claim,
        number: i64,
        after: &str,
        limit: i64,
    ) -> Result<Vec<PendingRow>> {
        match self {
            Self::Sqlite { database, .. } => {
                database.pending_changes(claim.clone(), number, after.to_owned(), limit).await
            }
            Self::PostGis { database, .. } => database.pending_changes(claim, number, after, limit).await,
        }
    }

    pub(crate) async fn settle_changes(
        &self,
        claim: &Claim,
        number: i64,
        settled: Vec<(String, Settled)>,
    ) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run(move |writer| writer.settle_changes(&claim, number, &settled)).await
            }
            Self::PostGis { database, .. } => database.settle_changes(claim, number, &settled).await,
        }
    }

    pub(crate) async fn absent_members(&self, claim: &Claim, after: &str, limit: i64) -> Result<Vec<String>> {
        match self {
            Self::Sqlite { database, .. } => database.absent_members(claim.clone(), after.to_owned(), limit).await,
            Self::PostGis { database, .. } => database.absent_members(claim, after, limit).await,
        }
    }

    pub(crate) async fn count_members(&self, tenant: i64, dataset: &str) -> Result<i64> {
        match self {
            Self::Sqlite { database, .. } => database.count_members(tenant, dataset.to_owned()).await,
            Self::PostGis { database, .. } => database.count_members(tenant, dataset).await,
        }
    }

    pub(crate) async fn datasets(&self, tenant: i64, after: &str, limit: i64) -> Result<Vec<DatasetRow>> {
        match self {
            Self::Sqlite { database, .. } => database.datasets(tenant, after.to_owned(), limit).await,
            Self::PostGis { database, .. } => database.datasets(tenant, after, limit).await,
        }
    }

    pub(crate) async fn dataset_versions(
        &self,
        tenant: i64,
        dataset: &str,
        below: i64,
        limit: i64,
    ) -> Result<Vec<VersionRow>> {
        match self {
            Self::Sqlite { database, .. } => database.dataset_versions(tenant, dataset.to_owned(), below, limit).await,
            Self::PostGis { database, .. } => database.dataset_versions(tenant, dataset, below, limit).await,
        }
    }

    pub(crate) async fn dataset_differences(
        &self,
        tenant: i64,
        dataset: &str,
        range: (i64, i64),
        after: &str,
        limit: i64,
    ) -> Result<Vec<DifferenceRow>> {
        match self {
            Self::Sqlite { database, .. } => {
                database.dataset_differences(tenant, dataset.to_owned(), range, after.to_owned(), limit).await
            }
            Self::PostGis { database, .. } => database.dataset_differences(tenant, dataset, range, after, limit).await,
        }
    }

    pub(crate) async fn dataset_reversals(
        &self,
        tenant: i64,
        dataset: &str,
        range: (i64, i64),
        after: &str,
        limit: i64,
    ) -> Result<Vec<ReversalRow>> {
        match self {
            Self::Sqlite { database, .. } => {
                database.dataset_reversals(tenant, dataset.to_owned(), range, after.to_owned(), limit).await
            }
            Self::PostGis { database, .. } => database.dataset_reversals(tenant, dataset, range, after, limit).await,
        }
    }
}
