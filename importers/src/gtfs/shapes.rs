//! shapes.txt: a row is a point; all points of a shape are a line.

use hiroba_vocab::normalise::character::trim;
use indexmap::IndexMap;
use serde_json::json;

use super::content::Content;
use super::only_table;
use crate::error::ImportError;
use crate::limits;
use crate::source::Source;
use crate::table::{Row, Table};

/// Points of all shapes of a timetable.
const POINTS: usize = limits::CELLS / 4;

/// A shape on its way.
#[derive(Default)]
struct Shape {
    /// The row of its first point, and those of the others.
    rows: Vec<u64>,
    /// Number in the sequence, longitude, latitude.
    points: Vec<(f64, f64, f64)>,
    /// The first cells that are no coordinates.
    unread: Option<String>,
}

/// A table with a row for each shape, and its line as GeoJSON. A shape with a point that cannot be read has no line:
/// a line around a hole would be another line.
pub(super) fn table(source: &Source) -> Result<Table, ImportError> {
    let content = Content::beginning(source)?;
    let [id, latitude, longitude, sequence] =
        ["shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"].map(|name| content.column(name));
    let points = only_table(source)?;
    let (mut rows, mut row) = (points.rows()?, Row::default());
    let mut shapes: IndexMap<String, Shape> = IndexMap::new();
    let (mut header, mut count, mut others) = (None, 0, Vec::new());
    while rows.next(&mut row)? {
        if header.is_none() {
            header = row.filled().next().is_some().then_some(row.number);
            continue;
        }
        count += 1;
        if count > POINTS {
            return Err(ImportError::TooLarge {
                file: source.input.name(),
                row: Some(row.number),
                what: "the number of points",
                limit: POINTS.to_string(),
            });
        }
        let cell = |column: Option<usize>| column.map_or("", |column| trim(row.cell(column)));
        let name = cell(id);
        if name.is_empty() {
            // A blank row, or a point of nothing: a row of its own, so that it is accounted for.
            let mut single = Row::new(row.number);
            single.push("");
            single.push(&row.filled().map(|(_, cell)| cell).collect::<Vec<_>>().join(","));
            others.push(single);
            continue;
        }
        if !shapes.contains_key(name) {
            shapes.insert(name.to_owned(), Shape::default());
        }
        let Some(shape) = shapes.get_mut(name) else { continue };
        shape.rows.push(row.number);
        match (cell(longitude).parse::<f64>(), cell(latitude).parse::<f64>()) {
            (Ok(x), Ok(y)) if x.abs() <= 180.0 && y.abs() <= 90.0 => {
                shape.points.push((cell(sequence).parse().unwrap_or(f64::MAX), rounded(x), rounded(y)));
            }
            _ => {
                shape.unread.get_or_insert_with(|| format!("{}, {}", cell(latitude), cell(longitude)));
            }
        }
    }
    let mut first = Row::new(header.unwrap_or(1));
    first.push("shape_id");
    first.push("geometry");
    let mut stored: Vec<Row> = shapes.into_iter().filter_map(|(id, shape)| shape.into_row(&id)).chain(others).collect();
    stored.sort_by_key(|row| row.number);
    stored.insert(0, first);
    Ok(Table::stored(source.input.clone(), stored, Some(1)))
}

impl Shape {
    fn into_row(mut self, id: &str) -> Option<Row> {
        let (first, others) = self.rows.split_first()?;
        let mut row = Row::new(*first);
        row.gathered = others.to_vec();
        row.push(id);
        self.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut line: Vec<[f64; 2]> = self.points.iter().map(|(_, x, y)| [*x, *y]).collect();
        line.dedup();
        row.push(&match (self.unread, line.as_slice()) {
            (Some(unread), _) => unread,
            (None, []) => String::new(),
            (None, [point]) => json!({"type": "Point", "coordinates": point}).to_string(),
            (None, line) => json!({"type": "LineString", "coordinates": line}).to_string(),
        });
        Some(row)
    }
}

/// Seven decimals: a centimetre.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}
