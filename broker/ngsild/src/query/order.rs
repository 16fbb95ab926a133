//! Ordering of results (4.23, 5.2.43).

use std::fmt;
use std::str::FromStr;

use geo::{Centroid, Geometry, Point};
use hiroba_vocab::Iri;
use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences};
use icu_locale_core::Locale;
use serde_json::Value;

use super::cursor::Cursor;
use super::geo::{MAX_MEASURED, check_positions};
use super::nearest::distance;
use super::q::{AttributePath, Brackets};
use crate::entity::{AttributeValue, Entity, OneOrMany};
use crate::error::{Error, Result};
use crate::geometry;
use crate::jsonld::Context;
use crate::time::{DateTime, read_date, read_time};

/// How many keys one ordering may have.
const MAX_KEYS: usize = 20;

/// `orderBy` with names as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy(pub Vec<OrderKey>);

/// One key of an ordering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderKey {
    /// `id`, `type`, `scope` or an attribute path as in `q`.
    pub path: AttributePath,
    /// Which way.
    pub direction: OrderDirection,
}

/// Which way to order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderDirection {
    /// `asc`
    Ascending,
    /// `desc`
    Descending,
    /// `dist-asc`: nearest to `orderFrom` first.
    NearestFirst,
    /// `dist-desc`
    FurthestFirst,
}

impl OrderDirection {
    /// Whether a place to measure from is needed.
    pub fn is_distance(self) -> bool {
        matches!(self, Self::NearestFirst | Self::FurthestFirst)
    }
}

impl FromStr for OrderBy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut cursor = Cursor::new("orderBy", text);
        let mut keys = Vec::new();
        loop {
            let mut names = vec![cursor.name()?.to_owned()];
            while cursor.take(".") {
                names.push(cursor.name()?.to_owned());
            }
            let mut brackets = None;
            if cursor.take("[") {
                let mut members = vec![cursor.take_while(|c| !matches!(c, ']' | '.' | ',' | ';')).to_owned()];
                while cursor.take(".") {
                    members.push(cursor.take_while(|c| !matches!(c, ']' | '.' | ',' | ';')).to_owned());
                }
                cursor.expect("]")?;
                brackets = Some(Brackets::Path(members));
            }
            let direction = if cursor.take(";") {
                match cursor.take_while(|c| c != ',') {
                    "asc" => OrderDirection::Ascending,
                    "desc" => OrderDirection::Descending,
                    "dist-asc" => OrderDirection::NearestFirst,
                    "dist-desc" => OrderDirection::FurthestFirst,
                    _ => return Err(cursor.error("the direction is asc, desc, dist-asc or dist-desc")),
                }
            } else {
                OrderDirection::Ascending
            };
            keys.push(OrderKey { path: AttributePath { names, brackets, linked: None }, direction });
            if keys.len() > MAX_KEYS {
                return Err(cursor.error(&format!("at most {MAX_KEYS} keys are allowed")));
            }
            if !cursor.take(",") {
                break;
            }
        }
        cursor.finish("expected ';', ',' or the end")?;
        Ok(Self(keys))
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            let direction = match key.direction {
                OrderDirection::Ascending => "",
                OrderDirection::Descending => ";desc",
                OrderDirection::NearestFirst => ";dist-asc",
                OrderDirection::FurthestFirst => ";dist-desc",
            };
            write!(f, "{}{}{direction}", if i > 0 { "," } else { "" }, key.path)?;
        }
        Ok(())
    }
}

/// Where distances are measured from (`orderFrom`, `orderGeometry`).
#[derive(Debug, Clone)]
pub struct Place(Geometry<f64>);

impl Place {
    /// # Errors
    /// BadRequestData when the coordinates do not make a geometry of that type; TooComplexQuery when there are too many.
    pub fn new(geometry_type: &str, coordinates: &Value) -> Result<Self> {
        let parsed;
        let coordinates = match coordinates {
            Value::String(text) => {
                parsed = serde_json::from_str(text)
                    .map_err(|_| Error::bad_request("'orderFrom' is not a JSON array").at("orderFrom"))?;
                &parsed
            }
            value => value,
        };
        let place = geometry::from_parts(geometry_type, coordinates).map_err(|e| e.at("orderFrom"))?;
        check_positions(&place, MAX_MEASURED).map_err(|e| e.at("orderFrom"))?;
        Ok(Self(place))
    }
}

/// An ordering ready for use: names expanded, collation loaded.
#[derive(Debug)]
pub struct Ordering {
    keys: Vec<ResolvedKey>,
    collator: CollatorBorrowed<'static>,
    place: Option<Place>,
}

#[derive(Debug)]
struct ResolvedKey {
    what: What,
    direction: OrderDirection,
}

#[derive(Debug)]
enum What {
    Id,
    Type,
    Scope,
    CreatedAt,
    ModifiedAt,
    Attribute { name: Iri, subs: Vec<Iri>, members: Vec<String> },
}

/// The value of an entity under one key, by type in the order of 5.2.43: what is missing comes last.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum SortKey {
    /// A distance in metres, where one was asked for: before everything else.
    Distance(f64),
    /// A number.
    Number(f64),
    /// Text, as the collation's own sort key is costly: compared with the collator.
    Text(String),
    /// An object, as JSON text.
    Object(String),
    /// An array, as JSON text.
    Array(String),
    /// A boolean.
    Boolean(bool),
    /// A time of day.
    Time(i64),
    /// A date.
    Date(i64),
    /// An instant.
    DateTime(i64),
    /// JSON null.
    Null,
    /// No such element.
    Missing,
}

impl Ordering {
    /// # Errors
    /// BadRequestData for illegal names, an unknown collation, or a distance order without a place.
    pub fn resolve(order: &OrderBy, collation: Option<&str>, place: Option<Place>, context: &Context) -> Result<Self> {
        let locale: Locale = collation
            .unwrap_or("und")
            .parse()
            .map_err(|_| Error::bad_request("'collation' is not a BCP 47 language tag").at("collation"))?;
        let collator = Collator::try_new(CollatorPreferences::from(&locale), CollatorOptions::default())
            .map_err(|_| Error::bad_request("there are no collation rules for this tag").at("collation"))?;
        let mut keys = Vec::with_capacity(order.0.len());
        for key in &order.0 {
            if key.direction.is_distance() && place.is_none() {
                return Err(Error::bad_request("ordering by distance needs 'orderFrom'").at("orderBy"));
            }
            keys.push(ResolvedKey { what: what(&key.path, context)?, direction: key.direction });
        }
        Ok(Self { keys, collator, place })
    }

    /// Whether it measures distances, which takes long where geometries are large.
    pub fn measures(&self) -> bool {
        self.keys.iter().any(|key| key.direction.is_distance())
    }

    /// Sorts entities; equals keep their order.
    pub fn sort<E: AsRef<Entity>>(&self, entities: &mut [E]) {
        entities.sort_by_cached_key(|entity| {
            let entity = entity.as_ref();
            let keys = self.keys.iter().map(|key| self.key(key, entity)).collect();
            Keyed { ordering: self, keys }
        });
    }

    fn key(&self, key: &ResolvedKey, entity: &Entity) -> SortKey {
        let text = |text: &str| SortKey::Text(text.to_owned());
        match &key.what {
            What::Id => text(entity.id.as_str()),
            What::Type => entity.types.first().map_or(SortKey::Missing, |name| text(name.as_str())),
            What::Scope => entity.scopes().first().map_or(SortKey::Missing, |scope| text(scope.as_str())),
            What::CreatedAt => SortKey::DateTime(entity.created_at.micros()),
            What::ModifiedAt => SortKey::DateTime(entity.modified_at.micros()),
            What::Attribute { name, subs, members } => {
                let mut instance = entity.default_instance(name.as_str());
                if instance.is_none() {
                    instance = entity.attributes.get(name).and_then(|all| all.first());
                }
                for sub in subs {
                    instance = instance.and_then(|instance| instance.attributes.get(sub)).and_then(|all| all.first());
                }
                instance.map_or(SortKey::Missing, |instance| self.value_key(&instance.is, members, key.direction))
            }
        }
    }

    fn value_key(&self, value: &AttributeValue, members: &[String], direction: OrderDirection) -> SortKey {
        match value {
            AttributeValue::GeoProperty(json) if direction.is_distance() => {
                match (self.place.as_ref(), geometry::parse(json)) {
                    (Some(place), Ok(target)) => SortKey::Distance(metres_between(&target, &place.0)),
                    _ => SortKey::Missing,
                }
            }
            AttributeValue::Property(json) | AttributeValue::GeoProperty(json) | AttributeValue::JsonProperty(json) => {
                members.iter().try_fold(json, |value, name| value.get(name)).map_or(SortKey::Missing, json_key)
            }
            AttributeValue::ListProperty(items) => SortKey::Array(Value::Array(items.clone()).to_string()),
            AttributeValue::LanguageProperty(map) => {
                let tag = members.join(".");
                let entry = if tag.is_empty() { map.values().next() } else { map.get(tag.as_str()) };
                let first = entry.and_then(|text| text.as_slice().first());
                first.map_or(SortKey::Missing, |text| SortKey::Text(text.to_string()))
            }
            AttributeValue::VocabProperty(iris) | AttributeValue::Relationship(iris) => match iris {
                OneOrMany::One(iri) => SortKey::Text(iri.to_string()),
                OneOrMany::Many(iris) => SortKey::Array(format!("{iris:?}")),
            },
            AttributeValue::ListRelationship(iris) => SortKey::Array(format!("{iris:?}")),
        }
    }

    fn compare(&self, left: &[SortKey], right: &[SortKey]) -> std::cmp::Ordering {
        for ((key, a), b) in self.keys.iter().zip(left).zip(right) {
            let by_value = || match (a, b) {
                (SortKey::Text(a), SortKey::Text(b)) => self.collator.compare(a, b),
                _ => a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal),
            };
            let ordering = match key.direction {
                OrderDirection::Ascending | OrderDirection::NearestFirst => by_value(),
                // What has no place stays behind what has one, and what is missing stays last.
                _ => match (rank(a, key.direction), rank(b, key.direction)) {
                    (left, right) if left != right => left.cmp(&right),
                    _ => by_value().reverse(),
                },
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        std::cmp::Ordering::Equal
    }
}

fn rank(key: &SortKey, direction: OrderDirection) -> u8 {
    match key {
        SortKey::Distance(_) => 0,
        SortKey::Missing => 2,
        _ if direction.is_distance() => 1,
        _ => 0,
    }
}

struct Keyed<'o> {
    ordering: &'o Ordering,
    keys: Vec<SortKey>,
}

impl Ord for Keyed<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.ordering.compare(&self.keys, &other.keys)
    }
}

impl PartialOrd for Keyed<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Keyed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Keyed<'_> {}

fn what(path: &AttributePath, context: &Context) -> Result<What> {
    let located = |e: Error| e.at("orderBy");
    let members = match &path.brackets {
        Some(Brackets::Path(members)) => members.clone(),
        _ => Vec::new(),
    };
    let (first, rest) =
        path.names.split_first().ok_or_else(|| Error::bad_request("a key needs a name").at("orderBy"))?;
    match (first.as_str(), rest.is_empty() && members.is_empty()) {
        ("id", true) => Ok(What::Id),
        ("type", true) => Ok(What::Type),
        ("scope", true) => Ok(What::Scope),
        ("createdAt", true) => Ok(What::CreatedAt),
        ("modifiedAt", true) => Ok(What::ModifiedAt),
        (name, _) => Ok(What::Attribute {
            name: context.expand_attribute(name).map_err(located)?,
            subs: rest.iter().map(|name| context.expand_name(name).map_err(located)).collect::<Result<_>>()?,
            members,
        }),
    }
}

fn json_key(value: &Value) -> SortKey {
    match value {
        Value::Null => SortKey::Null,
        Value::Bool(value) => SortKey::Boolean(*value),
        Value::Number(number) => SortKey::Number(number.as_f64().unwrap_or(f64::MAX)),
        Value::String(text) => DateTime::read(text)
            .map(|at| SortKey::DateTime(at.micros()))
            .or_else(|| read_date(text).map(SortKey::Date))
            .or_else(|| read_time(text).map(SortKey::Time))
            .unwrap_or_else(|| SortKey::Text(text.clone())),
        Value::Array(_) => SortKey::Array(value.to_string()),
        Value::Object(members) => match members.get("@value") {
            Some(inner) if !inner.is_object() => json_key(inner),
            _ => SortKey::Object(value.to_string()),
        },
    }
}

fn metres_between(target: &Geometry<f64>, place: &Geometry<f64>) -> f64 {
    match (target, place) {
        (Geometry::Point(point), _) => distance(*point, place),
        (_, Geometry::Point(point)) => distance(*point, target),
        _ => place.centroid().map_or(f64::INFINITY, |centre: Point<f64>| distance(centre, target)),
    }
}

#[cfg(test)]
mod tests {
    use hiroba_vocab::EntityId;
    use serde_json::json;

    use super::*;
    use crate::entity::Attribute;
    use crate::error::ErrorKind;

    fn entity(id: usize, value: Option<Value>) -> std::sync::Arc<Entity> {
        let now = DateTime::from_micros(0);
        let name = |text: &str| Context::core().expand(text).unwrap();
        let mut entity = Entity::new(EntityId::parse(&format!("urn:x:{id}")).unwrap(), name("T"), now);
        if let Some(value) = value {
            let is = if geometry::is_geometry(&value) {
                AttributeValue::GeoProperty(value)
            } else {
                AttributeValue::Property(value)
            };
            entity.attributes.insert(name("a"), vec![Attribute::new(is, now)]);
        }
        std::sync::Arc::new(entity)
    }

    fn sorted(order: &str, collation: Option<&str>, place: Option<Place>, values: &[Option<Value>]) -> Vec<usize> {
        let ordering = Ordering::resolve(&order.parse().unwrap(), collation, place, &Context::core()).unwrap();
        let mut entities: Vec<_> = values.iter().enumerate().map(|(i, value)| entity(i, value.clone())).collect();
        ordering.sort(&mut entities);
        entities.iter().map(|entity| entity.id.as_str()[6..].parse().unwrap()).collect()
    }

    #[test]
    fn types_come_in_the_order_of_the_standard() {
        let values = [
            None,
            Some(json!("2020-01-01T00:00:00Z")),
            Some(json!("2020-01-01")),
            Some(json!("10:00:00Z")),
            Some(json!(true)),
            Some(json!([1])),
            Some(json!({"k": 1})),
            Some(json!("text")),
            Some(json!(5)),
        ];
        assert_eq!(sorted("a", None, None, &values), [8, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(sorted("a;desc", None, None, &values), [1, 2, 3, 4, 5, 6, 7, 8, 0], "what is missing stays last");
    }

    #[test]
    fn text_follows_the_collation() {
        let values = ["b", "A", "a", "B", "ä", "z"].map(|text| Some(json!(text)));
        assert_eq!(sorted("a", None, None, &values), [2, 1, 4, 0, 3, 5]);
        assert_eq!(sorted("a", Some("sv"), None, &values), [2, 1, 0, 3, 5, 4], "in Swedish ä follows z");
        assert!(Ordering::resolve(&"a".parse().unwrap(), Some("not a tag"), None, &Context::core()).is_err());
    }

    #[test]
    fn distance_puts_places_first() {
        let point = |x: f64| Some(json!({"type": "Point", "coordinates": [x, 0.0]}));
        let values = [point(3.0), Some(json!(1)), point(1.0), None, point(2.0)];
        let place = || Some(Place::new("Point", &json!("[0,0]")).unwrap());
        assert_eq!(sorted("a;dist-asc", None, place(), &values), [2, 4, 0, 1, 3]);
        assert_eq!(sorted("a;dist-desc", None, place(), &values), [0, 4, 2, 1, 3]);
        assert!(Ordering::resolve(&"a;dist-asc".parse().unwrap(), None, None, &Context::core()).is_err());
        let many = |count: usize| Place::new("MultiPoint", &json!(vec![[0, 0]; count]));
        assert!(many(1_000).is_ok());
        let error = many(1_001).unwrap_err();
        assert_eq!((error.kind, error.at.as_deref()), (ErrorKind::TooComplexQuery, Some("orderFrom")));
    }

    #[test]
    fn orders_are_read_and_written() {
        for text in ["a", "a;desc,b.c", "a[b.c];dist-asc", "id,type,scope;desc"] {
            assert_eq!(text.parse::<OrderBy>().unwrap().to_string(), text);
        }
        for text in ["", "a;up", "a,", "a.;asc", "a]"] {
            assert!(text.parse::<OrderBy>().is_err(), "{text}");
        }
    }
}
