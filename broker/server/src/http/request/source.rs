//! Where the parts of a query come from.

use ngsild::Error;
use ngsild::query::ProjectionList;
use serde_json::{Map, Value};

use super::super::problem::Result;
use super::params::Params;

/// Values that come from a URL or from a body, under the same names.
pub(super) trait Source {
    /// Text: a string member, or a parameter.
    fn text(&self, name: &str) -> Result<Option<String>>;
    /// A list: an array of strings, or a parameter separated by commas.
    fn list(&self, name: &str) -> Result<Option<Vec<String>>>;
    /// A number that is not negative.
    fn number(&self, name: &str) -> Result<Option<usize>>;
    /// A projection list: an array of strings, or a parameter, in the grammar of 4.21.
    fn projection(&self, name: &'static str) -> Result<Option<ProjectionList>>;
}

/// The same error under the name of the parameter or member that holds the projection list.
pub(super) fn named(name: &'static str) -> impl Fn(Error) -> Error {
    move |e| Error { at: Some(e.at.map_or(name.to_owned(), |at| at.replacen("projection", name, 1))), ..e }
}

impl Source for Params {
    fn text(&self, name: &str) -> Result<Option<String>> {
        Ok(self.get(name).map(ToOwned::to_owned))
    }

    fn list(&self, name: &str) -> Result<Option<Vec<String>>> {
        Ok(self.get(name).map(|text| text.split(',').map(ToOwned::to_owned).collect()))
    }

    fn number(&self, name: &str) -> Result<Option<usize>> {
        Self::number(self, name)
    }

    fn projection(&self, name: &'static str) -> Result<Option<ProjectionList>> {
        Ok(self.get(name).map(|text| text.parse().map_err(named(name))).transpose()?)
    }
}

impl Source for Map<String, Value> {
    fn text(&self, name: &str) -> Result<Option<String>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Error::bad_request(format!("'{name}' is a string")).at(format!("/{name}")).into()),
        }
    }

    fn list(&self, name: &str) -> Result<Option<Vec<String>>> {
        let wrong = || Error::bad_request(format!("'{name}' is a non-empty array of strings")).at(format!("/{name}"));
        match self.get(name) {
            None => Ok(None),
            // The standard types some lists as one string in bodies (expandValues, jsonKeys).
            Some(Value::String(text)) => Ok(Some(text.split(',').map(ToOwned::to_owned).collect())),
            Some(Value::Array(items)) if !items.is_empty() => {
                let texts: Option<Vec<String>> =
                    items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect();
                Ok(Some(texts.ok_or_else(wrong)?))
            }
            Some(_) => Err(wrong().into()),
        }
    }
    fn number(&self, name: &str) -> Result<Option<usize>> {
        let wrong = || Error::bad_request(format!("'{name}' is a whole number, 0 or more")).at(format!("/{name}"));
        let read = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok()).ok_or_else(wrong);
        Ok(self.get(name).map(read).transpose()?)
    }

    fn projection(&self, name: &'static str) -> Result<Option<ProjectionList>> {
        let Some(names) = self.list(name)? else { return Ok(None) };
        Ok(Some(ProjectionList::from_names(names.iter().map(String::as_str)).map_err(named(name))?))
    }
}
