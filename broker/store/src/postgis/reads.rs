//! Reading from PostGIS.

use hiroba_vocab::Iri;

use super::PostGis;
use crate::error::Result;
use crate::index::{Definitions, Shape};
use crate::model::{Position, ShapeCount, ValueIndex};
use crate::plan::{Leaf, Narrow, Terms};
use crate::rows::{ChangeRow, Row, TouchedRow};
use crate::sql::{self, Dialect, Fetch};
use crate::subscriptions::sql::UNHEARD;

/// With up to so many type sets, looking for an entity among each of them costs less than reading it.
const TYPE_SETS: usize = 8;

fn row(row: &tokio_postgres::Row) -> Row {
    Row { seq: row.get(0), version: row.get(1), payload: row.get(2) }
}

fn change(row: &tokio_postgres::Row) -> ChangeRow {
    ChangeRow {
        transaction: row.get(0),
        number: row.get(1),
        tenant: row.get(2),
        entity: row.get(3),
        at: row.get(4),
        version: row.get(5),
        change: row.get(6),
        hidden: row.get(7),
    }
}

impl PostGis {
    pub(crate) async fn tenant(&self, name: &str) -> Result<Option<i64>> {
        let client = self.client().await?;
        let statement = client.prepare_cached("select id::bigint from tenant where name = $1").await?;
        Ok(client.query_opt(&statement, &[&name]).await?.map(|row| row.get(0)))
    }

    pub(crate) async fn create_tenant(&self, name: &str) -> Result<i64> {
        let client = self.client().await?;
        client.execute("insert into tenant (name) values ($1) on conflict do nothing", &[&name]).await?;
        Ok(client.query_one("select id::bigint from tenant where name = $1", &[&name]).await?.get(0))
    }

    pub(crate) async fn owner(&self, tenant: i64) -> Result<Option<(String, Option<String>)>> {
        let rows = self.select(crate::owner::OWNER, &[&tenant]).await?;
        Ok(rows.first().map(|row| (row.get(0), row.get(1))))
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<(i64, String)>> {
        let rows =
            self.client().await?.query("select id::bigint, name from tenant where not hidden order by id", &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub(crate) async fn installation(&self) -> Result<String> {
        Ok(self.client().await?.query_one("select name from installation", &[]).await?.get(0))
    }

    pub(crate) async fn terms(&self, iris: &[String]) -> Result<Terms> {
        let client = self.client().await?;
        let statement = client.prepare_cached("select iri, id::bigint from term where iri = any($1)").await?;
        let rows = client.query(&statement, &[&iris]).await?;
        Ok(rows.iter().map(|row| (Iri::from_expanded(row.get::<_, String>(0)), row.get(1))).collect())
    }

    pub(crate) async fn load(&self, tenant: i64, ids: &[String]) -> Result<Vec<Row>> {
        let client = self.client().await?;
        // One id is by far the most common case, and the plan for it is the simplest.
        let rows = if let [id] = ids {
            let sql = "select seq, version, payload from entity where tenant = $1::bigint and id = $2";
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, &[&tenant, id]).await?
        } else {
            let sql = "select seq, version, payload from entity where tenant = $1::bigint and id = any($2)";
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, &[&tenant, &ids]).await?
        };
        Ok(rows.iter().map(row).collect())
    }

    /// Those of the entities of which a record tells another history than what its change did.
    pub(crate) async fn rewritten(&self, tenant: i64, ids: &[String]) -> Result<Vec<String>> {
        let client = self.client().await?;
        let sql = "select distinct entity from change
                   where tenant = $1::bigint and entity = any($2) and history is not null";
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&tenant, &ids]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    pub(crate) async fn probe(&self, tenant: i64, leaf: &Leaf, limit: i64) -> Result<i64> {
        // Places come one by one from all over the disk, so that counting them up to the limit costs more than a page.
        // A wrong estimate costs time alone.
        if matches!(leaf, Leaf::Area(..)) && self.estimate(tenant, leaf).await? >= limit {
            return Ok(limit);
        }
        let rows = self.run(&sql::probe(Dialect::PostGis, tenant, leaf, limit)).await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    /// How many rows of a leaf the statistics of the table promise.
    async fn estimate(&self, tenant: i64, leaf: &Leaf) -> Result<i64> {
        let rows = self.run(&sql::estimate(tenant, leaf)).await?;
        let plan: &str = rows.first().map_or("", |row| row.get(0));
        let expected = plan.split_once(" rows=").and_then(|(_, rest)| rest.split_once(' ')?.0.parse().ok());
        Ok(expected.unwrap_or_default())
    }

    pub(crate) async fn count(&self, tenant: i64, narrow: &Narrow) -> Result<i64> {
        let rows = self.run(&sql::count(Dialect::PostGis, tenant, narrow)).await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    pub(crate) async fn fetch(&self, fetch: &Fetch<'_>) -> Result<Vec<Row>> {
        let sql = match (fetch.drive.filter(|leaf| !matches!(leaf, Leaf::Ids(_))), fetch.narrow.types()) {
            (Some(leaf), Some(types)) => {
                let rows = self.run(&sql::type_sets(Dialect::PostGis, types)).await?;
                let type_sets: Vec<i64> = rows.iter().map(|row| i64::from(row.get::<_, i32>(0))).collect();
                match type_sets.len() {
                    0 => return Ok(Vec::new()),
                    1..=TYPE_SETS => sql::fetch_driven_by_type_set(fetch, leaf, type_sets),
                    _ => sql::fetch(Dialect::PostGis, fetch),
                }
            }
            _ => sql::fetch(Dialect::PostGis, fetch),
        };
        let rows = self.run(&sql).await?;
        Ok(rows.iter().map(row).collect())
    }

    /// All entities of all tenants after `after`, as they are now, with the tenant's number. Those in snapshots only if
    /// `hidden`.
    pub(crate) async fn scan(&self, after: i64, limit: i64, hidden: bool) -> Result<Vec<(i64, Row)>> {
        // By tenant and type set first: there is no index over all tenants by seq, and none is worth its keep.
        let sql = "select tenant::bigint, s.seq, s.version, s.payload
                   from (select t.id as tenant, m.id as types from tenant t cross join type_set m
                         where $3 or not t.hidden) p
                   cross join lateral (select seq, version, payload from entity e
                       where e.tenant = p.tenant and e.types = p.types and e.seq > $1 order by e.seq limit $2) s
                   order by s.seq limit $2";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&after, &limit, &hidden]).await?;
        let row = |r: &tokio_postgres::Row| (r.get(0), Row { seq: r.get(1), version: r.get(2), payload: r.get(3) });
        Ok(rows.iter().map(row).collect())
    }

    pub(crate) async fn shapes(&self, tenant: i64) -> Result<Vec<ShapeCount>> {
        let sql = "select s.key, c.n from
                       (select shape, count(*) as n from entity where tenant = $1::bigint group by shape) c
                   join shape s on s.id = c.shape";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&tenant]).await?;
        let parse = |row: &tokio_postgres::Row| {
            let shape: Shape = serde_json::from_str(row.get(0)).ok()?;
            Some(ShapeCount { shape, entities: row.get::<_, i64>(1).unsigned_abs() })
        };
        Ok(rows.iter().filter_map(parse).collect())
    }

    pub(crate) async fn definitions(&self) -> Result<Definitions> {
        let sql = "select v.version, i.id::bigint, i.path, i.origin, i.ready
                   from index_version v left join value_index i on true order by i.id";
        let rows = self.client().await?.query(sql, &[]).await?;
        let version = rows.first().map_or(0, |row| row.get(0));
        let parse = |row: &tokio_postgres::Row| {
            let path: Option<String> = row.get(2);
            Some(ValueIndex {
                id: row.get(1),
                path: serde_json::from_str(&path?).ok()?,
                origin: row.get(3),
                ready: row.get(4),
            })
        };
        let indexes = rows.iter().filter(|row| row.get::<_, Option<i64>>(1).is_some()).filter_map(parse).collect();
        Ok(Definitions { version, indexes })
    }

    /// Changes after a position, up to the oldest transaction that is still under way: what commits later has a
    /// greater position, so a reader that goes on from the last one misses nothing.
    ///
    /// Those inside snapshots are hidden; with `subscribed`, only where nobody subscribes to the snapshot.
    pub(crate) async fn changes(&self, after: Position, limit: i64, subscribed: bool) -> Result<Vec<ChangeRow>> {
        let hidden = if subscribed { UNHEARD } else { "t.hidden" };
        let sql = format!(
            "select c.transaction, c.version, t.name, c.entity, (extract(epoch from c.at) * 1000000)::bigint, c.version,
                    case when {hidden} then '' else c.change end, {hidden}
             from change c join tenant t on t.id = c.tenant
             where (c.transaction, c.version) > ($1, $2)
               and c.transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint + $4
             order by c.transaction, c.version limit $3"
        );
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let (transaction, version) = (number(after.transaction), number(after.number));
        let rows = client.query(&statement, &[&transaction, &version, &limit, &self.position_base]).await?;
        Ok(rows.iter().map(change).collect())
    }

    /// Changes of one entity after a version, in their order.
    pub(crate) async fn changes_of(&self, tenant: i64, entity: &str, after: i64, limit: i64) -> Result<Vec<ChangeRow>> {
        let sql = "select c.transaction, c.version, t.name, c.entity,
                          (extract(epoch from c.at) * 1000000)::bigint, c.version, c.change, t.hidden
                   from change c join tenant t on t.id = c.tenant
                   where c.tenant = $1::bigint and c.entity = $2 and c.version > $3
                   order by c.version limit $4";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&tenant, &entity, &after, &limit]).await?;
        Ok(rows.iter().map(change).collect())
    }

    /// As [`changes`](Self::changes), without what was done where nothing in it can expire.
    pub(crate) async fn touched(&self, after: Position, limit: i64) -> Result<Vec<TouchedRow>> {
        let sql = "select transaction, version, tenant::bigint, entity,
                          case when strpos(change, 'xpiresAt') > 0 then change end
                   from change
                   where (transaction, version) > ($1, $2)
                     and transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint + $4
                   order by transaction, version limit $3";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let (transaction, version) = (number(after.transaction), number(after.number));
        let rows = client.query(&statement, &[&transaction, &version, &limit, &self.position_base]).await?;
        let touched = |row: &tokio_postgres::Row| {
            let (transaction, version): (i64, i64) = (row.get(0), row.get(1));
            TouchedRow {
                position: Position { transaction: transaction.unsigned_abs(), number: version.unsigned_abs() },
                tenant: row.get(2),
                entity: row.get(3),
                version,
                expiring: row.get(4),
            }
        };
        Ok(rows.iter().map(touched).collect())
    }

    /// The greatest position such that nothing before it can still appear.
    pub(crate) async fn head(&self) -> Result<Position> {
        let sql = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 + $1::bigint";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let transaction: i64 = client.query_one(&statement, &[&self.position_base]).await?.get(0);
        Ok(Position { transaction: transaction.unsigned_abs(), number: i64::MAX.unsigned_abs() })
    }

    /// The first position that the log still holds.
    pub(crate) async fn oldest(&self) -> Result<Option<Position>> {
        let sql = "select transaction, version from change order by transaction, version limit 1";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let row = client.query_opt(&statement, &[]).await?;
        Ok(row.map(|row| {
            let (transaction, number): (i64, i64) = (row.get(0), row.get(1));
            Position { transaction: transaction.unsigned_abs(), number: number.unsigned_abs() }
        }))
    }

    /// Entities of all tenants of which something has expired at `now`, the longest ago first.
    pub(crate) async fn expired(&self, now: i64, limit: i64) -> Result<Vec<(i64, Row)>> {
        let sql = "select tenant::bigint, seq, version, payload from entity
                   where expires_at is not null and expires_at <= $1 order by expires_at limit $2";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&now, &limit]).await?;
        let row = |r: &tokio_postgres::Row| (r.get(0), Row { seq: r.get(1), version: r.get(2), payload: r.get(3) });
        Ok(rows.iter().map(row).collect())
    }

    /// The earliest expiry of all, in microseconds.
    pub(crate) async fn next_expiry(&self) -> Result<Option<i64>> {
        let sql = "select min(expires_at) from entity where expires_at is not null";
        Ok(self.client().await?.query_one(sql, &[]).await?.get(0))
    }
}
