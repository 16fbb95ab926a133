//! The words of names, for languages with and without spaces between them.
//!
//! Texts are compared by their compatibility form (Unicode NFKC) in lower case, so neither width nor case counts. What is
//! written in kanji and kana is one word up to the next sign of another kind, and is looked up by pairs of characters that
//! stand together; other words as a whole.

use std::collections::BTreeSet;

use oxigraph::model::NamedNode;
use unicode_normalization::UnicodeNormalization;

/// How many characters of a text count.
const MOST: usize = 1_000;

/// The words that a name is found by, as nodes of the index.
pub(super) fn of_name(text: &str) -> BTreeSet<NamedNode> {
    runs(text).iter().flat_map(|run| run.entries()).map(|entry| node(&entry)).collect()
}

/// The entries that every name has which a query finds; none when the query has no words.
pub fn of_query(query: &str) -> BTreeSet<String> {
    runs(query).iter().flat_map(Run::entries).collect()
}

/// The node of an entry.
pub fn node(entry: &str) -> NamedNode {
    // Letters and digits only: all of them may stand in an IRI.
    NamedNode::new_unchecked(format!("urn:hiroba:sparql:word:{entry}"))
}

/// Whether a name has all words of a query: those in kanji and kana anywhere, others as whole words.
pub fn finds(name: &str, query: &str) -> bool {
    let (name, query) = (runs(name), runs(query));
    let has = |wanted: &Run| {
        name.iter().any(|run| {
            run.without_spaces == wanted.without_spaces
                && if wanted.is_sought_within() { run.text.contains(&wanted.text) } else { run.text == wanted.text }
        })
    };
    !query.is_empty() && query.iter().all(has)
}

/// Characters of one kind that stand together.
#[derive(Debug)]
struct Run {
    text: String,
    /// Whether they are of a script that puts no spaces between words.
    without_spaces: bool,
}

impl Run {
    /// A single character is a word only where it stands alone: a pair is the least that is looked up within others.
    fn is_sought_within(&self) -> bool {
        self.without_spaces && self.text.chars().nth(1).is_some()
    }

    fn entries(&self) -> Vec<String> {
        if !self.is_sought_within() {
            return vec![self.text.clone()];
        }
        let next = self.text.chars().skip(1);
        self.text.chars().zip(next).map(|(a, b)| String::from_iter([a, b])).collect()
    }
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for c in text.chars().take(MOST).nfkc().flat_map(char::to_lowercase) {
        if !c.is_alphanumeric() {
            open = false;
            continue;
        }
        let without_spaces = is_without_spaces(c);
        match runs.last_mut().filter(|run| open && run.without_spaces == without_spaces) {
            Some(run) => run.text.push(c),
            None => runs.push(Run { text: c.to_string(), without_spaces }),
        }
        open = true;
    }
    runs
}

/// Whether a character is kanji or kana, the marks among them included.
fn is_without_spaces(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_found_by_their_words() {
        for (name, query, found) in [
            ("指定緊急避難所 中央公園", "避難所", true),
            ("指定緊急避難所 中央公園", "公園 避難", true),
            ("指定緊急避難所 中央公園", "避難公園", false),
            ("指定緊急避難場所", "避難所", false),
            ("Takamatsu City Hall", "city hall", true),
            ("Takamatsu City Hall", "HALL takamatsu", true),
            ("Takamatsu City Hall", "hal", false),
            ("ＪＲ高松駅", "jr", true),
            ("ﾀｶﾏﾂｾﾝﾀｰ", "センター", true),
            ("タカマツセンター", "ｾﾝﾀｰ", true),
            ("第２庁舎", "2", true),
            ("A棟", "棟", true),
            ("病棟", "棟", false),
            ("かがわ", "が", false),
            ("かか\u{3099}わ", "かが", true),
            ("anything", "", false),
            ("anything", "・、", false),
        ] {
            assert_eq!(finds(name, query), found, "{name} {query}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                Just("高松"),
                Just("市"),
                Just("役所"),
                Just("ｶ"),
                Just("ﾞ"),
                Just(" "),
                Just("City"),
                Just("２"),
                Just("İ")
            ],
            0..8,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn what_is_found_has_all_entries(name in text(), query in text()) {
            if finds(&name, &query) {
                let entries = of_name(&name);
                prop_assert!(of_query(&query).iter().all(|entry| entries.contains(&node(entry))), "{name} {query}");
            }
        }

        #[test]
        fn entries_make_iris(name in ".*") {
            for node in of_name(&name) {
                prop_assert!(NamedNode::new(node.as_str()).is_ok(), "{node}");
            }
        }
    }
}
