//! A JSON array taken apart while it arrives, so that a large batch is never in memory twice.

use ngsild::Error;
use serde_json::Value;

use super::super::problem::{HttpError, Result};

/// Splits the bytes of a JSON array into its elements.
#[derive(Debug, Default)]
pub struct ArraySplitter {
    /// What belongs to the element under way.
    pending: Vec<u8>,
    place: Place,
    depth: usize,
    in_string: bool,
    escaped: bool,
    elements: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before `[`.
    #[default]
    Before,
    /// After `[`: an element or `]`.
    First,
    /// After a comma: an element.
    Next,
    /// Inside an element.
    Element,
    /// After `]`.
    After,
}

impl ArraySplitter {
    /// Takes more bytes, and gives every element that is complete.
    ///
    /// # Errors
    /// InvalidRequest when it is not JSON, BadRequestData when it is not an array.
    pub fn push(&mut self, bytes: &[u8], mut element: impl FnMut(Value) -> Result<()>) -> Result<()> {
        for &byte in bytes {
            match self.place {
                Place::Before if byte.is_ascii_whitespace() => {}
                Place::Before if byte == b'[' => self.place = Place::First,
                Place::Before => return Err(HttpError::bad_request("a batch is a JSON array")),
                Place::First | Place::Next if byte.is_ascii_whitespace() => {}
                Place::First if byte == b']' => self.place = Place::After,
                Place::First | Place::Next => {
                    self.place = Place::Element;
                    self.inside(byte, &mut element)?;
                }
                Place::Element => self.inside(byte, &mut element)?,
                Place::After if byte.is_ascii_whitespace() => {}
                Place::After => return Err(self.broken("something follows the array")),
            }
        }
        Ok(())
    }

    fn inside(&mut self, byte: u8, element: &mut impl FnMut(Value) -> Result<()>) -> Result<()> {
        if self.in_string {
            self.pending.push(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b',' | b']' if self.depth == 0 => {
                let value = self.complete()?;
                element(value)?;
                self.place = if byte == b',' { Place::Next } else { Place::After };
                return Ok(());
            }
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.checked_sub(1).ok_or_else(|| self.broken("too many brackets close"))?;
            }
            _ => {}
        }
        self.pending.push(byte);
        Ok(())
    }

    fn complete(&mut self) -> Result<Value> {
        let value = serde_json::from_slice(&self.pending).map_err(|e| self.broken(&e.to_string()))?;
        self.pending.clear();
        self.elements += 1;
        Ok(value)
    }

    /// Nothing more will come.
    ///
    /// # Errors
    /// InvalidRequest when the array is not complete.
    pub fn finish(&self) -> Result<()> {
        match self.place {
            Place::After => Ok(()),
            _ => Err(self.broken("the array does not end")),
        }
    }

    fn broken(&self, why: &str) -> HttpError {
        Error::invalid_request(format!("the body is not JSON: {why}")).at(format!("/{}", self.elements)).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &[u8], chunk: usize) -> Result<Vec<Value>> {
        let mut splitter = ArraySplitter::default();
        let mut values = Vec::new();
        for part in text.chunks(chunk.max(1)) {
            splitter.push(part, |value| {
                values.push(value);
                Ok(())
            })?;
        }
        splitter.finish()?;
        Ok(values)
    }

    #[test]
    fn broken_arrays_are_refused() {
        for text in
            ["", "{}", "5", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]]", "[1] x", "[{]", "[}]", "[\"a]", "[nul]"]
        {
            assert!(split(text.as_bytes(), 3).is_err(), "{text}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            "[\\[\\]{},\"\\\\a é]{0,6}".prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a\"\\\\{]{0,3}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_array_is_split_into_its_elements_however_it_arrives(
            values in prop::collection::vec(json(), 0..5), chunk in 1..9_usize, pretty in any::<bool>()
        ) {
            let array = Value::from(values.clone());
            let text = if pretty { serde_json::to_string_pretty(&array).unwrap() } else { array.to_string() };
            prop_assert_eq!(split(text.as_bytes(), chunk).unwrap(), values);
        }

        #[test]
        fn what_json_refuses_is_refused(text in "[\\[\\]{},:\"\\\\1a ]{0,12}", chunk in 1..5_usize) {
            let expected = serde_json::from_str::<Vec<Value>>(&text).ok();
            prop_assert_eq!(split(text.as_bytes(), chunk).ok(), expected);
        }
    }
}
