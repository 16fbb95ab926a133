//! The report as a page for the person who keeps the list.

use hiroba_importers::export::Format;
use hiroba_importers::report::{Corrected, Language};
use hiroba_importers::{Import, Input};
use hiroba_vocab::dataset::Edition;

use crate::{csv, named, options, samples};

fn page(input: impl Into<Input>) -> String {
    let mut import = Import::open(input, options()).unwrap();
    import.rows().unwrap().for_each(|outcome| drop(outcome.unwrap()));
    let (bytes, _) = import.write_corrected(Edition::Current, Format::Csv, Vec::new()).unwrap();
    let corrected =
        Corrected { name: "直したもの.csv", media_type: Format::Csv.media_type(), bytes: Some(&bytes) };
    import.report().to_html(Language::Japanese, Some(&corrected))
}

#[test]
fn the_page_says_what_became_of_each_row_column_and_cell() {
    let page = page(samples().join("aed_old.csv"));
    for text in [
        "<html lang=\"ja\">",
        "CP932 (Shift_JIS)",
        "AED設置箇所一覧 (aed)",
        "372013 高松市",
        "公開できない行<strong>1</strong>",
        "名称がありません。",
        "合計や小計の行です。",
        "小児対応設備の有無 (T)",
        "<td>T3</td><td>パッドのみ</td><td>（文字のまま）</td>",
        "<td>I3</td><td>134.041, 34.346</td><td>34.346, 134.041</td>",
        "<td>A2</td><td>37201</td><td>372013</td>",
        "<th scope=\"col\">行</th>",
        "download=\"直したもの.csv\"",
        "href=\"data:text/csv,%EF%BB%BF",
    ] {
        assert!(page.contains(text), "{text}\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains("src="), "it stands alone");
}

#[test]
fn what_stands_in_cells_and_headers_is_text_on_the_page() {
    let hostile = "<script>alert(1)</script>";
    let attribute = "\" onmouseover=\"alert(2)";
    let list = format!(
        "NO,名称,住所,緯度,経度,設置位置,電話番号,{hostile}\n1,{hostile},高松市番町1,34.34,134.04,玄関,{hostile},x\n\
         2,,高松市番町2,34.34,134.04,玄関,\"{}\",y\n",
        attribute.replace('"', "\"\"")
    );
    let page = page(named(&format!("{hostile}.csv"), list));
    assert!(!page.contains(hostile) && !page.contains(attribute), "{page}");
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"), "{page}");
}

#[test]
fn every_bad_cell_is_listed_up_to_the_limit_and_counted_beyond() {
    let rows: String = (1..=150).map(|n| format!("{n},会館{n},高松市番町{n},34.34{n:04},134.04,玄関,x{n}\n")).collect();
    let imported = csv(&format!("NO,名称,住所,緯度,経度,設置位置,電話番号\n{rows}"));
    let phones = imported.report.issues.iter().find(|group| group.code == "phone-unread").unwrap();
    assert_eq!((phones.count, phones.examples.len()), (150, hiroba_importers::limits::EXAMPLES));
    assert_eq!((phones.letter.as_deref(), phones.examples[99].row), (Some("G"), 101));
    let html = imported.report.to_html(Language::Japanese, None);
    assert!(html.contains("<td>G101</td>") && html.contains("ほかの件数： 50"), "{html}");
}

#[test]
fn the_text_report_speaks_japanese_too() {
    let mut import = Import::open(samples().join("aed_old.csv"), options()).unwrap();
    import.rows().unwrap().for_each(|outcome| drop(outcome.unwrap()));
    let text = import.report().to_text_in(Language::Japanese);
    assert!(text.contains("読んだ7行 = 公開3 + 統合1 + 対象外2 + 不可1"), "{text}");
    assert!(text.contains("名称がありません。"), "{text}");
}

#[test]
fn the_page_tells_the_quality_its_parts_and_the_rules_of_form() {
    let mut import = Import::open(samples().join("aed_old.csv"), options()).unwrap();
    import.rows().unwrap().for_each(|outcome| drop(outcome.unwrap()));
    let report = import.report();
    for language in [Language::Japanese, Language::English] {
        let page = report.to_html(language, None);
        let choose = |english: &'static str, japanese: &'static str| {
            if language == Language::English { english } else { japanese }
        };
        let (score, quality) = (report.quality.score, &report.quality);
        assert!(page.contains(&format!("{score}</strong> / 100")), "{page}");
        for (english, japanese) in quality.parts.iter().map(|part| (part.sentence, part.sentence_ja)) {
            assert!(page.contains(choose(english, japanese)), "{english} {japanese}");
        }
        for check in &quality.form {
            assert!(page.contains(check.rule) && page.contains(choose(check.sentence, check.sentence_ja)));
        }
        let broken = quality.form.iter().filter(|check| !check.passed).count();
        assert!(broken > 0);
        assert_eq!(page.matches(choose("<td>not kept</td>", "<td>守られていません</td>")).count(), broken);
    }
}

#[test]
fn a_column_of_the_city_s_own_is_published_under_its_header_and_never_as_a_percent_encoded_address() {
    let page = page(named(
        "aed.csv",
        "NO,名称,住所,緯度,経度,設置位置,管理番号メモ\n1,会館,高松市番町1,34.34,134.04,玄関,x\n",
    ));
    assert!(page.contains("<td>（独自の項目）</td><td>管理番号メモ</td>"), "{page}");
    assert!(!page.contains("vocab/column/"), "{page}");
}
