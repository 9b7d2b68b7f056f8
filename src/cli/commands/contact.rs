//! `campaign start-outbound-chat-contact`: one contact, with the options of the AWS CLI's own command.

mod again;
mod files;
mod prompt;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::app::by_hand::RecordByHand;
use crate::app::contact::{Again, ContactOutcome, EndedBy, NotAsked, SingleContact};
use crate::cli::failure::{Failure, Masking};
use crate::cli::session::Session;
use crate::cli::{output, signals};
use crate::connect::{Client, Settings};
use crate::domain::cli_input::arguments::{self, Argument};
use crate::domain::cli_input::check::{self, Checked};
use crate::domain::cli_input::shape::{Member, members};
use crate::domain::cli_input::{skeleton, validate};
use crate::domain::cli_output::{OutputForm, Printing, Query};
use crate::domain::definition::EndpointUrl;
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::delivery::ending::{Exit, Signal};
use crate::domain::figures::UtcTime;
use crate::domain::next_step::{Advice, Command, NextStep};
use crate::domain::phone::mask_text;
use crate::domain::problem::{Problem, Problems};
use crate::journal::Service;
use crate::pace::{RateLimit, RateLimiter};

/// A time-out of 0 seconds is none: this is longer than any request.
const NO_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);
/// The rate and burst of a new AWS account.
const RATE: f64 = 2.0;
const BURST: std::num::NonZeroU32 = std::num::NonZeroU32::new(5).expect("it is not 0");

/// Arguments of `campaign start-outbound-chat-contact`. Members of the request in shorthand (Type=...,Address=...), JSON, or
/// from file://PATH.
#[derive(Debug, Clone, Args)]
#[command(args_override_self = true, disable_version_flag = true)]
#[command(after_help = "\
The request has the members of StartOutboundChatContact, in the AWS CLI's shorthand, as JSON, or from file://PATH.
docs/single-contact.md explains the command to people who know `aws connect start-outbound-chat-contact`.")]
pub struct ContactArgs {
    #[command(flatten)]
    members: MemberArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    globals: AwsGlobalArgs,
    /// Let a landline through
    #[arg(long, help_heading = "Beside the AWS CLI's")]
    allow_landlines: bool,
}

/// The members of the request.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Members of the request")]
struct MemberArgs {
    /// Sender: Type=CONNECT_PHONENUMBER_ARN,Address=ARN
    #[arg(long, value_name = "VALUE")]
    source_endpoint: Option<String>,
    /// Recipient: Type=TELEPHONE_NUMBER,Address=+12025550143
    #[arg(long, value_name = "VALUE")]
    destination_endpoint: Option<String>,
    /// Amazon Connect instance
    #[arg(long, value_name = "VALUE")]
    instance_id: Option<String>,
    /// Channel and more: connect:Subtype={ValueString=connect:SMS}
    #[arg(long, value_name = "VALUE")]
    segment_attributes: Option<String>,
    /// What the flow reads as $.Attributes.NAME: NAME=TEXT,...
    #[arg(long, value_name = "VALUE")]
    attributes: Option<String>,
    /// Flow that manages the contact
    #[arg(long, value_name = "VALUE")]
    contact_flow_id: Option<String>,
    /// 60 to 10080; 25 hours without it
    #[arg(long, value_name = "VALUE")]
    chat_duration_in_minutes: Option<String>,
    /// The customer: DisplayName=TEXT
    #[arg(long, value_name = "VALUE")]
    participant_details: Option<String>,
    /// The text: ContentType=text/plain,Content=TEXT
    #[arg(long, value_name = "VALUE")]
    initial_system_message: Option<String>,
    /// A message template: KnowledgeBaseId=ID,MessageTemplateId=ID,...
    #[arg(long, value_name = "VALUE")]
    initial_templated_system_message: Option<String>,
    /// Contact that this one follows
    #[arg(long, value_name = "VALUE")]
    related_contact_id: Option<String>,
    /// text/plain, and what else the chat takes
    #[arg(long, value_name = "VALUE", num_args = 0..)]
    supported_messaging_content_types: Option<Vec<String>>,
    /// Makes asking again safe for 7 days; made where it is left out
    #[arg(long, value_name = "VALUE")]
    client_token: Option<String>,
}

/// Where else the members come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Request as a whole")]
struct InputArgs {
    /// Members as JSON, or file://PATH; options win over them
    #[arg(long, value_name = "JSON")]
    cli_input_json: Option<String>,
    /// Members as YAML, or file://PATH; options win over them
    #[arg(long, value_name = "YAML", conflicts_with = "cli_input_json")]
    cli_input_yaml: Option<String>,
    /// Print a request to fill in, or with "output" what the command would print; nothing is sent
    #[arg(long, value_name = "KIND", num_args = 0..=1, default_missing_value = "input")]
    generate_cli_skeleton: Option<SkeletonKind>,
    /// Ask for members that are missing
    #[arg(long, conflicts_with = "no_cli_auto_prompt")]
    cli_auto_prompt: bool,
    /// Do not ask, which is the default
    #[arg(long)]
    no_cli_auto_prompt: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SkeletonKind {
    /// JSON, for --cli-input-json.
    Input,
    /// YAML, for --cli-input-yaml.
    YamlInput,
    /// An answer, after the members were checked.
    Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    On,
    Off,
    Auto,
}

/// The AWS CLI's global options.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of the AWS CLI")]
struct AwsGlobalArgs {
    /// AWS Region [default: that of the ARNs]
    #[arg(long)]
    region: Option<String>,
    /// Profile of the AWS configuration files
    #[arg(long)]
    profile: Option<String>,
    /// Another endpoint: https, or http on this machine
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Form of the answer: json, text, yaml or table [default: AWS_DEFAULT_OUTPUT, else json]
    #[arg(long, value_name = "FORM")]
    output: Option<String>,
    /// What of the answer is printed, as a JMESPath expression
    #[arg(long, value_name = "JMESPATH")]
    query: Option<String>,
    /// Seconds to wait for an answer; 0: no limit
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    cli_read_timeout: u32,
    /// Seconds to wait for a connection; 0: no limit
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    cli_connect_timeout: u32,
    /// PEM certificates to trust besides the system's
    #[arg(long, value_name = "PATH")]
    ca_bundle: Option<PathBuf>,
    /// Colours of a table
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    /// Log everything, as -vv does
    #[arg(long)]
    debug: bool,
    /// Print the version
    #[arg(long)]
    version: bool,
    /// Only with an --endpoint-url on this machine
    #[arg(long)]
    no_sign_request: bool,
    /// Only with an --endpoint-url on this machine
    #[arg(long)]
    no_verify_ssl: bool,
    /// Accepted; the answer has one page
    #[arg(long)]
    no_paginate: bool,
    /// Accepted; there is no pager
    #[arg(long)]
    no_cli_pager: bool,
    /// Accepted; the request has no bytes
    #[arg(long, value_name = "FORMAT", value_parser = ["base64", "raw-in-base64-out"])]
    cli_binary_format: Option<String>,
}

impl ContactArgs {
    /// Whether everything is logged.
    #[must_use]
    pub fn debug(&self) -> bool {
        self.globals.debug
    }
}

impl MemberArgs {
    /// The option for a member of the request.
    fn argument(&self, member: &Member) -> Option<Argument> {
        let one = match member.name {
            "SourceEndpoint" => &self.source_endpoint,
            "DestinationEndpoint" => &self.destination_endpoint,
            "InstanceId" => &self.instance_id,
            "SegmentAttributes" => &self.segment_attributes,
            "Attributes" => &self.attributes,
            "ContactFlowId" => &self.contact_flow_id,
            "ChatDurationInMinutes" => &self.chat_duration_in_minutes,
            "ParticipantDetails" => &self.participant_details,
            "InitialSystemMessage" => &self.initial_system_message,
            "InitialTemplatedSystemMessage" => &self.initial_templated_system_message,
            "RelatedContactId" => &self.related_contact_id,
            "ClientToken" => &self.client_token,
            "SupportedMessagingContentTypes" => {
                return self.supported_messaging_content_types.clone().map(Argument::Several);
            }
            _ => return None,
        };
        one.clone().map(Argument::One)
    }
}

/// How the answer is printed, known before anything is sent.
struct ContactAnswer {
    form: OutputForm,
    query: Option<Query>,
    colour: bool,
}

impl ContactAnswer {
    fn of(globals: &AwsGlobalArgs) -> Result<Self, Failure> {
        let from_environment = || std::env::var("AWS_DEFAULT_OUTPUT").ok().filter(|form| !form.is_empty());
        let form = match globals.output.clone().or_else(from_environment) {
            None => OutputForm::Json,
            Some(name) => OutputForm::parse(&name).ok_or_else(|| {
                Failure::usage(
                    format!("there is no output form {name:?}"),
                    format!("the forms are {}", OutputForm::NAMES.join(", ")),
                )
            })?,
        };
        let query = globals.query.as_deref().map(Query::parse).transpose();
        // A function that does not fit the answer is known before there is one.
        let query = query.and_then(|query| match &query {
            Some(asked) => asked.search(&json!({"ContactId": "ContactId"})).map(|_| query),
            None => Ok(None),
        });
        let query = query.map_err(|error| Failure::usage(error.to_string(), "see https://jmespath.org"))?;
        let colour = match globals.color {
            Colour::On => true,
            Colour::Off => false,
            Colour::Auto => output::is_terminal(),
        };
        Ok(Self { form, query, colour })
    }

    fn print(&self, answer: &Value) -> Result<(), Failure> {
        let found = match &self.query {
            Some(query) => query.search(answer).map_err(|error| Failure {
                message: error.to_string(),
                hint: Some(format!("the answer was {answer}").into()),
                exit: Exit::Failure,
                gate: false,
                masking: Masking::Numbers,
            })?,
            None => answer.clone(),
        };
        let width = console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns));
        let printing =
            Printing { form: self.form, title: "StartOutboundChatContact", width, colour: self.colour };
        write_out(&printing.print(&found))
    }
}

fn write_out(text: &str) -> Result<(), Failure> {
    let mut out = output::results();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| output::failed(&error))
}

/// Runs the command.
///
/// # Errors
/// Mistakes in the request or the options, and what keeps the client from being made; nothing was sent then.
pub fn run(args: &ContactArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    if args.globals.version {
        return write_out(concat!("campaign ", env!("CARGO_PKG_VERSION"), "\n")).map(|()| Exit::Done);
    }
    let answer = ContactAnswer::of(&args.globals)?;
    match args.input.generate_cli_skeleton {
        Some(SkeletonKind::Input) => return write_out(&skeleton::json()).map(|()| Exit::Done),
        Some(SkeletonKind::YamlInput) => return write_out(&skeleton::yaml()).map(|()| Exit::Done),
        Some(SkeletonKind::Output) | None => {}
    }
    let checked = request(args)?;
    if args.input.generate_cli_skeleton.is_some() {
        return answer.print(&json!({"ContactId": "ContactId"})).map(|()| Exit::Done);
    }
    let endpoint = endpoint(&args.globals)?;
    if !session.global.quiet {
        for note in &checked.notes {
            note_line(&format!("note: {note}"));
        }
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure {
            message: format!("failed to begin: {error}"),
            hint: None,
            exit: Exit::Failure,
            gate: false,
            masking: Masking::Numbers,
        })?;
    runtime.block_on(start(args, &checked, endpoint.as_ref(), &answer, session))
}

/// The request that options and input come to, checked.
fn request(args: &ContactArgs) -> Result<Checked, Failure> {
    let mut options = Map::new();
    for member in members() {
        if let Some(argument) = args.members.argument(member) {
            let value = arguments::member(member, &argument, &files::text)
                .map_err(|error| Failure::usage(error.to_string(), HINT_SYNTAX))?;
            options.insert(member.name.to_owned(), value);
        }
    }
    let input = files::input(args.input.cli_input_json.as_deref(), args.input.cli_input_yaml.as_deref())
        .map_err(|error| Failure::usage(error, SKELETON))?;
    let mut merged = arguments::merge(options, input).map_err(|error| Failure::usage(error, SKELETON))?;
    if args.input.cli_auto_prompt {
        prompt::missing(&mut merged)?;
    }
    let problems = validate::request(&merged);
    if !problems.is_empty() {
        return Err(refused(problems));
    }
    check::check(merged, args.globals.region.as_deref(), args.allow_landlines).map_err(refused)
}

const SKELETON: &str =
    "`campaign start-outbound-chat-contact --generate-cli-skeleton` prints a request to fill in";
const HINT_SYNTAX: &str =
    "write it as NAME=VALUE,..., as JSON, or as file://PATH; docs/single-contact.md has examples";

pub(in crate::cli::commands) fn refused(problems: Vec<Problem>) -> Failure {
    let mut list = Problems::new("the request", "");
    problems.into_iter().for_each(|problem| list.push(problem));
    Failure::from(list)
}

/// The value of `--cli-input-json`, or of an option that takes the same.
pub(in crate::cli::commands) fn json_argument(text: &str) -> Result<Value, Failure> {
    let inline =
        text.trim_start().starts_with(['{', '[']) || crate::domain::cli_input::file_of(text).is_some();
    let named = if inline { text.to_owned() } else { format!("file://{text}") };
    let read = files::input(Some(&named), None).map_err(|error| Failure::usage(error, SKELETON))?;
    Ok(read.unwrap_or_default())
}

/// What is said of JSON that is no request.
pub(in crate::cli::commands) fn not_a_request() -> Failure {
    Failure::usage("the input is not an object with the members of the request", SKELETON)
}

/// The endpoint that was named, and whether what only loopback may have was asked for elsewhere.
fn endpoint(globals: &AwsGlobalArgs) -> Result<Option<EndpointUrl>, Failure> {
    let endpoint = globals.endpoint_url.as_deref().map(EndpointUrl::parse).transpose();
    let endpoint = endpoint.map_err(|error| {
        Failure::usage(format!("the endpoint {error}"), "leave out --endpoint-url to send to Amazon Connect")
    })?;
    let loopback = endpoint.as_ref().is_some_and(EndpointUrl::is_loopback);
    for (asked, option, why) in [
        (globals.no_verify_ssl, "--no-verify-ssl", "whoever answers could read the number and the message"),
        (globals.no_sign_request, "--no-sign-request", "Amazon Connect takes no request without a signature"),
    ] {
        if asked && !loopback {
            return Err(Failure::usage(
                format!("{option} is only for an --endpoint-url on this machine: {why}"),
                "leave it out; a proxy's certificate is trusted with --ca-bundle",
            ));
        }
    }
    let https = endpoint.as_ref().is_some_and(|endpoint| endpoint.as_str().starts_with("https:"));
    if globals.no_verify_ssl && https {
        return Err(Failure::usage(
            "--no-verify-ssl is not for https, also not on this machine",
            "trust the server's certificate with --ca-bundle, or use http:// on loopback",
        ));
    }
    Ok(endpoint)
}

async fn start(
    args: &ContactArgs,
    checked: &Checked,
    endpoint: Option<&EndpointUrl>,
    answer: &ContactAnswer,
    session: &Session<'_>,
) -> Result<Exit, Failure> {
    let globals = &args.globals;
    let seconds = |seconds: u32| match seconds {
        0 => NO_TIMEOUT,
        seconds => Duration::from_secs(u64::from(seconds)),
    };
    let settings = Settings {
        region: globals.region.clone().or_else(|| checked.region.clone()),
        profile: globals.profile.clone(),
        endpoint_url: endpoint.map(|endpoint| endpoint.as_str().to_owned()),
        ca_bundle: globals.ca_bundle.clone(),
        connect_timeout: seconds(globals.cli_connect_timeout),
        read_timeout: seconds(globals.cli_read_timeout),
    };
    let client = match endpoint {
        Some(endpoint) if globals.no_sign_request => Client::unsigned(endpoint, &settings, &session.clock)?,
        _ => Client::connect(&settings, &session.clock).await?,
    };
    let stop = signals::listen().map_err(|error| Failure {
        message: format!("failed to listen for signals: {error}"),
        hint: Some("end other programs, then run again".into()),
        exit: Exit::Failure,
        gate: false,
        masking: Masking::Numbers,
    })?;
    let token = checked.client_token.clone().unwrap_or_else(|| fresh_token().to_string());
    let record = record(&client, (checked, &token), session)?;
    let contact = SingleContact {
        client,
        record,
        body: checked.body(&token),
        pace: RateLimiter::new(RateLimit { rate: RATE, burst: BURST }, BucketHistory::Fresh),
        clock: session.clock.clone(),
        chance: fastrand::Rng::new(),
        stop,
    };
    let quiet = session.global.quiet;
    let outcome = contact
        .start(&mut |again: Again<'_>| {
            if !quiet {
                note_line(&format!("{}; asked again in {:.1} s", again.refusal, again.after.as_secs_f64()));
            }
        })
        .await;
    match outcome {
        Ok(outcome) => conclude(outcome, &token, checked, answer),
        Err(error) => {
            let failure = Failure::from(error);
            let ask = ask_again(&token, checked);
            let hint = match failure.hint {
                Some(NextStep::Advice(advice)) => NextStep::Advice(advice.then(format!("\n  {ask}"))),
                _ => ask.into(),
            };
            Err(Failure { hint: Some(hint), ..failure })
        }
    }
}

/// The contact's row, where a journal is named.
fn record(
    client: &Client,
    contact: (&Checked, &str),
    session: &Session<'_>,
) -> Result<Option<RecordByHand>, Failure> {
    let Some(path) = &session.global.journal else { return Ok(None) };
    let service = if client.is_loopback() { Service::Loopback } else { Service::Aws };
    Ok(Some(RecordByHand::open(path, service, contact, session.clock.now())?))
}

/// A random UUID, version 4.
fn fresh_token() -> uuid::Uuid {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_le_bytes()).into_uuid()
}

/// What is printed of the outcome, and the exit code.
fn conclude(
    outcome: ContactOutcome,
    token: &str,
    checked: &Checked,
    answer: &ContactAnswer,
) -> Result<Exit, Failure> {
    let failure = |message: String, hint: Option<NextStep>, exit: Exit| {
        Err(Failure { message, hint, exit, gate: false, masking: Masking::Numbers })
    };
    match outcome {
        ContactOutcome::Started(contact_id) => {
            answer.print(&json!({"ContactId": contact_id})).map_err(|unshown| Failure {
                message: format!("the contact {contact_id} was started; {}", unshown.message),
                hint: Some(
                    format!("client token: {token}; the same command again would start another contact")
                        .into(),
                ),
                ..unshown
            })?;
            Ok(Exit::Done)
        }
        ContactOutcome::Refused(refusal) => {
            let hint = "no contact was started; correct the request, then send it again";
            failure(
                format!("the service refuses the request: {refusal}"),
                Some(hint.into()),
                Exit::Incomplete,
            )
        }
        ContactOutcome::Halted(refusal) => {
            let hint = "no contact was started; what the message names must be put right first";
            failure(format!("the service refuses: {refusal}"), Some(hint.into()), Exit::Halted)
        }
        ContactOutcome::NotStarted(EndedBy::Refusal(refusal)) => {
            let hint = "no contact was started; check the network and the endpoint";
            failure(format!("no answer: {refusal}"), Some(hint.into()), Exit::Halted)
        }
        ContactOutcome::NotStarted(EndedBy::Signal(signal)) => {
            failure("interrupted; no contact was started".to_owned(), None, of_signal(signal))
        }
        ContactOutcome::Unknown(by) => {
            let (why, exit) = match by {
                EndedBy::Refusal(refusal) => (refusal.to_string(), Exit::Incomplete),
                EndedBy::Signal(signal) => ("interrupted".to_owned(), of_signal(signal)),
            };
            let message =
                format!("it is not known whether the contact was started: {why}\n  client token: {token}");
            failure(message, Some(ask_again(token, checked).into()), exit)
        }
        ContactOutcome::NotAsked(why) => {
            let (message, hint, exit) = not_asked(why);
            failure(message, Some(hint.into()), exit)
        }
    }
}

/// The command that asks again. It has the number in full, as it was typed: with a masked one it would be of no use.
fn ask_again(token: &str, checked: &Checked) -> String {
    let given = checked.client_token.is_some();
    let command = again::command(std::env::args_os().skip(1), (!given).then_some(token));
    format!("ask again within 6 days with the same token, which starts no second contact:\n    {command}")
}

/// Why the journal let no request leave, what to do, and the exit code.
fn not_asked(why: NotAsked) -> (String, Advice, Exit) {
    match why {
        NotAsked::Suppressed => (
            "the number is on the journal's suppression list".to_owned(),
            Advice::new("nothing was sent; ").run(Command::SuppressList).then(" shows the list"),
            Exit::Usage,
        ),
        NotAsked::OptedOut(at) => (
            format!("the number opted out {}, as the journal's copy of the account's opt-out lists says", UtcTime(at)),
            "nothing was sent; the next run of a campaign of that account reads its lists again".into(),
            Exit::Usage,
        ),
        NotAsked::OtherRequest => (
            "the journal has another request with this client token".to_owned(),
            "nothing was sent; leave out --client-token for a new contact, or repeat the first request as it was".into(),
            Exit::Usage,
        ),
        NotAsked::Uncertain => (
            "an earlier request with this client token may have started a contact, and the token is too old to find out".to_owned(),
            "nothing was sent; find out from Amazon Connect, then decide with `campaign resolve -c by-hand`".into(),
            Exit::Incomplete,
        ),
    }
}

fn of_signal(signal: Signal) -> Exit {
    match signal {
        Signal::Interrupt => Exit::Interrupted,
        Signal::Terminate => Exit::Terminated,
    }
}

fn note_line(line: &str) {
    output::note(&mask_text(line));
}
