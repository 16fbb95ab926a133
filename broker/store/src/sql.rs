//! A plan as SQL text with bound parameters, for both databases.
//!
//! The text depends only on the plan's form, never on its values, so that statements can be prepared once. All values
//! are bound. `e` is always the entity's row.

mod fetch;

use std::fmt::Write;

use crate::index::ValueKey;
use crate::plan::{Leaf, Narrow, ScopeRange, ValueTest, after_prefix};

pub(crate) use fetch::{Fetch, fetch, fetch_by_type_set, fetch_driven_by_type_set};

/// The two databases, where their SQL differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    PostGis,
}

/// A value for a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Param {
    Int(i64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
    Texts(Vec<String>),
}

/// SQL text and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sql {
    dialect: Dialect,
    /// Whether conditions are asked of one entity after the other, until there are enough.
    one_by_one: bool,
    pub(crate) text: String,
    pub(crate) params: Vec<Param>,
}

impl Sql {
    fn new(dialect: Dialect) -> Self {
        Self { dialect, one_by_one: false, text: String::new(), params: Vec::new() }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A placeholder for a value.
    fn bind(&mut self, param: Param) {
        self.params.push(param);
        let number = self.params.len();
        let mark = if self.dialect == Dialect::Sqlite { '?' } else { '$' };
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{mark}{number}");
    }

    fn int(&mut self, value: i64) {
        self.bind(Param::Int(value));
        if self.dialect == Dialect::PostGis {
            self.push("::bigint");
        }
    }

    fn float(&mut self, value: f64) {
        self.bind(Param::Float(value));
    }

    fn text(&mut self, value: impl Into<String>) {
        self.bind(Param::Text(value.into()));
    }

    /// ` in (…)` for a list, as one parameter.
    fn in_ints(&mut self, values: Vec<i64>) {
        if let [single] = values.as_slice() {
            self.push(" = ");
            self.int(*single);
        } else if self.dialect == Dialect::Sqlite {
            self.push(" in (select value from json_each(");
            self.bind(Param::Ints(values));
            self.push("))");
        } else {
            self.push(" = any(");
            self.bind(Param::Ints(values));
            self.push("::bigint[])");
        }
    }

    fn in_texts(&mut self, values: Vec<String>) {
        if self.dialect == Dialect::Sqlite {
            self.push(" in (select value from json_each(");
            self.bind(Param::Texts(values));
            self.push("))");
        } else {
            self.push(" = any(");
            self.bind(Param::Texts(values));
            self.push("::text[])");
        }
    }

    /// How an index row names its entity.
    fn entity_of(&mut self, row: &str) {
        match self.dialect {
            Dialect::Sqlite => self.push(&format!("{row}.seq = e.seq")),
            Dialect::PostGis => self.push(&format!("{row}.tenant = e.tenant and {row}.entity = e.id")),
        }
    }

    /// The condition on `e`.
    fn narrow(&mut self, narrow: &Narrow) {
        match narrow {
            Narrow::Everything => self.push("true"),
            Narrow::Nothing => self.push("false"),
            Narrow::All(items) => self.group(items, " and "),
            Narrow::Any(items) => self.group(items, " or "),
            Narrow::Is(leaf) => self.leaf(leaf),
        }
    }

    fn group(&mut self, items: &[Narrow], separator: &str) {
        self.push("(");
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.push(separator);
            }
            self.narrow(item);
        }
        self.push(")");
    }

    fn leaf(&mut self, leaf: &Leaf) {
        match leaf {
            Leaf::Ids(ids) => {
                self.push("e.id");
                self.in_texts(ids.iter().map(ToString::to_string).collect());
            }
            Leaf::IdPrefix(prefix) => {
                self.push("(e.id >= ");
                self.text(prefix);
                if let Some(end) = after_prefix(prefix) {
                    self.push(" and e.id < ");
                    self.text(end);
                }
                self.push(")");
            }
            Leaf::Types(alternatives) => {
                self.push("e.types in (");
                self.type_sets(alternatives);
                self.push(")");
            }
            Leaf::Attributes(names) => {
                self.push("e.shape in (select shape from shape_attribute where term");
                self.in_ints(names.clone());
                self.push(")");
            }
            Leaf::Scopes(ranges) => self.row_exists("scope", |sql| sql.scopes(ranges)),
            Leaf::Area(attribute, rects) => self.row_exists("place", |sql| sql.area(*attribute, rects)),
            Leaf::Value(test) => self.row_exists("value_row", |sql| sql.value(test)),
        }
    }

    /// The numbers of the type sets that hold all types of at least one alternative.
    fn type_sets(&mut self, alternatives: &[Vec<i64>]) {
        let (single, several): (Vec<_>, Vec<_>) = alternatives.iter().partition(|names| names.len() == 1);
        let single: Vec<i64> = single.into_iter().flatten().copied().collect();
        let mut first = true;
        if !single.is_empty() {
            self.push("select type_set from type_member where term");
            self.in_ints(single);
            first = false;
        }
        for names in several {
            if !first {
                self.push(" union ");
            }
            first = false;
            let mut names = names.clone();
            names.sort_unstable();
            names.dedup();
            let count = i64::try_from(names.len()).unwrap_or(i64::MAX);
            self.push("select type_set from type_member where term");
            self.in_ints(names);
            self.push(" group by type_set having count(*) = ");
            self.int(count);
        }
    }

    fn row_exists(&mut self, table: &str, condition: impl FnOnce(&mut Self)) {
        self.push("exists (select 1 from ");
        self.push(table);
        self.push(" x where ");
        self.entity_of("x");
        self.push(" and ");
        condition(self);
        if self.one_by_one && self.dialect == Dialect::PostGis {
            // Keeps PostgreSQL from turning this into a join: without knowing the values it takes every condition for
            // a narrow one, would gather all rows of the table that meet it, and sort them by entity, for one page.
            self.push(" offset 0");
        }
        self.push(")");
    }

    fn scopes(&mut self, ranges: &[ScopeRange]) {
        self.push("(");
        for (i, range) in ranges.iter().enumerate() {
            if i > 0 {
                self.push(" or ");
            }
            if range.itself {
                self.push("x.path = ");
                self.text(range.path.as_str());
            }
            if range.below {
                if range.itself {
                    self.push(" or ");
                }
                let (from, to) = range.below_bounds();
                self.push("(x.path >= ");
                self.text(from);
                self.push(" and x.path < ");
                self.text(to);
                self.push(")");
            }
        }
        self.push(")");
    }

    fn area(&mut self, attribute: i64, rects: &[geo::Rect<f64>]) {
        self.push("x.attribute = ");
        self.int(attribute);
        self.push(" and (");
        for (i, rect) in rects.iter().enumerate() {
            if i > 0 {
                self.push(" or ");
            }
            let (min, max) = (rect.min(), rect.max());
            match self.dialect {
                Dialect::Sqlite => {
                    // Bounds first: R*Tree keeps 32-bit floats, rounded outwards, so this is a superset.
                    self.push("x.id in (select id from place_box where min_x <= ");
                    self.float(max.x);
                    self.push(" and max_x >= ");
                    self.float(min.x);
                    self.push(" and min_y <= ");
                    self.float(max.y);
                    self.push(" and max_y >= ");
                    self.float(min.y);
                    self.push(")");
                }
                Dialect::PostGis => {
                    self.push("x.geom && st_makeenvelope(");
                    for (i, value) in [min.x, min.y, max.x, max.y].into_iter().enumerate() {
                        if i > 0 {
                            self.push(", ");
                        }
                        self.float(value);
                    }
                    self.push(", 4326)");
                }
            }
        }
        self.push(")");
    }

    fn value(&mut self, test: &ValueTest) {
        self.push("x.index_id = ");
        self.int(test.index);
        self.push(" and x.kind");
        self.in_ints(test.kinds.iter().map(|kind| i64::from(kind.0)).collect());
        let column = if test.is_text() { "x.text" } else { "x.number" };
        if test.low.is_some() && test.low == test.high {
            if let Some(bound) = &test.low {
                self.push(&format!(" and {column} = "));
                self.key(&bound.key);
            }
            return;
        }
        for (bound, sign) in [(&test.low, '>'), (&test.high, '<')] {
            if let Some(bound) = bound {
                self.push(&format!(" and {column} {sign}{} ", if bound.inclusive { "=" } else { "" }));
                self.key(&bound.key);
            }
        }
        if test.low.is_none() && test.high.is_none() {
            self.push(&format!(" and {column} is not null"));
        }
    }

    fn key(&mut self, key: &ValueKey) {
        match key {
            ValueKey::Number(number) => self.float(*number),
            ValueKey::Text(text) => self.text(text.as_str()),
        }
    }

    /// The rows of a leaf's own table: `seq`, and in PostGIS the entity's id.
    fn leaf_rows(&mut self, tenant: i64, leaf: &Leaf) {
        let id = if self.dialect == Dialect::PostGis { ", x.entity" } else { "" };
        match leaf {
            Leaf::Scopes(_) | Leaf::Area(..) | Leaf::Value(_) => {
                let table = match leaf {
                    Leaf::Scopes(_) => "scope",
                    Leaf::Area(..) => "place",
                    _ => "value_row",
                };
                self.push(&format!("select x.seq{id} from {table} x where x.tenant = "));
                self.int(tenant);
                self.push(" and ");
                match leaf {
                    Leaf::Scopes(ranges) => self.scopes(ranges),
                    Leaf::Area(attribute, rects) => self.area(*attribute, rects),
                    Leaf::Value(test) => self.value(test),
                    _ => self.push("true"),
                }
            }
            Leaf::Ids(_) | Leaf::IdPrefix(_) | Leaf::Types(_) | Leaf::Attributes(_) => {
                let id = if self.dialect == Dialect::PostGis { ", e.id as entity" } else { "" };
                self.push(&format!("select e.seq{id} from entity e where e.tenant = "));
                self.int(tenant);
                self.push(" and ");
                self.leaf(leaf);
            }
        }
    }
}

/// Counts the rows of a leaf, up to a limit: enough to know whether it is selective.
pub(crate) fn probe(dialect: Dialect, tenant: i64, leaf: &Leaf, limit: i64) -> Sql {
    let mut sql = Sql::new(dialect);
    sql.push("select count(*) from (");
    sql.leaf_rows(tenant, leaf);
    sql.push(" limit ");
    sql.int(limit);
    sql.push(") p");
    sql
}

/// Asks PostgreSQL for its plan of reading a leaf: the first line says how many rows it expects, as `rows=…`.
pub(crate) fn estimate(tenant: i64, leaf: &Leaf) -> Sql {
    let mut sql = Sql::new(Dialect::PostGis);
    sql.push("explain ");
    sql.leaf_rows(tenant, leaf);
    sql
}

/// Counts entities.
pub(crate) fn count(dialect: Dialect, tenant: i64, narrow: &Narrow) -> Sql {
    let mut sql = Sql::new(dialect);
    sql.push("select count(*) from entity e where e.tenant = ");
    sql.int(tenant);
    sql.push(" and ");
    sql.narrow(narrow);
    sql
}

/// The numbers of the type sets of alternatives.
pub(crate) fn type_sets(dialect: Dialect, alternatives: &[Vec<i64>]) -> Sql {
    let mut sql = Sql::new(dialect);
    sql.type_sets(alternatives);
    sql
}
