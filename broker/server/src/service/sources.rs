//! Files at addresses: fetched when they have changed, and published as versions of their data sets.

use hiroba_importers::{Input, Options};
use hiroba_store::{Delivered, Delivery, SourceKey, Store, StoreError, TenantId, VersionState};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::datasets::{Failure, Gone, Imported, ImportedFile, Progress, publish_import};
use super::{ServiceError, now};
use crate::egress::{DownloadError, Egress, Fetched, Validators};

/// A file at an address, and how it is read.
#[derive(Debug, Clone)]
pub struct Source {
    url: Url,
    options: Options,
    gone: Gone,
}

/// When a file is read that was published before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reread {
    /// In any case.
    Always,
    /// When it has changed, or one of its data sets has since it was published: then reading it may change something.
    IfAnythingChanged,
    /// When it has changed. So what somebody has taken back does not come again by itself.
    IfFileChanged,
}

/// Why an address is none of a file that can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Only http and https are fetched.
    #[error("it is not the address of a file on the web: http://… or https://…")]
    Scheme,
    /// The address is published as the source of the data.
    #[error(
        "the address holds a user name or password, and it would be published. Use an address that is open to everybody"
    )]
    Secret,
}

/// What became of a file at an address.
#[derive(Debug)]
pub enum Publication {
    /// It is the one that was imported before; nothing was read. Its tables became these versions then.
    NotModified(Vec<Delivered>),
    /// It was read.
    Imported(ImportedFile),
}

/// Why a file at an address was not published.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be fetched.
    #[error("{url}: {error}")]
    Download {
        /// The address.
        url: Url,
        /// Why.
        error: DownloadError,
    },
    /// It was fetched, and cannot be published.
    #[error("{url}: {failure}")]
    File {
        /// The address.
        url: Url,
        /// Why.
        failure: Failure<ServiceError>,
    },
    /// What is known of the address cannot be read or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a text is meant as the address of a file on the web.
pub fn is_address(text: &str) -> bool {
    let starts = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("http://") || starts("https://")
}

impl Source {
    /// A file at an address. Unless the options name a source, it is the address.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn new(mut url: Url, mut options: Options, gone: Gone) -> Result<Self, AddressError> {
        if !is_address(url.as_str()) || !url.has_host() {
            return Err(AddressError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Secret);
        }
        url.set_fragment(None);
        options.source.get_or_insert_with(|| url.to_string());
        Ok(Self { url, options, gone })
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The options for an import that begins now.
    pub fn options(&self) -> Options {
        Options { now: now(), ..self.options.clone() }
    }

    /// Under what the database knows it. Several tables of one workbook are several sources.
    pub fn key(&self) -> SourceKey {
        let part = match (&self.options.dataset, &self.options.sheet) {
            (None, None) => String::new(),
            (dataset, sheet) => json!({"dataset": dataset, "sheet": sheet}).to_string(),
        };
        SourceKey { url: self.url.to_string(), part }
    }

    /// A digest of everything but the file that decides about what is published. A newer program may read more in a file.
    fn settings(&self) -> String {
        let Options {
            now: _,
            dataset,
            mapping,
            mappings,
            sheet,
            municipality,
            publisher,
            licence,
            source,
            issued,
            modified,
        } = &self.options;
        let municipality = municipality.map(|code| code.to_string());
        let settings = json!([
            env!("CARGO_PKG_VERSION"),
            dataset,
            sheet,
            municipality,
            publisher,
            licence,
            source,
            issued,
            modified,
            mapping.as_ref().map(|mapping| format!("{mapping:?}")),
            mappings,
            self.gone
        ]);
        Sha256::digest(settings.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The file that was imported last, where it need not be read again if it is still the same.
    async fn delivered(&self, store: &Store, tenant: TenantId, reread: Reread) -> Result<Option<Delivery>, StoreError> {
        let entry = if reread == Reread::Always { None } else { store.source(tenant, &self.key()).await? };
        let delivery = entry.and_then(|entry| entry.delivery).filter(|delivery| delivery.settings == self.settings());
        let Some(delivery) = delivery else { return Ok(None) };
        if reread == Reread::IfAnythingChanged {
            for Delivered { dataset, version } in &delivery.versions {
                let latest = store.dataset_versions(tenant, dataset, i64::MAX, 1).await?.pop();
                let in_effect =
                    latest.is_some_and(|latest| latest.number == *version && latest.state == VersionState::Published);
                if !in_effect {
                    return Ok(None);
                }
            }
        }
        Ok(Some(delivery))
    }
}

/// Fetches a file if it has changed since it was published last, and publishes it.
///
/// # Errors
/// [`SourceError`].
pub async fn publish(
    store: &Store,
    egress: &Egress,
    tenant: TenantId,
    source: &Source,
    reread: Reread,
    progress: Progress,
) -> Result<Publication, SourceError> {
    let delivered = source.delivered(store, tenant, reread).await?;
    let known = delivered.as_ref().and_then(|delivery| {
        let (etag, last_modified) = (delivery.etag.clone(), delivery.last_modified.clone());
        (etag.is_some() || last_modified.is_some()).then_some(Validators { etag, last_modified })
    });
    let download = |error| SourceError::Download { url: source.url.clone(), error };
    let fetched = egress.download(source.url.as_str(), known.as_ref()).await.map_err(download)?;
    let file = match (fetched, delivered) {
        (Fetched::File(file), Some(delivery)) if file.sha256 == delivery.sha256 => {
            // Its server does not tell what has changed, or touched the file: what it says now is what it is asked next.
            let Validators { etag, last_modified } = file.validators;
            let delivery = Delivery { etag, last_modified, ..delivery };
            return not_modified(store, tenant, source, delivery).await;
        }
        (Fetched::NotModified, Some(delivery)) => return not_modified(store, tenant, source, delivery).await,
        (Fetched::NotModified, None) => {
            return Err(download(DownloadError::Status { status: reqwest::StatusCode::NOT_MODIFIED }));
        }
        (Fetched::File(file), _) => file,
    };
    let input = Input::Path(file.path.clone());
    let imported = publish_import(store, tenant, input, source.options(), source.gone, progress).await;
    let mut imported = imported.map_err(|failure| SourceError::File { url: source.url.clone(), failure })?;
    // The file is known only when every table of it is: what is not known to be published must be read again.
    if let Some(versions) = imported.tables.iter().map(delivered_as).collect() {
        let (Validators { etag, last_modified }, sha256) = (file.validators.clone(), file.sha256.clone());
        let delivery = Delivery { etag, last_modified, sha256, settings: source.settings(), versions };
        store.source_succeeded(tenant, &source.key(), now(), &delivery).await?;
    }
    imported.fetched = Some(file);
    Ok(Publication::Imported(imported))
}

fn delivered_as(table: &Imported) -> Option<Delivered> {
    let (dataset, version) = table.version.number()?;
    Some(Delivered { dataset: dataset.clone(), version })
}

async fn not_modified(
    store: &Store,
    tenant: TenantId,
    source: &Source,
    delivery: Delivery,
) -> Result<Publication, SourceError> {
    store.source_succeeded(tenant, &source.key(), now(), &delivery).await?;
    Ok(Publication::NotModified(delivery.versions))
}
