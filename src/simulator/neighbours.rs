//! The services beside Amazon Connect, on the same port: STS, Service Quotas, End User Messaging. Which of them a request is
//! for, its signature's scope tells.
//!
//! STS speaks the query protocol with XML, the others JSON 1.1 and 1.0, as the service models say. Errors have the status 400
//! there, whatever their kind.

use serde_json::{Value, json};

use super::account::{AccountConfig, Entry, OptingOut};
use super::clock::WorldTime;
use super::refusal::Refusal;
use super::wire::{Answer, WireRequest};

/// A service that the world plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Amazon Connect.
    Connect,
    /// AWS Security Token Service.
    Sts,
    /// Service Quotas.
    ServiceQuotas,
    /// AWS End User Messaging SMS.
    SmsVoice,
    /// Amazon SQS.
    Sqs,
}

impl Service {
    /// Its signing name.
    pub fn signing_name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Sts => "sts",
            Self::ServiceQuotas => "servicequotas",
            Self::SmsVoice => "sms-voice",
            Self::Sqs => "sqs",
        }
    }

    /// The service that a request is for, by the scope of its signature, else by its form.
    pub(super) fn of(request: &WireRequest<'_>) -> Self {
        let scope = request.header("authorization").and_then(|header| {
            let credential = header.split_once("Credential=")?.1.split([',', ' ']).next()?;
            credential.rsplit('/').nth(1)
        });
        let target = request.header("x-amz-target").unwrap_or_default();
        match scope {
            Some("sts") => Self::Sts,
            Some("servicequotas") => Self::ServiceQuotas,
            Some("sms-voice") => Self::SmsVoice,
            Some("sqs") => Self::Sqs,
            Some(_) => Self::Connect,
            None if target.starts_with("PinpointSMSVoiceV2.") => Self::SmsVoice,
            None if target.starts_with("AmazonSQS.") => Self::Sqs,
            None if target.starts_with("ServiceQuotasV20190624.") => Self::ServiceQuotas,
            None if request.body.starts_with(b"Action=") => Self::Sts,
            None => Self::Connect,
        }
    }

    /// The operation that a request names, if the world has it.
    pub(super) fn action(self, request: &WireRequest<'_>) -> Option<&'static str> {
        let known: &[&'static str] = match self {
            Self::Connect => &[],
            Self::Sts => &["GetCallerIdentity"],
            Self::ServiceQuotas => &["GetServiceQuota", "GetAWSDefaultServiceQuota"],
            Self::Sqs => &[
                "DeleteMessage",
                "DeleteMessageBatch",
                "GetQueueAttributes",
                "ReceiveMessage",
                "SendMessage",
            ],
            Self::SmsVoice => &[
                "DescribeAccountAttributes",
                "DescribeOptedOutNumbers",
                "DescribePhoneNumbers",
                "DescribeSpendLimits",
                "DescribeVerifiedDestinationNumbers",
                "GetProtectConfigurationCountryRuleSet",
                "PutOptedOutNumber",
            ],
        };
        let asked = self.asked(request);
        known.iter().copied().find(|known| *known == asked)
    }

    /// The operation that a request names, whatever it is.
    pub(super) fn asked(self, request: &WireRequest<'_>) -> String {
        if self == Self::Sts {
            return form(&request.body, "Action").unwrap_or_default();
        }
        let target = request.header("x-amz-target").unwrap_or_default();
        target.rsplit('.').next().unwrap_or_default().to_owned()
    }

    /// An error in this service's form.
    pub(super) fn error(self, refusal: &Refusal) -> Answer {
        match self {
            Self::Connect => refusal.answer(),
            Self::Sts => {
                let (code, message) = (refusal.code, xml(&refusal.message));
                let body = format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>\
                     {code}</Code><Message>{message}</Message></Error></ErrorResponse>"
                );
                Answer { status: 403, content_type: "text/xml", error_type: None, body: body.into() }
            }
            Self::ServiceQuotas | Self::SmsVoice | Self::Sqs => {
                let mut body = json!({ "__type": refusal.code, "Message": refusal.message });
                if let Some((kind, id)) = &refusal.resource {
                    (body["ResourceType"], body["ResourceId"]) = (json!(kind), json!(id));
                }
                let status = if refusal.status >= 500 { 500 } else { 400 };
                Answer { error_type: Some(refusal.code), ..self.json(status, &body) }
            }
        }
    }

    /// An answer in this service's form.
    pub(super) fn json(self, status: u16, value: &Value) -> Answer {
        let content_type = if self == Self::ServiceQuotas {
            "application/x-amz-json-1.1"
        } else {
            "application/x-amz-json-1.0"
        };
        Answer { status, content_type, error_type: None, body: value.to_string().into() }
    }
}

/// A field of a form.
fn form(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let field = text.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    field.map(str::to_owned)
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A request to a neighbour.
pub(super) struct Question<'a> {
    pub(super) service: Service,
    pub(super) action: &'static str,
    pub(super) region: &'a str,
    pub(super) now: WorldTime,
    pub(super) wire: &'a WireRequest<'a>,
}

impl Question<'_> {
    /// What the service answers.
    pub(super) fn answer(&self, account: &mut AccountConfig) -> Result<Answer, Refusal> {
        if self.service == Service::Sts {
            return Ok(identity(account));
        }
        let body: Value = match serde_json::from_slice(&self.wire.body) {
            Ok(Value::Object(body)) => Value::Object(body),
            _ => return Err(Refusal::unreadable_body("The body is not a JSON object.")),
        };
        let value = match self.action {
            "GetServiceQuota" | "GetAWSDefaultServiceQuota" => self.quota(account, &body)?,
            "DescribePhoneNumbers" => self.phone_numbers(account, &body)?,
            "DescribeOptedOutNumbers" => self.opted_out(account, &body)?,
            "PutOptedOutNumber" => self.put_opted_out(account, &body)?,
            "DescribeAccountAttributes" => account_attributes(account),
            "DescribeVerifiedDestinationNumbers" => self.verified(account),
            "DescribeSpendLimits" => spend_limits(account),
            "GetProtectConfigurationCountryRuleSet" => self.country_rules(account, &body)?,
            _ => return Err(Refusal::unknown_operation(self.action)),
        };
        Ok(self.service.json(200, &value))
    }

    fn arn(&self, account: &AccountConfig, resource: &str) -> String {
        format!("arn:aws:sms-voice:{}:{}:{resource}", self.region, account.id)
    }

    fn quota(&self, account: &AccountConfig, body: &Value) -> Result<Value, Refusal> {
        let no_such = || Refusal::no_such_resource("The specified quota does not exist.");
        if text(body, "ServiceCode")? != "connect" {
            return Err(no_such());
        }
        let default = self.action == "GetAWSDefaultServiceQuota";
        if !default && !account.applied_quotas {
            return Err(no_such());
        }
        let (code, name, value, usual) = match text(body, "QuotaCode")? {
            code @ "L-408DD6C6" => {
                (code, "Rate of StartOutboundChatContact API requests", account.requests_per_second, 2.0)
            }
            code @ "L-D4BA6F6E" => {
                (code, "Concurrent active chats per instance", account.active_chats, 500.0)
            }
            _ => return Err(no_such()),
        };
        let mut quota = json!({
            "ServiceCode": "connect",
            "ServiceName": "Amazon Connect",
            "QuotaArn": format!("arn:aws:servicequotas:{}:{}:connect/{code}", self.region, account.id),
            "QuotaCode": code,
            "QuotaName": name,
            "Value": if default { usual } else { value },
            "Unit": "None",
            "Adjustable": true,
            "GlobalQuota": false,
        });
        if let Some(context) = body.get("ContextId").and_then(Value::as_str) {
            quota["QuotaContext"] = json!({
                "ContextScope": "RESOURCE",
                "ContextScopeType": "AWS::Connect::Instance",
                "ContextId": context,
            });
            quota["QuotaAppliedAtLevel"] = json!("RESOURCE");
        }
        Ok(json!({ "Quota": quota }))
    }

    fn phone_numbers(&self, account: &AccountConfig, body: &Value) -> Result<Value, Refusal> {
        let number = &account.number;
        let ids = body.get("PhoneNumberIds").and_then(Value::as_array).cloned().unwrap_or_default();
        if ids.len() > 5 {
            return Err(Refusal::validation("PhoneNumberIds must have at most 5 items."));
        }
        let asked = ids.first().and_then(Value::as_str).unwrap_or("phone-simulator");
        if !number.messaging {
            return Err(Refusal::messaging_not_found("phone-number", asked));
        }
        let id = asked.rsplit('/').next().unwrap_or(asked);
        let mut described = json!({
            "PhoneNumberArn": self.arn(account, &format!("phone-number/{id}")),
            "PhoneNumberId": id,
            "PhoneNumber": "+12025550199",
            "Status": number.messaging_status,
            "IsoCountryCode": number.country,
            "MessageType": "TRANSACTIONAL",
            "NumberCapabilities": number.capabilities,
            "NumberType": number.kind,
            "MonthlyLeasingPrice": "1.00",
            "TwoWayEnabled": number.two_way,
            "SelfManagedOptOutsEnabled": number.self_managed_opt_outs,
            "OptOutListName": number.opt_out_list,
            "InternationalSendingEnabled": number.international,
            "DeletionProtectionEnabled": false,
            "CreatedTimestamp": 1_577_836_800,
        });
        if number.parts_per_second > 0 {
            described["MessagingLimits"] = json!({
                "RateLimits": {"SMS": number.parts_per_second},
                "DailyMessageCaps": number.daily_caps,
            });
        }
        Ok(json!({ "PhoneNumbers": [described] }))
    }

    fn list<'b>(&self, account: &AccountConfig, body: &'b Value) -> Result<&'b str, Refusal> {
        let list = text(body, "OptOutListName")?;
        let name = list.rsplit('/').next().unwrap_or(list);
        if name != account.number.opt_out_list {
            return Err(Refusal::messaging_not_found("opt-out-list", list));
        }
        Ok(name)
    }

    fn opted_out(&self, account: &AccountConfig, body: &Value) -> Result<Value, Refusal> {
        let list = self.list(account, body)?;
        let described = |entry: Entry| json!({"OptedOutNumber": entry.number, "OptedOutTimestamp": entry.at, "EndUserOptedOut": entry.by_user});
        let mut answer = json!({
            "OptOutListArn": self.arn(account, &format!("opt-out-list/{list}")),
            "OptOutListName": list,
        });
        if let Some(numbers) =
            body.get("OptedOutNumbers").and_then(Value::as_array).filter(|asked| !asked.is_empty())
        {
            if numbers.len() > 5 {
                return Err(Refusal::validation("OptedOutNumbers must have at most 5 items."));
            }
            let entry = |number: &str| {
                let entry = account.opted_out_as(number, self.now);
                entry.map(described).ok_or_else(|| Refusal::messaging_not_found("opted-out-number", number))
            };
            let numbers = numbers.iter().filter_map(Value::as_str);
            answer["OptedOutNumbers"] = numbers.map(entry).collect::<Result<_, _>>()?;
            return Ok(answer);
        }
        let most = body.get("MaxResults").and_then(Value::as_u64).unwrap_or(100);
        let most = usize::try_from(most).unwrap_or(0);
        if !(1..=100).contains(&most) {
            return Err(Refusal::validation("MaxResults must be between 1 and 100."));
        }
        let from = match body.get("NextToken").and_then(Value::as_str) {
            None => 0,
            Some(token) => {
                token.parse().map_err(|_| Refusal::validation("NextToken is not one of this service's."))?
            }
        };
        let mut entries = account.opted_out_from(from, self.now);
        answer["OptedOutNumbers"] = entries.by_ref().take(most).map(described).collect();
        if entries.next().is_some() {
            answer["NextToken"] = json!((from + most).to_string());
        }
        Ok(answer)
    }

    fn put_opted_out(&self, account: &mut AccountConfig, body: &Value) -> Result<Value, Refusal> {
        let list = self.list(account, body)?;
        let number = text(body, "OptedOutNumber")?;
        let entry = account.opted_out_as(number, self.now);
        if entry.is_none() {
            account.opting_out.push(OptingOut { number: number.to_owned(), at: self.now, by_user: false });
        }
        Ok(json!({
            "OptOutListArn": self.arn(account, &format!("opt-out-list/{list}")),
            "OptOutListName": list,
            "OptedOutNumber": number,
            "OptedOutTimestamp": entry.as_ref().map_or(self.now.seconds(), |entry| entry.at),
            "EndUserOptedOut": entry.is_some_and(|entry| entry.by_user),
        }))
    }

    fn verified(&self, account: &AccountConfig) -> Value {
        let numbers = account.verified.iter().enumerate().map(|(place, number)| {
            let id = format!("verified-{place}");
            json!({
                "VerifiedDestinationNumberArn": self.arn(account, &format!("verified-destination-number/{id}")),
                "VerifiedDestinationNumberId": id,
                "DestinationPhoneNumber": number,
                "Status": "VERIFIED",
                "CreatedTimestamp": 1_577_836_800,
            })
        });
        json!({ "VerifiedDestinationNumbers": numbers.collect::<Vec<_>>() })
    }

    fn country_rules(&self, account: &AccountConfig, body: &Value) -> Result<Value, Refusal> {
        let id = text(body, "ProtectConfigurationId")?;
        let capability = text(body, "NumberCapability")?;
        if id.rsplit('/').next() != Some(PROTECT) || account.countries.is_empty() {
            return Err(Refusal::messaging_not_found("protect-configuration", id));
        }
        let rules = account
            .countries
            .iter()
            .map(|(country, status)| (country.clone(), json!({"ProtectStatus": status})));
        Ok(json!({
            "ProtectConfigurationArn": self.arn(account, &format!("protect-configuration/{PROTECT}")),
            "ProtectConfigurationId": PROTECT,
            "NumberCapability": capability,
            "CountryRuleSet": rules.collect::<serde_json::Map<_, _>>(),
        }))
    }
}

/// The default protect configuration's id.
const PROTECT: &str = "protect-simulator";

fn text<'b>(body: &'b Value, member: &str) -> Result<&'b str, Refusal> {
    let found = body.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| Refusal::validation(format!("{member} must not be null")))
}

fn identity(account: &AccountConfig) -> Answer {
    let id = &account.id;
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>\
         arn:aws:iam::{id}:user/simulator</Arn><UserId>AIDASIMULATOR</UserId><Account>{id}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId>\
         </ResponseMetadata></GetCallerIdentityResponse>"
    );
    Answer { status: 200, content_type: "text/xml", error_type: None, body: body.into() }
}

fn account_attributes(account: &AccountConfig) -> Value {
    let tier = if account.production { "PRODUCTION" } else { "SANDBOX" };
    let mut attributes = vec![json!({"Name": "ACCOUNT_TIER", "Value": tier})];
    if !account.countries.is_empty() {
        attributes.push(json!({"Name": "DEFAULT_PROTECT_CONFIGURATION_ID", "Value": PROTECT}));
    }
    json!({ "AccountAttributes": attributes })
}

fn spend_limits(account: &AccountConfig) -> Value {
    let limit = |name: &str, enforced: u32, most: u32| {
        let overridden = enforced < most;
        json!({"Name": name, "EnforcedLimit": enforced, "MaxLimit": most, "Overridden": overridden})
    };
    json!({ "SpendLimits": [
        limit("TEXT_MESSAGE_MONTHLY_SPEND_LIMIT", account.spend_limit, account.max_spend_limit),
        limit("VOICE_MESSAGE_MONTHLY_SPEND_LIMIT", 1, 1),
    ] })
}
