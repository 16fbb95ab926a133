//! Which entity a request is about, and what a request with a body says of it, read in the one order of checks.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use hiroba_vocab::EntityId;
use ngsild::query::{TypeAlternatives, TypeSelection};
use serde_json::Value;

use super::super::problem::Result;
use super::body::{self, ContentType};
use super::params::Params;
use super::{Names, entity_id, tenant};
use crate::service::entities::Target;
use crate::service::{Place, existing_tenant};
use crate::state::AppState;

/// The entity in the path. It is read before the body, and looked for when everything else is in order.
#[derive(Debug)]
pub struct Subject {
    tenant: Place,
    /// The id.
    pub id: EntityId,
    selection: Option<TypeSelection>,
    types: Option<TypeAlternatives>,
}

impl Subject {
    /// Reads the path and the parameter `type`.
    ///
    /// # Errors
    /// BadRequestData when the id is no URI, or `type` no type selection.
    pub fn of(request: &HttpRequest, params: &Params, tenant: Place) -> Result<Self> {
        let selection = params.get("type").map(str::parse).transpose()?;
        Ok(Self { tenant, id: entity_id(request)?, selection, types: None })
    }

    /// Expands the names of the type selection.
    ///
    /// # Errors
    /// BadRequestData for illegal names.
    pub fn named(self, names: &Names) -> Result<Self> {
        let types = self.selection.as_ref().map(|selection| selection.resolve(&names.context)).transpose()?;
        Ok(Self { types: types.flatten(), ..self })
    }

    /// What the operation works on.
    ///
    /// # Errors
    /// NonexistentTenant, or what is wrong with the snapshot.
    pub async fn target(self, state: &AppState) -> Result<Target> {
        let tenant = existing_tenant(state, &self.tenant).await?;
        Ok(Target { tenant, id: self.id, types: self.types })
    }
}

/// What a request with a body says of an entity.
#[derive(Debug)]
pub struct Change<T> {
    /// The @context.
    pub names: Names,
    /// The body.
    pub document: Value,
    /// Which entity.
    pub subject: Subject,
    /// What the parameters say.
    pub options: T,
}

impl<T> Change<T> {
    /// Reads a request up to the JSON of its body. `known` are the operation's parameters besides `local`, and `options`
    /// understands them.
    ///
    /// # Errors
    /// What is wrong with the request, the first thing first.
    pub async fn of(
        request: &HttpRequest,
        payload: Payload,
        state: &AppState,
        known: &[&str],
        options: impl FnOnce(&Params) -> Result<T>,
    ) -> Result<Self> {
        let content = ContentType::of(request)?;
        let tenant = tenant(request)?;
        let params = Params::of(request, &[known, &["local"]].concat())?;
        params.flag("local")?;
        let options = options(&params)?;
        let subject = Subject::of(request, &params, tenant)?;
        let document = body::json(payload, state.config.max_body).await?;
        let names = content.names(&document, request, state).await?;
        let subject = subject.named(&names)?;
        Ok(Self { names, document, subject, options })
    }
}
