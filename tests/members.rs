//! Every member of `StartOutboundChatContact` is reachable from a definition, templated where that makes sense.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

use serde_json::{Value, json};

/// The requests that a dry run prints for a definition and a file.
fn requests(definition: &str, csv: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("campaign.toml"), definition).unwrap();
    std::fs::write(folder.path().join("people.csv"), csv).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_campaign"))
        .current_dir(folder.path())
        .args(["run", "people.csv", "--dry-run", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!folder.path().join("journal.db").exists(), "nothing is journaled");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const CONNECT: &str = r#"
name = "members"
[connect]
instance_id = "arn:aws:connect:us-west-2:123456789012:instance/11111111-2222-3333-4444-555555555555"
contact_flow_id = "{{ flow }}"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
"#;

const CSV: &str = "\
id,phone,First Name,flow,previous
C-1,+12025550143,Ada,66666666-7777-8888-9999-000000000000,old-contact
C-2,+12025550144,Grace,66666666-7777-8888-9999-000000000001,
";

#[test]
fn a_message_of_text_and_all_that_goes_with_it() {
    let definition = CONNECT.to_owned()
        + r#"
[recipients]
key = "id"
[contact]
message = "Hi {{ first_name }}."
attributes = { name = "{{ first_name | upper }}", tier = "gold" }
display_name = "{{ first_name }}"
chat_duration_minutes = 90
related_contact_id = "{{ previous | default('') }}"
supported_content_types = ["text/plain", "text/markdown"]
segment_attributes = { origin = "crm-{{ id }}", wave = 3, more = { inner = { deep = "x" }, n = -1 } }
"#;
    let requests = requests(&definition, CSV);
    let expected = json!({
        "Attributes": { "campaign_token": requests[0]["ClientToken"], "name": "ADA", "tier": "gold" },
        "ChatDurationInMinutes": 90,
        // uuid5(uuid5(NAMESPACE_URL, "campaign:11111111-2222-3333-4444-555555555555/members"), "C-1")
        "ClientToken": "fc88b00a-df16-5591-8831-d46d8780e283",
        "ContactFlowId": "66666666-7777-8888-9999-000000000000",
        "DestinationEndpoint": { "Type": "TELEPHONE_NUMBER", "Address": "+12025550143" },
        "InitialSystemMessage": { "ContentType": "text/plain", "Content": "Hi Ada." },
        "InstanceId": "11111111-2222-3333-4444-555555555555",
        "ParticipantDetails": { "DisplayName": "Ada" },
        "RelatedContactId": "old-contact",
        "SegmentAttributes": {
            "connect:Subtype": { "ValueString": "connect:SMS" },
            "more": { "ValueMap": {
                "inner": { "ValueMap": { "deep": { "ValueString": "x" } } },
                "n": { "ValueInteger": -1 },
            } },
            "origin": { "ValueString": "crm-C-1" },
            "wave": { "ValueInteger": 3 },
        },
        "SourceEndpoint": {
            "Type": "CONNECT_PHONENUMBER_ARN",
            "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        },
        "SupportedMessagingContentTypes": ["text/plain", "text/markdown"],
    });
    assert_eq!(requests[0], expected);
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[1]["RelatedContactId"],
        Value::Null,
        "a text that renders empty leaves its member out"
    );
}

#[test]
fn a_templated_message_over_whatsapp_and_every_column_an_attribute() {
    let definition = CONNECT.replace("[connect]", "[connect]\nchannel = \"whatsapp\"")
        + r#"
[contact]
attributes = "all"
[contact.templated_message]
knowledge_base_id = "kb-1"
template_id = "t-1"
attributes = { name = "{{ first_name }}" }
"#;
    let requests = requests(&definition, CSV);
    assert_eq!(
        requests[1]["InitialTemplatedSystemMessage"],
        json!({
            "KnowledgeBaseId": "kb-1",
            "MessageTemplateId": "t-1",
            "TemplateAttributes": { "CustomAttributes": { "name": "Grace" } },
        })
    );
    assert_eq!(requests[1]["InitialSystemMessage"], Value::Null);
    assert_eq!(
        requests[1]["SegmentAttributes"],
        json!({ "connect:Subtype": { "ValueString": "connect:WhatsApp" } })
    );
    let attributes = requests[1]["Attributes"].as_object().unwrap();
    assert_eq!(attributes.len(), 6, "{attributes:?}");
    assert_eq!(attributes["campaign_token"], requests[1]["ClientToken"]);
    assert_eq!(attributes["previous"], "");
}
