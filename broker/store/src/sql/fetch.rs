//! Statements that fetch entities in the order of creation.

use super::{Dialect, Sql};
use crate::plan::{Leaf, Narrow};

/// Which rows to fetch.
#[derive(Debug, Clone)]
pub(crate) struct Fetch<'q> {
    pub(crate) tenant: i64,
    pub(crate) narrow: &'q Narrow,
    /// The leaf to start from; `None` to walk in the order of creation.
    pub(crate) drive: Option<&'q Leaf>,
    /// Only entities created after this one.
    pub(crate) after: i64,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// Fetches `seq`, `version` and `payload` in the order of creation.
pub(crate) fn fetch(dialect: Dialect, fetch: &Fetch<'_>) -> Sql {
    let mut sql = Sql { one_by_one: true, ..Sql::new(dialect) };
    match (fetch.drive, dialect) {
        (Some(Leaf::Ids(_)), _) => sql.walk(fetch, None),
        (Some(leaf), _) => sql.driven(fetch, leaf, None),
        (None, Dialect::PostGis) => sql.lateral(fetch),
        (None, Dialect::Sqlite) => sql.walk(fetch, None),
    }
    sql
}

/// Fetches in the order of creation from the type sets named, each by its own index range.
pub(crate) fn fetch_by_type_set(fetch: &Fetch<'_>, type_sets: &[i64]) -> Sql {
    let mut sql = Sql::new(Dialect::Sqlite);
    for (i, type_set) in type_sets.iter().enumerate() {
        if i > 0 {
            sql.push(" union all ");
        }
        sql.push("select * from (");
        sql.walk(
            &Fetch { offset: 0, limit: fetch.limit.saturating_add(fetch.offset), ..fetch.clone() },
            Some(*type_set),
        );
        sql.push(")");
    }
    sql.push(" order by 1");
    sql.limit(fetch);
    sql
}

/// Fetches in the order of creation from an index that leads to few rows, of the type sets named: the index of types
/// passes over entities of other types without reading them.
pub(crate) fn fetch_driven_by_type_set(fetch: &Fetch<'_>, leaf: &Leaf, type_sets: Vec<i64>) -> Sql {
    let mut sql = Sql { one_by_one: true, ..Sql::new(Dialect::PostGis) };
    sql.driven(fetch, leaf, Some(type_sets));
    sql
}

impl Sql {
    fn limit(&mut self, fetch: &Fetch<'_>) {
        self.push(" limit ");
        self.int(i64::try_from(fetch.limit).unwrap_or(i64::MAX));
        if fetch.offset > 0 {
            self.push(" offset ");
            self.int(i64::try_from(fetch.offset).unwrap_or(i64::MAX));
        }
    }

    /// Walks the entities, of one type set or of all.
    fn walk(&mut self, fetch: &Fetch<'_>, type_set: Option<i64>) {
        self.push("select e.seq, e.version, e.payload from entity e where e.tenant = ");
        self.int(fetch.tenant);
        if let Some(type_set) = type_set {
            self.push(" and e.types = ");
            self.int(type_set);
        }
        self.push(" and e.seq > ");
        self.int(fetch.after);
        self.push(" and ");
        self.narrow(fetch.narrow);
        self.push(" order by e.seq");
        self.limit(fetch);
    }

    /// Starts from an index that leads to few rows. What that index says is not asked of each entity again.
    fn driven(&mut self, fetch: &Fetch<'_>, leaf: &Leaf, type_sets: Option<Vec<i64>>) {
        self.push("select e.seq, e.version, e.payload from (select ");
        self.push(match (self.dialect, &type_sets) {
            (Dialect::Sqlite, _) => "distinct *",
            // By number alone: comparing the ids as well would cost more than all the rest.
            (Dialect::PostGis, None) => "distinct on (r.seq) r.seq, r.entity",
            // Without the ids, an index of values need not be left.
            (Dialect::PostGis, Some(_)) => "distinct r.seq",
        });
        self.push(" from (");
        self.leaf_rows(fetch.tenant, leaf);
        self.push(") r where r.seq > ");
        self.int(fetch.after);
        self.push(" order by 1) d join entity e on ");
        let mut rest = without(fetch.narrow, |item| item == leaf);
        match (self.dialect, type_sets) {
            (Dialect::Sqlite, _) => self.push("e.seq = d.seq"),
            (Dialect::PostGis, None) => self.push("e.id = d.entity"),
            (Dialect::PostGis, Some(type_sets)) => {
                self.push("e.seq = d.seq and e.types");
                self.in_ints(type_sets);
                rest = without(&rest, is_types);
            }
        }
        self.push(" where e.tenant = ");
        self.int(fetch.tenant);
        self.push(" and ");
        self.narrow(&rest);
        self.push(" order by d.seq");
        self.limit(fetch);
    }

    /// Walks each type set by its own index range and merges: the order index then serves any set of types.
    fn lateral(&mut self, fetch: &Fetch<'_>) {
        self.push("select s.seq, s.version, s.payload from (select distinct type_set from (");
        match fetch.narrow.types() {
            Some(alternatives) => self.type_sets(alternatives),
            None => self.push("select id as type_set from type_set"),
        }
        self.push(") m) t cross join lateral (select e.seq, e.version, e.payload from entity e where e.tenant = ");
        self.int(fetch.tenant);
        self.push(" and e.types = t.type_set and e.seq > ");
        self.int(fetch.after);
        self.push(" and ");
        self.narrow(&without(fetch.narrow, is_types));
        self.push(" order by e.seq limit ");
        self.int(i64::try_from(fetch.limit.saturating_add(fetch.offset)).unwrap_or(i64::MAX));
        self.push(") s order by s.seq");
        self.limit(fetch);
    }
}

fn is_types(leaf: &Leaf) -> bool {
    matches!(leaf, Leaf::Types(_))
}

/// The rest of a conjunction when the first leaf that `seen` finds is already seen to.
fn without(narrow: &Narrow, mut seen: impl FnMut(&Leaf) -> bool) -> Narrow {
    match narrow {
        Narrow::Is(leaf) if seen(leaf) => Narrow::Everything,
        Narrow::All(items) => {
            let first = items.iter().position(|item| matches!(item, Narrow::Is(leaf) if seen(leaf)));
            let others = items.iter().enumerate().filter(|(i, _)| Some(*i) != first);
            let others: Vec<Narrow> = others.map(|(_, item)| item.clone()).collect();
            if others.is_empty() { Narrow::Everything } else { Narrow::All(others) }
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{ValueKey, ValueKind};
    use crate::plan::{Bound, ValueTest};
    use crate::sql::{Param, count};

    fn value(index: i64) -> Leaf {
        let bound = Some(Bound { key: ValueKey::Number(7.0), inclusive: true });
        Leaf::Value(ValueTest { index, kinds: vec![ValueKind::NUMBER], low: bound.clone(), high: bound })
    }

    fn fetch_of<'f>(narrow: &'f Narrow, drive: Option<&'f Leaf>) -> Fetch<'f> {
        Fetch { tenant: 1, narrow, drive, after: 0, offset: 0, limit: 20 }
    }

    /// PostgreSQL plans a prepared statement without its values. As a join it would gather a quarter of a million places
    /// for a page of twenty.
    #[test]
    fn a_walk_asks_its_conditions_of_one_entity_after_the_other_and_a_count_may_join() {
        let narrow = Narrow::All(vec![Narrow::Is(Leaf::Types(vec![vec![3]])), Narrow::Is(value(5))]);
        let walk = fetch(Dialect::PostGis, &fetch_of(&narrow, None));
        assert!(walk.text.contains(" offset 0)"), "{}", walk.text);
        assert!(!count(Dialect::PostGis, 1, &narrow).text.contains("offset"));
        assert!(!fetch(Dialect::Sqlite, &fetch_of(&narrow, None)).text.contains("offset"));
    }

    #[test]
    fn what_a_fetch_starts_from_is_not_asked_again_and_other_conditions_are() {
        let (first, second) = (value(5), value(6));
        let narrow =
            Narrow::All(vec![Narrow::Is(Leaf::Types(vec![vec![3]])), Narrow::Is(first.clone()), Narrow::Is(second)]);
        for dialect in [Dialect::Sqlite, Dialect::PostGis] {
            let sql = fetch(dialect, &fetch_of(&narrow, Some(&first)));
            let of = |index: i64| sql.params.iter().filter(|param| **param == Param::Int(index)).count();
            assert_eq!((of(5), of(6)), (1, 1), "{}", sql.text);
            assert!(sql.text.contains("type_member"), "{}", sql.text);
        }
        let sql = fetch_driven_by_type_set(&fetch_of(&narrow, Some(&first)), &first, vec![8, 9]);
        assert!(sql.text.contains("e.seq = d.seq and e.types = any("), "{}", sql.text);
        assert!(!sql.text.contains("type_member"), "{}", sql.text);
        let alone = Narrow::Is(first.clone());
        assert!(fetch(Dialect::PostGis, &fetch_of(&alone, Some(&first))).text.contains(" and true order by d.seq"));
    }
}
