use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::{content, fold_long_vowels, fold_lot_numbers, text};
use hiroba_vocab::normalise::key::{HeaderKey, fold, identity};

use crate::shown;

#[test]
fn headers_fold_to_one_key() {
    for (a, b) in [
        ("名称_カナ", "名称＿カナ"),
        ("名称_カナ", "名称_ｶﾅ"),
        ("No.", "Ｎｏ"),
        ("NO", "№"),
        ("料金（基本）", "料金(基本)"),
        ("telephone　number", "Telephone Number"),
        ("全国地方公共団体コード", "全国地方公共団体コ－ド"),
        ("全国地方公共団体コード", "全国地方公共団体コ―ド"),
        ("バリアフリートイレ数", "バリアフリ\u{2212}トイレ数"),
        ("崖崩れ、土石流及び地滑り", "崖崩れ・土石流及び地滑り"),
    ] {
        assert_eq!(fold(a), fold(b), "{a} {b}");
    }
    assert_ne!(fold("緯度"), fold("経度"));
}

#[test]
fn a_header_has_a_full_a_plain_and_a_first_line_key() {
    let key = HeaderKey::new("公園等施設名\n※１施設に複数");
    assert_eq!(key.first_line, "公園等施設名");
    let key = HeaderKey::new("指定緊急避難場所の指定の有無(洪水災害)");
    assert_eq!(
        (key.full.as_str(), key.plain.as_str()),
        ("指定緊急避難場所の指定の有無(洪水災害)", "指定緊急避難場所の指定の有無")
    );
    assert_eq!(HeaderKey::new("緯度【世界測地系】").plain, "緯度");
    assert_eq!(HeaderKey::new("（区分）").plain, "(区分)");
}

#[test]
fn names_are_compared_by_key_and_never_changed() {
    assert_eq!(identity("セブン-イレブン"), identity("セブンｰイレブン"));
    assert_eq!(identity("能ヶ谷"), identity("能ケ谷"));
    assert_eq!(identity("ＪＲ　高松駅"), identity("JR高松駅"));
    // U+FA19 is another character than U+795E to a reader, and the same to a key.
    assert_eq!(identity("\u{FA19}社"), identity("神社"));
    assert_eq!(text("\u{FA19}社").ok().as_deref(), Some("\u{FA19}社"));
    for (old, usual) in [
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("渡邉", "渡辺"),
        ("渡邊", "渡辺"),
        ("齋藤", "斎藤"),
        ("德島", "徳島"),
        ("瀨戸", "瀬戸"),
        ("濵田", "浜田"),
        ("國學院", "国学院"),
        ("辻\u{E0101}", "辻"),
        ("ゆ～ゆ", "ゆ〜ゆ"),
        ("一之江", "一ノ江"),
        ("ＡＢＣ①号", "abc1号"),
        ("ｶﾞｰﾄﾞ", "ガード"),
    ] {
        assert_eq!(identity(old), identity(usual), "{old}");
        assert_eq!(text(old).ok().as_deref(), Some(old));
    }
    // 斉 and 斎 are two names.
    assert_ne!(identity("斉藤"), identity("斎藤"));
    assert_eq!(text("㈱髙﨑①").ok().as_deref(), Some("㈱髙﨑①"));
}

#[test]
fn hyphens_fold_only_in_lot_numbers() {
    for (published, folded) in [
        ("上野２ー１４－２１前", "上野2-14-21前"),
        ("屋島西町2484ｰ11", "屋島西町2484-11"),
        ("川戸472−1", "川戸472-1"),
        ("1丁目2‐3", "1丁目2-3"),
        ("センター1号館", "センター1号館"),
        ("セブン-イレブン", "セブン-イレブン"),
    ] {
        assert_eq!(fold_lot_numbers(published), folded);
    }
    assert_eq!(fold_long_vowels("エレベ－タ－"), "エレベーター");
    assert_eq!(fold_long_vowels("A－B"), "A－B");
}

#[test]
fn some_cells_hold_nothing() {
    for nothing in [
        "",
        " ",
        "　",
        "\u{A0}",
        "-",
        "－",
        "―",
        "ー",
        "なし",
        "不明",
        "*",
        "#N/A",
        "####",
        "時 ～ 時、時 ～ 時",
        "←2行目以降にデータを入力",
    ] {
        assert!(content(nothing).is_err(), "{nothing:?}");
    }
    for something in ["0", "日", "月", "時計台", "-1", "無量寺", "○", "A"] {
        assert!(content(something).is_ok(), "{something:?}");
    }
}

#[test]
fn lost_characters_are_flagged_and_nothing_is_guessed() {
    for (cell, expected) in [
        ("町樫立1812?3", "町樫立1812?3 [character-lost]"),
        ("住吉東町５丁目２?２", "住吉東町５丁目２?２ [character-lost]"),
        ("喜?会", "喜?会 [character-lost]"),
        ("?A公園", "?A公園 [character-lost]"),
        ("Q&amp;A", "Q&A [html-removed]"),
        ("1階&amp;lt;br&amp;gt;2階", "1階\n2階 [html-removed]"),
        ("1階<BR />2階", "1階\n2階 [html-removed]"),
        ("A&#x26;B&#38;C", "A&B&C [html-removed]"),
        ("&amp;amp;amp;", "& [html-removed]"),
        ("&nbsp;", "empty [html-removed]"),
        ("Q&A; R&D;", "Q&A; R&D;"),
        ("&#0;", "&#0;"),
        ("1<2", "1<2"),
        ("VOGA Watch Museum & Caf?", "VOGA Watch Museum & Caf? [character-lost]"),
        ("何か？", "何か？"),
        ("https://example.jp/a?b", "https://example.jp/a?b"),
        ("\u{E000}田", "\u{E000}田 [character-private]"),
    ] {
        assert_eq!(shown(&text(cell)), expected);
    }
    assert!(matches!(text(" 　"), Reading::Empty(_)));
}
