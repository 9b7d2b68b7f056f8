//! Which instances, flows and phone numbers exist: those of the configuration, or, where it lists none, every
//! well-formed one.

use super::config::WorldConfig;
use super::refusal::Refusal;

/// Checks an instance, given by id or ARN.
pub(super) fn instance_exists(instance: &str, config: &WorldConfig) -> Result<(), Refusal> {
    exists("Instance", bare(instance, ":instance/"), &config.instance_ids)
}

/// Checks a flow, given by id or ARN.
pub(super) fn flow_exists(flow: &str, config: &WorldConfig) -> Result<(), Refusal> {
    exists("ContactFlow", bare(flow, "/contact-flow/"), &config.contact_flow_ids)
}

/// What follows `marker` in an ARN; an id as it is.
pub(super) fn bare<'a>(id: &'a str, marker: &str) -> &'a str {
    id.rsplit_once(marker).map_or(id, |(_, bare)| bare)
}

fn exists(kind: &str, id: &str, known: &[String]) -> Result<(), Refusal> {
    if known.is_empty() && uuid::Uuid::try_parse(id).is_err() {
        return Err(Refusal::invalid(format!("{kind} id {id} is not well-formed: it is no UUID.")));
    }
    if known.is_empty() || known.iter().any(|known| bare(known, "/") == id || known == id) {
        Ok(())
    } else {
        Err(Refusal::not_found(format!("{kind} {id} not found.")))
    }
}

/// Checks a phone number's ARN.
pub(super) fn source_exists(arn: &str, config: &WorldConfig) -> Result<(), Refusal> {
    if arn.contains(":sms-voice:") {
        let message = "SourceEndpoint Address must be the ARN of a phone number in Amazon Connect, not of one in AWS \
                       End User Messaging.";
        return Err(Refusal::invalid(message));
    }
    if !is_phone_number_arn(arn) {
        return Err(Refusal::invalid("SourceEndpoint Address is not the ARN of a phone number."));
    }
    if config.sources.is_empty() || config.sources.iter().any(|known| known == arn) {
        Ok(())
    } else {
        Err(Refusal::not_found("PhoneNumber not found."))
    }
}

/// `arn:PARTITION:connect:REGION:ACCOUNT:phone-number/ID`
fn is_phone_number_arn(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, "connect", region, account, resource] = parts.as_slice() else { return false };
    partition.starts_with("aws")
        && !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource.strip_prefix("phone-number/").is_some_and(|id| !id.is_empty() && !id.contains('/'))
}
