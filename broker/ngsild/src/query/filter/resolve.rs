//! Names to IRIs, literals to operands.

use hiroba_vocab::Iri;

use super::{Condition, Filter, Inside, Link, LinkedCondition, Operand, ResolvedTest, Root, Step, SystemMember};
use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::query::id::compile;
use crate::query::q::{AttributePath, Brackets, Literal, Q, Term, Test};

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
        self.resolve_linked(context, expansions, 0)
    }

    /// As [`resolve`](Self::resolve), with paths into linked entities that are at most `levels` links away.
    ///
    /// # Errors
    /// BadRequestData for illegal names and patterns, and for paths that lead further.
    pub fn resolve_linked(&self, context: &Context, expansions: &Expansions, levels: usize) -> Result<Filter> {
        let all = |items: &[Self]| {
            items.iter().map(|item| item.resolve_linked(context, expansions, levels)).collect::<Result<_>>()
        };
        Ok(match self {
            Self::And(items) => Filter::And(all(items)?),
            Self::Or(items) => Filter::Or(all(items)?),
            Self::Term(term) => resolve_term(term, context, expansions, levels)?,
        })
    }
}

fn resolve_term(term: &Term, context: &Context, expansions: &Expansions, levels: usize) -> Result<Filter> {
    let (mut path, mut links) = (&term.path, Vec::new());
    while let Some(linked) = &path.linked {
        check_depth(links.len() + 1, levels).map_err(|e| e.at("q"))?;
        // The grammar has one name before braces.
        let name = path.names.first().filter(|name| system_member(name).is_none());
        let name = name.ok_or_else(|| Error::bad_request("braces follow the name of a relationship").at("q"))?;
        let types = linked.types.iter().map(|name| expand(name, context)).collect::<Result<_>>()?;
        links.push(Link { relationship: expand(name, context)?, types });
        path = &linked.path;
    }
    let condition = condition(path, &term.test, context, expansions)?;
    Ok(if links.is_empty() {
        Filter::Condition(Box::new(condition))
    } else {
        Filter::Linked(Box::new(LinkedCondition { links, condition }))
    })
}

/// Whether braces that nest `depth` levels are allowed where `levels` levels of linked entities are joined.
///
/// # Errors
/// BadRequestData without `join`, and deeper than `joinLevel`.
pub(crate) fn check_depth(depth: usize, levels: usize) -> Result<()> {
    match levels {
        _ if depth <= levels => Ok(()),
        0 => Err(Error::bad_request("braces lead into linked entities: they need join=inline or join=flat")),
        _ => Err(Error::bad_request(format!("the braces nest deeper than joinLevel, which is {levels}"))),
    }
}

fn condition(path: &AttributePath, test: &Test, context: &Context, expansions: &Expansions) -> Result<Condition> {
    let (first, rest) = path.names.split_first().ok_or_else(|| Error::bad_request("a path needs a name").at("q"))?;
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
    let inside = match &path.brackets {
        None => Inside::Nothing,
        Some(Brackets::AnyLanguage) => Inside::AnyLanguage,
        Some(Brackets::Path(names)) => Inside::Path(names.clone()),
    };
    let expanded = expansions.values.contains(first).then_some(context);
    let operand = |literal: &Literal| Operand::new(literal, expanded);
    let test = match test {
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
