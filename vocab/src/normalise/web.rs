//! URLs and e-mail addresses.

use super::Reading;
use super::character::{content, fold_width, is_blank};
use crate::iri::is_absolute_iri;
use crate::issue::{Issue, Issues};

/// The web addresses in a cell: one, or several separated by blanks, line breaks, 、 or numbered ①②.
pub fn urls(cell: &str) -> Reading<Vec<String>> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if is_url(text) {
        return Reading::value(vec![text.to_owned()]);
    }
    let folded = fold_width(text);
    let pieces = folded.split(|c| is_blank(c) || matches!(c, '、' | ';' | '；' | '①'..='⑳'));
    let mut urls = Vec::new();
    let mut issues = Issues::NONE;
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        if is_url(piece) {
            urls.push(piece.to_owned());
        } else if piece.starts_with("www.") && piece.is_ascii() && is_url(&format!("https://{piece}")) {
            urls.push(format!("https://{piece}"));
            issues.add(Issue::UrlCompleted);
        } else {
            return Reading::unread(Issue::UrlUnread);
        }
    }
    if urls.is_empty() { Reading::unread(Issue::UrlUnread) } else { Reading::Value(urls, issues) }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.contains('.') && !rest.contains("://")) && is_absolute_iri(text)
}

/// An e-mail address: something before one `@`, a name with a dot behind it, no blanks.
pub fn email(cell: &str) -> Reading<String> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    let legal = folded.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && host.contains('.') && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.')
    });
    if legal && folded.bytes().all(|b| b.is_ascii_graphic()) {
        Reading::value(folded.into_owned())
    } else {
        Reading::unread(Issue::EmailUnread)
    }
}
