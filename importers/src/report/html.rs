//! The report as a page that stands alone: no script, no image, nothing to fetch. For the person who keeps the list.

use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::{ColumnUse, IssueGroup, Language, Report};
use crate::plan::Found;

/// A corrected file up to this size is part of the page.
const INLINE: usize = 1024 * 1024;

/// The file as it should have been, to be offered on the page.
#[derive(Debug, Clone)]
pub struct Corrected<'c> {
    /// Its name.
    pub name: &'c str,
    /// The media type.
    pub media_type: &'static str,
    /// What is in it. Up to 1 MiB it becomes part of the page; beyond that the page says the name.
    pub bytes: Option<&'c [u8]>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    report: &'r Report,
    language: Language,
    /// Name and address of the corrected file.
    corrected: Option<(&'r str, Option<String>)>,
}

impl Report {
    /// A page of HTML in one file, in the given language.
    pub fn to_html(&self, language: Language, corrected: Option<&Corrected<'_>>) -> String {
        let inline = |corrected: &Corrected<'_>| {
            let bytes = corrected.bytes.filter(|bytes| bytes.len() <= INLINE)?;
            // The parameters of a media type would need quoting of their own here.
            let kind = corrected.media_type.split(';').next().unwrap_or_default();
            Some(format!("data:{kind},{}", percent_encode(bytes, NON_ALPHANUMERIC)))
        };
        let corrected = corrected.map(|corrected| (corrected.name, inline(corrected)));
        // Rendering into a String fails only where a value's Display does; none of these does.
        Page { report: self, language, corrected }.render().unwrap_or_default()
    }
}

impl Page<'_> {
    /// One of two texts.
    fn t<'t>(&self, english: &'t str, japanese: &'t str) -> &'t str {
        self.language.choose(english, japanese)
    }

    fn sentence(&self, group: &IssueGroup) -> &'static str {
        self.language.choose(group.sentence, group.sentence_ja)
    }

    fn level(&self, level: &str) -> &'static str {
        super::text::level(level, self.language)
    }

    fn format(&self) -> &'static str {
        self.report.format_in(self.language)
    }

    fn found(&self) -> &'static str {
        let (english, japanese) = match self.report.publisher_found {
            Found::Options => ("as told", "指定による"),
            Found::CodeColumn => ("from the column of codes", "コードの列から"),
            Found::Agency => ("from the agency of the timetable", "時刻表の事業者から"),
            Found::FileName => ("from the file's name", "ファイル名から"),
            Found::Addresses => ("from the addresses", "住所から"),
            Found::Title => ("from the title", "表題から"),
            Found::Nowhere => ("nothing in the file says it", "ファイルから分かりません"),
        };
        self.language.choose(english, japanese)
    }

    fn advice(&self, group: &IssueGroup) -> &'static str {
        super::advice(group.code, self.language)
    }

    /// What a column is published as: the attribute of the vocabulary, or the header where it is the city's own.
    fn attribute<'c>(&self, column: &'c ColumnUse) -> &'c str {
        if column.skipped {
            return "–";
        }
        if column.attribute.starts_with(hiroba_vocab::namespace::COLUMN) { &column.header } else { &column.attribute }
    }

    /// A share of one in whole per cent.
    fn percent(share: &f64) -> String {
        format!("{:.0}%", share * 100.0)
    }

    /// The issues that ask for something, and all others.
    fn sections(&self) -> [(bool, Vec<&IssueGroup>); 2] {
        let asks = |group: &&IssueGroup| matches!(group.level, "unread" | "doubtful");
        let (first, second) = self.report.issues.iter().partition(asks);
        [(true, first), (false, second)]
    }
}
