//! Room for subscriptions, of which a tenant may have so many. A hundred thousand take milliseconds to count, so not every
//! new one counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hiroba_store::{Store, TenantId};
use moka::sync::Cache;
use ngsild::subscription::Subject;
use ngsild::{Error, ErrorKind};

use crate::service::Result;

/// Which part of the room that is left may be filled before they are counted again. Other processes fill it, too.
const PART: u64 = 16;
/// Of how many tenants it is remembered.
const REMEMBERED: u64 = 10_000;

/// How many more of each kind a tenant may have before they are counted again.
#[derive(Debug)]
pub(super) struct Room(Cache<(TenantId, Subject), Arc<AtomicU64>>);

impl Room {
    pub(super) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    /// Takes the place of one more subscription.
    ///
    /// # Errors
    /// OperationNotSupported when the tenant has `most` of them already; when the database fails.
    pub(super) async fn take(&self, store: &Store, tenant: TenantId, subject: Subject, most: usize) -> Result<()> {
        let left = self.0.get_with((tenant, subject), Arc::default);
        if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Ok(());
        }
        let free = (most as u64).saturating_sub(store.count_subscriptions_about(tenant, subject).await?);
        if free == 0 {
            let detail = format!("a tenant can have {most} subscriptions; delete some that are not needed");
            return Err(Error::new(ErrorKind::OperationNotSupported, detail).into());
        }
        left.store(free / PART, Ordering::Relaxed);
        Ok(())
    }
}
