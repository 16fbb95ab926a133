//! The local governments of Japan: `data/municipalities.csv`, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::normalise::code::LocalGovernmentCode;
use crate::normalise::coordinate::Point;

/// A prefecture, a municipality or a ward of a designated city.
#[derive(Debug, Clone)]
pub struct Municipality {
    /// Its code.
    pub code: LocalGovernmentCode,
    /// Its name; a ward's includes its city: 札幌市中央区. Without prefecture and district (郡).
    pub name: &'static str,
    /// Where its main office stands, to about a kilometre. Prefectures have none.
    pub office: Option<Point>,
}

/// All of them, by code and by name.
#[derive(Debug, Default)]
pub struct Municipalities {
    list: Vec<Municipality>,
    // Asked several times for each address: the hash is a quick one.
    by_code: HashMap<LocalGovernmentCode, usize, ahash::RandomState>,
    by_name: HashMap<&'static str, Vec<usize>, ahash::RandomState>,
    /// How many bytes the longest name has.
    longest: usize,
}

impl Municipalities {
    /// The list.
    pub fn all() -> &'static Self {
        static ALL: LazyLock<Municipalities> =
            LazyLock::new(|| Municipalities::read(include_str!("../data/municipalities.csv")));
        &ALL
    }

    /// Lines that are no record are left out; a test counts the rest.
    fn read(text: &'static str) -> Self {
        let mut all = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(',');
            let (Some(code), Some(name)) = (fields.next().and_then(LocalGovernmentCode::parse), fields.next()) else {
                continue;
            };
            let mut degrees = || fields.next().and_then(|field| field.parse().ok());
            let office = degrees().zip(degrees()).map(|(latitude, longitude)| Point { longitude, latitude });
            all.by_code.insert(code, all.list.len());
            all.by_name.entry(name).or_default().push(all.list.len());
            all.longest = all.longest.max(name.len());
            all.list.push(Municipality { code, name, office });
        }
        all
    }

    /// The body with that code.
    pub fn get(&self, code: LocalGovernmentCode) -> Option<&Municipality> {
        self.by_code.get(&code).and_then(|at| self.list.get(*at))
    }

    /// The bodies with exactly that name.
    pub fn named<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s Municipality> + use<'s> {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default().iter().filter_map(|at| self.list.get(*at))
    }

    /// The bodies that share the longest name with which `text` begins, prefectures left aside, and the rest of the
    /// text. `wanted` says which bodies count.
    pub fn starting<'s, 't>(
        &'s self,
        text: &'t str,
        wanted: impl Fn(&Municipality) -> bool,
    ) -> Option<(&'s Municipality, &'t str)> {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= self.longest);
        let mut found = None;
        for end in ends {
            let mut bodies = self.named(&text[..end]).filter(|body| !body.code.is_prefecture() && wanted(body));
            if let Some(body) = bodies.next() {
                // A name that several of the wanted bodies bear decides nothing.
                found = if bodies.next().is_none() { Some((body, &text[end..])) } else { found };
            }
        }
        found
    }

    /// The prefecture with whose name `text` begins, and the rest.
    pub fn prefecture<'s, 't>(&'s self, text: &'t str) -> Option<(&'s Municipality, &'t str)> {
        self.prefectures().find_map(|body| text.strip_prefix(body.name).map(|rest| (body, rest)))
    }

    /// Whether a ward's name alone says which one it is: 札幌市中央区 and 台東区 do; 中央区 is in many cities.
    pub fn is_unmistakable(&self, ward: &Municipality) -> bool {
        ward.name.contains('市')
            || !self.list.iter().any(|body| body.name.len() > ward.name.len() && body.name.ends_with(ward.name))
    }

    /// The 47 prefectures.
    pub fn prefectures(&self) -> impl Iterator<Item = &Municipality> {
        self.list.iter().take_while(|body| body.code.is_prefecture())
    }

    /// All bodies: prefectures first, then municipalities and wards by code.
    pub fn iter(&self) -> std::slice::Iter<'_, Municipality> {
        self.list.iter()
    }
}

impl<'m> IntoIterator for &'m Municipalities {
    type Item = &'m Municipality;
    type IntoIter = std::slice::Iter<'m, Municipality>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Municipality {
    /// The name of its prefecture.
    pub fn prefecture_name(&self) -> &'static str {
        Municipalities::all().get(self.code.of_prefecture()).map_or("", |body| body.name)
    }
}
