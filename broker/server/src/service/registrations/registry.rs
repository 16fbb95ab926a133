//! The registrations of a tenant, read into types.

use hiroba_store::{NewRegistration, RegistrationEntry, StoreError, TenantId};
use ngsild::registration::{Registration, Source};

use crate::service::Result;
use crate::state::AppState;

/// A registration that was read.
#[derive(Debug, Clone)]
pub struct Registered {
    /// What it says.
    pub registration: Registration,
    /// The same, ready for matching.
    pub source: Source,
}

/// The registrations of a tenant.
#[derive(Debug)]
pub struct Registry {
    /// What a change that is worked out from it is worked out from.
    pub revision: i64,
    /// All of them in the order of their creation, expired ones included.
    pub all: Vec<Registered>,
}

impl Registered {
    /// A registration that was checked.
    ///
    /// # Errors
    /// BadRequestData when it was not.
    pub fn of(registration: Registration) -> Result<Self> {
        Ok(Self { source: Source::of(&registration)?, registration })
    }

    pub(super) fn read(entry: &RegistrationEntry) -> Result<Self> {
        let corrupt = |detail: String| StoreError::Corrupt { id: entry.id.clone(), detail };
        let registration: Registration = serde_json::from_str(&entry.document).map_err(|e| corrupt(e.to_string()))?;
        let source = Source::of(&registration).map_err(|e| corrupt(e.to_string()))?;
        Ok(Self { registration, source })
    }

    pub(super) fn stored(&self) -> Result<NewRegistration> {
        let broken = |e: serde_json::Error| StoreError::Database(e.to_string());
        Ok(NewRegistration {
            id: self.registration.id.to_string(),
            document: serde_json::to_string(&self.registration).map_err(broken)?,
            expires_at: self.registration.expires_at(),
        })
    }
}

impl Registry {
    /// Reads it. Registrations that cannot be read, because somebody else wrote them, are logged and left aside.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(state: &AppState, tenant: TenantId) -> Result<Self> {
        let stored = state.store.registry(tenant).await?;
        let read = |entry: &RegistrationEntry| match Registered::read(entry) {
            Ok(registered) => Some(registered),
            Err(error) => {
                tracing::error!(%error, id = entry.id, "a registration cannot be read; nobody finds it");
                None
            }
        };
        Ok(Self { revision: stored.revision, all: stored.registrations.iter().filter_map(read).collect() })
    }

    /// The registration with this id, expired or not.
    pub fn get(&self, id: &str) -> Option<&Registered> {
        self.all.iter().find(|registered| registered.registration.id.as_str() == id)
    }
}
