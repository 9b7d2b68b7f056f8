//! What `StartOutboundChatContact` takes, as far as the AWS CLI knows it: names, types, least lengths, what must be there.
//!
//! Source: the service model of Amazon Connect in botocore 1.44. Limits beyond it are the definition's (`check`).

/// A type of the service model.
#[derive(Debug)]
pub enum Shape {
    /// A string of at least so many characters.
    Text {
        /// Fewest characters.
        least: usize,
    },
    /// A word of the service; this is the one that the operation takes. The AWS CLI sends others as well.
    Word(&'static str),
    /// An integer, where the model has a least one.
    Integer {
        /// The least.
        least: Option<i64>,
    },
    /// Named members.
    Structure(&'static [Member]),
    /// Names of one's own, of at least one character.
    Map(&'static Shape),
    /// Values of one type.
    List(&'static Shape),
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name in the API.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its type.
    pub shape: &'static Shape,
    /// What it is, in a few words.
    pub about: &'static str,
}

const fn member(name: &'static str, shape: &'static Shape, about: &'static str) -> Member {
    Member { name, required: false, shape, about }
}

const fn required(name: &'static str, shape: &'static Shape, about: &'static str) -> Member {
    Member { name, required: true, shape, about }
}

static ANY_TEXT: Shape = Shape::Text { least: 0 };
static SOME_TEXT: Shape = Shape::Text { least: 1 };
static INTEGER: Shape = Shape::Integer { least: None };
static MINUTES: Shape = Shape::Integer { least: Some(60) };
static TEXTS: Shape = Shape::Map(&ANY_TEXT);
static CONTENT_TYPES: Shape = Shape::List(&SOME_TEXT);

static SOURCE_TYPE: Shape = Shape::Word("CONNECT_PHONENUMBER_ARN");
static DESTINATION_TYPE: Shape = Shape::Word("TELEPHONE_NUMBER");

static SOURCE: Shape = Shape::Structure(&[
    member("Type", &SOURCE_TYPE, "CONNECT_PHONENUMBER_ARN"),
    member("Address", &ANY_TEXT, "the Connect ARN of the phone number"),
]);
static DESTINATION: Shape = Shape::Structure(&[
    member("Type", &DESTINATION_TYPE, "TELEPHONE_NUMBER"),
    member("Address", &ANY_TEXT, "the number, + and digits"),
]);
static SEGMENT: Shape = Shape::Structure(&[
    member("ValueString", &ANY_TEXT, "a text"),
    member("ValueMap", &SEGMENTS, "values by name"),
    member("ValueInteger", &INTEGER, "an integer of 32 bits"),
    member("ValueList", &SEGMENT_LIST, "values"),
    member("ValueArn", &ANY_TEXT, "an ARN"),
]);
static SEGMENTS: Shape = Shape::Map(&SEGMENT);
static SEGMENT_LIST: Shape = Shape::List(&SEGMENT);
static PARTICIPANT: Shape =
    Shape::Structure(&[required("DisplayName", &SOME_TEXT, "at most 256 characters")]);
static MESSAGE: Shape = Shape::Structure(&[
    required("ContentType", &SOME_TEXT, "text/plain for SMS"),
    required("Content", &SOME_TEXT, "the text, at most 1,024 characters"),
]);
static TEMPLATE_ATTRIBUTES: Shape = Shape::Structure(&[
    member("CustomAttributes", &TEXTS, "texts by name"),
    member("CustomerProfileAttributes", &ANY_TEXT, "JSON as a text"),
]);
static TEMPLATED: Shape = Shape::Structure(&[
    required("KnowledgeBaseId", &SOME_TEXT, "id or ARN"),
    required("MessageTemplateId", &SOME_TEXT, "id or ARN"),
    required("TemplateAttributes", &TEMPLATE_ATTRIBUTES, "what the template's placeholders are filled with"),
]);

/// A request; its members in the order of the service model.
pub static REQUEST: Shape = Shape::Structure(&[
    required("SourceEndpoint", &SOURCE, "the number that the message comes from"),
    required("DestinationEndpoint", &DESTINATION, "the number that the message goes to"),
    required("InstanceId", &SOME_TEXT, "the Amazon Connect instance"),
    required(
        "SegmentAttributes",
        &SEGMENTS,
        "connect:Subtype says the channel: connect:SMS or connect:WhatsApp",
    ),
    member("Attributes", &TEXTS, "what the flow reads as $.Attributes.NAME"),
    required("ContactFlowId", &ANY_TEXT, "the flow that manages the contact"),
    member("ChatDurationInMinutes", &MINUTES, "60 to 10,080; 25 hours without it"),
    member("ParticipantDetails", &PARTICIPANT, "the customer"),
    member("InitialSystemMessage", &MESSAGE, "the text that is sent; without it the flow sends one"),
    member("InitialTemplatedSystemMessage", &TEMPLATED, "a message template instead of a text"),
    member("RelatedContactId", &SOME_TEXT, "a contact that this one follows"),
    member("SupportedMessagingContentTypes", &CONTENT_TYPES, "text/plain, and what else the chat takes"),
    member("ClientToken", &ANY_TEXT, "makes asking again safe for 7 days; made where it is left out"),
]);

impl Member {
    /// The option of the command line: `SourceEndpoint` is `--source-endpoint`.
    #[must_use]
    pub fn option(&self) -> String {
        let mut option = "-".to_owned();
        for c in self.name.chars() {
            if c.is_ascii_uppercase() {
                option.push('-');
            }
            option.push(c.to_ascii_lowercase());
        }
        option
    }
}

/// The members of a request.
#[must_use]
pub fn members() -> &'static [Member] {
    match &REQUEST {
        Shape::Structure(members) => members,
        _ => &[],
    }
}
