//! Answers in the media types of NGSI-LD (6.3.6): where the @context goes, paging links, counts, entity tags.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, IF_NONE_MATCH, LINK, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use hiroba_store::{Page, StoreError, Stored, TenantId, Version};
use hiroba_vocab::ngsi_ld::CONTEXT_LINK_REL;
use ngsild::linked::{Inline, JoinForm, members};
use ngsild::query::Projection;
use ngsild::render::{EntityDocument, Feature, FeatureCollection, GeometryChoice, Rendering, SpecVersion, conform};
use ngsild::{Entity, Error, ErrorKind, LinkedEntities};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::problem::{HttpError, Result};
use super::request::accept::Media;
use super::request::representation::Representation;
use super::request::{Names, base_url, on_snapshot, owner, prefer};
use crate::service::contexts;
use crate::service::linked::linked_entities;
use crate::service::{ServiceError, existing_tenant};
use crate::state::AppState;

/// The headers of a request that its answer depends on.
const VARIES: &str = "Accept, Link, NGSILD-EntityMap, NGSILD-Snapshot, NGSILD-Tenant, Prefer";

/// A body that shows entities.
pub(super) struct EntityBody {
    pub(super) bytes: Vec<u8>,
    /// Whether it was altered for an older version of the standard.
    pub(super) altered: bool,
}

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
        let inline = representation.joining().and_then(|joining| Inline::new(joining, linked));
        Rendering { inline, ..representation.rendering(&self.names.context) }
    }

    /// The value of `@context` in the body; `None` when it goes into a header.
    pub(super) fn embedded(&self) -> Option<Value> {
        match self.media {
            Media::Json => None,
            Media::LdJson => Some(self.names.user.to_json()),
            Media::GeoJson => (!prefer::plain_body(self.request)).then(|| self.names.user.to_json()),
        }
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
    ) -> Result<EntityBody> {
        let entities = std::slice::from_ref(stored);
        if representation.join.as_ref().is_some_and(|join| join.form == JoinForm::Flat) {
            return self.entities(entities, linked, representation);
        }
        self.conforming(entities, linked, representation, |shown, geometry| {
            let [(entity, rendering)] = *shown else { return Ok(Vec::new()) };
            let context = self.embedded();
            let embedded_context = context.as_ref();
            if self.media == Media::GeoJson {
                return self.body(&Feature { entity, rendering, geometry, embedded_context }, representation);
            }
            self.body(&EntityDocument { entity, rendering, embedded_context }, representation)
        })
    }

    /// The body of a list of entities.
    pub(super) fn entities(
        &self,
        entities: &[Stored],
        linked: &LinkedEntities,
        representation: &Representation,
    ) -> Result<EntityBody> {
        self.conforming(entities, linked, representation, |shown, geometry| {
            let context = self.embedded();
            let embedded_context = context.as_ref();
            let shown = shown.iter().copied();
            if self.media == Media::GeoJson {
                let feature = |(entity, rendering)| Feature { entity, rendering, geometry, embedded_context: None };
                let features: Vec<Feature<'_>> = shown.map(feature).collect();
                return self.body(&FeatureCollection { features: &features, embedded_context }, representation);
            }
            let documents = shown.map(|(entity, rendering)| EntityDocument { entity, rendering, embedded_context });
            self.body(&documents.collect::<Vec<_>>(), representation)
        })
    }

    /// What `render` makes of entities, and of those that they link to, in the version of the standard that the client
    /// prefers (6.3.21).
    fn conforming(
        &self,
        entities: &[Stored],
        linked: &LinkedEntities,
        representation: &Representation,
        render: impl Fn(&[(&Entity, Rendering<'_>)], &GeometryChoice) -> Result<Vec<u8>>,
    ) -> Result<EntityBody> {
        let (rendering, geometry) = (self.rendering(representation, linked), &representation.geometry);
        let members = match representation.joining() {
            None => members(entities, &representation.projection),
            Some(joining) => joining.members(entities, linked, self.state.config.max_linked)?,
        };
        let shown: Vec<(&Entity, Rendering<'_>)> = members
            .iter()
            .map(|member| (member.entity, Rendering { projection: &member.projection, ..rendering }))
            .collect();
        let bytes = render(&shown, geometry)?;
        let Some(version) = self.version().filter(|version| version.is_older()) else {
            return Ok(EntityBody { bytes, altered: false });
        };
        let older: Vec<Entity> = shown.iter().map(|(entity, rendering)| conform(entity, version, rendering)).collect();
        let everything = Rendering { projection: &Projection::EVERYTHING, ..rendering };
        let linked = linked.map(|entity| conform(entity, version, &everything));
        let rendering = self.rendering(representation, &linked).of_conformed();
        let shown: Vec<(&Entity, Rendering<'_>)> = older
            .iter()
            .zip(&members)
            .map(|(entity, member)| (entity, Rendering { projection: &member.projection, ..rendering }))
            .collect();
        let conformed = render(&shown, &geometry.of_conformed(version))?;
        Ok(EntityBody { altered: conformed != bytes, bytes: conformed })
    }

    /// The version of the standard that the client prefers.
    pub(super) fn version(&self) -> Option<SpecVersion> {
        prefer::version(self.request)
    }

    /// An answer with a document, or an array of documents, that are no entities: the @context goes where those of
    /// entities go.
    pub(super) async fn document(&self, status: StatusCode, body: Value) -> Result<HttpResponse> {
        let body = self.with_context(body);
        Ok(self.begin(status).await?.body(serialize(&body)?))
    }

    /// A document, or an array of documents, with the @context in each if that is its place.
    pub(super) fn with_context(&self, mut body: Value) -> Value {
        if let Some(context) = self.embedded() {
            match &mut body {
                Value::Array(items) => {
                    for item in items {
                        item["@context"] = context.clone();
                    }
                }
                item => item["@context"] = context,
            }
        }
        body
    }

    /// The text of a body. Pages are bounded by themselves, but linked entities may be in many places.
    fn body(&self, value: &impl Serialize, representation: &Representation) -> Result<Vec<u8>> {
        match representation.join {
            None => serialize(value),
            Some(_) => serialize_bounded(value, self.state.config.max_joined_body),
        }
    }

    /// An answer with this body's media type, its @context header and the tenant that was asked for.
    pub(super) async fn begin(&self, status: StatusCode) -> Result<HttpResponseBuilder> {
        let mut response = HttpResponse::build(status);
        response.content_type(self.media.name());
        response.insert_header((VARY, VARIES));
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

    /// An answer with entities, whose version is told if the client has a preference: 203 instead of 200 when the body was
    /// altered for it.
    pub(super) async fn begin_entities(&self, status: StatusCode, altered: bool) -> Result<HttpResponseBuilder> {
        let altered = altered && status == StatusCode::OK;
        let mut response = self.begin(if altered { StatusCode::NON_AUTHORITATIVE_INFORMATION } else { status }).await?;
        if let Some(version) = self.version() {
            response.insert_header(("Preference-Applied", format!("ngsi-ld={version}")));
        }
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
        let (path, query) = (request.path(), request.query_string());
        let (embedded, version) = (self.embedded().is_some(), self.version());
        let (user, fingerprint) = (&names.user, names.fingerprint);
        format!("{}\n{user}\n{fingerprint:x}\n{path}?{query}\n{embedded}\n{version:?}", media.name())
    }

    /// The entity tag of an answer that is made of one version of one entity.
    pub(super) fn tag(&self, version: Version) -> String {
        let mut hasher = DefaultHasher::new();
        let names = (&self.names.user, self.names.fingerprint);
        let preferences = (prefer::plain_body(self.request), self.version());
        (self.media, names, self.request.query_string(), preferences).hash(&mut hasher);
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

/// Whether the client already has what the tag stands for.
pub(super) fn knows(request: &HttpRequest, tag: &str) -> bool {
    let known = request.headers().get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    known == "*" || known.split(',').any(|other| other.trim().trim_start_matches("W/") == tag)
}

/// `304` if the client already has what the tag stands for.
pub(super) fn not_modified(request: &HttpRequest, tag: &str) -> Option<HttpResponse> {
    knows(request, tag)
        .then(|| HttpResponse::NotModified().insert_header((ETAG, tag)).insert_header((VARY, VARIES)).finish())
}

/// Documents as one JSON array.
pub(super) fn array(documents: &[Vec<u8>]) -> Vec<u8> {
    [&b"["[..], &documents.join(&b","[..]), b"]"].concat()
}

/// The count, if it was asked for, and the paging links of a page (6.3.10, 6.3.13).
pub(super) fn paging(
    request: &HttpRequest,
    response: &mut HttpResponseBuilder,
    page: Page,
    total: Option<u64>,
    more: bool,
) {
    if let Some(total) = total {
        response.insert_header(("NGSILD-Results-Count", total.to_string()));
    }
    paging_links(request, response, page.offset, page.limit, more);
}

/// Paging links (6.3.10): path and query without host.
fn paging_links(request: &HttpRequest, response: &mut HttpResponseBuilder, offset: usize, limit: usize, more: bool) {
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
