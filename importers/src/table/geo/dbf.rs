//! The attributes of a Shapefile: a dBASE table.

use std::borrow::Cow;
use std::io::Read;

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8};

/// A table that is read record by record.
pub(super) struct Dbf {
    bytes: Box<dyn Read>,
    pub(super) fields: Vec<Field>,
    record: Vec<u8>,
    left: u32,
    encoding: Option<&'static Encoding>,
}

/// A column.
pub(super) struct Field {
    pub(super) name: String,
    kind: u8,
    length: usize,
}

impl Dbf {
    /// Reads the header. `cpg` is the content of the `.cpg` file, which names the encoding; without one the byte for it in
    /// the header decides, and then each cell: UTF-8 where it is valid, else CP932.
    ///
    /// Nothing if the header is damaged.
    pub(super) fn open(mut bytes: Box<dyn Read>, cpg: Option<&str>) -> Option<Self> {
        let mut head = [0; 32];
        bytes.read_exact(&mut head).ok()?;
        let left = u32::from_le_bytes(head.get(4..8)?.try_into().ok()?);
        let size = |at: usize| Some(usize::from(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?)));
        let (header, record) = (size(8)?, size(10)?);
        let mut descriptions = vec![0; header.checked_sub(32)?];
        bytes.read_exact(&mut descriptions).ok()?;
        let named = cpg.and_then(|name| named(name.trim()));
        let encoding = named.or_else(|| matches!(head.get(29), Some(0x13 | 0x7B)).then_some(SHIFT_JIS));
        let field = |description: &[u8]| {
            let name = description.get(..11)?.split(|byte| *byte == 0).next()?;
            // Ten bytes may end in the middle of a character.
            let name = decoded(name, encoding).trim_end_matches('\u{FFFD}').to_owned();
            Some(Field { name, kind: *description.get(11)?, length: usize::from(*description.get(16)?) })
        };
        let fields: Vec<Field> = descriptions
            .chunks_exact(32)
            .take_while(|chunk| chunk.first() != Some(&0x0D))
            .map(field)
            .collect::<Option<_>>()?;
        let length: usize = fields.iter().map(|field| field.length).sum();
        (record > length).then(|| Self { bytes, fields, record: vec![0; record], left, encoding })
    }

    /// The cells of the next record, blank if it is marked as deleted; nothing at the end.
    pub(super) fn next(&mut self) -> Option<Vec<String>> {
        self.left = self.left.checked_sub(1)?;
        self.bytes.read_exact(&mut self.record).ok()?;
        if self.record.first() == Some(&b'*') {
            return Some(vec![String::new(); self.fields.len()]);
        }
        let mut at = 1;
        let cells = self.fields.iter().map(|field| {
            let bytes = self.record.get(at..at + field.length).unwrap_or_default();
            at += field.length;
            field.text(&decoded(bytes, self.encoding))
        });
        Some(cells.collect())
    }
}

impl Field {
    /// A cell as a person writes it.
    fn text(&self, raw: &str) -> String {
        let text = raw.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        match self.kind {
            b'D' if text.len() == 8 && text.is_ascii() => format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]),
            b'L' if matches!(text, "?" | "") => String::new(),
            b'L' => if matches!(text, "T" | "t" | "Y" | "y") { "TRUE" } else { "FALSE" }.to_owned(),
            // Stars stand for a number that is too long.
            b'N' | b'F' if text.starts_with('*') => String::new(),
            b'N' | b'F' if text.contains(['.', 'e', 'E']) => {
                text.parse::<f64>().map_or_else(|_| text.to_owned(), |number| number.to_string())
            }
            _ => text.to_owned(),
        }
    }
}

fn named(name: &str) -> Option<&'static Encoding> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "932" | "cp932" | "ms932" | "sjis" | "shift-jis" | "windows-31j" | "ansi 932" => Some(SHIFT_JIS),
        "65001" | "utf8" => Some(UTF_8),
        "20932" | "51932" | "eucjp" => Some(EUC_JP),
        other => Encoding::for_label(other.as_bytes()),
    }
}

/// UTF-8 is checked, for files say it of what is CP932, and the other way round.
fn decoded<'b>(bytes: &'b [u8], encoding: Option<&'static Encoding>) -> Cow<'b, str> {
    match (encoding, std::str::from_utf8(bytes)) {
        (Some(other), _) if other != UTF_8 => other.decode_without_bom_handling(bytes).0,
        (_, Ok(text)) => text.into(),
        // A character that is cut off at the end is no sign of another encoding.
        (_, Err(error)) if error.error_len().is_none() => String::from_utf8_lossy(bytes),
        _ => SHIFT_JIS.decode_without_bom_handling(bytes).0,
    }
}
