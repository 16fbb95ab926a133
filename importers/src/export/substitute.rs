//! What CP932 does not have.

use encoding_rs::{EncoderResult, SHIFT_JIS};

/// Stands for a character that CP932 does not have: the geta mark, as printers set it for a missing type.
pub const SUBSTITUTE: char = '〓';

/// A character that looks the same and is in CP932, where there is one: of several dashes and waves Unicode's tables and
/// Microsoft's chose different ones.
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        '\u{301C}' => '\u{FF5E}',
        '\u{2016}' => '\u{2225}',
        '\u{2014}' => '\u{2015}',
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' => '-',
        '\u{A0}' => ' ',
        '\u{A5}' => '\u{FFE5}',
        '\u{203E}' => '\u{FFE3}',
        _ => return None,
    })
}

/// A text in CP932. `lost` is called with each character that became [`SUBSTITUTE`].
pub(super) fn encode(text: &str, mut lost: impl FnMut(char)) -> Vec<u8> {
    let text: String = text.chars().map(|c| look_alike(c).unwrap_or(c)).collect();
    let mut bytes = Vec::with_capacity(text.len() + 16);
    let mut encoder = SHIFT_JIS.new_encoder();
    let mut rest = text.as_str();
    loop {
        bytes.reserve(rest.len() + 16);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return bytes,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(c) => {
                lost(c);
                bytes.extend_from_slice(&[0x81, 0xAC]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cp932_lacks_becomes_the_geta_mark_and_is_named() {
        let mut lost = Vec::new();
        let bytes = encode("髙﨑①㈱𠮷野家☕〜−—", |c| lost.push(c));
        let (text, _, damaged) = SHIFT_JIS.decode(&bytes);
        assert_eq!((&*text, damaged), ("髙﨑①㈱〓野家〓～－―", false));
        assert_eq!(lost, ['𠮷', '☕']);
    }
}
