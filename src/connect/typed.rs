//! A contact request as the SDK's own input: what our body is held against. Requests are not made of it, see
//! [`Client::start`](super::Client::start).

use std::collections::{BTreeMap, HashMap};

use aws_sdk_connect::operation::start_outbound_chat_contact::builders::StartOutboundChatContactFluentBuilder;
use aws_sdk_connect::types::{
    ChatMessage, Endpoint, EndpointType, ParticipantDetails, SegmentAttributeValue, TemplateAttributes,
    TemplatedMessageConfig,
};

use crate::domain::message::request::{ContactRequest, Message, SegmentValue};

/// The operation with every member of its input set.
pub(super) fn fill(
    operation: StartOutboundChatContactFluentBuilder,
    contact: &ContactRequest,
) -> StartOutboundChatContactFluentBuilder {
    let request = &contact.request;
    let endpoint = |kind, address: &str| Endpoint::builder().r#type(kind).address(address).build();
    let mut input = operation
        .source_endpoint(endpoint(EndpointType::ConnectPhonenumberArn, &request.source))
        .destination_endpoint(endpoint(EndpointType::TelephoneNumber, &contact.destination))
        .instance_id(&request.instance_id)
        .contact_flow_id(&request.contact_flow_id)
        .set_segment_attributes(Some(segments(&request.segment_attributes)))
        .set_attributes((!request.attributes.is_empty()).then(|| texts(&request.attributes)))
        .set_chat_duration_in_minutes(request.chat_duration_minutes.map(i32::from))
        .set_participant_details(request.display_name.as_ref().map(|name| {
            ParticipantDetails::builder().display_name(name).build().expect("the one required member is set")
        }))
        .set_related_contact_id(request.related_contact_id.clone())
        .set_supported_messaging_content_types(
            (!request.supported_content_types.is_empty()).then(|| request.supported_content_types.clone()),
        )
        .client_token(contact.client_token.to_string());
    match &request.message {
        Some(Message::Text { content_type, content }) => {
            let message = ChatMessage::builder().content_type(content_type).content(content).build();
            input = input.initial_system_message(message.expect("both required members are set"));
        }
        Some(Message::Templated { knowledge_base_id, template_id, attributes, customer_profile }) => {
            let attributes = TemplateAttributes::builder()
                .set_custom_attributes((!attributes.is_empty()).then(|| texts(attributes)))
                .set_customer_profile_attributes(customer_profile.clone())
                .build();
            let message = TemplatedMessageConfig::builder()
                .knowledge_base_id(knowledge_base_id)
                .message_template_id(template_id)
                .template_attributes(attributes)
                .build();
            input = input.initial_templated_system_message(message.expect("all required members are set"));
        }
        None => {}
    }
    input
}

fn texts(texts: &BTreeMap<String, String>) -> HashMap<String, String> {
    texts.iter().map(|(name, text)| (name.clone(), text.clone())).collect()
}

fn segments(values: &BTreeMap<String, SegmentValue<String>>) -> HashMap<String, SegmentAttributeValue> {
    values.iter().map(|(name, value)| (name.clone(), segment(value))).collect()
}

fn segment(value: &SegmentValue<String>) -> SegmentAttributeValue {
    let builder = SegmentAttributeValue::builder();
    match value {
        SegmentValue::String(text) => builder.value_string(text),
        SegmentValue::Integer(number) => builder.value_integer(*number),
        SegmentValue::Map(values) => builder.set_value_map(Some(segments(values))),
        SegmentValue::List(values) => builder.set_value_list(Some(values.iter().map(segment).collect())),
    }
    .build()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::retry::RetryConfig;
    use aws_sdk_connect::config::http::HttpRequest;
    use aws_sdk_connect::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
    use aws_smithy_runtime_api::client::http::{HttpConnectorFuture, SharedHttpConnector, http_client_fn};
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::super::{Client, Settings};
    use super::*;
    use crate::domain::message::request::Request;

    /// A connector that keeps the requests and answers nobody.
    fn keeping(requests: &Arc<Mutex<Vec<HttpRequest>>>) -> SharedHttpClient {
        let requests = Arc::clone(requests);
        let connector = move |request: HttpRequest| {
            requests.lock().unwrap().push(request);
            HttpConnectorFuture::ready(Err(ConnectorError::other("kept".into(), None)))
        };
        let connector = SharedHttpConnector::new(Keeping(connector));
        SharedHttpClient::new(http_client_fn(move |_, _| connector.clone()))
    }

    struct Keeping<F>(F);

    impl<F> std::fmt::Debug for Keeping<F> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Keeping")
        }
    }

    impl<F> aws_smithy_runtime_api::client::http::HttpConnector for Keeping<F>
    where
        F: Fn(HttpRequest) -> HttpConnectorFuture + Send + Sync,
    {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            (self.0)(request)
        }
    }

    fn contact(message: Option<Message<String>>) -> ContactRequest {
        let text = |text: &str| text.to_owned();
        let texts =
            |names: [&str; 3]| names.map(|name| (text(name), format!("{name} \"é\" \u{1f337}\n"))).into();
        let inner = BTreeMap::from([
            (text("n"), SegmentValue::Integer(-7)),
            (text("s"), SegmentValue::String(text("x"))),
        ]);
        ContactRequest {
            request: Request {
                instance_id: text("i"),
                sender_instance_id: None,
                contact_flow_id: text("f"),
                source: text("arn"),
                segment_attributes: BTreeMap::from([
                    (text("connect:Subtype"), SegmentValue::String(text("connect:SMS"))),
                    (text("map"), SegmentValue::Map(inner)),
                    (text("list"), SegmentValue::List(vec![SegmentValue::Integer(1)])),
                ]),
                attributes: texts(["a", "b", "c"]),
                chat_duration_minutes: Some(60),
                display_name: Some(text("Ada")),
                message,
                related_contact_id: Some(text("old")),
                supported_content_types: vec![text("text/plain")],
            },
            destination: text("+12025550143"),
            client_token: uuid::Uuid::nil(),
        }
    }

    /// The body that is sent is our own text of the request. It says what the SDK's own would have said.
    #[tokio::test]
    async fn our_body_says_what_the_sdks_own_says() {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let config = aws_sdk_connect::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-west-2"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(keeping(&requests))
            .build();
        let client = aws_sdk_connect::Client::from_conf(config);
        let attributes = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let messages = [
            None,
            Some(Message::Text { content_type: "text/plain".to_owned(), content: "Hi \t\u{7}".to_owned() }),
            Some(Message::Templated {
                knowledge_base_id: "kb".to_owned(),
                template_id: "t".to_owned(),
                attributes,
                customer_profile: Some("{}".to_owned()),
            }),
        ];
        for message in messages {
            let contact = contact(message);
            fill(client.start_outbound_chat_contact(), &contact).send().await.unwrap_err();
            let theirs = requests.lock().unwrap().pop().unwrap();
            let theirs: serde_json::Value = serde_json::from_slice(theirs.body().bytes().unwrap()).unwrap();
            let ours: serde_json::Value = serde_json::from_slice(&contact.body()).unwrap();
            assert_eq!(ours, theirs);
        }
    }

    /// The body goes out as it is, with its length, signed, and with the name of who sends it.
    #[tokio::test]
    async fn a_request_has_our_body_and_our_name() {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let contact = contact(None);
        let clock = crate::clock::Clock::system();
        let settings = Settings {
            region: None,
            profile: None,
            endpoint_url: None,
            ca_bundle: None,
            connect_timeout: std::time::Duration::from_secs(1),
            read_timeout: std::time::Duration::from_secs(1),
        };
        let client = Client::simulated(keeping(&requests), ("test", "test"), &settings, &clock);
        client.start(contact.client_token, contact.body()).await.answer.unwrap_err();
        let request = requests.lock().unwrap().pop().unwrap();
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        assert_eq!(request.body().bytes().unwrap(), contact.body());
        assert_eq!(header("content-length"), contact.body().len().to_string());
        let name = concat!("app/campaign-", env!("CARGO_PKG_VERSION"));
        for agent in [header("user-agent"), header("x-amz-user-agent")] {
            assert!(agent.starts_with("aws-sdk-rust/") && agent.contains(name), "{agent}");
        }
        assert!(header("authorization").contains("x-amz-user-agent"), "{}", header("authorization"));
        assert_eq!(request.headers().get_all("user-agent").count(), 1);
        assert_eq!(header("amz-sdk-request"), "");
    }
}
