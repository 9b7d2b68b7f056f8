//! Held against programs of others: Python's `phonenumbers`, boto3, the AWS CLI, npm's segment calculator, Chromium.
//!
//! Each test says what it needs in its `#[ignore]`; `tests/all` installs that and runs them.

mod api_limits;
mod browser;
mod contact_oracle;
mod dialects;
mod hours;
mod numbers;
mod packages;
mod profile_precedence;
mod segments;
mod simulator_clients;
mod simulator_process;
mod workbooks;
