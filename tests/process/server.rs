//! `campaign simulator` as the tests here look at it: what reached the service, whoever knows of it.

use std::collections::HashMap;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::process::site::Record;
use crate::simulator_process::Process;

pub(crate) struct Server(Process);

impl Server {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self(Process::start(args))
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    pub(crate) fn stats(&self) -> Value {
        serde_json::from_str(&self.0.get("/_simulator/stats")).unwrap()
    }

    /// Requests for contacts. What the account is asked besides is not counted.
    pub(crate) fn requests(&self) -> u64 {
        self.stats()["operations"]["StartOutboundChatContact"].as_u64().unwrap_or_default()
    }

    /// Waits until so many requests have arrived.
    pub(crate) fn wait_for_requests(&self, requests: u64) {
        while self.requests() < requests {
            std::thread::yield_now();
        }
    }

    /// All that the account tells of the contacts, also what comes later.
    pub(crate) fn events(&self) -> String {
        self.0.get("/_simulator/events?all")
    }

    /// Contacts, with the requests that started them.
    pub(crate) fn contacts_in_full(&self) -> Vec<Value> {
        self.lines("/_simulator/contacts")
    }

    /// Contact ids by client token.
    pub(crate) fn contacts(&self) -> HashMap<String, Vec<String>> {
        let mut contacts: HashMap<String, Vec<String>> = HashMap::new();
        for contact in self.contacts_in_full() {
            let text = |member: &str| contact[member].as_str().unwrap().to_owned();
            contacts.entry(text("client_token")).or_default().push(text("contact_id"));
        }
        contacts
    }

    /// How many requests came with each client token.
    pub(crate) fn attempts(&self) -> HashMap<String, u32> {
        let mut attempts = HashMap::new();
        for request in self.lines("/_simulator/requests") {
            // What the account is asked has none.
            let Some(token) = request["client_token"].as_str() else { continue };
            *attempts.entry(token.to_owned()).or_default() += 1;
        }
        attempts
    }

    fn lines(&self, path: &str) -> Vec<Value> {
        self.0.get(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Holds the server's process still: connections are taken by the system, and nobody answers.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0.child), signal).unwrap();
    }

    /// Holds the server against a report of a campaign that is complete: each recipient has one contact, the report
    /// has its id, and no token ever came with other bytes.
    pub(crate) fn has_each_once(&self, report: &[Record]) {
        let mut contacts = self.contacts();
        for record in report.iter().filter(|record| record.state == "started") {
            let ids = contacts.remove(&record.client_token);
            assert_eq!(ids, Some(vec![record.contact_id.clone()]), "{record:?}");
        }
        assert!(contacts.is_empty(), "contacts of nobody in the report: {contacts:?}");
        assert_eq!(self.stats()["payload_violations"], 0);
    }
}
