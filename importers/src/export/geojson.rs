//! GeoJSON (RFC 7946).

use std::io::Write;

use hiroba_vocab::dataset::Reads;
use serde_json::{Map, Value as Json, json};

use super::ExportError;
use super::sheet::Sheet;

/// Writes features, each as soon as it is there.
pub(super) struct GeoJson<W: Write> {
    out: W,
    first: bool,
}

impl<W: Write> GeoJson<W> {
    pub(super) fn new(mut out: W) -> Result<Self, ExportError> {
        out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(Self { out, first: true })
    }

    /// A feature with every header as a property, null where the cell is blank: so the columns are there, in order.
    pub(super) fn push(&mut self, sheet: &Sheet, cells: &[String], geometry: Option<Json>) -> Result<(), ExportError> {
        let properties: Map<String, Json> = sheet
            .heads
            .iter()
            .zip(cells)
            .filter(|(head, cell)| !cell.is_empty() || !matches!(head.reads, Some(Reads::Latitude | Reads::Longitude)))
            .map(|(head, cell)| (head.header.clone(), if cell.is_empty() { Json::Null } else { Json::from(&**cell) }))
            .collect();
        let feature = json!({ "type": "Feature", "geometry": geometry, "properties": properties });
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        serde_json::to_writer(&mut self.out, &feature).map_err(std::io::Error::from)?;
        Ok(())
    }

    pub(super) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    pub(super) fn finish(mut self) -> Result<W, ExportError> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}
