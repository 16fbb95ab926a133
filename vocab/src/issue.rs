//! What a normaliser or an importer noticed about a value, a row or a file: one list of codes.

use std::fmt;

/// How much an issue matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The form was unusual, the meaning was not in doubt; nothing is kept beside the value.
    Note,
    /// The value was changed or completed. The source text is published beside it.
    Changed,
    /// The value is published as it was and is doubtful. The code is published beside it.
    Doubtful,
    /// The value could not be understood. Its text is published under the column's own name.
    Unread,
}

impl Level {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Changed => "changed",
            Self::Doubtful => "doubtful",
            Self::Unread => "unread",
        }
    }
}

macro_rules! issues {
    ($($variant:ident, $code:literal, $level:ident, $en:literal, $ja:literal;)*) => {
        /// A code for one thing that can be noticed. The order is the order of reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Issue {
            $(#[doc = $en] $variant,)*
        }

        impl Issue {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code in reports and data: `date-era-overflow`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// How much it matters.
            pub fn level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)* }
            }

            /// One English sentence for the publisher.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }

            /// The same in Japanese.
            pub fn sentence_ja(self) -> &'static str {
                match self { $(Self::$variant => $ja,)* }
            }
        }
    };
}

issues! {
    // Characters
    LostCharacter, "character-lost", Doubtful, "A question mark stands where a character was lost before publication.", "公表の前に失われた文字が「?」になっています。";
    PrivateCharacter, "character-private", Doubtful, "A private-use character (gaiji) has no meaning outside the publisher's system.", "外字は公表元の外では表示できません。";
    HtmlRemoved, "html-removed", Changed, "HTML (&amp;, <br>) was turned into plain text.", "HTMLの表記（&amp; や <br>）を普通の文字に直しました。";
    Placeholder, "placeholder", Note, "A word that stands for nothing (-, なし, 不明, …) was read as empty.", "「-」「なし」「不明」などは空欄として扱いました。";
    TemplateLeftover, "template-leftover", Note, "A remainder of a template (\"時 ～ 時\") was read as empty.", "様式の書き残し（「時 ～ 時」など）は空欄として扱いました。";
    CellError, "cell-error", Note, "A spreadsheet error (#N/A, #REF!, …) was read as empty.", "表計算のエラー値（#N/A など）は空欄として扱いました。";
    // Yes and no
    FlagConditional, "flag-conditional", Changed, "A yes with a condition was read as yes; the condition is kept.", "条件付きの「有」を「有」とし、条件の文字を残しました。";
    FlagUnread, "flag-unread", Unread, "The value is neither yes nor no.", "有無のどちらとも読めません。";
    HazardUncertain, "hazard-uncertain", Note, "The value for a hazard is neither yes nor no; it is published as uncertain.", "災害の種別の値が可否のどちらでもないため、条件付きとして公開します。";
    // Dates
    EraConverted, "date-era", Changed, "A year of a Japanese era was converted.", "和暦を西暦に直しました。";
    EraOverflow, "date-era-overflow", Changed, "The date lies outside its era (平成31年5月); it was converted all the same.", "元号の期間の外の日付（平成31年5月など）を西暦に直しました。";
    LunarDate, "date-lunar", Doubtful, "Before 1873 Japan used the lunar calendar; only the year is published.", "1873年より前は旧暦のため、年だけを公開します。";
    FiscalYear, "date-fiscal-year", Changed, "A fiscal year was read as the period from April to March.", "年度を4月から翌年3月までの期間としました。";
    DateOrder, "date-order", Changed, "The date is written month first or day first.", "月又は日から始まる日付を直しました。";
    DateAmbiguous, "date-ambiguous", Unread, "The date may be month first or day first, and nothing decides it.", "月と日のどちらが先か決められません。";
    DateSerial, "date-serial", Changed, "A spreadsheet's serial number was read as a date.", "表計算の日付番号を日付に直しました。";
    DateYearAdded, "date-year-added", Changed, "The date has no year; the year that the file is about was added.", "年のない日付に、ファイルの対象年を補いました。";
    WeekdayContradicts, "date-weekday", Doubtful, "The day of the week beside the date is another one.", "日付と曜日が合いません。";
    DateWithoutYear, "date-without-year", Unread, "The date has no year.", "日付に年がありません。";
    DateConditional, "date-conditional", Changed, "Dates with a condition: the first and last day were taken, the text is kept.", "条件付きの日付から最初と最後の日を取り、文字を残しました。";
    DateYearCompleted, "date-year-completed", Changed, "The year of a date was found by its day of the week and the other dates of the file.", "曜日とファイルのほかの日付から年を補いました。";
    DateUnread, "date-unread", Unread, "The value is no date.", "日付として読めません。";
    // Times
    TimeOverMidnight, "time-over-midnight", Changed, "A time after 24:00 was read as the next day.", "24時を過ぎる時刻を翌日の時刻としました。";
    TimeNoonAmbiguous, "time-noon-ambiguous", Unread, "午後12時 may be noon or midnight.", "「午後12時」は正午か夜中か分かりません。";
    TimeAllDay, "time-all-day", Note, "All day is published as 00:00 to 24:00.", "終日は00:00から24:00として公開します。";
    TimesEqual, "times-equal", Unread, "Opening and closing time are the same and not midnight.", "開始時間と終了時間が同じです。";
    TimeOnDemand, "time-on-demand", Unread, "随時 (on demand) is no time of day.", "「随時」は時刻ではありません。";
    TimeUnread, "time-unread", Unread, "The value is no time of day.", "時刻として読めません。";
    HoursConditional, "hours-conditional", Changed, "Opening hours with a condition: what is certain was taken, the text is kept.", "条件付きの時間から確かな部分だけを取り、文字を残しました。";
    HoursUnread, "hours-unread", Unread, "The opening hours could not be read as times.", "利用時間を時刻として読めません。";
    HoursIncomplete, "hours-incomplete", Note, "Only one of opening and closing time is there.", "開始時間と終了時間の一方だけがあります。";
    // Days of the week
    DaysConditional, "days-conditional", Changed, "Days with a condition: the days that are certain were taken, the text is kept.", "条件付きの曜日から確かな部分だけを取り、文字を残しました。";
    DaysUnread, "days-unread", Unread, "The value names no days of the week.", "曜日として読めません。";
    // Telephone, postal code, URL
    PhoneSeveral, "phone-several", Note, "Several telephone numbers in one cell.", "一つの欄に電話番号が複数あります。";
    PhoneLabel, "phone-label", Note, "Words beside a telephone number were put apart.", "電話番号に添えられた言葉を分けました。";
    PhoneLocal, "phone-local", Doubtful, "The telephone number has no area code.", "市外局番がありません。";
    PhoneCompleted, "phone-completed", Changed, "The area code was added: all whole numbers of the file have the same.", "ファイル内のほかの番号と同じ市外局番を補いました。";
    PhoneHyphens, "phone-hyphens", Note, "The hyphens of the telephone number were set by the table of area codes.", "市外局番の一覧により、電話番号のハイフンの位置を整えました。";
    PhoneZero, "phone-zero", Changed, "The leading zero of the telephone number was missing.", "電話番号の先頭の0を補いました。";
    PhoneForeign, "phone-foreign", Note, "The telephone number is not Japanese; it is published as it is.", "日本の電話番号ではないため、そのまま公開します。";
    PhoneUnread, "phone-unread", Unread, "The telephone number has the wrong number of digits.", "電話番号の桁数が正しくありません。";
    PostalUnread, "postal-unread", Unread, "A postal code has seven digits.", "郵便番号は7桁です。";
    UrlCompleted, "url-completed", Changed, "The URL lacked its beginning (https://).", "URLの先頭（https://）を補いました。";
    UrlUnread, "url-unread", Unread, "The value is no URL.", "URLとして読めません。";
    EmailUnread, "email-unread", Unread, "The value is no e-mail address.", "メールアドレスとして読めません。";
    // Numbers and codes
    KanjiNumeral, "number-kanji", Changed, "Kanji numerals were read as digits.", "漢数字を算用数字に直しました。";
    UnitRemoved, "number-unit-removed", Note, "A unit or a separator was taken off a number.", "数値から単位や桁区切りを除きました。";
    NumberUnread, "number-unread", Unread, "The value is no number.", "数値として読めません。";
    AgeBandsContradict, "age-bands-contradict", Doubtful, "The people by age do not add up to the total that the row states.", "年齢別の人数の合計が、行の総数と合いません。";
    FeeUncertain, "fee-uncertain", Unread, "The fee is 0, but the details speak of a fee.", "料金が0ですが、詳細に料金の記載があります。";
    CodeRepaired, "code-repaired", Changed, "A local government code lacked its leading zero or its check digit.", "全国地方公共団体コードの先頭の0又は検査数字を補いました。";
    CodeUnknown, "code-unknown", Doubtful, "The local government code is well-formed but not in the list.", "一覧にない全国地方公共団体コードです。";
    CodeUnread, "code-unread", Unread, "The local government code fails its check.", "全国地方公共団体コードの検査数字が合いません。";
    CorporateUnread, "corporate-number-unread", Unread, "The corporate number fails its check.", "法人番号の検査数字が合いません。";
    TownIdUnread, "town-id-unread", Unread, "A town ID (町字ID) has seven digits.", "町字IDは7桁です。";
    NotInList, "not-in-code-list", Note, "The value is not in the standard's list; it is published as it is.", "標準の選択肢にない値をそのまま公開します。";
    CodeTranslated, "code-translated", Changed, "A code of the standard's list was replaced by its word.", "標準の一覧のコードを、対応する言葉に直しました。";
    RecurrenceAsText, "recurrence-as-text", Note, "The days of collection could not be read; they are published as text.", "収集日を読み取れないため、文字のまま公開します。";
    SynonymReplaced, "synonym-replaced", Changed, "A short form or another word was replaced by the one of the list.", "略称や別の言い方を選択肢の言葉に直しました。";
    KanaFolded, "kana-folded", Note, "The reading was written in hiragana or half-width kana.", "ひらがな又は半角カナの読みをカタカナに直しました。";
    KanaUnread, "kana-unread", Unread, "The reading holds kanji.", "読みの欄に漢字があります。";
    LicenceUncertain, "licence-version-unknown", Note, "The licence names no version; its text is published.", "ライセンスの版が不明のため、文字のまま公開します。";
    // Addresses
    AddressCompleted, "address-completed", Note, "Prefecture or municipality were taken from the code or the publisher.", "都道府県又は市区町村を、コード又は公表者から補いました。";
    AddressElsewhere, "address-elsewhere", Note, "The address lies in another municipality than the publisher's.", "公表者と別の市区町村の住所です。";
    AddressContradicts, "address-contradicts", Doubtful, "The parts of the address contradict one another.", "住所の部分どうしが合いません。";
    AddressMisplaced, "address-misplaced", Changed, "A column for one part of the address holds more of it.", "住所の一部の欄に、ほかの部分が入っています。";
    AddressUnmatched, "address-unmatched", Note, "The municipality of the address is not known.", "住所の市区町村が分かりません。";
    AddressIsland, "address-island", Note, "An island's name, which is no part of the official address, was put aside.", "正式な住所にない島名を除きました。";
    AddressZero, "address-branch-zero", Note, "A branch number of 0 at the end of the lot number was left out.", "番地の末尾の枝番0を除きました。";
    BuildingSplit, "address-building-split", Note, "A building after the lot number was put apart.", "番地の後の建物名を分けました。";
    // Coordinates
    CoordinateMissing, "coordinates-half", Unread, "Only one of latitude and longitude is there.", "緯度と経度の一方だけがあります。";
    CoordinateZero, "coordinates-zero", Note, "Latitude and longitude 0 stand for nothing.", "緯度と経度の0は空欄として扱いました。";
    CoordinateEqual, "coordinates-equal", Unread, "Latitude and longitude hold the same value.", "緯度と経度が同じ値です。";
    CoordinateSwapped, "coordinates-swapped", Changed, "Latitude and longitude were exchanged.", "緯度と経度が入れ替わっています。";
    CoordinateSexagesimal, "coordinates-dms", Changed, "Degrees, minutes and seconds were converted.", "度分秒を十進の度に直しました。";
    CoordinatePacked, "coordinates-packed-dms", Changed, "Degrees, minutes and seconds written like a decimal (137.3012) were converted.", "小数のように書かれた度分秒（137.3012）を直しました。";
    CoordinatePoint, "coordinates-point-restored", Changed, "The decimal point was missing.", "小数点を補いました。";
    CoordinateNotDegrees, "coordinates-not-degrees", Unread, "The values are no degrees: plane coordinates, or another grid.", "緯度経度ではなく、平面直角座標などの値です。";
    CoordinateOutside, "coordinates-outside-japan", Unread, "The point is outside Japan.", "日本の範囲の外です。";
    CoordinateFar, "coordinates-far", Doubtful, "The point is far from the municipality or from the other points of the file.", "市区町村又はほかの地点から離れています。";
    CoordinateCoarse, "coordinates-coarse", Note, "Four decimals or fewer: the position is coarse.", "小数4桁以下のため、位置が粗くなっています。";
    CoordinateRounded, "coordinates-rounded", Note, "More than seven decimals were rounded.", "小数8桁以下を丸めました。";
    CoordinateDatum, "coordinates-datum", Changed, "Tokyo Datum was converted to JGD2011 by the three-parameter shift, good to about ten metres.", "日本測地系（旧）を3パラメータ法（精度は約10メートル）で世界測地系に直しました。";
    CoordinatePlane, "coordinates-plane", Changed, "Plane rectangular coordinates were converted; the zone is the one that leads to the municipality.", "平面直角座標を緯度経度に直しました。系は市区町村に合うものとしました。";
    CoordinateUnread, "coordinates-unread", Unread, "The value is no coordinate.", "座標として読めません。";
    // Rows
    NumberMissing, "id-number-missing", Note, "The row has no number; its id was made from name and address.", "番号がないため、名称と住所からIDを作りました。";
    NumberRepeated, "id-number-repeated", Note, "The number occurs more than once; the id was made from name and address.", "番号が重複しているため、名称と住所からIDを作りました。";
    IdRepeated, "id-repeated", Doubtful, "Another row has the same name and address; a counter was added to the id.", "名称と住所が同じ行があるため、IDに連番を付けました。";
    MunicipalityUnknown, "municipality-unknown", Doubtful, "The publisher's code is not known; ids hold 000000.", "公表者のコードが分からないため、IDに000000を使います。";
    FilledDown, "filled-down", Changed, "An empty cell took what stands above it: a group's name, or a merged cell.", "空欄に、上の行の区分又は結合されたセルの値を補いました。";
    CellsExtra, "cells-extra", Note, "The row has more cells than the header; those with a value are kept by position.", "見出しより多い欄があります。値は位置の名前で残します。";
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A set of issues: a value has few, most have none, so that it must cost nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Issues(u128);

impl Issues {
    /// No issue.
    pub const NONE: Self = Self(0);

    /// A set of one.
    pub fn one(issue: Issue) -> Self {
        Self(1 << issue as u32)
    }

    /// Adds an issue.
    pub fn add(&mut self, issue: Issue) {
        self.0 |= 1 << issue as u32;
    }

    /// The set with `issue` in it.
    #[must_use]
    pub fn with(mut self, issue: Issue) -> Self {
        self.add(issue);
        self
    }

    /// The set with `issue` in it, if `condition` holds.
    #[must_use]
    pub fn with_if(self, condition: bool, issue: Issue) -> Self {
        if condition { self.with(issue) } else { self }
    }

    /// The set without `issue` in it.
    #[must_use]
    pub fn without(self, issue: Issue) -> Self {
        Self(self.0 & !(1 << issue as u32))
    }

    /// Both sets together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `issue` is in it.
    pub fn contains(self, issue: Issue) -> bool {
        self.0 & (1 << issue as u32) != 0
    }

    /// Whether an issue of that level is in it.
    pub fn any(self, level: Level) -> bool {
        self.iter().any(|issue| issue.level() == level)
    }

    /// The issues in their order.
    pub fn iter(self) -> impl Iterator<Item = Issue> {
        Issue::ALL.iter().copied().filter(move |issue| self.0 != 0 && self.contains(*issue))
    }
}

impl From<Issue> for Issues {
    fn from(issue: Issue) -> Self {
        Self::one(issue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_fit_the_set() {
        let mut codes: Vec<_> = Issue::ALL.iter().map(|issue| issue.code()).collect();
        codes.sort_unstable();
        codes.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1]));
        assert!(Issue::ALL.len() <= 128);
    }

    #[test]
    fn a_set_holds_what_was_added() {
        let set = Issues::one(Issue::FilledDown).with(Issue::LostCharacter).with_if(false, Issue::DateUnread);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Issue::LostCharacter, Issue::FilledDown]);
        assert!(set.any(Level::Doubtful) && !set.any(Level::Unread));
        assert!(Issues::NONE.is_empty() && Issues::NONE.iter().next().is_none());
    }
}
