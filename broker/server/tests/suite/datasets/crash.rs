//! An import that is killed in the middle.

use std::process::{Command, Stdio};

use hiroba::service::datasets::{undo, versions};
use hiroba_store::{Options, Store};
use hiroba_vocab::Tenant;

use super::{csv, dataset, entity_id, run};
use crate::support::{Broker, eventually, hiroba};

#[test]
fn an_import_that_was_killed_is_completed_by_the_next_or_undone() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("aed.csv");
            // Five batches or so: numbers go on behind the first 250 as text of their own.
            let rows: Vec<(u8, String)> = (1..=250).map(|number| (number, "玄関".to_owned())).collect();
            let mut text = csv(&rows);
            for number in 251..6_000 {
                text += &format!("131016,{number},施設{number},東京都千代田区一番町1-{number},35.6,139.7,玄関,有\n");
            }
            std::fs::write(&path, text).unwrap();
            let place = broker.place();
            let import = [&["import", path.to_str().unwrap()][..], &[&place[0], &place[1]]].concat();
            let store = Store::open(Options::new(place[1].as_str())).await.unwrap();
            let tenant = store.create_tenant(&Tenant::default_tenant()).await.unwrap();

            let mut process = Command::new(env!("CARGO_BIN_EXE_hiroba"))
                .args(&import)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            eventually("the first batch is written", async || {
                store.count_members(tenant, &dataset()).await.unwrap() > 0
            })
            .await;
            process.kill().unwrap();
            process.wait().unwrap();

            let ended = hiroba(&import);
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
            let told = versions(&store, tenant, &dataset(), i64::MAX, 10).await.unwrap();
            let told: Vec<_> = told.iter().map(|version| (version.version, version.state)).collect();
            assert_eq!(told, [(2, "published"), (1, "failed")], "{}", broker.kind);
            assert_eq!(store.count_members(tenant, &dataset()).await.unwrap(), 5_999);

            let undone = undo(&store, tenant, &dataset(), Some(0), false).await.unwrap();
            assert_eq!((undone.entities.removed, undone.left), (5_999, vec![]), "{}", broker.kind);
            assert!(store.entity(tenant, &entity_id(1)).await.unwrap().is_none());
            assert_eq!(store.count_members(tenant, &dataset()).await.unwrap(), 0);
        }
    });
}
