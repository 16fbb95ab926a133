//! Where the parts of a query come from.

use ngsild::Error;
use serde_json::{Map, Value};

use super::super::problem::Result;
use super::params::Params;

/// Values that come from a URL or from a body, under the same names.
pub(super) trait Source {
    /// Text: a string member, or a parameter.
    fn text(&self, name: &str) -> Result<Option<String>>;
    /// A list: an array of strings, or a parameter separated by commas.
    fn list(&self, name: &str) -> Result<Option<Vec<String>>>;
}

impl Source for Params {
    fn text(&self, name: &str) -> Result<Option<String>> {
        Ok(self.get(name).map(ToOwned::to_owned))
    }

    fn list(&self, name: &str) -> Result<Option<Vec<String>>> {
        Ok(self.get(name).map(|text| text.split(',').map(ToOwned::to_owned).collect()))
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
}
