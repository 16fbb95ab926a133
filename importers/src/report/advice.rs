//! What a publisher can do about an issue.

use super::Language;

/// What to do, by code, in English and in Japanese. `docs/importing.md` has the same English sentences.
const BY_CODE: [(&str, &str, &str); 91] = [
    (
        "character-lost",
        "Write the character again and save as UTF-8. ? usually stands for one that the old encoding does not have.",
        "元のデータで文字を入力し直し、UTF-8で保存してください。「?」は、古い文字コードにない文字の代わりであることが多いです。",
    ),
    (
        "character-private",
        "Replace the gaiji by a character of the standard, or by kana.",
        "外字を標準の文字に替えるか、かなで書いてください。",
    ),
    (
        "html-removed",
        "Nothing. Export without HTML if you can.",
        "対応は要りません。できれば、HTMLを含めずに書き出してください。",
    ),
    ("placeholder", "Nothing. An empty cell says the same.", "対応は要りません。空欄でも同じ意味です。"),
    ("template-leftover", "Nothing, or empty the cell.", "対応は要りません。空欄にしてもかまいません。"),
    ("cell-error", "Repair the formula, or empty the cell.", "数式を直すか、空欄にしてください。"),
    (
        "flag-conditional",
        "Write 有 or 無, and the condition under 備考.",
        "「有」又は「無」を記入し、条件は備考に書いてください。",
    ),
    ("flag-unread", "Write 有 or 無.", "「有」又は「無」を記入してください。"),
    (
        "hazard-uncertain",
        "Write 1 if the site may be used in that disaster, else leave it empty. Put conditions under 備考.",
        "その災害のときに使える場所なら1を記入し、使えないときは空欄にしてください。条件は備考に書いてください。",
    ),
    ("date-era", "Nothing. YYYY-MM-DD avoids it.", "対応は要りません。YYYY-MM-DDの形なら変換は起こりません。"),
    (
        "date-era-overflow",
        "Check the date. YYYY-MM-DD avoids it.",
        "日付を確かめてください。YYYY-MM-DDの形なら変換は起こりません。",
    ),
    (
        "date-lunar",
        "Nothing. Give the date of the modern calendar if it is known.",
        "対応は要りません。新暦の日付が分かれば記入してください。",
    ),
    ("date-fiscal-year", "Give the day if you know it.", "分かれば、日まで記入してください。"),
    ("date-order", "Write YYYY-MM-DD.", "YYYY-MM-DDの形で記入してください。"),
    ("date-ambiguous", "Write YYYY-MM-DD.", "YYYY-MM-DDの形で記入してください。"),
    (
        "date-serial",
        "Give the column a date format before you export, or write YYYY-MM-DD.",
        "書き出す前に列の書式を日付にするか、YYYY-MM-DDの形で記入してください。",
    ),
    ("date-without-year", "Add the year.", "年を加えてください。"),
    ("date-unread", "Write YYYY-MM-DD.", "YYYY-MM-DDの形で記入してください。"),
    (
        "time-over-midnight",
        "Nothing. Check that the next day is meant.",
        "対応は要りません。翌日の意味で正しいか確かめてください。",
    ),
    ("time-noon-ambiguous", "Write 12:00 or 24:00.", "12:00又は24:00と記入してください。"),
    ("time-all-day", "Nothing.", "対応は要りません。"),
    (
        "times-equal",
        "Correct one of the two. All day is 00:00 to 24:00.",
        "開始か終了のどちらかを直してください。終日は00:00から24:00です。",
    ),
    (
        "time-on-demand",
        "Leave the time empty and explain under 利用可能日時特記事項.",
        "時刻は空欄にし、利用可能日時特記事項に説明を書いてください。",
    ),
    (
        "time-unread",
        "Write HH:MM. Exceptions belong under 利用可能日時特記事項.",
        "HH:MMの形で記入し、例外は利用可能日時特記事項に書いてください。",
    ),
    (
        "hours-conditional",
        "Check what was taken. Exceptions belong under 利用可能日時特記事項.",
        "読み取った内容を確かめてください。例外は利用可能日時特記事項に書いてください。",
    ),
    ("hours-unread", "Write HH:MM in 開始時間 and 終了時間.", "開始時間と終了時間にHH:MMの形で記入してください。"),
    ("hours-incomplete", "Add the missing time.", "足りない方の時刻を加えてください。"),
    (
        "days-conditional",
        "Check what was taken. Exceptions belong under 利用可能日時特記事項.",
        "読み取った内容を確かめてください。例外は利用可能日時特記事項に書いてください。",
    ),
    ("days-unread", "Write the days as 月火水木金土日.", "曜日を「月火水木金土日」の形で記入してください。"),
    ("phone-several", "Nothing. All numbers are published.", "対応は要りません。すべての番号を公開します。"),
    ("phone-label", "Nothing. The words are kept beside the number.", "対応は要りません。言葉は番号に添えて残します。"),
    ("phone-local", "Add the area code.", "市外局番を加えてください。"),
    ("phone-foreign", "Nothing.", "対応は要りません。"),
    (
        "phone-unread",
        "Check the number: ten digits, eleven for mobile numbers.",
        "番号を確かめてください。10桁（携帯電話は11桁）です。",
    ),
    ("postal-unread", "Check the postal code: seven digits.", "郵便番号（7桁）を確かめてください。"),
    ("url-completed", "Write the whole URL.", "URL全体を記入してください。"),
    ("url-unread", "Write the whole URL, with https://.", "https:// から始まるURL全体を記入してください。"),
    ("email-unread", "Check the address.", "メールアドレスを確かめてください。"),
    ("number-unit-removed", "Nothing. Numbers alone avoid it.", "対応は要りません。数字だけなら変換は起こりません。"),
    (
        "number-unread",
        "Write digits only. Explanations belong under 備考.",
        "半角数字だけを記入し、説明は備考に書いてください。",
    ),
    (
        "fee-uncertain",
        "Write the fee, or empty the cell if it is not one amount.",
        "料金を記入してください。1つの金額で表せないときは空欄にしてください。",
    ),
    (
        "code-repaired",
        "Keep the column as text, so that six digits stay.",
        "列の書式を文字列にし、6桁を保ってください。",
    ),
    (
        "code-unknown",
        "Check the code. Invented and very new bodies are not in the list.",
        "コードを確かめてください。架空の団体と、ごく新しい団体は一覧にありません。",
    ),
    (
        "code-unread",
        "Check the code. Its last digit checks the others.",
        "コードを確かめてください。6桁目は検査数字です。",
    ),
    (
        "corporate-number-unread",
        "Check the number. Its first digit checks the others.",
        "法人番号（13桁）を確かめてください。1桁目は検査数字です。",
    ),
    ("town-id-unread", "Check the 町字ID: seven digits.", "町字ID（7桁）を確かめてください。"),
    ("not-in-code-list", "Nothing, or use a word of the list.", "対応は要りません。一覧の言葉を使ってもかまいません。"),
    (
        "kana-folded",
        "Nothing. Full-width katakana avoids it.",
        "対応は要りません。全角カタカナなら変換は起こりません。",
    ),
    ("kana-unread", "Write the reading in katakana.", "読みをカタカナで記入してください。"),
    ("licence-version-unknown", "Name the version: CC BY 4.0.", "「CC BY 4.0」のように、版まで記入してください。"),
    (
        "address-completed",
        "Nothing. A whole address avoids it.",
        "対応は要りません。都道府県からの住所なら補完は起こりません。",
    ),
    (
        "address-elsewhere",
        "Nothing, if it is true. Cities have lodges elsewhere.",
        "正しければ対応は要りません。市外の施設もあります。",
    ),
    ("address-contradicts", "Make the parts agree.", "所在地の各列が互いに合うように直してください。"),
    ("address-misplaced", "Put each part into its own column.", "所在地の各部分を、それぞれの列に入れてください。"),
    (
        "address-unmatched",
        "Add prefecture and municipality, or say --municipality.",
        "都道府県と市区町村を加えるか、--municipality で指定してください。",
    ),
    ("address-island", "Nothing.", "対応は要りません。"),
    ("address-branch-zero", "Nothing.", "対応は要りません。"),
    (
        "address-building-split",
        "Nothing. A column 建物名等(方書) avoids it.",
        "対応は要りません。建物名等(方書)の列があれば起こりません。",
    ),
    ("coordinates-half", "Add the missing one.", "足りない方を加えてください。"),
    (
        "coordinates-zero",
        "Nothing. Leave unknown coordinates empty.",
        "対応は要りません。分からない座標は空欄にしてください。",
    ),
    ("coordinates-equal", "Correct one of the two.", "緯度か経度のどちらかを直してください。"),
    ("coordinates-swapped", "Exchange the columns, or their headers.", "列か見出しを入れ替えてください。"),
    ("coordinates-dms", "Nothing. Decimal degrees avoid it.", "対応は要りません。度の小数なら変換は起こりません。"),
    (
        "coordinates-packed-dms",
        "Check a point on the map. Decimal degrees avoid it.",
        "1点を地図で確かめてください。度の小数なら変換は起こりません。",
    ),
    (
        "coordinates-point-restored",
        "Check a point on the map. Format the column with decimals.",
        "1点を地図で確かめてください。列の書式を小数にしてください。",
    ),
    (
        "coordinates-not-degrees",
        "Convert to latitude and longitude (JGD2011).",
        "緯度と経度（JGD2011）に変換してください。",
    ),
    ("coordinates-outside-japan", "Check the digits.", "数字を確かめてください。"),
    (
        "coordinates-far",
        "Look at the point on the map: often one digit is wrong.",
        "地図で位置を確かめてください。1桁の誤りが多くあります。",
    ),
    ("coordinates-coarse", "Give six decimals if you have them.", "分かれば、小数第6位まで記入してください。"),
    (
        "coordinates-rounded",
        "Nothing. Seven decimals are a centimetre.",
        "対応は要りません。小数第7位は約1センチメートルです。",
    ),
    (
        "coordinates-datum",
        "Check a point on the map. Publish JGD2011.",
        "1点を地図で確かめてください。JGD2011で公開してください。",
    ),
    ("coordinates-unread", "Write decimal degrees.", "度の小数で記入してください。"),
    (
        "id-number-missing",
        "Number the rows and keep the numbers, so that ids stay when a name changes.",
        "行に番号を付け、変えずに使ってください。名称が変わってもIDが変わらなくなります。",
    ),
    ("id-number-repeated", "Give each row a number of its own.", "行ごとに違う番号を付けてください。"),
    (
        "id-repeated",
        "Number the rows, or say in 設置位置 what differs.",
        "行に番号を付けるか、違いを設置位置に書いてください。",
    ),
    (
        "municipality-unknown",
        "Say --municipality, or add the column 全国地方公共団体コード.",
        "--municipality で指定するか、全国地方公共団体コードの列を加えてください。",
    ),
    (
        "filled-down",
        "Nothing. Cells that are not merged avoid it.",
        "対応は要りません。結合していないセルなら起こりません。",
    ),
    (
        "cells-extra",
        "Add a header, or look for a comma too many.",
        "見出しを加えるか、余分なコンマがないか確かめてください。",
    ),
    ("date-year-added", "Add the year.", "年を加えてください。"),
    ("date-weekday", "Check the date.", "日付を確かめてください。"),
    (
        "date-conditional",
        "Write the first and the last day in 開始日 and 終了日, and the rest under 開始日時特記事項.",
        "最初の日と最後の日を「開始日」と「終了日」に、ほかのことは「開始日時特記事項」に書いてください。",
    ),
    ("date-year-completed", "Write the year.", "年を記入してください。"),
    ("phone-completed", "Add the area code.", "市外局番を加えてください。"),
    ("phone-hyphens", "Nothing.", "対応は要りません。"),
    (
        "phone-zero",
        "Keep the column as text, so that zeros stay.",
        "0が消えないように、列の書式を文字列にしてください。",
    ),
    ("number-kanji", "Write digits.", "算用数字で記入してください。"),
    (
        "age-bands-contradict",
        "Check the counts of the row and its totals.",
        "行の年齢別の人数と総数を確かめてください。",
    ),
    ("code-translated", "Nothing.", "対応は要りません。"),
    (
        "recurrence-as-text",
        "Write 毎週火・金曜日 or 第2・4月曜日.",
        "「毎週火・金曜日」「第2・4月曜日」のように記入してください。",
    ),
    (
        "synonym-replaced",
        "Nothing, or use the words of the list.",
        "対応は要りません。標準の選択肢の言葉を使うと直しがなくなります。",
    ),
    (
        "coordinates-plane",
        "Check a point on the map. Publish latitude and longitude.",
        "地図で位置を確かめ、緯度と経度を公開してください。",
    ),
];

/// What to do about an issue, by its code ([`hiroba_vocab::Issue::code`]). Empty for what is no code.
pub fn advice(code: &str, language: Language) -> &'static str {
    let known = BY_CODE.iter().find(|(known, ..)| *known == code);
    known.map_or("", |(_, english, japanese)| language.choose(english, japanese))
}

#[cfg(test)]
mod tests {
    use hiroba_vocab::Issue;

    use super::*;

    #[test]
    fn every_code_has_advice_and_all_advice_is_for_codes() {
        for issue in Issue::ALL {
            assert!(!advice(issue.code(), Language::Japanese).is_empty(), "{} has no advice", issue.code());
        }
        for (code, english, japanese) in BY_CODE {
            assert!(Issue::ALL.iter().any(|issue| issue.code() == code), "{code} is no code");
            assert!(english.ends_with('.') && japanese.ends_with('。'), "{code}: {english} {japanese}");
        }
    }
}
