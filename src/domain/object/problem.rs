//! Why an object could not be fetched, in plain words and with what to do.

use std::fmt;

use crate::domain::figures::Grouped;
use crate::domain::foreign::ForeignText;
use crate::domain::next_step::{Advice, Command};

/// Longest text of a service that is shown, in characters.
const WORDS: usize = 300;

/// How much of an object had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// So many bytes.
    pub bytes: u64,
    /// Of so many; `None` where the server did not say.
    pub of: Option<u64>,
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Some(of) => write!(f, "{} of {} bytes", Grouped(self.bytes), Grouped(of)),
            None => write!(f, "{} bytes", Grouped(self.bytes)),
        }
    }
}

/// Why an object could not be fetched, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectProblem {
    /// Credentials, Region, proxy or certificates: nothing could be asked.
    #[error("{words}")]
    Unasked {
        /// What is wrong.
        words: String,
        /// What to do about it.
        advice: Advice,
        /// Whether credentials are missing.
        credentials: bool,
    },
    /// S3 does not give it to these credentials.
    #[error("access is denied: {}", .0.shown_up_to(WORDS))]
    Denied(ForeignText),
    /// A server does not give it to whoever has the URL.
    #[error("the server does not give it out (HTTP {0})")]
    LinkDenied(u16),
    /// A presigned URL whose time is over.
    #[error("the URL has expired (HTTP {0})")]
    LinkExpired(u16),
    /// There is no such object, or nothing behind the URL.
    #[error("there is no such object")]
    Missing,
    /// There is no such bucket.
    #[error("there is no such bucket")]
    NoBucket,
    /// The bucket is in a Region that is not found out.
    #[error("its bucket is in another Region than {asked}, and the service does not say in which")]
    Region {
        /// The Region that was asked last.
        asked: String,
    },
    /// The credentials do not count.
    #[error("the credentials are refused: {}", .0.shown_up_to(WORDS))]
    Refused(ForeignText),
    /// This machine's clock is wrong.
    #[error("this machine's clock is off by more than 15 minutes, and the signature does not count for it")]
    Clock,
    /// It is in an archive.
    #[error("is archived, and has to be restored before it can be read")]
    Archived,
    /// Another answer than the object.
    #[error("the server answered {status}{}", words_of(.words))]
    Answer {
        /// The HTTP status.
        status: u16,
        /// What the answer says, where it is S3's.
        words: ForeignText,
    },
    /// A redirect that is not followed.
    #[error("the server sends on to {}, and only https is followed", .0.shown_up_to(WORDS))]
    Redirect(ForeignText),
    /// Redirects without an end.
    #[error("the server sends on more than {0} times")]
    Redirects(usize),
    /// The end of it cannot be told from the end of a connection.
    #[error("the server does not say how long it is, and its end could not be told from a broken connection")]
    Endless,
    /// No connection, or no answer.
    #[error("the server was not reached: {}", .0.shown_up_to(WORDS))]
    Unreached(ForeignText),
    /// The server has no time.
    #[error("the server has no time: it answered {0}")]
    Busy(u16),
    /// Nothing comes any more.
    #[error("too slow: after {received} nothing came for {seconds} s")]
    Stalled {
        /// What had come.
        received: Received,
        /// How long it was waited for more, in seconds.
        seconds: u64,
    },
    /// The connection broke, too often or with nothing to go on by.
    #[error("the connection broke after {received}: {}{}", .words.shown_up_to(WORDS), unresumed(*.resumes))]
    Broken {
        /// What had come.
        received: Received,
        /// What the connection says.
        words: ForeignText,
        /// Whether the rest can be asked for.
        resumes: bool,
    },
    /// Another object is there than the one whose beginning was read.
    #[error("was changed while it was read: what had come and what is there now are two files")]
    Changed,
}

fn words_of(words: &ForeignText) -> String {
    if words.is_empty() { String::new() } else { format!(": {}", words.shown_up_to(WORDS)) }
}

fn unresumed(resumes: bool) -> &'static str {
    if resumes { "" } else { "; the server gives no ETag by which the rest could be asked for" }
}

impl ObjectProblem {
    /// Whether the same may go well a little later, without anybody doing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreached(_) | Self::Busy(_) | Self::Stalled { .. } | Self::Broken { .. } | Self::Changed
        )
    }

    /// Whether it is about who asks.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        matches!(self, Self::Unasked { credentials: true, .. } | Self::Refused(_) | Self::Clock)
    }

    /// What to do about it. `name` is the object's.
    #[must_use]
    pub fn hint(&self, name: &str) -> Advice {
        let is_s3 = name.starts_with("s3://");
        let right = || Command::IamPolicyObject(name.to_owned());
        match self {
            Self::Unasked { advice, .. } => advice.clone(),
            Self::Denied(_) => Advice::new("allow s3:GetObject, as ").run(right()).then(
                " does, and kms:Decrypt where a key of your own encrypts it; S3 says the same of an object that is not there \
                 where listing the bucket is not allowed",
            ),
            Self::LinkDenied(_) | Self::LinkExpired(_) => {
                "a presigned URL counts until it expires, and only as a whole: make a new one, such as with `aws s3 presign`, \
                 and put it in quotes"
                    .into()
            }
            Self::Missing if is_s3 => {
                "is the key right, with upper and lower case? `aws s3 ls` shows what there is".into()
            }
            Self::Missing => "is the URL right? A browser shows what is there".into(),
            Self::NoBucket => "is the name right? `aws s3 ls` shows the buckets of the account".into(),
            Self::Region { .. } => {
                "is AWS_ENDPOINT_URL_S3 meant so? Amazon S3's own endpoint tells the Region".into()
            }
            Self::Refused(_) => {
                "`aws sts get-caller-identity` says whose credentials they are; sign in again, or name another profile".into()
            }
            Self::Clock => "set the clock, and run again".into(),
            Self::Archived => "restore it with `aws s3api restore-object`, and run again once it is there".into(),
            Self::Answer { .. } | Self::Redirect(_) | Self::Redirects(_) => {
                "copy the file here by other means, and name the copy".into()
            }
            Self::Endless => "copy the file here first, and name the copy".into(),
            Self::Unreached(_) | Self::Busy(_) | Self::Stalled { .. } | Self::Broken { .. } => {
                "check the network, then run again; or copy the file here first, and name the copy".into()
            }
            Self::Changed => "run again once whoever writes it has ended".into(),
        }
    }
}
