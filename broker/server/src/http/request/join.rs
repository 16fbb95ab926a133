//! The parameters of linked entity retrieval: `join`, `joinLevel`, `containedBy` (4.5.23).

use std::collections::BTreeSet;

use hiroba_vocab::EntityId;
use ngsild::linked::{Join, JoinForm};
use ngsild::{Error, ErrorKind};

use super::super::problem::Result;
use super::source::Source;

/// How many links may lead to the furthest entities of an answer.
const MAX_LEVELS: usize = 10;
/// How many entities `containedBy` may name.
const MAX_CONTAINED_BY: usize = 1_000;

/// How linked entities are shown; `None` when they are not.
///
/// # Errors
/// BadRequestData for values that are none, for `joinLevel` without `join`, and for `containedBy` without `joinLevel`.
/// TooComplexQuery for more levels than there may be.
pub(super) fn join(source: &impl Source) -> Result<Option<Join>> {
    let form = match source.text("join")?.as_deref() {
        None | Some("@none") => None,
        Some("flat") => Some(JoinForm::Flat),
        Some("inline") => Some(JoinForm::Inline),
        Some(_) => return Err(Error::bad_request("'join' is flat, inline or @none").at("join").into()),
    };
    let levels = source.number("joinLevel")?;
    let contained_by = contained_by(source)?;
    match levels {
        Some(0) => return Err(Error::bad_request("'joinLevel' is a whole number, 1 or more").at("joinLevel").into()),
        Some(levels) if levels > MAX_LEVELS => {
            let detail = format!("'joinLevel' is at most {MAX_LEVELS}");
            return Err(Error::new(ErrorKind::TooComplexQuery, detail).at("joinLevel").into());
        }
        Some(_) if form.is_none() => {
            return Err(Error::bad_request("joinLevel needs join=flat or join=inline").at("joinLevel").into());
        }
        None if contained_by.is_some() => {
            return Err(Error::bad_request("containedBy needs joinLevel").at("containedBy").into());
        }
        _ => {}
    }
    let contained_by = contained_by.unwrap_or_default();
    Ok(form.map(|form| Join { form, levels: levels.unwrap_or(1), contained_by }))
}

fn contained_by(source: &impl Source) -> Result<Option<BTreeSet<EntityId>>> {
    let at = |e: Error| e.at("containedBy");
    let Some(ids) = source.list("containedBy")? else { return Ok(None) };
    if ids.len() > MAX_CONTAINED_BY {
        return Err(at(Error::bad_request(format!("at most {MAX_CONTAINED_BY} entities"))).into());
    }
    let ids: Result<_, Error> = ids.iter().map(|id| EntityId::parse(id).map_err(|e| at(e.into()))).collect();
    Ok(Some(ids?))
}
