//! `campaign init`: a commented definition and a sample CSV to begin with.

mod bridge;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::{Failure, Masking};
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::definition;
use crate::domain::delivery::ending::Exit;
use crate::domain::foreign;

/// The sample campaign of this project is what a new one begins with.
const DEFINITION: &str = include_str!("../../../campaigns/sample.toml");
const RECIPIENTS: &str = include_str!("../../../campaigns/sample.csv");
/// The sample's pace is for the simulator; a new campaign begins with that of a new AWS account, which is the default.
const PACE: &str = ". The simulator takes more, and this sample is for the simulator:
# leave the two lines out for your account.
rate = 200.0
burst = 20
";
const DEFAULT_PACE: &str = ".
# rate = 2.0
# burst = 5
";
/// The sample is tried at any hour; a new campaign disturbs nobody at night.
const HOURS: &str = ". Default: at any hour.
# open = \"08:00-21:00\"
";
const DAYTIME: &str = ". Without this line: at any hour.
open = \"08:00-21:00\"
";
/// Lines of a new campaign's CSV.
const RECIPIENTS_LINES: usize = 11;

/// Where definitions are, and the schema that they name.
const FOLDER: &str = "campaigns";
const SCHEMA: &str = "campaign.schema.json";

/// Arguments of `campaign init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The campaign's name: campaigns/NAME.toml and campaigns/NAME.csv are written, and campaigns/campaign.schema.json
    #[arg(value_parser = name, required_unless_present = "schema")]
    name: Option<String>,
    /// Read the columns of this recipients file and propose a definition for it
    #[arg(long, value_name = "FILE", conflicts_with = "from_cli_input_json")]
    from: Option<PathBuf>,
    /// Make the definition from a request that works with the AWS CLI: JSON, or file://PATH
    #[arg(long, value_name = "JSON")]
    from_cli_input_json: Option<String>,
    /// With --from-cli-input-json: the recipients, whose columns take the place of the request's texts
    #[arg(long, value_name = "FILE", requires = "from_cli_input_json")]
    csv: Option<PathBuf>,
    /// Only write campaigns/campaign.schema.json anew: the JSON Schema of definitions, for editors
    #[arg(long, conflicts_with = "name")]
    schema: bool,
}

fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if !text.is_empty() && text.len() <= 100 && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err("a name is made of letters, digits, - and _".to_owned())
}

/// Runs the command.
///
/// # Errors
/// Where a file is there already, or cannot be written.
pub fn run(args: &InitArgs, _session: &Session<'_>) -> Result<Exit, Failure> {
    let folder = Path::new(FOLDER);
    let Some(name) = &args.name else {
        write_schema(folder)?;
        output::note(&format!("wrote {FOLDER}/{SCHEMA}"));
        return Ok(Exit::Done);
    };
    if args.from.is_some() || args.from_cli_input_json.is_some() {
        return bridge::run(args, name, folder);
    }
    let paths = ["toml", "csv"].map(|ending| folder.join(format!("{name}.{ending}")));
    if let Some(there) = paths.iter().find(|path| path.exists()) {
        return Err(Failure::usage(
            format!("{} is there already", foreign::path(there)),
            "choose another name; nothing was written",
        ));
    }
    let definition = definition(name);
    let recipients: String = RECIPIENTS.split_inclusive('\n').take(RECIPIENTS_LINES).collect();
    write_schema(folder)?;
    for (path, text) in paths.iter().zip([definition, recipients]) {
        write_new(path, &text).map_err(|error| failed(path, &error))?;
    }
    let [definition, recipients] = paths.map(|path: PathBuf| foreign::path(&path));
    output::note(&format!(
        "wrote {definition} and {recipients}\n  look: campaign check {recipients} -c {name}\n  \
         try: campaign run {recipients} -c {name} --simulate\n  \
         then set instance_id, contact_flow_id and source in {definition}, and run it without --simulate: a simulation \
         has a journal of its own",
    ));
    Ok(Exit::Done)
}

/// The schema is ours, whoever wrote it: an older one is replaced.
fn write_schema(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(SCHEMA);
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    std::fs::write(&path, schema()).map_err(|error| failed(&path, &error))
}

/// The schema as a file.
fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&definition::schema()).expect("a schema is plain JSON");
    text.push('\n');
    text
}

fn definition(name: &str) -> String {
    // In this order: the name may be a word of the text.
    DEFINITION.replace(PACE, DEFAULT_PACE).replace(HOURS, DAYTIME).replace("sample", name)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure {
        message: format!("failed to write {}: {error}", foreign::path(path)),
        hint: Some("go to a folder where you may write, with room on its disk".into()),
        exit: Exit::Failure,
        gate: false,
        masking: Masking::Numbers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::definition::Rate;
    use crate::domain::hours::zones::parse_zone;
    use crate::domain::hours::{Jurisdiction, Lane};

    /// `campaign init --schema` in the root of the project writes it anew.
    #[test]
    fn the_schema_of_this_version_is_kept_beside_the_sample() {
        assert!(
            include_str!("../../../campaigns/campaign.schema.json") == schema(),
            "campaigns/campaign.schema.json is not what `campaign init --schema` writes"
        );
    }

    #[test]
    fn a_new_campaign_has_its_name_and_states_no_pace() {
        let text = definition("spring");
        assert!(!text.contains("sample") && !text.contains("simulator"), "{text}");
        let definition = definition::parse(&text, "campaigns/spring.toml", "spring").expect("it is valid");
        assert_eq!(definition.name, "spring");
        let Rate::PerSecond(rate) = definition.pace.rate else { panic!("{:?}", definition.pace.rate) };
        assert!((rate.get() - 2.0).abs() < f64::EPSILON);
        assert_eq!(definition.pace.burst.get(), 5);
        assert!(!definition.pace.states.rate, "the account's quota counts");
        let hours = definition.hours.expect("a new campaign keeps hours");
        let zones = parse_zone("America/New_York").expect("a zone");
        let calendar = hours.of(&Lane { zones, jurisdiction: Jurisdiction::default() });
        let opens =
            ["2026-12-01T12:59:59Z", "2026-12-01T13:00:00Z", "2026-12-02T01:59:59Z", "2026-12-02T02:00:00Z"];
        let opens = opens.map(|at| calendar.at(at.parse().expect("a time")).is_open());
        assert_eq!(opens, [false, true, true, false], "from eight to nine in the evening");
    }
}
