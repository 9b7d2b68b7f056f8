//! Which instances, flows and phone numbers exist: those of the configuration, or, where it lists none, every
//! well-formed one in the Region that is asked and, where the account wants only its own, in the account.

use super::config::WorldConfig;
use super::refusal::Refusal;

/// The part of the world that a request is sent to: a Region of the configuration's account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) config: &'a WorldConfig,
    /// `None` where requests are not signed: then ARNs of any Region lead here.
    pub(super) region: Option<&'a str>,
    /// The instance that was asked about last: where none is configured, numbers belong to it.
    pub(super) asked_instance: Option<&'a str>,
}

/// The parts of an ARN.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts.as_slice() else { return None };
        partition.starts_with("aws").then_some(Self { service, region, account, resource })
    }
}

impl Scene<'_> {
    /// The ARN of something of Amazon Connect's here.
    pub(super) fn arn(&self, resource: &str) -> String {
        format!(
            "arn:aws:connect:{}:{}:{resource}",
            self.region.unwrap_or("us-west-2"),
            self.config.account.id
        )
    }

    /// Whether an ARN leads here.
    fn has(&self, arn: &Arn<'_>) -> bool {
        let account = &self.config.account;
        arn.service == "connect"
            && self.region.is_none_or(|region| arn.region == region)
            && (!account.only || arn.account == account.id)
    }

    /// Checks an instance, given by id or ARN, and gives its id.
    pub(super) fn instance<'i>(&self, instance: &'i str) -> Result<&'i str, Refusal> {
        let id = bare(instance, ":instance/");
        match Arn::parse(instance) {
            Some(arn) if !self.has(&arn) => {
                Err(Refusal::not_found(format!("Instance {instance} not found.")))
            }
            _ => exists("Instance", id, &self.config.instance_ids).map(|()| id),
        }
    }

    /// Checks a flow of an instance, given by id or ARN.
    pub(super) fn flow(&self, flow: &str, instance_id: &str) -> Result<(), Refusal> {
        let of_other = |arn: &Arn<'_>| {
            let inside = arn.resource.strip_prefix("instance/").and_then(|rest| rest.split_once('/'));
            inside.is_none_or(|(instance, _)| instance != instance_id)
        };
        match Arn::parse(flow) {
            Some(arn) if !self.has(&arn) || of_other(&arn) => {
                Err(Refusal::not_found(format!("ContactFlow {flow} not found.")))
            }
            _ => exists("ContactFlow", bare(flow, "/contact-flow/"), &self.config.contact_flow_ids),
        }
    }

    /// Checks a phone number's ARN.
    pub(super) fn source(&self, arn: &str) -> Result<(), Refusal> {
        if arn.contains(":sms-voice:") {
            let message = "SourceEndpoint Address must be the ARN of a phone number in Amazon Connect, not of one in AWS \
                           End User Messaging.";
            return Err(Refusal::invalid(message));
        }
        let parsed = Arn::parse(arn).filter(is_phone_number);
        let Some(parsed) = parsed else {
            return Err(Refusal::invalid("SourceEndpoint Address is not the ARN of a phone number."));
        };
        let sources = &self.config.sources;
        if self.has(&parsed) && (sources.is_empty() || sources.iter().any(|known| known == arn)) {
            Ok(())
        } else {
            Err(Refusal::not_found("PhoneNumber not found."))
        }
    }
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

/// `arn:PARTITION:connect:REGION:ACCOUNT:phone-number/ID`
fn is_phone_number(arn: &Arn<'_>) -> bool {
    arn.service == "connect"
        && !arn.region.is_empty()
        && arn.account.len() == 12
        && arn.account.bytes().all(|byte| byte.is_ascii_digit())
        && arn.resource.strip_prefix("phone-number/").is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::super::account::AccountConfig;
    use super::*;

    const ID: &str = "6f0e4c1a-0000-4000-8000-000000000001";
    const OTHER: &str = "6f0e4c1a-0000-4000-8000-000000000002";

    #[test]
    fn an_arn_leads_to_its_own_region_account_and_instance() {
        let mut config = WorldConfig::default();
        let arn = |region: &str, account: &str| format!("arn:aws:connect:{region}:{account}:instance/{ID}");
        let flow = |instance: &str| {
            format!("{}/contact-flow/{ID}", arn("us-west-2", "123456789012").replace(ID, instance))
        };
        let scene = Scene { config: &config, region: Some("us-west-2"), asked_instance: None };
        assert_eq!(scene.instance(&arn("us-west-2", "111122223333")), Ok(ID));
        let code = |refused: Result<_, Refusal>| refused.map(drop).unwrap_err().code;
        assert_eq!(
            code(scene.instance(&arn("eu-west-1", "123456789012")).map(drop)),
            "ResourceNotFoundException"
        );
        assert_eq!(scene.flow(&flow(ID), ID), Ok(()));
        assert_eq!(code(scene.flow(&flow(OTHER), ID)), "ResourceNotFoundException");
        let number = "arn:aws:connect:us-west-2:123456789012:phone-number/1";
        assert_eq!(scene.source(number), Ok(()));
        assert_eq!(
            code(scene.source(&number.replace("us-west-2", "eu-west-1"))),
            "ResourceNotFoundException"
        );
        config.account = AccountConfig { only: true, ..AccountConfig::default() };
        let scene = Scene { config: &config, region: Some("us-west-2"), asked_instance: None };
        assert_eq!(
            code(scene.instance(&arn("us-west-2", "111122223333")).map(drop)),
            "ResourceNotFoundException"
        );
        assert_eq!(
            code(scene.source(&number.replace("123456789012", "111122223333"))),
            "ResourceNotFoundException"
        );
    }
}
