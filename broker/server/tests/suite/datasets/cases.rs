//! What a version does about what it did not write, one case after the other.

use std::sync::Arc;

use hiroba::service::ServiceError;
use hiroba::service::datasets::{
    DifferenceKind, Failure, Gone, Imported, ImportedFile, Previewed, Versioned, differences, find, preview_import,
    publish_import, remove, silent, undo, versions,
};
use hiroba_importers::report::Language;
use hiroba_importers::{Input, Options};
use hiroba_store::Write;
use ngsild::{AttributeValue, DateTime, Entity};
use serde_json::json;

use super::{Place, csv, dataset, entity_id, run, stores, tenant};

fn rows(rows: &[(u8, &str)]) -> Vec<(u8, String)> {
    rows.iter().map(|(number, position)| (*number, (*position).to_owned())).collect()
}

/// Of a publisher that is known even where no row tells it.
fn options() -> Options {
    let municipality = hiroba_vocab::normalise::code::LocalGovernmentCode::parse("131016");
    Options { municipality, ..Options::new(DateTime::from_micros(1_780_000_000_000_000)) }
}

async fn try_import(place: &Place, text: &str, gone: Gone) -> Result<ImportedFile, Failure<ServiceError>> {
    let input = Input::Bytes { name: "aed.csv".to_owned(), bytes: text.as_bytes().into() };
    publish_import(&place.store, place.tenant, input, options(), gone, silent()).await
}

async fn import_text(place: &Place, text: String, gone: Gone) -> Imported {
    try_import(place, &text, gone).await.unwrap().tables.remove(0)
}

async fn preview(place: &Place, text: &str, gone: Gone) -> Result<Previewed, Failure<ServiceError>> {
    let input = Input::Bytes { name: "aed.csv".to_owned(), bytes: text.as_bytes().into() };
    let file = preview_import(&place.store, Some(place.tenant), input, options(), gone, silent()).await;
    file.map(|mut file| file.tables.remove(0))
}

async fn import(place: &Place, table: &[(u8, &str)], gone: Gone) -> Imported {
    import_text(place, csv(&rows(table)), gone).await
}

/// Somebody else changes where an AED stands.
async fn move_to(place: &Place, number: u8, position: &str) {
    let stored = place.store.entity(place.tenant, &entity_id(number)).await.unwrap().unwrap();
    let mut entity = Entity::clone(&stored.entity);
    let name = hiroba_vocab::Terms::published().iri("installationPosition");
    entity.attributes[&name][0].is = AttributeValue::Property(json!(position));
    let write = Write { before: Some(stored), after: Some(Arc::new(entity)) };
    place.store.write(place.tenant, &[write], hiroba::service::now()).await.unwrap();
}

async fn states(place: &Place) -> Vec<(i64, &'static str, &'static str)> {
    let versions = versions(&place.store, place.tenant, &dataset(), i64::MAX, 100).await.unwrap();
    versions.into_iter().map(|version| (version.version, version.kind, version.state)).collect()
}

async fn position(place: &Place, number: u8) -> Option<String> {
    place.device(&entity_id(number)).await.map(|(position, _)| position)
}

#[test]
fn the_same_file_is_no_new_version_unless_the_data_were_changed_meanwhile() {
    run(async {
        for store in stores().await {
            let place = tenant(&store, "same").await;
            assert!(matches!(import(&place, &[(1, "玄関")], Gone::Mark).await.version, Versioned::New(_)));
            let same = import(&place, &[(1, "玄関")], Gone::Mark).await.version;
            assert!(matches!(same, Versioned::Same { version: 1, .. }), "{same:?}");
            move_to(&place, 1, "裏口").await;
            let Versioned::New(version) = import(&place, &[(1, "玄関")], Gone::Mark).await.version else {
                panic!("what somebody else changed is changed back")
            };
            assert_eq!((version.version, version.entities().changed), (2, 1));
            assert_eq!(version.details.file_name.as_deref(), Some("aed.csv"));
            assert_eq!(version.details.sha256.as_ref().map(String::len), Some(64));
            assert_eq!(version.details.rows.map(|rows| (rows.read, rows.entities)), Some((1, 1)));
            assert_eq!(position(&place, 1).await.as_deref(), Some("玄関"));
        }
    });
}

#[test]
fn undo_leaves_what_others_changed_since_unless_it_is_forced() {
    run(async {
        for store in stores().await {
            for force in [false, true] {
                let place = tenant(&store, &format!("force{force}")).await;
                import(&place, &[(1, "玄関"), (2, "玄関")], Gone::Mark).await;
                import(&place, &[(1, "受付"), (2, "受付")], Gone::Mark).await;
                move_to(&place, 2, "屋上").await;
                let undone = undo(&place.store, place.tenant, &dataset(), None, force).await.unwrap();
                let left = if force { vec![] } else { vec![entity_id(2)] };
                assert_eq!(undone.left, left);
                assert_eq!(undone.entities.left, u64::from(!force));
                assert_eq!(position(&place, 1).await.as_deref(), Some("玄関"));
                let second = if force { "玄関" } else { "屋上" };
                assert_eq!(position(&place, 2).await.as_deref(), Some(second));
                // What others made of it comes back when a forced undo is undone.
                undo(&place.store, place.tenant, &dataset(), None, false).await.unwrap();
                assert_eq!(position(&place, 1).await.as_deref(), Some("受付"));
                assert_eq!(position(&place, 2).await.as_deref(), Some("屋上"));
            }
        }
    });
}

#[test]
fn a_version_is_undone_as_long_as_no_later_undo_brings_it_back() {
    run(async {
        for store in stores().await {
            let place = tenant(&store, "effect").await;
            for position in ["甲", "乙", "丙"] {
                import(&place, &[(1, position)], Gone::Mark).await;
            }
            undo(&place.store, place.tenant, &dataset(), Some(1), false).await.unwrap();
            let import = |number, state| (number, "import", state);
            let after_undo = [import(3, "undone"), import(2, "undone"), import(1, "published")];
            assert_eq!(states(&place).await[1..], after_undo);
            undo(&place.store, place.tenant, &dataset(), None, false).await.unwrap();
            let expected = [
                (5, "undo", "published"),
                (4, "undo", "undone"),
                import(3, "published"),
                import(2, "published"),
                import(1, "published"),
            ];
            assert_eq!(states(&place).await, expected);
            let paged = versions(&place.store, place.tenant, &dataset(), 5, 2).await.unwrap();
            let paged: Vec<_> = paged.iter().map(|version| (version.version, version.state)).collect();
            assert_eq!(paged, [(4, "undone"), (3, "published")]);
            for unknown in [-1, 5, 99] {
                let refused = undo(&place.store, place.tenant, &dataset(), Some(unknown), false).await;
                assert!(refused.unwrap_err().to_string().contains("from 0 (before the first) to 4"));
            }
        }
    });
}

#[test]
fn a_removed_data_set_comes_back_with_everything() {
    run(async {
        for store in stores().await {
            let place = tenant(&store, "remove").await;
            import(&place, &[(1, "玄関"), (2, "玄関")], Gone::Mark).await;
            import(&place, &[(1, "玄関")], Gone::Mark).await;
            let before = place.entity(&entity_id(2)).await.unwrap();
            let removed = remove(&place.store, place.tenant, &dataset()).await.unwrap();
            assert_eq!(removed.entities.removed, 2, "the one that is marked goes too");
            for id in [entity_id(1), entity_id(2), dataset()] {
                assert!(place.entity(&id).await.is_none(), "{id}");
            }
            assert!(remove(&place.store, place.tenant, &dataset()).await.unwrap().version.is_none());
            undo(&place.store, place.tenant, &dataset(), None, false).await.unwrap();
            assert!(place.entity(&entity_id(2)).await.unwrap().says_the_same(&before));
            assert!(place.entity(&dataset()).await.is_some());
        }
    });
}

#[test]
fn nothing_is_removed_because_a_row_was_refused() {
    run(async {
        for store in stores().await {
            let place = tenant(&store, "refused").await;
            import(&place, &[(1, "玄関"), (2, "玄関")], Gone::Mark).await;
            let text = csv(&rows(&[(1, "玄関")])) + "131016,2,,東京都千代田区一番町9,35.6,139.7,1階,有\n";
            let imported = import_text(&place, text, Gone::Remove).await;
            assert_eq!((imported.report.rows.refused, imported.entities.marked, imported.entities.removed), (1, 1, 0));
            assert!(place.device(&entity_id(2)).await.unwrap().1.is_some());
        }
    });
}

#[test]
fn a_file_from_which_nothing_is_published_takes_nothing_away() {
    run(async {
        for store in stores().await {
            let place = tenant(&store, "empty").await;
            let empty = csv(&[]);
            let refused = csv(&[]) + "131016,2,,東京都千代田区一番町9,35.6,139.7,1階,有\n";
            // Where nothing is published, an empty list is an empty list.
            let first = import_text(&place, empty.clone(), Gone::Mark).await;
            assert_eq!(first.entities, hiroba::service::datasets::Entities::default());
            import(&place, &[(1, "玄関"), (2, "玄関")], Gone::Mark).await;
            let before = states(&place).await;
            for gone in [Gone::Mark, Gone::Remove] {
                for (text, english, japanese) in [
                    (&empty, "the file holds no row below its header", "見出しの下に1行もありません"),
                    (&refused, "none of the 1 rows of the file can be published (row 2, 名称", "2行目の名称"),
                ] {
                    let failures =
                        [try_import(&place, text, gone).await.err(), preview(&place, text, gone).await.err()];
                    for failure in failures {
                        let Some(Failure::File(error)) = failure else { panic!("{failure:?}") };
                        let told = [Language::English, Language::Japanese].map(|it| error.to_text_in(it));
                        assert!(told[0].contains(english) && told[1].contains(japanese), "{told:?}");
                        let advice = format!("hiroba dataset remove {}", dataset());
                        assert!(told.iter().all(|text| text.ends_with(&advice)), "{told:?}");
                    }
                }
            }
            assert_eq!(states(&place).await, before);
            for number in [1, 2] {
                assert_eq!(place.device(&entity_id(number)).await, Some(("玄関".to_owned(), None)));
            }
            // A part of a list may be empty.
            assert_eq!(import_text(&place, empty.clone(), Gone::Keep).await.entities.kept, 2);
            assert_eq!(preview(&place, &empty, Gone::Keep).await.unwrap().gone, 2);
        }
    });
}

#[test]
fn losing_more_than_half_of_a_list_is_done_and_told() {
    run(async {
        for store in stores().await {
            for (before, after, gone, told) in [
                (10, 4, Gone::Mark, true),
                (10, 4, Gone::Remove, true),
                (10, 4, Gone::Keep, false),
                (10, 5, Gone::Mark, false),
                (9, 1, Gone::Mark, false),
            ] {
                let place = tenant(&store, &format!("most{before}{after}{gone:?}").to_lowercase()).await;
                let list = |count: u8| csv(&(1..=count).map(|number| (number, "玄関".to_owned())).collect::<Vec<_>>());
                import_text(&place, list(before), Gone::Mark).await;
                let shown = preview(&place, &list(after), gone).await.unwrap();
                assert_eq!((shown.gone, shown.takes_most_away), (u64::from(before - after), told));
                let imported = import_text(&place, list(after), gone).await;
                assert!(matches!(imported.version, Versioned::New(_)) || gone == Gone::Keep);
                assert_eq!(imported.entities.took_most_away(), told, "{before} {after} {gone:?}");
            }
        }
    });
}

#[test]
fn differences_tell_names_attributes_and_values() {
    run(async {
        for store in stores().await {
            let place = tenant(&store, "differences").await;
            import(&place, &[(1, "玄関"), (2, "玄関")], Gone::Mark).await;
            import(&place, &[(1, "受付"), (3, "屋上")], Gone::Mark).await;
            let page = differences(&place.store, place.tenant, &dataset(), (1, 2), "", 10).await.unwrap();
            let told: Vec<_> = page.differences.iter().map(|d| (d.kind, d.name.as_deref().unwrap())).collect();
            let expected = [
                (DifferenceKind::Changed, "施設1"),
                (DifferenceKind::Removed, "施設2"),
                (DifferenceKind::Added, "施設3"),
            ];
            assert_eq!(told, expected);
            let attributes = serde_json::to_value(&page.differences[0].attributes).unwrap();
            let expected = json!([{"attribute": "installationPosition", "before": "玄関", "after": "受付"}]);
            assert_eq!(attributes, expected);
            let unknown = differences(&place.store, place.tenant, &dataset(), (1, 3), "", 10).await.unwrap_err();
            assert!(unknown.to_string().contains("the latest is 2"), "{unknown}");
        }
    });
}

#[test]
fn tenants_do_not_see_each_other_s_versions() {
    run(async {
        for store in stores().await {
            let (one, other) = (tenant(&store, "one").await, tenant(&store, "other").await);
            import(&one, &[(1, "玄関")], Gone::Mark).await;
            let unknown = |error| matches!(error, ServiceError::NoDataset(_));
            assert!(unknown(versions(&other.store, other.tenant, &dataset(), 9, 9).await.unwrap_err()));
            assert!(unknown(undo(&other.store, other.tenant, &dataset(), None, false).await.unwrap_err()));
            assert!(unknown(remove(&other.store, other.tenant, &dataset()).await.unwrap_err()));
            assert!(unknown(find(&other.store, other.tenant, "aed").await.unwrap_err()));
            assert_eq!(find(&one.store, one.tenant, "aed").await.unwrap(), dataset());
            import(&other, &[(2, "玄関")], Gone::Remove).await;
            assert_eq!(position(&one, 1).await.as_deref(), Some("玄関"), "what is gone is gone in one tenant");
            assert_eq!(states(&other).await, [(1, "import", "published")]);
        }
    });
}

#[test]
fn two_imports_of_one_data_set_at_once_take_turns() {
    run(async {
        for store in stores().await {
            let place = tenant(&store, "turns").await;
            let (a, b) =
                tokio::join!(import(&place, &[(1, "玄関")], Gone::Mark), import(&place, &[(1, "受付")], Gone::Mark));
            let number = |imported: &Imported| match &imported.version {
                Versioned::New(version) => version.version,
                other => panic!("{other:?}"),
            };
            let mut numbers = [number(&a), number(&b)];
            numbers.sort_unstable();
            assert_eq!(numbers, [1, 2]);
        }
    });
}
