//! An address as cells.

use hiroba_vocab::dataset::{Edition, Reads};
use hiroba_vocab::normalise::address::split;
use hiroba_vocab::normalise::character::{fold_lot_numbers, trim};
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use ngsild::{Attribute, AttributeValue};
use serde_json::{Map, Value as Json};

use super::record::Unbuilt;
use crate::build::{id_parts, names};

impl Unbuilt<'_> {
    /// The whole address as it was written, and its parts.
    pub(super) fn address(&mut self, attribute: &Attribute) {
        let AttributeValue::Property(Json::Object(parts)) = &attribute.is else {
            return self.leave_out(&names().address);
        };
        let part = |key: &str| parts.get(key).and_then(Json::as_str).unwrap_or_default();
        let (text, street) = (part("addressText"), part("streetAddress"));
        let (region, locality) = (part("addressRegion"), part("addressLocality"));
        let to = self.to;
        match to.edition {
            Edition::Current => {
                self.put_at(to.reads(Reads::Address), text);
                self.put_at(to.reads(Reads::Region), region);
                self.put_at(to.reads(Reads::Locality), locality);
                if let Some((town, lot)) = self.town_and_lot(parts) {
                    self.put_at(to.reads(Reads::Town), town);
                    self.put_at(to.reads(Reads::Lot), lot);
                }
                self.put_at(to.reads(Reads::PlaceCode), part("localGovernmentCode"));
                self.put_at(to.reads(Reads::TownId), part("townId"));
            }
            Edition::Old => {
                let whole = [region, locality, street].concat();
                self.put_at(to.reads(Reads::Address), if text.is_empty() { &whole } else { text });
                self.put_at(to.reads(Reads::Prefecture), region);
                self.put_at(to.reads(Reads::City), locality);
            }
        }
        self.put_at(to.reads(Reads::Building), part("building"));
        let postal_code =
            to.find(|column| column.reads == Reads::PostalCode && column.feeds.as_deref() == Some("address"));
        if !part("postalCode").is_empty() && !self.put_at(postal_code, part("postalCode")) {
            self.leave_out(format!("{}.postalCode", names().address));
        }
    }

    /// 所在地_町字 and 所在地_番地以下. They stay blank where the whole address gives the same and it is not certain where
    /// the one ends and the other begins.
    fn town_and_lot<'s>(&self, parts: &'s Map<String, Json>) -> Option<(&'s str, &'s str)> {
        let part = |key: &str| parts.get(key).and_then(Json::as_str).unwrap_or_default();
        let (street, text) = (part("streetAddress"), part("addressText"));
        let (region, locality) = (part("addressRegion"), part("addressLocality"));
        if street.is_empty() || fold_lot_numbers(street) != street {
            return None;
        }
        let misplaced = |town: &str| {
            !locality.is_empty() && town.contains(locality) || !region.is_empty() && town.starts_with(region)
        };
        if let Some((town, lot)) = lot_of(street).filter(|(town, _)| !misplaced(town)) {
            return Some((town, lot));
        }
        let home = id_parts(self.entity.id.as_str(), &self.to.dataset);
        let home = home.and_then(|(code, _)| LocalGovernmentCode::parse(code));
        (text.is_empty() || split(text, home).street != street).then_some(("", street))
    }
}

/// 番町一丁目2-3 is 番町一丁目 and 2-3; 大槻町字宮ノ前78番地 is 大槻町字宮ノ前 and 78番地. `None` where a digit stands in the
/// town too, as in 北1条西5-2.
fn lot_of(street: &str) -> Option<(&str, &str)> {
    let at = match street.rfind("丁目") {
        Some(at) => at + "丁目".len(),
        None => street.find(|c: char| c.is_ascii_digit())?,
    };
    let (town, lot) = (street.get(..at)?, street.get(at..)?);
    let is_lot = lot.starts_with(|c: char| c.is_ascii_digit())
        && lot.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '番' | '地' | '号' | 'の' | 'ノ'));
    // A blank between the two would be lost.
    (!town.is_empty() && town == trim(town) && is_lot).then_some((town, lot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_begins_where_nothing_but_numbers_follows() {
        for (street, expected) in [
            ("番町一丁目2-3", Some(("番町一丁目", "2-3"))),
            ("美原1丁目26-8", Some(("美原1丁目", "26-8"))),
            ("大槻町字宮ノ前78番地", Some(("大槻町字宮ノ前", "78番地"))),
            ("北1条西5-2", None),
            ("高松町2番地先", None),
            ("松島町", None),
            ("西谷山 1878-133", None),
            ("12-3", None),
        ] {
            assert_eq!(lot_of(street), expected, "{street}");
        }
    }
}
