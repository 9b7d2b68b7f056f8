//! Recipients files that lie elsewhere: an object in Amazon S3, asked for with the credentials of the moment, or whatever is
//! behind an `https://` URL, asked for without any.
//!
//! A connection that breaks is made again, for what is still missing of the same object. Bytes go to the caller as they
//! come, in constant memory. Deliberately absent: what the bytes mean, and every other operation of S3.

mod answer;
mod client;
mod reader;
mod s3;

use std::sync::mpsc;

use super::client::Settings;
use crate::clock::Clock;
use crate::domain::object::{ObjectIdentity, ObjectProblem, ObjectUrl};

use client::ObjectClient;
pub use reader::ObjectReader;
use reader::{AHEAD, ObjectPiece};

/// An object that is there, and whose bytes come.
#[derive(Debug)]
pub struct OpenObject {
    /// What it is known by.
    pub identity: ObjectIdentity,
    /// Its bytes.
    pub reader: ObjectReader,
}

/// Asks for an object. The caller waits for the head of the answer; the rest comes on a thread of its own, with a runtime
/// of its own, so that this may be called from anywhere.
///
/// # Errors
/// [`ObjectProblem`] where it cannot be had.
pub fn open_object(url: &ObjectUrl, settings: &Settings, clock: &Clock) -> Result<OpenObject, ObjectProblem> {
    let (sender, pieces) = mpsc::sync_channel(AHEAD);
    let (url, settings, clock) = (url.clone(), settings.clone(), clock.clone());
    let fetch = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let fetched = runtime.map_err(|error| ObjectProblem::Unreached(error.to_string().into()));
        let fetched = fetched.and_then(|runtime| {
            runtime.block_on(async {
                let client = Box::pin(ObjectClient::connect(&url, &settings, &clock)).await?;
                Box::pin(client.fetch(&sender)).await
            })
        });
        // A caller that takes no more of it has ended.
        let _ = sender.send(fetched.map(|()| ObjectPiece::End));
    };
    std::thread::Builder::new()
        .name("object".to_owned())
        .spawn(fetch)
        .map_err(|error| ObjectProblem::Unreached(error.to_string().into()))?;
    let (identity, reader) = ObjectReader::begin(pieces)?;
    Ok(OpenObject { identity, reader })
}

/// What an object is known by now. Nothing of it is read.
///
/// # Errors
/// [`ObjectProblem`] where it cannot be asked about.
pub async fn identify_object(
    url: &ObjectUrl,
    settings: &Settings,
    clock: &Clock,
) -> Result<ObjectIdentity, ObjectProblem> {
    Box::pin(ObjectClient::connect(url, settings, clock)).await?.identify().await
}
