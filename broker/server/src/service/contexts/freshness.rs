//! How long a download may be used (6.3.16, RFC 9111 4.2).

use std::time::{Duration, SystemTime};

use actix_web::http::header::HttpDate;
use reqwest::header::{AGE, AsHeaderName, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, LAST_MODIFIED};

/// What the publisher does not say.
const USUAL: Duration = Duration::from_secs(3_600);
/// Not less: names must not cost a call with every request.
const LEAST: Duration = Duration::from_secs(10);
/// Not more, whatever the publisher says: published @contexts do change.
const MOST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// For how long from `now` on an answer with these headers may be used.
pub(super) fn lifetime(headers: &HeaderMap, now: SystemTime) -> Duration {
    stated(headers, now).unwrap_or_else(|| guessed(headers, now)).clamp(LEAST, MOST)
}

/// What the publisher says.
fn stated(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let directives: Vec<String> = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect();
    if directives.iter().any(|directive| matches!(directive.as_str(), "no-store" | "no-cache")) {
        return Some(Duration::ZERO);
    }
    // A broker is a cache that many share.
    let seconds = ["s-maxage=", "max-age="].iter().find_map(|name| {
        directives.iter().find_map(|directive| directive.strip_prefix(name)?.trim_matches('"').parse::<u64>().ok())
    });
    if let Some(seconds) = seconds {
        let age = text(headers, AGE).and_then(|age| age.trim().parse::<u64>().ok()).unwrap_or(0);
        return Some(Duration::from_secs(seconds.saturating_sub(age)));
    }
    // An Expires that is no date, such as 0, means: in the past.
    text(headers, EXPIRES).map(|expires| match parse(expires) {
        Some(expires) => expires.duration_since(date(headers, now)).unwrap_or_default(),
        None => Duration::ZERO,
    })
}

/// A tenth of the time for which it has not changed (4.2.2), else the usual.
fn guessed(headers: &HeaderMap, now: SystemTime) -> Duration {
    let modified = text(headers, LAST_MODIFIED).and_then(parse);
    let unchanged = modified.and_then(|modified| date(headers, now).duration_since(modified).ok());
    unchanged.map_or(USUAL, |unchanged| (unchanged / 10).clamp(USUAL / 60, USUAL * 24))
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(headers: &HeaderMap, now: SystemTime) -> SystemTime {
    text(headers, DATE).and_then(parse).unwrap_or(now)
}

fn parse(text: &str) -> Option<SystemTime> {
    text.trim().parse::<HttpDate>().ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_publisher_s_word_counts_within_bounds() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (headers, seconds) in [
            (vec![], 3_600),
            (vec![("cache-control", "max-age=60")], 60),
            (vec![("cache-control", "public, max-age=60, s-maxage=\"90\"")], 90),
            (vec![("cache-control", "Max-Age=60"), ("age", "20")], 40),
            (vec![("cache-control", "max-age=60"), ("expires", "Sun, 06 Nov 1994 10:49:37 GMT")], 60),
            (vec![("cache-control", "no-store")], 10),
            (vec![("cache-control", "no-cache, max-age=60")], 10),
            (vec![("cache-control", "max-age=0")], 10),
            (vec![("cache-control", "max-age=99999999999")], 604_800),
            (vec![("cache-control", "max-age=soon")], 3_600),
            (vec![("expires", "Sun, 06 Nov 1994 08:59:37 GMT")], 600),
            (vec![("expires", "Sun, 06 Nov 1994 08:59:37 GMT"), ("date", "Sun, 06 Nov 1994 08:58:37 GMT")], 60),
            (vec![("expires", "Sun, 06 Nov 1994 07:59:37 GMT")], 10),
            (vec![("expires", "0")], 10),
            (vec![("last-modified", "Sun, 06 Nov 1994 06:49:37 GMT")], 720),
            (vec![("last-modified", "Fri, 06 Nov 1992 06:49:37 GMT")], 86_400),
            (vec![("last-modified", "Mon, 07 Nov 1994 06:49:37 GMT")], 3_600),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            assert_eq!(lifetime(&map, now), Duration::from_secs(seconds), "{headers:?}");
        }
    }
}
