//! Names in other languages and in kana.

use std::collections::{BTreeSet, HashMap};

use super::content::Content;
use crate::table::{Join, Lookup};

/// Where translations of the old Japanese form stand, which name no table and no column: they are of the text, wherever
/// it occurs.
const ANYWHERE: (&str, &str) = ("", "");

/// Translations by table and column.
#[derive(Debug, Default)]
pub(super) struct Translations {
    by_column: HashMap<(String, String), Texts>,
}

/// Translations of one column: by the id of the row, or by the text.
#[derive(Debug, Default)]
struct Texts {
    languages: BTreeSet<String>,
    by_id: HashMap<String, HashMap<String, String>>,
    by_text: HashMap<String, HashMap<String, String>>,
}

impl Translations {
    /// Reads both forms: the old Japanese one (trans_id is the text itself, lang, translation), and that of GTFS Schedule
    /// (table_name, field_name, language, translation, record_id or field_value).
    pub(super) fn read(content: Content) -> Self {
        let column = |name: &str| content.column(name);
        let old = column("trans_id");
        let language = column("language").or_else(|| column("lang"));
        let [table, field, translation, record, text] =
            ["table_name", "field_name", "translation", "record_id", "field_value"].map(column);
        let mut all = Self::default();
        for row in &content.rows {
            let cell = |column| content.cell(row, column).to_owned();
            let (language, translation) = (cell(language), cell(translation));
            if language.is_empty() || translation.is_empty() {
                continue;
            }
            let place = if old.is_some() { (String::new(), String::new()) } else { (cell(table), cell(field)) };
            let texts = all.by_column.entry(place).or_default();
            texts.languages.insert(language.clone());
            let by_text = if old.is_some() { cell(old) } else { cell(text) };
            let (map, key) =
                if by_text.is_empty() { (&mut texts.by_id, cell(record)) } else { (&mut texts.by_text, by_text) };
            map.entry(key).or_default().insert(language, translation);
        }
        all
    }

    /// The columns of a translated column: its name, @ and the language. `id` and `field` say where the row's id and the
    /// column itself stand. The language of the timetable itself is left out, for that is the column.
    pub(super) fn join(&self, table: &str, field: &str, id: Option<usize>, column: Option<usize>) -> Option<Join> {
        let own = self.by_column.get(&(table.to_owned(), field.to_owned()));
        let texts = own.or_else(|| self.by_column.get(&(ANYWHERE.0.to_owned(), ANYWHERE.1.to_owned())))?;
        let languages: Vec<&String> = texts.languages.iter().filter(|language| *language != "ja").collect();
        let lookup = |map: &HashMap<String, HashMap<String, String>>, column: Option<usize>| {
            let cells = |(key, translations): (&String, &HashMap<String, String>)| {
                let cells = languages.iter().map(|language| translations.get(*language).cloned().unwrap_or_default());
                (key.clone(), cells.collect())
            };
            Some(Lookup { column: column?, cells: map.iter().map(cells).collect() })
        };
        let lookups: Vec<Lookup> =
            [lookup(&texts.by_id, id), lookup(&texts.by_text, column)].into_iter().flatten().collect();
        let headers: Vec<String> = languages.iter().map(|language| format!("{field}@{language}")).collect();
        (!headers.is_empty() && !lookups.is_empty()).then_some(Join::Columns { headers, lookups })
    }
}
