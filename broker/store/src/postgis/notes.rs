//! What versions of data sets are about to do, noted before it is done.
//!
//! A file that is imported for the first time brings entities that are new, to the database and to the data set. These
//! are noted by COPY, which knows no `on conflict`: where one of them was noted or is a member already, nothing is, and
//! the batch is noted by the statements that can tell which.

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::datasets::still_claimed;
use super::writes::narrow;
use super::{PostGis, bulk};
use crate::datasets::sql::{self, numbered};
use crate::datasets::{ChangeRow, Claim};
use crate::error::Result;

const NOTE: &str = "
    insert into dataset_change (tenant, dataset, number, entity, member_before, member_after, document_before,
                                document_after, pending, batch)
    select $1::bigint, $2, $3, i.entity, m.entity is not null, i.member, i.old, i.new, i.writes::int::smallint,
           $10::bigint + 1
    from unnest($4::text[], $5::text[], $6::text[], $7::bool[], $8::bool[], $9::bool[])
         as i (entity, old, new, member, writes, always)
    left join dataset_member m on m.tenant = $1::bigint and m.dataset = $2 and m.entity = i.entity
    where i.writes or i.always or (m.entity is not null) <> i.member
    on conflict (tenant, dataset, number, entity) do update set
        member_after = excluded.member_after,
        document_after = excluded.document_after,
        document_before = case when dataset_change.batch > $10 and dataset_change.pending = 1
                          then excluded.document_before else dataset_change.document_before end,
        pending = case when excluded.pending = 0 then 0
                  when dataset_change.batch > $10 and dataset_change.pending = 1 then 1 else 2 end,
        batch = excluded.batch";

const JOIN_ALL: &str = "
    insert into dataset_member (tenant, dataset, entity, seen)
    select $1::bigint, $2, i.entity, $3 from unnest($4::text[], $5::bool[]) as i (entity, member) where i.member
    on conflict (tenant, dataset, entity) do update set seen = excluded.seen";

const LEAVE_ALL: &str = "
    delete from dataset_member where tenant = $1::bigint and dataset = $2 and entity = any ($3::text[])";

/// What a version is about to do, and what has to be told of it.
struct Batch<'a> {
    claim: &'a Claim,
    number: i64,
    changes: &'a [ChangeRow],
    again: bool,
    until: i64,
}

impl PostGis {
    pub(crate) async fn note_changes(
        &self,
        claim: &Claim,
        number: i64,
        changes: &[ChangeRow],
        again: bool,
        until: i64,
    ) -> Result<Option<u64>> {
        let mut client = self.client().await?;
        let batch = Batch { claim, number, changes, again, until };
        if !again && bulk::is_worth_it(changes.len()) && changes.iter().all(ChangeRow::is_new) {
            match batch.note(&mut client, true).await {
                Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {}
                noted => return Ok(noted?),
            }
        }
        Ok(batch.note(&mut client, false).await?)
    }
}

impl Batch<'_> {
    /// Commits the batch. `None` when the data set is somebody else's.
    async fn note(&self, client: &mut Object, copy: bool) -> Result<Option<u64>, tokio_postgres::Error> {
        let (tenant, dataset) = (self.claim.tenant.0, self.claim.dataset.as_str());
        let transaction = client.transaction().await?;
        // The commit of the entities waits for the disk, and with it for this one, which comes before it in the same log.
        transaction.batch_execute("set local synchronous_commit = off").await?;
        if !still_claimed(&transaction, self.claim, Some(self.until)).await? {
            return Ok(None);
        }
        let statement = transaction.prepare_cached(&numbered(sql::SETTLE)).await?;
        let parameters: [&(dyn ToSql + Sync); 4] = [&tenant, &dataset, &self.number, &i64::from(!self.again)];
        let settled = transaction.query_one(&statement, &parameters).await?.get(0);
        let noted =
            if copy { self.copy(&transaction, settled).await? } else { self.insert(&transaction, settled).await? };
        transaction.commit().await?;
        Ok(Some(noted))
    }

    async fn copy(&self, transaction: &Transaction<'_>, settled: i64) -> Result<u64, tokio_postgres::Error> {
        let (tenant, dataset) = (narrow(self.claim.tenant.0), self.claim.dataset.as_str());
        let (batch, pending) = (settled + 1, 1_i16);
        let columns = "tenant, dataset, number, entity, member_before, member_after, document_after, pending, batch";
        let mut out = bulk::into(transaction, "dataset_change", columns).await?;
        for ChangeRow { entity, after, .. } in self.changes {
            let row: [&(dyn ToSql + Sync); 9] =
                [&tenant, &dataset, &self.number, entity, &false, &true, after, &pending, &batch];
            out.as_mut().write(&row).await?;
        }
        let noted = out.as_mut().finish().await?;
        let mut out = bulk::into(transaction, "dataset_member", "tenant, dataset, entity, seen").await?;
        for change in self.changes {
            out.as_mut().write(&[&tenant, &dataset, &change.entity, &self.claim.run]).await?;
        }
        out.as_mut().finish().await?;
        Ok(noted)
    }

    async fn insert(&self, transaction: &Transaction<'_>, settled: i64) -> Result<u64, tokio_postgres::Error> {
        let (tenant, dataset, changes) = (self.claim.tenant.0, self.claim.dataset.as_str(), self.changes);
        let entities: Vec<&str> = changes.iter().map(|change| change.entity.as_str()).collect();
        let before: Vec<Option<&str>> = changes.iter().map(|change| change.before.as_deref()).collect();
        let after: Vec<Option<&str>> = changes.iter().map(|change| change.after.as_deref()).collect();
        let member: Vec<bool> = changes.iter().map(|change| change.member).collect();
        let writes: Vec<bool> = changes.iter().map(|change| change.writes).collect();
        let always: Vec<bool> = changes.iter().map(|change| change.always).collect();
        let statement = transaction.prepare_cached(NOTE).await?;
        let parameters: [&(dyn ToSql + Sync); 10] =
            [&tenant, &dataset, &self.number, &entities, &before, &after, &member, &writes, &always, &settled];
        let noted = transaction.execute(&statement, &parameters).await?;
        let statement = transaction.prepare_cached(JOIN_ALL).await?;
        transaction.execute(&statement, &[&tenant, &dataset, &self.claim.run, &entities, &member]).await?;
        let leave = |change: &ChangeRow| (!change.member).then(|| change.entity.clone());
        let leaving: Vec<String> = changes.iter().filter_map(leave).collect();
        if !leaving.is_empty() {
            let statement = transaction.prepare_cached(LEAVE_ALL).await?;
            transaction.execute(&statement, &[&tenant, &dataset, &leaving]).await?;
        }
        Ok(noted)
    }
}
