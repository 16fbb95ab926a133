//! Which data set a table is, by its headers first, and by words in its title, its name and its cells.

use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Datasets, Fit, Reads};
use hiroba_vocab::normalise::character::{fold_width, trim};
use hiroba_vocab::normalise::key::HeaderKey;

use crate::generic::Proposal;
use crate::header::{Header, Preview};
use crate::report::Nearest;

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
    /// Whether a word, or several columns, speak for this data set and for hardly any other.
    is_specific: bool,
    /// The table is a data set of its own: a row needs no name, and its short name is part of the ids.
    pub(crate) is_own: bool,
    /// Which columns tell rows apart, where a person has said so.
    pub(crate) identity: Option<Vec<usize>>,
    /// Of which columns a row must fill one, where a person has said so.
    pub(crate) subject: Option<Vec<usize>>,
    /// The mapping by which the columns are read.
    pub(crate) mapping: Option<String>,
    /// Columns that are not to be published.
    pub(crate) skipped: Vec<usize>,
    /// Of a table of its own: what was proposed for each column.
    pub(crate) proposals: Vec<Option<Proposal>>,
    /// Of a table of its own: the data set that comes nearest.
    pub(crate) nearest: Option<Nearest>,
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
const EVIDENCE: f64 = 0.07;

/// Below this score a data set is not even near.
const NEAR: f64 = 0.2;

/// Words this loud name the data set,
const LOUD: f64 = 0.4;
/// and so do this many columns that few other data sets have.
const OWN_COLUMNS: usize = 2;
/// or one beside others that together weigh this much,
const RARE: f64 = 2.5;
/// and so does one with its official name in a table of at least this many columns,
const WHOLE: f64 = 5.0;
/// of which nearly all are known.
const NEARLY_ALL: f64 = 0.9;
/// A column of this weight is one that few other data sets have; see [`Datasets::weight`].
const OWN: f64 = 1.0;

/// Decides the data set of a table. A table that is only a bit like one is none: its columns would get another meaning.
///
/// # Errors
/// The nearest data set, where none fits and one is near.
pub(crate) fn recognise(preview: &Preview, clues: Clues<'_>) -> Result<Binding, Option<Nearest>> {
    let words = Words::collect(preview, clues);
    let datasets = Datasets::published();
    let mut bindings: Vec<Binding> =
        datasets.supported().iter().map(|dataset| score(dataset, preview, clues, &words)).collect();
    // Without a column that says what its rows are about, a table can be of no use as this data set.
    bindings.sort_by(|a, b| b.has_subject().cmp(&a.has_subject()).then(b.score.total_cmp(&a.score)));
    let Some(best) = bindings.into_iter().next() else { return Err(None) };
    let is_enough = best.score >= ENOUGH && best.evidence >= EVIDENCE;
    if is_enough && best.is_specific && best.has_subject() {
        return Ok(best);
    }
    if best.score < NEAR {
        return Err(None);
    }
    let dataset = &best.dataset;
    Err(Some(Nearest { slug: dataset.slug.clone(), title: dataset.title_ja.clone(), score: best.score }))
}

/// The columns of a table in a given data set, whatever the score.
pub(crate) fn bind(dataset: &Arc<Dataset>, preview: &Preview, clues: Clues<'_>) -> Binding {
    score(dataset, preview, clues, &Words::collect(preview, clues))
}

impl Binding {
    /// A table with what its columns are, and nothing else known.
    pub(crate) fn own(dataset: Arc<Dataset>, columns: Vec<Option<Arc<Column>>>, score: f64) -> Self {
        Self {
            dataset,
            columns,
            score,
            evidence: 0.0,
            is_specific: false,
            is_own: true,
            identity: None,
            subject: None,
            mapping: None,
            skipped: Vec::new(),
            proposals: Vec::new(),
            nearest: None,
        }
    }

    /// Whether some column says what a row is about.
    pub(crate) fn has_subject(&self) -> bool {
        let named = || self.columns.iter().flatten().any(|column| is_name(column));
        let subject = &self.dataset.subject;
        subject.is_empty() || !self.columns_named(subject).is_empty() || subject.iter().any(|it| it == NAME) && named()
    }

    /// Where columns of the data set stand in the table, in the order of their official names.
    pub(crate) fn columns_named(&self, names: &[String]) -> Vec<usize> {
        let is = |at: usize, name: &String| self.columns[at].as_ref().is_some_and(|column| column.name == *name);
        names.iter().filter_map(|name| (0..self.columns.len()).find(|at| is(*at, name))).collect()
    }
}

fn score(dataset: &Arc<Dataset>, preview: &Preview, clues: Clues<'_>, words: &Words) -> Binding {
    let spoken = words.evidence(&dataset.words, &dataset.against);
    let columns = assign(dataset, &preview.header, clues, spoken >= LOUD);
    let (mut weight, mut known, mut named, mut own, mut official) = (0.0, 0.0, 0.0, 0, false);
    for (at, column) in columns.iter().enumerate() {
        let blank = preview.header.keys.get(at).is_none_or(|key| key.full.is_empty());
        if clues.geometry == Some(at) || blank && column.is_none() {
            continue;
        }
        named += 1.0;
        if let Some(column) = column
            && !column.rest
        {
            known += 1.0;
            let Some(key) = preview.header.keys.get(at) else { continue };
            let weighs = Datasets::published().weight(column, key);
            weight += weighs;
            if weighs >= OWN {
                let fit = column.fit(key);
                own += usize::from(fit.is_some_and(|fit| fit < Fit::Likeness));
                official |= fit == Some(Fit::Official);
            }
        }
    }
    let likeness = if named > 0.0 { known / named } else { 0.0 };
    let is_whole = official && known >= WHOLE && likeness >= NEARLY_ALL;
    // A table with few of the standard's columns among many of its own is still recognised by those few.
    let likeness = f64::max(likeness, f64::min(known / 12.0, 0.9));
    let distinct = weight / (weight + 3.0);
    let silent = dataset.needs_word && spoken <= 0.0;
    let evidence = if silent { 0.0 } else { 0.35 * distinct + 0.30 * spoken };
    let is_own = own >= OWN_COLUMNS || own > 0 && weight >= RARE;
    let is_specific = !silent && (spoken >= LOUD || is_own || is_whole);
    Binding {
        evidence,
        is_specific,
        is_own: false,
        ..Binding::own(Arc::clone(dataset), columns, 0.35 * likeness + evidence)
    }
}

/// Gives each column of the table at most one column of the data set: the best fits first, then in the definition's order.
fn assign(dataset: &Arc<Dataset>, header: &Header, clues: Clues<'_>, is_spoken_of: bool) -> Vec<Option<Arc<Column>>> {
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
                usable[c] && !column.rest && (!taken[c] || column.many) && column.fit(&header.keys[*at]) == Some(wanted)
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
    name_by_any_means(dataset, header, &mut assigned, is_spoken_of);
    // A first column without a header holds the row's number more often than anything else.
    if header.keys.first().is_some_and(|key| key.full.is_empty())
        && !assigned.iter().flatten().any(|column| column.reads == Reads::Number)
    {
        assigned[0] = dataset.columns.iter().find(|column| column.reads == Reads::Number).cloned();
    }
    if let Some(rest) = dataset.columns.iter().find(|column| column.rest) {
        let free =
            assigned.iter_mut().zip(&header.keys).filter(|(column, key)| column.is_none() && !key.full.is_empty());
        free.for_each(|(column, _)| *column = Some(Arc::clone(rest)));
    }
    assigned
}

/// Without a name, a column that went elsewhere and could be the name is taken back: 設置場所 alone is the name.
fn name_by_any_means(
    dataset: &Arc<Dataset>,
    header: &Header,
    assigned: &mut [Option<Arc<Column>>],
    is_spoken_of: bool,
) {
    if dataset.subject.iter().all(|subject| subject != NAME) {
        return;
    }
    if assigned.iter().flatten().any(|column| is_name(column)) {
        return;
    }
    let Some(name) = dataset.columns.iter().find(|column| is_name(column)) else { return };
    let best = header.keys.iter().enumerate().filter_map(|(at, key)| name.fit(key).map(|fit| (fit, at))).min();
    // 観光農園名 and the like, where words name the data set: the first header that says so and is nothing else.
    let says_name = |at: &usize| {
        let key = &header.keys[*at];
        // A class before the name may be another thing's.
        is_spoken_of && assigned[*at].is_none() && key.member.is_none() && names_things(&key.plain)
    };
    if let Some(at) = best.map(|(_, at)| at).or_else(|| (0..header.keys.len()).find(says_name)) {
        assigned[at] = Some(Arc::clone(name));
    }
}

/// Whether a column is what a thing is called in Japanese.
fn is_name(column: &Column) -> bool {
    column.feeds.as_deref() == Some("name") && column.reads == Reads::Name && column.part.as_deref() == Some("ja")
}

/// Whether a header ends as that of a name does, and is not that of a person, a body or a place.
fn names_things(header: &str) -> bool {
    const OTHERS: [&str; 22] = [
        "氏名",
        "者名",
        "者名称",
        "市名",
        "区名",
        "町名",
        "村名",
        "県名",
        "郡名",
        "字名",
        "地名",
        "団体名",
        "法人名",
        "課名",
        "部署名",
        "担当名",
        "科名",
        "類名",
        "種名",
        "路線名",
        "線名",
        "会社名",
    ];
    (header.ends_with('名') || header.ends_with("名称")) && !OTHERS.iter().any(|other| header.ends_with(other))
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

    /// How strongly `words` speak from name, title, headers and cells, 0 to 1. Beside a word of `against` they say nothing.
    fn evidence(&self, words: &[String], against: &[String]) -> f64 {
        let any = |text: &str, words: &[String]| words.iter().any(|word| text.contains(word.as_str()));
        let found = |text: &str| any(text, words) && !any(text, against);
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
