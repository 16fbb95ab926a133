use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::kana::katakana;
use hiroba_vocab::normalise::phone::{phones, postal_code};
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
            ("0878412146", "0878412146"),
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
fn postal_codes_have_seven_digits() {
    check(
        postal_code,
        &[
            ("760-0080", "760-0080"),
            ("7600080", "760-0080"),
            ("〒７６０－００８０", "760-0080"),
            ("760-80", "unread [postal-unread]"),
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
            ("バスタ－ミナル", "バスターミナル"),
            ("ミチノエキトワダ　タクミコウボウ", "ミチノエキトワダ　タクミコウボウ"),
            ("中央公園", "unread [kana-unread]"),
        ],
    );
}
