//! What carries the notifications of a subscription, and what became of each (6.3.8, clause 7).

use std::time::Duration;

use hiroba_store::{Notification, Owner};
use ngsild::subscription::{Mqtt, Transport, Watch};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::egress::{EgressError, headers};
use crate::state::AppState;

/// Why a notification was not taken.
#[derive(Debug)]
pub(super) struct Failure {
    /// For people. It holds no secrets of the endpoint.
    pub(super) reason: String,
    /// Whether it would fail again.
    pub(super) is_final: bool,
}

/// The way to the receiver of a subscription.
#[derive(Debug)]
pub(super) enum Channel<'w> {
    Http { uri: &'w str, headers: HeaderMap },
    Mqtt { to: &'w Mqtt, watch: &'w Watch, tenant: Option<&'w str>, snapshot: Option<&'w str> },
}

impl<'w> Channel<'w> {
    /// The way to the receiver of a subscription to the data of an owner.
    pub(super) fn of(watch: &'w Watch, owner: &'w Owner) -> Self {
        let tenant = Some(owner.tenant.as_str()).filter(|name| !name.is_empty());
        let snapshot = owner.snapshot.as_deref();
        match &watch.endpoint.transport {
            Transport::Http => {
                Self::Http { uri: &watch.endpoint.uri, headers: headers(&watch.headers(tenant, snapshot)) }
            }
            Transport::Mqtt(to) => Self::Mqtt { to, watch, tenant, snapshot },
        }
    }

    /// Sends a notification, and waits until the receiver has it, but not longer than `patience`.
    ///
    /// # Errors
    /// Why it was not taken.
    pub(super) async fn send(
        &self,
        state: &AppState,
        notification: &Notification,
        patience: Duration,
    ) -> Result<(), Failure> {
        match self {
            Self::Http { uri, headers } => {
                let body = notification.payload.clone().into();
                match state.egress.post(uri, headers.clone(), body, patience).await {
                    Ok(status) if status.is_success() => Ok(()),
                    Ok(status) => {
                        let reason = format!("the receiver answered {status}");
                        Err(Failure { reason, is_final: status == StatusCode::GONE })
                    }
                    Err(error) => {
                        let is_final = !matches!(error, EgressError::Failed(_));
                        Err(Failure { reason: error.to_string(), is_final })
                    }
                }
            }
            Self::Mqtt { to, watch, tenant, snapshot } => {
                let body = serde_json::from_str(&notification.payload);
                let body = body.map_err(|error| Failure { reason: error.to_string(), is_final: true })?;
                let message = watch.message(body, *tenant, *snapshot).to_string();
                let done = state.subscriptions.links.publish(to, message.into(), patience).await;
                done.map_err(|error| Failure { reason: error.to_string(), is_final: error.is_final() })
            }
        }
    }
}
