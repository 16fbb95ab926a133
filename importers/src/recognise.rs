//! Which data set a table is, by its headers first, and by words in its title, its name and its cells.

use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Datasets, Fit, OtherDataset, Reads};
use hiroba_vocab::normalise::character::{fold_width, trim};
use hiroba_vocab::normalise::key::HeaderKey;

use crate::error::{ImportError, Nearest, Unrecognised};
use crate::header::{Header, Preview};

/// What the columns of a table are in a data set.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) dataset: Arc<Dataset>,
    /// For each column of the table, the column of the data set that it is.
    pub(crate) columns: Vec<Option<Arc<Column>>>,
    /// How likely the table is this data set, 0 to 1.
    pub(crate) score: f64,
    /// What of the score does not come from columns that all data sets share.
    evidence: f64,
}

/// What to know about a table besides its cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clues<'c> {
    pub(crate) file: &'c str,
    pub(crate) sheet: Option<&'c str>,
    pub(crate) geometry: Option<usize>,
    /// Names of columns may be cut off.
    pub(crate) cut_names: bool,
}

/// The column that says what most things are called.
const NAME: &str = "名称";
/// Names of fewer characters are not cut off.
const SHORTEST_CUT: usize = 3;
/// A table needs this score,
const ENOUGH: f64 = 0.36;
/// and this much of it must speak for the data set and for no other.
const EVIDENCE: f64 = 0.09;

/// Decides the data set of a table.
///
/// # Errors
/// [`ImportError::Unrecognised`] with the nearest one.
pub(crate) fn recognise(preview: &Preview, clues: Clues<'_>) -> Result<Binding, ImportError> {
    let words = Words::collect(preview, clues);
    let datasets = Datasets::published();
    let mut bindings: Vec<Binding> =
        datasets.supported().iter().map(|dataset| score(dataset, preview, clues, &words)).collect();
    bindings.sort_by(|a, b| b.score.total_cmp(&a.score));
    let other = datasets
        .others()
        .iter()
        .map(|other| (other, score_other(other, &preview.header, &words)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    let best = bindings.into_iter().next();
    if let Some(best) = &best
        && best.score >= ENOUGH
        && best.evidence >= EVIDENCE
        && best.has_subject()
        && other.is_none_or(|(_, score)| score <= best.score)
    {
        return Ok(best.clone());
    }
    let nearest = match (best, other) {
        (best, Some((other, score))) if best.as_ref().is_none_or(|best| score > best.score) => {
            Some(Nearest { slug: other.slug.clone(), title: other.title_ja.clone(), score, supported: false })
        }
        (Some(best), _) => Some(Nearest {
            slug: best.dataset.slug.clone(),
            title: best.dataset.title_ja.clone(),
            score: best.score,
            supported: true,
        }),
        _ => None,
    };
    Err(ImportError::Unrecognised(Box::new(Unrecognised {
        file: clues.file.to_owned(),
        headers: preview.header.names.clone(),
        header_row: preview.header.row,
        nearest,
    })))
}

/// The columns of a table in a given data set, whatever the score.
pub(crate) fn bind(dataset: &Arc<Dataset>, preview: &Preview, clues: Clues<'_>) -> Binding {
    score(dataset, preview, clues, &Words::collect(preview, clues))
}

impl Binding {
    /// Whether some column says what a row is about.
    pub(crate) fn has_subject(&self) -> bool {
        self.dataset.subject.is_empty() || !self.columns_named(&self.dataset.subject).is_empty()
    }

    /// Where columns of the data set stand in the table, in the order of their official names.
    pub(crate) fn columns_named(&self, names: &[String]) -> Vec<usize> {
        let is = |at: usize, name: &String| self.columns[at].as_ref().is_some_and(|column| column.name == *name);
        names.iter().filter_map(|name| (0..self.columns.len()).find(|at| is(*at, name))).collect()
    }
}

fn score(dataset: &Arc<Dataset>, preview: &Preview, clues: Clues<'_>, words: &Words) -> Binding {
    let columns = assign(dataset, &preview.header, clues);
    let datasets = Datasets::published();
    let (mut weight, mut known, mut named) = (0.0, 0.0, 0.0);
    for (at, column) in columns.iter().enumerate() {
        let blank = preview.header.keys.get(at).is_none_or(|key| key.full.is_empty());
        if clues.geometry == Some(at) || blank && column.is_none() {
            continue;
        }
        named += 1.0;
        if let Some(column) = column {
            known += 1.0;
            weight += datasets.weight(column);
        }
    }
    let likeness = if named > 0.0 { known / named } else { 0.0 };
    // A table with few of the standard's columns among many of its own is still recognised by those few.
    let likeness = f64::max(likeness, f64::min(known / 12.0, 0.9));
    let distinct = weight / (weight + 3.0);
    let spoken = words.evidence(&dataset.words);
    let evidence = 0.35 * distinct + 0.30 * spoken;
    Binding { dataset: Arc::clone(dataset), columns, score: 0.35 * likeness + evidence, evidence }
}

fn score_other(other: &OtherDataset, header: &Header, words: &Words) -> f64 {
    let hits = header
        .keys
        .iter()
        .filter(|key| other.headers.contains(&key.full) || other.headers.contains(&key.plain))
        .count();
    #[expect(clippy::cast_precision_loss, reason = "a few headers")]
    let hits = hits as f64;
    let weight = 1.8 * hits;
    0.35 * f64::min(hits / 3.0, 1.0) + 0.35 * weight / (weight + 3.0) + 0.30 * words.evidence(&other.words)
}

/// Gives each column of the table at most one column of the data set: the best fits first, then in the definition's order.
fn assign(dataset: &Arc<Dataset>, header: &Header, clues: Clues<'_>) -> Vec<Option<Arc<Column>>> {
    let geometry = clues.geometry;
    let mut assigned: Vec<Option<Arc<Column>>> = vec![None; header.keys.len()];
    let mut taken = vec![false; dataset.columns.len()];
    let usable = |column: &Arc<Column>| {
        let condition = column.when.as_deref().and_then(|name| dataset.column(name));
        // A header that fits the column itself better is no sign of the other: 市区町村コード alone is the publisher's.
        let speaks = |other: &Column, key: &HeaderKey| {
            other.fit(key).is_some_and(|fit| fit <= Fit::Variant && column.fit(key).is_none_or(|own| own > fit))
        };
        let there = condition.is_none_or(|other| header.keys.iter().any(|key| speaks(other, key)));
        // A geometry leaves nothing for columns of coordinates to say.
        let place = matches!(column.reads, Reads::Latitude | Reads::Longitude | Reads::LatLon);
        there && !(place && geometry.is_some())
    };
    let usable: Vec<bool> = dataset.columns.iter().map(usable).collect();
    // Values in the old datum are second choice.
    let mut order: Vec<usize> = (0..header.keys.len()).filter(|at| geometry != Some(*at)).collect();
    order.sort_by_key(|at| is_tokyo_datum(&header.names[*at]));
    for wanted in [Fit::Official, Fit::Variant, Fit::Plain, Fit::FirstLine, Fit::Likeness] {
        for at in &order {
            if assigned[*at].is_some() {
                continue;
            }
            let found = dataset.columns.iter().enumerate().position(|(c, column)| {
                usable[c] && (!taken[c] || column.many) && column.fit(&header.keys[*at]) == Some(wanted)
            });
            if let Some(found) = found {
                taken[found] = true;
                assigned[*at] = dataset.columns.get(found).cloned();
            }
        }
    }
    if clues.cut_names {
        for at in order.into_iter().filter(|at| header.keys[*at].full.chars().count() >= SHORTEST_CUT) {
            let begins = |(c, column): &(usize, &Arc<Column>)| {
                usable[*c] && (!taken[*c] || column.many) && column.begins_with(&header.keys[at])
            };
            let mut found = dataset.columns.iter().enumerate().filter(begins);
            if assigned[at].is_none()
                && let (Some((c, column)), None) = (found.next(), found.next())
            {
                assigned[at] = Some(Arc::clone(column));
                taken[c] = true;
            }
        }
    }
    name_by_any_means(dataset, header, &mut assigned);
    // A first column without a header holds the row's number more often than anything else.
    if header.keys.first().is_some_and(|key| key.full.is_empty())
        && !assigned.iter().flatten().any(|column| column.reads == Reads::Number)
    {
        assigned[0] = dataset.columns.iter().find(|column| column.reads == Reads::Number).cloned();
    }
    assigned
}

/// Without a name, a column that went elsewhere and could be the name is taken back: 設置場所 alone is the name.
fn name_by_any_means(dataset: &Arc<Dataset>, header: &Header, assigned: &mut [Option<Arc<Column>>]) {
    if dataset.subject.iter().all(|subject| subject != NAME) {
        return;
    }
    let named = |column: &&Arc<Column>| column.reads == Reads::Name && column.part.as_deref() == Some("ja");
    if assigned.iter().flatten().any(|column| named(&column)) {
        return;
    }
    let Some(name) = dataset.columns.iter().find(named) else { return };
    let best = header.keys.iter().enumerate().filter_map(|(at, key)| name.fit(key).map(|fit| (fit, at))).min();
    if let Some((_, at)) = best {
        assigned[at] = Some(Arc::clone(name));
    }
}

/// Whether a header names the datum that Japan used until 2002. 日本測地系2011 is the new one.
pub(crate) fn is_tokyo_datum(text: &str) -> bool {
    let text = fold_width(text).to_lowercase();
    let new = ["2000", "2011", "世界", "jgd", "wgs"].iter().any(|word| text.contains(word));
    !new && ["日本測地系", "旧測地系", "東京測地系", "tokyo", "ベッセル", "bessel"]
        .iter()
        .any(|word| text.contains(word))
}

/// Where words can be found that say what a table is.
#[derive(Debug)]
struct Words {
    file: String,
    title: String,
    headers: String,
    /// The first cells of the sample rows.
    rows: Vec<String>,
}

impl Words {
    fn collect(preview: &Preview, clues: Clues<'_>) -> Self {
        let title = preview.header.above.join(" ") + " " + clues.sheet.unwrap_or_default();
        let headers = preview.header.names.join(" ").to_lowercase();
        let rows = preview
            .sample
            .iter()
            .map(|row| {
                row.cells()
                    .take(8)
                    .map(trim)
                    .filter(|cell| cell.len() < 200)
                    .collect::<Vec<_>>()
                    .join(" ")
                    .to_lowercase()
            })
            .collect();
        Self { file: clues.file.to_lowercase(), title: title.to_lowercase(), headers, rows }
    }

    /// How strongly `words` speak from name, title, headers and cells, 0 to 1.
    fn evidence(&self, words: &[String]) -> f64 {
        let found = |text: &str| words.iter().any(|word| text.contains(word.as_str()));
        let share = |yes: bool, strength: f64| if yes { 1.0 - strength } else { 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "at most a few hundred rows")]
        let cells = if self.rows.is_empty() {
            0.0
        } else {
            self.rows.iter().filter(|row| found(row)).count() as f64 / self.rows.len() as f64
        };
        let silence = share(found(&self.file), 0.4) * share(found(&self.title), 0.5) * share(found(&self.headers), 0.5);
        1.0 - silence * (1.0 - 0.7 * cells)
    }
}
