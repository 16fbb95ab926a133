//! What the names in a subscription stand for: noted once, when the @context of the request is at hand.

use std::collections::BTreeMap;

use hiroba_vocab::Iri;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::notification::projection_list;
use crate::error::Result;
use crate::jsonld::Context;
use crate::query::q::{AttributePath, Literal, Test};
use crate::query::{ProjectionList, Q, TypeSelection};

/// The members of NotificationParams that hold names.
pub(super) const PROJECTIONS: [&str; 3] = ["attributes", "pick", "omit"];

/// By member of the subscription: its names, with the IRIs that they stand for. Each member has names of its own, because
/// members that are updated later may have come with another @context. What the core context makes of a name by
/// itself is not noted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Names(BTreeMap<String, BTreeMap<String, Iri>>);

impl Names {
    /// Takes note of the names in a member that was read already.
    ///
    /// # Errors
    /// BadRequestData for a name that the context gives no IRI.
    pub(super) fn note(&mut self, member: &str, value: &Value, context: &Context) -> Result<()> {
        let mut noting = Noting { context, core: Context::core(), found: BTreeMap::new() };
        match member {
            "entities" => {
                for selector in value.as_array().into_iter().flatten() {
                    noting.types(selector.get("type"))?;
                }
            }
            "watchedAttributes" => {
                value.as_array().into_iter().flatten().filter_map(Value::as_str).try_for_each(|n| noting.name(n))?;
            }
            "q" | "csf" => {
                if let Some(text) = value.as_str() {
                    noting.q(&text.parse()?)?;
                }
            }
            "geoQ" => value.get("geoproperty").and_then(Value::as_str).map_or(Ok(()), |n| noting.name(n))?,
            "notification" => {
                for list in PROJECTIONS.into_iter().filter_map(|name| value.get(name)) {
                    noting.projection(&projection_list(list)?)?;
                }
            }
            _ => {}
        }
        self.keep(member, noting.found);
        Ok(())
    }

    /// Takes note of names that stand in a member.
    ///
    /// # Errors
    /// BadRequestData for a name that the context gives no IRI.
    pub(crate) fn note_all<'n>(
        &mut self,
        member: &str,
        names: impl IntoIterator<Item = &'n str>,
        context: &Context,
    ) -> Result<()> {
        let mut noting = Noting { context, core: Context::core(), found: BTreeMap::new() };
        names.into_iter().try_for_each(|name| noting.name(name))?;
        self.keep(member, noting.found);
        Ok(())
    }

    fn keep(&mut self, member: &str, found: BTreeMap<String, Iri>) {
        if found.is_empty() {
            self.0.remove(member);
        } else {
            self.0.insert(member.to_owned(), found);
        }
    }

    /// Forgets the names of a member.
    pub(crate) fn forget(&mut self, member: &str) {
        self.0.remove(member);
    }

    /// Takes over the names of a member from others.
    pub(crate) fn take(&mut self, member: &str, from: &mut Self) {
        match from.0.remove(member) {
            Some(names) => drop(self.0.insert(member.to_owned(), names)),
            None => self.forget(member),
        }
    }

    /// A context in which the names of a member mean what they meant when it came.
    pub(crate) fn context(&self, member: &str) -> Context {
        match self.0.get(member) {
            Some(names) => Context::of_names(names.iter().map(|(name, iri)| (name.as_str(), iri))),
            None => Context::core(),
        }
    }
}

struct Noting<'c> {
    context: &'c Context,
    core: Context,
    found: BTreeMap<String, Iri>,
}

impl Noting<'_> {
    fn name(&mut self, name: &str) -> Result<()> {
        let iri = self.context.expand_name(name)?;
        if self.core.expand_name(name).ok().as_ref() != Some(&iri) {
            self.found.insert(name.to_owned(), iri);
        }
        Ok(())
    }

    /// A value that `expandValues` may declare to be a name, now or in a later update.
    fn value(&mut self, literal: &Literal) {
        if let Literal::Text(text) | Literal::Word(text) = literal {
            let iri = self.context.expand_value(text);
            if self.core.expand_value(text) != iri {
                self.found.insert(text.clone(), iri);
            }
        }
    }

    fn types(&mut self, text: Option<&Value>) -> Result<()> {
        let Some(text) = text.and_then(Value::as_str) else { return Ok(()) };
        let TypeSelection::OneOf(alternatives) = text.parse()? else { return Ok(()) };
        alternatives.iter().flatten().try_for_each(|name| self.name(name))
    }

    fn projection(&mut self, list: &ProjectionList) -> Result<()> {
        for member in &list.0 {
            if !member.is_word() {
                self.name(&member.name)?;
            }
            if let Some(linked) = &member.linked {
                self.projection(linked)?;
            }
        }
        Ok(())
    }

    fn q(&mut self, q: &Q) -> Result<()> {
        for term in q.terms() {
            self.path(&term.path)?;
            match &term.test {
                Test::Equality { values, .. } => values.iter().for_each(|value| self.value(value)),
                Test::Range { from, to, .. } => [from, to].into_iter().for_each(|value| self.value(value)),
                Test::Order(_, value) => self.value(value),
                Test::Exists | Test::Pattern { .. } => {}
            }
        }
        Ok(())
    }

    fn path(&mut self, path: &AttributePath) -> Result<()> {
        path.names.iter().try_for_each(|name| self.name(name))?;
        match &path.linked {
            None => Ok(()),
            Some(linked) => {
                linked.types.iter().try_for_each(|name| self.name(name))?;
                self.path(&linked.path)
            }
        }
    }
}
