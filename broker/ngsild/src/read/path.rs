//! Where in a document something stands.

use std::fmt;

/// A JSON pointer (RFC 6901) under construction: a chain on the stack, written out only when an error needs it.
#[derive(Debug, Clone, Copy)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Root,
    Member(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The document itself.
    pub fn root() -> Self {
        Self { parent: None, step: Step::Root }
    }

    /// A member of the object at this place.
    pub fn member(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Member(name) }
    }

    /// An item of the array at this place.
    pub fn index(&'p self, at: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(at) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Member(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Index(at) => write!(f, "/{at}"),
        }
    }
}
