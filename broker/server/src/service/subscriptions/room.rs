//! Room for subscriptions, of which a tenant may have so many. A hundred thousand take milliseconds to count, so not every
//! new one counts them.

use std::sync::Arc;
use std::time::Duration;

use hiroba_store::{Store, TenantId};
use moka::sync::Cache;
use ngsild::subscription::Subject;
use ngsild::{Error, ErrorKind};
use tokio::sync::Mutex;

use crate::service::Result;

/// Which part of the room that is left may be filled before they are counted again. Other processes fill it, too.
const PART: u64 = 16;
/// Of how many tenants that is remembered.
const REMEMBERED: u64 = 10_000;

/// How long it is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);

/// How many more of each kind a tenant may have before they are counted again.
#[derive(Debug)]
pub(super) struct Room(Cache<(TenantId, Subject), Arc<Mutex<u64>>>);

impl Room {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build())
    }

    /// Takes the place of one more subscription.
    ///
    /// # Errors
    /// OperationNotSupported when the tenant has `most` of them already; when the database fails.
    pub(super) async fn take(&self, store: &Store, tenant: TenantId, subject: Subject, most: usize) -> Result<()> {
        let left = self.0.get_with((tenant, subject), Arc::default);
        let mut left = left.lock().await;
        if *left == 0 {
            let free = (most as u64).saturating_sub(store.count_subscriptions_about(tenant, subject).await?);
            if free == 0 {
                let detail = format!("a tenant can have {most} subscriptions; delete some that are not needed");
                return Err(Error::new(ErrorKind::OperationNotSupported, detail).into());
            }
            *left = (free / PART).max(1);
        }
        *left -= 1;
        Ok(())
    }
}
