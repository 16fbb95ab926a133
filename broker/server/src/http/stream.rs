//! `/stream`: what happens to the entities that a query finds, as server-sent events (HTML Living Standard, 9.2).

use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::unfold;
use hiroba_store::Position;
use ngsild::entity::Attributes;
use ngsild::query::Projection;
use ngsild::render::{EntityDocument, Rendering};
use ngsild::{DateTime, Entity, Error, ErrorKind};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::problem::Result;
use super::request::accept::{self, EVENTS, Media};
use super::request::address::{self, ADDRESS};
use super::request::params::Params;
use super::request::query::{SELECTION, from_params};
use super::request::representation::Representation;
use super::request::{Names, TENANT, header, on_snapshot};
use super::respond::Answering;
use crate::service::existing_tenant;
use crate::service::streams::{Event, Moment, Reader, Step, open};
use crate::service::{Place, Result as ServiceResult};
use crate::state::AppState;

/// Parameters that say how entities are shown, and where to go on. Those about pages, order and linked entities mean nothing
/// here, so they are unknown.
const SHOWN: &[&str] = &["attrs", "pick", "omit", "lang", "format", "options", "local", "datasetId", "lastEventId"];
/// The header with which a browser goes on after its connection broke.
const LAST_EVENT_ID: &str = "Last-Event-ID";
/// How often something is sent although nothing happens, so that proxies keep the connection and a client that is gone is
/// noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(3);
/// How many bytes are made before the client has taken them; one event may be longer.
const CHUNK: usize = 64 << 10;

/// `GET /stream`: a stream without end.
///
/// # Errors
/// BadRequestData or InvalidRequest for parameters that are wrong; NotAcceptable; NonexistentTenant;
/// OperationNotSupported on a snapshot; 503 when there are too many streams.
pub async fn stream(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    accept::events(&request)?;
    if on_snapshot(&request) {
        let detail = "what happens in snapshots is in no stream";
        return Err(Error::new(ErrorKind::OperationNotSupported, detail).into());
    }
    let params = Params::of(&request, &[SELECTION, SHOWN, ADDRESS].concat())?;
    let tenant = address::tenant(&request, &params)?;
    let after = last_event(&request, &params)?;
    let names = address::names(&request, &params, &tenant, &state).await?;
    let (query, representation) = from_params(&params, &names.context, Media::Json, &state.config)?;
    let place = Place { tenant, snapshot: None };
    let id = existing_tenant(&state, &place).await?;
    let answering = Answering { request: &request, state: &state, tenant: id, media: Media::Json, names: &names };
    let mut response = answering.begin(StatusCode::OK).await?;
    if !place.tenant.is_default() {
        response.insert_header((TENANT, place.tenant.as_str()));
    }
    response.content_type(EVENTS).insert_header((CACHE_CONTROL, "no-store")).insert_header(("X-Accel-Buffering", "no"));
    // A compressor would keep events back until it has enough of them.
    response.insert_header((CONTENT_ENCODING, "identity"));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let reader = open(&state, id, query.query, after).await?;
    let feed = Feed { reader, names, representation, told: None };
    Ok(response.streaming(unfold(Some(feed), next)))
}

/// The position after which to go on, if the client names one. A browser that connects again sends the header, and still
/// has the parameter in its URL, which is older.
fn last_event(request: &HttpRequest, params: &Params) -> Result<Option<Position>> {
    let (text, place) = match header(request, LAST_EVENT_ID)? {
        Some(text) => (text, LAST_EVENT_ID),
        None => match params.get("lastEventId").filter(|text| !text.is_empty()) {
            Some(text) => (text, "lastEventId"),
            None => return Ok(None),
        },
    };
    Ok(Some(text.parse().map_err(|error| Error::bad_request(format!("{error}")).at(place))?))
}

/// The next piece of a body. One that fails ends there: the client connects again, and goes on where it was.
async fn next(feed: Option<Feed>) -> Option<(std::io::Result<Bytes>, Option<Feed>)> {
    let mut feed = feed?;
    match feed.chunk().await {
        Ok(Some(chunk)) => Some((Ok(chunk), Some(feed))),
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(%error, "a stream ends, since the change log cannot be read");
            None
        }
    }
}

/// A stream under way.
struct Feed {
    reader: Reader,
    names: Names,
    representation: Representation,
    /// The position that the client knows of; `None` before the first byte.
    told: Option<Position>,
}

impl Feed {
    /// The next bytes; `None` when the stream ends.
    async fn chunk(&mut self) -> ServiceResult<Option<Bytes>> {
        let Some(told) = self.told else { return Ok(Some(self.opening())) };
        // However much happens that is nothing to this stream.
        let deadline = Instant::now() + HEARTBEAT;
        loop {
            let (moments, up_to) = match self.reader.next(deadline).await? {
                Step::Closing => return Ok(None),
                Step::Quiet => return Ok(Some(self.heartbeat(told))),
                Step::Moments(moments, up_to) => (moments, up_to),
            };
            let mut chunk = String::new();
            let mut reached = up_to;
            for moment in moments {
                if let Some((event, data)) = self.tell(&moment) {
                    let id = moment.position();
                    chunk.push_str(&format!("event: {event}\nid: {id}\ndata: {data}\n\n"));
                    self.told = Some(id);
                }
                if chunk.len() > CHUNK {
                    reached = moment.position();
                    break;
                }
            }
            self.reader.told(reached);
            if !chunk.is_empty() {
                return Ok(Some(chunk.into()));
            }
            if Instant::now() >= deadline {
                return Ok(Some(self.heartbeat(told)));
            }
        }
    }

    /// The first bytes, which are sent at once.
    fn opening(&mut self) -> Bytes {
        let position = self.reader.position();
        self.told = Some(position);
        let mut text = format!(": Hiroba\nretry: {}\nid: {position}\n\n", RETRY.as_millis());
        if self.reader.lost() {
            let detail = "the log does not tell all that happened since; query anew";
            let data = json!({"position": position.to_string(), "detail": detail});
            text.push_str(&format!("event: reset\nid: {position}\ndata: {data}\n\n"));
        }
        text.into()
    }

    /// A sign of life. It moves the position on, so that a client that comes back is not led through what was nothing to it.
    fn heartbeat(&mut self, told: Position) -> Bytes {
        let position = self.reader.position();
        if position == told {
            return Bytes::from_static(b":\n\n");
        }
        self.told = Some(position);
        format!(":\nid: {position}\n\n").into()
    }

    /// The name and data of an event. An update that changes nothing of what is shown is none.
    fn tell(&self, moment: &Moment) -> Option<(&'static str, Value)> {
        let at = moment.at();
        match self.reader.event(moment)? {
            Event::Created(entity) => Some(("created", self.shown(entity, at))),
            Event::Updated(before, entity) => {
                let shown = self.shown(entity, at);
                // What had expired since was shown all the same.
                let known = before.map(|before| self.document(before));
                (known.as_ref() != Some(&shown)).then_some(("updated", shown))
            }
            Event::Left(entity) => Some(("left", self.named(entity))),
            Event::Deleted(entity) => {
                let mut data = self.named(entity);
                data["deletedAt"] = json!(at);
                Some(("deleted", data))
            }
        }
    }

    /// An entity without what has expired.
    fn shown(&self, entity: &Entity, at: DateTime) -> Value {
        self.document(entity.valid_at(at).as_deref().unwrap_or(entity))
    }

    fn document(&self, entity: &Entity) -> Value {
        let rendering = self.representation.rendering(&self.names.context);
        ngsild::render::json(&EntityDocument { entity, rendering, embedded_context: None })
    }

    /// The id and types of an entity, whatever else is shown.
    fn named(&self, entity: &Entity) -> Value {
        let bare = Entity { scope: None, expires_at: None, attributes: Attributes::default(), ..entity.clone() };
        let rendering = self.representation.rendering(&self.names.context);
        let rendering = Rendering { sys_attrs: false, projection: &Projection::EVERYTHING, ..rendering };
        ngsild::render::json(&EntityDocument { entity: &bare, rendering, embedded_context: None })
    }
}
