//! What a publisher can do about an issue, in the words of the page of a report.

use super::{IssueGroup, Language};

/// What to do, by code. What is not listed has the advice of its level.
const BY_CODE: [(&str, &str, &str); 22] = [
    (
        "character-lost",
        "Type the character again in the original and export as UTF-8.",
        "元のデータで文字を入力し直し、UTF-8で書き出してください。",
    ),
    (
        "character-private",
        "Use a character of Unicode, or write the reading.",
        "外字をUnicodeの文字に替えるか、読みを書いてください。",
    ),
    (
        "flag-unread",
        "Write 有 or 無. Explanations belong under 備考.",
        "「有」又は「無」を記入し、説明は備考に書いてください。",
    ),
    ("date-ambiguous", "Write YYYY-MM-DD.", "YYYY-MM-DDの形で記入してください。"),
    ("date-without-year", "Add the year.", "年を加えてください。"),
    ("date-unread", "Write YYYY-MM-DD.", "YYYY-MM-DDの形で記入してください。"),
    (
        "time-unread",
        "Write HH:MM. Exceptions belong under 利用可能日時特記事項.",
        "HH:MMの形で記入し、例外は利用可能日時特記事項に書いてください。",
    ),
    (
        "times-equal",
        "Correct one of the two. All day is 00:00 to 24:00.",
        "開始か終了のどちらかを直してください。終日は00:00から24:00です。",
    ),
    ("hours-unread", "Write HH:MM in 開始時間 and 終了時間.", "開始時間と終了時間にHH:MMの形で記入してください。"),
    ("days-unread", "Write the days as 月火水木金土日.", "曜日を「月火水木金土日」の形で記入してください。"),
    (
        "phone-unread",
        "Check the number: ten digits, eleven for mobile numbers.",
        "番号を確かめてください。10桁（携帯電話は11桁）です。",
    ),
    ("phone-local", "Add the area code.", "市外局番を加えてください。"),
    ("postal-unread", "Check the postal code: seven digits.", "郵便番号（7桁）を確かめてください。"),
    ("url-unread", "Write the whole URL, with https://.", "https:// から始まるURL全体を記入してください。"),
    (
        "number-unread",
        "Write digits only. Explanations belong under 備考.",
        "半角数字だけを記入し、説明は備考に書いてください。",
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
    ("coordinates-half", "Add the missing one.", "緯度と経度の両方を記入してください。"),
    ("coordinates-outside-japan", "Check the digits.", "緯度と経度の数字を確かめてください。"),
    (
        "coordinates-far",
        "Look at the point on the map: often one digit is wrong.",
        "地図で位置を確かめてください。1桁の誤りが多くあります。",
    ),
    (
        "id-number-missing",
        "Number the rows and keep the numbers. The corrected file has them.",
        "行に番号を付け、変えずに使ってください。修正済みファイルには番号があります。",
    ),
    (
        "municipality-unknown",
        "Say --municipality, or add the column 全国地方公共団体コード.",
        "全国地方公共団体コードの列を加えてください。",
    ),
];

impl IssueGroup {
    /// What to do about it.
    pub(super) fn advice(&self, language: Language) -> &'static str {
        let known = BY_CODE.iter().find(|(code, ..)| *code == self.code);
        let by_level = match self.level {
            "unread" => (
                "Correct the cell. Until then its text is published.",
                "欄を直してください。それまでは文字のまま公開します。",
            ),
            "doubtful" => ("Check the value.", "値を確かめてください。"),
            "changed" => (
                "Check what it became. The corrected file has it.",
                "直した値を確かめてください。修正済みファイルに入っています。",
            ),
            _ => ("Nothing.", "対応は要りません。"),
        };
        let (english, japanese) = known.map_or(by_level, |(_, english, japanese)| (*english, *japanese));
        language.choose(english, japanese)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_given_for_codes_that_exist() {
        for (code, ..) in BY_CODE {
            assert!(hiroba_vocab::Issue::ALL.iter().any(|issue| issue.code() == code), "{code}");
        }
    }
}
