//! Which rows are no entity. Lists hold totals, notes, headings and remainders of forms among their data.

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::character::{content, is_template_leftover, published, trim};
use hiroba_vocab::normalise::key::fold;

use crate::plan::Plan;
use crate::table::Row;

/// Why a row was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetAside {
    /// Nothing stands in it.
    Blank,
    /// It repeats the header.
    Header,
    /// It explains the columns: units, types, English names.
    Explanation,
    /// It adds up other rows.
    Total,
    /// It is a note to the table.
    Note,
    /// It is a heading for the rows below.
    Section,
    /// What it was about has been removed.
    Removed,
    /// It says that there is none.
    NoneHere,
    /// It is left over from a template: only the publisher's own columns, or an example.
    Template,
}

impl SetAside {
    /// The word in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Header => "header",
            Self::Explanation => "explanation",
            Self::Total => "total",
            Self::Note => "note",
            Self::Section => "section",
            Self::Removed => "removed",
            Self::NoneHere => "none-here",
            Self::Template => "template",
        }
    }

    /// A sentence for the publisher.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Blank => "The row is blank.",
            Self::Header => "The row repeats the header.",
            Self::Explanation => "The row explains the columns.",
            Self::Total => "The row is a total.",
            Self::Note => "The row is a note.",
            Self::Section => "The row is a heading.",
            Self::Removed => "The row stands for something that was removed.",
            Self::NoneHere => "The row says that there is none.",
            Self::Template => "The row is left over from a template.",
        }
    }
}

impl SetAside {
    /// The same sentence in Japanese.
    pub fn sentence_ja(self) -> &'static str {
        match self {
            Self::Blank => "空白の行です。",
            Self::Header => "見出しを繰り返した行です。",
            Self::Explanation => "項目を説明する行です。",
            Self::Total => "合計や小計の行です。",
            Self::Note => "注記の行です。",
            Self::Section => "区分の見出しの行です。",
            Self::Removed => "撤去、廃止又は欠番の行です。",
            Self::NoneHere => "該当がないことを示す行です。",
            Self::Template => "様式の書き残し又は記入例の行です。",
        }
    }
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// A thing of its own, or a row that is to be refused.
    Data,
    /// More about the thing in the row above.
    Continuation,
    /// No thing at all.
    SetAside(SetAside),
}

/// Decides what a row is. `after_header` is how many rows after the header it stands.
pub(crate) fn classify(plan: &Plan, row: &Row, after_header: u64) -> RowKind {
    let filled: Vec<(usize, &str)> = row.filled().filter(|(_, cell)| published(cell).is_ok()).collect();
    let Some((first_column, first)) = filled.first().copied() else {
        let template = row.filled().any(|(_, cell)| is_template_leftover(cell));
        return RowKind::SetAside(if template { SetAside::Template } else { SetAside::Blank });
    };
    let name = name_of(plan, row);
    // English names of the columns, as LinkData writes them; a date such as #2018-04-01# is a value.
    let names_columns = first.starts_with('#') && !first.contains(|c: char| c.is_ascii_digit());
    if names_columns && first_column == 0 && after_header <= 3 && name_is_no_name(plan, row) {
        return RowKind::SetAside(SetAside::Explanation);
    }
    if repeats_header(plan, &filled) {
        return RowKind::SetAside(SetAside::Header);
    }
    if after_header <= 3 && explains(plan, row, &filled) {
        return RowKind::SetAside(SetAside::Explanation);
    }
    let number = plan.slots.number.map(|at| trim(row.cell(at)));
    if begins_row(plan, first_column) && is_example(first)
        || name.is_some_and(is_example)
        || number.is_some_and(is_example)
    {
        return RowKind::SetAside(SetAside::Template);
    }
    if is_total(first) && name.is_none_or(|name| name == first || is_count(name)) || name.is_some_and(is_total) {
        return RowKind::SetAside(SetAside::Total);
    }
    if name.is_none() && adds_up(plan, &filled) {
        return RowKind::SetAside(SetAside::Total);
    }
    match name {
        Some(name) if is_removed(name) => return RowKind::SetAside(SetAside::Removed),
        Some(name) if says_none(name, says_nothing_else(plan, &filled)) => {
            return RowKind::SetAside(SetAside::NoneHere);
        }
        _ => {}
    }
    if filled.len() == 1 {
        // In a table of one column a long text is a row like the others.
        if plan.header.names.len() > 1 && is_note(first) {
            return RowKind::SetAside(SetAside::Note);
        }
        if plan.is_identifier(first_column) {
            return RowKind::SetAside(SetAside::Template);
        }
        // A map has no headings.
        let is_map = plan.slots.location.geometry.is_some();
        if plan.habits.usual_cells >= 3 && !is_map && !is_in_data_only(plan, first_column) {
            return RowKind::SetAside(SetAside::Section);
        }
    }
    if name.is_none() {
        return nameless(plan, row, &filled);
    }
    RowKind::Data
}

/// Whether a row without a name says 計 beside its numbers, wherever, and nothing else.
fn adds_up(plan: &Plan, filled: &[(usize, &str)]) -> bool {
    let others = filled.iter().filter(|(at, _)| !plan.habits.groups.contains(at) && !plan.habits.merged.contains(at));
    let (totals, others): (Vec<_>, Vec<_>) = others.partition(|(_, cell)| is_total(cell));
    let is_amount = |cell: &str| is_count(cell) || is_number(&cell.replace([',', '，'], ""));
    totals.len() == 1 && others.iter().all(|(_, cell)| is_amount(cell))
}

/// Whether a column may say what the whole row is, and not only something of a thing: a remark may not.
fn begins_row(plan: &Plan, column: usize) -> bool {
    use Reads::{Category, City, Name, Number, Prefecture, PublisherCode, PublisherName};
    plan.reads(column).is_none_or(|reads| {
        matches!(reads, Category | City | Name | Number | Prefecture | PublisherCode | PublisherName)
    })
}

/// A row that does not say what it is about: nothing but the publisher's own columns, more about the row above, or to be refused.
fn nameless(plan: &Plan, row: &Row, filled: &[(usize, &str)]) -> RowKind {
    let slots = &plan.slots;
    let is_number = |at: usize| slots.number == Some(at);
    let is_group = |at: usize| plan.habits.groups.contains(&at);
    let said: Vec<usize> =
        filled.iter().map(|(at, _)| *at).filter(|at| !slots.identity.contains(at) && !is_group(*at)).collect();
    if said.iter().all(|at| is_number(*at)) {
        return RowKind::SetAside(SetAside::Template);
    }
    if plan.subject.is_empty() || !plan.needs_subject() {
        return RowKind::Data;
    }
    let place =
        [slots.address.full, slots.address.town, slots.location.latitude, slots.location.longitude, slots.number];
    let has_place = place.into_iter().flatten().any(|at| published(row.cell(at)).is_ok());
    let starts_left = filled.first().is_some_and(|(at, _)| *at == 0) && !slots.identity.contains(&0);
    if !has_place && !starts_left { RowKind::Continuation } else { RowKind::Data }
}

fn name_of<'r>(plan: &Plan, row: &'r Row) -> Option<&'r str> {
    plan.subject.iter().find_map(|column| published(row.cell(*column)).ok())
}

fn name_is_no_name(plan: &Plan, row: &Row) -> bool {
    name_of(plan, row).is_none_or(|name| name.is_ascii())
}

/// Whether most cells, four of five, are the header of their own column. Most rows are not, and show it in their first
/// cells.
fn repeats_header(plan: &Plan, filled: &[(usize, &str)]) -> bool {
    // A digit or kanji folds to itself: most cells differ from their header in the first character.
    let starts_otherwise = |cell: &str, key: &str| {
        let first = cell.chars().next();
        first.is_some_and(|c| matches!(c, '0'..='9' | '\u{4E00}'..='\u{9FFF}') && !key.starts_with(c))
    };
    let is_same = |(at, cell): &(usize, &str)| {
        let key = plan.header.keys.get(*at);
        key.is_some_and(|key| !starts_otherwise(cell, &key.full) && key.full == fold(cell))
    };
    let others = filled.iter().filter(|cell| !is_same(cell)).take(filled.len() / 5 + 1).count();
    filled.len() >= 2 && others <= filled.len() / 5
}

/// Whether the row below the header says of the columns what they hold: units, types, marks of necessity, or the English
/// names.
fn explains(plan: &Plan, row: &Row, filled: &[(usize, &str)]) -> bool {
    const WORDS: [&str; 30] = [
        "人",
        "台",
        "m",
        "㎡",
        "円",
        "度",
        "基",
        "個",
        "箇所",
        "(人)",
        "(台)",
        "(m)",
        "(㎡)",
        "（人）",
        "（台）",
        "（m）",
        "（㎡）",
        "◎",
        "○",
        "必須",
        "任意",
        "推奨",
        "文字列",
        "数値",
        "整数",
        "半角",
        "全角",
        "日付",
        "時刻",
        "コード",
    ];
    let slots = &plan.slots;
    let place = [slots.location.latitude, slots.location.longitude].into_iter().flatten();
    let numeric =
        place.filter_map(|at| content(row.cell(at)).ok()).any(|cell| cell.chars().any(|c| c.is_ascii_digit()));
    let english = |at: usize, cell: &str| {
        plan.binding
            .columns
            .get(at)
            .and_then(Option::as_ref)
            .is_some_and(|column| column.current.iter().any(|name| name == cell))
    };
    let words = filled.iter().filter(|(at, cell)| WORDS.contains(cell) || english(*at, cell)).count();
    !numeric && words >= 2 && words * 10 >= filled.len() * 7
}

/// Whether a cell at the beginning of a row says that the row adds up others.
pub(crate) fn is_total(cell: &str) -> bool {
    let compact: String = cell.chars().filter(|c| !c.is_whitespace()).collect();
    matches!(
        compact.as_str(),
        "合計" | "計" | "総計" | "小計" | "中計" | "累計" | "総数" | "合計数" | "Total" | "total" | "TOTAL"
    ) || (compact.starts_with("合計") && compact.chars().count() <= 8)
}

/// Whether a text counts things and names none: 12, 3施設, 5か所.
fn is_count(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_numeric() || matches!(c, ',' | '，' | ' '));
    rest.len() < text.len() && rest.chars().count() <= 2
}

/// Whether a name says that what it was about is gone: 欠番, 撤去済み, （廃止）, 中止（雨天のため）. What only begins so is a name:
/// 撤去自転車保管所, 中止線公園.
fn is_removed(name: &str) -> bool {
    const WORDS: [&str; 7] = ["欠番", "撤去", "削除", "廃止", "中止", "閉鎖", "取消"];
    const BRACKETS: [char; 8] = ['（', '）', '(', ')', '【', '】', '〔', '〕'];
    let name = trim(name).trim_start_matches(BRACKETS);
    let Some(rest) = WORDS.iter().find_map(|word| name.strip_prefix(word)) else { return false };
    let rest = rest.trim_start();
    let bare = rest.trim_matches(BRACKETS);
    let more = ["済", "しました", "されました", "となりました", "につき", "のため", "、", "。", "・"];
    // 【中止】花火大会 is a fair that has been cancelled, and has a name.
    let remark = rest.starts_with(['（', '(', '※']);
    bare.is_empty() || remark || is_number(bare) || more.iter().any(|word| bare.starts_with(word))
}

fn is_number(text: &str) -> bool {
    text.chars().all(|c| c.is_numeric() || c == '.' || c == '/' || c == '-')
}

/// Whether a name says that there is none. Where the row says nothing else, a sentence does too: 公衆トイレはありません.
fn says_none(name: &str, alone: bool) -> bool {
    let name = trim(name).trim_matches(['（', '）', '(', ')', '【', '】', '。']);
    let words = [
        "なし",
        "無し",
        "無",
        "該当なし",
        "該当無し",
        "設置なし",
        "設置無し",
        "ありません",
        "該当施設なし",
        "施設なし",
    ];
    let endings = ["なし", "無し", "ありません", "ございません", "していません"];
    words.contains(&name) || alone && endings.iter().any(|ending| name.ends_with(ending))
}

/// Whether nothing is filled but the name, the number and the publisher's own columns.
fn says_nothing_else(plan: &Plan, filled: &[(usize, &str)]) -> bool {
    filled.iter().all(|(at, _)| {
        plan.subject.contains(at)
            || plan.slots.number == Some(*at)
            || plan.slots.identity.contains(at)
            || plan.habits.groups.contains(at)
    })
}

fn is_example(cell: &str) -> bool {
    ["記入例", "入力例", "（例）", "(例)", "【例】", "例）", "例)", "例：", "例:"]
        .iter()
        .any(|word| cell.starts_with(word))
        || cell == "例"
}

fn is_note(cell: &str) -> bool {
    cell.starts_with(['※', '＊', '*', '・', '（', '(', '【', '◆', '■', '●', '○']) && cell.chars().count() > 6
        || ["注", "出典", "備考", "注意", "注記"].iter().any(|word| is_labelled(cell, word))
        || cell.chars().count() > 40
}

/// Whether a word with a mark or number behind it begins a text: 注1, 出典：…, and not 注連縄公園.
fn is_labelled(text: &str, word: &str) -> bool {
    let behind = text.strip_prefix(word).map(|rest| rest.chars().next());
    behind.is_some_and(|next| next.is_none_or(|c| c.is_numeric() || c.is_whitespace() || ":：）)】.．、）".contains(c)))
}

/// Whether a column is one in which a single value can be all that a thing has: none but the name's neighbours.
fn is_in_data_only(plan: &Plan, column: usize) -> bool {
    matches!(plan.reads(column), Some(Reads::Latitude | Reads::Longitude | Reads::Address | Reads::Phone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_words_by_themselves_and_names_that_begin_so_are_not() {
        for total in ["合計", "計", "小　計", "総計", "合計（12）", "Total", "累計"] {
            assert!(is_total(total), "{total}");
        }
        for name in ["計量検定所", "小計町公民館", "時計台", "設計センター", "合計画設計事務所前広場", "総合体育館"]
        {
            assert!(!is_total(name), "{name}");
        }
        for count in ["12", "3施設", "5か所", "１２"] {
            assert!(is_count(count), "{count}");
        }
        for name in ["3丁目公園", "第1公園", "計"] {
            assert!(!is_count(name), "{name}");
        }
    }

    #[test]
    fn what_is_gone_says_so_and_a_name_that_begins_so_is_a_name() {
        for gone in [
            "欠番",
            "欠番（撤去済み）",
            "欠番２",
            "（欠番）",
            "【欠番】",
            "撤去",
            "撤去済み",
            "撤去しました",
            "削除",
            "廃止",
            "（廃止）",
            "廃止済",
            "中止",
            "中止（雨天のため）",
            "閉鎖",
        ] {
            assert!(is_removed(gone), "{gone}");
        }
        for name in ["撤去自転車保管所", "撤去予定地広場", "中止線公園", "【中止】花火大会", "旧廃止線跡", "削除町会館"]
        {
            assert!(!is_removed(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_says_none_is_none_and_a_name_with_the_word_in_it_is_a_name() {
        for none in ["なし", "無し", "（なし）", "該当なし", "該当施設なし", "無"] {
            assert!(says_none(none, false), "{none}");
        }
        for sentence in ["公衆トイレはありません", "設置していません。", "対象施設なし"] {
            assert!(says_none(sentence, true) && !says_none(sentence, false), "{sentence}");
        }
        for name in ["なしの木公園", "無量寺", "梨なし園広場"] {
            assert!(!says_none(name, true), "{name}");
        }
    }

    #[test]
    fn notes_and_examples_are_known_by_their_marks() {
        for note in ["※開館時間は変わることがあります", "注：令和8年4月1日現在", "出典：広場市", "（注）数は延べ数です"]
        {
            assert!(is_note(note), "{note}");
        }
        for name in ["●印公園", "注連縄公園", "出典通り広場"] {
            assert!(!is_note(name), "{name}");
        }
        for example in ["記入例", "例", "（例）○○公園", "例：みかん会館"] {
            assert!(is_example(example), "{example}");
        }
        for name in ["例幣使街道", "例会所"] {
            assert!(!is_example(name), "{name}");
        }
    }
}
