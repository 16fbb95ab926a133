//! Writing to PostGIS.

use geo::Geometry;
use postgis::ewkb::{self, GeometryT};
use tokio_postgres::types::ToSql;

use super::{PostGis, bulk, migrate};
use crate::error::Result;
use crate::index::{Shape, ValueKey, ValueKind};
use crate::model::{Outcome, Version};
use crate::rows::{Backfill, Refused, RowWrite};

const WRITE: &str = include_str!("sql/write.sql");
const SRID: Option<i32> = Some(4326);

/// The columns of a group of writes.
#[derive(Default)]
struct Columns<'w> {
    tenant: Vec<i32>,
    id: Vec<&'w str>,
    expected: Vec<i64>,
    types: Vec<i32>,
    shape: Vec<i32>,
    expires_at: Vec<Option<i64>>,
    payload: Vec<Option<&'w str>>,
    reindex: Vec<bool>,
    at: Vec<i64>,
    operation: Vec<&'w str>,
    change: Vec<&'w str>,
    history: Vec<Option<&'w str>>,
    time_from: Vec<i64>,
    time_to: Vec<i64>,
    marks: Vec<i16>,
    scopes: Scopes<'w>,
    geometries: Geometries,
    values: Values<'w>,
}

/// Index rows of scopes. `of` is the number of the write that each belongs to.
#[derive(Default)]
struct Scopes<'w> {
    of: Vec<i64>,
    path: Vec<&'w str>,
}

/// Index rows of geometries.
#[derive(Default)]
struct Geometries {
    of: Vec<i64>,
    attribute: Vec<i32>,
    geom: Vec<GeometryT<ewkb::Point>>,
}

/// Index rows of values.
#[derive(Default)]
struct Values<'w> {
    of: Vec<i64>,
    index: Vec<i32>,
    kind: Vec<i16>,
    number: Vec<Option<f64>>,
    text: Vec<Option<&'w str>>,
}

impl<'w> Values<'w> {
    fn push(&mut self, of: i64, index: i64, kind: ValueKind, key: &'w ValueKey) {
        let (number, text) = match key {
            ValueKey::Number(number) => (Some(*number), None),
            ValueKey::Text(text) => (None, Some(text.as_str())),
        };
        self.of.push(of);
        self.index.push(narrow(index));
        self.kind.push(kind.0);
        self.number.push(number);
        self.text.push(text);
    }
}

pub(super) fn narrow(number: i64) -> i32 {
    // Dictionaries count from 1 in columns of 32 bits; a number that does not fit names nothing.
    i32::try_from(number).unwrap_or(0)
}

impl<'w> Columns<'w> {
    fn of(writes: &'w [RowWrite]) -> Self {
        let mut columns = Self::default();
        for (ord, write) in (1..).zip(writes) {
            columns.add(ord, write);
        }
        columns
    }

    fn add(&mut self, ord: i64, write: &'w RowWrite) {
        let row = write.row.as_ref();
        self.tenant.push(narrow(write.tenant));
        self.id.push(write.id.as_str());
        self.expected.push(write.expected.map_or(0, |version| version.0));
        self.types.push(row.map_or(0, |row| narrow(row.types)));
        self.shape.push(row.map_or(0, |row| narrow(row.shape)));
        self.expires_at.push(row.and_then(|row| row.expires_at));
        self.payload.push(row.map(|row| row.payload.as_str()));
        self.reindex.push(write.reindex.is_some());
        self.at.push(write.at);
        self.operation.push(write.operation);
        self.change.push(&write.change);
        self.history.push(write.history.history.as_deref());
        self.time_from.push(write.history.time_from);
        self.time_to.push(write.history.time_to);
        self.marks.push(write.history.marks);
        let Some(rows) = &write.reindex else { return };
        for path in &rows.scopes {
            self.scopes.of.push(ord);
            self.scopes.path.push(path);
        }
        for (attribute, geometry) in &rows.geometries {
            let Some(geometry) = to_ewkb(geometry) else { continue };
            self.geometries.of.push(ord);
            self.geometries.attribute.push(narrow(*attribute));
            self.geometries.geom.push(geometry);
        }
        for (index, kind, key) in &rows.values {
            self.values.push(ord, *index, *kind, key);
        }
    }
}

impl PostGis {
    /// Commits a group of writes together. No entity may be in it twice.
    pub(crate) async fn write(&self, definitions: i64, writes: &[RowWrite]) -> Result<Vec<Outcome>, Refused> {
        let mut client = self.client().await?;
        if bulk::suits(writes)
            && let Some(outcomes) = bulk::create(&mut client, definitions, self.position_base, writes).await?
        {
            return Ok(outcomes);
        }
        let statement = client.prepare_cached(WRITE).await?;
        let c = Columns::of(writes);
        let params: [&(dyn ToSql + Sync); 27] = [
            &definitions,
            &c.tenant,
            &c.id,
            &c.expected,
            &c.types,
            &c.shape,
            &c.expires_at,
            &c.payload,
            &c.reindex,
            &c.at,
            &c.operation,
            &c.change,
            &c.scopes.of,
            &c.scopes.path,
            &c.geometries.of,
            &c.geometries.attribute,
            &c.geometries.geom,
            &c.values.of,
            &c.values.index,
            &c.values.kind,
            &c.values.number,
            &c.values.text,
            &self.position_base,
            &c.history,
            &c.time_from,
            &c.time_to,
            &c.marks,
        ];
        let rows = client.query(&statement, &params).await?;
        let mut outcomes = vec![Outcome::Conflict; writes.len()];
        for row in &rows {
            let (ord, version, seq): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
            if ord == 0 && version != definitions {
                return Err(Refused::StaleDefinitions);
            }
            if let Some(outcome) = usize::try_from(ord - 1).ok().and_then(|at| outcomes.get_mut(at)) {
                *outcome = Outcome::Done { version: Version(version), seq };
            }
        }
        Ok(outcomes)
    }

    /// The numbers of names, made if they are new.
    pub(crate) async fn intern_terms(&self, iris: &[String]) -> Result<Vec<i64>> {
        let client = self.client().await?;
        let sql = "insert into term (iri) select distinct unnest($1::text[]) on conflict do nothing";
        client.execute(sql, &[&iris]).await?;
        let sql = "select t.id::bigint from unnest($1::text[]) with ordinality as w (iri, ord)
                   join term t on t.iri = w.iri order by w.ord";
        Ok(client.query(sql, &[&iris]).await?.iter().map(|row| row.get(0)).collect())
    }

    /// The numbers of a shape's set of types and of the shape, made if they are new.
    pub(crate) async fn intern_shape(&self, shape: &Shape) -> Result<(i64, i64)> {
        let types: Vec<String> = shape.types.iter().map(ToString::to_string).collect();
        let attributes: Vec<String> = shape.attributes.iter().map(|(name, _)| name.to_string()).collect();
        let type_terms = self.intern_terms(&types).await?;
        let attribute_terms = self.intern_terms(&attributes).await?;
        let mut client = self.client().await?;
        // Members are written with the set: whoever sees its number sees them.
        let transaction = client.transaction().await?;
        let type_set = intern(&transaction, "type_set", "type_member", &shape.types_key(), &type_terms).await?;
        let number = intern(&transaction, "shape", "shape_attribute", &shape.key(), &attribute_terms).await?;
        transaction.commit().await?;
        Ok((type_set, number))
    }

    /// Adds a value index that is not ready yet; `None` when there is one over this path already. Returns when no
    /// writer that does not know of it is left.
    pub(crate) async fn add_index(&self, path: &str, origin: &str) -> Result<Option<i64>> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let sql = "insert into value_index (path, origin) values ($1, $2) on conflict do nothing returning id::bigint";
        let id: Option<i64> = transaction.query_opt(sql, &[&path, &origin]).await?.map(|row| row.get(0));
        if id.is_some() {
            transaction.execute("update index_version set version = version + 1", &[]).await?;
        }
        transaction.commit().await?;
        if id.is_some() {
            self.wait_for_older_statements().await?;
        }
        Ok(id)
    }

    /// Waits until every statement of this user that began before now has ended.
    async fn wait_for_older_statements(&self) -> Result<()> {
        let client = self.client().await?;
        let row = client.query_one("select (extract(epoch from clock_timestamp()) * 1000000)::bigint", &[]).await?;
        let now: i64 = row.get(0);
        let sql = "select exists (select 1 from pg_stat_activity where datname = current_database()
                       and usename = current_user and pid <> pg_backend_pid()
                       and (extract(epoch from xact_start) * 1000000)::bigint <= $1)";
        while client.query_one(sql, &[&now]).await?.get(0) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Marks a value index as complete, or as no longer to be used.
    pub(crate) async fn set_index_ready(&self, id: i64, ready: bool) -> Result<()> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        transaction.execute("update value_index set ready = $2 where id = $1::bigint", &[&id, &ready]).await?;
        transaction.execute("update index_version set version = version + 1", &[]).await?;
        transaction.commit().await?;
        if ready {
            client.batch_execute("analyze value_row").await?;
        }
        Ok(())
    }

    /// Removes a value index and its rows.
    pub(crate) async fn drop_index(&self, id: i64) -> Result<()> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        transaction.execute("delete from value_index where id = $1::bigint", &[&id]).await?;
        transaction.execute("delete from value_row where index_id = $1::bigint", &[&id]).await?;
        transaction.execute("update index_version set version = version + 1", &[]).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes the rows of one value index for entities that are still at the version seen. The version moves, so that
    /// a write that started before sees a conflict and works its index rows out again.
    pub(crate) async fn backfill(&self, index: i64, entities: &[Backfill]) -> Result<()> {
        let sql = "with input as (
                       select * from unnest($1::int[], $2::text[], $3::bigint[]) as i (tenant, id, seen)
                   ),
                   touched as (
                       update entity e set version = nextval('version') from input i
                       where e.tenant = i.tenant and e.id = i.id and e.version = i.seen
                       returning e.tenant, e.id, e.seq
                   )
                   insert into value_row (tenant, index_id, kind, number, text, entity, seq)
                   select t.tenant, v.index_id, v.kind, v.number, v.text, t.id, t.seq
                   from unnest($4::bigint[], $5::int[], $6::smallint[], $7::float8[], $8::text[])
                        as v (seq, index_id, kind, number, text) join touched t on t.seq = v.seq";
        let tenants: Vec<i32> = entities.iter().map(|entity| narrow(entity.tenant)).collect();
        let ids: Vec<&str> = entities.iter().map(|entity| entity.id.as_str()).collect();
        let seen: Vec<i64> = entities.iter().map(|entity| entity.seen).collect();
        let mut values = Values::default();
        for entity in entities {
            for (kind, key) in &entity.values {
                values.push(entity.seq, index, *kind, key);
            }
        }
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        client
            .execute(
                &statement,
                &[&tenants, &ids, &seen, &values.of, &values.index, &values.kind, &values.number, &values.text],
            )
            .await?;
        Ok(())
    }

    /// Makes the partitions of the log for the coming months.
    pub(crate) async fn make_partitions(&self) -> Result<()> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        migrate::make_partitions(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn intern(
    transaction: &deadpool_postgres::Transaction<'_>,
    table: &str,
    members: &str,
    key: &str,
    terms: &[i64],
) -> Result<i64> {
    let select = format!("select id::bigint from {table} where key = $1");
    if let Some(row) = transaction.query_opt(&select, &[&key]).await? {
        return Ok(row.get(0));
    }
    let insert = format!("insert into {table} (key) values ($1) on conflict do nothing returning id::bigint");
    let Some(row) = transaction.query_opt(&insert, &[&key]).await? else {
        // Another process has just made it; having waited for its commit, we see it.
        return Ok(transaction.query_one(&select, &[&key]).await?.get(0));
    };
    let id: i64 = row.get(0);
    let column = if table == "shape" { "shape" } else { "type_set" };
    let sql = format!(
        "insert into {members} (term, {column}) select distinct t, $2::bigint from unnest($1::bigint[]) t \
         on conflict do nothing"
    );
    transaction.execute(&sql, &[&terms, &id]).await?;
    Ok(id)
}

/// A geometry as the `postgis` crate writes it. `None` for the kinds that no GeoProperty can hold.
pub(super) fn to_ewkb(geometry: &Geometry<f64>) -> Option<GeometryT<ewkb::Point>> {
    let point = |coord: &geo::Coord<f64>| ewkb::Point { x: coord.x, y: coord.y, srid: SRID };
    let line =
        |line: &geo::LineString<f64>| ewkb::LineString { points: line.0.iter().map(point).collect(), srid: SRID };
    let polygon = |polygon: &geo::Polygon<f64>| ewkb::Polygon {
        rings: std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(line).collect(),
        srid: SRID,
    };
    Some(match geometry {
        Geometry::Point(p) => GeometryT::Point(point(&p.0)),
        Geometry::LineString(l) => GeometryT::LineString(line(l)),
        Geometry::Polygon(p) => GeometryT::Polygon(polygon(p)),
        Geometry::MultiPoint(points) => {
            GeometryT::MultiPoint(ewkb::MultiPoint { points: points.iter().map(|p| point(&p.0)).collect(), srid: SRID })
        }
        Geometry::MultiLineString(lines) => {
            GeometryT::MultiLineString(ewkb::MultiLineString { lines: lines.iter().map(line).collect(), srid: SRID })
        }
        Geometry::MultiPolygon(polygons) => {
            GeometryT::MultiPolygon(ewkb::MultiPolygon { polygons: polygons.iter().map(polygon).collect(), srid: SRID })
        }
        _ => return None,
    })
}
