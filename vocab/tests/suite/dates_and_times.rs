use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::date::{Order, date, date_of, proves_order};
use hiroba_vocab::normalise::days::days;
use hiroba_vocab::normalise::hours::hours;
use hiroba_vocab::normalise::time::time;

use crate::check;

#[test]
fn western_dates_in_any_form_are_one_date() {
    check(
        |cell| date(cell, None),
        &[
            ("2018-04-01", "2018-04-01"),
            ("2026-02-01 00:00", "2026-02-01"),
            ("2014-07-07T09:30:00", "2014-07-07"),
            ("1947/4/1", "1947-04-01"),
            ("2018年4月1日", "2018-04-01"),
            ("２０１８年４月１日", "2018-04-01"),
            ("20180401", "2018-04-01"),
            ("#2018-04-01#", "2018-04-01"),
            ("2026年8月5日（水）", "2026-08-05"),
            ("2004", "2004"),
            ("2004年", "2004"),
            ("2016年11月", "2016-11"),
            ("44698", "2022-05-17 [date-serial]"),
            ("11/30/2018", "2018-11-30 [date-order]"),
            ("30/11/2018 00:00", "2018-11-30 [date-order]"),
            ("11/1/2018", "unread [date-ambiguous]"),
            ("7/1", "unread [date-without-year]"),
            ("8月5日", "unread [date-without-year]"),
            ("2019-02-30", "unread [date-unread]"),
            ("随時", "unread [date-unread]"),
            ("未定", "empty [placeholder]"),
            ("　", "empty"),
            ("2018/4/1 7:5:0", "2018-04-01"),
            ("2026年2月1日10時30分", "2026-02-01"),
            ("44698.5625", "2022-05-17 [date-serial]"),
            ("07/07/2014 00:00", "2014-07-07 [date-order]"),
            ("二〇二四年四月一日", "2024-04-01 [number-kanji]"),
            ("2026年8月5日（木）", "2026-08-05 [date-weekday]"),
            ("2026年8月5日水曜日", "2026-08-05"),
            ("2026年8月11日（火・祝）", "2026-08-11"),
            ("2026年8月5日（水）～8月16日（日）", "2026-08-05/2026-08-16"),
            ("2026/8/5～16", "2026-08-05/2026-08-16"),
            ("2016/10/1-2018/3/31", "2016-10-01/2018-03-31"),
            ("2016年10月1日から2018年3月31日まで", "2016-10-01/2018-03-31"),
            ("2018年3月31日～2016年10月1日", "unread [date-unread]"),
            ("8月5日（水）～8月16日（日）", "unread [date-without-year]"),
            ("8月16日(日)まで", "unread [date-unread]"),
            ("無期限", "unread [date-unread]"),
        ],
    );
}

#[test]
fn a_date_without_year_takes_the_files_year_only_if_the_day_of_the_week_agrees() {
    check(
        |cell| date_of(cell, None, Some(2026)),
        &[
            ("8月5日（水）", "2026-08-05 [date-year-added]"),
            ("8月5日（水）～8月16日（日）", "2026-08-05/2026-08-16 [date-year-added]"),
            ("8月5日（木）", "unread [date-without-year]"),
            ("8月5日", "unread [date-without-year]"),
            ("7/1", "unread [date-without-year]"),
            ("2月30日（水）", "unread [date-without-year]"),
        ],
    );
}

#[test]
fn a_columns_habit_decides_between_month_first_and_day_first() {
    assert_eq!(proves_order("11/30/2018"), Some(Order::MonthFirst));
    assert_eq!(proves_order("30/11/2018 00:00"), Some(Order::DayFirst));
    assert_eq!(proves_order("11/1/2018"), None);
    check(|cell| date(cell, Some(Order::MonthFirst)), &[("11/1/2018", "2018-11-01 [date-order]")]);
    check(|cell| date(cell, Some(Order::DayFirst)), &[("11/1/2018", "2018-01-11 [date-order]")]);
}

#[test]
fn eras_are_converted_and_overflow_is_accepted() {
    check(
        |cell| date(cell, None),
        &[
            ("令和元年5月1日", "2019-05-01 [date-era]"),
            ("令和 02年05月01日", "2020-05-01 [date-era]"),
            ("R3.8.9", "2021-08-09 [date-era]"),
            ("Ｒ３．８．９", "2021-08-09 [date-era]"),
            ("昭32. 7. 1", "1957-07-01 [date-era]"),
            ("令4. 10. 5", "2022-10-05 [date-era]"),
            ("㍻30年3月31日", "2018-03-31 [date-era]"),
            ("平成31年5月31日", "2019-05-31 [date-era-overflow]"),
            ("H31.5.31", "2019-05-31 [date-era-overflow]"),
            ("昭和64年1月7日", "1989-01-07 [date-era]"),
            ("昭和63年", "1988 [date-era]"),
            ("平成16年3月", "2004-03 [date-era]"),
            ("明治5年10月1日", "1872 [date-era date-lunar]"),
            ("令和4年度", "2022-04-01/2023-03-31 [date-era date-fiscal-year]"),
            ("2022年度", "2022-04-01/2023-03-31 [date-fiscal-year]"),
            ("令和6年1月1日～令和11年12月31日", "2024-01-01/2029-12-31 [date-era]"),
            ("H28.10.1-H30.3.31", "2016-10-01/2018-03-31 [date-era]"),
            ("令和6年4月1日現在", "2024-04-01 [date-era]"),
            ("㋿元年5月1日", "2019-05-01 [date-era]"),
            ("平成元.4.1", "1989-04-01 [date-era]"),
            ("令和三年四月一日", "2021-04-01 [date-era number-kanji]"),
            ("昭和六十三年十二月三十一日", "1988-12-31 [date-era number-kanji]"),
            ("Ｔ１５．１２．２５", "1926-12-25 [date-era]"),
            ("平成31年", "2019 [date-era]"),
            ("平成32年", "2020 [date-era-overflow]"),
            ("平成31年5月", "2019-05 [date-era-overflow]"),
            ("昭和65年3月", "1990-03 [date-era-overflow]"),
            ("明治6年1月1日", "1873-01-01 [date-era]"),
            ("明治元年", "1868 [date-era]"),
            ("平成30年4月1日 10:00", "2018-04-01 [date-era]"),
            ("大字奥瀬", "unread [date-unread]"),
            ("昭和町1-2-3", "unread [date-unread]"),
            ("令和X年X月X日", "empty [template-leftover]"),
        ],
    );
}

#[test]
fn times_are_hours_and_minutes() {
    check(
        time,
        &[
            ("9:00", "09:00"),
            ("9：00", "09:00"),
            ("９：３０", "09:30"),
            ("09:00:00", "09:00"),
            ("7:5:0", "07:05"),
            ("9時", "09:00"),
            ("8時30分", "08:30"),
            ("8時半", "08:30"),
            ("午前9:00", "09:00"),
            ("午後4:30", "16:30"),
            ("午後0時", "12:00"),
            ("正午", "12:00"),
            ("24:00", "24:00"),
            ("0900", "09:00"),
            ("0.375", "09:00"),
            ("9;00", "09:00"),
            ("9:00～", "09:00"),
            ("9 a.m.", "09:00"),
            ("12 pm", "12:00"),
            ("25:30", "01:30 [time-over-midnight]"),
            ("翌1:30", "01:30"),
            ("翌日２時", "02:00"),
            ("午後12時", "unread [time-noon-ambiguous]"),
            ("9:75", "unread [time-unread]"),
            ("九時三十分", "09:30"),
            ("AM9:00", "09:00"),
            ("pm5:30", "17:30"),
            ("22：00\n※日曜は20：00", "22:00 [hours-conditional]"),
            ("17:00（土曜は12:00）", "17:00 [hours-conditional]"),
            ("（休館）", "unread [time-unread]"),
            ("9", "unread [time-unread]"),
            ("随時", "unread [time-on-demand]"),
            ("-", "empty [placeholder]"),
        ],
    );
}

fn hours_text(cell: &str) -> Reading<String> {
    hours(cell).map(|spans| {
        let shown: Vec<String> = spans.iter().map(|span| format!("{}-{}", span.opens, span.closes)).collect();
        shown.join(" ")
    })
}

#[test]
fn hours_take_what_is_certain() {
    check(
        hours_text,
        &[
            ("18：15～19：15", "18:15-19:15"),
            ("18:30～19：30", "18:30-19:30"),
            ("9時 ～ 19時", "09:00-19:00"),
            ("9:00から17:00", "09:00-17:00"),
            ("9時 ～ 12時、15時 ～ 19時", "09:00-12:00 15:00-19:00"),
            ("9時～12時　15時～20時", "09:00-12:00 15:00-20:00"),
            ("15時～24 時", "15:00-24:00"),
            ("午前9:00～午後4:30", "09:00-16:30"),
            ("午前１０時～\n午後８時の間", "10:00-20:00"),
            ("9:00～12:00\n13:00～17:00", "09:00-12:00 13:00-17:00"),
            ("九時から十七時", "09:00-17:00"),
            ("09:00/12:00", "09:00-12:00"),
            ("00:00/24:00", "00:00-24:00 [time-all-day]"),
            ("22:00～5:00", "22:00-05:00"),
            ("22:00～29:00", "22:00-05:00 [time-over-midnight]"),
            ("午後10時～2時", "22:00-02:00"),
            ("午後6時～翌2時", "18:00-02:00"),
            ("午前9時～正午", "09:00-12:00"),
            ("9:00～17:00 10:00～16:00", "unread [hours-unread]"),
            ("24時間（年中無休）", "00:00-24:00 [time-all-day hours-conditional]"),
            ("終日開放", "00:00-24:00 [time-all-day]"),
            ("24時間対応可能", "00:00-24:00 [time-all-day]"),
            ("24時間以内", "unread [hours-unread]"),
            ("最終入館21:00", "unread [hours-unread]"),
            ("平日9:00～17:00", "unread [hours-unread]"),
            ("午後1:00～4:30", "13:00-16:30 [hours-conditional]"),
            ("午前9時～4時30分", "09:00-16:30 [hours-conditional]"),
            ("17:00～翌2:00", "17:00-02:00"),
            ("9 a.m. to 10 p.m.", "09:00-22:00"),
            ("24時間", "00:00-24:00 [time-all-day]"),
            ("24時間営業", "00:00-24:00 [time-all-day]"),
            ("２４H使用可能", "00:00-24:00 [time-all-day]"),
            ("0:00～23:59", "00:00-24:00 [time-all-day]"),
            ("00:00～00:00", "00:00-24:00 [time-all-day]"),
            ("10:00～10:00", "unread [times-equal]"),
            ("9:00～17:00（最終入館16:30）", "09:00-17:00 [hours-conditional]"),
            ("22：00\n※日曜…", "unread [hours-unread]"),
            ("土曜7:30～17:00", "unread [hours-unread]"),
            ("4月～9月 9：30～17：00 / 10月～3月 9：30～16：30", "unread [hours-unread]"),
            ("月・木 14:00～17:00、火・金 10:30～12:00　第５週木・金は休診", "unread [hours-unread]"),
            ("随時", "unread [time-on-demand]"),
            ("時 ～ 時、時 ～ 時、時 ～ 時", "empty [template-leftover]"),
        ],
    );
}

fn days_text(cell: &str) -> Reading<String> {
    days(cell).map(|days| days.iter().map(|day| &day.name()[..2]).collect::<Vec<_>>().join(""))
}

#[test]
fn days_of_the_week_are_sets() {
    check(
        days_text,
        &[
            ("月火水木金", "MoTuWeThFr"),
            ("日月火水木金土", "MoTuWeThFrSaSu"),
            ("月;火;水", "MoTuWe"),
            ("月；火；水", "MoTuWe"),
            ("月・火", "MoTu"),
            ("月～金", "MoTuWeThFr"),
            ("土～月", "MoSaSu"),
            ("平日", "MoTuWeThFr"),
            ("土日祝", "SaSuPu"),
            ("平日のみ", "MoTuWeThFr"),
            ("月曜日から金曜日", "MoTuWeThFr"),
            ("土日祝、年末年始", "SaSuPu [days-conditional]"),
            ("月～金（祝日・年末年始を除く）", "MoTuWeThFr [days-conditional]"),
            ("祝日・年末年始を除く", "unread [days-unread]"),
            ("毎日", "MoTuWeThFrSaSu"),
            ("年中無休", "MoTuWeThFrSaSu"),
            ("12345", "MoTuWeThFr"),
            ("月曜日", "Mo"),
            ("火曜日、水曜日", "TuWe"),
            ("毎週火・金曜日", "TuFr"),
            ("月火水木金（祝日を除く）", "MoTuWeThFr [days-conditional]"),
            ("月～金、祝日・年末年始を除く", "MoTuWeThFr [days-conditional]"),
            ("月 火 水", "MoTuWe"),
            ("月～金 祝日を除く", "MoTuWeThFr [days-conditional]"),
            ("土日祝を除く", "unread [days-unread]"),
            ("日曜日・祝日を除く", "unread [days-unread]"),
            ("月曜日以外", "unread [days-unread]"),
            ("毎週月曜日（祝日の場合は翌日）", "Mo [days-conditional]"),
            ("月曜日～金曜日", "MoTuWeThFr"),
            ("月火水木金土日祝", "MoTuWeThFrSaSuPu"),
            ("0We", "We"),
            ("0Mo0Fr", "MoFr"),
            ("13Mo", "unread [days-unread]"),
            ("Mon, Wed", "MoWe"),
            ("Mo-Fr", "MoTuWeThFr"),
            ("Monthly", "unread [days-unread]"),
            ("第２・４月曜日", "unread [days-unread]"),
            ("毎月第1土日、第3土日以外", "unread [days-unread]"),
            ("7月〜8月", "unread [days-unread]"),
            ("不定休", "unread [days-unread]"),
            ("なし", "empty [placeholder]"),
        ],
    );
}
