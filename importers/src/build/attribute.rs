//! The IRIs of the attributes that the importer itself writes, resolved once.

use std::sync::LazyLock;

use hiroba_vocab::{Iri, Terms};

/// IRIs by what they are for.
pub(crate) struct Names {
    pub(crate) name: Iri,
    pub(crate) address: Iri,
    pub(crate) location: Iri,
    pub(crate) opening_hours: Iri,
    pub(crate) closed_days: Iri,
    pub(crate) hazards: Iri,
    pub(crate) hazards_excluded: Iri,
    pub(crate) hazards_uncertain: Iri,
    pub(crate) collection_schedule: Iri,
    pub(crate) waste_collections: Iri,
    pub(crate) population_by_age: Iri,
    pub(crate) survey_date: Iri,
    pub(crate) start_date: Iri,
    pub(crate) end_date: Iri,
    pub(crate) telephone_extension: Iri,
    pub(crate) telephone_label: Iri,
    pub(crate) identifier: Iri,
    pub(crate) amenity_feature: Iri,
    pub(crate) distribution: Iri,
    pub(crate) in_dataset: Iri,
    pub(crate) source_value: Iri,
    pub(crate) data_issues: Iri,
}

/// The names of the published vocabulary.
pub(crate) fn names() -> &'static Names {
    static NAMES: LazyLock<Names> = LazyLock::new(|| {
        let iri = |term: &str| Terms::published().iri(term);
        Names {
            name: iri("name"),
            address: iri("address"),
            location: iri("location"),
            opening_hours: iri("openingHoursSpecification"),
            closed_days: iri("closedDays"),
            hazards: iri("hazardTypes"),
            hazards_excluded: iri("hazardTypesExcluded"),
            hazards_uncertain: iri("hazardTypesUncertain"),
            collection_schedule: iri("collectionSchedule"),
            waste_collections: iri("wasteCollections"),
            population_by_age: iri("populationByAge"),
            survey_date: iri("surveyDate"),
            start_date: iri("startDate"),
            end_date: iri("endDate"),
            telephone_extension: iri("telephoneExtension"),
            telephone_label: iri("telephoneLabel"),
            identifier: iri("identifier"),
            amenity_feature: iri("amenityFeature"),
            distribution: iri("distribution"),
            in_dataset: iri("inDataset"),
            source_value: iri("sourceValue"),
            data_issues: iri("dataIssues"),
        }
    });
    &NAMES
}
