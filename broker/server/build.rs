//! Embeds the parts of the explorer that run in the browser.
//!
//! They are built with Node.js where it is there and the sources are newer than what was built. Without Node.js, or
//! without a network to install from, the broker is built all the same; the pages then say how to add the map.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

fn main() -> io::Result<()> {
    let explorer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../explorer");
    println!("cargo:rerun-if-env-changed=HIROBA_SKIP_EXPLORER");
    for path in ["src", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json", "dist/manifest.json"] {
        println!("cargo:rerun-if-changed={}", explorer.join(path).display());
    }
    if env::var_os("HIROBA_SKIP_EXPLORER").is_none()
        && !is_current(&explorer)
        && let Err(why) = build(&explorer)
    {
        println!("cargo:warning=the explorer is built without its map: {why}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("explorer");
    // Only what belongs to the present build is embedded.
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out)?;
    let dist = explorer.join("dist");
    if dist.join("manifest.json").is_file() {
        for file in fs::read_dir(&dist)? {
            let file = file?;
            fs::copy(file.path(), out.join(file.file_name()))?;
        }
    }
    Ok(())
}

/// Whether what was built is newer than all sources.
fn is_current(explorer: &Path) -> bool {
    let Some(built) = modified(&explorer.join("dist/manifest.json")) else { return false };
    let sources = files(&explorer.join("src"));
    let others =
        ["package.json", "package-lock.json", "vite.config.ts", "tsconfig.json"].map(|file| explorer.join(file));
    sources.into_iter().chain(others).all(|file| modified(&file).is_some_and(|changed| changed <= built))
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).ok()
}

fn build(explorer: &Path) -> Result<(), String> {
    if !explorer.join("node_modules/.package-lock.json").is_file() {
        npm(
            explorer,
            &["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=30000"],
        )?;
    }
    npm(explorer, &["run", "build"])
}

fn npm(explorer: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(explorer)
        .output()
        .map_err(|_| "npm is not installed (Node.js 20.19 or later)".to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
    Err(format!("'npm {}' failed: {last}", arguments.join(" ")))
}
