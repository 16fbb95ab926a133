//! The same work in SQL alone: prepared statements by pgbench, over the rows that the broker wrote.

use std::process::Command;

use hiroba_benches::servers::Servers;
use hiroba_benches::{AED_EVERY, CITY, EXTENT, ORIGIN};
use tokio_postgres::NoTls;

/// An entity, its place and its change record, in one statement and one commit.
pub(crate) const CREATE: &str = r"\set x random(0, 1000000)
\set y random(0, 1000000)
\set n random(0, 1000000000000)
with e as (
    insert into raw_entity (tenant, id, version, types, shape, payload)
    values (:tenant, :prefix::text || 'raw' || :n::text || 'of' || :client_id::text, nextval('version'), 1, 1, current_setting('raw.payload'))
    returning tenant, id, version, seq),
p as (
    insert into raw_place (tenant, attribute, entity, seq, geom)
    select tenant, :attribute, id, seq, ST_SetSRID(ST_MakePoint(:west::float8 + :width::float8 * :x::float8 / 1e6, :south::float8 + :height::float8 * :y::float8 / 1e6), 4326)
    from e)
insert into raw_change (tenant, entity, at, version, transaction, operation, change)
select tenant, id, now(), version, pg_current_xact_id()::text::bigint, 'Created', current_setting('raw.payload') from e;
";

/// One entity by its key.
pub(crate) const RETRIEVE: &str = r"\set n random(0, :aeds)
select payload from entity where tenant = :tenant and id = :prefix::text || (:n::int * :every::int)::text;
";

/// What lies within 500 m: by the index, then exactly; a hundred at most.
pub(crate) const GEO_QUERY: &str = r"\set x random(0, 1000000)
\set y random(0, 1000000)
select e.payload
from (select ST_SetSRID(ST_MakePoint(:west::float8 + :width::float8 * :x::float8 / 1e6, :south::float8 + :height::float8 * :y::float8 / 1e6), 4326) as here) h
join place p on p.geom && ST_Expand(h.here, 0.0057, 0.0046) and ST_DistanceSphere(p.geom, h.here) <= 500
join entity e on e.tenant = p.tenant and e.id = p.entity
where p.tenant = :tenant and p.attribute = :attribute and e.types = :types
order by e.seq limit 100;
";

/// An entity replaced by its key, with a change record.
pub(crate) const PATCH: &str = r"\set n random(0, :aeds)
with e as (
    update entity set payload = payload, version = nextval('version')
    where tenant = :tenant and id = :prefix::text || (:n::int * :every::int)::text
    returning tenant, id, version)
insert into raw_change (tenant, entity, at, version, transaction, operation, change)
select tenant, id, now(), version, pg_current_xact_id()::text::bigint, 'Changed', '{}' from e;
";

fn id_prefix() -> String {
    hiroba_benches::id(0).trim_end_matches('0').to_owned()
}

/// pgbench on the broker's own database.
pub(crate) struct Raw {
    url: String,
    variables: Vec<String>,
}

impl Raw {
    /// Makes empty tables like the broker's for what is created.
    pub(crate) async fn new(servers: &Servers) -> Self {
        let (client, connection) = tokio_postgres::connect(&servers.database, NoTls).await.unwrap();
        tokio::spawn(connection);
        let sql = "create table raw_entity (like entity including all);
                   create table raw_place (like place including all);
                   create table raw_change (like change including all);
                   vacuum analyze;";
        for statement in sql.split_inclusive(';') {
            client.batch_execute(statement).await.unwrap();
        }
        let row = client
            .query_one(
                "select e.tenant, e.types, p.attribute, e.payload from entity e join place p on p.entity = e.id
                 where e.id = $1",
                &[&hiroba_benches::id(0)],
            )
            .await
            .unwrap();
        let (tenant, types, attribute): (i32, i32, i32) = (row.get(0), row.get(1), row.get(2));
        let payload: &str = row.get(3);
        let name = servers.database.rsplit('/').next().unwrap();
        let payload = payload.replace('\'', "''");
        client.batch_execute(&format!("alter database {name} set raw.payload = '{payload}'")).await.unwrap();
        let variables = [
            ("tenant", tenant.to_string()),
            // Not in the scripts: pgbench takes what stands behind a colon for a variable, in quotes too.
            ("prefix", id_prefix()),
            ("types", types.to_string()),
            ("attribute", attribute.to_string()),
            ("west", ORIGIN[0].to_string()),
            ("south", ORIGIN[1].to_string()),
            ("width", EXTENT[0].to_string()),
            ("height", EXTENT[1].to_string()),
            ("aeds", (CITY / AED_EVERY - 1).to_string()),
            ("every", AED_EVERY.to_string()),
        ];
        let variables =
            variables.iter().flat_map(|(name, value)| ["-D".to_owned(), format!("{name}={value}")]).collect();
        Self { url: servers.database.clone(), variables }
    }

    /// Transactions a second.
    pub(crate) fn run(&self, script: &str, clients: usize, seconds: u64) -> f64 {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), script).unwrap();
        let output = Command::new("pgbench")
            .args(["-n", "-M", "prepared", "-j", "2", "-c", &clients.to_string(), "-T", &seconds.to_string()])
            .args(&self.variables)
            .arg("-f")
            .arg(file.path())
            .arg(&self.url)
            .output()
            .expect("pgbench, which comes with PostgreSQL");
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        tps.unwrap_or_else(|| panic!("{text}{errors}"))
    }
}
