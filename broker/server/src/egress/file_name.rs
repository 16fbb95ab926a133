//! The name of a file that was fetched.

use percent_encoding::percent_decode_str;

/// How long a name may be, in bytes: file systems take 255.
const LONGEST: usize = 200;
/// The name of a file that has none.
const NAMELESS: &str = "download";

/// The name of a file: what Content-Disposition says (RFC 6266), else the last part of the URL's path. It holds no folder and no
/// control character, so that it can be used in any folder.
pub(super) fn file_name(disposition: Option<&[u8]>, url: &url::Url) -> String {
    let last = || url.path_segments()?.next_back().map(|part| decoded(&percent_decode_str(part).collect::<Vec<u8>>()));
    disposition.and_then(named).or_else(|| usable(&last()?)).unwrap_or_else(|| NAMELESS.to_owned())
}

/// The name in a Content-Disposition; the extended parameter comes before the plain one (RFC 6266, 4.3).
fn named(disposition: &[u8]) -> Option<String> {
    let parameters = parameters(disposition);
    let parameter = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let extended = parameter("filename*").and_then(|value| {
        // charset'language'percent-encoded (RFC 8187, 3.2).
        let value = decoded(value);
        let encoded = value.splitn(3, '\'').nth(2)?;
        usable(&decoded(&percent_decode_str(encoded).collect::<Vec<u8>>()))
    });
    // Many servers encode the plain parameter too, although no standard says so.
    let plain = || {
        let value = parameter("filename")?;
        let bytes = percent_encoding::percent_decode(value).collect::<Vec<u8>>();
        usable(&decoded(&bytes))
    };
    extended.or_else(plain)
}

/// `name=value` and `name="value"`, separated by semicolons outside of quotation marks. Names are in lower case.
fn parameters(disposition: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut name = Vec::new();
    let (mut value, mut quoted, mut escaped): (Option<Vec<u8>>, bool, bool) = (None, false, false);
    for byte in disposition.iter().copied().chain([b';']) {
        match (&mut value, byte) {
            (Some(value), _) if escaped => {
                value.push(byte);
                escaped = false;
            }
            (Some(_), b'\\') if quoted => escaped = true,
            (Some(_), b'"') => quoted = !quoted,
            (_, b';') if !quoted => {
                let name = std::mem::take(&mut name);
                if let Some(value) = value.take() {
                    found.push((String::from_utf8_lossy(&name).trim().to_ascii_lowercase(), value));
                }
            }
            (Some(value), _) => value.push(byte),
            (None, b'=') => value = Some(Vec::new()),
            (None, _) => name.push(byte),
        }
    }
    found
}

/// Text in UTF-8, else in CP932, which older servers in Japan use for names.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// A name without folders and characters that file systems or terminals do not take; `None` where nothing is left. What is too
/// long loses its middle, so that the ending stays.
fn usable(text: &str) -> Option<String> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    let clean = clean.trim().trim_matches('"');
    if clean.trim_matches('.').is_empty() {
        return None;
    }
    if clean.len() <= LONGEST {
        return Some(clean.to_owned());
    }
    let ending = clean.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.len() <= 10);
    let room = LONGEST - ending.map_or(0, |ending| ending.len() + 1);
    let mut short = String::new();
    for c in clean.chars() {
        if short.len() + c.len_utf8() > room {
            break;
        }
        short.push(c);
    }
    Some(match ending {
        Some(ending) => format!("{short}.{ending}"),
        None => short,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(disposition: Option<&[u8]>, url: &str) -> String {
        file_name(disposition, &url.parse().unwrap())
    }

    #[test]
    fn the_name_is_what_the_server_says_or_the_last_part_of_the_address() {
        let url = "https://city.example/data/%E9%81%BF%E9%9B%A3%E6%89%80.csv?v=1";
        let cp932 = encoding_rs::SHIFT_JIS.encode("attachment; filename=\"避難所一覧.csv\"").0.into_owned();
        for (disposition, expected) in [
            (None, "避難所.csv"),
            (Some(&b"inline"[..]), "避難所.csv"),
            (Some(b"attachment; filename=aed.csv"), "aed.csv"),
            (Some(b"attachment; FileName=\"a; \\\"b\\\".csv\"; size=3"), "a; \"b\".csv"),
            (Some(b"attachment; filename=\"x.csv\"; filename*=UTF-8''%e2%82%ac%20rates.csv"), "€ rates.csv"),
            (Some("attachment; filename=\"公園.csv\"".as_bytes()), "公園.csv"),
            (Some(b"attachment; filename=\"%E5%85%AC%E5%9C%92.csv\""), "公園.csv"),
            (Some(&cp932), "避難所一覧.csv"),
            (Some(b"attachment; filename=\"../../etc/passwd\""), "passwd"),
            (Some(b"attachment; filename=\"C:\\\\list\\\\a.csv\""), "a.csv"),
            (Some(b"attachment; filename=\"..\""), "避難所.csv"),
            (Some(b"attachment; filename=\"\x01\x02\""), "避難所.csv"),
            (Some(b"attachment; filename=\"unfinished"), "避難所.csv"),
            (Some(b";;=;\"=\"\";\\"), "避難所.csv"),
        ] {
            assert_eq!(name(disposition, url), expected, "{disposition:?}");
        }
        for (url, expected) in [
            ("https://city.example/", "download"),
            ("https://city.example/a/%94%F0%93%EF%8F%8A.csv", "避難所.csv"),
            ("https://city.example/a/..%2f..%2fb.csv", "b.csv"),
            ("https://city.example/避難所.csv", "避難所.csv"),
        ] {
            assert_eq!(name(None, url), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_leaves_its_folder(disposition: Vec<u8>, part in ".{0,300}") {
            let mut url: url::Url = "https://city.example/".parse().unwrap();
            url.set_path(&part);
            let name = file_name(Some(&disposition), &url);
            proptest::prop_assert!(!name.is_empty() && name.len() <= LONGEST + 11, "{name}");
            proptest::prop_assert!(!name.contains(['/', '\\', '\0']) && name != "." && name != "..", "{name}");
        }
    }
}
