//! `docs/importing-results.md` says what the code does.

use std::path::Path;

use crate::survey;

#[test]
fn the_page_of_results_is_what_the_importer_makes_of_the_files_now() {
    let directory = survey::directory();
    let Some(page) = survey::page(&directory) else {
        eprintln!("not compared: there are no files in {}", directory.display());
        return;
    };
    assert!(!page.contains("rows lost"), "{page}");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/importing-results.md");
    let committed = std::fs::read_to_string(committed).unwrap();
    assert!(
        page == committed,
        "write it again: cargo run -p hiroba-importers --example survey > docs/importing-results.md\n{page}"
    );
}
