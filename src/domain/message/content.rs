//! Channels, content types and message encodings: closed sets of words of the definition and the API.

/// The channel that a contact goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// `connect:SMS`.
    Sms,
    /// `connect:WhatsApp`; in the API since December 2025.
    WhatsApp,
}

impl Channel {
    /// The word in the definition.
    pub const NAMES: &'static [&'static str] = &["sms", "whatsapp"];

    /// The channel that a word of the definition names.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "sms" => Some(Self::Sms),
            "whatsapp" => Some(Self::WhatsApp),
            _ => None,
        }
    }

    /// `SegmentAttributes["connect:Subtype"].ValueString`.
    #[must_use]
    pub fn subtype(self) -> &'static str {
        match self {
            Self::Sms => "connect:SMS",
            Self::WhatsApp => "connect:WhatsApp",
        }
    }
}

/// Most UTF-8 bytes of any content. Source: `ChatContent` in the service model.
pub const CONTENT_BYTES: usize = 16_384;

/// `ContentType` of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// `text/plain`, the only one that SMS takes.
    Plain,
    /// `text/markdown`.
    Markdown,
    /// `application/json`.
    Json,
    /// `application/vnd.amazonaws.connect.message.interactive.response`.
    InteractiveResponse,
}

impl ContentType {
    /// All, as the API names them. Source: `InitialSystemMessage` in the API reference.
    pub const NAMES: &'static [&'static str] = &[
        "text/plain",
        "text/markdown",
        "application/json",
        "application/vnd.amazonaws.connect.message.interactive.response",
    ];

    /// What `SupportedMessagingContentTypes` takes. Source: the API reference.
    pub const SUPPORTED: &'static [&'static str] = &[
        "text/plain",
        "text/markdown",
        "application/json",
        "application/vnd.amazonaws.connect.message.interactive",
        "application/vnd.amazonaws.connect.message.interactive.response",
    ];

    const ALL: [Self; 4] = [Self::Plain, Self::Markdown, Self::Json, Self::InteractiveResponse];

    /// The type with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|content_type| content_type.name() == name)
    }

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => Self::NAMES[0],
            Self::Markdown => Self::NAMES[1],
            Self::Json => Self::NAMES[2],
            Self::InteractiveResponse => Self::NAMES[3],
        }
    }

    /// Most characters of a content of this type over this channel; `None` where only [`CONTENT_BYTES`] bounds it. Source:
    /// feature limits of the two channels in the administrator guide.
    #[must_use]
    pub fn longest(self, channel: Channel) -> Option<usize> {
        match (self, channel) {
            (Self::Plain | Self::Markdown, Channel::Sms) => Some(1024),
            (Self::Plain | Self::Markdown, Channel::WhatsApp) => Some(4096),
            (Self::Json | Self::InteractiveResponse, _) => None,
        }
    }
}

/// What is done to a message before it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageEncoding {
    /// Nothing.
    AsIs,
    /// Characters outside GSM-7 give way to their nearest equivalents.
    Gsm,
}
