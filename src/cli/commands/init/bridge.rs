//! `campaign init NAME --from FILE` and `--from-cli-input-json`: a definition from what there is already.

use std::path::Path;

use serde_json::{Map, Value};

use super::{InitArgs, failed, write_new, write_schema};
use crate::cli::commands::contact;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::domain::cli_input::bridge::{self, Sample};
use crate::domain::cli_input::check;
use crate::domain::cli_input::validate;
use crate::domain::definition;
use crate::domain::delivery::ending::Exit;
use crate::domain::foreign;
use crate::recipients::{Recipients, Source};

/// Rows that are looked at.
const ROWS: usize = 500;

/// Runs the command.
///
/// # Errors
/// Where the request or the file cannot be read, or the definition is there already.
pub(super) fn run(args: &InitArgs, name: &str, folder: &Path) -> Result<Exit, Failure> {
    let path = folder.join(format!("{name}.toml"));
    let sample_path = folder.join(format!("{name}.csv"));
    let people = args.from.as_ref().or(args.csv.as_ref());
    let mut new = vec![&path];
    new.extend(people.is_none().then_some(&sample_path));
    if let Some(there) = new.iter().find(|path| path.exists()) {
        return Err(Failure::usage(
            format!("{} is there already", foreign::path(there)),
            "choose another name; nothing was written",
        ));
    }
    let request = args.from_cli_input_json.as_deref().map(request).transpose()?;
    let destination = request.as_ref().and_then(bridge::destination);
    let sample = people.map(|file| sample(file, destination)).transpose()?;
    let text = match (&request, &sample) {
        (Some(request), sample) => bridge::from_request(request, sample.as_ref()),
        (None, Some(sample)) => bridge::from_file(sample),
        (None, None) => return Err(contact::not_a_request()),
    };
    definition::parse(&text, &foreign::path(&path), name)?;
    write_schema(folder)?;
    write_new(&path, &text).map_err(|error| failed(&path, &error))?;
    let (mut wrote, mut recipients) = (foreign::path(&path), sample_path.clone());
    match people {
        Some(file) => recipients.clone_from(file),
        None => {
            write_new(&sample_path, &format!("phone\n{}\n", destination.unwrap_or_default()))
                .map_err(|error| failed(&sample_path, &error))?;
            wrote = format!("{wrote} and {}", foreign::path(&sample_path));
        }
    }
    let recipients = foreign::path(&recipients);
    let guesses = text.matches("# (?)").count();
    let look_over = match guesses {
        0 => String::new(),
        1 => "  look over the line with (?): it is a guess\n".to_owned(),
        several => format!("  look over the {several} lines with (?): they are guesses\n"),
    };
    output::note(&format!(
        "wrote {wrote}\n{look_over}  look: campaign check {recipients} -c {name}\n  \
         try: campaign run {recipients} -c {name} --simulate"
    ));
    Ok(Exit::Done)
}

/// A request that may be sent.
fn request(argument: &str) -> Result<Map<String, Value>, Failure> {
    let Value::Object(members) = contact::json_argument(argument)? else {
        return Err(contact::not_a_request());
    };
    let problems = validate::request(&members);
    if !problems.is_empty() {
        return Err(contact::refused(problems));
    }
    check::check(members.clone(), None, false).map_err(contact::refused)?;
    Ok(members)
}

/// The columns of a file, its first rows, and the row that has this number, wherever it is.
fn sample(file: &Path, number: Option<&str>) -> Result<Sample, Failure> {
    let source = Source::File(file.to_owned());
    let mut settings = definition::RecipientsSettings::default();
    let first = Recipients::open(&source, &settings)?.header().names().first().cloned().unwrap_or_default();
    settings.phone = vec![first.clone()];
    let mut recipients = Recipients::open(&source, &settings)?;
    // Rows are read through a definition; this one takes any file.
    let any = format!(
        "[connect]\ninstance_id = \"11111111-2222-3333-4444-555555555555\"\ncontact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n\
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/1\"\n[recipients]\nphone = {}\n",
        Value::from(first)
    );
    let binding = definition::parse(&any, "any.toml", "any")?.bind(recipients.header())?;
    let mut rows = Vec::new();
    while rows.len() < ROWS
        && let Some(row) = recipients.next_row(&binding)?
    {
        rows.push(row.cells.iter().map(str::to_owned).collect());
    }
    let mut sample = Sample { file: foreign::path(file), header: recipients.header().clone(), rows };
    let Some(number) = number else { return Ok(sample) };
    let region = sample.region();
    let is_it = |row: &[String]| bridge::column_of_number(row, number, region).is_some();
    if sample.rows.iter().any(|row| is_it(row)) {
        return Ok(sample);
    }
    while let Some(row) = recipients.next_row(&binding)? {
        let row: Vec<String> = row.cells.iter().map(str::to_owned).collect();
        if is_it(&row) {
            sample.rows.push(row);
            break;
        }
    }
    Ok(sample)
}
