//! Notifications (5.3.1): what receivers are told.

mod changes;

use std::borrow::Cow;

use hiroba_vocab::Iri;
use hiroba_vocab::ngsi_ld::LOCATION;
use serde_json::{Map, Value, json};

use super::endpoint::Accept;
use super::watch::Watch;
use crate::change::{Change, Operation};
use crate::entity::{Attributes, Entity};
use crate::error::Result;
use crate::jsonld::Context;
use crate::linked::{Inline, JoinForm, LinkedEntities};
use crate::query::Projection;
use crate::render::{EntityDocument, Feature, GeometryChoice, Rendering, conform, json as document};
use crate::time::DateTime;
use changes::Decoration;

/// One entity of a notification.
#[derive(Debug, Clone, Copy)]
pub struct Told<'t> {
    /// The entity after the change; as it was last, when it was deleted.
    pub entity: &'t Entity,
    /// The change that is told of; `None` in a periodic notification.
    pub change: Option<&'t Change>,
    /// When the change was made; for a periodic notification, now.
    pub at: DateTime,
}

impl AsRef<Entity> for Told<'_> {
    fn as_ref(&self) -> &Entity {
        self.entity
    }
}

impl Told<'_> {
    fn is_deletion(&self) -> bool {
        self.change.is_some_and(|change| change.operation == Operation::Deleted)
    }
}

/// What it takes to write notifications of a subscription.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'p> {
    /// The subscription.
    pub watch: &'p Watch,
    /// The processed @context that [`Watch::context`] names. Where it cannot be had, the core's: names are then IRIs.
    pub context: &'p Context,
    /// What the entities link to, as far as [`Watch::joining`] asks for it.
    pub linked: &'p LinkedEntities,
    /// How many linked entities one notification may show.
    pub most_linked: usize,
}

struct Member<'e>(Cow<'e, Entity>);

impl AsRef<Entity> for Member<'_> {
    fn as_ref(&self) -> &Entity {
        &self.0
    }
}

impl Payload<'_> {
    /// The notification of some entities, in their order, with those that they link to behind them (`join=flat`). Entities
    /// that one operation changed may be told of together. `id` is a generated URI.
    ///
    /// # Errors
    /// TooManyResults when more linked entities than allowed would be shown; without `linked` there is no such error.
    pub fn notification(&self, id: &str, notified_at: DateTime, told: &[Told<'_>]) -> Result<Value> {
        let data = self.data(told)?;
        let context = self.watch.endpoint.embeds_context().then_some(self.watch.context.as_str());
        let geojson = self.watch.endpoint.accept == Accept::GeoJson;
        let mut members = Map::new();
        members.insert("id".to_owned(), id.into());
        members.insert("type".to_owned(), "Notification".into());
        members.insert("subscriptionId".to_owned(), json!(self.watch.id));
        members.insert("notifiedAt".to_owned(), json!(notified_at));
        if geojson {
            let mut collection = Map::new();
            collection.extend(context.map(|context| ("@context".to_owned(), context.into())));
            collection.insert("type".to_owned(), "FeatureCollection".into());
            collection.insert("features".to_owned(), data.into());
            members.insert("data".to_owned(), Value::Object(collection));
        } else {
            members.insert("data".to_owned(), data.into());
            members.extend(context.map(|context| ("@context".to_owned(), context.into())));
        }
        Ok(Value::Object(members))
    }

    fn data(&self, told: &[Told<'_>]) -> Result<Vec<Value>> {
        // What a version of the standard does not know is rewritten in linked entities too.
        let everything = self.rendering(&Projection::EVERYTHING, self.linked);
        let older = self.watch.conformance.filter(|version| version.is_older());
        let conformed = older.map(|version| self.linked.map(|entity| conform(entity, version, &everything)));
        let linked = conformed.as_ref().unwrap_or(self.linked);
        let mut data: Vec<Value> = told
            .iter()
            .map(|told| if told.is_deletion() { self.deletion(told) } else { self.change(told, linked) })
            .collect();
        let Some(joining) = self.watch.joining() else { return Ok(data) };
        let living = told.iter().filter(|told| !told.is_deletion());
        let living: Vec<Member<'_>> = living.map(|told| Member(valid(told))).collect();
        joining.missing(&living, self.linked, self.most_linked)?;
        if joining.join.form == JoinForm::Flat {
            let members = joining.members(&living, self.linked, self.most_linked)?;
            for member in members.iter().skip(living.len()) {
                let rendering = self.rendering(&member.projection, linked);
                data.push(self.document(&self.conformed(member.entity, &rendering), rendering));
            }
        }
        Ok(data)
    }

    /// An entity that is there, with what became of its attributes.
    fn change(&self, told: &Told<'_>, linked: &LinkedEntities) -> Value {
        let rendering = self.rendering(&self.watch.projection, linked);
        let valid = valid(told);
        let entity = self.conformed(&valid, &rendering);
        let shown = self.shown(rendering);
        let mut document = self.document(&entity, rendering);
        if let (Some(change), Some(members)) = (told.change, self.attributes_of(&mut document)) {
            let past = past(told.entity, change);
            let before = self.conformed(&past, &rendering);
            let decoration = Decoration { rendering: shown, watch: self.watch, deleted_at: told.at };
            decoration.changes(members, &entity.attributes, &before.attributes);
        }
        document
    }

    /// An entity that is gone: hardly more than that, unless previous values are asked for.
    fn deletion(&self, told: &Told<'_>) -> Value {
        let rendering = self.rendering(&self.watch.projection, self.linked);
        let bare = Entity { scope: None, expires_at: None, attributes: Attributes::default(), ..told.entity.clone() };
        let mut document = self.document(&self.conformed(&bare, &rendering), rendering);
        let Some(members) = self.attributes_of(&mut document) else { return document };
        members.insert("deletedAt".to_owned(), json!(told.at));
        if self.watch.show_changes {
            let last = self.conformed(told.entity, &rendering);
            let decoration = Decoration { rendering: self.shown(rendering), watch: self.watch, deleted_at: told.at };
            decoration.deletions(members, &last.attributes);
        }
        document
    }

    fn document(&self, entity: &Entity, rendering: Rendering<'_>) -> Value {
        let rendering = self.shown(rendering);
        if self.watch.endpoint.accept != Accept::GeoJson {
            return document(&EntityDocument { entity, rendering, embedded_context: None });
        }
        let dataset_id = if let [one] = self.watch.datasets.as_slice() { one.clone() } else { None };
        let geometry = GeometryChoice { property: Iri::from_expanded(LOCATION), dataset_id };
        let geometry = self.watch.conformance.map_or(geometry.clone(), |version| geometry.of_conformed(version));
        document(&Feature { entity, rendering, geometry: &geometry, embedded_context: None })
    }

    /// The object in which the attributes of a document are. A document is always an object.
    fn attributes_of<'d>(&self, document: &'d mut Value) -> Option<&'d mut Map<String, Value>> {
        match self.watch.endpoint.accept {
            Accept::GeoJson => document.get_mut("properties")?.as_object_mut(),
            Accept::Json | Accept::JsonLd => document.as_object_mut(),
        }
    }

    fn rendering<'r>(&'r self, projection: &'r Projection, linked: &'r LinkedEntities) -> Rendering<'r> {
        Rendering {
            context: self.context,
            form: self.watch.form,
            sys_attrs: self.watch.sys_attrs,
            lang: self.watch.lang.as_ref(),
            projection,
            datasets: &self.watch.datasets,
            inline: self.watch.joining().and_then(|joining| Inline::new(joining, linked)),
        }
    }

    /// How to render what [`conformed`](Self::conformed) has made of an entity.
    fn shown<'r>(&self, rendering: Rendering<'r>) -> Rendering<'r> {
        let older = self.watch.conformance.is_some_and(|version| version.is_older());
        if older { rendering.of_conformed() } else { rendering }
    }

    /// The entity as `ngsildConformance` wants it.
    fn conformed<'e>(&self, entity: &'e Entity, rendering: &Rendering<'_>) -> Cow<'e, Entity> {
        match self.watch.conformance.filter(|version| version.is_older()) {
            Some(version) => Cow::Owned(conform(entity, version, rendering)),
            None => Cow::Borrowed(entity),
        }
    }
}

/// The entity without what had expired when the change was made.
fn valid<'t>(told: &Told<'t>) -> Cow<'t, Entity> {
    told.entity.valid_at(told.at).unwrap_or(Cow::Borrowed(told.entity))
}

/// The instances that a change really touched, as they were.
fn past(entity: &Entity, change: &Change) -> Entity {
    let mut attributes = Attributes::default();
    for touched in change.attributes.iter().filter(|touched| touched.trigger().is_some()) {
        if let Some(before) = &touched.before {
            attributes.entry(touched.name.clone()).or_default().push(before.clone());
        }
    }
    Entity { attributes, ..Entity::clone(entity) }
}
