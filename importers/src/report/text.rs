//! The report as plain text.

use std::fmt::Write as _;

use super::{Language, Report};

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
pub(super) fn format(format: &'static str, language: Language) -> &'static str {
    let japanese = match format {
        "Excel workbook (XLSX)" => "Excelブック（XLSX）",
        "Excel workbook (XLS)" => "Excelブック（XLS）",
        "OpenDocument spreadsheet (ODS)" => "OpenDocument表計算（ODS）",
        other => other,
    };
    language.choose(format, japanese)
}

impl Report {
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
        writeln!(out, "  data set   {} ({}), likeness {:.2}", self.title, self.dataset, self.score)?;
        let name = self.publisher_name.as_deref().unwrap_or("unknown");
        writeln!(out, "  publisher  {} {name}", self.publisher)?;
        let rows = &self.rows;
        writeln!(
            out,
            "  rows       {} read = {} entities + {} merged + {} set aside + {} refused",
            rows.read, rows.entities, rows.merged, rows.set_aside, rows.refused
        )?;
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
        let own: Vec<&str> =
            self.columns.iter().filter(|column| column.means.is_none()).map(|column| column.header.as_str()).collect();
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

    fn write_ja(&self, out: &mut String) -> std::fmt::Result {
        let ja = Language::Japanese;
        writeln!(out, "{}", self.file)?;
        let sheet = self.sheet.as_ref().map(|name| format!("、シート：{name}")).unwrap_or_default();
        let misnamed = if self.misnamed { "（拡張子と違います）" } else { "" };
        let format = format(self.format, ja);
        writeln!(out, "  形式          {format}{misnamed}{sheet}、見出しは{}行目", self.header_row)?;
        writeln!(out, "  データセット  {}（{}）、一致度{:.2}", self.title, self.dataset, self.score)?;
        writeln!(out, "  公表者        {} {}", self.publisher, self.publisher_name.as_deref().unwrap_or("不明"))?;
        let rows = &self.rows;
        writeln!(
            out,
            "  行            読んだ{}行 = 公開{} + 統合{} + 対象外{} + 不可{}",
            rows.read, rows.entities, rows.merged, rows.set_aside, rows.refused
        )?;
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
            self.columns.iter().filter(|c| c.means.is_none()).map(|c| c.header.replace('\n', " ")).collect();
        if !own.is_empty() {
            let more = if own.len() > 20 { "、…" } else { "" };
            let shown = own.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("、");
            writeln!(out, "  独自の項目（見出しの名前で公開します）：{shown}{more}")?;
        }
        Ok(())
    }
}
