//! The least rights that each use of the program needs, as an IAM policy.
//!
//! Resources by the service authorization reference: `StartOutboundChatContact` takes instance and contact flow, contact and
//! phone number besides. Operations that take no resource, or none that is known beforehand, have `*`.

use serde_json::{Value, json};

/// What the rights are for, besides sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    /// `campaign doctor`, and the check before a run.
    pub doctor: bool,
    /// Reading opt-out lists, and adding to them.
    pub opt_outs: bool,
    /// Looking contacts up, and reading delivery events from a queue.
    pub deliveries: bool,
    /// Searching for the contacts of rows in doubt.
    pub search: bool,
    /// Reading the queue that the definition names.
    pub queue: bool,
}

/// What the definition names. A thing that differs from row to row is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// Such as `aws`.
    pub partition: String,
    /// The Region; `None` where the definition names none.
    pub region: Option<String>,
    /// The account; `None` where no ARN tells it.
    pub account: Option<String>,
    /// The instance, by id.
    pub instance_id: String,
    /// The flow, by id.
    pub flow_id: Option<String>,
    /// The numbers' ARNs; none where they differ from row to row.
    pub sources: Vec<String>,
    /// The queue's ARN.
    pub queue: Option<String>,
    /// Recipients files in S3, each as `BUCKET/KEY`.
    pub objects: Vec<String>,
}

/// The policy.
#[must_use]
pub fn policy(resources: &Resources, uses: Uses) -> Value {
    let mut statements = vec![send(resources)];
    if uses.doctor {
        statements.extend(doctor(resources));
    }
    if uses.opt_outs {
        if !uses.doctor {
            statements.push(statement(
                "OptOutSenders",
                &["connect:DescribePhoneNumber"],
                &resources.numbers(),
            ));
        }
        statements.push(statement(
            "OptOuts",
            &[
                "sms-voice:DescribeOptedOutNumbers",
                "sms-voice:DescribePhoneNumbers",
                "sms-voice:PutOptedOutNumber",
            ],
            &[resources.arn("sms-voice", "*")],
        ));
    }
    if uses.deliveries || uses.search {
        statements.push(statement(
            "Contacts",
            &["connect:DescribeContact", "connect:GetContactAttributes", "connect:SearchContacts"],
            &[resources.instance(), format!("{}/contact/*", resources.instance())],
        ));
    }
    if uses.deliveries || uses.queue {
        if !uses.doctor && !uses.opt_outs && uses.queue {
            // A run finds out by itself which phone number its messages come from.
            statements.push(statement("Senders", &["connect:DescribePhoneNumber"], &resources.numbers()));
        }
        statements.push(statement(
            "DeliveryEvents",
            &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            &[resources.queue.clone().unwrap_or_else(|| resources.arn("sqs", "*"))],
        ));
    }
    if !resources.objects.is_empty() {
        // ARNs of S3 have neither Region nor account.
        let arn = |object: &String| format!("arn:{}:s3:::{object}", resources.partition);
        let objects: Vec<String> = resources.objects.iter().map(arn).collect();
        statements.push(statement("Recipients", &["s3:GetObject"], &objects));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

impl Resources {
    fn arn(&self, service: &str, resource: &str) -> String {
        let region = self.region.as_deref().unwrap_or("*");
        let account = self.account.as_deref().unwrap_or("*");
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition)
    }

    fn instance(&self) -> String {
        self.arn("connect", &format!("instance/{}", self.instance_id))
    }

    fn flow(&self) -> String {
        format!("{}/contact-flow/{}", self.instance(), self.flow_id.as_deref().unwrap_or("*"))
    }

    fn numbers(&self) -> Vec<String> {
        if self.sources.is_empty() {
            vec![self.arn("connect", "phone-number/*")]
        } else {
            self.sources.clone()
        }
    }

    /// What stands before the numbers, and all of them.
    fn and_numbers(&self, others: Vec<String>) -> Vec<String> {
        others.into_iter().chain(self.numbers()).collect()
    }
}

fn send(resources: &Resources) -> Value {
    let contacts = format!("{}/contact/*", resources.instance());
    statement(
        "Send",
        &["connect:StartOutboundChatContact"],
        &resources.and_numbers(vec![resources.instance(), resources.flow(), contacts]),
    )
}

fn doctor(resources: &Resources) -> [Value; 3] {
    [
        statement(
            "DoctorConnect",
            &[
                "connect:DescribeInstance",
                "connect:DescribeContactFlow",
                "connect:DescribePhoneNumber",
                "connect:SearchContacts",
            ],
            &resources.and_numbers(vec![resources.instance(), resources.flow()]),
        ),
        statement(
            "DoctorMessaging",
            &[
                "sms-voice:DescribeAccountAttributes",
                "sms-voice:DescribeOptedOutNumbers",
                "sms-voice:DescribePhoneNumbers",
                "sms-voice:DescribeSpendLimits",
                "sms-voice:DescribeVerifiedDestinationNumbers",
                "sms-voice:GetProtectConfigurationCountryRuleSet",
            ],
            &["*".to_owned()],
        ),
        statement(
            "DoctorQuotas",
            &["servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"],
            &["*".to_owned()],
        ),
    ]
}

fn statement(id: &str, actions: &[&str], resources: &[String]) -> Value {
    json!({ "Sid": id, "Effect": "Allow", "Action": actions, "Resource": resources })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources() -> Resources {
        Resources {
            partition: "aws".to_owned(),
            region: Some("us-west-2".to_owned()),
            account: Some("123456789012".to_owned()),
            instance_id: "i-1".to_owned(),
            flow_id: Some("f-1".to_owned()),
            sources: vec!["arn:aws:connect:us-west-2:123456789012:phone-number/n-1".to_owned()],
            queue: None,
            objects: Vec::new(),
        }
    }

    #[test]
    fn sending_needs_one_action_on_what_the_definition_names() {
        let expected = json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Send",
            "Effect": "Allow",
            "Action": ["connect:StartOutboundChatContact"],
            "Resource": [
                "arn:aws:connect:us-west-2:123456789012:instance/i-1",
                "arn:aws:connect:us-west-2:123456789012:instance/i-1/contact-flow/f-1",
                "arn:aws:connect:us-west-2:123456789012:instance/i-1/contact/*",
                "arn:aws:connect:us-west-2:123456789012:phone-number/n-1",
            ],
        }]});
        assert_eq!(policy(&resources(), Uses::default()), expected);
    }

    #[test]
    fn what_the_definition_leaves_open_is_any() {
        let open =
            Resources { region: None, account: None, flow_id: None, sources: Vec::new(), ..resources() };
        let policy = policy(&open, Uses::default());
        assert_eq!(policy["Statement"][0]["Resource"][1], "arn:aws:connect:*:*:instance/i-1/contact-flow/*");
        assert_eq!(policy["Statement"][0]["Resource"][3], "arn:aws:connect:*:*:phone-number/*");
        let several = Resources { sources: vec!["arn-1".to_owned(), "arn-2".to_owned()], ..resources() };
        for uses in [
            Uses::default(),
            Uses { doctor: true, ..Uses::default() },
            Uses { opt_outs: true, ..Uses::default() },
        ] {
            let policy = super::policy(&several, uses);
            for statement in policy["Statement"].as_array().into_iter().flatten() {
                let resources: Vec<&str> = statement["Resource"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let every = ["arn-1", "arn-2"].iter().all(|arn| resources.contains(arn));
                let numbers = statement["Action"].to_string().contains("PhoneNumber\"")
                    || statement["Action"].to_string().contains("StartOutbound");
                assert!(every || !numbers || statement["Sid"] == "OptOuts", "{statement}");
            }
        }
    }

    #[test]
    fn each_use_adds_its_rights_and_no_others() {
        let ids = |uses| {
            let policy = policy(&resources(), uses);
            let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
            statements
                .iter()
                .map(|statement| statement["Sid"].as_str().unwrap_or("").to_owned())
                .collect::<Vec<_>>()
        };
        let only = Uses::default();
        assert_eq!(
            ids(Uses { doctor: true, ..only }),
            ["Send", "DoctorConnect", "DoctorMessaging", "DoctorQuotas"]
        );
        assert_eq!(ids(Uses { opt_outs: true, ..only }), ["Send", "OptOutSenders", "OptOuts"]);
        assert_eq!(ids(Uses { search: true, ..only }), ["Send", "Contacts"]);
        assert_eq!(ids(Uses { deliveries: true, ..only }), ["Send", "Contacts", "DeliveryEvents"]);
        assert_eq!(ids(Uses { queue: true, ..only }), ["Send", "Senders", "DeliveryEvents"]);
        let queue = Some("arn:aws:sqs:us-west-2:123456789012:events".to_owned());
        let of_queue =
            policy(&Resources { queue: queue.clone(), ..resources() }, Uses { queue: true, ..only });
        assert_eq!(of_queue["Statement"][2]["Resource"][0].as_str(), queue.as_deref());
        let objects = vec!["lists/may.csv".to_owned(), "lists/2026/*".to_owned()];
        let of_objects = policy(&Resources { objects, partition: "aws-cn".to_owned(), ..resources() }, only);
        let statement = &of_objects["Statement"][1];
        assert_eq!(statement["Action"], json!(["s3:GetObject"]));
        assert_eq!(
            statement["Resource"],
            json!(["arn:aws-cn:s3:::lists/may.csv", "arn:aws-cn:s3:::lists/2026/*"])
        );
    }
}
