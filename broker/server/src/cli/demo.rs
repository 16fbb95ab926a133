//! `hiroba demo`: an invented town, on a map and in every interface, with one command.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use actix_web::web::Data;
use clap::Args;
use hiroba_importers::{Input, Options};
use hiroba_serving::logging::{self, LogFormat};
use hiroba_vocab::Tenant;
use rust_embed::RustEmbed;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::import::FileError;
use super::serve::{ServeError, default_address, open};
use super::{Outcome, output};
use crate::config::Config;
use crate::egress::EgressPolicy;
use crate::http::server;
use crate::service::datasets::{Failure, Gone, Imported, publish_import, silent};
use crate::service::{ServiceError, now};
use crate::state::AppState;

/// Try everything with an invented town's open data, from a database that is gone afterwards.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Where to listen.
    #[arg(long, value_name = "ADDR:PORT", env = "HIROBA_LISTEN", default_value_t = default_address())]
    listen: SocketAddr,
    /// Keep the data in this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "database")]
    data_dir: Option<PathBuf>,
    /// Keep the data in this PostGIS database.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
}

/// The files of the invented town, as its staff would publish them.
#[derive(RustEmbed)]
#[folder = "../../importers/samples/demo"]
struct Town;

const SIDECAR: &str = "hiroba-sparql";
/// How long the sidecar may take to say where it listens.
const SIDECAR_START: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    File(#[from] Failure<ServiceError>),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

pub(super) fn run(arguments: DemoArgs) -> Outcome {
    logging::start(LogFormat::Auto, "warn");
    match actix_web::rt::System::new().block_on(demo(arguments)) {
        Ok(()) => Outcome::Done,
        Err(error) => {
            output::error(&error);
            match error {
                DemoError::Serve(error) => error.outcome(),
                DemoError::File(error) => FileError::from(error).outcome(),
                DemoError::Io(_) => Outcome::Failed,
            }
        }
    }
}

async fn demo(arguments: DemoArgs) -> Result<(), DemoError> {
    // Deleted when this function ends.
    let temporary = tempfile::Builder::new().prefix("hiroba-demo-").tempdir()?;
    let folder = arguments.data_dir.clone().unwrap_or_else(|| temporary.path().join("data"));
    let address = arguments.listen;
    let listener = TcpListener::bind(address).map_err(|error| ServeError::Listen { address, error })?;
    let address = listener.local_addr()?;
    let sidecar = start_sidecar(address, temporary.path()).await;
    let database = arguments.database.unwrap_or_else(|| folder.display().to_string());
    let config = Config {
        vocabulary_by_default: true,
        sparql: sidecar.as_ref().map(|(_, url)| url.clone()),
        // Receivers to try it with are on the same machine.
        egress: EgressPolicy { private: true, ..EgressPolicy::default() },
        ..Config::new(address, database)
    };
    let state = Data::new(open(config).await?);
    publish_town(&state).await?;
    let server = server::start(listener, state.clone())?;
    introduce(&state, address);
    let page = format!("http://{address}/");
    if arguments.open && opener::open_browser(&page).is_err() {
        output::note(format!("no browser was found: open {page} yourself"));
    }
    server::run_until_stopped(server, state).await?;
    Ok(())
}

/// Imports the town's files as any others would be.
async fn publish_town(state: &AppState) -> Result<(), DemoError> {
    let tenant = state.store.create_tenant(&Tenant::default_tenant()).await.map_err(ServeError::from)?;
    // Hidden files belong to the repository, not to the town.
    let files = Town::iter().filter(|name| !name.starts_with('.'));
    let mut files: Vec<String> = files.map(std::borrow::Cow::into_owned).collect();
    files.sort();
    for name in files {
        let Some(file) = Town::get(&name) else { continue };
        let input = Input::Bytes { name, bytes: file.data.as_ref().into() };
        let options = Options {
            licence: Some("CC0 1.0".to_owned()),
            publisher: Some("広場市".to_owned()),
            ..Options::new(now())
        };
        let imported = publish_import(&state.store, tenant, input, options, Gone::default(), silent()).await?;
        for Imported { report, .. } in imported.tables {
            let rows = report.rows;
            output::note(format!(
                "  {:<44} {:>5} rows → {:>5} entities of {}",
                report.file, rows.read, rows.entities, report.title
            ));
        }
    }
    Ok(())
}

/// Starts the SPARQL sidecar that lies beside this program, with the address that it tells.
async fn start_sidecar(broker: SocketAddr, folder: &Path) -> Option<(Child, url::Url)> {
    let program = std::env::current_exe().ok()?.with_file_name(SIDECAR);
    if !program.is_file() {
        output::note(format!("no {SIDECAR} beside this program: SPARQL is left out"));
        return None;
    }
    let mut child = Command::new(program)
        .args(["--broker", &format!("http://{broker}"), "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.join("sparql"))
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .inspect_err(|error| output::note(format!("{SIDECAR} does not start ({error}): SPARQL is left out")))
        .ok()?;
    let mut lines = BufReader::new(child.stderr.take()?).lines();
    let find = async {
        while let Ok(Some(line)) = lines.next_line().await {
            let url = line.split_once(" on ").and_then(|(_, address)| address.trim().parse().ok());
            if let Some(url) = url {
                return Some(url);
            }
            output::note(line);
        }
        None
    };
    let url = tokio::time::timeout(SIDECAR_START, find).await.ok().flatten();
    let Some(url) = url else {
        output::note(format!("{SIDECAR} does not say where it listens: SPARQL is left out"));
        return None;
    };
    // What it has to say later belongs to this terminal too; the rest of its greeting, which is indented, does not.
    actix_web::rt::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if !line.starts_with("  ") {
                output::note(line);
            }
        }
    });
    Some((child, url))
}

/// Where to look, and what to ask.
fn introduce(state: &AppState, address: SocketAddr) {
    let base = format!("http://{address}");
    output::result(format!("\nHiroba {} shows 広場市 (an invented town)\n", env!("CARGO_PKG_VERSION")));
    output::result(format!("  map and tables  {base}/"));
    output::result(format!("  NGSI-LD         curl '{base}/ngsi-ld/v1/entities?type=AED&limit=2&format=simplified'"));
    output::result(format!("  GeoJSON         curl '{base}/data/EvacuationSite.geojson'"));
    output::result(format!("  CSV             curl '{base}/data/AED.csv'"));
    if state.sidecar.is_some() {
        output::result(format!(
            "  SPARQL          curl '{base}/sparql' --data-urlencode 'query=SELECT ?name WHERE {{ ?aed a \
             <https://w3id.org/hiroba/vocab/AED> ; <https://schema.org/name> ?name }} LIMIT 5'"
        ));
    }
    output::result("\nCtrl-C ends it.");
}
