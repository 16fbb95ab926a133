//! How much memory an import takes at most, and whether it grows with the file.
//!
//! `cargo run --release -p hiroba-importers --example memory [csv|geojson] [MiB …]`. A list of each size is written into a temporary
//! file, imported and deleted; the figure is the peak of the process so far (`VmHWM`, Linux only), so give the sizes in
//! ascending order. One row in a hundred repeats another, one number in a hundred is that of two rows.

use std::error::Error;
use std::io::{BufWriter, Write};
use std::time::Instant;

use hiroba_importers::{Import, Options, Outcome};
use ngsild::DateTime;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let kind = arguments.next_if(|first| first.parse::<u64>().is_err()).unwrap_or_else(|| "csv".to_owned());
    let mut sizes = arguments.map(|size| size.parse()).collect::<Result<Vec<u64>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![10, 100, 300];
    }
    let mut out = std::io::stdout().lock();
    for size in sizes {
        let file = tempfile::Builder::new().suffix(&format!(".{kind}")).tempfile()?;
        let rows = write(file.as_file(), size << 20, kind == "geojson")?;
        let started = Instant::now();
        let mut import = Import::open(file.path(), Options::new(DateTime::from_micros(0)))?;
        let mut entities: u64 = 0;
        for outcome in import.rows()? {
            entities += u64::from(matches!(outcome?, Outcome::Entity { .. }));
        }
        let took = started.elapsed().as_secs_f64();
        let peak = peak()?;
        writeln!(out, "{size} MiB, {rows} rows: {entities} entities in {took:.1} s, peak of memory {peak}")?;
    }
    Ok(())
}

/// Writes a list of `size` bytes, and says how many rows it has.
fn write(file: &std::fs::File, size: u64, geojson: bool) -> std::io::Result<u64> {
    let mut file = BufWriter::new(file);
    let begin = if geojson { "{\"type\":\"FeatureCollection\",\"features\":[\n" } else { HEADER };
    file.write_all(begin.as_bytes())?;
    let (mut written, mut rows) = (begin.len() as u64, 0_u64);
    while written < size {
        let number = if rows % 100 == 99 { rows - 50 } else { rows };
        let name = if rows % 200 == 199 { number } else { rows };
        let (latitude, longitude) = (34.2 + (name % 997) as f64 * 1e-4, 134.0 + (name % 1009) as f64 * 1e-4);
        let row = if geojson {
            let comma = if rows == 0 { "" } else { ",\n" };
            format!(
                "{comma}{{\"type\":\"Feature\",\"properties\":{{\"全国地方公共団体コード\":\"372013\",\"ID\":{number},\"名称\":\
                 \"第{name}集会所\",\"所在地_連結表記\":\"香川県高松市番町{}-{}\",\"設置位置\":\"1階玄関\"}},\"geometry\":{{\"type\":\
                 \"Point\",\"coordinates\":[{longitude:.6},{latitude:.6}]}}}}",
                name % 90 + 1,
                name % 7 + 1
            )
        } else {
            format!(
                "372013,{number},第{name}集会所,香川県高松市番町{}-{},{latitude:.6},{longitude:.6},1階玄関,087-839-2011\n",
                name % 90 + 1,
                name % 7 + 1
            )
        };
        file.write_all(row.as_bytes())?;
        written += row.len() as u64;
        rows += 1;
    }
    if geojson {
        file.write_all(b"\n]}\n")?;
    }
    file.flush()?;
    Ok(rows)
}

const HEADER: &str = "全国地方公共団体コード,ID,名称,所在地_連結表記,緯度,経度,設置位置,電話番号\n";

fn peak() -> std::io::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.map_or_else(|| "unknown".to_owned(), |value| value.trim().to_owned()))
}
