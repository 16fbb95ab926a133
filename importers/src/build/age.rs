//! People by age and gender, from many columns into one attribute.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::age::{AgeBand, Gender, covers_all_ages, gender};
use hiroba_vocab::normalise::number::count;
use hiroba_vocab::{Issue, Issues, Terms};
use ngsild::AttributeValue;
use serde_json::{Map, Value as Json};

use super::{Draft, names};

impl Draft<'_> {
    /// An array of `{ageFrom, ageTo, gender, count}`. Where all bands are there they must add up to the totals that the row
    /// states.
    pub(super) fn ages(&mut self) {
        let plan = self.plan;
        let mut people: Vec<(AgeBand, u64)> = Vec::with_capacity(plan.slots.ages.len());
        let gender = plan.slots.gender.and_then(|column| gender(self.row.cell(column)));
        let mut issues = Issues::NONE;
        for (band, column) in &plan.slots.ages {
            let band = AgeBand { gender: band.gender.or(gender), ..*band };
            let reading = count(self.row.cell(*column));
            self.note(*column, reading.issues());
            match reading {
                Reading::Value(number, _) => people.push((band, number)),
                Reading::Unread(_) => self.keep(*column),
                Reading::Empty(_) => {}
            }
        }
        if people.is_empty() {
            if let Some(gender) = gender {
                self.total_of(gender);
            }
            return;
        }
        if people.len() == plan.slots.ages.len()
            && let Some(column) = self.contradiction(&people)
        {
            issues.add(Issue::AgeBandsContradict);
            self.note(column, issues);
        }
        if let Some(gender) = gender {
            self.total_of(gender);
        }
        let value = people.iter().map(|(band, number)| object(*band, *number)).collect();
        let mut attribute = self.noted(AttributeValue::Property(value), issues, "");
        attribute.observed_at = self.observed_at;
        self.entity.attributes.insert(names().population_by_age.clone(), vec![attribute]);
    }

    /// The total of a row that counts one gender is that of this gender, and not of all people.
    fn total_of(&mut self, gender: Gender) {
        let terms = Terms::published();
        let own = match gender {
            Gender::Male => terms.iri("malePopulation"),
            Gender::Female => terms.iri("femalePopulation"),
        };
        let attributes = &mut self.entity.attributes;
        if !attributes.contains_key(&own)
            && let Some(total) = attributes.shift_remove(&terms.iri("totalPopulation"))
        {
            attributes.insert(own, total);
        }
    }

    /// The first column of a total that is not what the bands add up to. A total without a band for every age says nothing.
    fn contradiction(&self, people: &[(AgeBand, u64)]) -> Option<usize> {
        let of = |gender: Option<Gender>| {
            let bands: Vec<&(AgeBand, u64)> = people.iter().filter(|(band, _)| band.gender == gender).collect();
            covers_all_ages(bands.iter().map(|(band, _)| *band))
                .then(|| bands.iter().fold(0_u64, |sum, (_, number)| sum.saturating_add(*number)))
        };
        let (men, women) = (of(Some(Gender::Male)), of(Some(Gender::Female)));
        let everyone = of(None).or_else(|| Some(men?.saturating_add(women?)));
        [("malePopulation", men), ("femalePopulation", women), ("totalPopulation", everyone)].into_iter().find_map(
            |(term, sum)| {
                let simple = self.plan.slots.simple.iter().find(|simple| simple.is.feeds.as_deref() == Some(term))?;
                let stated = count(self.row.cell(simple.column)).ok()?;
                (stated != sum?).then_some(simple.column)
            },
        )
    }
}

fn object(band: AgeBand, number: u64) -> Json {
    let mut object = Map::new();
    for (key, age) in [("ageFrom", band.from), ("ageTo", band.to)] {
        if let Some(age) = age {
            object.insert(key.to_owned(), Json::from(age));
        }
    }
    if let Some(gender) = band.gender {
        object.insert("gender".to_owned(), Json::from(gender.word()));
    }
    object.insert("count".to_owned(), Json::from(number));
    Json::Object(object)
}
