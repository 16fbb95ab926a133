//! Projection (4.21): `pick`, `omit`, and the older `attrs`.

use std::fmt;
use std::str::FromStr;

use hiroba_vocab::Iri;

use super::cursor::Cursor;
use crate::error::{Error, Result};
use crate::jsonld::Context;

/// How deep braces may nest, and how many names a list may have.
const MAX_DEPTH: usize = 16;
const MAX_NAMES: usize = 1_000;

/// A projection list with names as written: `a,b{c,d}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionList(pub Vec<ProjectionMember>);

/// One name of a projection list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionMember {
    /// The name as written.
    pub name: String,
    /// What to select of the linked entity: `name{…}`.
    pub linked: Option<ProjectionList>,
}

impl ProjectionList {
    /// A list from names that came one by one, as in a JSON array; each may have braces.
    ///
    /// # Errors
    /// BadRequestData for bad syntax or an empty list.
    pub fn from_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self> {
        let mut members = Vec::new();
        for name in names {
            members.extend(name.parse::<Self>()?.0);
        }
        if members.is_empty() {
            Err(Error::bad_request("a projection needs at least one name"))
        } else {
            Ok(Self(members))
        }
    }

    /// How deep the braces nest: 0 without braces.
    pub fn depth(&self) -> usize {
        self.0.iter().filter_map(|member| member.linked.as_ref()).map(|linked| 1 + linked.depth()).max().unwrap_or(0)
    }
}

impl FromStr for ProjectionList {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut cursor = Cursor::new("projection", text);
        let mut count = 0;
        let list = list(&mut cursor, 0, &mut count)?;
        cursor.finish("expected ',' or the end")?;
        Ok(list)
    }
}

fn list(cursor: &mut Cursor<'_>, depth: usize, count: &mut usize) -> Result<ProjectionList> {
    let mut members = Vec::new();
    loop {
        let name = cursor.take_while(|c| !matches!(c, ',' | '|' | '{' | '}' | ' ' | '"'));
        *count += 1;
        if name.is_empty() {
            return Err(cursor.error("expected a name"));
        }
        if *count > MAX_NAMES || depth > MAX_DEPTH {
            return Err(cursor.error("the projection is too large"));
        }
        let linked = if cursor.take("{") {
            let inner = list(cursor, depth + 1, count)?;
            cursor.expect("}")?;
            Some(inner)
        } else {
            None
        };
        members.push(ProjectionMember { name: name.to_owned(), linked });
        if !cursor.take(",") && !cursor.take("|") {
            return Ok(ProjectionList(members));
        }
    }
}

impl fmt::Display for ProjectionList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, member) in self.0.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { "," } else { "" }, member.name)?;
            if let Some(linked) = &member.linked {
                write!(f, "{{{linked}}}")?;
            }
        }
        Ok(())
    }
}

/// What to show of an entity: `attrs`, then `pick`, then `omit`, with names expanded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    attrs: Option<Members>,
    pick: Option<Members>,
    omit: Option<Members>,
}

/// Members of an entity by kind of name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Members {
    /// `id`, `type`, `scope`, and the system's `createdAt`, `modifiedAt`, `expiresAt`.
    words: Vec<&'static str>,
    attributes: Vec<Iri>,
}

const WORDS: [&str; 6] = ["id", "type", "scope", "createdAt", "modifiedAt", "expiresAt"];

impl Members {
    fn resolve(list: &ProjectionList, context: &Context, parameter: &'static str) -> Result<Self> {
        let mut members = Self::default();
        for member in &list.0 {
            match WORDS.iter().find(|word| **word == member.name) {
                Some(word) => members.words.push(word),
                None => members.attributes.push(context.expand_name(&member.name).map_err(|e| e.at(parameter))?),
            }
        }
        Ok(members)
    }

    fn has_word(&self, word: &str) -> bool {
        self.words.contains(&word)
    }
}

impl Projection {
    /// Shows everything.
    pub const EVERYTHING: Self = Self { attrs: None, pick: None, omit: None };

    /// Expands the names of the three parameters.
    ///
    /// # Errors
    /// BadRequestData for illegal names, for `id`, `type` or `scope` in `attrs`, and for a name both picked and omitted.
    pub fn resolve(
        attrs: Option<&ProjectionList>,
        pick: Option<&ProjectionList>,
        omit: Option<&ProjectionList>,
        context: &Context,
    ) -> Result<Self> {
        let resolve = |list: Option<&ProjectionList>, parameter| {
            list.map(|list| Members::resolve(list, context, parameter)).transpose()
        };
        let projection =
            Self { attrs: resolve(attrs, "attrs")?, pick: resolve(pick, "pick")?, omit: resolve(omit, "omit")? };
        if let Some(word) = projection.attrs.as_ref().and_then(|attrs| attrs.words.first()) {
            return Err(Error::bad_request(format!("'{word}' is not an attribute; use pick")).at("attrs"));
        }
        if let (Some(pick), Some(omit)) = (&projection.pick, &projection.omit) {
            let word = pick.words.iter().find(|word| omit.has_word(word)).map(|word| (*word).to_owned());
            let both = word.or_else(|| {
                pick.attributes.iter().find(|name| omit.attributes.contains(name)).map(ToString::to_string)
            });
            if let Some(name) = both {
                return Err(Error::bad_request(format!("'{name}' is both picked and omitted")).at("omit"));
            }
        }
        Ok(projection)
    }

    /// The attributes that `attrs` names: an entity must have at least one of them.
    pub fn attrs(&self) -> &[Iri] {
        self.attrs.as_ref().map_or(&[], |attrs| &attrs.attributes)
    }

    /// Whether an attribute is asked for by its name.
    pub fn names_attribute(&self, name: &Iri) -> bool {
        [&self.attrs, &self.pick].into_iter().flatten().any(|members| members.attributes.contains(name))
    }

    /// Whether everything is shown.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    fn shows_word(&self, word: &str) -> bool {
        self.pick.as_ref().is_none_or(|pick| pick.has_word(word))
            && self.omit.as_ref().is_none_or(|omit| !omit.has_word(word))
    }

    /// Whether `id` is shown.
    pub fn shows_id(&self) -> bool {
        self.shows_word("id")
    }

    /// Whether `type` is shown.
    pub fn shows_type(&self) -> bool {
        self.shows_word("type")
    }

    /// Whether `scope` is shown. `attrs` leaves only attributes, id and type.
    pub fn shows_scope(&self) -> bool {
        self.attrs.is_none() && self.shows_word("scope")
    }

    /// Whether a system member of the entity is shown, when such are asked for.
    pub fn shows_system(&self, word: &str) -> bool {
        self.shows_word(word)
    }

    /// Whether an attribute is shown.
    pub fn shows_attribute(&self, name: &Iri) -> bool {
        let lists = |members: &Option<Members>| members.as_ref().map(|members| members.attributes.contains(name));
        lists(&self.attrs).unwrap_or(true) && lists(&self.pick).unwrap_or(true) && !lists(&self.omit).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written() {
        for (text, written, depth) in [
            ("a", "a", 0),
            ("a,b|c", "a,b,c", 0),
            ("a{b,c{d}},e", "a{b,c{d}},e", 2),
            ("https://example.org/x,ex:y", "https://example.org/x,ex:y", 0),
        ] {
            let list: ProjectionList = text.parse().unwrap();
            assert_eq!((list.to_string().as_str(), list.depth()), (written, depth));
            assert_eq!(list.to_string().parse::<ProjectionList>().unwrap(), list);
        }
        for text in ["", ",", "a,", "a{}", "a{b", "a}b", "a b"] {
            assert!(text.parse::<ProjectionList>().is_err(), "{text}");
        }
        let deep = "a{".repeat(5_000);
        assert!(deep.parse::<ProjectionList>().is_err());
    }

    #[test]
    fn what_is_picked_and_not_omitted_is_shown() {
        let context = Context::core();
        let list = |text: &str| Some(text.parse::<ProjectionList>().unwrap());
        let iri = |name: &str| context.expand(name).unwrap();
        let projection = Projection::resolve(None, list("id,a,b").as_ref(), list("type,c").as_ref(), &context).unwrap();
        assert!(projection.shows_id() && !projection.shows_type() && !projection.shows_scope());
        assert!(projection.shows_attribute(&iri("a")) && !projection.shows_attribute(&iri("c")));
        assert!(Projection::resolve(None, list("a").as_ref(), list("a").as_ref(), &context).is_err());
        assert!(Projection::resolve(list("type").as_ref(), None, None, &context).is_err());
    }
}
