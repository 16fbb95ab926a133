//! The vocabulary over HTTP and on the command line.

use std::process::Command;

use hiroba_vocab::publish::{self, Product};
use hiroba_vocab::{Datasets, dataset::Edition};

use crate::support::{Broker, run};

#[test]
fn the_ontology_and_every_product_are_served_as_they_are_with_a_tag() {
    run(async {
        let broker = Broker::sqlite().await;
        let mut files = vec![("/vocab".to_owned(), "text/turtle", publish::ontology())];
        for dataset in Datasets::published().supported() {
            for product in Product::ALL {
                let path = format!("/vocab/{}.{}", dataset.slug, product.extension());
                files.push((path, product.media_type(), product.text(dataset, Edition::Current)));
            }
        }
        let aed = Datasets::published().get("aed").unwrap();
        let old = Product::TableSchema.text(aed, Edition::Old);
        files.push(("/vocab/aed.table.json?layout=old".to_owned(), "application/json", old));
        for (path, media_type, text) in files {
            let answer = broker.get(&path).send().await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            assert!(answer.headers("content-type").starts_with(media_type), "{path}");
            assert_eq!(answer.headers("cache-control"), "public, max-age=3600", "{path}");
            assert!(answer.text == text, "{path}");
            let tag = answer.headers("etag");
            let again = broker.get(&path).header("if-none-match", &tag).send().await;
            assert_eq!((again.status, again.headers("etag"), again.text.as_str()), (304, tag.clone(), ""), "{path}");
        }
    });
}

#[test]
fn what_is_no_product_is_not_found_and_what_is_no_layout_is_refused() {
    run(async {
        let broker = Broker::sqlite().await;
        for (path, status) in [
            ("/vocab/nothing.schema.json", 404),
            ("/vocab/aed", 404),
            ("/vocab/aed.schema.xml", 404),
            ("/vocab/aed.table.json?layout=new", 400),
            ("/vocab/aed.schema.json?layout=old", 400),
            ("/vocab?format=rdf", 400),
            ("/vocab/AED?format=rdf", 400),
        ] {
            let answer = broker.get(path).send().await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
        }
    });
}

#[test]
fn the_command_writes_what_the_server_serves() {
    let hiroba = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_hiroba")).args(arguments).output().unwrap();
    let aed = Datasets::published().get("aed").unwrap();
    for (arguments, text) in [
        (&["vocab", "ontology"][..], publish::ontology()),
        (&["vocab", "context"], publish::pretty(&hiroba_vocab::context::context())),
        (&["vocab", "json-schema", "aed"], Product::JsonSchema.text(aed, Edition::Current)),
        (&["vocab", "csvw", "aed", "--layout", "old"], Product::Csvw.text(aed, Edition::Old)),
    ] {
        let output = hiroba(arguments);
        assert!(output.status.success(), "{arguments:?}");
        assert!(String::from_utf8(output.stdout).unwrap() == text, "{arguments:?}");
    }
    for (arguments, said) in [
        (&["vocab", "shacl"][..], "name a data set: aed,"),
        (&["vocab", "shacl", "dogs"], "there is no data set dogs; there are aed,"),
        (&["vocab", "ontology", "aed"], "leave the data set out"),
    ] {
        let output = hiroba(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(said), "{arguments:?}");
    }
}
