//! Amazon Resource Names of what a request names: instance, flow, phone number.
//!
//! Ids and ARNs are both taken; what goes out is the bare id, but for the source, which the API wants as an ARN.
//! Source: "Actions, resources, and condition keys for Amazon Connect" in the Service Authorization Reference.

/// Where a resource lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The Region, such as `us-west-2`.
    pub region: String,
    /// The account, 12 digits.
    pub account: String,
}

/// An ARN (or id) that names something else than it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArnMistake {
    /// Neither an ARN nor an id.
    #[error("is neither an id nor an ARN")]
    NotAnId,
    /// No ARN where only an ARN will do.
    #[error("is not the ARN of a phone number (arn:aws:connect:REGION:ACCOUNT:phone-number/ID)")]
    NotAnArn,
    /// The same number's ARN in the other service.
    #[error(
        "is the number's ARN in AWS End User Messaging (sms-voice); Amazon Connect takes the number's Connect ARN"
    )]
    SmsVoice,
    /// An ARN of another service or kind of resource.
    #[error("is the ARN of something else: {found}, where {wanted} is wanted")]
    OtherResource {
        /// What it should name.
        wanted: &'static str,
        /// What it names, such as `lambda function`.
        found: String,
    },
    /// A flow of another instance.
    #[error("is a flow of another instance, {0}")]
    OtherInstance(String),
    /// In another Region than everything else.
    #[error("is in the Region {0}, and the campaign in {1}")]
    OtherRegion(String, String),
}

struct Parts<'a> {
    service: &'a str,
    home: Home,
    resource: &'a str,
}

fn split(text: &str) -> Option<Parts<'_>> {
    let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
    let partition = parts.next()?;
    let service = parts.next()?;
    let region = parts.next()?.to_owned();
    let account = parts.next()?.to_owned();
    let resource = parts.next()?;
    (partition == "aws" || partition.starts_with("aws-")).then_some(())?;
    Some(Parts { service, home: Home { region, account }, resource })
}

/// The ARN of the queue with this URL, where it has SQS's own form: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
#[must_use]
pub fn queue(url: &str, partition: &str) -> Option<String> {
    let (host, path) = url.strip_prefix("https://sqs.")?.split_once('/')?;
    let region = host.split('.').next().filter(|region| is_region(region))?;
    let (account, name) = path.split_once('/')?;
    let plain = account.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() && !name.contains('/');
    plain.then(|| format!("arn:{partition}:sqs:{region}:{account}:{name}"))
}

/// Whether this has the form of a Region: `us-west-2`, `us-gov-east-1`. Source: the partitions of AWS and their patterns.
#[must_use]
pub fn is_region(text: &str) -> bool {
    const AREAS: [&str; 17] = [
        "us", "us-gov", "us-iso", "us-isob", "us-isof", "eu", "eu-isoe", "eusc-de", "ap", "sa", "ca", "me",
        "af", "il", "mx", "cn", "ussc",
    ];
    const SIDES: [&str; 9] =
        ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];
    let Some((rest, number)) = text.rsplit_once('-') else { return false };
    let Some((area, side)) = rest.rsplit_once('-') else { return false };
    AREAS.contains(&area)
        && SIDES.contains(&side)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_id(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn other(parts: &Parts<'_>, wanted: &'static str) -> ArnMistake {
    let kind = parts.resource.rsplit_once('/').map_or(parts.resource, |(kind, _)| kind);
    let kind = kind.rsplit('/').find(|word| !is_uuid(word)).unwrap_or(kind);
    ArnMistake::OtherResource { wanted, found: format!("{} {kind}", parts.service) }
}

/// Whether this has the form of the ids that Amazon Connect gives.
#[must_use]
pub fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The bare id of an instance, and where it lives if an ARN tells.
///
/// # Errors
/// What the text names instead.
pub fn instance(text: &str) -> Result<(String, Option<Home>), ArnMistake> {
    let Some(parts) = split(text) else { return bare(text) };
    match parts.resource.strip_prefix("instance/") {
        Some(id) if parts.service == "connect" && is_id(id) => Ok((id.to_owned(), Some(parts.home))),
        _ => Err(other(&parts, "an instance")),
    }
}

/// The bare id of a flow of the instance `instance_id`, and where it lives if an ARN tells.
///
/// # Errors
/// What the text names instead.
pub fn flow(text: &str, instance_id: &str) -> Result<(String, Option<Home>), ArnMistake> {
    let Some(parts) = split(text) else { return bare(text) };
    let names = parts.resource.strip_prefix("instance/").and_then(|rest| rest.split_once("/contact-flow/"));
    match names {
        Some((instance, id)) if parts.service == "connect" && !id.is_empty() && !id.contains('/') => {
            if instance != instance_id && !instance_id.is_empty() {
                return Err(ArnMistake::OtherInstance(instance.to_owned()));
            }
            Ok((id.to_owned(), Some(parts.home)))
        }
        _ => Err(other(&parts, "a flow")),
    }
}

fn bare(text: &str) -> Result<(String, Option<Home>), ArnMistake> {
    if is_id(text) { Ok((text.to_owned(), None)) } else { Err(ArnMistake::NotAnId) }
}

/// Where the phone number with this Connect ARN lives.
///
/// # Errors
/// What the text names instead.
pub fn phone_number(text: &str) -> Result<Home, ArnMistake> {
    let parts = split(text).ok_or(ArnMistake::NotAnArn)?;
    if parts.service == "sms-voice" {
        return Err(ArnMistake::SmsVoice);
    }
    let known = parts.resource.strip_prefix("phone-number/").is_some_and(is_id);
    if parts.service != "connect" || !known {
        return Err(other(&parts, "a phone number of Amazon Connect"));
    }
    let account =
        parts.home.account.len() == 12 && parts.home.account.bytes().all(|byte| byte.is_ascii_digit());
    if !account || parts.home.region.is_empty() {
        return Err(ArnMistake::NotAnArn);
    }
    Ok(parts.home)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-2222-3333-4444-555555555555";
    const HOME: &str = "arn:aws:connect:us-west-2:123456789012";

    #[test]
    fn ids_and_arns_give_the_bare_id() {
        let home = Home { region: "us-west-2".into(), account: "123456789012".into() };
        assert_eq!(instance(ID), Ok((ID.into(), None)));
        assert_eq!(instance(&format!("{HOME}:instance/{ID}")), Ok((ID.into(), Some(home.clone()))));
        assert_eq!(flow(ID, ID), Ok((ID.into(), None)));
        assert_eq!(
            flow(&format!("{HOME}:instance/{ID}/contact-flow/f"), ID),
            Ok(("f".into(), Some(home.clone())))
        );
        assert_eq!(phone_number(&format!("{HOME}:phone-number/{ID}")), Ok(home));
        assert!(
            phone_number(&format!("arn:aws-us-gov:connect:us-gov-west-1:123456789012:phone-number/{ID}"))
                .is_ok()
        );
    }

    #[test]
    fn what_else_they_name_is_said() {
        let queue = format!("{HOME}:instance/{ID}/queue/{ID}");
        assert_eq!(
            instance(&queue).unwrap_err().to_string(),
            "is the ARN of something else: connect queue, where an instance is wanted"
        );
        assert_eq!(
            flow(&format!("{HOME}:instance/x/contact-flow/f"), ID),
            Err(ArnMistake::OtherInstance("x".into()))
        );
        assert_eq!(
            phone_number(&format!("arn:aws:sms-voice:us-west-2:123456789012:phone-number/{ID}")),
            Err(ArnMistake::SmsVoice)
        );
        assert_eq!(phone_number(ID), Err(ArnMistake::NotAnArn));
        assert_eq!(phone_number("arn:aws:connect:us-west-2:1234:phone-number/x"), Err(ArnMistake::NotAnArn));
        assert_eq!(instance("my instance"), Err(ArnMistake::NotAnId));
        for text in [
            "my-clinic",
            "i-1",
            "11111111-2222-3333-4444-55555555555",
            "g1111111-2222-3333-4444-555555555555",
        ] {
            assert!(!is_uuid(text), "{text}");
        }
        assert!(is_uuid(ID));
    }

    #[test]
    fn regions_have_a_form() {
        for region in [
            "us-west-2",
            "eu-central-1",
            "ap-southeast-4",
            "us-gov-east-1",
            "cn-north-1",
            "ca-central-1",
            "il-central-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        for text in ["us-wst-2", "us-west", "uswest2", "west-2", "us-west-2a", "", "eu-mitte-1", "US-WEST-2"]
        {
            assert!(!is_region(text), "{text}");
        }
    }
}
