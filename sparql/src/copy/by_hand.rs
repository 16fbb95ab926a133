//! Changes that do not come from the broker: maintenance.

use oxigraph::store::{StorageError, Transaction};

use super::{Copy, state};

impl Copy {
    /// Changes the quads in one transaction, which takes the copy's state away: the copy is no longer what the broker's
    /// log says, so the next ordinary start makes a new one.
    ///
    /// # Errors
    /// What `change` says, or the database: then nothing happened.
    pub fn change_by_hand<E: From<StorageError>>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut transaction = self.store()?.start_transaction()?;
        state::forget(&mut transaction)?;
        change(&mut transaction)?;
        Ok(transaction.commit()?)
    }
}
