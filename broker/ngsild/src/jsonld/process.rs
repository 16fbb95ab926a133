//! Context processing: the algorithms 4.1 and 4.2 of JSON-LD 1.1 API.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_vocab::Iri;
use serde_json::{Map, Value};

use super::context::{Container, Context, Definition, TypeMapping, concat, split_compact_iri};
use super::core::{core_document, is_core_url};
use super::source::{ContextItem, UserContext};
use crate::error::{Error, ErrorKind};

/// How many contexts may include one another, and how many terms may be defined through one another.
const MAX_DEPTH: usize = 64;
/// How many terms one context may define, remote ones included.
const MAX_TERMS: usize = 50_000;

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
}

/// The context being read, and which of its terms are done (`true`) or under way (`false`).
struct Local<'c> {
    context: &'c Map<String, Value>,
    defined: HashMap<String, bool>,
    base: Option<&'c str>,
    protected: bool,
    depth: usize,
}

impl<'d> Processor<'d> {
    pub(super) fn new(documents: &'d dyn Documents, mode: Mode) -> Self {
        Self { documents, mode, including: Vec::new(), original_base: None }
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

    fn reset(&self, context: &mut Context) -> Outcome {
        if self.mode == Mode::JsonLd {
            if let Some(term) = context.table().terms.iter().find(|(_, d)| d.protected).map(|(term, _)| term) {
                return invalid("invalid context nullification", format!("'{term}' is protected"));
            }
            *context = Context::empty();
        } else {
            *context = Context::user_start();
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
        if context.table().terms.len() + definitions.len() > MAX_TERMS {
            return invalid("context overflow", format!("more than {MAX_TERMS} terms"));
        }
        let mut local = Local { context: definitions, defined: HashMap::new(), base, protected, depth: 0 };
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
                context.table_mut().vocab = iri;
                Ok(())
            }
            Some(other) => invalid("invalid vocab mapping", other.to_string()),
        }
    }

    fn define_term(&mut self, context: &mut Context, local: &mut Local<'_>, term: &str) -> Outcome {
        match local.defined.get(term) {
            Some(true) => return Ok(()),
            Some(false) => return invalid("cyclic IRI mapping", term),
            None => {}
        }
        if term.is_empty() {
            return invalid("invalid term definition", "the empty term");
        }
        if local.depth >= MAX_DEPTH {
            return invalid("context overflow", format!("'{term}' is defined through more than {MAX_DEPTH} terms"));
        }
        local.defined.insert(term.to_owned(), false);
        local.depth += 1;
        let outcome = self.read_definition(context, local, term);
        local.depth -= 1;
        outcome?;
        local.defined.insert(term.to_owned(), true);
        Ok(())
    }

    fn read_definition(&mut self, context: &mut Context, local: &mut Local<'_>, term: &str) -> Outcome {
        let value = &local.context[term];
        if term == "@type" {
            let legal = value.as_object().is_some_and(|map| {
                !map.is_empty()
                    && map.iter().all(|(key, value)| key == "@protected" || (key == "@container" && value == "@set"))
            });
            if !legal {
                return invalid("keyword redefinition", term);
            }
        } else if is_keyword(term) {
            return invalid("keyword redefinition", term);
        } else if looks_like_keyword(term) {
            return Ok(());
        }
        let previous = context.table_mut().terms.remove(term);
        let members;
        let (members, simple) = match value {
            Value::Object(map) => (map, false),
            Value::Null | Value::String(_) => {
                members = Map::from_iter([("@id".to_owned(), value.clone())]);
                (&members, value.is_string())
            }
            other => return invalid("invalid term definition", format!("'{term}': {other}")),
        };
        let Some(mut definition) = self.build_definition(context, local, term, members, simple)? else {
            return Ok(());
        };
        if self.mode == Mode::JsonLd
            && let Some(previous) = previous.filter(|previous| previous.protected)
        {
            if !previous.same_meaning(&definition) {
                return invalid("protected term redefinition", term);
            }
            definition = previous;
        }
        context.table_mut().terms.insert(term.into(), definition);
        Ok(())
    }

    /// `None` when the definition is to be ignored (terms that map to something that looks like a keyword).
    fn build_definition(
        &mut self,
        context: &mut Context,
        local: &mut Local<'_>,
        term: &str,
        members: &Map<String, Value>,
        simple: bool,
    ) -> Outcome<Option<Definition>> {
        let mut definition = Definition {
            iri: None,
            type_mapping: None,
            container: Container::default(),
            language: None,
            prefix: false,
            protected: boolean(members, "@protected", "invalid @protected value")?.unwrap_or(local.protected),
            reverse: false,
        };
        if let Some(mapping) = members.get("@type") {
            definition.type_mapping = Some(self.type_mapping(context, local, term, mapping)?);
        }
        if let Some(reverse) = members.get("@reverse") {
            if members.contains_key("@id") || members.contains_key("@nest") {
                return invalid("invalid reverse property", term);
            }
            let Value::String(name) = reverse else { return invalid("invalid IRI mapping", term) };
            if looks_like_keyword(name) {
                return Ok(None);
            }
            let iri = self.expand_local(context, local, name)?;
            let Some(iri) = iri.filter(|iri| iri.as_str().contains(':')) else {
                return invalid("invalid IRI mapping", term);
            };
            if !matches!(members.get("@container"), None | Some(Value::Null))
                && !matches!(members["@container"].as_str(), Some("@set" | "@index"))
            {
                return invalid("invalid reverse property", term);
            }
            definition.iri = Some(iri);
            definition.reverse = true;
            return Ok(Some(definition));
        }
        match members.get("@id") {
            Some(Value::Null) => {}
            Some(Value::String(id)) if id != term => {
                if !is_keyword(id) && looks_like_keyword(id) {
                    return Ok(None);
                }
                self.map_to(context, local, term, id, simple, &mut definition)?;
            }
            None | Some(Value::String(_)) => definition.iri = Some(self.own_iri(context, local, term)?),
            Some(other) => return invalid("invalid IRI mapping", format!("'{term}': {other}")),
        }
        read_container(&mut definition, term, members)?;
        self.check_rest(context, local, term, members, &mut definition)?;
        Ok(Some(definition))
    }

    fn type_mapping(
        &mut self,
        context: &mut Context,
        local: &mut Local<'_>,
        term: &str,
        mapping: &Value,
    ) -> Outcome<TypeMapping> {
        let Value::String(name) = mapping else { return invalid("invalid type mapping", term) };
        let iri = self.expand_local(context, local, name)?;
        match iri.as_ref().map(Iri::as_str) {
            Some("@id") => Ok(TypeMapping::Id),
            Some("@vocab") => Ok(TypeMapping::Vocab),
            Some("@json") => Ok(TypeMapping::Json),
            Some("@none") => Ok(TypeMapping::None),
            Some(text) if text.contains(':') && !text.starts_with("_:") => {
                Ok(TypeMapping::Datatype(Iri::from_expanded(text)))
            }
            _ => invalid("invalid type mapping", format!("'{term}': {name}")),
        }
    }

    /// A term with an `@id` of its own.
    fn map_to(
        &mut self,
        context: &mut Context,
        local: &mut Local<'_>,
        term: &str,
        id: &str,
        simple: bool,
        definition: &mut Definition,
    ) -> Outcome {
        let iri = self.expand_local(context, local, id)?;
        let Some(iri) = iri.filter(|iri| iri.as_str().contains(':') || is_keyword(iri.as_str())) else {
            return invalid("invalid IRI mapping", format!("'{term}': {id}"));
        };
        if iri.as_str() == "@context" {
            return invalid("invalid keyword alias", term);
        }
        let inner = term.get(1..).unwrap_or_default();
        let inner_colon = inner.strip_suffix(':').unwrap_or(inner).contains(':');
        if inner_colon || term.contains('/') {
            // A term that looks like an IRI must mean what it looks like.
            local.defined.insert(term.to_owned(), true);
            if self.expand_local(context, local, term)?.as_ref() != Some(&iri) {
                return invalid("invalid IRI mapping", term);
            }
        }
        let plain = !term.contains(':') && !term.contains('/');
        definition.prefix = plain
            && simple
            && (iri.as_str().starts_with("_:") || iri.as_str().ends_with([':', '/', '?', '#', '[', ']', '@']));
        definition.iri = Some(iri);
        Ok(())
    }

    /// A term without an `@id`: a compact IRI, an IRI, or a name in the vocabulary.
    fn own_iri(&mut self, context: &mut Context, local: &mut Local<'_>, term: &str) -> Outcome<Iri> {
        if let Some((prefix, suffix)) = split_compact_iri(term) {
            if local.context.contains_key(prefix) {
                self.define_term(context, local, prefix)?;
            }
            let prefix_iri = context.table().terms.get(prefix).and_then(|definition| definition.iri.clone());
            return Ok(prefix_iri.map_or_else(|| Iri::from_expanded(term), |iri| concat(&iri, suffix)));
        }
        if term == "@type" {
            return Ok(Iri::from_expanded("@type"));
        }
        let iri = context.table().vocab.as_ref().map(|vocab| concat(vocab, term));
        match iri.filter(|iri| !term.contains('/') || iri.as_str().contains(':')) {
            Some(iri) => Ok(iri),
            None => invalid("invalid IRI mapping", format!("'{term}' has no IRI and there is no @vocab")),
        }
    }

    fn check_rest(
        &mut self,
        context: &mut Context,
        local: &mut Local<'_>,
        term: &str,
        members: &Map<String, Value>,
        definition: &mut Definition,
    ) -> Outcome {
        if let Some(index) = members.get("@index") {
            let legal = match index {
                Value::String(name) if definition.container.index && !looks_like_keyword(name) => {
                    self.expand_local(context, local, name)?.is_some_and(|iri| !iri.as_str().starts_with('@'))
                }
                _ => false,
            };
            if !legal {
                return invalid("invalid term definition", format!("'{term}' has an invalid @index"));
            }
        }
        if let Some(scoped) = members.get("@context") {
            self.check_scoped(context, local, term, scoped)?;
        }
        if !members.contains_key("@type") {
            definition.language = match members.get("@language") {
                None => None,
                Some(Value::Null) => Some(None),
                Some(Value::String(tag)) => Some(Some(tag.to_lowercase())),
                Some(_) => return invalid("invalid language mapping", term),
            };
            check_direction(members)?;
        }
        if let Some(nest) = members.get("@nest")
            && !nest.as_str().is_some_and(|name| name == "@nest" || !is_keyword(name))
        {
            return invalid("invalid @nest value", term);
        }
        if let Some(prefix) = boolean(members, "@prefix", "invalid @prefix value")? {
            let keyword = definition.iri.as_ref().is_some_and(|iri| is_keyword(iri.as_str()));
            if term.contains([':', '/']) || (prefix && keyword) {
                return invalid("invalid term definition", format!("'{term}' cannot be a prefix"));
            }
            definition.prefix = prefix;
        }
        let known = [
            "@id",
            "@reverse",
            "@container",
            "@context",
            "@direction",
            "@index",
            "@language",
            "@nest",
            "@prefix",
            "@protected",
            "@type",
        ];
        match members.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => invalid("invalid term definition", format!("'{term}' has an unknown member '{key}'")),
            None => Ok(()),
        }
    }

    /// Scoped contexts: refused from users, checked otherwise. The core's own says nothing that NGSI-LD needs here.
    fn check_scoped(&mut self, context: &Context, local: &Local<'_>, term: &str, scoped: &Value) -> Outcome {
        match self.mode {
            Mode::Core => Ok(()),
            Mode::User => invalid("scoped context", format!("'{term}' has a scoped @context (clause 5.5.7)")),
            Mode::JsonLd => {
                let mut scratch = context.clone();
                scratch.table_mut().terms.values_mut().for_each(|definition| definition.protected = false);
                // A scoped context may include the context that it stands in (JSON-LD 1.1 API, 4.1.2).
                let again = scoped.as_str().and_then(|reference| resolve(reference, local.base));
                if again.is_some_and(|url| self.including.contains(&url)) {
                    return Ok(());
                }
                match self.apply_value(&mut scratch, scoped, local.base) {
                    Err(ContextError::Invalid { detail, .. }) => invalid("invalid scoped context", detail),
                    outcome => outcome,
                }
            }
        }
    }

    /// IRI expansion while a context is being read: terms of the same context are defined on the way.
    fn expand_local(&mut self, context: &mut Context, local: &mut Local<'_>, name: &str) -> Outcome<Option<Iri>> {
        if is_keyword(name) {
            return Ok(Some(Iri::from_expanded(name)));
        }
        if local.context.contains_key(name) && local.defined.get(name) != Some(&true) {
            self.define_term(context, local, name)?;
        }
        if let Some((prefix, suffix)) = split_compact_iri(name)
            && prefix != "_"
            && !suffix.starts_with("//")
            && !context.table().terms.contains_key(name)
        {
            if local.context.contains_key(prefix) && local.defined.get(prefix) != Some(&true) {
                self.define_term(context, local, prefix)?;
            }
            // In definitions any term may stand before the colon, not only those made for it.
            if let Some(iri) = context.table().terms.get(prefix).and_then(|definition| definition.iri.as_ref())
                && context.table().terms[prefix].prefix
            {
                return Ok(Some(concat(iri, suffix)));
            }
        }
        Ok(expand_in(context, name))
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

fn read_container(definition: &mut Definition, term: &str, members: &Map<String, Value>) -> Outcome {
    let words = match members.get("@container") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(words)) => words.as_slice(),
        Some(word) => std::slice::from_ref(word),
    };
    let container = &mut definition.container;
    for word in words {
        match word.as_str() {
            Some("@list") => container.list = true,
            Some("@set") => container.set = true,
            Some("@language") => container.language = true,
            Some("@index") => container.index = true,
            Some("@id") => container.id = true,
            Some("@type") => container.r#type = true,
            Some("@graph") => container.graph = true,
            _ => return invalid("invalid container mapping", format!("'{term}': {word}")),
        }
    }
    let others =
        [container.language, container.index, container.id, container.r#type].into_iter().filter(|set| *set).count();
    let legal = !words.is_empty()
        && if container.list {
            others == 0 && !container.set && !container.graph
        } else if container.graph {
            !container.language && !container.r#type && others <= 1
        } else {
            others <= 1
        };
    if !legal {
        return invalid("invalid container mapping", term);
    }
    if container.r#type {
        match definition.type_mapping {
            None => definition.type_mapping = Some(TypeMapping::Id),
            Some(TypeMapping::Id | TypeMapping::Vocab) => {}
            Some(_) => return invalid("invalid type mapping", term),
        }
    }
    Ok(())
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

/// The keywords of JSON-LD 1.1, 1.7.
pub(super) fn is_keyword(text: &str) -> bool {
    matches!(
        text,
        "@base"
            | "@container"
            | "@context"
            | "@default"
            | "@direction"
            | "@embed"
            | "@graph"
            | "@id"
            | "@import"
            | "@included"
            | "@index"
            | "@json"
            | "@language"
            | "@list"
            | "@nest"
            | "@none"
            | "@prefix"
            | "@preserve"
            | "@propagate"
            | "@protected"
            | "@requireAll"
            | "@reverse"
            | "@set"
            | "@type"
            | "@value"
            | "@version"
            | "@vocab"
    )
}

/// Whether `text` has the form that JSON-LD reserves for future keywords: `@` and letters.
pub(super) fn looks_like_keyword(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic()))
}
