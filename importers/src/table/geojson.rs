//! GeoJSON: the features of a collection as rows, their properties as columns, the geometry as the last column. Read one
//! feature at a time, in constant memory.

use std::borrow::Cow;
use std::io::Read;

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value};

use super::Row;
use crate::error::ImportError;
use crate::limits;
use crate::source::{Encoding, Input};

/// The names of all properties, in the order in which they first occur. The whole file is read, so that damage anywhere
/// is known before the first row.
pub(super) fn columns(input: &Input, encoding: Encoding) -> Result<Vec<String>, ImportError> {
    let mut features = Features::new(input, encoding)?;
    let mut names: IndexSet<String> = IndexSet::new();
    let mut count: u64 = 0;
    while let Some(feature) = features.next()? {
        count += 1;
        for name in flat(&feature).into_keys() {
            if !names.contains(name.as_ref()) {
                names.insert(name.into_owned());
            }
        }
        // A feature without a property costs a cell of each column all the same.
        if names.len() >= limits::COLUMNS || count.saturating_mul(names.len() as u64) > limits::GEOJSON_CELLS {
            return Err(features.too_large(
                "the table of features and properties",
                format!("{} cells and {} columns", limits::GEOJSON_CELLS, limits::COLUMNS),
            ));
        }
    }
    if !features.found {
        let reason = "this is JSON but no GeoJSON FeatureCollection: it has no 'features'.";
        return Err(features.damaged(None, reason));
    }
    Ok(names.into_iter().collect())
}

/// A header row (number 0), then a row per feature numbered from 1.
pub(crate) struct GeoJsonRows<'t> {
    features: Features,
    columns: &'t [String],
    header_read: bool,
}

impl<'t> GeoJsonRows<'t> {
    pub(super) fn new(input: &Input, encoding: Encoding, columns: &'t [String]) -> Result<Self, ImportError> {
        Ok(Self { features: Features::new(input, encoding)?, columns, header_read: false })
    }

    pub(super) fn next(&mut self, row: &mut Row) -> Result<bool, ImportError> {
        if !self.header_read {
            self.header_read = true;
            row.clear(0);
            self.columns.iter().for_each(|name| row.push(name));
            row.push("geometry");
            return Ok(true);
        }
        let Some(feature) = self.features.next()? else { return Ok(false) };
        row.clear(self.features.number);
        let properties = flat(&feature);
        for name in self.columns {
            row.push(&properties.get(name.as_str()).map_or(Cow::Borrowed(""), |value| plain(value)));
        }
        let geometry = feature.get("geometry").filter(|geometry| !geometry.is_null());
        row.push(&geometry.map_or_else(String::new, Value::to_string));
        Ok(true)
    }
}

/// Cuts the members of `features` out of the text of a document. Each is parsed by itself; what stands around them is
/// only held against the brackets.
struct Features {
    file: String,
    text: Box<dyn Read>,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    line: u64,
    /// The brackets that are open. A collection opens two around its features.
    open: Vec<u8>,
    /// The last text at the first level: the name of a member, or its value.
    name: Vec<u8>,
    /// The array that is open at the first level is that of the features.
    inside: bool,
    /// There is an array of features.
    found: bool,
    ended: bool,
    /// The feature that is being read, from 1.
    number: u64,
    piece: Vec<u8>,
}

impl Features {
    fn new(input: &Input, encoding: Encoding) -> Result<Self, ImportError> {
        Ok(Self {
            file: input.name(),
            text: encoding.reader(input.open()?),
            buffer: vec![0; 1 << 16],
            from: 0,
            to: 0,
            line: 1,
            open: Vec::new(),
            name: Vec::new(),
            inside: false,
            found: false,
            ended: false,
            number: 0,
            piece: Vec::new(),
        })
    }

    /// The next feature.
    fn next(&mut self) -> Result<Option<Value>, ImportError> {
        while !self.ended {
            let Some(byte) = self.byte()? else {
                return Err(self.damaged(Some(self.line), "the JSON is damaged (it ends too early). Export it again."));
            };
            let among_features = self.inside && self.open.len() == 2;
            match byte {
                b'{' | b'[' if among_features => return self.feature(byte).map(Some),
                b'"' => self.text(among_features)?,
                b'{' | b'[' => {
                    self.inside = byte == b'[' && self.open.len() == 1 && self.name == b"features";
                    self.found |= self.inside;
                    self.open.push(byte);
                    if self.open.len() > limits::DEPTH {
                        return Err(self.unexpected(byte));
                    }
                }
                b'}' | b']' => self.close(byte)?,
                byte if self.open.is_empty() && !byte.is_ascii_whitespace() => return Err(self.unexpected(byte)),
                // A feature is an object; a number in its place is not passed over without a word.
                byte if among_features && !byte.is_ascii_whitespace() && byte != b',' => {
                    return Err(self.unexpected(byte));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// A closing bracket. What follows the last one must be blank.
    fn close(&mut self, byte: u8) -> Result<(), ImportError> {
        let matches = matches!((self.open.pop(), byte), (Some(b'{'), b'}') | (Some(b'['), b']'));
        if !matches {
            return Err(self.unexpected(byte));
        }
        self.inside &= self.open.len() > 1;
        if self.open.is_empty() {
            while let Some(byte) = self.byte()? {
                if !byte.is_ascii_whitespace() {
                    return Err(self.unexpected(byte));
                }
            }
            self.ended = true;
        }
        Ok(())
    }

    /// A text between quotes outside the features.
    fn text(&mut self, among_features: bool) -> Result<(), ImportError> {
        if among_features {
            return Err(self.unexpected(b'"'));
        }
        let is_name = self.open.len() == 1;
        if is_name {
            self.name.clear();
        }
        let mut escaped = false;
        while let Some(byte) = self.byte()? {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return Ok(()),
                _ => {}
            }
            // Longer than the one name that counts is as good as any other.
            if is_name && self.name.len() < 16 {
                self.name.push(byte);
            }
        }
        Err(self.damaged(Some(self.line), "the JSON is damaged (a text is never closed). Export it again."))
    }

    /// The feature that begins with `first`.
    fn feature(&mut self, first: u8) -> Result<Value, ImportError> {
        self.number += 1;
        self.piece.clear();
        self.piece.push(first);
        let begin = self.line;
        let (mut depth, mut quoted, mut escaped) = (1_u32, false, false);
        while depth > 0 {
            let Some(byte) = self.byte()? else { break };
            self.piece.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
            if self.piece.len() > limits::FEATURE {
                return Err(self.too_large("the feature", limits::mebibytes(limits::FEATURE as u64)));
            }
        }
        serde_json::from_slice(&self.piece).map_err(|error| {
            let line = begin + (error.line() as u64).saturating_sub(1);
            self.damaged(Some(line), &format!("the JSON is damaged ({error}). Export it again."))
        })
    }

    fn byte(&mut self) -> Result<Option<u8>, ImportError> {
        if self.from == self.to {
            let read = self.text.read(&mut self.buffer);
            self.to = read.map_err(|e| ImportError::Unreadable { file: self.file.clone(), reason: e.to_string() })?;
            self.from = 0;
        }
        let byte = self.buffer.get(..self.to).and_then(|read| read.get(self.from)).copied();
        self.from += usize::from(byte.is_some());
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    fn unexpected(&self, byte: u8) -> ImportError {
        let byte = char::from(byte);
        let reason = format!("the JSON is damaged ('{byte}' does not belong here). Export it again.");
        self.damaged(Some(self.line), &reason)
    }

    fn damaged(&self, row: Option<u64>, reason: &str) -> ImportError {
        ImportError::Damaged { file: self.file.clone(), row, reason: reason.to_owned() }
    }

    fn too_large(&self, what: &'static str, limit: String) -> ImportError {
        ImportError::TooLarge { file: self.file.clone(), row: Some(self.number), what, limit }
    }
}

/// Bytes of the name of a property whose inside becomes columns. What is inside of a longer one stays JSON in one cell.
const LONGEST_GROUP: usize = 200;

/// The properties of a feature; those inside of a property under both names: 名称_ja.
fn flat(feature: &Value) -> IndexMap<Cow<'_, str>, &Value> {
    let mut found = IndexMap::new();
    if let Some(properties) = feature.get("properties").and_then(Value::as_object) {
        flatten("", properties, &mut found);
    }
    found
}

fn flatten<'v>(above: &str, properties: &'v Map<String, Value>, found: &mut IndexMap<Cow<'v, str>, &'v Value>) {
    for (name, value) in properties {
        let name = if above.is_empty() { Cow::Borrowed(name.as_str()) } else { format!("{above}_{name}").into() };
        match value.as_object() {
            // The names of all that is inside begin with this one: a long one would multiply.
            Some(inner) if !inner.is_empty() && name.len() <= LONGEST_GROUP => flatten(&name, inner, found),
            _ => drop(found.entry(name).or_insert(value)),
        }
    }
}

/// A property's value as a cell.
fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) => text.into(),
        Value::Array(items) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            items.iter().map(plain).collect::<Vec<_>>().join(";").into()
        }
        other => other.to_string().into(),
    }
}
