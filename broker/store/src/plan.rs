//! A query into what the database can narrow by, and whether that decides.
//!
//! Every part of the tree is a superset of what the query means; [`Narrowed::exact`] says that it is the same set. Then
//! limit, offset and count can be left to the database. Otherwise candidates go through `matches`.

use std::collections::HashMap;

use geo::Rect;
use hiroba_vocab::{EntityId, Iri};
use ngsild::query::filter::{Condition, Filter, IndexPath, LinkedCondition, Operand, ResolvedTest, Root};
use ngsild::query::q::OrderOperator;
use ngsild::query::{EntitySelector, GeoQuery, Query, ScopePattern, ScopeQuery};

use crate::index::{Definitions, EXACT_INSTANT, TEXT_PREFIX, ValueKey, ValueKind, prefix};

/// Numbers of terms, for the names in a query that the database has heard of.
pub(crate) type Terms = HashMap<Iri, i64>;

/// A condition in the terms of the database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Narrow {
    /// Every entity of the tenant.
    Everything,
    /// None at all.
    Nothing,
    /// All of these.
    All(Vec<Narrow>),
    /// At least one of these.
    Any(Vec<Narrow>),
    /// One index.
    Is(Leaf),
}

impl Narrow {
    /// The types that all of it have: the alternatives of a [`Leaf::Types`] that nothing gets around.
    pub(crate) fn types(&self) -> Option<&[Vec<i64>]> {
        match self {
            Self::Is(Leaf::Types(alternatives)) => Some(alternatives),
            Self::All(items) => items.iter().find_map(Self::types),
            _ => None,
        }
    }
}

/// A condition that one index answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// One of these ids.
    Ids(Vec<EntityId>),
    /// An id that starts with this.
    IdPrefix(String),
    /// At least one of these alternatives, each a conjunction of types.
    Types(Vec<Vec<i64>>),
    /// At least one of these attributes.
    Attributes(Vec<i64>),
    /// A scope in one of these ranges.
    Scopes(Vec<ScopeRange>),
    /// A geometry of this attribute that touches one of these rectangles.
    Area(i64, Vec<Rect<f64>>),
    /// A value under an index.
    Value(ValueTest),
}

/// Scopes from one path on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScopeRange {
    /// The path itself, `/a/b`; empty for the root.
    pub(crate) path: String,
    /// Whether the path itself counts.
    pub(crate) itself: bool,
    /// Whether everything below counts.
    pub(crate) below: bool,
}

/// A range of values of some kinds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValueTest {
    pub(crate) index: i64,
    pub(crate) kinds: Vec<ValueKind>,
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub(crate) key: ValueKey,
    pub(crate) inclusive: bool,
}

/// A narrowing, and whether it is the same set as what was asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Narrowed {
    pub(crate) narrow: Narrow,
    pub(crate) exact: bool,
    /// Paths that an index would have helped with.
    pub(crate) wanted: Vec<IndexPath>,
}

impl Narrowed {
    fn exact(narrow: Narrow) -> Self {
        Self { narrow, exact: true, wanted: Vec::new() }
    }

    fn superset(narrow: Narrow) -> Self {
        Self { narrow, exact: false, wanted: Vec::new() }
    }

    fn all(parts: Vec<Self>) -> Self {
        let exact = parts.iter().all(|part| part.exact);
        let mut wanted = Vec::new();
        let mut items = Vec::new();
        for part in parts {
            wanted.extend(part.wanted);
            match part.narrow {
                Narrow::Everything => {}
                Narrow::Nothing => return Self::exact(Narrow::Nothing),
                Narrow::All(inner) => items.extend(inner),
                other => items.push(other),
            }
        }
        let narrow = match items.len() {
            0 => Narrow::Everything,
            1 => items.remove(0),
            _ => Narrow::All(items),
        };
        Self { narrow, exact, wanted }
    }

    fn any(parts: Vec<Self>) -> Self {
        let exact = parts.iter().all(|part| part.exact);
        let mut wanted = Vec::new();
        let mut items = Vec::new();
        let mut everything = false;
        for part in parts {
            wanted.extend(part.wanted);
            match part.narrow {
                Narrow::Everything => everything = true,
                Narrow::Nothing => {}
                other => items.push(other),
            }
        }
        let narrow = match items.len() {
            _ if everything => Narrow::Everything,
            0 => Narrow::Nothing,
            1 => items.remove(0),
            _ => Narrow::Any(items),
        };
        Self { narrow, exact, wanted }
    }
}

/// The names in a query whose numbers [`plan`] needs.
pub(crate) fn names(query: &Query) -> Vec<Iri> {
    fn of_filter(filter: &Filter, names: &mut Vec<Iri>) {
        match filter {
            Filter::And(items) | Filter::Or(items) => items.iter().for_each(|item| of_filter(item, names)),
            Filter::Condition(condition) => {
                if let Root::Attribute(name) = &condition.root {
                    names.push(name.clone());
                }
            }
            Filter::Linked(on) => names.extend(on.links.first().map(|link| link.relationship.clone())),
        }
    }
    let mut names = query.attributes.clone();
    for selector in &query.selectors {
        names.extend(selector.types.iter().flat_map(|types| types.0.iter().flatten().cloned()));
    }
    names.extend(query.geo.iter().map(|geo| geo.property.clone()));
    if let Some(filter) = &query.filter {
        of_filter(filter, &mut names);
    }
    names.sort();
    names.dedup();
    names
}

/// Plans a query.
pub(crate) fn plan(query: &Query, terms: &Terms, definitions: &Definitions) -> Narrowed {
    let planner = Planner { terms, definitions };
    let mut parts = Vec::new();
    if !query.selectors.is_empty() {
        parts.push(Narrowed::any(query.selectors.iter().map(|selector| planner.selector(selector)).collect()));
    }
    if !query.attributes.is_empty() {
        parts.push(planner.attributes(&query.attributes));
    }
    if let Some(scope) = &query.scope {
        parts.push(planner.scope(scope));
    }
    if let Some(geo) = &query.geo {
        parts.push(planner.geo(geo));
    }
    if let Some(filter) = &query.filter {
        parts.push(planner.filter(filter));
    }
    Narrowed::all(parts)
}

struct Planner<'p> {
    terms: &'p Terms,
    definitions: &'p Definitions,
}

impl Planner<'_> {
    fn selector(&self, selector: &EntitySelector) -> Narrowed {
        let mut parts = Vec::new();
        if !selector.ids.is_empty() {
            parts.push(Narrowed::exact(Narrow::Is(Leaf::Ids(selector.ids.clone()))));
        }
        if let Some(pattern) = selector.id_pattern.as_ref().filter(|pattern| !pattern.is_universal()) {
            parts.push(match pattern.literal_prefix() {
                "" => Narrowed::superset(Narrow::Everything),
                prefix => Narrowed::superset(Narrow::Is(Leaf::IdPrefix(prefix.to_owned()))),
            });
        }
        if let Some(types) = &selector.types {
            let number =
                |names: &Vec<Iri>| names.iter().map(|name| self.terms.get(name).copied()).collect::<Option<_>>();
            let known: Vec<Vec<i64>> = types.0.iter().filter_map(number).collect();
            let narrow = if known.is_empty() { Narrow::Nothing } else { Narrow::Is(Leaf::Types(known)) };
            parts.push(Narrowed::exact(narrow));
        }
        Narrowed::all(parts)
    }

    fn attributes(&self, names: &[Iri]) -> Narrowed {
        let known: Vec<i64> = names.iter().filter_map(|name| self.terms.get(name).copied()).collect();
        Narrowed::exact(if known.is_empty() { Narrow::Nothing } else { Narrow::Is(Leaf::Attributes(known)) })
    }

    fn scope(&self, query: &ScopeQuery) -> Narrowed {
        let one = |pattern: &ScopePattern| {
            let fixed = pattern.levels.iter().take_while(|level| level.is_some()).count();
            let path = pattern.levels[..fixed].iter().flatten().fold(String::new(), |path, level| path + "/" + level);
            let exact = fixed == pattern.levels.len();
            let range = ScopeRange { itself: exact && !path.is_empty(), below: !exact || pattern.subtree, path };
            let narrow = Narrow::Is(Leaf::Scopes(vec![range]));
            if exact { Narrowed::exact(narrow) } else { Narrowed::superset(narrow) }
        };
        let conjunction = |patterns: &Vec<ScopePattern>| Narrowed::all(patterns.iter().map(one).collect());
        Narrowed::any(query.alternatives().iter().map(conjunction).collect())
    }

    fn geo(&self, geo: &GeoQuery) -> Narrowed {
        let Some(attribute) = self.terms.get(&geo.property) else { return Narrowed::exact(Narrow::Nothing) };
        Narrowed::superset(Narrow::Is(match geo.bounds() {
            Some(rects) => Leaf::Area(*attribute, rects),
            None => Leaf::Attributes(vec![*attribute]),
        }))
    }

    fn filter(&self, filter: &Filter) -> Narrowed {
        match filter {
            Filter::And(items) => Narrowed::all(items.iter().map(|item| self.filter(item)).collect()),
            Filter::Or(items) => Narrowed::any(items.iter().map(|item| self.filter(item)).collect()),
            Filter::Condition(condition) => self.condition(condition),
            Filter::Linked(on) => self.linked(on),
        }
    }

    /// What linked entities are like is in their own index rows: here, the relationship must be there.
    fn linked(&self, on: &LinkedCondition) -> Narrowed {
        let relationship: Vec<Iri> = on.links.iter().take(1).map(|link| link.relationship.clone()).collect();
        let there = self.attributes(&relationship);
        Narrowed { exact: there.narrow == Narrow::Nothing, ..there }
    }

    fn condition(&self, condition: &Condition) -> Narrowed {
        let Root::Attribute(name) = &condition.root else { return Narrowed::superset(Narrow::Everything) };
        // Whatever is asked, the attribute must be there.
        let mut there = self.attributes(std::slice::from_ref(name));
        if there.narrow == Narrow::Nothing {
            return there;
        }
        let Some(path) = IndexPath::of(condition) else {
            there.exact = false;
            return there;
        };
        let plain = path == IndexPath::attribute(name.clone());
        let by_value = |test: fn(i64, &ResolvedTest) -> Option<Narrowed>| match self.definitions.ready(&path) {
            Some(index) => test(index, &condition.test),
            None => None,
        };
        match &condition.test {
            ResolvedTest::Exists if plain => there,
            ResolvedTest::Exists
            | ResolvedTest::Pattern { .. }
            | ResolvedTest::OneOf { negated: true, .. }
            | ResolvedTest::Between { negated: true, .. } => {
                there.exact = false;
                there
            }
            ResolvedTest::OneOf { .. } | ResolvedTest::Between { .. } | ResolvedTest::Order(..) => {
                by_value(value_test).unwrap_or(Narrowed { exact: false, wanted: vec![path], ..there })
            }
        }
    }
}

fn value_test(index: i64, test: &ResolvedTest) -> Option<Narrowed> {
    match test {
        ResolvedTest::OneOf { negated: false, values } => {
            Some(Narrowed::any(values.iter().map(|value| equal_to(index, value)).collect()))
        }
        ResolvedTest::Between { negated: false, from, to } => Some(between(index, from, to)),
        ResolvedTest::Order(operator, operand) => Some(ordered(index, *operator, operand)),
        _ => None,
    }
}

/// A literal in the form in which values are indexed: kind, key, and whether comparing with it is exact.
fn literal(operand: &Operand) -> (ValueKind, ValueKey, bool) {
    use ngsild::query::filter::Comparable;
    let value = match operand {
        Operand::Number(number) => Comparable::Number(*number),
        Operand::Boolean(value) => Comparable::Boolean(*value),
        Operand::DateTime(at) => Comparable::DateTime(*at),
        Operand::Date(days) => Comparable::Date(*days),
        Operand::Time(micros) => Comparable::Time(*micros),
        Operand::Text(text) => Comparable::Text(text.clone()),
        Operand::Word(word) => Comparable::Text(word.as_str().to_owned()),
    };
    let (kind, key) = crate::index::value_key(&value);
    let exact = match operand {
        Operand::DateTime(at) => at.micros().abs() < EXACT_INSTANT,
        Operand::Number(number) => !number.is_nan(),
        _ => operand.as_text().is_none_or(|text| text.len() < TEXT_PREFIX),
    };
    (kind, key, exact)
}

fn equal_to(index: i64, operand: &Operand) -> Narrowed {
    let (kind, key, exact) = literal(operand);
    let mut kinds = vec![kind, kind.item()];
    if kind == ValueKind::TEXT {
        kinds.push(ValueKind::IRI);
    }
    let bound = || Some(Bound { key: key.clone(), inclusive: true });
    let mut parts = vec![Narrowed {
        exact,
        ..Narrowed::exact(Narrow::Is(Leaf::Value(ValueTest { index, kinds, low: bound(), high: bound() })))
    }];
    parts.extend(instant_in_text(index, operand, bound_pair_equal));
    Narrowed::any(parts)
}

/// Text in quotes also compares with the system's instants (`.observedAt=="…"`).
fn instant_in_text(
    index: i64,
    operand: &Operand,
    range: fn(ValueKey) -> (Option<Bound>, Option<Bound>),
) -> Option<Narrowed> {
    let Operand::Text(text) = operand else { return None };
    let at = ngsild::DateTime::read(text)?;
    let (kind, key, _) = literal(&Operand::DateTime(at));
    let (low, high) = range(key);
    // Text that is a DateTime is indexed as one too, but compares as text: so this is a superset.
    Some(Narrowed::superset(Narrow::Is(Leaf::Value(ValueTest { index, kinds: vec![kind], low, high }))))
}

fn bound_pair_equal(key: ValueKey) -> (Option<Bound>, Option<Bound>) {
    (Some(Bound { key: key.clone(), inclusive: true }), Some(Bound { key, inclusive: true }))
}

fn between(index: i64, from: &Operand, to: &Operand) -> Narrowed {
    let ((kind, low, low_exact), (to_kind, high, high_exact)) = (literal(from), literal(to));
    if kind != to_kind {
        // Values of both types at once: arrays apart, there are none. Leave it to the evaluator.
        let both = |kind: ValueKind| vec![kind, kind.item()];
        let test = |kinds| Leaf::Value(ValueTest { index, kinds, low: None, high: None });
        return Narrowed::superset(Narrow::Is(test([both(kind), both(to_kind)].concat())));
    }
    let test = ValueTest {
        index,
        kinds: vec![kind, kind.item()],
        low: Some(Bound { key: low, inclusive: true }),
        high: Some(Bound { key: high, inclusive: true }),
    };
    let exact = low_exact && high_exact && !may_be_instant(from) && !may_be_instant(to);
    let mut parts = vec![Narrowed { exact, ..Narrowed::exact(Narrow::Is(Leaf::Value(test))) }];
    if !exact {
        // Instants of the system compare with quoted text as well: admit all of them.
        parts.push(all_instants(index));
    }
    Narrowed::any(parts)
}

fn ordered(index: i64, operator: OrderOperator, operand: &Operand) -> Narrowed {
    let (kind, key, mut exact) = literal(operand);
    let inclusive = matches!(operator, OrderOperator::GreaterOrEqual | OrderOperator::LessOrEqual) || !exact;
    let bound = Some(Bound { key, inclusive });
    let (low, high) = match operator {
        OrderOperator::Greater | OrderOperator::GreaterOrEqual => (bound, None),
        OrderOperator::Less | OrderOperator::LessOrEqual => (None, bound),
    };
    exact &= !may_be_instant(operand);
    let test = Leaf::Value(ValueTest { index, kinds: vec![kind], low, high });
    let mut parts = vec![Narrowed { exact, ..Narrowed::exact(Narrow::Is(test)) }];
    if may_be_instant(operand) {
        parts.push(all_instants(index));
    }
    Narrowed::any(parts)
}

fn may_be_instant(operand: &Operand) -> bool {
    matches!(operand, Operand::Text(text) if ngsild::DateTime::read(text).is_some())
}

fn all_instants(index: i64) -> Narrowed {
    let kinds = vec![ValueKind::DATE_TIME];
    Narrowed::superset(Narrow::Is(Leaf::Value(ValueTest { index, kinds, low: None, high: None })))
}

impl ValueTest {
    /// Whether the keys are texts.
    pub(crate) fn is_text(&self) -> bool {
        self.kinds
            .iter()
            .all(|kind| [ValueKind::TEXT, ValueKind::TEXT.item(), ValueKind::IRI, ValueKind::IRI.item()].contains(kind))
    }
}

impl ScopeRange {
    /// The paths strictly below: from the first to the first that is not, in byte order.
    pub(crate) fn below_bounds(&self) -> (String, String) {
        // '0' follows '/' in byte order.
        (format!("{}/", self.path), format!("{}0", self.path))
    }
}

/// The least text that is greater than every text with this prefix; `None` when there is none.
pub(crate) fn after_prefix(text: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix(text).chars().collect();
    while let Some(last) = chars.pop() {
        if let Some(next) = (last as u32 + 1..=char::MAX as u32).find_map(char::from_u32) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}
