//! The report as plain text.

use std::fmt::Write as _;

use super::{ColumnUse, Language, Report};

/// How many rows a line names.
const SHOWN: usize = 5;

/// The word of a level in reports.
pub(super) fn level(level: &str, language: Language) -> &'static str {
    let (english, japanese) = match level {
        "unread" => ("unread", "読めない値"),
        "doubtful" => ("doubtful", "疑わしい値"),
        "changed" => ("changed", "直した値"),
        _ => ("note", "参考"),
    };
    language.choose(english, japanese)
}

/// What the bytes are. Names of encodings are the same in both languages.
fn format(format: &'static str, language: Language) -> &'static str {
    let japanese = match format {
        "Excel workbook (XLSX)" => "Excelブック（XLSX）",
        "Excel workbook (XLS)" => "Excelブック（XLS）",
        "OpenDocument spreadsheet (ODS)" => "OpenDocument表計算（ODS）",
        other => other,
    };
    language.choose(format, japanese)
}

impl Report {
    /// What the bytes are, in a language: [`Report::format`].
    pub fn format_in(&self, language: Language) -> &'static str {
        format(self.format, language)
    }

    /// A text for a terminal or a mail: what was found, what became of the rows, and what to look at.
    pub fn to_text(&self) -> String {
        self.to_text_in(Language::English)
    }

    /// [`Report::to_text`] in a language.
    pub fn to_text_in(&self, language: Language) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match language {
            Language::English => self.write(&mut text),
            Language::Japanese => self.write_ja(&mut text),
        };
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "{}", self.file)?;
        let sheet = self.sheet.as_ref().map(|name| format!(", sheet {name}")).unwrap_or_default();
        let misnamed = if self.misnamed { " (the name says otherwise)" } else { "" };
        writeln!(out, "  format     {}{misnamed}{sheet}, header in row {}", self.format, self.header_row)?;
        if self.is_own {
            writeln!(out, "  data set   none fits; taken for one of its own: {} ({})", self.title, self.dataset)?;
            if let Some(nearest) = &self.nearest {
                writeln!(
                    out,
                    "  nearest    {} ({}), likeness {:.2}. If it is that, say --dataset {}",
                    nearest.title, nearest.slug, nearest.score, nearest.slug
                )?;
            }
        } else {
            writeln!(out, "  data set   {} ({}), likeness {:.2}", self.title, self.dataset, self.likeness)?;
        }
        if let Some(mapping) = &self.mapping {
            writeln!(out, "  mapping    {mapping}")?;
        }
        let name = self.publisher_name.as_deref().unwrap_or("unknown");
        writeln!(out, "  publisher  {} {name}", self.publisher)?;
        let rows = &self.rows;
        writeln!(
            out,
            "  rows       {} read = {} entities + {} merged + {} set aside + {} refused",
            rows.read, rows.entities, rows.merged, rows.set_aside, rows.refused
        )?;
        let quality = &self.quality;
        let parts: Vec<String> =
            quality.parts.iter().map(|part| format!("{} {:.0}%", part.name, part.share * 100.0)).collect();
        writeln!(out, "  quality    {} of 100, grade {}: {}", quality.score, quality.grade, parts.join(", "))?;
        for check in quality.form.iter().filter(|check| !check.passed) {
            writeln!(out, "  form       {} not kept: {}", check.rule, check.sentence)?;
        }
        self.write_proposals(out)?;
        for row in &self.refused {
            writeln!(out, "  refused    row {}, {}: {:?}: {}", row.row, row.column, row.value, row.reason)?;
        }
        for group in &self.set_aside {
            let rows: Vec<String> = group.examples.iter().take(SHOWN).map(|example| example.row.to_string()).collect();
            let more = if group.count > rows.len() as u64 { ", …" } else { "" };
            writeln!(out, "  set aside  {:>6}  {} (rows {}{more})", group.count, group.sentence, rows.join(", "))?;
        }
        for group in &self.issues {
            let column = group.column.as_deref().unwrap_or("the row").replace('\n', " ");
            writeln!(out, "  {:<9}  {:>6}  {column}: {}", group.level, group.count, group.sentence)?;
            for example in group.examples.iter().take(2).filter(|example| !example.text.is_empty()) {
                writeln!(out, "                     row {}: {}", example.row, example.text)?;
            }
        }
        let own: Vec<&str> = self.columns.iter().filter(is_own).map(|column| column.header.as_str()).collect();
        if !own.is_empty() {
            let shown: Vec<String> = own.iter().take(20).map(|header| header.replace('\n', " ")).collect();
            let more = if own.len() > 20 { ", …" } else { "" };
            writeln!(
                out,
                "  columns that no definition knows, published under their own name: {}{more}",
                shown.join(", ")
            )?;
        }
        Ok(())
    }

    /// What the columns of a table of its own look like, a line each. One that is not certain is only told.
    fn write_proposals(&self, out: &mut String) -> std::fmt::Result {
        for column in self.columns.iter().take(PROPOSALS) {
            let Some(proposal) = &column.proposal else { continue };
            let header = column.header.replace('\n', " ");
            let word = word(proposal.reads);
            let sure = if proposal.taken { "is" } else { "may be" };
            writeln!(out, "  column     {header}: {sure} {word}, {:.2}: {}", proposal.confidence, proposal.why)?;
        }
        if self.columns.iter().skip(PROPOSALS).any(|column| column.proposal.is_some()) {
            writeln!(out, "  column     … and more")?;
        }
        Ok(())
    }

    fn write_ja(&self, out: &mut String) -> std::fmt::Result {
        let ja = Language::Japanese;
        writeln!(out, "{}", self.file)?;
        let sheet = self.sheet.as_ref().map(|name| format!("、シート：{name}")).unwrap_or_default();
        let misnamed = if self.misnamed { "（拡張子と違います）" } else { "" };
        let format = self.format_in(ja);
        writeln!(out, "  形式          {format}{misnamed}{sheet}、見出しは{}行目", self.header_row)?;
        if self.is_own {
            writeln!(
                out,
                "  データセット  合うものがないため、独自の一覧として取り込みます：{}（{}）",
                self.title, self.dataset
            )?;
            if let Some(nearest) = &self.nearest {
                let (title, slug, score) = (&nearest.title, &nearest.slug, nearest.score);
                writeln!(
                    out,
                    "  最も近いもの  {title}（{slug}）、一致度{score:.2}。それで正しければ --dataset {slug} を付けてください"
                )?;
            }
        } else {
            writeln!(out, "  データセット  {}（{}）、一致度{:.2}", self.title, self.dataset, self.likeness)?;
        }
        if let Some(mapping) = &self.mapping {
            writeln!(out, "  対応付け      {mapping}")?;
        }
        writeln!(out, "  公表者        {} {}", self.publisher, self.publisher_name.as_deref().unwrap_or("不明"))?;
        let rows = &self.rows;
        writeln!(
            out,
            "  行            読んだ{}行 = 公開{} + 統合{} + 対象外{} + 不可{}",
            rows.read, rows.entities, rows.merged, rows.set_aside, rows.refused
        )?;
        let quality = &self.quality;
        writeln!(out, "  品質          100点中{}点、評価{}", quality.score, quality.grade)?;
        let broken: Vec<&str> = quality.form.iter().filter(|check| !check.passed).map(|check| check.rule).collect();
        if !broken.is_empty() {
            writeln!(out, "  形式の規則    守られていないもの：{}", broken.join("、"))?;
        }
        for column in self.columns.iter().take(PROPOSALS) {
            let Some(proposal) = &column.proposal else { continue };
            let sure = if proposal.taken { "として読みました" } else { "かもしれません" };
            let (word, confidence) = (word(proposal.reads), proposal.confidence);
            writeln!(out, "  列            {}：{word}{sure}（{confidence:.2}）", column.header.replace('\n', " "))?;
        }
        for row in &self.refused {
            writeln!(out, "  公開不可      {}行目、{}：{:?}：{}", row.row, row.column, row.value, row.reason_ja)?;
        }
        for group in &self.set_aside {
            let shown: Vec<String> = group.examples.iter().take(SHOWN).map(|example| example.row.to_string()).collect();
            let more = if group.count > shown.len() as u64 { "、…" } else { "" };
            writeln!(out, "  対象外        {}件 {}（{}{more}行目）", group.count, group.sentence_ja, shown.join("、"))?;
        }
        for group in &self.issues {
            let column = group.column.as_deref().unwrap_or("行").replace('\n', " ");
            writeln!(out, "  {}　{}件 {column}：{}", level(group.level, ja), group.count, group.sentence_ja)?;
            for example in group.examples.iter().take(2).filter(|example| !example.text.is_empty()) {
                writeln!(out, "                {}行目：{}", example.row, example.text)?;
            }
        }
        let own: Vec<String> =
            self.columns.iter().filter(is_own).map(|column| column.header.replace('\n', " ")).collect();
        if !own.is_empty() {
            let more = if own.len() > 20 { "、…" } else { "" };
            let shown = own.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("、");
            writeln!(out, "  独自の項目（見出しの名前で公開します）：{shown}{more}")?;
        }
        Ok(())
    }
}

/// Whether a column is published under its own name, and nothing else was said of it.
fn is_own(column: &&ColumnUse) -> bool {
    column.means.is_none() && !column.skipped && column.proposal.is_none()
}

/// How many columns the text tells of.
const PROPOSALS: usize = 40;

/// The word for a way of reading in mappings: `postal-code`.
pub(crate) fn word(reads: hiroba_vocab::dataset::Reads) -> String {
    serde_json::to_value(reads).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
