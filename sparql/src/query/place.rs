//! Where a mistake in a query is.
//!
//! The parser compares a keyword with as many characters as it has, and tells of the place behind them, which may be lines
//! further on: `?s ?p ?o . FOO ?x` was wrong five characters after `FOO`. Here that place is taken back, to where the
//! keyword would have begun: what is wrong is there, or in the few words that follow.

use spargebra::{SparqlParser, SparqlSyntaxError};

/// More than the longest keyword: near its end, a text is read to the end whatever the keyword.
const PADDING: &str = "                        ";

/// How much of what is wrong is repeated, in characters.
const MOST: usize = 30;

/// Says what is wrong with a text: `error at LINE:COLUMN: …`, both from 1 and columns in characters, where that is known.
pub(super) fn explain(text: &str, error: &SparqlSyntaxError) -> String {
    let padded = SparqlParser::new().parse_query(&format!("{text}{PADDING}"));
    let of_keywords = padded.err().and_then(|error| of_keywords(text, &error.to_string()));
    of_keywords.or_else(|| of_prefix(&error.to_string())).unwrap_or_else(|| error.to_string())
}

/// The same for a name whose prefix nobody has declared: what else could stand there would hide it.
fn of_prefix(message: &str) -> Option<String> {
    let (place, expected) = message.split_once(": expected ")?;
    let missing = expected.contains("Prefix not found");
    missing
        .then(|| format!("{place}: the prefix of the name before this is not declared; begin with PREFIX name: <IRI>"))
}

/// The same for a message that expects keywords and nothing else.
fn of_keywords(text: &str, message: &str) -> Option<String> {
    let (line, rest) = message.strip_prefix("error at ")?.split_once(':')?;
    let (column, rest) = rest.split_once(": expected ")?;
    let expected = rest.strip_prefix("one of ").unwrap_or(rest).split(", ");
    let lengths = expected.map(|item| is_keyword(item).then_some(item.len()));
    // Of keywords that were tried from different places, the shortest was tried from the last.
    let shortest = lengths.collect::<Option<Vec<_>>>()?.into_iter().min()?;
    let before = text.split('\n').take(line.parse::<usize>().ok()?.checked_sub(1)?);
    let offset = before.map(|line| line.chars().count() + 1).sum::<usize>() + column.parse::<usize>().ok()?;
    let start = offset.checked_sub(1 + shortest)?;
    let read: String = text.chars().take(start).collect();
    let line = read.matches('\n').count() + 1;
    let column = read.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    let word: String = text.chars().skip(start).take_while(|c| !c.is_whitespace()).take(MOST).collect();
    let what =
        if word.is_empty() { "the query ends too early".into() } else { format!("not understood from '{word}' on") };
    Some(format!("error at {line}:{column}: {what}"))
}

/// Keywords come as they are, signs in quotation marks, classes of characters in brackets.
fn is_keyword(item: &str) -> bool {
    !item.is_empty() && item.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_where_the_word_is_that_is_not_understood() {
        for (query, expected) in [
            ("SELECT * {\n  ?s ?p \"日本\" . FOO ?o }", "error at 2:16: not understood from 'FOO' on"),
            ("SELECT * {\n  ?s ?p ?o .\n  FOO\n\n\n}\n\n", "error at 3:3: not understood from 'FOO' on"),
            ("SELECT * { ?s ?p ?o } GRUOP BY ?s", "error at 1:23: not understood from 'GRUOP' on"),
            (
                "SELECT * { ?s a hirob:AED }",
                "error at 1:26: the prefix of the name before this is not declared; begin with PREFIX name: <IRI>",
            ),
            ("SELEKT * { ?s ?p ?o }", "error at 1:1: not understood from 'SELEKT' on"),
        ] {
            let error = SparqlParser::new().parse_query(query).unwrap_err();
            assert_eq!(explain(query, &error), expected, "{query}");
        }
    }

    #[test]
    fn other_messages_stay_as_they_are() {
        for query in ["", "SELECT * { ?s ?p ?o", "SELECT * { ?s }", "PREFIX a <b>", "ASK { ?s ?p \"\\u日本\" }", "é"]
        {
            let error = SparqlParser::new().parse_query(query).unwrap_err();
            let told = explain(query, &error);
            assert!(told.starts_with("error at 1:"), "{query}: {told}");
            let column: usize = told["error at 1:".len()..].split(':').next().unwrap().parse().unwrap();
            assert!((1..=query.chars().count() + 1).contains(&column), "{query}: {told}");
        }
    }
}
