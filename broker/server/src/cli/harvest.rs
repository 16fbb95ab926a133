//! `hiroba harvest`: files on the web that are fetched regularly.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hiroba_importers::report::Language;
use hiroba_store::{Delivered, Options, SourceEntry, Store, StoreError};
use hiroba_vocab::Tenant;
use serde::Serialize;

use super::import::{Sink, fetch_into, file_text, imported_outcome, not_modified_text, source_outcome};
use super::serve::{DatabaseArgs, EgressArgs, NoDatabase};
use super::{Outcome, output};
use crate::egress::{Egress, EgressError};
use crate::metrics::HarvestMetrics;
use crate::service::datasets::{Gone, silent};
use crate::service::harvest::{Harvest, Plan, PlanError, Planned};
use crate::service::sources::{Publication, Reread};

/// Fetch the files on the web that a TOML file lists, and publish those that have changed.
///
/// `hiroba serve --harvest FILE` does so regularly; this command does it now.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct HarvestArgs {
    #[command(subcommand)]
    command: Option<HarvestCommand>,
    /// Fetch every source of this file now, whether or not it is due.
    #[arg(long, value_name = "FILE")]
    once: Option<PathBuf>,
    /// Only check the file, fetch the sources, and report what would be published.
    #[arg(long, requires = "once")]
    dry_run: bool,
    /// Read files even when they have not changed: also what was undone, or changed by hand, is published again.
    #[arg(long, requires = "once")]
    again: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    egress: EgressArgs,
}

#[derive(Debug, Subcommand)]
enum HarvestCommand {
    /// Show the addresses that were fetched: last success, failures since, version, address, last error.
    Status {
        /// As a JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseArgs,
        /// The tenant that was published for.
        #[arg(long, value_name = "NAME", value_parser = super::import::tenant)]
        tenant: Option<Tenant>,
    },
}

#[derive(Debug, thiserror::Error)]
enum HarvestError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Egress(#[from] EgressError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no tenant '{0}' in this database")]
    NoTenant(Tenant),
    #[error(transparent)]
    NoDatabase(#[from] NoDatabase),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

pub(super) fn run(arguments: &HarvestArgs) -> Outcome {
    let ended = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(HarvestError::from)
        .and_then(|runtime| runtime.block_on(execute(arguments)));
    match ended {
        Ok(outcome) => outcome,
        Err(error) => {
            output::error(&error);
            match error {
                HarvestError::Store(StoreError::Unavailable(_)) => Outcome::Unreachable,
                _ => Outcome::Failed,
            }
        }
    }
}

async fn execute(arguments: &HarvestArgs) -> Result<Outcome, HarvestError> {
    if let Some(HarvestCommand::Status { json, database, tenant }) = &arguments.command {
        let store = Store::open(Options::new(database.existing_address()?)).await?;
        let name = tenant.clone().unwrap_or_else(Tenant::default_tenant);
        let Some(tenant) = store.tenant(&name).await? else { return Err(HarvestError::NoTenant(name)) };
        show(&store.sources(tenant).await?, *json);
        return Ok(Outcome::Done);
    }
    let plan = Plan::read(arguments.once.as_deref().unwrap_or(Path::new("")))?;
    let egress = arguments.egress.gate()?;
    if arguments.dry_run { Ok(check(&plan, &egress).await) } else { once(arguments, plan, egress).await }
}

/// Fetches every source and tells what would be published.
async fn check(plan: &Plan, egress: &Egress) -> Outcome {
    let (mut outcome, mut failed) = (Outcome::Done, 0);
    for planned in &plan.sources {
        let fetched = fetch_into(&Sink::Nothing, egress, &planned.source, Gone::default(), silent()).await;
        failed += usize::from(fetched.is_err());
        outcome = outcome.worse(tell(planned, fetched.map_err(|error| (error.to_string(), error.outcome())), None));
    }
    output::note(format!("{} sources, {failed} failed; nothing was published (--dry-run)", plan.sources.len()));
    outcome
}

/// Fetches every source and publishes what has changed.
async fn once(arguments: &HarvestArgs, plan: Plan, egress: Egress) -> Result<Outcome, HarvestError> {
    let store = Store::open(Options::new(arguments.database.address())).await?;
    let place = arguments.database.as_options();
    let harvest = Harvest::new(plan, store, egress, HarvestMetrics::default());
    let (mut outcome, mut words) = (Outcome::Done, Vec::new());
    let reread = if arguments.again { Reread::Always } else { Reread::IfFileChanged };
    for planned in harvest.sources() {
        let Some(run) = harvest.fetch(planned, reread).await? else {
            output::result(format!("{}\n  another process is fetching it", planned.name));
            continue;
        };
        words.push(run.word());
        let fetched = run.outcome.map_err(|error| (error.to_string(), source_outcome(&error)));
        let this = tell(planned, fetched, Some(&place));
        outcome = outcome.worse(this);
        if this == Outcome::Unreachable {
            break;
        }
    }
    let count = |word: &str| words.iter().filter(|other| **other == word).count();
    output::note(format!(
        "{} sources: {} changed, {} unchanged, {} failed",
        harvest.sources().len(),
        count("changed"),
        count("unchanged"),
        count("failed")
    ));
    Ok(outcome)
}

/// Tells what became of one source. `place` are the options that lead to the database, if there is one.
fn tell(planned: &Planned, fetched: Result<Publication, (String, Outcome)>, place: Option<&str>) -> Outcome {
    match fetched {
        Ok(Publication::NotModified(versions)) => {
            output::result(not_modified_text(&planned.name, &versions, Language::English));
            Outcome::Done
        }
        Ok(Publication::Imported(file)) => {
            output::result(&planned.name);
            output::result(file_text(&file, &planned.name, place, Language::English));
            imported_outcome(&file)
        }
        Err((error, outcome)) => {
            // The error tells the address.
            let is_named = planned.name != planned.source.url().as_str();
            output::error(if is_named { format!("{}: {error}", planned.name) } else { error });
            outcome
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'s> {
    url: &'s str,
    #[serde(skip_serializing_if = "str::is_empty")]
    part: &'s str,
    tried_at: String,
    succeeded_at: Option<String>,
    failures: u32,
    error: Option<&'s str>,
    versions: Vec<StatusVersion<'s>>,
}

/// What a table of the file that was imported last became.
#[derive(Serialize)]
struct StatusVersion<'s> {
    dataset: &'s str,
    version: i64,
}

impl<'s> Status<'s> {
    fn of(entry: &'s SourceEntry) -> Self {
        let versions = entry.delivery.iter().flat_map(|delivery| &delivery.versions);
        let version = |one: &'s Delivered| StatusVersion { dataset: one.dataset.as_str(), version: one.version };
        Self {
            url: &entry.key.url,
            part: &entry.key.part,
            tried_at: entry.tried_at.to_string(),
            succeeded_at: entry.succeeded_at.map(|at| at.to_string()),
            failures: entry.failures,
            error: entry.error.as_deref(),
            versions: versions.map(version).collect(),
        }
    }

    fn line(&self) -> String {
        let versions: Vec<String> =
            self.versions.iter().map(|one| format!("version {} of {}", one.version, one.dataset)).collect();
        let versions = if versions.is_empty() { "never imported".to_owned() } else { versions.join(", ") };
        let failures = match self.failures {
            0 => "ok".to_owned(),
            n => format!("{n} failed"),
        };
        let mut line = format!(
            "{}\t{failures}\t{versions}\t{}{}{}",
            self.succeeded_at.as_deref().unwrap_or("-"),
            self.url,
            if self.part.is_empty() { "" } else { " " },
            self.part
        );
        if let Some(error) = self.error {
            line = format!("{line}\n  tried {}: {error}", self.tried_at);
        }
        line
    }
}

fn show(entries: &[SourceEntry], json: bool) {
    for entry in entries {
        let status = Status::of(entry);
        output::result(if json { serde_json::to_string(&status).unwrap_or_default() } else { status.line() });
    }
    if entries.is_empty() {
        output::note("no address was fetched into this database");
    }
}
