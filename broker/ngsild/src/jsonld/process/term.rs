//! Create Term Definition: the algorithm 4.2 of JSON-LD 1.1 API.

use std::collections::HashMap;

use hiroba_vocab::Iri;
use serde_json::{Map, Value};

use super::{
    ContextError, MAX_DEPTH, MAX_IRI, Mode, Outcome, Processor, boolean, check_direction, expand_in, invalid, resolve,
};
use crate::jsonld::context::{Container, Context, Definition, TypeMapping, concat, split_compact_iri};
use crate::jsonld::keyword::{is_keyword, looks_like_keyword};

/// The context being read, and which of its terms are done (`true`) or under way (`false`).
pub(super) struct Local<'c> {
    context: &'c Map<String, Value>,
    defined: HashMap<String, bool>,
    base: Option<&'c str>,
    protected: bool,
    depth: usize,
}

impl<'c> Local<'c> {
    pub(super) fn new(context: &'c Map<String, Value>, base: Option<&'c str>, protected: bool) -> Self {
        Self { context, defined: HashMap::new(), base, protected, depth: 0 }
    }
}

impl Processor<'_> {
    pub(super) fn define_term(&mut self, context: &mut Context, local: &mut Local<'_>, term: &str) -> Outcome {
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
        if definition.iri.as_ref().is_some_and(|iri| iri.as_str().len() > MAX_IRI) {
            let term: String = term.chars().take(100).collect();
            return invalid("invalid IRI mapping", format!("the IRI of '{term}' is longer than {MAX_IRI} bytes"));
        }
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
