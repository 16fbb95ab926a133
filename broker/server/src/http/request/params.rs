//! URL parameters (6.3.20).

use actix_web::HttpRequest;
use ngsild::Error;

use super::super::problem::Result;
use super::on_snapshot;

/// The parameters of a request, all of them known to the operation.
#[derive(Debug, Clone, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    /// Whether the request works on a snapshot.
    on_snapshot: bool,
}

impl Params {
    /// Reads the query string.
    ///
    /// # Errors
    /// InvalidRequest for a parameter that is not among `known`, or that is there twice.
    pub fn of(request: &HttpRequest, known: &[&str]) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            if name.is_empty() && value.is_empty() {
                continue;
            }
            if !known.contains(&&*name) {
                let known = known.join(", ");
                let known = if known.is_empty() { "none".to_owned() } else { known };
                return Err(Error::invalid_request(format!("unknown parameter '{name}'; known here: {known}")).into());
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(Error::invalid_request(format!("the parameter '{name}' is there twice")).into());
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self { pairs, on_snapshot: on_snapshot(request) })
    }

    /// The same without some.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.pairs.retain(|(name, _)| !names.contains(&name.as_str()));
        self
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A `true`/`false` parameter.
    ///
    /// # Errors
    /// InvalidRequest for other words.
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Error::invalid_request(format!("'{name}' is true or false")).at(name).into()),
        }
    }

    /// `local`: whether only data of this broker are asked. `None` when the request does not say; on a snapshot it is
    /// always so, whatever the request says (6.3.22).
    ///
    /// # Errors
    /// InvalidRequest for other words than true and false.
    pub fn local(&self) -> Result<Option<bool>> {
        Ok(self.flag("local")?.filter(|_| !self.on_snapshot).or(self.on_snapshot.then_some(true)))
    }

    /// A number that is not negative.
    ///
    /// # Errors
    /// BadRequestData for anything else.
    pub fn number(&self, name: &str) -> Result<Option<usize>> {
        let read = |text: &str| -> Result<usize> {
            text.parse()
                .map_err(|_| Error::bad_request(format!("'{name}' is a whole number, 0 or more")).at(name).into())
        };
        self.get(name).map(read).transpose()
    }

    /// All of them, in the order of the request.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}
