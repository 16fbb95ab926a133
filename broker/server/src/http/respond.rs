//! Answers in the media types of NGSI-LD (6.3.6): where the @context goes, paging links, counts, entity tags.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, IF_NONE_MATCH, LINK, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use hiroba_store::{Page, Stored, TenantId, Version};
use hiroba_vocab::ngsi_ld::CONTEXT_LINK_REL;
use ngsild::Entity;
use ngsild::render::{EntityDocument, Feature, FeatureCollection, GeometryChoice, Rendering, SpecVersion, conform};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::problem::Result;
use super::request::accept::Media;
use super::request::representation::Representation;
use super::request::{Names, base_url, prefer, tenant};
use crate::service::ServiceError;
use crate::service::contexts;
use crate::state::AppState;

/// The headers of a request that its answer depends on.
const VARIES: &str = "Accept, Link, NGSILD-EntityMap, NGSILD-Tenant, Prefer";

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
            Media::GeoJson => (!prefer::plain_body(self.request)).then(|| self.names.user.to_json()),
        }
    }

    /// The body of one entity.
    pub(super) fn entity(&self, stored: &Stored, representation: &Representation) -> Result<EntityBody> {
        self.conforming(std::slice::from_ref(stored), representation, |entities, rendering, geometry| {
            let [entity] = entities else { return Ok(Vec::new()) };
            let context = self.embedded();
            let embedded_context = context.as_ref();
            if self.media == Media::GeoJson {
                return serialize(&Feature { entity, rendering, geometry, embedded_context });
            }
            serialize(&EntityDocument { entity, rendering, embedded_context })
        })
    }

    /// The body of a list of entities.
    pub(super) fn entities(&self, entities: &[Stored], representation: &Representation) -> Result<EntityBody> {
        self.conforming(entities, representation, |entities, rendering, geometry| {
            let context = self.embedded();
            let embedded_context = context.as_ref();
            if self.media == Media::GeoJson {
                return serialize(&FeatureCollection { entities, rendering, geometry, embedded_context });
            }
            let documents = entities.iter().map(|entity| EntityDocument { entity, rendering, embedded_context });
            serialize(&documents.collect::<Vec<_>>())
        })
    }

    /// What `render` makes of entities, in the version of the standard that the client prefers (6.3.21).
    fn conforming(
        &self,
        entities: &[Stored],
        representation: &Representation,
        render: impl Fn(&[Cow<'_, Entity>], Rendering<'_>, &GeometryChoice) -> Result<Vec<u8>>,
    ) -> Result<EntityBody> {
        let (rendering, geometry) = (self.rendering(representation), &representation.geometry);
        let whole: Vec<Cow<'_, Entity>> = entities.iter().map(|stored| Cow::Borrowed(&*stored.entity)).collect();
        let bytes = render(&whole, rendering, geometry)?;
        let Some(version) = self.version().filter(|version| version.is_older()) else {
            return Ok(EntityBody { bytes, altered: false });
        };
        let older = whole.iter().map(|entity| Cow::Owned(conform(entity, version, &rendering)));
        let older: Vec<Cow<'_, Entity>> = older.collect();
        let conformed = render(&older, rendering.of_conformed(), &geometry.of_conformed(version))?;
        Ok(EntityBody { altered: conformed != bytes, bytes: conformed })
    }

    /// The version of the standard that the client prefers.
    pub(super) fn version(&self) -> Option<SpecVersion> {
        prefer::version(self.request)
    }

    /// An answer with a document, or an array of documents, that are no entities: the @context goes where those of
    /// entities go.
    pub(super) async fn document(&self, status: StatusCode, mut body: Value) -> Result<HttpResponse> {
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
        Ok(self.begin(status).await?.body(serialize(&body)?))
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
    matches.then(|| HttpResponse::NotModified().insert_header((ETAG, tag)).insert_header((VARY, VARIES)).finish())
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
    serde_json::to_vec(value).map_err(|e| ServiceError::Store(hiroba_store::StoreError::Database(e.to_string())).into())
}
