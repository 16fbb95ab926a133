//! From an import to the text of a mapping, with what can be changed explained in it.

use std::fmt::Write as _;
use std::sync::Arc;

use hiroba_vocab::Datasets;
use hiroba_vocab::dataset::{Column, Reads};

use super::apply::standard_column;
use crate::plan::Plan;
use crate::report::word;

const HEAD: &str = "\
# この表の読み方です。書き直して保存し、次の取込みで使えます。
# How this table is read. Edit it, and use it for the next import:
#
#   hiroba import --mapping this.hiroba.toml FILE
#
# 表と同じ場所に <ファイル名>.hiroba.toml の名前で置くと、自動で使われます。
# Beside the table, under the name <file>.hiroba.toml, it is used without being named.

";

const COLUMNS: &str = "
# 列ごとの読み方 / How each column is read:
#   header     表の見出し（変更しません） / the header in the table: leave it
#   column     標準のデータセットの項目名 / the standard's name of the column
#   reads      値の読み方 / how cells are read: text, name, kana, remark, category, flag, count, decimal, fee, date, time,
#              phone, postal-code, url, email, list, address, latitude, longitude, lat-lon, number, code, corporate-number …
#   attribute  属性 / the attribute: own（見出しのまま / the header's own）, telephone, note …, or an IRI (https://…)
#   language   文章の言語 / the language of a text: \"ja\", \"en\", \"ja-Kana\"
#   unit       単位（UN/CEFACT） / the unit's code: \"MTR\" m, \"MTK\" m2, \"KGM\" kg, \"P1\" %
#   units      数値の後ろに書かれる単位 / units written behind the numbers: [\"kg\"]
#   skip       true にすると公開しません / true: the column is not published
";

/// The mapping of an import as TOML.
pub(crate) fn write(plan: &Plan, sheet: Option<&str>) -> String {
    let mut out = String::from(HEAD);
    // Writing to a String cannot fail.
    let _ = head(&mut out, plan, sheet);
    out.push_str(COLUMNS);
    for at in 0..plan.header.names.len() {
        let _ = column(&mut out, plan, at);
    }
    out
}

fn head(out: &mut String, plan: &Plan, sheet: Option<&str>) -> std::fmt::Result {
    let binding = &plan.binding;
    let dataset = &binding.dataset;
    let headers = |columns: &[usize]| {
        let names = columns.iter().filter_map(|at| plan.header.names.get(*at)).map(|name| quoted(name));
        names.collect::<Vec<_>>().join(", ")
    };
    if binding.is_own {
        writeln!(
            out,
            "# 標準のデータセットなら type と slug の代わりに / If it is one of the standard's, instead of type and slug:"
        )?;
        writeln!(out, "# dataset = \"aed\"")?;
        writeln!(out, "type = {}", quoted(&dataset.entity_type))?;
        writeln!(out, "# IDに入る短い名前。変えるとIDが変わります / The short name in the ids: they change with it")?;
        writeln!(out, "slug = {}", quoted(&dataset.slug))?;
        writeln!(out, "title-ja = {}", quoted(&dataset.title_ja))?;
        writeln!(out, "title-en = {}", quoted(&dataset.title_en))?;
    } else {
        writeln!(out, "dataset = {}", quoted(&dataset.slug))?;
    }
    if let Some(sheet) = sheet {
        writeln!(out, "sheet = {}", quoted(sheet))?;
    }
    writeln!(
        out,
        "# 公表した団体のコード（ファイルから分からないとき） / The publisher's code, where the file does not tell:"
    )?;
    writeln!(out, "# publisher = \"{}\"", plan.publisher.code)?;
    writeln!(out, "# 見出しの行（見つけられないとき） / The row of the header, where it is not found:")?;
    writeln!(out, "# header-row = {}", plan.header.row)?;
    writeln!(out, "# 空なら行を取り込まない列 / Columns of which a row must fill one:")?;
    let mark = if binding.subject.is_some() { "" } else { "# " };
    writeln!(out, "{mark}subject = [{}]", headers(&plan.subject))?;
    writeln!(
        out,
        "# 番号がないとき、行を区別する列。変えるとIDが変わります / What tells rows apart where there is no number:"
    )?;
    if binding.is_own || binding.identity.is_some() {
        let all = plan.identity.iter().copied().eq(0..plan.header.names.len());
        let columns = if all { "\"*\"".to_owned() } else { headers(&plan.identity) };
        writeln!(out, "identity = [{columns}]")?;
    } else {
        writeln!(out, "# identity = [{}]", headers(&plan.subject))?;
    }
    Ok(())
}

fn column(out: &mut String, plan: &Plan, at: usize) -> std::fmt::Result {
    let binding = &plan.binding;
    let Some(header) = plan.header.names.get(at) else { return Ok(()) };
    writeln!(out, "\n[[column]]\nheader = {}", quoted(header))?;
    if let Some(proposal) = binding.proposals.get(at).and_then(Option::as_ref) {
        let why = proposal.why.replace(char::is_control, " ");
        writeln!(out, "# 推定 / proposed: {}, {:.2}: {why}", word(proposal.reads), proposal.confidence)?;
    }
    match binding.columns.get(at).and_then(Option::as_ref) {
        None => writeln!(out, "reads = \"text\"")?,
        Some(column) => known(out, plan, at, column)?,
    }
    if binding.skipped.contains(&at) {
        writeln!(out, "skip = true")?;
    }
    Ok(())
}

fn known(out: &mut String, plan: &Plan, at: usize, column: &Arc<Column>) -> std::fmt::Result {
    let generic = Datasets::published().generic();
    let base = if plan.binding.is_own { generic } else { &plan.binding.dataset };
    let is = |attribute: Option<&str>| {
        standard_column(base, &column.name, attribute).is_some_and(|found| Arc::ptr_eq(found, column))
    };
    if is(None) {
        return writeln!(out, "column = {}", quoted(&column.name));
    }
    if let Some(attribute) = column.feeds.as_deref()
        && is(Some(attribute))
    {
        return writeln!(out, "column = {}\nattribute = {}", quoted(&column.name), quoted(attribute));
    }
    writeln!(out, "reads = \"{}\"", word(column.reads))?;
    let own = plan.own_iris.get(at).map(hiroba_vocab::Iri::as_str);
    if let Some(feeds) = column.feeds.as_deref() {
        let attribute = if Some(feeds) == own { "own" } else { feeds };
        writeln!(out, "attribute = {}", quoted(attribute))?;
    }
    if let Some(part) = &column.part {
        let key = if matches!(column.reads, Reads::Name | Reads::Text | Reads::Kana) { "language" } else { "part" };
        writeln!(out, "{key} = {}", quoted(part))?;
    }
    if let Some(unit) = &column.unit {
        writeln!(out, "unit = {}", quoted(unit))?;
    }
    if !column.units.is_empty() {
        let units: Vec<String> = column.units.iter().map(|unit| quoted(unit)).collect();
        writeln!(out, "units = [{}]", units.join(", "))?;
    }
    Ok(())
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
