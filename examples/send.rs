//! Sends a campaign from Rust: `cargo run --release --example send -- campaigns/sample.toml campaigns/sample.csv`. It goes to
//! the simulator in this process, with a journal of its own.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::PathBuf;

use campaign::app::run::{PreparedRun, RunContext, open_file};
use campaign::app::{CampaignOptions, CampaignPaths, FileOptions, SendOptions};
use campaign::clock::Clock;
use campaign::domain::preflight::Preflight;
use campaign::engine::{Stop, Unobserved};
use campaign::recipients::Source;
use tokio::sync::watch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let definition = arguments.next().ok_or("name a definition")?;
    let file = PathBuf::from(arguments.next().ok_or("name a recipients file")?);
    let journal = arguments.next().map_or_else(|| file.with_extension("rehearsal.db"), PathBuf::from);

    let campaign = CampaignOptions { campaign: Some(definition), name: None, journal: Some(journal) };
    let options = SendOptions { simulate: true, ..SendOptions::default() };
    let (source, how, clock) = (Source::named(&file)?, FileOptions::default(), Clock::system());
    let (paths, mut definition) = CampaignPaths::of_file(&campaign, &source, &how)?;
    options.apply(&mut definition)?;

    let rows = open_file(&source, &definition, &paths, &how, &clock)?;
    let context = RunContext { definition: &definition, paths: &paths, options: &options, clock: &clock };
    let mut prepared = PreparedRun::with_file(rows, context).await?;
    println!("{}", prepared.preflight().map(Preflight::text).unwrap_or_default());
    prepared.agree()?;

    let (_stop, stopping) = watch::channel(Stop::No);
    let result = prepared.begin(stopping)?.send(&mut Unobserved).await?;
    println!("{}", result.summary.text());
    Ok(())
}
