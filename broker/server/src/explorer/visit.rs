//! A request for a page, with everything that pages need to know.

use std::sync::Arc;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{CONTENT_SECURITY_POLICY, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use hiroba_store::{Page, StoreError, Stored, TenantId};
use hiroba_vocab::normalise::licence::licence_name;
use hiroba_vocab::term::TermRole;
use hiroba_vocab::{Datasets, Iri, Terms};
use ngsild::AttributeValue;
use ngsild::jsonld::Context;
use ngsild::query::Query;
use serde_json::Value;

use super::page::{Fact, Frame, Link, Missing};
use super::{Language, assets, cell, language, official, sparql};
use crate::http::linked_data::{dataset, encode};
use crate::http::problem::Result;
use crate::http::request::{Names, tenant, vocabulary};
use crate::service::catalogue;
use crate::service::discovery::{Summary, summary};
use crate::service::entities::without_expired;
use crate::service::{existing_tenant, now};
use crate::state::AppState;

/// Nothing from other hosts; workers of the map are made from its own code.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self'; \
                      style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'";

/// The media type of pages.
pub(super) const HTML: &str = "text/html";

/// What every page needs to know.
pub(super) struct Visit {
    pub(super) request: HttpRequest,
    pub(super) state: Data<AppState>,
    pub(super) language: Language,
    pub(super) tenant: TenantId,
    pub(super) context: Arc<Context>,
}

impl Visit {
    pub(super) async fn of(request: HttpRequest, state: Data<AppState>) -> Result<Self> {
        let tenant = existing_tenant(&state, &tenant(&request)?).await?;
        let context = Names::resolve(vocabulary(&request, &state), &request, &state).await?.context;
        Ok(Self { language: Language::of(&request), request, state, tenant, context })
    }

    pub(super) fn frame(&self, title: impl Into<String>) -> Frame {
        let other = self.language.other().tag();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(self.request.query_string().as_bytes()) {
            if name != "lang" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("lang", other);
        Frame {
            language: self.language,
            title: title.into(),
            other: format!("{}?{}", self.request.path(), query.finish()),
            script: assets::script(),
            style: assets::STYLE_PATH,
        }
    }

    pub(super) fn say(&self, key: &'static str) -> &'static str {
        self.language.say(key)
    }

    pub(super) async fn summary(&self) -> Result<Arc<Summary>> {
        Ok(summary(&self.state, self.tenant).await?)
    }

    pub(super) async fn find(&self, query: &Query, page: Page) -> Result<hiroba_store::Answer> {
        let now = now();
        let mut answer = self.state.store.query(self.tenant, query, page, now).await?;
        for stored in &mut answer.entities {
            *stored = without_expired(stored.clone(), now);
        }
        Ok(answer)
    }

    /// The type that a part of a path names: as the @context does, or as a data set of the standard is called (`aed`).
    pub(super) async fn type_named(&self, part: &str) -> Result<Iri> {
        let name = self.context.expand_name(part)?;
        let Some(dataset) = Datasets::published().get(part) else { return Ok(name) };
        // What a city calls so itself comes first.
        let is_own = self.summary().await?.types.contains_key(&name);
        Ok(if is_own { name } else { Terms::published().iri(&dataset.entity_type) })
    }

    /// Whether a name is a type of the vocabulary or of a data set, of which there may be no entities yet, or of any entity.
    pub(super) async fn is_type(&self, name: &Iri) -> Result<bool> {
        let term = Terms::published().get(&self.context.compact(name));
        let published = term.is_some_and(|term| term.role == TermRole::Class);
        Ok(published || self.summary().await?.types.contains_key(name) || !self.datasets_of(name).await?.is_empty())
    }

    /// The path of a type's page.
    pub(super) fn type_path(&self, name: &Iri) -> String {
        dataset::type_path(name, &self.context)
    }

    /// The same data in other forms, for the entities of a type.
    pub(super) fn links(&self, name: &Iri) -> Vec<Link> {
        let path = self.type_path(name);
        let link = |label: &str, href: String| Link { label: label.to_owned(), href };
        let selection =
            if self.state.config.vocabulary_by_default { self.context.compact(name) } else { name.as_str().into() };
        let mut links = vec![
            link("NGSI-LD", format!("/ngsi-ld/v1/entities?type={}&limit=100", encode(&selection))),
            link("GeoJSON", format!("{path}.geojson")),
            link("CSV", format!("{path}.csv")),
        ];
        if official::dataset("", name).is_some() {
            links.extend(self.official_links(&path));
        }
        let label = if self.state.sidecar.is_some() { "SPARQL" } else { self.say("no-sparql") };
        let query = format!(
            "SELECT ?entity ?name WHERE {{\n  ?entity a <{name}> ; <https://schema.org/name> ?name\n}} LIMIT 100"
        );
        let href = format!("{}?query={}", sparql::PATH, encode(&query));
        links.push(link(label, href));
        links
    }

    /// Downloads in the layout of the standard; `path` is that of the page of the type.
    pub(super) fn official_links(&self, path: &str) -> [Link; 2] {
        [("official-csv", format!("{path}.csv?layout=current")), ("official-xlsx", format!("{path}.xlsx"))]
            .map(|(key, href)| Link { label: self.say(key).to_owned(), href })
    }

    pub(super) fn property(&self, stored: &Stored, name: &str) -> Option<String> {
        let instances = stored.entity.attributes.get(&self.context.expand(name)?)?;
        Some(cell::text(name, instances, self.language)).filter(|text| !text.is_empty())
    }

    /// Who publishes a data set: the name alone, where there is one.
    fn publisher(&self, dataset: &Stored) -> Option<String> {
        let iri = self.context.expand("publisher")?;
        match &dataset.entity.default_instance(iri.as_str())?.is {
            AttributeValue::Property(Value::Object(body)) => body.get("name")?.as_str().map(ToOwned::to_owned),
            _ => None,
        }
        .or_else(|| self.property(dataset, "publisher"))
    }

    /// What is known of a data set: licence, publisher, source, date.
    pub(super) fn dataset_facts(&self, dataset: &Stored) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut tell = |key: &'static str, value: Option<String>| {
            if let Some(value) = value {
                let link = value.starts_with("http").then(|| value.clone());
                let value = licence_name(&value).map_or(value, ToOwned::to_owned);
                facts.push(Fact { label: self.say(key).to_owned(), value, link, notes: Vec::new() });
            }
        };
        tell("publisher", self.publisher(dataset));
        tell("licence", self.property(dataset, "license").or_else(|| Some(self.say("no-licence").to_owned())));
        tell("source", self.property(dataset, "source").or_else(|| self.property(dataset, "fileName")));
        match self.property(dataset, "modified").or_else(|| self.property(dataset, "issued")) {
            Some(date) => tell("date", Some(date)),
            None => tell("modified", dataset.entity.modified_at.to_string().split('T').next().map(ToOwned::to_owned)),
        }
        facts
    }

    /// The data sets whose entities have a type.
    pub(super) async fn datasets_of(&self, name: &Iri) -> Result<Vec<Stored>> {
        let datasets = self.datasets().await?;
        Ok(datasets.into_iter().filter(|dataset| self.entity_type(dataset).as_ref() == Some(name)).collect())
    }

    pub(super) async fn datasets(&self) -> Result<Vec<Stored>> {
        Ok(catalogue::datasets(&self.state, self.tenant).await?)
    }

    /// The type of a data set's entities.
    pub(super) fn entity_type(&self, dataset: &Stored) -> Option<Iri> {
        catalogue::entity_type(dataset, &self.context)
    }

    pub(super) fn html(&self, template: &impl Template) -> Result<HttpResponse> {
        let body = template.render().map_err(|e| StoreError::Database(e.to_string()))?;
        let mut response = page(body);
        if language::chosen(&self.request).is_some() {
            let cookie = Cookie::build(language::COOKIE, self.language.tag()).path("/").same_site(SameSite::Lax);
            let _ = response.add_cookie(&cookie.permanent().finish());
        }
        Ok(response)
    }

    /// A page that says that there is nothing.
    pub(super) fn missing(&self) -> Result<HttpResponse> {
        let page = Missing { frame: self.frame(self.say("not-found")) };
        let mut response = self.html(&page)?;
        *response.status_mut() = actix_web::http::StatusCode::NOT_FOUND;
        Ok(response)
    }
}

fn page(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((VARY, "Accept, Accept-Language, Cookie, NGSILD-Tenant, NGSILD-Snapshot"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Referrer-Policy", "same-origin"))
        .body(body)
}
