//! What a write did to one entity: the content of a change record.
//!
//! The records of an entity, in order, are its history. Their serde form is what the databases hold.

use hiroba_vocab::{DatasetId, Iri, Scope};
use serde::{Deserialize, Serialize};

use crate::entity::{Attribute, Entity, OneOrMany};
use crate::time::DateTime;

/// What happened to the entity as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// It did not exist before.
    Created,
    /// It existed before and after.
    Updated,
    /// It exists no more.
    Deleted,
}

/// The difference that a write made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What happened to the entity as a whole.
    pub operation: Operation,
    /// The types after the change; before it, when the entity was deleted.
    pub types: Vec<Iri>,
    /// The types before the change, if an update made them others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types_before: Option<Vec<Iri>>,
    /// The instances that were touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeChange>,
    /// The scopes, if they were touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeChange>,
    /// When the entity stops being valid (4.22), after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime>,
}

/// What happened to one attribute instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeChange {
    /// The attribute, expanded.
    pub name: Iri,
    /// Which instance; `None` for the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<DatasetId>,
    /// The instance as it was; `None` when it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Attribute>,
    /// The instance as it is now; `None` when it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Attribute>,
}

/// What happened to the scopes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScopeChange {
    /// As they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<OneOrMany<Scope>>,
    /// As they are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<OneOrMany<Scope>>,
}

/// A record of which only the outcome is read: where values are updated, that is half of it. Enough where nothing was
/// deleted.
#[derive(Debug, Deserialize)]
pub struct Outcome {
    operation: Operation,
    types: Vec<Iri>,
    #[serde(default)]
    attributes: Vec<Written>,
    #[serde(default)]
    scope: Option<ScopeChange>,
}

#[derive(Debug, Deserialize)]
struct Written {
    name: Iri,
    after: Attribute,
}

impl From<Outcome> for Change {
    /// The change without what was before.
    fn from(outcome: Outcome) -> Self {
        let Outcome { operation, types, attributes, scope } = outcome;
        let touched = |Written { name, after }| AttributeChange {
            name,
            dataset_id: after.dataset_id.clone(),
            before: None,
            after: Some(after),
        };
        let attributes = attributes.into_iter().map(touched).collect();
        Self { operation, types, types_before: None, attributes, scope, expires_at: None }
    }
}

impl Change {
    /// The change from one state to the next; `None` is an entity that does not exist. An instance counts as touched
    /// when it was written, even with the same value: then its `modifiedAt` differs.
    pub fn between(before: Option<&Entity>, after: Option<&Entity>) -> Option<Self> {
        let (operation, types) = match (before, after) {
            (None, None) => return None,
            (None, Some(new)) => (Operation::Created, &new.types),
            (Some(_), Some(new)) => (Operation::Updated, &new.types),
            (Some(old), None) => (Operation::Deleted, &old.types),
        };
        let mut attributes = Vec::new();
        for (name, instances) in after.iter().flat_map(|entity| &entity.attributes) {
            for instance in instances {
                let old = before.and_then(|entity| find(entity, name, instance.dataset_id.as_ref()));
                if old != Some(instance) {
                    attributes.push(AttributeChange {
                        name: name.clone(),
                        dataset_id: instance.dataset_id.clone(),
                        before: old.cloned(),
                        after: Some(instance.clone()),
                    });
                }
            }
        }
        for (name, instances) in before.iter().flat_map(|entity| &entity.attributes) {
            for instance in instances {
                if after.is_none_or(|entity| find(entity, name, instance.dataset_id.as_ref()).is_none()) {
                    attributes.push(AttributeChange {
                        name: name.clone(),
                        dataset_id: instance.dataset_id.clone(),
                        before: Some(instance.clone()),
                        after: None,
                    });
                }
            }
        }
        let scopes = |entity: Option<&Entity>| entity.and_then(|entity| entity.scope.clone());
        let (old_scope, new_scope) = (scopes(before), scopes(after));
        let scope = (old_scope != new_scope).then_some(ScopeChange { before: old_scope, after: new_scope });
        let expires_at = after.and_then(|entity| entity.expires_at);
        let types_before = before.map(|old| &old.types).filter(|old| *old != types).cloned();
        Some(Self { operation, types: types.clone(), types_before, attributes, scope, expires_at })
    }
}

fn find<'e>(entity: &'e Entity, name: &Iri, dataset_id: Option<&DatasetId>) -> Option<&'e Attribute> {
    entity.attributes.get(name)?.iter().find(|instance| instance.dataset_id.as_ref() == dataset_id)
}
