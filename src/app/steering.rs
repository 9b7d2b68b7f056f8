//! Steering the run that holds a campaign, through the journal: what is asked is written down, and the run is given a moment
//! to do it.

use std::time::Duration;

use crate::app::error::Error;
use crate::app::paths::{self, CampaignPaths};
use crate::clock::Clock;
use crate::domain::delivery::control::Control;
use crate::domain::foreign::shown;
use crate::domain::next_step::{Advice, Command, Setting};
use crate::domain::senders::{AccountGroups, SenderAccount};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{self, Campaign, ControlRequest, Holder, Journal, JournalError, Reader, RunRecord};

/// A run looks four times a second. One that has not answered after this time has been asked all the same, and may be busy.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// What was asked and what came of it.
#[derive(Debug)]
pub struct Steering {
    /// What was asked.
    pub control: Control,
    /// Of which campaign.
    pub campaign: Campaign,
    /// The run that goes on, as of the last look.
    pub run: Option<RunRecord>,
    /// The process that holds the campaign.
    pub holder: Option<Holder>,
    /// The pause that the campaign was in before.
    pub before: Option<ControlRequest>,
    /// What was written down; `None` where it is so already.
    pub request: Option<ControlRequest>,
    /// When.
    pub now: UnixMillis,
}

/// Asks the run of a campaign, in the name of `who`, and waits a moment for it to answer.
///
/// # Errors
/// Where the journal cannot be read or written, and where nothing runs that could be stopped or paced.
pub async fn steer(
    place: &CampaignPaths,
    control: Control,
    who: &str,
    clock: &Clock,
) -> Result<Steering, Error> {
    let mut steering = request(place, control, who, clock)?;
    if steering.run.is_some() && steering.request.is_some() {
        steering.wait(&Reader::open(&place.journal)?).await?;
    }
    Ok(steering)
}

/// Writes down what is asked, in the name of `who`, and does not wait for the run.
///
/// # Errors
/// As [`steer`].
pub fn request(place: &CampaignPaths, control: Control, who: &str, clock: &Clock) -> Result<Steering, Error> {
    let reader = Reader::open(&place.journal)?;
    let campaign = paths::which(&reader, place.campaign.as_deref())?;
    let holder = journal::holder(&place.journal, &campaign.name);
    let run = going_on(&reader, &campaign, holder.as_ref())?;
    let before = reader.paused(campaign.id)?;
    let mut steering = Steering { control, campaign, run, holder, before, request: None, now: clock.now() };
    if steering.is_needless() {
        return Ok(steering);
    }
    if let Control::SenderPace(pace) = &steering.control {
        must_have_sender(&reader, &steering.campaign, &pace.name)?;
    }
    steering.must_have_a_run()?;
    if let Control::AccountPace(new) = &mut steering.control {
        new.name = sender_of_account(&reader, &steering.campaign, &new.name)?;
    }
    let of_run = steering.control.is_of_run();
    let run = steering.run.as_ref().map(|run| run.id).filter(|_| of_run);
    let id = Journal::open(&place.journal)?.ask(
        steering.campaign.id,
        steering.control.clone(),
        run,
        who,
        clock.now(),
    )?;
    steering.request = Some(reader.asked(id)?);
    Ok(steering)
}

/// The run that goes on: not one that was killed, while another process reads its file.
fn going_on(
    reader: &Reader,
    campaign: &Campaign,
    holder: Option<&Holder>,
) -> Result<Option<RunRecord>, JournalError> {
    let latest = reader.runs(campaign.id, 1)?.pop();
    Ok(latest.filter(|run| {
        run.ended_at.is_none() && holder.is_some_and(|holder| holder.pid().is_none_or(|pid| pid == run.pid))
    }))
}

fn must_have_sender(reader: &Reader, campaign: &Campaign, sender: &str) -> Result<(), Error> {
    let names = reader.sender_names(campaign.id)?;
    if names.iter().any(|name| name == sender) {
        return Ok(());
    }
    let of_one = "it has one source for all, whose pace is that of the campaign";
    Err(no_sender((&campaign.name, sender), &names, of_one))
}

/// A sender of the account that is called so: the journal knows accounts by their senders.
fn sender_of_account(reader: &Reader, campaign: &Campaign, name: &str) -> Result<String, Error> {
    let senders = reader.homes_of_senders(campaign.id)?;
    let AccountGroups { accounts, places, .. } =
        AccountGroups::of(senders.iter().map(|(_, account)| account.as_ref()));
    let names: Vec<String> = accounts
        .iter()
        .map(|group| group.account.as_ref().map_or_else(String::new, SenderAccount::name))
        .collect();
    let is_meant = |(sender, account): &(String, Option<SenderAccount>)| {
        sender == name || account.as_ref().is_some_and(|account| account.is_called(name))
    };
    let meant = senders.iter().zip(&places).filter(|(sender, _)| is_meant(sender));
    let meant: Vec<(&str, usize)> =
        meant.map(|((sender, _), place)| (sender.as_str(), place.account)).collect();
    let (campaign, called) = (&campaign.name, shown(name));
    let (message, advice) = match meant[..] {
        _ if names.len() < 2 => (
            format!("\"{campaign}\" sends from one account, whose pace is that of the campaign"),
            "leave the account out".to_owned(),
        ),
        [] => (format!("\"{campaign}\" has no account \"{called}\""), format!("it has {}", names.join("; "))),
        [(sender, account), ..] if meant.iter().all(|(_, other)| *other == account) => {
            return Ok(sender.to_owned());
        }
        _ => (
            format!("\"{campaign}\" has several accounts that are called \"{called}\""),
            format!("it has {}; name one of the account's senders", names.join("; ")),
        ),
    };
    Err(Error::usage(message, Advice::from(advice).into()))
}

/// A campaign has no sender of this name, but `names`; `of_one` is said where it has none at all.
pub(super) fn no_sender((campaign, sender): (&str, &str), names: &[String], of_one: &str) -> Error {
    let message = format!("\"{campaign}\" has no sender \"{}\"", shown(sender));
    let names: Vec<_> = names.iter().map(|name| shown(name)).collect();
    let advice = match names.is_empty() {
        true => of_one.to_owned(),
        false => format!("it has {}", names.join(", ")),
    };
    Error::usage(message, Advice::from(advice).into())
}

impl Steering {
    /// Whether it is so already.
    fn is_needless(&self) -> bool {
        match self.control {
            Control::Pause => self.before.is_some(),
            Control::Go => self.before.is_none(),
            Control::Stop | Control::Pace(_) | Control::SenderPace(_) | Control::AccountPace(_) => false,
        }
    }

    /// What is for a run and for nothing else needs one.
    fn must_have_a_run(&self) -> Result<(), Error> {
        let name = &self.campaign.name;
        let (message, advice) = match (&self.control, &self.run, &self.holder) {
            (Control::Pause | Control::Go | Control::SenderPace(_), ..) | (_, Some(_), _) => return Ok(()),
            (_, None, Some(holder)) => (
                format!("no run of \"{name}\" sends yet: {holder} has it, and reads its file"),
                Advice::new("try again in a moment; ")
                    .run(Command::Pause)
                    .then(" holds for the run that begins"),
            ),
            (Control::Stop, None, None) => (
                format!("nothing runs \"{name}\", so there is nothing to stop"),
                Advice::default()
                    .run(Command::Status)
                    .then(" tells how it stands; ")
                    .run(Command::Pause)
                    .then(" keeps the next run from sending"),
            ),
            (_, None, None) => (
                format!("nothing runs \"{name}\", and a pace is for the run that goes on"),
                Advice::new("give the next run its pace with ")
                    .set(Setting::Rate)
                    .then(", or in [pace] of the definition"),
            ),
        };
        Err(Error::usage(message, advice.into()))
    }

    /// Waits until the run has done it, or ends, or has had its time.
    async fn wait(&mut self, reader: &Reader) -> Result<(), JournalError> {
        let began = tokio::time::Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(request) = &self.request {
                reader.refresh()?;
                let request = reader.asked(request.id)?;
                let done = request.taken.is_some();
                self.request = Some(request);
                self.run = reader.runs(self.campaign.id, 1)?.pop();
                if done || self.run.as_ref().is_none_or(|run| run.ended_at.is_some()) {
                    return Ok(());
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}
