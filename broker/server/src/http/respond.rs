//! Answers in the media types of NGSI-LD (6.3.6): where the @context goes, paging links, counts, entity tags.

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, IF_NONE_MATCH, LINK, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use hiroba_store::{Stored, TenantId, Version};
use hiroba_vocab::ngsi_ld::CONTEXT_LINK_REL;
use ngsild::render::{EntityDocument, Feature, FeatureCollection, Rendering};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::problem::Result;
use super::request::accept::Media;
use super::request::representation::Representation;
use super::request::{Names, base_url, on_snapshot, owner};
use crate::service::contexts;
use crate::service::{ServiceError, existing_tenant};
use crate::state::AppState;

/// Everything that decides how an answer looks.
pub(super) struct Answering<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) state: &'a AppState,
    pub(super) tenant: TenantId,
    pub(super) media: Media,
    pub(super) names: &'a Names,
}

impl Answering<'_> {
    fn rendering<'r>(&'r self, representation: &'r Representation) -> Rendering<'r> {
        Rendering {
            context: &self.names.context,
            form: representation.form,
            sys_attrs: representation.sys_attrs,
            lang: representation.lang.as_ref(),
            projection: &representation.projection,
            datasets: &representation.datasets,
        }
    }

    /// The value of `@context` in the body; `None` when it goes into a header.
    pub(super) fn embedded(&self) -> Option<Value> {
        match self.media {
            Media::Json => None,
            Media::LdJson => Some(self.names.user.to_json()),
            Media::GeoJson => (!self.prefers_plain_body()).then(|| self.names.user.to_json()),
        }
    }

    /// `Prefer: body=json` (6.3.6), for GeoJSON only.
    fn prefers_plain_body(&self) -> bool {
        let prefer = self.request.headers().get("Prefer").and_then(|value| value.to_str().ok()).unwrap_or_default();
        prefer.split([',', ';']).any(|preference| preference.trim() == "body=json")
    }

    /// The body of one entity.
    pub(super) fn entity(&self, stored: &Stored, representation: &Representation) -> Result<Vec<u8>> {
        let rendering = self.rendering(representation);
        let context = self.embedded();
        let embedded_context = context.as_ref();
        let entity = &*stored.entity;
        if self.media == Media::GeoJson {
            let geometry = &representation.geometry;
            return serialize(&Feature { entity, rendering, geometry, embedded_context });
        }
        serialize(&EntityDocument { entity, rendering, embedded_context })
    }

    /// The body of a list of entities.
    pub(super) fn entities(&self, entities: &[Stored], representation: &Representation) -> Result<Vec<u8>> {
        let rendering = self.rendering(representation);
        let context = self.embedded();
        let embedded_context = context.as_ref();
        if self.media == Media::GeoJson {
            let geometry = &representation.geometry;
            return serialize(&FeatureCollection { entities, rendering, geometry, embedded_context });
        }
        let documents =
            entities.iter().map(|stored| EntityDocument { entity: &stored.entity, rendering, embedded_context });
        let documents: Vec<EntityDocument<'_>> = documents.collect();
        serialize(&documents)
    }

    /// An answer with this body's media type, its @context header and the tenant that was asked for.
    pub(super) async fn ok(&self) -> Result<HttpResponseBuilder> {
        let mut response = HttpResponse::Ok();
        response.content_type(self.media.name());
        response.insert_header((VARY, "Accept, Link, NGSILD-Tenant, NGSILD-Snapshot"));
        if self.embedded().is_none() {
            let url = match self.names.user.single_url() {
                Some(url) => url.to_owned(),
                // No URL says what the client sent in a body: keep it, and link to that.
                None => {
                    // It is the tenant's, where it can be asked for, also when the answer is made of a snapshot.
                    let tenant = if on_snapshot(self.request) {
                        existing_tenant(self.state, &owner(self.request)?).await?
                    } else {
                        self.tenant
                    };
                    let id = self.state.contexts.implicit_context(tenant, &self.names.user).await?;
                    format!("{}{}{id}", base_url(self.request, self.state), contexts::PATH)
                }
            };
            let link = format!("<{url}>; rel=\"{CONTEXT_LINK_REL}\"; type=\"application/ld+json\"");
            response.append_header((LINK, link));
        }
        self.echo_tenant(&mut response)?;
        Ok(response)
    }

    pub(super) fn echo_tenant(&self, response: &mut HttpResponseBuilder) -> Result<()> {
        echo_tenant(self.request, response)
    }

    /// The entity tag of an answer that is made of one version of one entity.
    pub(super) fn tag(&self, version: Version) -> String {
        let mut hasher = DefaultHasher::new();
        let names = (&self.names.user, self.names.fingerprint);
        (self.media, names, self.request.query_string(), self.prefers_plain_body()).hash(&mut hasher);
        format!("\"{:x}-{:x}\"", version.0, hasher.finish())
    }
}

/// The header that tells the tenant, if the client sent it (6.3.14).
pub(super) fn echo_tenant(request: &HttpRequest, response: &mut HttpResponseBuilder) -> Result<()> {
    let tenant = owner(request)?.tenant;
    if !tenant.is_default() {
        response.insert_header((super::request::TENANT, tenant.as_str()));
    }
    Ok(())
}

/// An answer without a body.
pub(super) fn empty(request: &HttpRequest, status: StatusCode) -> Result<HttpResponse> {
    let mut response = HttpResponse::build(status);
    echo_tenant(request, &mut response)?;
    Ok(response.finish())
}

/// What a segment of a path cannot hold as it is (RFC 3986, 3.3), and `%`, which clients would decode.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// An id as a segment of a path, percent-encoded where it needs to be: URNs stay as they are.
pub(super) fn segment(id: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(id, SEGMENT)
}

/// `201 Created` with the path of what was made.
pub(super) fn created(request: &HttpRequest, location: &str) -> Result<HttpResponse> {
    let mut response = HttpResponse::Created();
    response.insert_header(("Location", location));
    echo_tenant(request, &mut response)?;
    Ok(response.finish())
}

/// A JSON answer that has no @context: results of operations, lists of ids.
pub(super) fn json(request: &HttpRequest, status: StatusCode, body: &impl Serialize) -> Result<HttpResponse> {
    let mut response = HttpResponse::build(status);
    echo_tenant(request, &mut response)?;
    Ok(response.content_type("application/json").body(serialize(body)?))
}

/// Whether the client already has what the tag stands for; then `304` says so.
pub(super) fn not_modified(request: &HttpRequest, tag: &str) -> Option<HttpResponse> {
    let known = request.headers().get(IF_NONE_MATCH)?.to_str().ok()?;
    let matches = known == "*" || known.split(',').any(|other| other.trim().trim_start_matches("W/") == tag);
    matches.then(|| HttpResponse::NotModified().insert_header((ETAG, tag)).finish())
}

/// Paging links (6.3.10): path and query without host.
pub(super) fn paging_links(
    request: &HttpRequest,
    response: &mut HttpResponseBuilder,
    offset: usize,
    limit: usize,
    more: bool,
) {
    let mut link = |offset: usize, rel: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            if name != "offset" && name != "limit" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("limit", &limit.to_string()).append_pair("offset", &offset.to_string());
        let target = format!("{}?{}", request.path(), query.finish());
        response.append_header((LINK, format!("<{target}>; rel=\"{rel}\"; type=\"application/ld+json\"")));
    };
    if limit == 0 {
        return;
    }
    if more {
        link(offset.saturating_add(limit), "next");
    }
    if offset > 0 {
        link(offset.saturating_sub(limit), "prev");
    }
}

/// JSON text.
pub(super) fn serialize(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| ServiceError::Store(hiroba_store::StoreError::Database(e.to_string())).into())
}
