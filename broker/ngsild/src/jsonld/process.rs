//! Context processing: the algorithm 4.1 of JSON-LD 1.1 API. Terms are defined in [`term`], by 4.2.

mod term;

use std::sync::Arc;

use hiroba_vocab::Iri;
use serde_json::{Map, Value};

use super::context::{Context, concat, split_compact_iri};
use super::core::{core_document, is_core_url};
use super::source::{ContextItem, UserContext};
use crate::error::{Error, ErrorKind};
use term::Local;

/// How many contexts may include one another, and how many terms may be defined through one another.
const MAX_DEPTH: usize = 64;
/// How many terms one context may define, remote ones and those defined again included.
const MAX_TERMS: usize = 50_000;
/// How many bytes the IRI of a term may have, and a vocabulary: it stands before every name of a document.
const MAX_IRI: usize = 1_000;

/// Where processing finds remote contexts. It never fetches: see [`ContextError::Missing`].
pub trait Documents {
    /// The document at `url` (an object with `@context`), if it is at hand.
    fn document(&self, url: &str) -> Option<Arc<Value>>;
}

/// No remote contexts at all.
pub(super) struct NoDocuments;

impl Documents for NoDocuments {
    fn document(&self, _url: &str) -> Option<Arc<Value>> {
        None
    }
}

/// What is allowed in a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Contexts of NGSI-LD users: no scoped contexts (5.5.7); the core's terms cannot be redefined, and trying to is
    /// no error, because published contexts do it.
    User,
    /// The core context itself, which has a scoped context under `ngsildproof`.
    Core,
    /// JSON-LD 1.1 to the letter, without the core context: for generic documents and for the W3C's tests.
    JsonLd,
}

/// Why a context is no context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// A remote context is needed that [`Documents`] does not have: fetch it and process again.
    #[error("the @context at {0} is not at hand")]
    Missing(String),
    /// The context is invalid. `code` is the error code of JSON-LD 1.1 API, 9.6, or this system's own limit.
    #[error("{code}: {detail}")]
    Invalid {
        /// The standard's error code, such as `invalid term definition`.
        code: &'static str,
        /// The term or value concerned.
        detail: String,
    },
}

impl From<ContextError> for Error {
    fn from(error: ContextError) -> Self {
        match error {
            ContextError::Missing(_) => Self::new(ErrorKind::LdContextNotAvailable, error.to_string()),
            ContextError::Invalid { .. } => Self::bad_request(format!("invalid @context: {error}")).at("/@context"),
        }
    }
}

type Outcome<T = ()> = Result<T, ContextError>;

fn invalid<T>(code: &'static str, detail: impl Into<String>) -> Outcome<T> {
    Err(ContextError::Invalid { code, detail: detail.into() })
}

/// Processes what a client gave as its @context, on top of the core context.
///
/// # Errors
/// [`ContextError`]: a remote context is missing, or something is invalid.
pub fn process(user: &UserContext, documents: &dyn Documents) -> Result<Context, ContextError> {
    if user.is_core() {
        return Ok(Context::core());
    }
    let mut context = Context::user_start();
    let mut processor = Processor::new(documents, Mode::User);
    for item in user.items() {
        match item {
            ContextItem::Url(url) => processor.apply_value(&mut context, &Value::String(url.clone()), None)?,
            ContextItem::Inline(text) => {
                let value = serde_json::from_str(text).or_else(|e| invalid("invalid local context", e.to_string()))?;
                processor.apply_value(&mut context, &value, None)?;
            }
        }
    }
    context.finish();
    Ok(context)
}

impl Context {
    /// Processes a document's contexts by JSON-LD 1.1 alone, without the core context.
    ///
    /// `local` is the value of an `@context` member, `base` the URL of the document that it stands in.
    ///
    /// # Errors
    /// [`ContextError`] as [`process`].
    pub fn generic(local: &Value, base: Option<&str>, documents: &dyn Documents) -> Result<Self, ContextError> {
        let mut context = Self::empty();
        context.table_mut().base = base.map(Iri::from_expanded);
        Processor::new(documents, Mode::JsonLd).apply_value(&mut context, local, base)?;
        context.finish();
        Ok(context)
    }
}

/// One run of context processing.
pub(super) struct Processor<'d> {
    documents: &'d dyn Documents,
    mode: Mode,
    /// URLs of the remote contexts that are being processed, outermost first.
    including: Vec<String>,
    original_base: Option<Iri>,
    /// How many terms were defined so far.
    defined: usize,
}

impl<'d> Processor<'d> {
    pub(super) fn new(documents: &'d dyn Documents, mode: Mode) -> Self {
        Self { documents, mode, including: Vec::new(), original_base: None, defined: 0 }
    }

    /// Applies a whole document: an object with `@context`.
    pub(super) fn apply(&mut self, context: &mut Context, document: &Value) -> Outcome {
        match document.get("@context") {
            Some(local) => self.apply_value(context, local, None),
            None => invalid("invalid remote context", "the document has no @context"),
        }
    }

    fn apply_value(&mut self, context: &mut Context, local: &Value, base: Option<&str>) -> Outcome {
        if self.including.is_empty() && self.original_base.is_none() {
            self.original_base = context.table().base.clone();
        }
        match local {
            Value::Array(elements) => elements.iter().try_for_each(|element| self.apply_one(context, element, base)),
            single => self.apply_one(context, single, base),
        }
    }

    fn apply_one(&mut self, context: &mut Context, local: &Value, base: Option<&str>) -> Outcome {
        match local {
            Value::Null => self.reset(context),
            Value::String(reference) => self.include(context, reference, base),
            Value::Object(definitions) => self.define(context, definitions, base),
            other => invalid("invalid local context", other.to_string()),
        }
    }

    fn count(&mut self, terms: usize) -> Outcome {
        self.defined += terms;
        if self.defined > MAX_TERMS {
            return invalid("context overflow", format!("more than {MAX_TERMS} terms"));
        }
        Ok(())
    }

    fn reset(&mut self, context: &mut Context) -> Outcome {
        if self.mode == Mode::JsonLd {
            if let Some(term) = context.table().terms.iter().find(|(_, d)| d.protected).map(|(term, _)| term) {
                return invalid("invalid context nullification", format!("'{term}' is protected"));
            }
            *context = Context::empty();
        } else {
            *context = Context::user_start();
            self.count(context.table().terms.len())?;
        }
        context.table_mut().base.clone_from(&self.original_base);
        Ok(())
    }

    fn include(&mut self, context: &mut Context, reference: &str, base: Option<&str>) -> Outcome {
        let url = resolve(reference, base)
            .map_or_else(|| invalid("loading document failed", format!("'{reference}' is not an absolute URL")), Ok)?;
        if self.mode == Mode::User && is_core_url(&url) {
            return Ok(());
        }
        if self.including.contains(&url) {
            return invalid("recursive context inclusion", url);
        }
        if self.including.len() >= MAX_DEPTH {
            return invalid("context overflow", url);
        }
        let document = self.load(&url)?;
        let Some(local) = document.get("@context") else {
            return invalid("invalid remote context", format!("{url} has no @context"));
        };
        self.including.push(url.clone());
        let outcome = self.apply_value(context, local, Some(&url));
        self.including.pop();
        outcome
    }

    fn load(&self, url: &str) -> Outcome<Arc<Value>> {
        let document = if self.mode == Mode::JsonLd || !is_core_url(url) {
            self.documents.document(url).ok_or_else(|| ContextError::Missing(url.to_owned()))?
        } else {
            Arc::new(core_document().clone())
        };
        if document.is_object() {
            Ok(document)
        } else {
            invalid("invalid remote context", format!("{url} is no object"))
        }
    }

    fn define(&mut self, context: &mut Context, definitions: &Map<String, Value>, base: Option<&str>) -> Outcome {
        if let Some(version) = definitions.get("@version")
            && version.as_f64() != Some(1.1)
        {
            return invalid("invalid @version value", version.to_string());
        }
        let merged;
        let definitions = match definitions.get("@import") {
            None => definitions,
            Some(import) => {
                merged = self.import(import, definitions, base)?;
                &merged
            }
        };
        if self.including.is_empty() {
            set_base(context, definitions)?;
        }
        self.set_vocab(context, definitions)?;
        set_language(context, definitions)?;
        if let Some(propagate) = definitions.get("@propagate").filter(|propagate| !propagate.is_boolean()) {
            return invalid("invalid @propagate value", propagate.to_string());
        }
        let protected = boolean(definitions, "@protected", "invalid @protected value")?.unwrap_or(false);
        self.count(definitions.len())?;
        let mut local = Local::new(definitions, base, protected);
        for term in definitions.keys() {
            let member = matches!(
                term.as_str(),
                "@base" | "@direction" | "@import" | "@language" | "@propagate" | "@protected" | "@version" | "@vocab"
            );
            if !member {
                self.define_term(context, &mut local, term)?;
            }
        }
        Ok(())
    }

    fn import(&self, import: &Value, own: &Map<String, Value>, base: Option<&str>) -> Outcome<Map<String, Value>> {
        let Value::String(reference) = import else { return invalid("invalid @import value", import.to_string()) };
        let url = resolve(reference, base)
            .map_or_else(|| invalid("loading document failed", format!("'{reference}' is not an absolute URL")), Ok)?;
        let document = self.load(&url)?;
        let Some(Value::Object(imported)) = document.get("@context") else {
            return invalid("invalid remote context", format!("{url} must hold exactly one context to be imported"));
        };
        if imported.contains_key("@import") {
            return invalid("invalid context entry", format!("{url} itself has @import"));
        }
        let mut merged = imported.clone();
        merged.extend(own.iter().filter(|(key, _)| *key != "@import").map(|(key, value)| (key.clone(), value.clone())));
        Ok(merged)
    }

    fn set_vocab(&mut self, context: &mut Context, definitions: &Map<String, Value>) -> Outcome {
        match definitions.get("@vocab") {
            None => Ok(()),
            Some(Value::Null) => {
                context.table_mut().vocab = None;
                Ok(())
            }
            Some(Value::String(vocab)) => {
                let iri = if vocab.is_empty() {
                    context.table().vocab.clone().or_else(|| context.table().base.clone())
                } else {
                    expand_in(context, vocab).or_else(|| {
                        let base = context.table().base.as_ref().map(Iri::as_str);
                        resolve(vocab, base).map(Iri::from_expanded)
                    })
                };
                if iri.as_ref().is_some_and(|iri| iri.as_str().len() > MAX_IRI) {
                    return invalid("invalid vocab mapping", format!("longer than {MAX_IRI} bytes"));
                }
                context.table_mut().vocab = iri;
                Ok(())
            }
            Some(other) => invalid("invalid vocab mapping", other.to_string()),
        }
    }
}

/// Expansion by the terms read so far, the user's before the core's.
fn expand_in(context: &Context, name: &str) -> Option<Iri> {
    let table = context.table();
    if let Some(definition) = table.terms.get(name) {
        return definition.iri.clone();
    }
    if let Some((prefix, suffix)) = split_compact_iri(name) {
        if let Some(definition) = table.terms.get(prefix).filter(|definition| definition.prefix)
            && prefix != "_"
            && !suffix.starts_with("//")
        {
            return definition.iri.as_ref().map(|iri| concat(iri, suffix));
        }
        return Some(Iri::from_expanded(name));
    }
    table.vocab.as_ref().map(|vocab| concat(vocab, name))
}

fn set_base(context: &mut Context, definitions: &Map<String, Value>) -> Outcome {
    match definitions.get("@base") {
        None => Ok(()),
        Some(Value::Null) => {
            context.table_mut().base = None;
            Ok(())
        }
        Some(Value::String(reference)) => {
            let base = context.table().base.as_ref().map(Iri::as_str);
            match resolve(reference, base) {
                Some(base) => {
                    context.table_mut().base = Some(Iri::from_expanded(base));
                    Ok(())
                }
                None => invalid("invalid base IRI", reference),
            }
        }
        Some(other) => invalid("invalid base IRI", other.to_string()),
    }
}

fn set_language(context: &mut Context, definitions: &Map<String, Value>) -> Outcome {
    match definitions.get("@language") {
        None => {}
        Some(Value::Null) => context.table_mut().language = None,
        Some(Value::String(tag)) => context.table_mut().language = Some(tag.to_lowercase()),
        Some(other) => return invalid("invalid default language", other.to_string()),
    }
    check_direction(definitions)
}

fn check_direction(members: &Map<String, Value>) -> Outcome {
    match members.get("@direction") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(direction)) if direction == "ltr" || direction == "rtl" => Ok(()),
        Some(other) => invalid("invalid base direction", other.to_string()),
    }
}

fn boolean(members: &Map<String, Value>, key: &str, code: &'static str) -> Outcome<Option<bool>> {
    match members.get(key) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => invalid(code, other.to_string()),
    }
}

/// Resolves a reference against a base (RFC 3986, 5). `None` when the outcome is not absolute.
fn resolve(reference: &str, base: Option<&str>) -> Option<String> {
    match base.and_then(|base| oxiri::Iri::parse(base).ok()) {
        Some(base) => base.resolve(reference).ok().map(oxiri::Iri::into_inner),
        None => oxiri::Iri::parse(reference).ok().map(|iri| iri.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// One document at every URL.
    struct Everywhere(Arc<Value>);

    impl Documents for Everywhere {
        fn document(&self, _: &str) -> Option<Arc<Value>> {
            Some(Arc::clone(&self.0))
        }
    }

    #[test]
    fn a_context_is_no_larger_than_can_be_used() {
        let terms = |count: usize| -> Map<String, Value> {
            (0..count).map(|n| (format!("t{n}"), json!(format!("urn:x:{n}")))).collect()
        };
        let everywhere = Everywhere(Arc::new(json!({"@context": terms(2_000)})));
        let nulls = Everywhere(Arc::new(json!({"@context": vec![Value::Null; 10_000]})));
        let prefix = |length: usize| json!({"p": format!("urn:{}:", "x".repeat(length - 5))});
        for (what, expected, context, documents) in [
            ("many terms", Ok(()), Value::from(terms(49_000)), &everywhere),
            ("too many", Err("context overflow"), terms(50_001).into(), &everywhere),
            ("the same document often", Ok(()), vec!["http://x/a"; 20].into(), &everywhere),
            ("too often", Err("context overflow"), vec!["http://x/a"; 30].into(), &everywhere),
            ("everything forgotten again and again", Err("context overflow"), "http://x/a".into(), &nulls),
            ("a long prefix", Ok(()), prefix(1_000), &everywhere),
            ("too long", Err("invalid IRI mapping"), prefix(1_001), &everywhere),
            (
                "a name that becomes too long",
                Err("invalid IRI mapping"),
                json!([prefix(900), {"a": format!("p:{}", "x".repeat(200))}]),
                &everywhere,
            ),
            (
                "a long vocabulary",
                Err("invalid vocab mapping"),
                json!({"@vocab": format!("urn:{}", "x".repeat(1_000))}),
                &everywhere,
            ),
        ] {
            let outcome = process(&UserContext::from_json(&context).unwrap(), documents);
            let outcome = outcome.map(drop).map_err(|error| match error {
                ContextError::Invalid { code, .. } => code,
                ContextError::Missing(_) => "missing",
            });
            assert_eq!(outcome, expected, "{what}");
        }
    }
}
