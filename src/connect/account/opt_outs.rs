//! The account's opt-out lists: which are behind a number, what is on them, and a number put onto one.

use aws_sdk_connect::error::SdkError;
use aws_sdk_pinpointsmsvoicev2::operation::describe_opted_out_numbers::DescribeOptedOutNumbersError;
use aws_sdk_pinpointsmsvoicev2::types::error::ResourceNotFoundException;
use aws_sdk_pinpointsmsvoicev2::types::{OptedOutNumberInformation, ResourceType};

use super::{Account, Subject};
use crate::domain::account::facts::{Answer, NumberFacts, SmsNumberFacts, Unanswered};
use crate::domain::account::opt_outs::{OptOut, OptOutPage, PAGE};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;

const DESCRIBE: &str = "sms-voice:DescribeOptedOutNumbers";

impl Account {
    /// The number with this Amazon Connect ARN as End User Messaging has it: with its opt-out list.
    pub async fn sender(&self, source: &str) -> Answer<SmsNumberFacts> {
        let subject = Subject {
            instance_id: String::new(),
            flow_id: None,
            source: Some(source.to_owned()),
            attribute: None,
        };
        match self.number(&subject).await? {
            NumberFacts { source_arn: Some(arn), .. } => self.sms_number(&arn).await,
            NumberFacts { source_arn: None, .. } => Err(Unanswered::NotFound),
        }
    }

    /// The page of a list that begins at `place`: the first where that is `None`.
    pub async fn opt_out_page(&self, list: &str, place: Option<&str>) -> Answer<OptOutPage> {
        let most = i32::try_from(PAGE).unwrap_or(i32::MAX);
        let asked = || {
            let page = self.messaging.describe_opted_out_numbers().opt_out_list_name(list).max_results(most);
            page.set_next_token(place.map(str::to_owned)).send()
        };
        let answer = self.question(DESCRIBE, asked).await?;
        Ok(OptOutPage {
            next: answer.next_token().filter(|next| !next.is_empty()).map(str::to_owned),
            numbers: answer.opted_out_numbers().iter().map(opt_out).collect(),
        })
    }

    /// Whether one number is on a list. The service answers a number that is not with the same error as a list that there
    /// is not, and says which of them is missing: without the list nobody knows who opted out, so that is
    /// [`Unanswered::NotFound`].
    pub async fn opted_out(&self, list: &str, number: &str) -> Answer<Option<OptOut>> {
        let asked = || async {
            let asked = self.messaging.describe_opted_out_numbers().opt_out_list_name(list);
            match asked.opted_out_numbers(number).send().await {
                Ok(answer) => Ok(Some(answer.opted_out_numbers().first().map(opt_out))),
                Err(error) => match missing(&error).map(ResourceNotFoundException::resource_type) {
                    Some(Some(ResourceType::OptedOutNumber)) => Ok(Some(None)),
                    Some(None) => Ok(None),
                    _ => Err(error),
                },
            }
        };
        match self.question(DESCRIBE, asked).await? {
            Some(found) => Ok(found),
            // Which of them is missing was not said. A list that has a first page is there, so that it is the number.
            None => self.opt_out_page(list, None).await.map(|_| None),
        }
    }

    /// Puts a number onto a list. One that is on it stays.
    pub async fn put_opted_out(&self, list: &str, number: &str) -> Answer<()> {
        let asked =
            || self.messaging.put_opted_out_number().opt_out_list_name(list).opted_out_number(number).send();
        self.question("sms-voice:PutOptedOutNumber", asked).await.map(drop)
    }
}

/// What the service says that there is not, where it says that something is missing.
fn missing<R>(error: &SdkError<DescribeOptedOutNumbersError, R>) -> Option<&ResourceNotFoundException> {
    match error.as_service_error()? {
        DescribeOptedOutNumbersError::ResourceNotFoundException(missing) => Some(missing),
        _ => None,
    }
}

fn opt_out(number: &OptedOutNumberInformation) -> OptOut {
    let at = number.opted_out_timestamp().to_millis().unwrap_or_default();
    let number = number.opted_out_number();
    // One that cannot be read is nobody's.
    let read = E164::of_account(number).map(|number| number.as_str().to_owned());
    OptOut { number: read.unwrap_or_else(|| number.to_owned()), at: UnixMillis::from_millis(at) }
}
