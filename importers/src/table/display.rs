//! Cells of workbooks as the text that a person sees.

use calamine::{DataRef, ExcelDateTime};

/// A value as a person sees it. `format` is the code of a number format, or empty: `0%`, `0000`, `000\\-0000`.
pub(super) fn displayed(value: &DataRef<'_>, format: &str) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        #[expect(clippy::cast_precision_loss, reason = "a spreadsheet has no whole numbers that are longer")]
        DataRef::Int(number) => number_text(*number as f64, format),
        DataRef::Float(number) => number_text(*number, format),
        DataRef::Bool(true) => "TRUE".to_owned(),
        DataRef::Bool(false) => "FALSE".to_owned(),
        DataRef::DateTime(moment) => moment_text(moment),
        DataRef::DateTimeIso(text) => iso_moment(text),
        DataRef::DurationIso(text) => iso_duration(text).unwrap_or_else(|| text.clone()),
        // The reader of cells knows #N/A and the like for what they are, and says so.
        DataRef::Error(error) => error.to_string(),
    }
}

fn number_text(number: f64, format: &str) -> String {
    if let Some(percentage) = percentage(number, format) {
        return percentage;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and far inside the range of i64")]
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return digits(number as i64, format).unwrap_or_else(|| format!("{}", number as i64));
    }
    // A spreadsheet calculates with 15 digits; what stands behind them is noise.
    format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string()
}

/// 0.5 as 50%, with as many decimals as the format has.
fn percentage(number: f64, format: &str) -> Option<String> {
    let before = format.split(';').next()?.strip_suffix('%')?;
    let decimals = before.split_once('.').map_or(0, |(_, decimals)| decimals.len().min(10));
    Some(format!("{:.decimals$}%", number * 100.0))
}

/// The digits of a whole number in a format of zeros with hyphens or brackets between: 0000000001 is stored as 1, and
/// 087-000-0001 as 870000001.
fn digits(number: i64, format: &str) -> Option<String> {
    let pattern: Vec<char> = format.chars().filter(|c| !matches!(c, '\\' | '"')).collect();
    let zeros = pattern.iter().filter(|c| **c == '0').count();
    let is_code = zeros > 1 && pattern.iter().all(|c| matches!(c, '0' | '-' | '(' | ')' | ' '));
    if !is_code || number < 0 {
        return None;
    }
    let padded = format!("{number:0zeros$}");
    let mut rest = padded.chars();
    // A number that is too long for its format has its first digits at the front.
    let mut text: String = rest.by_ref().take(padded.len() - zeros).collect();
    text.extend(pattern.iter().filter_map(|c| if *c == '0' { rest.next() } else { Some(*c) }));
    Some(text)
}

/// A date without midnight, a time without date, or both.
fn moment_text(moment: &ExcelDateTime) -> String {
    let value = moment.as_f64();
    if moment.is_duration() || (0.0..=1.0).contains(&value) {
        let minutes = (value * 1440.0).round();
        return format!("{:02}:{:02}", (minutes / 60.0).floor(), minutes % 60.0);
    }
    let (year, month, day, hour, minute, ..) = moment.to_ymd_hms_milli();
    if value.fract().abs() < 1e-9 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
    }
}

/// 2022-05-17T09:30:00 as 2022-05-17 09:30, and without midnight.
fn iso_moment(text: &str) -> String {
    let Some((date, time)) = text.split_once('T') else { return text.to_owned() };
    let minutes = time.get(..5).unwrap_or(time);
    if minutes == "00:00" { date.to_owned() } else { format!("{date} {minutes}") }
}

/// PT09H30M00S as 09:30: OpenDocument has durations for times.
fn iso_duration(text: &str) -> Option<String> {
    let (hours, rest) = text.strip_prefix("PT")?.split_once('H')?;
    let minutes = rest.split_once('M').map_or("0", |(minutes, _)| minutes);
    let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
    Some(format!("{hours:02}:{minutes:02}"))
}
