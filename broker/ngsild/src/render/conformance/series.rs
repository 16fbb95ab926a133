//! Series for clients of older versions of the standard: the fallbacks of [`super::conform`] at every point.

use super::{Older, SpecVersion, V1_3, V1_4};
use crate::render::Rendering;
use crate::temporal::{AggregatedAttribute, AggregatedEntity, Evolution, Instance, Point, Recorded};

/// The evolution as a client of a version is to see it (table 4.3.6.8-1). Its points stay in their order and at their
/// times; where the version has no `datasetId`, those of the default instance remain, or else those of the first dataset.
pub fn conform_evolution(evolution: &Evolution, version: SpecVersion, shown: &Rendering<'_>) -> Evolution {
    let older = Older { version, shown };
    let scopes = if version.knows(V1_4) { evolution.scopes.clone() } else { Vec::new() };
    let series = evolution.attributes.iter().map(|(name, points)| (name.clone(), older.series(points)));
    Evolution {
        id: evolution.id.clone(),
        types: version.types(&evolution.types),
        created_at: evolution.created_at,
        modified_at: evolution.modified_at,
        deleted_at: evolution.deleted_at,
        scopes,
        attributes: series.collect(),
    }
}

/// Aggregated series as a client of a version is to see them: results are of no instance, so types and kinds are all that
/// can be too new.
pub fn conform_aggregated(entity: &AggregatedEntity, version: SpecVersion) -> AggregatedEntity {
    let older = |attribute: &AggregatedAttribute| AggregatedAttribute {
        kind: version.kind(attribute.kind),
        results: attribute.results.clone(),
    };
    AggregatedEntity {
        id: entity.id.clone(),
        types: version.types(&entity.types),
        attributes: entity.attributes.iter().map(|(name, attribute)| (name.clone(), older(attribute))).collect(),
    }
}

impl Older<'_, '_> {
    fn series(&self, points: &[Point]) -> Vec<Point> {
        let dataset = |point: &Point| point.instance.series().and_then(|(_, dataset)| dataset).cloned();
        let points = points.iter();
        if self.version.knows(V1_3) {
            return points.map(|point| self.point(point)).collect();
        }
        let default = points.clone().any(|point| dataset(point).is_none());
        let kept = if default { None } else { points.clone().next().and_then(dataset) };
        points.filter(|point| dataset(point) == kept).map(|point| self.point(point)).collect()
    }

    fn point(&self, point: &Point) -> Point {
        let is = match &point.instance.is {
            Recorded::Attribute { name, instance } => {
                // What was deleted has no language to be reduced to.
                let whole = Rendering { lang: None, ..*self.shown };
                let deletion = Older { version: self.version, shown: &whole };
                let older = if point.instance.deleted_at.is_some() { &deletion } else { self };
                Recorded::Attribute { name: name.clone(), instance: older.instance(instance) }
            }
            scope @ Recorded::Scope { .. } => scope.clone(),
        };
        let instance = Instance { number: point.instance.number, deleted_at: point.instance.deleted_at, is };
        Point { id: point.id, time: point.time, instance }
    }
}
