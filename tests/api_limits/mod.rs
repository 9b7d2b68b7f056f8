//! The limits of `domain::message::limits` against the newest service model that PyPI's botocore has.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

use campaign::domain::message::content::{CONTENT_BYTES, Channel, ContentType, MessageEncoding};
use campaign::domain::message::limits::{
    Member, Rules, is_attribute_key, is_segment_key, is_template_key, settle,
};
use serde_json::Value;

/// Prints the shapes of the service model, as JSON.
const MODEL: &str = "import botocore.session, json; m = botocore.session.get_session().get_service_model('connect'); \
                     print(json.dumps({n: m.shape_for(n).metadata for n in ['ChatContent', 'AttributeName', 'AttributeValue', \
                     'SegmentAttributeName', 'SegmentAttributeValueString', 'DisplayName', 'ContactId', 'ContactFlowId', \
                     'EndpointAddress', 'ChatDurationInMinutes']}))";

fn model() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("model");
    let install = Command::new("sh")
        .arg(root.join("tests/clients/install.sh"))
        .arg(&venv)
        .arg(root.join("tests/api_limits/requirements.txt"))
        .output()
        .unwrap();
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    let output = Command::new(venv.join("bin/python")).args(["-c", MODEL]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs Python and PyPI"]
fn limits_are_those_of_the_newest_service_model() {
    let model = model();
    let most = |shape: &str| usize::try_from(model[shape]["max"].as_u64().unwrap()).unwrap();
    assert_eq!(CONTENT_BYTES, most("ChatContent"));
    let rules = Rules {
        channel: Channel::WhatsApp,
        content_type: ContentType::Json,
        encoding: MessageEncoding::AsIs,
        instance_id: "i".to_owned(),
        region: None,
    };
    let takes = |member: &Member, length: usize| settle(member, &rules, &"a".repeat(length)).is_ok();
    for (member, shape) in [
        (Member::Attribute("a".to_owned()), "AttributeValue"),
        (Member::TemplateAttribute("a".to_owned()), "AttributeValue"),
        (Member::Segment("a".to_owned()), "SegmentAttributeValueString"),
        (Member::DisplayName, "DisplayName"),
        (Member::RelatedContact, "ContactId"),
    ] {
        assert!(takes(&member, most(shape)) && !takes(&member, most(shape) + 1), "{member} {shape}");
    }
    let json = |length: usize| format!("\"{}\"", "a".repeat(length - 2));
    assert!(settle(&Member::Message, &rules, &json(most("ChatContent"))).is_ok());
    assert!(settle(&Member::Message, &rules, &json(most("ChatContent") + 1)).is_err());
    let key = |length: usize| "a".repeat(length);
    for (is_key, shape) in [
        (is_attribute_key as fn(&str) -> bool, "AttributeName"),
        (is_template_key, "AttributeName"),
        (is_segment_key, "SegmentAttributeName"),
    ] {
        assert!(is_key(&key(most(shape))) && !is_key(&key(most(shape) + 1)) && !is_key(""), "{shape}");
        assert_eq!(model[shape]["min"], 1, "{shape}");
    }
    assert_eq!(
        (model["ChatDurationInMinutes"]["min"].as_u64(), most("ChatDurationInMinutes")),
        (Some(60), 10_080)
    );
}
