//! Answers in the media types of NGSI-LD (6.3.6): where the @context goes, paging links, counts, entity tags.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, IF_NONE_MATCH, LINK, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use hiroba_store::{StoreError, Stored, TenantId, Version};
use hiroba_vocab::ngsi_ld::CONTEXT_LINK_REL;
use ngsild::linked::{Inline, JoinForm, Member, members};
use ngsild::render::{EntityDocument, Feature, FeatureCollection, Rendering};
use ngsild::{Error, ErrorKind, LinkedEntities};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::problem::{HttpError, Result};
use super::request::accept::Media;
use super::request::representation::Representation;
use super::request::{Names, base_url, tenant};
use crate::service::ServiceError;
use crate::service::contexts;
use crate::service::linked::linked_entities;
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
    fn rendering<'r>(&'r self, representation: &'r Representation, linked: &'r LinkedEntities) -> Rendering<'r> {
        Rendering {
            context: &self.names.context,
            form: representation.form,
            sys_attrs: representation.sys_attrs,
            lang: representation.lang.as_ref(),
            projection: &representation.projection,
            datasets: &representation.datasets,
            inline: representation.joining().and_then(|joining| Inline::new(joining, linked)),
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

    /// The linked entities that an answer shows; none without `join`.
    pub(super) async fn linked(&self, entities: &[Stored], representation: &Representation) -> Result<LinkedEntities> {
        match representation.joining() {
            None => Ok(LinkedEntities::new()),
            Some(joining) => Ok(linked_entities(self.state, self.tenant, entities, &joining).await?),
        }
    }

    /// The body of one entity. Where others follow it (`join=flat`), it is a list all the same.
    pub(super) fn entity(
        &self,
        stored: &Stored,
        linked: &LinkedEntities,
        representation: &Representation,
    ) -> Result<Vec<u8>> {
        if representation.join.as_ref().is_some_and(|join| join.form == JoinForm::Flat) {
            return self.entities(std::slice::from_ref(stored), linked, representation);
        }
        let rendering = self.rendering(representation, linked);
        let context = self.embedded();
        let embedded_context = context.as_ref();
        let entity = &*stored.entity;
        if self.media == Media::GeoJson {
            let geometry = &representation.geometry;
            return self.body(&Feature { entity, rendering, geometry, embedded_context }, representation);
        }
        self.body(&EntityDocument { entity, rendering, embedded_context }, representation)
    }

    /// The body of a list of entities.
    pub(super) fn entities(
        &self,
        entities: &[Stored],
        linked: &LinkedEntities,
        representation: &Representation,
    ) -> Result<Vec<u8>> {
        let rendering = self.rendering(representation, linked);
        let context = self.embedded();
        let embedded_context = context.as_ref();
        let members = match representation.joining() {
            None => members(entities, &representation.projection),
            Some(joining) => joining.members(entities, linked, self.state.config.max_linked)?,
        };
        let shown =
            members.iter().map(|Member { entity, projection }| (*entity, Rendering { projection, ..rendering }));
        if self.media == Media::GeoJson {
            let geometry = &representation.geometry;
            let feature = |(entity, rendering)| Feature { entity, rendering, geometry, embedded_context: None };
            let features: Vec<Feature<'_>> = shown.map(feature).collect();
            return self.body(&FeatureCollection { features: &features, embedded_context }, representation);
        }
        let documents = shown.map(|(entity, rendering)| EntityDocument { entity, rendering, embedded_context });
        self.body(&documents.collect::<Vec<EntityDocument<'_>>>(), representation)
    }

    /// The text of a body. Pages are bounded by themselves, but linked entities may be in many places.
    fn body(&self, value: &impl Serialize, representation: &Representation) -> Result<Vec<u8>> {
        match representation.join {
            None => serialize(value),
            Some(_) => serialize_bounded(value, self.state.config.max_joined_body),
        }
    }

    /// An answer with this body's media type, its @context header and the tenant that was asked for.
    pub(super) async fn ok(&self) -> Result<HttpResponseBuilder> {
        let mut response = HttpResponse::Ok();
        response.content_type(self.media.name());
        response.insert_header((VARY, "Accept, Link, NGSILD-Tenant"));
        if self.embedded().is_none() {
            let url = match self.names.user.single_url() {
                Some(url) => url.to_owned(),
                // No URL says what the client sent in a body: keep it, and link to that.
                None => {
                    let id = self.state.contexts.implicit_context(self.tenant, &self.names.user).await?;
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

    /// The entity tag of an answer that depends on many entities: it was worked out at one state of the tenant's data, is
    /// valid up to an instant in microseconds, and in one run of this process.
    pub(super) fn tag_of_state(&self, generation: u64, valid_until: i64) -> String {
        let mut hasher = DefaultHasher::new();
        (self.tenant, generation, self.key(), valid_until, self.state.run_id).hash(&mut hasher);
        format!("\"{:x}\"", hasher.finish())
    }

    /// Everything that an answer depends on, besides the data.
    pub(super) fn key(&self) -> String {
        let Self { request, media, names, .. } = self;
        let (path, query, embedded) = (request.path(), request.query_string(), self.embedded().is_some());
        format!("{}\n{}\n{:x}\n{path}?{query}\n{embedded}", media.name(), names.user, names.fingerprint)
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
    let tenant = tenant(request)?;
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
    serde_json::to_vec(value).map_err(broken)
}

fn broken(error: serde_json::Error) -> HttpError {
    ServiceError::Store(StoreError::Database(error.to_string())).into()
}

/// JSON text of at most `limit` bytes.
///
/// # Errors
/// TooManyResults when it would be longer.
fn serialize_bounded(value: &impl Serialize, limit: usize) -> Result<Vec<u8>> {
    let mut text = Bounded { text: Vec::new(), limit };
    match serde_json::to_writer(&mut text, value) {
        Ok(()) => Ok(text.text),
        Err(error) if error.is_io() => {
            let detail = format!(
                "the answer would be larger than {limit} bytes; ask for fewer entities, a smaller joinLevel, or fewer \
                 members (pick)"
            );
            Err(Error::new(ErrorKind::TooManyResults, detail).at("join").into())
        }
        Err(error) => Err(broken(error)),
    }
}

/// Text that may grow up to a limit.
struct Bounded {
    text: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes.len() > self.limit - self.text.len() {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
