//! Shapefile: geometries (.shp), attributes (.dbf), reference system (.prj) and encoding (.cpg) in files of one name.

use std::io::Read;

use hiroba_vocab::{Issue, Issues};
use serde_json::{Value as Json, json};

use super::dbf::Dbf;
use super::{Convert, Crs, rings};
use crate::error::ImportError;
use crate::limits;
use crate::source::Input;
use crate::table::{Row, Table};

/// Bytes of a `.prj` or `.cpg` file.
const SMALL: u64 = 64 * 1024;

/// The features as rows, as [`super::super::geojson`] has them.
///
/// # Errors
/// The attributes are missing, a file is damaged or too large, or the reference system is not known.
pub(crate) fn read(input: &Input) -> Result<Table, ImportError> {
    let damaged = |reason: &str| ImportError::Damaged { file: input.name(), row: None, reason: reason.to_owned() };
    let text = |ending: &str| -> Result<Option<String>, ImportError> {
        let Some(companion) = input.companion(ending) else { return Ok(None) };
        let bytes = companion.read_all(SMALL, "the file")?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    };
    let attributes = input.companion("dbf").ok_or_else(|| {
        damaged(
            "the attributes (.dbf) are missing. Give a ZIP archive with all files of the same name: .shp, .dbf, .prj.",
        )
    })?;
    let crs = match text("prj")? {
        Some(wkt) => Some(Crs::of_wkt(wkt.trim()).map_err(|name| {
            damaged(&format!(
                "the reference system {name} is not known. Export it again in JGD2011 (EPSG:6668) or WGS 84 (EPSG:4326)."
            ))
        })?),
        None => None,
    };
    let cpg = text("cpg")?;
    let mut table = Dbf::open(attributes.open()?, cpg.as_deref())
        .ok_or_else(|| damaged("the attributes (.dbf) are damaged. Export the Shapefile again."))?;
    let assumed = crs.is_none();
    let crs = crs.unwrap_or_else(Crs::geographic);
    let convert = |x: f64, y: f64| crs.position(x, y);
    let mut shapes = input.open()?;
    skip(&mut shapes, 100).ok_or_else(|| damaged("the geometries (.shp) are damaged. Export the Shapefile again."))?;
    let geometry = table.fields.len();
    let mut header = Row::new(0);
    table.fields.iter().for_each(|field| header.push(&field.name));
    header.push("geometry");
    let mut rows = vec![header];
    let mut room = Room::new(input);
    let mut number = 0;
    while let Some(cells) = table.next() {
        number += 1;
        let shape = next_record(&mut shapes).and_then(|content| shape(&content, &convert));
        let shape = match shape {
            Some(shape) => shape,
            None if assumed => {
                return Err(damaged(
                    "the positions are no degrees, and the file that says what they are (.prj) is missing. Add it to the archive.",
                ));
            }
            None => {
                return Err(damaged(&format!("the geometry of row {number} is damaged. Export the Shapefile again.")));
            }
        };
        let mut row = Row::new(number);
        cells.iter().for_each(|cell| row.push(cell));
        row.push(&shape.map_or_else(String::new, |shape| shape.to_string()));
        room.take(&row)?;
        rows.push(row);
    }
    let mut table = Table::stored(input.clone(), rows, Some(geometry));
    table.notable = Issues::NONE.with_if(crs.tokyo, Issue::CoordinateDatum);
    table.cut_names = true;
    Ok(table)
}

/// Counts what rows in memory take.
pub(super) struct Room<'i> {
    input: &'i Input,
    bytes: u64,
}

impl<'i> Room<'i> {
    pub(super) fn new(input: &'i Input) -> Self {
        Self { input, bytes: 0 }
    }

    pub(super) fn take(&mut self, row: &Row) -> Result<(), ImportError> {
        self.bytes += row.cells().map(|cell| cell.len() as u64 + 8).sum::<u64>();
        if self.bytes <= limits::WORKBOOK_UNPACKED {
            return Ok(());
        }
        Err(ImportError::TooLarge {
            file: self.input.name(),
            row: Some(row.number),
            what: "the layer",
            limit: limits::mebibytes(limits::WORKBOOK_UNPACKED),
        })
    }
}

fn skip(bytes: &mut dyn Read, count: u64) -> Option<()> {
    (std::io::copy(&mut bytes.take(count), &mut std::io::sink()).ok()? == count).then_some(())
}

/// The content of the next record. No room is made for more than is there.
fn next_record(bytes: &mut dyn Read) -> Option<Vec<u8>> {
    let mut head = [0; 8];
    bytes.read_exact(&mut head).ok()?;
    let [_, _, _, _, length @ ..] = head;
    // In words of 16 bits, big end first.
    let length = u64::from(u32::from_be_bytes(length)) * 2;
    let mut content = Vec::new();
    bytes.take(length).read_to_end(&mut content).ok()?;
    (content.len() as u64 == length).then_some(content)
}

/// The geometry of a record; `Some(None)` for the empty one. Heights and measures are left out.
fn shape(content: &[u8], convert: Convert<'_>) -> Option<Option<Json>> {
    let kind = u32_at(content, 0)?;
    let positions = |from: usize, count: usize| -> Option<Vec<[f64; 2]>> {
        // So many cannot be there.
        if count > content.len() / 16 {
            return None;
        }
        (0..count).map(|n| convert(f64_at(content, from + 16 * n)?, f64_at(content, from + 16 * n + 8)?)).collect()
    };
    Some(match kind {
        0 => None,
        1 | 11 | 21 => {
            let point = positions(4, 1)?.pop()?;
            Some(json!({"type": "Point", "coordinates": point}))
        }
        8 | 18 | 28 => {
            let points = positions(40, u32_at(content, 36)? as usize)?;
            (!points.is_empty()).then(|| json!({"type": "MultiPoint", "coordinates": points}))
        }
        3 | 13 | 23 | 5 | 15 | 25 => {
            let (parts, points) = (u32_at(content, 36)? as usize, u32_at(content, 40)? as usize);
            if parts > content.len() / 4 {
                return None;
            }
            let starts: Vec<usize> =
                (0..parts).map(|n| Some(u32_at(content, 44 + 4 * n)? as usize)).collect::<Option<_>>()?;
            let all = positions(44 + 4 * parts, points)?;
            let ends = starts.iter().skip(1).copied().chain([points]);
            let parts: Vec<Vec<[f64; 2]>> =
                starts.iter().zip(ends).map(|(from, to)| Some(all.get(*from..to)?.to_vec())).collect::<Option<_>>()?;
            if matches!(kind, 5 | 15 | 25) { rings::polygon(parts) } else { lines(parts) }
        }
        _ => return None,
    })
}

fn lines(mut parts: Vec<Vec<[f64; 2]>>) -> Option<Json> {
    parts.retain(|part| part.len() >= 2);
    match parts.len() {
        0 => None,
        1 => parts.pop().map(|line| json!({"type": "LineString", "coordinates": line})),
        _ => Some(json!({"type": "MultiLineString", "coordinates": parts})),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(f64::from_le_bytes)
}
