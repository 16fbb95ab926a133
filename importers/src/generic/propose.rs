//! From the header and the cells of a column to what it probably is.

use hiroba_vocab::dataset::{Column, Fit, Reads};
use hiroba_vocab::unit;

use super::facts::{Facts, Unit};
use super::kind::{Kind, header_speaks, names_by_number};

/// From here on a proposal is taken; below it is only told, and the column stays text.
pub(super) const CERTAIN: f64 = 0.85;
/// A column of few values has at most this many of them,
const FEW: usize = 30;
/// each in this many rows on average.
const ROWS_EACH: u64 = 4;

/// What a column was taken for, or might be.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// How the cells would be read: `phone`, `decimal`; or `category`, which stays text.
    pub reads: Reads,
    /// How certain that is, 0 to 1.
    pub confidence: f64,
    /// Whether it is certain enough to be done.
    pub taken: bool,
    /// A sentence that says why.
    pub why: String,
}

impl Proposal {
    fn new(reads: Reads, confidence: f64, why: String) -> Self {
        Self { reads, confidence: (confidence * 100.0).round() / 100.0, taken: confidence >= CERTAIN, why }
    }
}

/// What a header that is known in every list says, unless the cells say otherwise.
pub(super) fn by_header(header: &str, column: &Column, fit: Fit, facts: &Facts) -> Proposal {
    let confidence = match fit {
        Fit::Official => 1.0,
        Fit::Variant => 0.97,
        Fit::Plain | Fit::FirstLine => 0.93,
        Fit::Likeness => 0.88,
    };
    let cells = |kinds: &[Kind]| kinds.iter().map(|kind| facts.share(*kind)).fold(0.0, f64::max);
    // Of these the cells must show some sign too: a header such as 場所, x or 時間 is used for many things.
    let shown = match column.reads {
        Reads::Latitude | Reads::Longitude => {
            let degrees = header_speaks(Kind::Latitude, header) || header_speaks(Kind::Longitude, header);
            if degrees { 1.0 } else { cells(&[Kind::Latitude, Kind::Longitude]) }
        }
        Reads::Address if fit > Fit::Official => {
            cells(&[Kind::Address]).max(if header.contains("住所") || header.contains("所在") { 1.0 } else { 0.0 })
        }
        Reads::LatLon if fit > Fit::Official || column.extra => cells(&[Kind::Pair]),
        Reads::Phone => cells(&[Kind::Phone]).max(if cells(&[Kind::Number]) < 1.0 || facts.zeros { 1.0 } else { 0.0 }),
        Reads::Url => cells(&[Kind::Url]).max(if header_speaks(Kind::Url, header) { 1.0 } else { 0.0 }),
        Reads::Opens | Reads::Closes => cells(&[Kind::Time]),
        _ => 1.0,
    };
    if facts.filled > 0 && shown < 0.5 {
        let why = format!("the header is one for {}, but the cells are not", column.name);
        return Proposal::new(column.reads, confidence * 0.5, why);
    }
    Proposal::new(column.reads, confidence, format!("the header is known: {}", column.name))
}

/// What the cells of a column say, with a header that no list knows.
pub(super) fn by_cells(header: &str, facts: &Facts) -> Option<Proposal> {
    if facts.filled == 0 {
        return None;
    }
    let candidates = [
        (Kind::Url, Reads::Url, 0.05, "web addresses"),
        (Kind::Email, Reads::Email, 0.05, "e-mail addresses"),
        (Kind::Phone, Reads::Phone, 0.2, "telephone numbers"),
        (Kind::PostalCode, Reads::PostalCode, 0.2, "postal codes"),
        (Kind::CorporateNumber, Reads::CorporateNumber, 0.5, "corporate numbers that pass the check"),
        (Kind::Pair, Reads::LatLon, 0.2, "pairs of latitude and longitude"),
        (Kind::Latitude, Reads::Latitude, 0.5, "degrees in the range of Japan's latitudes"),
        (Kind::Longitude, Reads::Longitude, 0.5, "degrees in the range of Japan's longitudes"),
        (Kind::Time, Reads::Time, 0.3, "times of day"),
        (Kind::Date, Reads::Date, 0.3, "dates"),
        (Kind::Code, Reads::Code, 0.4, "codes of local governments"),
        (Kind::Flag, Reads::Flag, 0.5, "marks for yes and no"),
        (Kind::Address, Reads::Address, 0.3, "addresses"),
    ];
    let best = candidates
        .into_iter()
        .map(|(kind, reads, doubt, what)| (confidence(kind, header, facts, doubt), kind, reads, what))
        // Of two that fit equally, the first says more.
        .reduce(|best, other| if other.0 > best.0 + 1e-9 { other } else { best });
    if let Some((confidence, kind, reads, what)) = best
        && facts.share(kind) > 0.5
        && !(kind == Kind::Code && facts.distinct() == Some(1))
    {
        return Some(Proposal::new(reads, confidence, said(kind, header, facts, what)));
    }
    of_hinted_form(header, facts).or_else(|| of_numbers(header, facts)).or_else(|| of_texts(header, facts))
}

/// Forms that the cells alone do not tell: the header must speak for them.
fn of_hinted_form(header: &str, facts: &Facts) -> Option<Proposal> {
    for (kind, reads, what) in
        [(Kind::Year, Reads::Date, "years"), (Kind::Bit, Reads::Flag, "1 and 0"), (Kind::Kana, Reads::Kana, "kana")]
    {
        if facts.share(kind) > 0.9 && header_speaks(kind, header) {
            return Some(Proposal::new(reads, confidence(kind, header, facts, 0.3), said(kind, header, facts, what)));
        }
    }
    None
}

fn of_numbers(header: &str, facts: &Facts) -> Option<Proposal> {
    if !facts.numbers {
        return None;
    }
    let text = |why: &str| Some(Proposal::new(Reads::Text, 0.9, why.to_owned()));
    if facts.zeros {
        return text("numbers with leading zeros are codes, and stay text");
    }
    if names_by_number(header) && unit::of_header(header).is_none() {
        return text("the header says that the numbers are names, and they stay text");
    }
    if facts.unit == Unit::Mixed {
        return text("the numbers have several units");
    }
    // Many digits, as many everywhere, are a code: barcodes, telephone numbers without hyphens.
    if facts.whole && facts.unit == Unit::None && facts.filled >= 2 && facts.digits.is_some_and(|digits| digits >= 8) {
        return text("numbers of the same length with eight digits or more are codes, and stay text");
    }
    let reads = if facts.whole && facts.unit == Unit::None { Reads::Count } else { Reads::Decimal };
    let unit = match &facts.unit {
        Unit::One(unit) => format!(" with the unit {unit}"),
        _ => String::new(),
    };
    let all = confidence(Kind::Number, header, facts, 0.3);
    Some(Proposal::new(reads, all, format!("all {} cells are numbers{unit}", facts.filled)))
}

fn of_texts(header: &str, facts: &Facts) -> Option<Proposal> {
    let list = facts.share(Kind::List);
    if list >= 0.3 {
        let bonus = if header_speaks(Kind::List, header) { 0.3 } else { 0.0 };
        let why = format!("{:.0} % of the cells are several short items with separators", list * 100.0);
        return Some(Proposal::new(Reads::List, f64::min(0.4 + list * 0.3 + bonus, 0.95), why));
    }
    let distinct = facts
        .distinct()
        .filter(|distinct| (2..=FEW).contains(distinct) && *distinct as u64 * ROWS_EACH <= facts.filled)?;
    Some(Proposal::new(Reads::Category, 0.8, format!("{distinct} different values in {} rows", facts.filled)))
}

/// How certain a form is: the more cells have it, and the rarer it is by chance, the more; a header that speaks for it
/// halves what doubt is left.
fn confidence(kind: Kind, header: &str, facts: &Facts, doubt: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    let chance = doubt / (facts.looked_at(kind) + 1) as f64;
    let confidence = facts.share(kind) * (1.0 - chance);
    if header_speaks(kind, header) { confidence.midpoint(1.0) * facts.share(kind).sqrt() } else { confidence }
}

fn said(kind: Kind, header: &str, facts: &Facts, what: &str) -> String {
    let share = facts.share(kind) * 100.0;
    let all = facts.filled + facts.looked_at(kind) - facts.seen;
    let cells = if share > 99.9 { format!("all {all} cells") } else { format!("{share:.0} % of the cells") };
    let header = if header_speaks(kind, header) { ", and the header says so" } else { "" };
    format!("{cells} are {what}{header}")
}
