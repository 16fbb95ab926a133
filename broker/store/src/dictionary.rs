//! Names as numbers. What a name's number is never changes, so known ones are kept in memory without asking again.

use std::collections::HashMap;

use hiroba_vocab::Iri;
use moka::sync::Cache;

use crate::engine::Engine;
use crate::error::Result;
use crate::index::{Rows, Shape};
use crate::plan::Terms;
use crate::rows::NumberedRows;

/// How many names and shapes are kept in memory.
const REMEMBERED: u64 = 50_000;

/// The numbers of names, types and shapes.
#[derive(Debug)]
pub(crate) struct Dictionary {
    terms: Cache<Iri, i64>,
    shapes: Cache<Shape, (i64, i64)>,
}

impl Dictionary {
    pub(crate) fn new() -> Self {
        Self { terms: Cache::new(REMEMBERED), shapes: Cache::new(REMEMBERED) }
    }

    /// The numbers of those names that the database has heard of.
    pub(crate) async fn known(&self, engine: &Engine, names: &[Iri]) -> Result<Terms> {
        let mut known = Terms::new();
        let mut unknown = Vec::new();
        for name in names {
            match self.terms.get(name) {
                Some(number) => {
                    known.insert(name.clone(), number);
                }
                None => unknown.push(name.to_string()),
            }
        }
        if !unknown.is_empty() {
            for (name, number) in engine.terms(unknown).await? {
                self.terms.insert(name.clone(), number);
                known.insert(name, number);
            }
        }
        Ok(known)
    }

    /// The numbers of an entity's set of types and of its shape, made if they are new.
    pub(crate) async fn shape(&self, engine: &Engine, shape: Shape) -> Result<(i64, i64)> {
        if let Some(numbers) = self.shapes.get(&shape) {
            return Ok(numbers);
        }
        let numbers = engine.intern_shape(shape.clone()).await?;
        self.shapes.insert(shape, numbers);
        Ok(numbers)
    }

    /// Index rows with numbers for names.
    pub(crate) async fn rows(&self, engine: &Engine, rows: Rows) -> Result<NumberedRows> {
        let mut numbers: HashMap<Iri, i64> = HashMap::new();
        let mut unknown: Vec<Iri> = Vec::new();
        for (name, _) in &rows.geometries {
            match self.terms.get(name) {
                Some(number) => {
                    numbers.insert(name.clone(), number);
                }
                None => unknown.push(name.clone()),
            }
        }
        if !unknown.is_empty() {
            let made = engine.intern_terms(unknown.iter().map(ToString::to_string).collect()).await?;
            for (name, number) in unknown.into_iter().zip(made) {
                self.terms.insert(name.clone(), number);
                numbers.insert(name, number);
            }
        }
        Ok(NumberedRows {
            scopes: rows.scopes,
            geometries: rows
                .geometries
                .into_iter()
                .filter_map(|(name, geometry)| Some((*numbers.get(&name)?, geometry)))
                .collect(),
            values: rows.values.into_iter().map(|row| (row.index, row.kind, row.key)).collect(),
        })
    }
}
