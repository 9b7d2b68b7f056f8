//! `campaign report`: the results of a campaign, from the journal alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;

use crate::app;
use crate::app::evidence::WrittenEvidence;
use crate::app::outputs::Inputs;
use crate::app::paths::{self, CampaignPaths};
use crate::app::report::{format_of, rejects, to_file, to_stream};
use crate::app::status::Status;
use crate::cli::failure::Failure;
use crate::cli::session::{Asked, Session};
use crate::cli::{next_step, output};
use crate::domain::definition::{Definition, Delimiter};
use crate::domain::delivery::ending::Exit;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::events::Delivery;
use crate::domain::figures::{UtcTime, counted};
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Reader, Selection};
use crate::report::{Format, MessagePrices, Names, ReportError, WallClock, Wanted};

/// Arguments of `campaign report`.
#[derive(Debug, Clone, Default, Args)]
pub struct ReportArgs {
    /// Form of the report [default: as the ending of PATH says, else csv]
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub format: Option<Format>,

    /// Write the report to PATH (mode 0600), whole or not at all; `-` is stdout
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,

    /// With --output: replace a file that is no report of this program
    #[arg(long, requires = "output")]
    pub force: bool,

    /// Only rows in these states, separated by commas
    #[arg(long = "state", value_name = "STATE", num_args = 1.., value_delimiter = ',', value_parser = states())]
    pub states: Vec<State>,

    /// Only started rows whose messages became this, separated by commas; `waiting`: nothing was told of them
    #[arg(long = "delivery", value_name = "DELIVERY", num_args = 1.., value_delimiter = ',', value_parser = deliveries())]
    pub deliveries: Vec<WantedDelivery>,

    /// Only these columns, in this order, separated by commas: those of the report and the file's own
    #[arg(long, value_name = "COLUMN", num_args = 1.., value_delimiter = ',')]
    pub columns: Vec<String>,

    /// In csv: between cells, `,` `;` `|` or tab, and with a byte order mark, as spreadsheets want it [default: a comma]
    #[arg(long, value_name = "CHARACTER", value_parser = crate::cli::args::file::delimiter)]
    pub delimiter: Option<Delimiter>,

    /// Write the rejected rows to PATH, whole and with the reason, to be corrected and run: nothing else is touched
    #[arg(long, value_name = "PATH", conflicts_with_all = ["format", "output", "states", "deliveries", "columns", "with_numbers", "zone"])]
    pub rejects: Option<PathBuf>,

    /// Write an archive (zip) for an auditor to PATH: rows with their requests, hours, decisions, lists, runs, the definition,
    /// versions, and the sums of all of it
    #[arg(long, value_name = "PATH", conflicts_with_all = ["format", "output", "states", "deliveries", "columns", "with_numbers", "rejects", "delimiter", "zone"])]
    pub evidence: Option<PathBuf>,

    /// In html: also list the rows that need a person, with their numbers, keys and the service's words
    #[arg(long)]
    pub with_numbers: bool,

    /// In html: the time zone (IANA) of its times, such as America/New_York [default: UTC]
    #[arg(long, value_name = "ZONE", value_parser = crate::cli::args::values::zone)]
    pub zone: Option<TimeZone>,
}

impl ReportArgs {
    fn wanted(&self, format: Format) -> Wanted {
        let selection = Selection { states: self.states.clone() };
        let names = if self.with_numbers { Names::Shown } else { Names::Withheld };
        let deliveries = self.deliveries.iter().map(|wanted| wanted.0).collect();
        Wanted {
            format,
            selection,
            deliveries,
            columns: self.columns.clone(),
            delimiter: self.delimiter,
            names,
            prices: None,
            clock: self.zone.clone().map_or_else(WallClock::default, WallClock::new),
            commands: next_step::page_commands(),
            going_on: None,
        }
    }
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
        .map(|name| Format::from_name(&name).expect("only names of formats are possible"))
}

/// A delivery that is wanted; `None`: nothing was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedDelivery(Option<Delivery>);

/// Its name.
const WAITING: &str = "waiting";

fn deliveries() -> impl TypedValueParser<Value = WantedDelivery> {
    let names = Delivery::ALL.map(Delivery::name).into_iter().chain([WAITING]);
    PossibleValuesParser::new(names).map(|name| WantedDelivery(Delivery::from_name(&name)))
}

fn states() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::name))
        .map(|name| State::from_name(&name).expect("only names of states are possible"))
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &ReportArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let paths = CampaignPaths::of_results(&session.global.campaign_options())?;
    let inputs = Inputs::of(&paths).with_recorded(&paths).with_lists_of(&paths).with_outputs(&[]);
    for path in args
        .output
        .iter()
        .chain(&args.rejects)
        .chain(&args.evidence)
        .filter(|path| path.as_path() != Path::new("-"))
    {
        inputs.refuse(path, "the report", NextStep::OtherReport)?;
    }
    let definition = CampaignPaths::of_campaign(&session.global.campaign_options()).ok();
    let definition = definition.map(|(_, definition)| definition);
    if let Some(path) = &args.evidence {
        return evidence(path, (&paths, definition.as_ref()), session);
    }
    let prices = definition.and_then(|definition| {
        let prices = definition.cost.as_ref()?.prices();
        Some(MessagePrices { prices, currency: definition.currency })
    });
    let asked = Asked::of(&paths, session.global);
    let now = Some(session.clock.now());
    write_priced(args, (&asked, prices, now), &mut output::records(), &mut output::notes())?;
    Ok(Exit::Done)
}

fn evidence(
    path: &Path,
    of: (&CampaignPaths, Option<&Definition>),
    session: &Session<'_>,
) -> Result<Exit, Failure> {
    let reader = Reader::open(&of.0.journal)?;
    let snapshot = reader.snapshot().map_err(ReportError::from)?;
    let campaign = paths::which(&snapshot, of.0.campaign.as_deref())?;
    let written = app::evidence::write(&snapshot, &campaign, of, path, &session.clock)?;
    let WrittenEvidence { rows, sha256 } = written;
    if session.global.json {
        let path = path.to_string_lossy();
        output::json(
            &json!({ "campaign": campaign.name, "evidence": path, "sha256": sha256, "rows": rows.rows() }),
        )?;
    } else {
        // The form that `sha256sum -c` reads: to be kept elsewhere.
        output::line(&format!("{sha256}  {}", foreign::path(path)))?;
    }
    let stated = of.1.map(|definition| definition.alerts.stated_urls()).unwrap_or_default();
    if !stated.is_empty() && !session.global.quiet {
        let keys = stated.join(" and ");
        output::note(&format!(
            "note: the archive has the definition as it is, with {keys} in it: whoever has a URL can post to it. Hand the archive \
             to people who may know that, or change the URL afterwards"
        ));
    }
    Ok(Exit::Done)
}

/// Writes the report: to `out` (stdout), or to the path of the arguments with a word about it to `notes` (stderr).
///
/// # Errors
/// [`ReportError`]; a file is then as it was before.
pub fn write(
    args: &ReportArgs,
    asked: &Asked<'_>,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> Result<(), ReportError> {
    write_priced(args, (asked, None, None), out, notes)
}

fn write_priced(
    args: &ReportArgs,
    (asked, prices, now): (&Asked<'_>, Option<MessagePrices>, Option<UnixMillis>),
    out: &mut impl Write,
    notes: &mut impl Write,
) -> Result<(), ReportError> {
    let path = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let mut wanted = Wanted { prices, ..args.wanted(format_of(args.format, path, asked.json)?) };
    let reader = Reader::open(asked.journal)?;
    let snapshot = reader.snapshot()?;
    let campaign = paths::which(&snapshot, asked.campaign)?;
    if let Some(now) = now.filter(|_| wanted.format == Format::Html) {
        wanted.going_on = Status::read(&snapshot, &campaign, asked.journal, now)?.going_run();
    }
    if let Some(at) = snapshot.purged_at(campaign.id)?.filter(|_| wanted.format.has_rows() && !asked.quiet) {
        // Whoever reads no notes reads a report all the same.
        let _ = writeln!(
            notes,
            "note: purged at {}: numbers, keys, reasons and the file's own cells were removed",
            UtcTime(at)
        );
    }
    if let Some(path) = args.rejects.as_deref() {
        let written = rejects(&snapshot, &campaign, path, args.delimiter)?;
        let done = Done { campaign: &campaign.name, report: path, format: "rejects", written };
        return done.tell(asked, out, notes);
    }
    match path {
        None => match to_stream(&snapshot, &campaign, &wanted, out) {
            Err(error) if error.is_broken_pipe() => Ok(()),
            result => result,
        },
        Some(path) => {
            if !args.force {
                crate::report::refuse_other_files(path)?;
            }
            let written = to_file(&snapshot, &campaign, &wanted, path)?;
            let done = Done { campaign: &campaign.name, report: path, format: wanted.format.name(), written };
            done.tell(asked, out, notes)
        }
    }
}

/// What is said of a report that went to a file.
#[derive(Serialize)]
struct Done<'a> {
    campaign: &'a str,
    report: &'a Path,
    format: &'static str,
    #[serde(flatten)]
    written: Tally,
}

impl Done<'_> {
    fn tell(
        &self,
        asked: &Asked<'_>,
        out: &mut impl Write,
        notes: &mut impl Write,
    ) -> Result<(), ReportError> {
        let told = if asked.json {
            serde_json::to_writer(&mut *out, self).map_err(Into::into).and_then(|()| writeln!(out))
        } else if asked.quiet {
            Ok(())
        } else {
            writeln!(
                notes,
                "{} in {}",
                counted(self.written.rows(), "row", "rows"),
                foreign::path(self.report)
            )
        };
        match told.map_err(ReportError::Stream) {
            Err(error) if error.is_broken_pipe() => Ok(()),
            result => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: ReportArgs,
    }

    #[test]
    fn states_are_separated_by_commas_or_repeated() {
        let parse = |line: &str| Line::try_parse_from(line.split(' ')).map(|line| line.args.states);
        let both = [State::Failed, State::Uncertain];
        for line in [
            "report --state failed,uncertain",
            "report --state failed --state uncertain",
            "report --state failed uncertain",
        ] {
            assert_eq!(parse(line).unwrap(), both, "{line}");
        }
        let error = parse("report --state sent").unwrap_err().to_string();
        assert!(error.contains("possible values: started, failed, rejected"), "{error}");
    }

    #[test]
    fn the_format_is_named_or_follows_the_ending() {
        let path = |path| Some(Path::new(path));
        assert_eq!(format_of(None, None, false).unwrap(), Format::Csv);
        assert_eq!(format_of(None, None, true).unwrap(), Format::Json);
        assert_eq!(format_of(None, path("a.jsonl"), false).unwrap(), Format::Jsonl);
        assert_eq!(format_of(Some(Format::Csv), path("a.jsonl"), true).unwrap(), Format::Csv);
        let error = format_of(None, path("a.pdf"), false).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        insta::assert_snapshot!(
            format!("{error}\n{}", error.hint().unwrap()),
            @r#"
        failed to tell the format of the report from "a.pdf"
        name the format with <Format>; this version writes csv, jsonl, json, html, xlsx
        "#
        );
    }
}
