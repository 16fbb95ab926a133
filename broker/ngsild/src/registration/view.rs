//! Registrations as clients see them (5.10.1, 5.10.2).

use serde_json::{Map, Value, json};

use super::members::MEMBERS;
use super::{Registration, own};
use crate::jsonld::Context;

impl Registration {
    /// The registration as a client sees it, without `@context`. Names are those of the reader's context; all else is as
    /// its author wrote it. Of `information` only the elements at the places `only` are shown, if these are given.
    pub fn to_json(&self, only: Option<&[usize]>, sys_attrs: bool, context: &Context) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("id".to_owned(), json!(self.id));
        members.insert("type".to_owned(), json!("ContextSourceRegistration"));
        for (name, value) in &self.body {
            let author = self.names.context(name);
            let rename = |name: &str| match author.expand_name(name) {
                Ok(iri) => context.compact(&iri).into_owned(),
                Err(_) => name.to_owned(),
            };
            if name == "information" {
                members.insert(name.clone(), information(value, only, &rename));
            } else if MEMBERS.contains(&name.as_str()) {
                members.insert(name.clone(), value.clone());
            } else {
                members.insert(rename(name), own::renamed(value, &rename));
            }
        }
        if sys_attrs {
            members.insert("createdAt".to_owned(), json!(self.created_at));
            members.insert("modifiedAt".to_owned(), json!(self.modified_at));
        }
        members
    }
}

fn information(value: &Value, only: Option<&[usize]>, rename: &dyn Fn(&str) -> String) -> Value {
    let names = |value: Option<&mut Value>| match value {
        Some(Value::Array(names)) => {
            for name in names {
                if let Some(text) = name.as_str() {
                    *name = rename(text).into();
                }
            }
        }
        Some(Value::String(name)) => *name = rename(name),
        _ => {}
    };
    let shown = |i: &usize| only.is_none_or(|only| only.contains(i));
    let items = value.as_array().into_iter().flatten().enumerate().filter(|(i, _)| shown(i));
    let renamed = items.map(|(_, info)| {
        let mut info = info.clone();
        for entity in info.get_mut("entities").and_then(Value::as_array_mut).into_iter().flatten() {
            names(entity.get_mut("type"));
        }
        names(info.get_mut("propertyNames"));
        names(info.get_mut("relationshipNames"));
        info
    });
    renamed.collect()
}
