//! What a reading says, as requests and what must come back.

use reqwest::Method;
use serde_json::Value;

use crate::support::Broker;

/// A sentence, and the steps that prove it.
pub(super) struct Reading {
    pub(super) sentence: &'static str,
    pub(super) steps: Vec<Step>,
}

pub(super) fn reading(sentence: &'static str, steps: impl Into<Vec<Step>>) -> Reading {
    Reading { sentence, steps: steps.into() }
}

/// A request, and what its answer must be.
pub(super) struct Step {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    status: u16,
    error: Option<&'static str>,
    shows: Vec<(&'static str, Value)>,
    tells: Vec<(&'static str, &'static str)>,
}

pub(super) fn step(method: Method, path: &str, status: u16) -> Step {
    Step {
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
        status,
        error: None,
        shows: Vec::new(),
        tells: Vec::new(),
    }
}

/// A GET below `/ngsi-ld/v1` that is answered with 200.
pub(super) fn get(path: &str) -> Step {
    step(Method::GET, path, 200)
}

pub(super) fn delete(path: &str, status: u16) -> Step {
    step(Method::DELETE, path, status)
}

pub(super) fn post(path: &str, body: &Value, status: u16) -> Step {
    step(Method::POST, path, status).body(body)
}

pub(super) fn patch(path: &str, body: &Value, status: u16) -> Step {
    step(Method::PATCH, path, status).body(body)
}

/// Creates an entity.
pub(super) fn entity(body: &Value) -> Step {
    post("/entities", body, 201)
}

/// An entity that is refused with BadRequestData.
pub(super) fn refused(body: &Value) -> Step {
    post("/entities", body, 400).error("BadRequestData")
}

impl Step {
    pub(super) fn body(mut self, body: &Value) -> Self {
        let element = body.get(0).unwrap_or(body);
        let kind = if element.get("@context").is_some() { "application/ld+json" } else { "application/json" };
        self.body = Some(body.to_string());
        self.header("content-type", kind)
    }

    /// The same body in `application/json`.
    pub(super) fn plain(self) -> Self {
        self.media("application/json")
    }

    /// The same body in another media type; in none when that is empty.
    pub(super) fn media(mut self, kind: &str) -> Self {
        self.headers.retain(|(name, _)| *name != "content-type");
        self.header("content-type", kind)
    }

    /// The same with text in the place of every null, in what is sent and in what is shown.
    pub(super) fn nulls_are(mut self, text: &str) -> Self {
        let filled = |json: String| json.replace("null", &format!("\"{text}\""));
        self.body = self.body.map(filled);
        for (_, shown) in &mut self.shows {
            *shown = serde_json::from_str(&filled(shown.to_string())).unwrap();
        }
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn error(mut self, kind: &'static str) -> Self {
        self.error = Some(kind);
        self
    }

    /// What the body holds at a place; null where there must be nothing.
    pub(super) fn shows(mut self, pointer: &'static str, value: Value) -> Self {
        self.shows.push((pointer, value));
        self
    }

    pub(super) fn tells(mut self, header: &'static str, value: &'static str) -> Self {
        self.tells.push((header, value));
        self
    }

    /// What is not as it must be; nothing, if all is.
    pub(super) async fn take(&self, broker: &Broker, tenant: &str, sentence: &str) -> Vec<String> {
        let mut asking = broker.ask(self.method.clone(), &format!("/ngsi-ld/v1{}", self.path));
        asking = asking.header("NGSILD-Tenant", tenant);
        for (name, value) in self.headers.iter().filter(|(name, _)| *name != "content-type") {
            asking = asking.header(name, value);
        }
        let kind = self.headers.iter().find(|(name, _)| *name == "content-type");
        if let (Some(body), Some((_, kind))) = (&self.body, kind) {
            asking = asking.raw(kind, body.clone());
        }
        let answer = asking.send().await;
        let asked = self.body.as_deref().unwrap_or_default();
        let what = format!("{sentence}: {} {} {asked} on {}: {}", self.method, self.path, broker.kind, answer.text);
        let mut wrong = Vec::new();
        if answer.status != self.status {
            wrong.push(format!("{} instead of {}: {what}", answer.status, self.status));
            return wrong;
        }
        if self.error.is_some_and(|error| answer.error() != error) {
            wrong.push(format!("no {:?}: {what}", self.error));
        }
        for (pointer, value) in &self.shows {
            let body = answer.json();
            let found = body.pointer(pointer).unwrap_or(&Value::Null);
            if found != value {
                wrong.push(format!("'{pointer}' is {found} instead of {value}: {what}"));
            }
        }
        for (name, value) in &self.tells {
            if !answer.headers(name).contains(value) {
                wrong.push(format!("{name} is '{}' instead of '{value}': {what}", answer.headers(name)));
            }
        }
        wrong
    }
}
