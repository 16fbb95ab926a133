//! Registrations whose time is over are removed (5.2.9), and who subscribed is told.

use std::sync::Arc;
use std::time::Duration;

use super::crud;
use crate::service::{Result, now};
use crate::state::AppState;

/// How often to look.
const LOOK: Duration = Duration::from_secs(1);
/// How many are removed at a time.
const EXPIRED: usize = 100;

/// Looks after registrations until it is dropped.
pub async fn run(state: Arc<AppState>) {
    loop {
        if let Err(error) = expire(&state).await {
            tracing::warn!(%error, "cannot remove expired registrations; trying again");
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn expire(state: &AppState) -> Result<()> {
    let expired = state.store.expired_registrations(now(), EXPIRED).await?;
    if expired.is_empty() {
        return Ok(());
    }
    let tenants = state.store.tenants().await?;
    for (tenant, id) in expired {
        let Some((_, name)) = tenants.iter().find(|(known, _)| *known == tenant) else { continue };
        crud::expire(state, (tenant, name), &id).await?;
        tracing::info!(id, "a registration has expired");
    }
    Ok(())
}
