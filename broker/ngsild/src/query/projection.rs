//! Projection (4.21): `pick`, `omit`, and the older `attrs`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hiroba_vocab::Iri;
use indexmap::IndexMap;

use super::cursor::Cursor;
use super::filter::check_depth;
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

impl ProjectionMember {
    /// Whether it names no attribute but `id`, `type`, `scope` or a member of the system's.
    pub fn is_word(&self) -> bool {
        WORDS.contains(&self.name.as_str())
    }
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

    /// Checks that the braces nest no deeper than linked entities are joined: `levels` levels, 0 without `join`.
    ///
    /// # Errors
    /// BadRequestData when they do.
    pub fn check_depth(&self, levels: usize) -> Result<()> {
        check_depth(self.depth(), levels)
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

/// What to show of an entity: `attrs`, then `pick`, then `omit`, with names expanded. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    attrs: Option<Arc<[Iri]>>,
    pick: Option<Arc<Members>>,
    omit: Option<Arc<Members>>,
}

/// Members of an entity by kind of name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Members {
    /// `id`, `type`, `scope`, and the system's `createdAt`, `modifiedAt`, `expiresAt`.
    words: Vec<&'static str>,
    attributes: IndexMap<Iri, Listed>,
}

/// How an attribute is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Listed {
    /// By its name alone.
    itself: bool,
    /// With braces: members of the entities that it leads to.
    linked: Option<Arc<Members>>,
}

const WORDS: [&str; 6] = ["id", "type", "scope", "createdAt", "modifiedAt", "expiresAt"];

impl Members {
    fn resolve(list: &ProjectionList, context: &Context, parameter: &'static str) -> Result<Arc<Self>> {
        let mut members = Self::default();
        members.add(list, context, parameter)?;
        Ok(Arc::new(members))
    }

    fn add(&mut self, list: &ProjectionList, context: &Context, parameter: &'static str) -> Result<()> {
        for ProjectionMember { name, linked } in &list.0 {
            match (WORDS.iter().find(|word| **word == name.as_str()), linked) {
                (Some(word), None) => self.words.push(word),
                (Some(word), Some(_)) => {
                    return Err(Error::bad_request(format!("'{word}' is no relationship")).at(parameter));
                }
                (None, linked) => {
                    let name = context.expand_name(name).map_err(|e| e.at(parameter))?;
                    let listed = self.attributes.entry(name).or_default();
                    match linked {
                        None => listed.itself = true,
                        Some(list) => {
                            let inside = listed.linked.get_or_insert_default();
                            Arc::make_mut(inside).add(list, context, parameter)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn has_word(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// What is listed of the entities that an attribute leads to: what stands in its braces, else the same.
    fn linked(self: &Arc<Self>, name: &Iri) -> Arc<Self> {
        let inside = self.attributes.get(name).and_then(|listed| listed.linked.as_ref());
        Arc::clone(inside.unwrap_or(self))
    }

    /// A name that is picked here and omitted there.
    fn contradicted_by(&self, omit: &Self) -> Option<String> {
        let word = self.words.iter().find(|word| omit.has_word(word)).map(|word| (*word).to_owned());
        word.or_else(|| {
            self.attributes.iter().find_map(|(name, picked)| {
                let omitted = omit.attributes.get(name)?;
                match (&picked.linked, &omitted.linked) {
                    _ if omitted.itself => Some(name.to_string()),
                    (Some(picked), Some(omitted)) => picked.contradicted_by(omitted),
                    _ => None,
                }
            })
        })
    }
}

impl Projection {
    /// Shows everything.
    pub const EVERYTHING: Self = Self { attrs: None, pick: None, omit: None };

    /// Expands the names of the three parameters.
    ///
    /// # Errors
    /// BadRequestData for illegal names, for `id`, `type`, `scope` or braces in `attrs`, and for a name both picked and
    /// omitted.
    pub fn resolve(
        attrs: Option<&ProjectionList>,
        pick: Option<&ProjectionList>,
        omit: Option<&ProjectionList>,
        context: &Context,
    ) -> Result<Self> {
        let resolve = |list: Option<&ProjectionList>, parameter| {
            list.map(|list| Members::resolve(list, context, parameter)).transpose()
        };
        let (attrs, pick, omit) = (resolve(attrs, "attrs")?, resolve(pick, "pick")?, resolve(omit, "omit")?);
        if let Some(word) = attrs.as_ref().and_then(|attrs| attrs.words.first()) {
            return Err(Error::bad_request(format!("'{word}' is not an attribute; use pick")).at("attrs"));
        }
        if attrs.as_ref().is_some_and(|attrs| attrs.attributes.values().any(|listed| listed.linked.is_some())) {
            return Err(Error::bad_request("members of linked entities are listed in pick").at("attrs"));
        }
        if let (Some(pick), Some(omit)) = (&pick, &omit)
            && let Some(name) = pick.contradicted_by(omit)
        {
            return Err(Error::bad_request(format!("'{name}' is both picked and omitted")).at("omit"));
        }
        Ok(Self { attrs: attrs.map(|attrs| attrs.attributes.keys().cloned().collect()), pick, omit })
    }

    /// What to show of the entities that an attribute leads to. `pick` and `omit` hold for every entity of an answer;
    /// where they give the attribute braces, what is in the braces holds instead.
    #[must_use]
    pub fn linked(&self, name: &Iri) -> Self {
        let inside = |members: &Option<Arc<Members>>| members.as_ref().map(|members| members.linked(name));
        Self { attrs: self.attrs.clone(), pick: inside(&self.pick), omit: inside(&self.omit) }
    }

    /// The attributes that `attrs` names: an entity must have at least one of them.
    pub fn attrs(&self) -> &[Iri] {
        self.attrs.as_deref().unwrap_or(&[])
    }

    /// The attributes that are asked for by their names, in `attrs` or `pick`.
    pub fn asked(&self) -> impl Iterator<Item = &Iri> {
        self.attrs().iter().chain(self.pick.iter().flat_map(|pick| pick.attributes.keys()))
    }

    /// Whether an attribute is asked for by its name.
    pub fn names_attribute(&self, name: &Iri) -> bool {
        self.attrs().contains(name) || self.pick.as_ref().is_some_and(|pick| pick.attributes.contains_key(name))
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

    /// Whether `pick` chooses neither attributes nor the scope, but `id` or `type` alone.
    pub fn picks_no_series(&self) -> bool {
        self.pick.as_ref().is_some_and(|pick| pick.attributes.is_empty() && !pick.has_word("scope"))
    }

    /// Whether an attribute counts where an entity must have something in an interval to be in a temporal answer
    /// (5.7.4.4): those that are shown do, or all of them when `pick` chooses none.
    pub fn concerns_attribute(&self, name: &Iri) -> bool {
        self.shows_attribute(name) || (self.picks_no_series() && !self.omits(name))
    }

    fn omits(&self, name: &Iri) -> bool {
        self.omit.as_ref().and_then(|omit| omit.attributes.get(name)).is_some_and(|listed| listed.itself)
    }

    /// Whether an attribute is shown. Braces pick the attribute as well, but do not omit it.
    pub fn shows_attribute(&self, name: &Iri) -> bool {
        self.attrs.as_ref().is_none_or(|attrs| attrs.contains(name))
            && self.pick.as_ref().is_none_or(|pick| pick.attributes.contains_key(name))
            && !self.omits(name)
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
    #[test]
    fn braces_say_what_is_shown_of_linked_entities() {
        let context = Context::core();
        let list = |text: &str| Some(text.parse::<ProjectionList>().unwrap());
        let iri = |name: &str| context.expand(name).unwrap();
        let resolve = |pick: &str, omit: &str| {
            let lists = [pick, omit].map(|text| if text.is_empty() { None } else { list(text) });
            Projection::resolve(None, lists[0].as_ref(), lists[1].as_ref(), &context)
        };
        for (pick, omit, way, shown) in [
            ("a,r{b,s{c}}", "", "", "a r"),
            ("a,r{b,s{c}}", "", "r", "b s"),
            ("a,r{b,s{c}}", "", "r s", "c"),
            ("a,r{b,s{c}}", "", "r r", "b s"),
            ("a,r", "", "r", "a r"),
            ("r{a},r{b},r", "", "r", "a b"),
            ("", "a,r{b}", "", "b c r s"),
            ("", "a,r{b}", "r", "a c r s"),
            ("", "a,r{b}", "s", "b c r s"),
            ("a,b,r{a}", "r{b}", "r", "a"),
            ("a,b,r", "r{b}", "r", "a r"),
        ] {
            let names = way.split_whitespace();
            let projection = names.fold(resolve(pick, omit).unwrap(), |outer, name| outer.linked(&iri(name)));
            let all = ["a", "b", "c", "r", "s"].into_iter().filter(|name| projection.shows_attribute(&iri(name)));
            assert_eq!(all.collect::<Vec<_>>().join(" "), shown, "pick={pick} omit={omit} at {way}");
        }
        assert!(resolve("r{a}", "r{a}").is_err() && resolve("r{a}", "r").is_err() && resolve("id{a}", "").is_err());
        assert!(resolve("r", "r{a}").is_ok() && resolve("r{a}", "r{b}").is_ok());
        assert!(Projection::resolve(list("r{a}").as_ref(), None, None, &context).is_err());
    }
}
