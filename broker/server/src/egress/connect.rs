//! Connections to other than web servers: a host, a port, TLS or not.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{CONNECT, Egress, EgressError, EgressPolicy, is_public};

/// A connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Egress {
    /// Connects to a host, in the form of a URL (an IPv6 address without brackets), and speaks TLS with it if that is
    /// wished: then its certificate is one for this very name or address.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn connect(&self, host: &str, port: u16, tls: bool) -> Result<Box<dyn Stream>, EgressError> {
        if self.policy.offline {
            return Err(EgressError::Offline);
        }
        let stream = timeout(CONNECT, tcp(host, port, self.policy)).await;
        let stream =
            stream.map_err(|_| EgressError::Failed(format!("{host}:{port} cannot be reached: no answer")))??;
        if !tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| EgressError::Failed(format!("{host} is no name for a certificate")))?;
        let connector = TlsConnector::from(self.client_config()?);
        let failed = |why: String| EgressError::Failed(format!("no TLS connection with {host}:{port}: {why}"));
        let stream = timeout(CONNECT, connector.connect(name, stream)).await;
        let stream = stream.map_err(|_| failed("no answer".to_owned()))?.map_err(|e| failed(e.to_string()))?;
        Ok(Box::new(stream))
    }

    fn client_config(&self) -> Result<Arc<ClientConfig>, EgressError> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let config = self.authorities.client_config().map_err(EgressError::Failed)?;
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }
}

async fn tcp(host: &str, port: u16, policy: EgressPolicy) -> Result<TcpStream, EgressError> {
    let unreachable = |e: io::Error| EgressError::Failed(format!("{host}:{port} cannot be reached: {e}"));
    // Those that were checked are those that are connected to.
    let addresses = resolve(host, port, policy).await.map_err(unreachable)?;
    if addresses.is_empty() {
        return Err(EgressError::Private(host.to_owned()));
    }
    let stream = TcpStream::connect(addresses.as_slice()).await.map_err(unreachable)?;
    // Small messages are not held back for others.
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

/// The addresses of a host that may be called.
pub(super) async fn resolve(host: &str, port: u16, policy: EgressPolicy) -> io::Result<Vec<SocketAddr>> {
    let found = tokio::net::lookup_host((host, port)).await?;
    Ok(found.filter(|address| policy.private || is_public(address.ip())).collect())
}
