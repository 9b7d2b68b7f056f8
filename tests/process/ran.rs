//! What a process that ended left behind. Whoever makes one of these has checked that no phone number and no name of a
//! customer is on its stderr.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;

use serde_json::Value;

use crate::process::site::NAME;

#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; of a process that a signal ended, what a shell would say.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What is said at any hour: without the warning of contacts at night, which depends on when the test runs.
pub(crate) fn as_by_day(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("warning (night): ")).collect()
}

/// The same without a forecast, whose times are those of the clock.
pub(crate) fn without_forecast(text: &str) -> String {
    let mut in_forecast = false;
    let kept = text.split_inclusive('\n').filter(|line| {
        in_forecast = line.starts_with("forecast: ") || (in_forecast && line.starts_with("  "));
        !in_forecast
    });
    as_by_day(&kept.collect::<String>())
}

impl Ran {
    /// `people` is the recipients file, with the number in the third column.
    pub(crate) fn new(output: &Output, people: &str) -> Self {
        let status = output.status;
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        let text = |bytes: &[u8]| as_by_day(std::str::from_utf8(bytes).unwrap());
        let ran = Self { code, stdout: text(&output.stdout), stderr: text(&output.stderr) };
        ran.keeps_secrets(people);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    fn keeps_secrets(&self, people: &str) {
        // The pre-flight shows the text of a few messages; that is what it is for.
        let mut lines = self.stderr.lines().filter(|line| !line.starts_with("  line "));
        assert!(!lines.any(|line| line.contains(NAME)), "a customer's name is on stderr:\n{}", self.stderr);
        for number in people.lines().skip(1).filter_map(|line| line.split(',').nth(2)) {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            let national = &digits[digits.len().saturating_sub(10)..];
            let shown = national.len() > 6 && self.stderr.contains(national);
            assert!(!shown, "{number} is on stderr:\n{}", self.stderr);
        }
    }

    /// Fails where the exit code is another one.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails where stderr lacks one of these.
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for words in words {
            assert!(self.stderr.contains(words), "no \"{words}\" in:\n{}", self.stderr);
        }
        self
    }

    /// The result of `--json`: the last line of stdout. Its counts add up, or this fails.
    pub(crate) fn json(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_else(|| panic!("no result: {}", self.stderr));
        let result: Value = serde_json::from_str(last).unwrap();
        let states = [
            "started",
            "failed",
            "rejected",
            "duplicate",
            "suppressed",
            "withdrawn",
            "queued",
            "attempting",
            "uncertain",
        ];
        let sum: u64 = states.iter().map(|state| result[state].as_u64().unwrap()).sum();
        assert_eq!(Some(sum), result["rows"].as_u64(), "{result}");
        result
    }

    /// The command that the run says goes on.
    pub(crate) fn next(&self) -> &str {
        let line = self.stderr.lines().find_map(|line| line.trim().strip_prefix("next: "));
        line.unwrap_or_else(|| panic!("no command to go on with in:\n{}", self.stderr))
    }
}
