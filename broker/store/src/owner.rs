//! Whose data the number of a tenant stands for.

use std::sync::Arc;

use hiroba_vocab::Tenant;

use crate::error::Result;
use crate::store::{Store, TenantId};

/// Whose data some are: a tenant's own, or those of one of its snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The tenant, by the name that clients know.
    pub tenant: Tenant,
    /// The id of the snapshot, if they are in one.
    pub snapshot: Option<String>,
}

/// The owner's name and the snapshot, in both databases; nothing for the data of a snapshot that is gone.
pub(crate) const OWNER: &str = "select coalesce(o.name, t.name), s.id from tenant t \
     left join snapshot s on t.hidden and s.data = t.id left join tenant o on o.id = s.tenant \
     where t.id = ?1 and (not t.hidden or s.id is not null)";

impl Store {
    /// Whose data are under a number; `None` when they are those of a snapshot that was deleted.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn owner(&self, tenant: TenantId) -> Result<Option<Arc<Owner>>> {
        // Numbers are never given twice and data never change hands, so what was once true stays true.
        if let Some(owner) = self.inner.owners.get(&tenant) {
            return Ok(Some(owner));
        }
        let Some((name, snapshot)) = self.inner.engine.owner(tenant.0).await? else { return Ok(None) };
        let owner = Arc::new(Owner { tenant: Tenant::from_stored(name), snapshot });
        self.inner.owners.insert(tenant, Arc::clone(&owner));
        Ok(Some(owner))
    }
}
