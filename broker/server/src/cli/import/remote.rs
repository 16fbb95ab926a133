//! A broker as the place for entities, through NGSI-LD alone: any broker of the standard will do.

use std::collections::HashMap;
use std::time::Duration;

use hiroba_vocab::{EntityId, Iri, Tenant};
use ngsild::jsonld::Context;
use ngsild::read::{Nulls, Reader};
use ngsild::render::{EntityDocument, Form, Rendering};
use ngsild::{DateTime, Entity};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::sink::SinkError;
use crate::service::publish::Published;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How many entities are asked for at once.
const ASKED: usize = 500;
/// How much of an error is shown.
const SHOWN: usize = 2_000;

/// A broker. Names travel in full, so that its @contexts do not matter.
pub(in crate::cli) struct Remote {
    client: reqwest::Client,
    url: Url,
    token: Option<String>,
    tenant: Tenant,
    context: Context,
}

impl Remote {
    pub(in crate::cli) fn new(url: Url, token: Option<String>, tenant: Tenant) -> Result<Self, SinkError> {
        crate::egress::install_tls();
        let client = reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(Duration::from_secs(10)).build();
        let client = client.map_err(|e| SinkError::Client(e.to_string()))?;
        Ok(Self { client, url, token, tenant, context: Context::core() })
    }

    /// Upserts the entities that differ from what the broker has.
    pub(super) async fn publish(&self, entities: &[Entity], now: DateTime) -> Result<Published, SinkError> {
        let mut known = HashMap::with_capacity(entities.len());
        for asked in entities.chunks(ASKED) {
            self.known(asked, now, &mut known).await?;
        }
        let mut published = Published::default();
        let mut changed = Vec::new();
        for entity in entities {
            match known.get(&entity.id) {
                None => published.created += 1,
                Some(old) if old.says_the_same(entity) => {
                    published.unchanged += 1;
                    continue;
                }
                Some(_) => published.changed += 1,
            }
            changed.push(self.document(entity));
        }
        if !changed.is_empty() {
            let body = serde_json::to_vec(&changed).map_err(|e| SinkError::Client(e.to_string()))?;
            let answer = self.send(self.post("ngsi-ld/v1/entityOperations/upsert").body(body)).await?;
            if !matches!(answer.status(), StatusCode::CREATED | StatusCode::NO_CONTENT) {
                return Err(refusal(answer).await);
            }
        }
        Ok(published)
    }

    /// What the broker has under the id of an entity.
    pub(super) async fn current(&self, entity: &Entity, now: DateTime) -> Result<Option<Entity>, SinkError> {
        let mut known = HashMap::new();
        self.known(std::slice::from_ref(entity), now, &mut known).await?;
        Ok(known.remove(&entity.id))
    }

    /// Entities of a type, from the one after `offset` on, at most `limit` of them (5.7.2, 6.3.10). Empty at the end.
    ///
    /// # Errors
    /// When the broker does not answer, refuses, or answers with what is no entity.
    pub(in crate::cli) async fn page(
        &self,
        entity_type: &Iri,
        offset: usize,
        limit: usize,
        now: DateTime,
    ) -> Result<Vec<Entity>, SinkError> {
        let (offset, limit) = (offset.to_string(), limit.to_string());
        let parameters = [("type", entity_type.as_str()), ("offset", &offset), ("limit", &limit)];
        let mut url = self.at("ngsi-ld/v1/entities");
        url.query_pairs_mut().extend_pairs(parameters);
        let answer = self.send(self.identified(self.client.get(url))).await?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(answer).await);
        }
        let read = |document| {
            let read = Reader { context: &self.context, nulls: Nulls::Refused }.fragment(document);
            let entity = read.and_then(|fragment| fragment.into_entity(now));
            entity.map_err(|e| SinkError::Refused(format!("its answer holds what is no entity: {e}")))
        };
        self.documents(answer).await?.into_iter().map(read).collect()
    }

    /// The entities of an answer, as they came.
    async fn documents(&self, answer: Response) -> Result<Vec<Value>, SinkError> {
        let body = answer.bytes().await.map_err(|e| self.unreachable(&e))?;
        serde_json::from_slice(&body).map_err(|e| SinkError::Refused(format!("its answer is no JSON: {e}")))
    }

    /// What the broker has under the ids of some entities.
    async fn known(
        &self,
        entities: &[Entity],
        now: DateTime,
        known: &mut HashMap<EntityId, Entity>,
    ) -> Result<(), SinkError> {
        let selectors: Vec<Value> =
            entities.iter().map(|entity| json!({"id": entity.id, "type": entity.types[0]})).collect();
        let body = json!({"type": "Query", "entities": selectors}).to_string();
        let path = format!("ngsi-ld/v1/entityOperations/query?limit={ASKED}");
        let answer = self.send(self.post(&path).body(body)).await?;
        match answer.status() {
            StatusCode::OK => {}
            // A tenant comes to be with its first entity.
            StatusCode::NOT_FOUND => return Ok(()),
            _ => return Err(refusal(answer).await),
        }
        for document in self.documents(answer).await? {
            let read = Reader { context: &self.context, nulls: Nulls::Refused }.fragment(document);
            // What this program does not understand is replaced.
            if let Ok(entity) = read.and_then(|fragment| fragment.into_entity(now)) {
                known.insert(entity.id.clone(), entity);
            }
        }
        Ok(())
    }

    fn document<'e>(&'e self, entity: &'e Entity) -> EntityDocument<'e> {
        let rendering = Rendering::whole(&self.context, Form::Normalized);
        EntityDocument { entity, rendering, embedded_context: None }
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.identified(self.client.post(self.at(path)).header("content-type", "application/json"))
    }

    fn at(&self, path: &str) -> Url {
        self.url.join(path).unwrap_or_else(|_| self.url.clone())
    }

    /// With the tenant and the token.
    fn identified(&self, mut request: RequestBuilder) -> RequestBuilder {
        if !self.tenant.is_default() {
            request = request.header("NGSILD-Tenant", self.tenant.as_str());
        }
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, SinkError> {
        let core = "<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld>; \
                    rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"";
        let request = request.header("accept", "application/json").header("link", core);
        request.send().await.map_err(|e| self.unreachable(&e))
    }

    fn unreachable(&self, error: &reqwest::Error) -> SinkError {
        // The innermost reason is the one that helps: "connection refused".
        let mut why: &dyn std::error::Error = error;
        while let Some(inner) = why.source() {
            why = inner;
        }
        SinkError::Unreachable { url: self.url.clone(), why: why.to_string() }
    }
}

/// What the broker said instead of doing it.
async fn refusal(answer: Response) -> SinkError {
    let status = answer.status();
    let text: String = answer.text().await.unwrap_or_default().chars().take(SHOWN).collect();
    let advice = if status == StatusCode::UNAUTHORIZED { " (give the token with --token-file)" } else { "" };
    SinkError::Refused(format!("{status}{advice} {text}"))
}
