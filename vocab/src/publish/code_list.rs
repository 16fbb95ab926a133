//! Code lists: the choices that the standard gives for a column.

use crate::dataset::{Column, Datasets, Reads};
use crate::iri::Iri;
use crate::namespace::CODE;

/// A list of codes, published as a `skos:ConceptScheme`.
#[derive(Debug)]
pub struct CodeList {
    /// The term of the attribute or key that takes the codes, or the name of a column that feeds none.
    pub name: String,
    /// The Japanese label.
    pub ja: String,
    /// The English label.
    pub en: String,
    /// The codes, in the order of the standard.
    pub codes: Vec<Code>,
}

/// A code, published as a `skos:Concept`.
#[derive(Debug)]
pub struct Code {
    /// What stands in entities.
    pub notation: String,
    /// The Japanese label.
    pub ja: String,
    /// The English label, where one is known.
    pub en: Option<String>,
}

impl CodeList {
    /// The IRI of the list.
    pub fn iri(&self) -> Iri {
        Iri::from_expanded(format!("{CODE}{}", crate::percent_encoded(&self.name)))
    }

    /// The IRI of one of its codes.
    pub fn code_iri(&self, code: &Code) -> Iri {
        Iri::from_expanded(format!("{}/{}", self.iri(), crate::percent_encoded(&code.notation)))
    }
}

/// The name of the list that a column takes its values from, if it has one.
pub(super) fn list_of(column: &Column) -> Option<String> {
    if column.choices.is_empty() && column.reads != Reads::Hazard {
        return None;
    }
    let target = column.target();
    Some(target.key().or(target.attribute()).map_or_else(|| column.name.clone(), |term| term.term.clone()))
}

/// All code lists. Where data sets give an attribute different choices, its list has them all.
pub fn code_lists() -> Vec<CodeList> {
    let mut lists: Vec<CodeList> = Vec::new();
    for column in Datasets::published().supported().iter().flat_map(|dataset| &dataset.columns) {
        let Some(name) = list_of(column) else { continue };
        let position = lists.iter().position(|list| list.name == name).unwrap_or_else(|| {
            lists.push(new_list(name, column));
            lists.len() - 1
        });
        for code in codes(column) {
            if lists[position].codes.iter().all(|known| known.notation != code.notation) {
                lists[position].codes.push(code);
            }
        }
    }
    lists
}

fn new_list(name: String, column: &Column) -> CodeList {
    let target = column.target();
    let (ja, en) = target
        .key()
        .or(target.attribute())
        .map_or_else(|| (column.name.clone(), column.label_en()), |term| (term.ja.clone(), term.en.clone()));
    CodeList { name, ja, en, codes: Vec::new() }
}

fn codes(column: &Column) -> Vec<Code> {
    if column.reads == Reads::Hazard {
        let ja = column.name.rsplit('_').next().unwrap_or(&column.name).to_owned();
        let label = column.label_en();
        let en = label.strip_prefix("Hazard: ").unwrap_or(&label).to_owned();
        return column
            .part
            .iter()
            .map(|part| Code { notation: part.clone(), ja: ja.clone(), en: Some(en.clone()) })
            .collect();
    }
    let code = |(at, choice): (usize, &str)| Code {
        notation: choice.to_owned(),
        ja: choice.to_owned(),
        en: column.choices_en.get(at).cloned(),
    };
    column.words().enumerate().map(code).collect()
}
