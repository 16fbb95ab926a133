//! Versions of data sets.

mod cases;
mod commands;
mod crash;
mod model;

use hiroba_store::{Options, Store, TenantId};
use hiroba_vocab::{EntityId, Tenant, Terms};
use ngsild::{AttributeValue, DateTime, Entity};
use serde_json::Value;

use crate::support::{postgis, run};

/// A store with the folder that it lives in.
struct Opened {
    store: Store,
    _folder: Option<tempfile::TempDir>,
}

/// A tenant of a store.
struct Place {
    store: Store,
    tenant: TenantId,
}

/// A store on each kind of database.
async fn stores() -> Vec<Opened> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(folder.path().to_str().unwrap())).await.unwrap();
    let mut stores = vec![Opened { store, _folder: Some(folder) }];
    if let Some(url) = postgis().await {
        stores.push(Opened { store: Store::open(Options::new(url)).await.unwrap(), _folder: None });
    }
    stores
}

async fn tenant(opened: &Opened, name: &str) -> Place {
    let tenant = opened.store.create_tenant(&Tenant::parse(name).unwrap()).await.unwrap();
    Place { store: opened.store.clone(), tenant }
}

fn dataset() -> EntityId {
    EntityId::parse("urn:ngsi-ld:Dataset:131016:aed").unwrap()
}

fn entity_id(number: u8) -> EntityId {
    EntityId::parse(&format!("urn:ngsi-ld:AED:131016:{number}")).unwrap()
}

/// A list of AEDs: number and 設置位置.
fn csv(rows: &[(u8, String)]) -> String {
    let mut text = "市区町村コード,NO,名称,住所,緯度,経度,設置位置,小児対応設備の有無\n".to_owned();
    for (number, position) in rows {
        text +=
            &format!("131016,{number},施設{number},東京都千代田区一番町1-{number},35.68712,139.74012,{position},有\n");
    }
    text
}

impl Place {
    async fn entity(&self, id: &EntityId) -> Option<std::sync::Arc<Entity>> {
        Some(self.store.entity(self.tenant, id).await.unwrap()?.entity)
    }

    /// Where an AED stands, and since when it is gone from the source.
    async fn device(&self, id: &EntityId) -> Option<(String, Option<DateTime>)> {
        let entity = self.entity(id).await?;
        let property = |term: &str| -> Option<Value> {
            match &entity.default_instance(Terms::published().iri(term).as_str())?.is {
                AttributeValue::Property(value) => Some(value.clone()),
                _ => None,
            }
        };
        let position = property("installationPosition").unwrap().as_str().unwrap().to_owned();
        let marked = property("absentSince").map(|value| DateTime::parse(value["@value"].as_str().unwrap()).unwrap());
        Some((position, marked))
    }
}
