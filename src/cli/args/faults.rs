//! What goes wrong by chance, where requests go to the simulator.

use clap::Args;

use crate::simulator::{Fault, FaultShares};

/// What goes wrong by chance. Each takes the share of requests it strikes, from 0 to 1; together at most 1.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Faults (share of the requests, 0 to 1)")]
pub struct FaultArgs {
    /// 403 AccessDeniedException: halts a campaign
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    access_denied: f64,
    /// 429 ThrottlingException
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    throttle: f64,
    /// 429 TooManyRequestsException, which the operation's model does not have
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    too_many_requests: f64,
    /// 429 without an error code, half of them with a page in place of JSON
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    bare_throttle: f64,
    /// 409 ConflictException
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    conflict: f64,
    /// 502 with a page of something in between; nothing was done
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    bad_gateway: f64,
    /// 503 with a page of something in between; nothing was done
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    unavailable: f64,
    /// Share of the numbers that are refused for good: 400 InvalidRequestException, each time
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    failing_numbers: f64,
    /// 500 InternalServiceException, half of them after the contact has been started
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    errors: f64,
    /// Connection reset; nothing was done
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    resets: f64,
    /// Contact started, connection reset before the answer
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    lost_answers: f64,
    /// No answer, ever; half of the time the contact has been started
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    hangs: f64,
    /// Contact started, answer cut off half-way
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    truncated: f64,
    /// Contact started, answer is not JSON
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    unreadable: f64,
    /// Contact started, answer without its id
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    no_contact_id: f64,
}

impl FaultArgs {
    /// The shares.
    ///
    /// # Errors
    /// What they add up to, where that is more than everything.
    pub fn shares(&self) -> Result<FaultShares, f64> {
        let chances = vec![
            (Fault::AccessDenied, self.access_denied),
            (Fault::Throttling, self.throttle),
            (Fault::TooManyRequests, self.too_many_requests),
            (Fault::ThrottledWithoutCode, self.bare_throttle / 2.0),
            (Fault::ThrottledWithoutJson, self.bare_throttle / 2.0),
            (Fault::Conflict, self.conflict),
            (Fault::BadGateway, self.bad_gateway),
            (Fault::Unavailable, self.unavailable),
            (Fault::InternalBefore, self.errors / 2.0),
            (Fault::InternalAfter, self.errors / 2.0),
            (Fault::ResetBefore, self.resets),
            (Fault::LostAnswer, self.lost_answers),
            (Fault::HangBefore, self.hangs / 2.0),
            (Fault::HangAfter, self.hangs / 2.0),
            (Fault::Truncated, self.truncated),
            (Fault::Unreadable, self.unreadable),
            (Fault::NoContactId, self.no_contact_id),
        ];
        let sum: f64 = chances.iter().map(|(_, share)| share).sum();
        if sum > 1.0 + f64::EPSILON * chances.len() as f64 {
            return Err(sum);
        }
        Ok(FaultShares { chances, failing_numbers: self.failing_numbers })
    }
}

fn share(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (0.0..=1.0).contains(&number).then_some(number).ok_or_else(|| "must be from 0 to 1".to_owned())
}
