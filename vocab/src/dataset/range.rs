//! What values are: of cells as the standard wants them, and of the attributes that are made of them.
//!
//! Every product of the vocabulary takes its types from here, so that they cannot disagree.

use serde::Deserialize;

use super::column::Reads;

/// The type of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Datatype {
    /// Text.
    Text,
    /// Text by language: a LanguageProperty.
    LanguageText,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A day `YYYY-MM-DD`, or coarser: `YYYY-MM`, `YYYY`, a period `from/to`.
    Date,
    /// A time of day `HH:MM`, to 24:00.
    Time,
    /// An absolute URL.
    Url,
    /// The id of another entity: a Relationship.
    Entity,
    /// A GeoJSON geometry.
    Geometry,
    /// An object with keys of its own, such as an address.
    Object,
    /// An object with `dayOfWeek`, `opens` and `closes`.
    OpeningHours,
    /// A day of the week in English, or `PublicHolidays`.
    Day,
    /// Anything: data sets do not agree.
    Any,
}

/// How many values there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cardinality {
    /// One.
    One,
    /// One by itself, several as an array.
    OneOrMany,
    /// Always an array.
    Many,
}

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    /// The type of each value.
    pub datatype: Datatype,
    /// How many.
    pub cardinality: Cardinality,
}

impl Range {
    /// One value.
    pub const fn one(datatype: Datatype) -> Self {
        Self { datatype, cardinality: Cardinality::One }
    }

    /// An array.
    pub const fn many(datatype: Datatype) -> Self {
        Self { datatype, cardinality: Cardinality::Many }
    }

    const fn one_or_many(datatype: Datatype) -> Self {
        Self { datatype, cardinality: Cardinality::OneOrMany }
    }

    /// The smallest range that holds the values of both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        use Datatype::{Any, Integer, Number};
        let datatype = match (self.datatype, other.datatype) {
            (one, same) if one == same => one,
            (Integer, Number) | (Number, Integer) => Number,
            _ => Any,
        };
        let cardinality = if self.cardinality == other.cardinality { self.cardinality } else { Cardinality::OneOrMany };
        Self { datatype, cardinality }
    }
}

impl Reads {
    /// The range of the attribute, or of the key of an object, that takes the value. The kind of a term counts for more:
    /// what a LanguageProperty takes is text by language ([`super::Column::range`]).
    pub fn range(self) -> Range {
        match self {
            Self::PublisherCode
            | Self::PublisherName
            | Self::Number
            | Self::Prefecture
            | Self::City
            | Self::Address
            | Self::Region
            | Self::Locality
            | Self::Town
            | Self::Lot
            | Self::Building
            | Self::PlaceCode
            | Self::TownId
            | Self::Datum
            | Self::Name
            | Self::Kana
            | Self::Text
            | Self::Remark
            | Self::PostalCode
            | Self::Email
            | Self::Choice
            | Self::CodeWord
            | Self::CorporateNumber
            | Self::Code
            | Self::Licence => Range::one(Datatype::Text),
            Self::Latitude | Self::Longitude | Self::LatLon => Range::one(Datatype::Geometry),
            Self::Days | Self::Opens | Self::Closes | Self::Hours | Self::AllDay => Range::many(Datatype::OpeningHours),
            Self::ClosedDays => Range::many(Datatype::Day),
            Self::Hazard | Self::Amenity | Self::List | Self::Parts | Self::ChoiceList => Range::many(Datatype::Text),
            Self::Recurrence | Self::GroupCell | Self::AgeBand => Range::many(Datatype::Object),
            Self::Category | Self::Phone => Range::one_or_many(Datatype::Text),
            Self::Flag | Self::NegatedFlag => Range::one(Datatype::Boolean),
            Self::Count | Self::Fee => Range::one(Datatype::Integer),
            Self::Decimal => Range::one(Datatype::Number),
            Self::Date | Self::SurveyDate | Self::EventDates => Range::one(Datatype::Date),
            Self::Time => Range::one(Datatype::Time),
            Self::Url => Range::one_or_many(Datatype::Url),
            Self::Reference => Range::one(Datatype::Entity),
        }
    }

    /// What a cell holds where a list follows the standard: several values only in lists, joined by `;`.
    pub fn cell(self) -> Range {
        match self {
            Self::Latitude | Self::Longitude => Range::one(Datatype::Number),
            Self::Opens | Self::Closes => Range::one(Datatype::Time),
            Self::Hazard | Self::Amenity | Self::AllDay => Range::one(Datatype::Boolean),
            Self::AgeBand => Range::one(Datatype::Integer),
            Self::Days
            | Self::ClosedDays
            | Self::Hours
            | Self::LatLon
            | Self::Recurrence
            | Self::GroupCell
            | Self::EventDates => Range::one(Datatype::Text),
            Self::Reference => Range::one(Datatype::Text),
            Self::List | Self::Parts | Self::ChoiceList => Range::many(Datatype::Text),
            _ => Range::one(self.range().datatype),
        }
    }

    /// Whether several columns with this reading make one value together, so that none of them is the attribute itself.
    pub fn is_piece(self) -> bool {
        matches!(
            self,
            Self::Latitude
                | Self::Longitude
                | Self::LatLon
                | Self::Days
                | Self::Opens
                | Self::Closes
                | Self::Hours
                | Self::AllDay
                | Self::Hazard
                | Self::Amenity
                | Self::Recurrence
                | Self::GroupCell
                | Self::AgeBand
                | Self::Town
                | Self::Lot
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_data_sets_say_differently_is_widened() {
        let integer = Range::one(Datatype::Integer);
        assert_eq!(integer.join(integer), integer);
        assert_eq!(integer.join(Range::one(Datatype::Number)), Range::one(Datatype::Number));
        assert_eq!(integer.join(Range::one(Datatype::Text)), Range::one(Datatype::Any));
        assert_eq!(Range::one(Datatype::Text).join(Range::many(Datatype::Text)), Range::one_or_many(Datatype::Text));
    }
}
