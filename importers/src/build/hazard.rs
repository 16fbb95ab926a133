//! The disaster flags of an evacuation site.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::flag::{FlagFamily, flag};
use ngsild::AttributeValue;
use serde_json::{Map, Value as Json};

use super::{Draft, names};

impl Draft<'_> {
    /// Three lists: hazards that are covered, hazards that are not, and what is neither (△, －), with its mark. A hazard
    /// without a column is in none of them.
    pub(super) fn hazards(&mut self) {
        let plan = self.plan;
        let family = if plan.habits.hazards_say_no { FlagFamily::HazardExplicit } else { FlagFamily::Hazard };
        let (mut covered, mut excluded, mut uncertain) = (Vec::new(), Vec::new(), Map::new());
        for (code, column) in &plan.slots.hazards {
            let cell = self.row.cell(*column);
            let reading = flag(cell, family);
            self.note(*column, reading.issues());
            match reading {
                Reading::Value(true, _) => covered.push(Json::from(code.as_str())),
                Reading::Value(false, _) => excluded.push(Json::from(code.as_str())),
                Reading::Unread(_) => drop(uncertain.insert(code.clone(), Json::from(trim(cell)))),
                Reading::Empty(_) => {}
            }
        }
        if !covered.is_empty() {
            self.put(&names().hazards, AttributeValue::Property(Json::from(covered)));
        }
        if !excluded.is_empty() {
            self.put(&names().hazards_excluded, AttributeValue::Property(Json::from(excluded)));
        }
        if !uncertain.is_empty() {
            self.put(&names().hazards_uncertain, AttributeValue::Property(Json::Object(uncertain)));
        }
    }
}
