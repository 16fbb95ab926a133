//! NotificationParams (5.2.14): what notifications show, and where they go.

use serde_json::Value;

use super::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::linked::{Join, JoinForm};
use crate::member::{flag, object, text, texts};
use crate::query::{Projection, ProjectionList};
use crate::receiver::cut;
use crate::render::Form;

/// How many links may lead to the furthest entities of a notification.
const MAX_LEVELS: usize = 10;

/// Members that only the broker sets.
pub(super) const OUTPUT: [&str; 6] =
    ["status", "timesSent", "timesFailed", "lastNotification", "lastSuccess", "lastFailure"];

/// What `attributes` shows beside the attributes that it names.
const ALWAYS: [&str; 6] = ["id", "type", "scope", "createdAt", "modifiedAt", "expiresAt"];

/// The member `notification`.
#[derive(Debug)]
pub(super) struct NotificationParams {
    pub(super) endpoint: Endpoint,
    pub(super) projection: Projection,
    pub(super) form: Form,
    pub(super) sys_attrs: bool,
    pub(super) show_changes: bool,
    pub(super) join: Option<Join>,
}

impl NotificationParams {
    pub(super) fn read(value: &Value, context: &Context) -> Result<Self> {
        let members = object(value, "it is an object with an 'endpoint'")?;
        let (mut endpoint, mut form, mut sys_attrs, mut show_changes) = (None, Form::default(), false, false);
        let (mut attributes, mut pick, mut omit) = (None, None, None);
        let (mut join, mut levels) = (None, None);
        for (name, value) in members {
            let at = |e: Error| e.inside(&cut(name));
            match name.as_str() {
                "endpoint" => endpoint = Some(Endpoint::read(value).map_err(at)?),
                "format" => form = read_form(value).map_err(at)?,
                "sysAttrs" => sys_attrs = flag(value).map_err(at)?,
                "showChanges" => show_changes = flag(value).map_err(at)?,
                "attributes" => attributes = Some(projection_list(value).map_err(at)?),
                "pick" => pick = Some(projection_list(value).map_err(at)?),
                "omit" => omit = Some(projection_list(value).map_err(at)?),
                "join" => join = join_form(value).map_err(at)?,
                "joinLevel" => levels = Some(join_level(value).map_err(at)?),
                name if OUTPUT.contains(&name) => {}
                name => {
                    let detail = format!("'{}' is no member of NotificationParams", cut(name));
                    return Err(at(Error::bad_request(detail)));
                }
            }
        }
        let endpoint =
            endpoint.ok_or_else(|| Error::bad_request("a notification needs an 'endpoint'").at("endpoint"))?;
        if show_changes && form == Form::Simplified {
            let detail = "simplified entities have no place for previous values: showChanges needs another format";
            return Err(Error::bad_request(detail).at("showChanges"));
        }
        if levels.is_some() && join.is_none() {
            return Err(Error::bad_request("joinLevel needs join to be flat or inline").at("joinLevel"));
        }
        let levels = levels.unwrap_or(1);
        let join = join.map(|form| Join { form, levels, contained_by: Default::default() });
        let depth = join.as_ref().map_or(0, |join| join.levels);
        for (name, list) in [("pick", &pick), ("omit", &omit)] {
            if let Some(list) = list {
                list.check_depth(depth).map_err(|e| e.at(name))?;
            }
        }
        let projection = projection(attributes, pick, omit.as_ref(), context)?;
        Ok(Self { endpoint, projection, form, sys_attrs, show_changes, join })
    }
}

/// What is shown. `attributes` alone shows id, type and scope too, as those were always there before `pick`.
fn projection(
    attributes: Option<ProjectionList>,
    pick: Option<ProjectionList>,
    omit: Option<&ProjectionList>,
    context: &Context,
) -> Result<Projection> {
    let wrong =
        |e: Error| if e.at.as_deref() == Some("attrs") { Error { at: Some("attributes".into()), ..e } } else { e };
    // Read as such first, because `attributes` cannot name what is always there.
    let both = Projection::resolve(attributes.as_ref(), pick.as_ref(), omit, context).map_err(wrong)?;
    match (attributes, pick) {
        (Some(mut attributes), None) => {
            attributes.0.extend(ProjectionList::from_names(ALWAYS)?.0);
            let omitted = |name: &str| omit.is_some_and(|omit| omit.0.iter().any(|member| member.name == name));
            attributes.0.retain(|member| !omitted(&member.name));
            Projection::resolve(None, Some(&attributes), omit, context)
        }
        _ => Ok(both),
    }
}

fn read_form(value: &Value) -> Result<Form> {
    Ok(match value.as_str() {
        Some("normalized") => Form::Normalized,
        Some("concise") => Form::Concise,
        Some("simplified" | "keyValues") => Form::Simplified,
        _ => return Err(Error::bad_request("'format' is normalized, concise or simplified")),
    })
}

/// `attributes`, `pick` and `omit`: an array of names, each perhaps with braces.
pub(super) fn projection_list(value: &Value) -> Result<ProjectionList> {
    ProjectionList::from_names(texts(value)?).map_err(|e| Error { at: None, ..e })
}

fn join_form(value: &Value) -> Result<Option<JoinForm>> {
    Ok(match text(value)? {
        "@none" => None,
        "flat" => Some(JoinForm::Flat),
        "inline" => Some(JoinForm::Inline),
        _ => return Err(Error::bad_request("'join' is flat, inline or @none")),
    })
}

fn join_level(value: &Value) -> Result<usize> {
    let level = value.as_u64().and_then(|level| usize::try_from(level).ok());
    let level = level.filter(|level| (1..=MAX_LEVELS).contains(level));
    level.ok_or_else(|| Error::bad_request(format!("'joinLevel' is a whole number from 1 to {MAX_LEVELS}")))
}
