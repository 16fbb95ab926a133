//! Writing Turtle (RDF 1.1 Turtle) as people would: prefixes, one subject a block, nested blank nodes.

use std::fmt::Write as _;

use crate::namespace;

/// A document of these statements, with the prefixes that they use before them.
pub(super) fn document(statements: &str) -> String {
    let mut text = String::new();
    for (prefix, namespace) in namespace::PREFIXES {
        // A text that looks like a prefix brings one line too many, and no harm.
        if statements.contains(&format!("{prefix}:")) {
            let _ = writeln!(text, "@prefix {prefix}: <{namespace}> .");
        }
    }
    text + statements
}

/// An IRI: short where a prefix and a plain local name say it, else in angle brackets.
pub(super) fn iri(iri: &str) -> String {
    if let Some((prefix, _, local)) = namespace::split(iri) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !local.is_empty() && local.chars().all(plain) {
            return format!("{prefix}:{local}");
        }
    }
    let mut text = String::from("<");
    for c in iri.chars() {
        if c <= ' ' || "<>\"{}|^`\\".contains(c) {
            let _ = write!(text, "\\u{:04X}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text.push('>');
    text
}

/// A literal in quotation marks.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A text with its language.
pub(super) fn text(text: &str, language: &str) -> String {
    format!("{}@{language}", literal(text))
}

/// A list in round brackets.
pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("( {} )", items.join(" "))
}

/// A node: what is said of a subject, or of a blank node.
#[derive(Debug, Default)]
pub(super) struct Node {
    statements: Vec<(String, String)>,
}

impl Node {
    /// A node of a class.
    pub(super) fn of(class: &str) -> Self {
        let mut node = Self::default();
        node.say("a", class);
        node
    }

    /// Adds a statement. Predicate and object are Turtle already.
    pub(super) fn say(&mut self, predicate: &str, object: impl Into<String>) {
        self.statements.push((predicate.to_owned(), object.into()));
    }

    /// Adds a text in Japanese and one in English, as far as there are any.
    pub(super) fn say_both(&mut self, predicate: &str, ja: &str, en: &str) {
        for (words, language) in [(ja, "ja"), (en, "en")] {
            if !words.is_empty() {
                self.say(predicate, text(words, language));
            }
        }
    }

    /// As a block about a subject.
    pub(super) fn about(&self, subject: &str) -> String {
        format!("\n{subject}{} .\n", self.lines("    "))
    }

    /// As a blank node inside another block.
    pub(super) fn blank(&self) -> String {
        format!("[{} ]", self.lines("        "))
    }

    fn lines(&self, indent: &str) -> String {
        let lines: Vec<String> =
            self.statements.iter().map(|(predicate, object)| format!("\n{indent}{predicate} {object}")).collect();
        lines.join(" ;")
    }
}
