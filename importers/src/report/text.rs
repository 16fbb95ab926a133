//! The report as plain text.

use std::fmt::Write as _;

use super::Report;

impl Report {
    /// A text for a terminal or a mail: what was found, what became of the rows, and what to look at.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
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
            let rows: Vec<String> = group.examples.iter().map(|example| example.row.to_string()).collect();
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
        let is_own =
            |column: &&super::ColumnUse| column.means.is_none() && !column.skipped && column.proposal.is_none();
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
}

/// How many columns the text tells of.
const PROPOSALS: usize = 40;

/// The word for a way of reading in mappings: `postal-code`.
pub(crate) fn word(reads: hiroba_vocab::dataset::Reads) -> String {
    serde_json::to_value(reads).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
