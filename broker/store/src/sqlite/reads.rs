//! Reading from SQLite.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::Sqlite;
use crate::error::Result;
use crate::index::{Definitions, Shape};
use crate::model::{Position, ShapeCount, ValueIndex};
use crate::plan::{Leaf, Narrow, Terms};
use crate::rows::{ChangeRow, Row, TouchedRow};
use crate::sql::{self, Dialect, Fetch, Param, Sql};
use crate::subscriptions::sql::UNHEARD;

/// Up to this many type sets are walked each by its own index range; beyond, the whole table in order.
const TYPE_SETS: usize = 50;

impl ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let list = |items: serde_json::Result<String>| {
            items.map(ToSqlOutput::from).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))
        };
        Ok(match self {
            Self::Int(value) => ToSqlOutput::from(*value),
            Self::Float(value) => ToSqlOutput::from(*value),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Ints(values) => list(serde_json::to_string(values))?,
            Self::Texts(values) => list(serde_json::to_string(values))?,
        })
    }
}

fn rows(connection: &Connection, sql: &Sql) -> Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(&sql.text)?;
    let rows = statement.query_map(params_from_iter(&sql.params), |row| {
        Ok(Row { seq: row.get(0)?, version: row.get(1)?, payload: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn number(connection: &Connection, sql: &Sql) -> Result<i64> {
    Ok(connection.prepare_cached(&sql.text)?.query_row(params_from_iter(&sql.params), |row| row.get(0))?)
}

fn change(row: &rusqlite::Row<'_>) -> rusqlite::Result<ChangeRow> {
    Ok(ChangeRow {
        transaction: 0,
        number: row.get(0)?,
        tenant: row.get(1)?,
        entity: row.get(2)?,
        at: row.get(3)?,
        version: row.get(4)?,
        change: row.get(5)?,
        hidden: row.get(6)?,
    })
}

impl Sqlite {
    pub(crate) async fn tenant(&self, name: String) -> Result<Option<i64>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached("select id from tenant where name = ?1")?;
            Ok(statement.query_row([name], |row| row.get(0)).optional()?)
        })
        .await
    }

    pub(crate) async fn installation(&self) -> Result<String> {
        self.read(|connection| Ok(connection.query_row("select name from installation", [], |row| row.get(0))?)).await
    }

    pub(crate) async fn terms(&self, iris: Vec<String>) -> Result<Terms> {
        self.read(move |connection| {
            let sql = "select iri, id from term where iri in (select value from json_each(?1))";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([Param::Texts(iris)], |row| {
                let iri: String = row.get(0)?;
                Ok((hiroba_vocab::Iri::from_expanded(iri), row.get(1)?))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn load(&self, tenant: i64, ids: Vec<String>) -> Result<Vec<Row>> {
        self.read(move |connection| {
            let sql = "select seq, version, payload from entity \
                       where tenant = ?1 and id in (select value from json_each(?2))";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((tenant, Param::Texts(ids)), |row| {
                Ok(Row { seq: row.get(0)?, version: row.get(1)?, payload: row.get(2)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Those of the entities of which a record tells another history than what its change did.
    pub(crate) async fn rewritten(&self, tenant: i64, ids: Vec<String>) -> Result<Vec<String>> {
        self.read(move |connection| {
            let sql = "select distinct entity from change \
                       where tenant = ?1 and entity in (select value from json_each(?2)) and history is not null";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((tenant, Param::Texts(ids)), |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn probe(&self, tenant: i64, leaf: Leaf, limit: i64) -> Result<i64> {
        self.read(move |connection| number(connection, &sql::probe(Dialect::Sqlite, tenant, &leaf, limit))).await
    }

    pub(crate) async fn count(&self, tenant: i64, narrow: Narrow) -> Result<i64> {
        self.read(move |connection| number(connection, &sql::count(Dialect::Sqlite, tenant, &narrow))).await
    }

    pub(crate) async fn fetch(
        &self,
        tenant: i64,
        narrow: Narrow,
        drive: Option<Leaf>,
        after: i64,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Row>> {
        self.read(move |connection| {
            let fetch = Fetch { tenant, narrow: &narrow, drive: drive.as_ref(), after, offset, limit };
            if fetch.drive.is_none()
                && let Some(type_sets) = type_sets(connection, &narrow)?
            {
                if type_sets.is_empty() {
                    return Ok(Vec::new());
                }
                if type_sets.len() <= TYPE_SETS {
                    return rows(connection, &sql::fetch_by_type_set(&fetch, &type_sets));
                }
            }
            rows(connection, &sql::fetch(Dialect::Sqlite, &fetch))
        })
        .await
    }

    /// All entities of all tenants after `after`, as they are now, with the tenant's number. Those in snapshots only if
    /// `hidden`.
    pub(crate) async fn scan(&self, after: i64, limit: i64, hidden: bool) -> Result<Vec<(i64, Row)>> {
        self.read(move |connection| {
            let sql = "select tenant, seq, version, payload from entity where seq > ?1 \
                       and (?3 or tenant in (select id from tenant where not hidden)) order by seq limit ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((after, limit, hidden), |row| {
                Ok((row.get(0)?, Row { seq: row.get(1)?, version: row.get(2)?, payload: row.get(3)? }))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn shapes(&self, tenant: i64) -> Result<Vec<ShapeCount>> {
        self.read(move |connection| {
            let sql = "select s.key, c.n from (select shape, count(*) as n from entity where tenant = ?1 group by shape) c \
                       join shape s on s.id = c.shape";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([tenant])?;
            let mut shapes = Vec::new();
            while let Some(row) = rows.next()? {
                let key: String = row.get(0)?;
                let entities: i64 = row.get(1)?;
                if let Ok(shape) = serde_json::from_str::<Shape>(&key) {
                    shapes.push(ShapeCount { shape, entities: entities.unsigned_abs() });
                }
            }
            Ok(shapes)
        })
        .await
    }

    pub(crate) async fn definitions(&self) -> Result<Definitions> {
        self.read(|connection| {
            // One snapshot for both statements.
            let transaction = connection.unchecked_transaction()?;
            let version = transaction.query_row("select version from index_version", [], |row| row.get(0))?;
            let mut statement = transaction.prepare("select id, path, origin, ready from value_index order by id")?;
            let mut rows = statement.query([])?;
            let mut indexes = Vec::new();
            while let Some(row) = rows.next()? {
                let path: String = row.get(1)?;
                if let Ok(path) = serde_json::from_str(&path) {
                    indexes.push(ValueIndex { id: row.get(0)?, path, origin: row.get(2)?, ready: row.get(3)? });
                }
            }
            Ok(Definitions { version, indexes })
        })
        .await
    }

    /// Those inside snapshots are hidden; with `subscribed`, only where nobody subscribes to the snapshot.
    pub(crate) async fn changes(&self, after: Position, limit: i64, subscribed: bool) -> Result<Vec<ChangeRow>> {
        self.read(move |connection| {
            let hidden = if subscribed { UNHEARD } else { "t.hidden" };
            let sql = format!(
                "select c.position, t.name, c.entity, c.at, c.version, case when {hidden} then '' else c.change end, \
                 {hidden} from change c join tenant t on t.id = c.tenant where c.position > ?1 \
                 order by c.position limit ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let after = i64::try_from(after.number).unwrap_or(i64::MAX);
            let rows = statement.query_map([after, limit], change)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Changes of one entity after a version, in their order.
    pub(crate) async fn changes_of(&self, tenant: i64, entity: &str, after: i64, limit: i64) -> Result<Vec<ChangeRow>> {
        let entity = entity.to_owned();
        self.read(move |connection| {
            let sql = "select c.position, t.name, c.entity, c.at, c.version, c.change, t.hidden from change c \
                       join tenant t on t.id = c.tenant where c.tenant = ?1 and c.entity = ?2 and c.version > ?3 \
                       order by c.version limit ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(rusqlite::params![tenant, entity, after, limit], change)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// As [`changes`](Self::changes), without what was done where nothing in it can expire.
    pub(crate) async fn touched(&self, after: Position, limit: i64) -> Result<Vec<TouchedRow>> {
        self.read(move |connection| {
            let sql = "select position, tenant, entity, version, \
                       case when instr(change, 'xpiresAt') > 0 then change end \
                       from change where position > ?1 order by position limit ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let after = i64::try_from(after.number).unwrap_or(i64::MAX);
            let rows = statement.query_map([after, limit], |row| {
                Ok(TouchedRow {
                    position: Position { transaction: 0, number: row.get::<_, i64>(0)?.unsigned_abs() },
                    tenant: row.get(1)?,
                    entity: row.get(2)?,
                    version: row.get(3)?,
                    expiring: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn head(&self) -> Result<Position> {
        self.read(|connection| {
            let sql = "select coalesce(max(position), 0) from change";
            let number: i64 = connection.query_row(sql, [], |row| row.get(0))?;
            Ok(Position { transaction: 0, number: number.unsigned_abs() })
        })
        .await
    }

    /// The first position that the log still holds.
    pub(crate) async fn oldest(&self) -> Result<Option<Position>> {
        self.read(|connection| {
            let oldest: Option<i64> = connection.query_row("select min(position) from change", [], |row| row.get(0))?;
            Ok(oldest.map(|number| Position { transaction: 0, number: number.unsigned_abs() }))
        })
        .await
    }

    pub(crate) async fn owner(&self, tenant: i64) -> Result<Option<(String, Option<String>)>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(crate::owner::OWNER)?;
            Ok(statement.query_row([tenant], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
        })
        .await
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<(i64, String)>> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("select id, name from tenant where not hidden order by id")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Entities of all tenants of which something has expired at `now`, the longest ago first.
    pub(crate) async fn expired(&self, now: i64, limit: i64) -> Result<Vec<(i64, Row)>> {
        self.read(move |connection| {
            let sql = "select tenant, seq, version, payload from entity \
                       where expires_at is not null and expires_at <= ?1 order by expires_at limit ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([now, limit], |row| {
                Ok((row.get(0)?, Row { seq: row.get(1)?, version: row.get(2)?, payload: row.get(3)? }))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// The earliest expiry of all, in microseconds.
    pub(crate) async fn next_expiry(&self) -> Result<Option<i64>> {
        self.read(|connection| {
            Ok(connection
                .query_row("select min(expires_at) from entity where expires_at is not null", [], |row| row.get(0))?)
        })
        .await
    }
}

/// The type sets that a conjunction asks for, or all of them; `None` when there is no telling.
fn type_sets(connection: &Connection, narrow: &Narrow) -> Result<Option<Vec<i64>>> {
    let Some(alternatives) = narrow.types() else { return Ok(None) };
    let sql = sql::type_sets(Dialect::Sqlite, alternatives);
    let mut statement = connection.prepare_cached(&sql.text)?;
    let rows = statement.query_map(params_from_iter(&sql.params), |row| row.get(0))?;
    Ok(Some(rows.collect::<rusqlite::Result<_>>()?))
}
