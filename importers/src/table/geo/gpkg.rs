//! GeoPackage (OGC 12-128r18): an SQLite database with a table for each layer.

use std::io::Write as _;
use std::path::PathBuf;

use hiroba_vocab::{Issue, Issues};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::shp::Room;
use super::{Crs, wkb};
use crate::error::ImportError;
use crate::limits;
use crate::source::Input;
use crate::table::{Row, Table};

/// Steps of the database engine after which a query is given up: a view may be an endless one.
const STEPS: u64 = 2_000_000_000;
/// How many steps pass between two looks at the count.
const STRIDE: i32 = 100_000;

/// The layers of features and of attributes, each with its name.
///
/// # Errors
/// The file is damaged or too large, or the reference system of a layer is not known.
pub(crate) fn read(input: &Input) -> Result<Vec<Table>, ImportError> {
    let damaged = |error: rusqlite::Error| ImportError::Damaged {
        file: input.name(),
        row: None,
        reason: format!("the GeoPackage cannot be read ({error}). Export it again."),
    };
    // What is not a file is written into one, which is gone when this function ends.
    let (path, _temporary) = file(input)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags).map_err(damaged)?;
    // The database comes from outside: its views and triggers may call nothing.
    database
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; PRAGMA mmap_size = 0;")
        .map_err(damaged)?;
    let mut steps: u64 = 0;
    let give_up = move || {
        steps += u64::from(STRIDE.unsigned_abs());
        steps > STEPS
    };
    database.progress_handler(STRIDE, Some(give_up)).map_err(damaged)?;
    let layers = layers(&database).map_err(damaged)?;
    let mut tables = Vec::with_capacity(layers.len());
    for layer in layers {
        let crs = match layer.geometry {
            Some(_) => layer.crs(&database).map_err(damaged)?.map_err(|name| ImportError::Damaged {
                file: input.name(),
                row: None,
                reason: format!(
                    "layer {}: the reference system {name} is not known. Export it again in JGD2011 (EPSG:6668) or WGS 84 (EPSG:4326).",
                    layer.name
                ),
            })?,
            None => Crs::geographic(),
        };
        if let Some(table) = layer.table(input, &database, &crs)? {
            tables.push(table);
        }
    }
    if tables.is_empty() { Err(ImportError::Empty { file: input.name() }) } else { Ok(tables) }
}

fn file(input: &Input) -> Result<(PathBuf, Option<tempfile::NamedTempFile>), ImportError> {
    if let Input::Path(path) = input {
        return Ok((path.clone(), None));
    }
    let bytes = input.read_all(limits::WORKBOOK_UNPACKED, "the GeoPackage")?;
    let write = || {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(&bytes)?;
        Ok(file)
    };
    let file = write().map_err(|error: std::io::Error| input.unreadable(&error))?;
    Ok((file.path().to_owned(), Some(file)))
}

struct Layer {
    name: String,
    geometry: Option<String>,
    srs: i64,
}

fn layers(database: &Connection) -> Result<Vec<Layer>, rusqlite::Error> {
    let mut statement = database.prepare(
        "SELECT c.table_name, g.column_name, coalesce(g.srs_id, 0) FROM gpkg_contents c \
         LEFT JOIN gpkg_geometry_columns g ON g.table_name = c.table_name \
         WHERE c.data_type IN ('features', 'attributes') ORDER BY c.rowid LIMIT 1000",
    )?;
    let layer = |row: &rusqlite::Row<'_>| Ok(Layer { name: row.get(0)?, geometry: row.get(1)?, srs: row.get(2)? });
    statement.query_map([], layer)?.collect()
}

impl Layer {
    /// The reference system, or the name of one that is not known.
    fn crs(&self, database: &Connection) -> Result<Result<Crs, String>, rusqlite::Error> {
        let found = database.query_row(
            "SELECT organization, organization_coordsys_id, definition, srs_name FROM gpkg_spatial_ref_sys WHERE srs_id = ?1",
            [self.srs],
            |row| {
                let code: Option<u32> = row.get::<_, Option<i64>>(1)?.and_then(|code| u32::try_from(code).ok());
                Ok((row.get::<_, String>(0)?, code, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
            },
        );
        let (organization, code, definition, name) = match found {
            Err(rusqlite::Error::QueryReturnedNoRows) => return Ok(Err(format!("number {}", self.srs))),
            other => other?,
        };
        let epsg = code.filter(|_| organization.eq_ignore_ascii_case("epsg")).and_then(Crs::of_epsg);
        Ok(epsg.map_or_else(|| Crs::of_wkt(&definition).map_err(|_| name), Ok))
    }

    /// The names of its columns, in order. The statement would tell them too, but ends the process where one is no UTF-8.
    fn columns(&self, database: &Connection) -> Result<Vec<String>, rusqlite::Error> {
        let mut statement =
            database.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid")?;
        let name = |row: &rusqlite::Row<'_>| row.get_ref(0).map(text);
        statement.query_map([&self.name], name)?.collect()
    }

    fn table(&self, input: &Input, database: &Connection, crs: &Crs) -> Result<Option<Table>, ImportError> {
        let damaged = |row: Option<u64>, reason: &dyn std::fmt::Display| ImportError::Damaged {
            file: input.name(),
            row,
            reason: format!("layer {} cannot be read ({reason}). Export it again.", self.name),
        };
        let name = self.name.replace('"', "\"\"");
        let mut statement =
            database.prepare(&format!("SELECT * FROM \"{name}\"")).map_err(|error| damaged(None, &error))?;
        let names = self.columns(database).map_err(|error| damaged(None, &error))?;
        if names.len() != statement.column_count() {
            return Err(damaged(None, &"its columns are not those of its description"));
        }
        let at = self.geometry.as_ref().and_then(|column| names.iter().position(|name| name == column));
        // The geometry is the last column, as of GeoJSON.
        let order: Vec<usize> = (0..names.len()).filter(|column| Some(*column) != at).collect();
        let mut header = Row::new(0);
        order.iter().filter_map(|column| names.get(*column)).for_each(|name| header.push(name));
        if at.is_some() {
            header.push("geometry");
        }
        let convert = |x: f64, y: f64| crs.position(x, y);
        let mut found = statement.query([]).map_err(|error| damaged(None, &error))?;
        let (mut rows, mut room, mut number) = (vec![header], Room::new(input), 0);
        while let Some(record) = found.next().map_err(|error| damaged(Some(number + 1), &error))? {
            number += 1;
            let mut row = Row::new(number);
            for column in &order {
                row.push(&text(record.get_ref(*column).map_err(|error| damaged(Some(number), &error))?));
            }
            if let Some(at) = at {
                let cell = match record.get_ref(at).map_err(|error| damaged(Some(number), &error))? {
                    ValueRef::Null => None,
                    ValueRef::Blob(blob) => wkb::geopackage(blob, &convert).ok_or_else(|| {
                        damaged(Some(number), &"its geometry is damaged or of a kind without straight lines")
                    })?,
                    _ => return Err(damaged(Some(number), &"its geometry is none")),
                };
                row.push(&cell.map_or_else(String::new, |geometry| geometry.to_string()));
            }
            room.take(&row)?;
            rows.push(row);
        }
        if number == 0 {
            return Ok(None);
        }
        let mut table = Table::stored(input.clone(), rows, at.map(|_| order.len()));
        table.sheet = Some(self.name.clone());
        table.notable = Issues::NONE.with_if(crs.tokyo, Issue::CoordinateDatum);
        Ok(Some(table))
    }
}

/// A value as a cell. Photographs and the like are none.
fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
    }
}
