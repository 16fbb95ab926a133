//! The one gate for calls that leave this machine.
//!
//! Addresses that are not public are refused unless the operator allows them; names are resolved once, and the call
//! goes to the address that was checked. Size, time and redirects are bounded.

mod authorities;
mod connect;
mod download;
mod file_name;
mod headers;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::StatusCode;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use rustls::ClientConfig;

pub use authorities::{Authorities, AuthoritiesError};
pub use connect::Stream;
pub use download::{DownloadError, DownloadedFile, Fetched, Validators};
pub use headers::headers;

/// How long connecting, and how long a whole call, may take.
const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(15);
/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// What the operator allows.
#[derive(Debug, Clone, Copy, Default)]
pub struct EgressPolicy {
    /// No outgoing calls at all.
    pub offline: bool,
    /// Calls to loopback, private and other addresses that are not public.
    pub private: bool,
}

/// Why a call was not made, or brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The operator allows no outgoing calls.
    #[error("outgoing calls are switched off (--offline)")]
    Offline,
    /// The address is not public.
    #[error("{0} is not a public address; the operator can allow such with --allow-private-egress")]
    Private(String),
    /// Only http and https are called.
    #[error("{0} is not an http or https URL")]
    Scheme(String),
    /// The call failed.
    #[error("{0}")]
    Failed(String),
    /// The answer is not what it should be.
    #[error("{0}")]
    Content(String),
    /// The operator's certificates cannot be read.
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
}

/// What a call brought.
#[derive(Debug)]
pub struct Download {
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The gate.
#[derive(Debug, Clone)]
pub struct Egress {
    client: reqwest::Client,
    /// Follows no redirects: what is sent is meant for the receiver that was named.
    sender: reqwest::Client,
    authorities: Authorities,
    /// How other than web servers are made sure of, once it was needed.
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
    policy: EgressPolicy,
}

/// Resolves names and leaves only the addresses that may be called.
#[derive(Debug)]
struct CheckedResolver(EgressPolicy);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let allowed = connect::resolve(&host, 0, policy).await?;
            if allowed.is_empty() {
                return Err(Box::from(EgressError::Private(host).to_string()));
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Chooses the TLS library of this process.
pub fn install_tls() {
    // Another part of the process may have installed a provider already; either serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Egress {
    /// A gate with a policy, which believes the system's certificates and those of `authorities`.
    ///
    /// # Errors
    /// [`EgressError::Failed`] when the TLS library cannot be set up.
    pub fn new(policy: EgressPolicy, authorities: Authorities) -> Result<Self, EgressError> {
        install_tls();
        let certificates = authorities.of_web_client().map_err(|e| EgressError::Failed(describe(&e)))?;
        let check = Policy::custom(move |attempt| {
            if attempt.previous().len() >= REDIRECTS {
                attempt.error("too many redirects")
            } else if let Err(error) = check_url(attempt.url(), policy) {
                attempt.error(error.to_string())
            } else {
                attempt.follow()
            }
        });
        let client = |redirects: Policy| {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("hiroba/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT)
                .timeout(TOTAL)
                .redirect(redirects)
                .no_proxy()
                .tls_certs_merge(certificates.iter().cloned())
                .dns_resolver(Arc::new(CheckedResolver(policy)));
            builder.build().map_err(|e| EgressError::Failed(describe(&e)))
        };
        Ok(Self { client: client(check)?, sender: client(Policy::none())?, authorities, tls: Arc::default(), policy })
    }

    /// Fetches a document of at most `limit` bytes.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn get(&self, url: &str, accept: &str, limit: usize) -> Result<Download, EgressError> {
        let request = self.client.get(self.checked(url)?).header("accept", accept);
        let mut response = request.send().await.map_err(|e| EgressError::Failed(describe(&e)))?;
        if !response.status().is_success() {
            return Err(EgressError::Failed(format!("it answered {}", response.status())));
        }
        let headers = std::mem::take(response.headers_mut());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| EgressError::Failed(describe(&e)))? {
            body.extend_from_slice(&chunk);
            if body.len() > limit {
                return Err(EgressError::Content(format!("it is larger than {limit} bytes")));
            }
        }
        Ok(Download { headers, body: body.freeze() })
    }

    /// Sends a body by POST. Redirects are not followed, and the body of the answer is not read: its status. It fails when
    /// there is no answer within `patience`.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        patience: Duration,
    ) -> Result<StatusCode, EgressError> {
        let request = self.sender.post(self.checked(url)?).headers(headers).body(body).timeout(patience);
        let response = request.send().await.map_err(|e| EgressError::Failed(describe(&e)))?;
        Ok(response.status())
    }

    /// A URL that may be called.
    fn checked(&self, url: &str) -> Result<url::Url, EgressError> {
        if self.policy.offline {
            return Err(EgressError::Offline);
        }
        let url = url::Url::parse(url).map_err(|_| EgressError::Scheme(url.to_owned()))?;
        check_url(&url, self.policy)?;
        Ok(url)
    }
}

/// The innermost reason: "connection refused" says more than "error sending request".
fn describe(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

fn check_url(url: &url::Url, policy: EgressPolicy) -> Result<(), EgressError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(EgressError::Scheme(url.to_string()));
    }
    // Names are checked when they are resolved; literal addresses never are resolved.
    let literal = match url.host() {
        Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        _ => None,
    };
    match literal {
        Some(address) if !policy.private && !is_public(address) => Err(EgressError::Private(address.to_string())),
        _ => Ok(()),
    }
}

/// Whether an address belongs to the public internet (IANA's special-purpose registries, in short).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let protocol = a == 192 && b == 0 && address.octets()[2] == 0;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_unspecified()
        || address.is_multicast()
        || shared
        || benchmark
        || protocol
        || a == 0
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let unique_local = first & 0xfe00 == 0xfc00;
    let link_local = first & 0xffc0 == 0xfe80;
    let documentation = first == 0x2001 && second == 0xdb8;
    // 6to4 and NAT64 carry IPv4 addresses inside.
    let carries_v4 = first == 0x2002 || (first == 0x64 && second == 0xff9b);
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || unique_local
        || link_local
        || documentation
        || carries_v4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_called_by_default() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fc00::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "ff02::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "203.0.114.1", "2001:4860:4860::8888"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn refused_calls_say_why() {
        let get = async |policy: EgressPolicy, url: &str| {
            Egress::new(policy, Authorities::default()).unwrap().get(url, "*/*", 10).await.unwrap_err().to_string()
        };
        let closed = EgressPolicy::default();
        assert!(get(EgressPolicy { offline: true, private: true }, "http://example.org/").await.contains("--offline"));
        assert!(get(closed, "http://127.0.0.1/").await.contains("--allow-private-egress"));
        assert!(get(closed, "http://localhost/").await.contains("--allow-private-egress"));
        assert!(get(closed, "http://[::1]/").await.contains("--allow-private-egress"));
        assert!(get(closed, "file:///etc/passwd").await.contains("not an http"));
        assert!(get(closed, "nonsense").await.contains("not an http"));
    }

    #[tokio::test]
    async fn size_and_redirects_are_bounded() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let read = socket.read(&mut request).await.unwrap();
                let answer = if request[..read].starts_with(b"GET /loop") {
                    "HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n".to_owned()
                } else {
                    format!("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}", "x".repeat(100))
                };
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let egress = Egress::new(EgressPolicy { offline: false, private: true }, Authorities::default()).unwrap();
        assert_eq!(egress.get(&format!("http://{address}/"), "*/*", 100).await.unwrap().body.len(), 100);
        assert!(egress.get(&format!("http://{address}/"), "*/*", 99).await.is_err());
        assert!(egress.get(&format!("http://{address}/loop"), "*/*", 99).await.is_err());
    }
}
