use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::area_code::area_code;
use hiroba_vocab::normalise::kana::katakana;
use hiroba_vocab::normalise::phone::{phones, phones_in, postal_code};
use hiroba_vocab::normalise::web::{email, urls};

use crate::check;

fn phones_text(cell: &str) -> Reading<String> {
    phones(cell).map(|phones| {
        let extension = phones.extension.map(|e| format!(" ext {e}")).unwrap_or_default();
        let label = phones.label.map(|l| format!(" ({l})")).unwrap_or_default();
        format!("{}{extension}{label}", phones.numbers.join(" / "))
    })
}

#[test]
fn telephone_numbers_keep_their_hyphens_and_lose_their_words() {
    check(
        phones_text,
        &[
            ("087-841-2146", "087-841-2146"),
            ("(03)3991-8101", "03-3991-8101"),
            ("（03）3991-8101", "03-3991-8101"),
            ("０３－５２４６－１３１６", "03-5246-1316"),
            ("04996-7-0788", "04996-7-0788"),
            ("0878412146", "087-841-2146 [phone-hyphens]"),
            ("0878-41-2146", "087-841-2146 [phone-hyphens]"),
            ("087(841)2146", "087-841-2146"),
            ("０８７ー８４１ー２１４６", "087-841-2146"),
            ("0499670788", "04996-7-0788 [phone-hyphens]"),
            ("0429241111", "04-2924-1111 [phone-hyphens]"),
            ("0422512131", "0422-51-2131 [phone-hyphens]"),
            ("0471671111", "04-7167-1111 [phone-hyphens]"),
            ("0154822191", "015-482-2191 [phone-hyphens]"),
            ("0120123456", "0120-123-456 [phone-hyphens]"),
            ("0120-1234-56", "0120-123-456 [phone-hyphens]"),
            ("0570-064-876", "0570-064-876"),
            ("05012345678", "050-1234-5678 [phone-hyphens]"),
            ("08001234567", "0800-123-4567 [phone-hyphens]"),
            ("878412146", "087-841-2146 [phone-zero]"),
            ("9012345678", "090-1234-5678 [phone-zero]"),
            ("+81 87-841-2146", "087-841-2146 [phone-hyphens]"),
            ("+81 (03)5253-5111", "03-5253-5111 [phone-hyphens]"),
            ("087-841-2146 / 087-839-2011", "087-841-2146 / 087-839-2011 [phone-several]"),
            ("電話番号：0242-33-6030（総務課）", "0242-33-6030 (総務課) [phone-label]"),
            ("0242-33-6030（内線123）", "0242-33-6030 ext 123"),
            ("024-000-0002", "024-000-0002"),
            ("0990-00-0001", "0990-00-0001"),
            ("001-821-5000", "unread [phone-unread]"),
            ("087-841-21466", "unread [phone-unread]"),
            ("090-1234-5678", "090-1234-5678"),
            ("0120-123-456", "0120-123-456"),
            ("087‐839-2011\n", "087-839-2011"),
            ("087-833-2282（087-839-2292）", "087-833-2282 / 087-839-2292 [phone-several]"),
            ("087-813-1466\n(087-839-2626)", "087-813-1466 / 087-839-2626 [phone-several]"),
            ("（環境業務課）087-834-0389", "087-834-0389 (環境業務課) [phone-label]"),
            ("03-5253-5111（代表）", "03-5253-5111 (代表) [phone-label]"),
            ("03-5253-5111 内線12", "03-5253-5111 ext 12"),
            ("TEL:0242-33-6030", "0242-33-6030"),
            ("23-1234", "23-1234 [phone-local]"),
            ("+44 1903 221471", "+44-1903-221471 [phone-foreign]"),
            ("01903 221471", "unread [phone-unread]"),
            ("083-245-649", "unread [phone-unread]"),
            ("市役所へ", "unread [phone-unread]"),
            ("-", "empty [placeholder]"),
        ],
    );
}

#[test]
fn an_area_code_is_added_only_where_the_length_is_right_with_it() {
    let read = |cell: &str| phones_in(cell, Some("0242")).map(|phones| phones.numbers.join(" / "));
    check(
        read,
        &[
            ("33-6030", "0242-33-6030 [phone-completed]"),
            ("833-6030", "833-6030 [phone-local]"),
            ("0242-33-6030", "0242-33-6030"),
        ],
    );
}

#[test]
fn an_area_code_is_that_of_the_numbering_plan() {
    for (digits, code) in [
        ("0878412146", Some("087")),
        ("0335253511", Some("03")),
        ("0499670788", Some("04996")),
        ("0242336030", Some("0242")),
        ("0120123456", None),
        ("09012345678", None),
        ("0018215000", None),
        ("", None),
    ] {
        assert_eq!(area_code(digits), code, "{digits}");
    }
}

#[test]
fn postal_codes_have_seven_digits() {
    check(
        postal_code,
        &[
            ("760-0080", "760-0080"),
            ("7600080", "760-0080"),
            ("〒７６０－００８０", "760-0080"),
            ("760ー0080", "760-0080"),
            ("〒 760-0080", "760-0080"),
            ("760-80", "unread [postal-unread]"),
            ("高松市", "unread [postal-unread]"),
        ],
    );
}

#[test]
fn urls_and_addresses_are_checked() {
    let urls = |cell: &str| urls(cell).map(|urls| urls.join(" "));
    check(
        urls,
        &[
            ("https://shimabarajou.com/", "https://shimabarajou.com/"),
            ("http://a.jp/x http://b.jp/y", "http://a.jp/x http://b.jp/y"),
            ("①http://a.jp/x\n②http://b.jp/y", "http://a.jp/x http://b.jp/y"),
            ("www.city.example.jp", "https://www.city.example.jp [url-completed]"),
            ("ホームページ参照", "unread [url-unread]"),
            ("－", "empty [placeholder]"),
        ],
    );
    check(email, &[("a@b.jp", "a@b.jp"), ("ａ＠ｂ．ｊｐ", "a@b.jp"), ("a@b", "unread [email-unread]")]);
}

#[test]
fn readings_become_katakana() {
    check(
        katakana,
        &[
            ("シマバラジョウ", "シマバラジョウ"),
            ("にぶこうみんかん", "ニブコウミンカン [kana-folded]"),
            ("ｻｲｸﾘﾝｸﾞﾛｰﾄﾞ", "サイクリングロード [kana-folded]"),
            ("えばにし1ちょうめ", "エバニシ1チョウメ [kana-folded]"),
            ("ﾊﾟﾋﾟﾌﾟ ﾎﾟｰﾄ", "パピプ ポート [kana-folded]"),
            ("ABCタワー3", "ABCタワー3"),
            ("エレベ\u{2212}タ\u{2015}", "エレベーター"),
            ("バスタ－ミナル", "バスターミナル"),
            ("ミチノエキトワダ　タクミコウボウ", "ミチノエキトワダ　タクミコウボウ"),
            ("中央公園", "unread [kana-unread]"),
        ],
    );
}
