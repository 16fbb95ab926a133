//! The encoding of a text file, decided over all its bytes and not over a sample.

use std::borrow::Cow;
use std::io::Read;

use encoding_rs::{DecoderResult, EUC_JP, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

use super::Input;
use crate::error::ImportError;

/// The encodings that Japanese lists use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 that begins with a byte order mark.
    Utf8Bom,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
    /// Windows-31J: what "Shift_JIS" means in practice, with ①, ㈱, 髙 and the like.
    Cp932,
    /// EUC-JP.
    EucJp,
    /// ISO-2022-JP.
    Iso2022Jp,
}

impl Encoding {
    /// The words for reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 with BOM",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Cp932 => "CP932 (Shift_JIS)",
            Self::EucJp => "EUC-JP",
            Self::Iso2022Jp => "ISO-2022-JP",
        }
    }

    fn codec(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 | Self::Utf8Bom => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            // The label Shift_JIS is Windows-31J in this crate.
            Self::Cp932 => SHIFT_JIS,
            Self::EucJp => EUC_JP,
            Self::Iso2022Jp => ISO_2022_JP,
        }
    }

    /// Text of bytes that may be cut in the middle of a character.
    pub(super) fn decode_lossy(self, bytes: &[u8]) -> Cow<'_, str> {
        self.codec().decode(bytes).0
    }

    /// A reader of UTF-8 without a byte order mark.
    pub(crate) fn reader(self, bytes: Box<dyn Read>) -> Box<dyn Read> {
        let mut builder = encoding_rs_io::DecodeReaderBytesBuilder::new();
        // The bytes were checked from end to end, so that UTF-8 can pass as it is.
        builder.encoding(Some(self.codec())).utf8_passthru(true).strip_bom(true).bom_override(true);
        Box::new(builder.build(bytes))
    }
}

/// Decides the encoding: a byte order mark, then valid UTF-8, then CP932 or EUC-JP without errors, whichever reads more
/// like Japanese. Both of the latter decode a great deal of what the other means.
pub(super) fn detect(input: &Input, head: &[u8]) -> Result<Encoding, ImportError> {
    for (mark, encoding) in [
        (&[0xEF, 0xBB, 0xBF][..], Encoding::Utf8Bom),
        (&[0xFF, 0xFE], Encoding::Utf16Le),
        (&[0xFE, 0xFF], Encoding::Utf16Be),
    ] {
        if head.starts_with(mark) {
            return check(input, encoding).and_then(|trial| trial.or_error(input, encoding));
        }
    }
    if let Some(encoding) = utf16_without_mark(head) {
        return check(input, encoding).and_then(|trial| trial.or_error(input, encoding));
    }
    if is_binary(head) {
        return Err(ImportError::WrongKind {
            file: input.name(),
            what: "no text but binary data".to_owned(),
            advice: "Give a CSV, Excel or GeoJSON file.".to_owned(),
        });
    }
    let escape = head.windows(3).any(|w| matches!(w, [0x1B, b'$', b'B' | b'@']));
    if escape && check(input, Encoding::Iso2022Jp)?.error.is_none() {
        return Ok(Encoding::Iso2022Jp);
    }
    if check(input, Encoding::Utf8)?.error.is_none() {
        return Ok(Encoding::Utf8);
    }
    let (cp932, euc) = (check(input, Encoding::Cp932)?, check(input, Encoding::EucJp)?);
    match (cp932.error, euc.error) {
        (None, None) if euc.likeness > cp932.likeness => Ok(Encoding::EucJp),
        (None, _) => Ok(Encoding::Cp932),
        (Some(_), None) => Ok(Encoding::EucJp),
        (Some(_), Some(_)) => cp932.or_error(input, Encoding::Cp932),
    }
}

/// Whether bytes are no text. A stray zero byte here and there does not make a list anything else.
fn is_binary(head: &[u8]) -> bool {
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    zeros * 10 > head.len() || zeros > 0 && head.iter().any(|byte| matches!(byte, 1..=8 | 0x0E..=0x19 | 0x1C..=0x1F))
}

/// UTF-16 without a mark shows by its zero bytes: lists are full of commas, digits and line ends. The other half of a
/// character is zero far less often, as in 一 (4E00) and the ideographic space (3000).
fn utf16_without_mark(head: &[u8]) -> Option<Encoding> {
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = head.len() / 20;
    match (even, odd) {
        (even, odd) if odd > many && even * 4 < odd => Some(Encoding::Utf16Le),
        (even, odd) if even > many && odd * 4 < even => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// The outcome of decoding a whole file one way.
struct Trial {
    /// Offset and line of the first bytes that are no character.
    error: Option<(u64, u64)>,
    /// How much the text reads like Japanese.
    likeness: i64,
}

impl Trial {
    fn or_error(self, input: &Input, encoding: Encoding) -> Result<Encoding, ImportError> {
        match self.error {
            None => Ok(encoding),
            Some((offset, line)) => Err(ImportError::Undecodable { file: input.name(), offset, line }),
        }
    }
}

fn check(input: &Input, encoding: Encoding) -> Result<Trial, ImportError> {
    let mut reader = input.open()?;
    let mut decoder = encoding.codec().new_decoder();
    let mut trial = Trial { error: None, likeness: 0 };
    let (mut offset, mut line) = (0, 1);
    let mut bytes = vec![0; 1 << 16];
    let mut text =
        String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(1 << 16).unwrap_or(1 << 18));
    loop {
        let n = reader.read(&mut bytes).map_err(|e| input.unreadable(&e))?;
        let mut rest = bytes.get(..n).unwrap_or_default();
        loop {
            text.clear();
            let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, n == 0);
            offset += read as u64;
            line += text.bytes().filter(|b| *b == b'\n').count() as u64;
            trial.likeness += likeness(&text);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    trial.error = Some((offset.saturating_sub(u64::from(length) + u64::from(after)), line));
                    return Ok(trial);
                }
            }
        }
        if n == 0 {
            return Ok(trial);
        }
    }
}

/// Kana and kanji speak for a decoding; half-width kana in number and private-use characters against it: these are what
/// EUC-JP becomes when it is read as CP932.
fn likeness(text: &str) -> i64 {
    if text.is_ascii() {
        return 0;
    }
    text.chars()
        .map(|c| match c {
            'ぁ'..='ん' => 3,
            'ァ'..='ヶ' | 'ー' | '一'..='龠' => 2,
            '\u{FF61}'..='\u{FF9F}' => -2,
            '\u{E000}'..='\u{F8FF}' => -20,
            _ => 0,
        })
        .sum()
}
