//! `campaign iam-policy`: the least rights that this campaign needs.

use clap::Args;

use crate::app::accounts;
use crate::app::paths::CampaignPaths;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::account::policy::{self, Resources, Uses};
use crate::domain::arn;
use crate::domain::definition::Definition;
use crate::domain::delivery::ending::Exit;
use crate::domain::object::{ObjectPlace, ObjectUrl};

/// Arguments of `campaign iam-policy`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The policy is JSON for `aws iam put-role-policy` or the IAM console. It allows what the definition \
                        names, and what differs from row to row as a whole."
)]
pub struct IamPolicyArgs {
    /// Allow what `campaign doctor` asks as well
    #[arg(long)]
    doctor: bool,
    /// Allow reading the opt-out lists behind the senders, and adding to them
    #[arg(long)]
    opt_outs: bool,
    /// Allow searching for the contacts of rows in doubt, as `campaign resolve --search` and runs do
    #[arg(long)]
    search: bool,
    /// Allow looking contacts up, and reading delivery events from a queue
    #[arg(long)]
    deliveries: bool,
    /// Allow reading recipients from s3://BUCKET/KEY; `*` stands for the rest of a key; may be given several times
    #[arg(long, value_name = "URL", value_parser = object)]
    object: Vec<String>,
    /// For the account of this sender, where senders have accounts of their own [default: the campaign's own]
    #[arg(long, value_name = "NAME")]
    sender: Option<String>,
}

/// The object of an address, as ARNs have it: `BUCKET/KEY`.
fn object(text: &str) -> Result<String, String> {
    match ObjectUrl::parse(text).map(|url| url.map(|url| url.place().clone())) {
        Some(Ok(ObjectPlace::S3 { bucket, key })) => Ok(format!("{bucket}/{key}")),
        Some(Err(bad)) => Err(bad.to_string()),
        _ => Err("not an object of S3, such as s3://lists/spring.csv".to_owned()),
    }
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &IamPolicyArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let (_, definition) = CampaignPaths::of_campaign(&session.global.campaign_options())?;
    let queue = definition.deliveries.queue.is_some();
    let uses = Uses {
        doctor: args.doctor,
        opt_outs: args.opt_outs,
        deliveries: args.deliveries,
        search: args.search,
        queue,
    };
    let definition = match &args.sender {
        Some(name) => accounts::of_sender(&definition, name)?,
        None => accounts::at_home(definition),
    };
    let resources = Resources { objects: args.object.clone(), ..resources(&definition) };
    let policy = policy::policy(&resources, uses);
    output::line(&format!("{policy:#}"))?;
    Ok(Exit::Done)
}

fn resources(definition: &Definition) -> Resources {
    let connect = &definition.connect;
    let source = definition.request.source.template.as_fixed().map(str::to_owned);
    let flow = definition.request.contact_flow_id.template.as_fixed();
    let partition = source.as_deref().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
    Resources {
        partition: partition.to_owned(),
        region: connect.region.clone(),
        account: connect.account.clone(),
        flow_id: flow
            .filter(|_| one_flow(definition))
            .and_then(|flow| arn::flow(flow, &connect.instance_id).ok())
            .map(|(id, _)| id),
        instance_id: connect.instance_id.clone(),
        objects: Vec::new(),
        queue: definition.deliveries.queue.as_ref().and_then(|url| arn::queue(url.as_str(), partition)),
        sources: match definition.senders.as_slice() {
            [] => source.into_iter().collect(),
            senders => senders.iter().map(|sender| sender.source.clone()).collect(),
        },
    }
}

/// Whether all senders have one flow.
fn one_flow(definition: &Definition) -> bool {
    let mut flows =
        definition.senders.iter().filter_map(|sender| Some(&sender.account.as_ref()?.contact_flow_id));
    let first = flows.next();
    flows.all(|flow| Some(flow) == first)
}
