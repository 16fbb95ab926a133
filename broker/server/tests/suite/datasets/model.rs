//! Random imports, undos and removals against a model of what each version publishes.

use std::collections::BTreeMap;

use hiroba::service::datasets::{
    DifferenceKind, Gone, Versioned, differences, publish_import, remove, silent, undo, versions,
};
use hiroba_importers::{Input, Options};
use hiroba_store::{Store, TenantId};
use ngsild::DateTime;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Place, dataset, entity_id, run, stores, tenant};

/// Rows of a file: the number of an AED and where it stands.
type Table = BTreeMap<u8, u8>;

#[derive(Debug, Clone)]
enum Step {
    Import(Table, Gone),
    Undo,
    UndoTo(usize),
    Remove,
}

/// An AED in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Device {
    position: u8,
    /// At which step it was seen to be gone.
    marked: Option<usize>,
    member: bool,
}

/// What is in the database: the AEDs, and the file that the data set's entity tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    devices: BTreeMap<u8, Device>,
    file: Option<Table>,
}

impl State {
    fn import(&self, table: &Table, gone: Gone, step: usize) -> Self {
        let mut next = Self { devices: self.devices.clone(), file: Some(table.clone()) };
        for (number, device) in &self.devices {
            if table.contains_key(number) || !device.member {
                continue;
            }
            match gone {
                Gone::Keep => {}
                Gone::Mark => {
                    let marked = Device { marked: Some(step), member: false, ..*device };
                    next.devices.insert(*number, marked);
                }
                Gone::Remove => {
                    next.devices.remove(number);
                }
            }
        }
        let listed = |position: &u8| Device { position: *position, marked: None, member: true };
        next.devices.extend(table.iter().map(|(number, position)| (*number, listed(position))));
        next
    }

    /// What the data set publishes.
    fn published(&self) -> BTreeMap<u8, u8> {
        self.devices.iter().filter(|(_, device)| device.member).map(|(n, device)| (*n, device.position)).collect()
    }

    fn differences(&self, to: &Self) -> BTreeMap<u8, DifferenceKind> {
        let (before, after) = (self.published(), to.published());
        let mut differences = BTreeMap::new();
        for number in before.keys().chain(after.keys()) {
            let kind = match (before.get(number), after.get(number)) {
                (None, Some(_)) => DifferenceKind::Added,
                (Some(_), None) => DifferenceKind::Removed,
                (before, after) if before != after => DifferenceKind::Changed,
                _ => continue,
            };
            differences.insert(*number, kind);
        }
        differences
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gone = prop_oneof![Just(Gone::Keep), Just(Gone::Mark), Just(Gone::Remove)];
    let import = (btree_map(1_u8..6, 0_u8..3, 1..5), gone).prop_map(|(table, gone)| Step::Import(table, gone));
    let step = prop_oneof![
        6 => import,
        2 => Just(Step::Undo),
        2 => (0_usize..8).prop_map(Step::UndoTo),
        1 => Just(Step::Remove),
    ];
    vec(step, 1..9)
}

async fn actual(place: &Place) -> State {
    let mut state = State::default();
    for number in 1..6 {
        let Some((position, marked)) = place.device(&entity_id(number)).await else { continue };
        let position = position.strip_prefix('位').unwrap().parse().unwrap();
        let marked = marked.map(|at| usize::try_from((at.micros() - at_step(0).micros()) / 1_000_000).unwrap());
        state.devices.insert(number, Device { position, marked, member: false });
    }
    state
}

fn at_step(step: usize) -> DateTime {
    DateTime::from_micros((1_780_000_000 + i64::try_from(step).unwrap()) * 1_000_000)
}

async fn import(store: &Store, tenant: TenantId, table: &Table, gone: Gone, step: usize) -> Versioned {
    let rows: Vec<(u8, String)> = table.iter().map(|(number, position)| (*number, format!("位{position}"))).collect();
    let input = Input::Bytes { name: "aed.csv".to_owned(), bytes: super::csv(&rows).into_bytes().into() };
    publish_import(store, tenant, input, Options::new(at_step(step)), gone, silent())
        .await
        .unwrap()
        .tables
        .remove(0)
        .version
}

async fn check(place: &Place, history: &[State]) -> Result<(), TestCaseError> {
    let now = history.last().unwrap();
    let found = actual(place).await;
    for number in 1..6 {
        let shown = |state: &State| state.devices.get(&number).map(|device| (device.position, device.marked));
        prop_assert_eq!(shown(&found), shown(now), "device {}", number);
    }
    let tells = place.store.entity(place.tenant, &dataset()).await.unwrap().is_some();
    prop_assert_eq!(tells, now.file.is_some());
    for from in 0..history.len() {
        let to = history.len() - 1;
        for (from, to) in [(from, to), (to, from)] {
            let number = |n: usize| i64::try_from(n).unwrap();
            let (mut told, mut after) = (BTreeMap::new(), String::new());
            // Small pages, so that going on is tried too.
            loop {
                let versions = (number(from), number(to));
                let page = differences(&place.store, place.tenant, &dataset(), versions, &after, 2).await.unwrap();
                for difference in page.differences {
                    let number = difference.id.as_str().rsplit(':').next().unwrap().parse().unwrap();
                    prop_assert!(told.insert(number, difference.kind).is_none(), "told twice");
                }
                match page.next {
                    Some(next) => after = next.to_string(),
                    None => break,
                }
            }
            prop_assert_eq!(&told, &history[from].differences(&history[to]), "from {} to {}", from, to);
        }
    }
    Ok(())
}

async fn play(place: &Place, steps: &[Step]) -> Result<(), TestCaseError> {
    // One state for each version; that of version 0 is empty.
    let mut history = vec![State::default()];
    for (at, step) in steps.iter().enumerate() {
        let (store, tenant, latest) = (&place.store, place.tenant, history.len() - 1);
        let before = history.last().unwrap().clone();
        let (after, number) = match step {
            Step::Import(table, gone) => {
                let number = match import(store, tenant, table, *gone, at).await {
                    Versioned::New(version) => Some(version.version),
                    Versioned::Same { .. } => None,
                    Versioned::NotKept => panic!("a database keeps versions"),
                };
                (before.import(table, *gone, at), number)
            }
            Step::Undo | Step::UndoTo(_) if latest == 0 => {
                prop_assert!(undo(store, tenant, &dataset(), None, false).await.is_err());
                continue;
            }
            Step::Undo => {
                let undone = undo(store, tenant, &dataset(), None, false).await.unwrap();
                prop_assert_eq!(&undone.left, &[]);
                (history[latest - 1].clone(), undone.version.map(|version| version.version))
            }
            Step::UndoTo(to) => {
                let to = to % latest;
                let undone = undo(store, tenant, &dataset(), i64::try_from(to).ok(), false).await.unwrap();
                prop_assert_eq!(&undone.left, &[]);
                (history[to].clone(), undone.version.map(|version| version.version))
            }
            Step::Remove => {
                let removed = remove(store, tenant, &dataset()).await;
                if latest == 0 {
                    prop_assert!(removed.is_err());
                    continue;
                }
                (State::default(), removed.unwrap().version.map(|version| version.version))
            }
        };
        if after == before {
            prop_assert_eq!(number, None, "nothing differs, so there is no version");
        } else {
            history.push(after);
            prop_assert_eq!(number, i64::try_from(history.len() - 1).ok());
        }
        if history.len() > 1 {
            check(place, &history).await?;
            let listed = versions(store, tenant, &dataset(), i64::MAX, 100).await.unwrap();
            prop_assert_eq!(listed.len(), history.len() - 1);
            prop_assert!(listed[0].state == "published");
        }
    }
    Ok(())
}

#[test]
fn versions_differ_as_the_tables_do_and_undo_brings_back_what_was() {
    run(async {
        for store in stores().await {
            let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
            let handle = tokio::runtime::Handle::current();
            let case = std::cell::Cell::new(0);
            tokio::task::block_in_place(|| {
                runner
                    .run(&steps(), |steps| {
                        case.set(case.get() + 1);
                        handle.block_on(async {
                            let place = tenant(&store, &format!("case{}", case.get())).await;
                            play(&place, &steps).await
                        })
                    })
                    .unwrap();
            });
        }
    });
}
