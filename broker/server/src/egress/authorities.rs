//! Whose certificates are believed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls_platform_verifier::Verifier;

/// Certificates of authorities that are believed besides those that the system believes.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// Why a file holds no certificates of authorities.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// It cannot be read, or is no PEM.
    #[error("cannot read certificates from {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: pem::Error,
    },
    /// There is none in it.
    #[error("there is no certificate in {}: it should hold some between BEGIN CERTIFICATE and END CERTIFICATE", .0.display())]
    Empty(PathBuf),
}

impl Authorities {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// [`AuthoritiesError`].
    pub fn read(path: &Path) -> Result<Self, AuthoritiesError> {
        let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        match certificates {
            Ok(certificates) if certificates.is_empty() => Err(AuthoritiesError::Empty(path.to_owned())),
            Ok(certificates) => Ok(Self(certificates)),
            Err(error) => Err(AuthoritiesError::Unreadable { path: path.to_owned(), error }),
        }
    }

    /// In the form of the web client.
    pub(super) fn of_web_client(&self) -> Result<Vec<reqwest::Certificate>, reqwest::Error> {
        self.0.iter().map(|certificate| reqwest::Certificate::from_der(certificate)).collect()
    }

    /// How clients make sure that a server is who it says.
    ///
    /// # Errors
    /// A sentence when neither the system nor the operator has certificates that can be used.
    pub(super) fn client_config(&self) -> Result<Arc<ClientConfig>, String> {
        let provider = Arc::new(ring::default_provider());
        let wrong = |e: rustls::Error| format!("TLS cannot be set up: {e}");
        let verifier = Verifier::new_with_extra_roots(self.0.iter().cloned(), Arc::clone(&provider)).map_err(wrong)?;
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(wrong)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        Ok(Arc::new(config.with_no_client_auth()))
    }
}
