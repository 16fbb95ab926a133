//! Hiroba's published vocabulary, built in: for programs that use its terms without asking anybody for them.

use std::sync::LazyLock;

use super::context::Context;
use super::process::{NoDocuments, process};
use super::source::UserContext;

impl Context {
    /// The vocabulary's terms on top of the core's: what its published @context means to clients that name it. The
    /// core alone only if the built-in terms were broken, which a test rules out.
    pub fn vocabulary() -> &'static Self {
        static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
            let document = hiroba_vocab::context::context();
            let user = UserContext::from_json(&document["@context"]).unwrap_or_default();
            let context = process(&user, &NoDocuments);
            debug_assert!(context.is_ok(), "{context:?}");
            context.unwrap_or_else(|_| Context::core())
        });
        &CONTEXT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_term_is_understood_and_given_back() {
        let context = Context::vocabulary();
        let document = hiroba_vocab::context::context();
        for (term, iri) in document["@context"].as_object().unwrap() {
            let expanded = context.expand(term).unwrap();
            assert_eq!(iri.as_str(), Some(expanded.as_str()), "{term}");
            assert_eq!(&context.compact(&expanded), term);
        }
        let unknown = context.expand("unknown").unwrap();
        assert_eq!(unknown.as_str(), format!("{}unknown", hiroba_vocab::ngsi_ld::DEFAULT_VOCAB));
    }
}
