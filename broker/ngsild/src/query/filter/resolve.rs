//! Names to IRIs, literals to operands.

use hiroba_vocab::Iri;

use super::{Condition, Filter, Inside, Operand, ResolvedTest, Root, Step, SystemMember};
use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::query::id::compile;
use crate::query::q::{Brackets, Literal, Q, Term, Test};

/// The parameters that change how values are compared.
#[derive(Debug, Clone, Default)]
pub struct Expansions {
    /// `expandValues`: attributes whose compared values are names to be expanded.
    pub values: Vec<String>,
}

impl Q {
    /// Expands names and compiles patterns.
    ///
    /// # Errors
    /// BadRequestData for illegal names and patterns, and for paths into linked entities, which need `join`.
    pub fn resolve(&self, context: &Context, expansions: &Expansions) -> Result<Filter> {
        let all = |items: &[Self]| items.iter().map(|item| item.resolve(context, expansions)).collect::<Result<_>>();
        Ok(match self {
            Self::And(items) => Filter::And(all(items)?),
            Self::Or(items) => Filter::Or(all(items)?),
            Self::Term(term) => Filter::Condition(Box::new(condition(term, context, expansions)?)),
        })
    }
}

fn condition(term: &Term, context: &Context, expansions: &Expansions) -> Result<Condition> {
    if term.path.linked.is_some() {
        return Err(Error::bad_request("a path into a linked entity needs the parameter join").at("q"));
    }
    let (first, rest) =
        term.path.names.split_first().ok_or_else(|| Error::bad_request("a path needs a name").at("q"))?;
    let root = match first.as_str() {
        "createdAt" => Root::System(SystemMember::CreatedAt),
        "modifiedAt" => Root::System(SystemMember::ModifiedAt),
        name => Root::Attribute(expand(name, context)?),
    };
    if matches!(root, Root::System(_)) && !rest.is_empty() {
        return Err(Error::bad_request(format!("'{first}' has no parts")).at("q"));
    }
    let mut steps = Vec::with_capacity(rest.len());
    for (i, name) in rest.iter().enumerate() {
        let step = match system_member(name) {
            Some(member) if i + 1 == rest.len() => Step::Member(member),
            Some(_) => return Err(Error::bad_request(format!("'{name}' has no parts")).at("q")),
            None => Step::Attribute(expand(name, context)?),
        };
        steps.push(step);
    }
    let inside = match &term.path.brackets {
        None => Inside::Nothing,
        Some(Brackets::AnyLanguage) => Inside::AnyLanguage,
        Some(Brackets::Path(names)) => Inside::Path(names.clone()),
    };
    let expanded = expansions.values.contains(first).then_some(context);
    let operand = |literal: &Literal| Operand::new(literal, expanded);
    let test = match &term.test {
        Test::Exists => ResolvedTest::Exists,
        Test::Equality { negated, values } => {
            ResolvedTest::OneOf { negated: *negated, values: values.iter().map(operand).collect() }
        }
        Test::Range { negated, from, to } => {
            ResolvedTest::Between { negated: *negated, from: operand(from), to: operand(to) }
        }
        Test::Order(operator, literal) => ResolvedTest::Order(*operator, operand(literal)),
        Test::Pattern { negated, pattern } => {
            ResolvedTest::Pattern { negated: *negated, pattern: compile("q", pattern)? }
        }
    };
    Ok(Condition { root, steps, inside, test })
}

fn expand(name: &str, context: &Context) -> Result<Iri> {
    context.expand_name(name).map_err(|e| e.at("q"))
}

fn system_member(name: &str) -> Option<SystemMember> {
    Some(match name {
        "createdAt" => SystemMember::CreatedAt,
        "modifiedAt" => SystemMember::ModifiedAt,
        "observedAt" => SystemMember::ObservedAt,
        "expiresAt" => SystemMember::ExpiresAt,
        "unitCode" => SystemMember::UnitCode,
        "datasetId" => SystemMember::DatasetId,
        _ => return None,
    })
}
