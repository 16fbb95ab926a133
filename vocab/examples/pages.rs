//! Writes the pages about data sets: `cargo run -p hiroba-vocab --example pages [DIRECTORY]`, by default `docs/datasets`.

use std::io::Result;
use std::path::PathBuf;

use hiroba_vocab::{Datasets, publish};

fn main() -> Result<()> {
    let committed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/datasets");
    let directory = std::env::args_os().nth(1).map_or(committed, PathBuf::from);
    std::fs::create_dir_all(&directory)?;
    std::fs::write(directory.join("README.md"), publish::index())?;
    for dataset in Datasets::published().supported() {
        std::fs::write(directory.join(format!("{}.md", dataset.slug)), publish::page(dataset))?;
    }
    Ok(())
}
