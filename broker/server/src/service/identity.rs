//! Who this source is among others (5.15).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hiroba_vocab::Tenant;
use ngsild::DateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::now;
use crate::state::AppState;

/// A name that can stand in a `Via` header: a token as RFC 7230 has it (3.2.6), of at most 100 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias(String);

/// Text that is no [`Alias`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an alias has 1 to 100 letters, digits, or any of !#$%&'*+-.^_`|~")]
pub struct AliasError;

/// What a token cannot hold, and `%`, which encodes it.
const NO_TOKEN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'*')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

impl Alias {
    /// The alias of one tenant: each tenant is a source of its own. Names that are no tokens are percent-encoded.
    fn of_tenant(&self, tenant: &Tenant) -> Self {
        if tenant.is_default() {
            return self.clone();
        }
        Self(format!("{self}-{}", utf8_percent_encode(tenant.as_str(), NO_TOKEN)))
    }
}

impl FromStr for Alias {
    type Err = AliasError;

    fn from_str(text: &str) -> Result<Self, AliasError> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let legal = (1..=100).contains(&text.len()) && text.bytes().all(legal);
        if legal { Ok(Self(text.to_owned())) } else { Err(AliasError) }
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// ContextSourceIdentity (5.2.40).
#[derive(Debug)]
pub struct SourceIdentity {
    /// `contextSourceAlias`: unique per source and tenant.
    pub alias: Alias,
    /// `contextSourceUptime`: how long this process has been running, in whole seconds.
    pub uptime: Duration,
    /// `contextSourceTimeAt`: what its clock says.
    pub at: DateTime,
}

/// The alias of a tenant of this source: what the operator says, or else a name that no other database has.
pub fn alias(state: &AppState, tenant: &Tenant) -> Alias {
    let given = state.config.alias.clone();
    given.unwrap_or_else(|| Alias(format!("hiroba-{}", state.store.installation()))).of_tenant(tenant)
}

/// Retrieve Context Source Identity (5.15.1).
pub fn source_identity(state: &AppState, tenant: &Tenant) -> SourceIdentity {
    let uptime = Duration::from_secs(state.started.elapsed().as_secs());
    SourceIdentity { alias: alias(state, tenant), uptime, at: now() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_a_token_and_every_tenant_has_its_own() {
        for text in ["a", "city.example-1", "!#$%&'*+-.^_`|~", &"x".repeat(100)] {
            assert_eq!(text.parse::<Alias>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "a:1", "a/b", "街", "a,b", &"x".repeat(101)] {
            assert_eq!(text.parse::<Alias>(), Err(AliasError), "{text}");
        }
        let alias: Alias = "city".parse().unwrap();
        let of = |tenant: &str| alias.of_tenant(&Tenant::parse(tenant).unwrap()).to_string();
        assert_eq!(alias.of_tenant(&Tenant::default_tenant()).to_string(), "city");
        assert_eq!(of("town_1"), "city-town_1");
        assert_eq!((of("a/b"), of("a%2Fb")), ("city-a%2Fb".to_owned(), "city-a%252Fb".to_owned()));
    }
}
