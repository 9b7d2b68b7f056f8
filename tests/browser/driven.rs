//! Chromium, driven over its debugging pipe: a page is opened, looked at when it is so far, clicked on, and pictured.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::browser::chromium::{Chromium, Scheme, pages};

/// A browser with one page open.
pub(crate) struct Driven {
    child: Child,
    to: RefCell<ChildStdin>,
    from: RefCell<BufReader<ChildStdout>>,
    next: Cell<u64>,
    session: String,
    console: RefCell<Vec<String>>,
    _profile: tempfile::TempDir,
}

impl Driven {
    /// Opens a page.
    pub(crate) fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the browser");
        // The pipe is descriptor 3 and 4 of the browser.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(Chromium::find().path())
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--remote-debugging-pipe",
            ])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a browser");
        let to = RefCell::new(child.stdin.take().expect("a pipe"));
        let from = RefCell::new(BufReader::new(child.stdout.take().expect("a pipe")));
        let (session, console) = (String::new(), RefCell::default());
        let mut driven = Self { child, to, from, next: Cell::new(1), session, console, _profile: profile };
        let target = driven.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = driven.call("Target.attachToTarget", &attach);
        attached["sessionId"].as_str().expect("a session").clone_into(&mut driven.session);
        for domain in ["Page", "Runtime", "Log"] {
            driven.call(&format!("{domain}.enable"), &json!({}));
        }
        driven.call("Page.navigate", &json!({ "url": url }));
        driven
    }

    /// Asks the browser, and waits for its answer. What the page says meanwhile on its console is kept.
    fn call(&self, method: &str, params: &Value) -> Value {
        let id = self.next.replace(self.next.get() + 1);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.borrow_mut().write_all(&bytes).expect("the browser listens");
        loop {
            let mut bytes = Vec::new();
            self.from.borrow_mut().read_until(0, &mut bytes).expect("the browser speaks");
            bytes.pop();
            let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
            if answer["id"] == json!(id) {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            if let Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded") =
                answer["method"].as_str()
            {
                self.console.borrow_mut().push(answer["params"].to_string());
            }
        }
    }

    /// The value of an expression in the page; a promise is waited for.
    pub(crate) fn value(&self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true in the page.
    pub(crate) fn until(&self, expression: &str) {
        self.value(&format!(
            "new Promise((done) => {{ const look = () => ({expression}) ? done(true) : setTimeout(look, 20); look(); }})"
        ));
    }

    /// The page as it is now.
    pub(crate) fn dom(&self) -> String {
        self.value("document.documentElement.outerHTML").as_str().expect("a page").to_owned()
    }

    /// What the page has written to its console so far.
    pub(crate) fn console(&self) -> Vec<String> {
        self.value("1");
        self.console.borrow().clone()
    }

    /// A picture of the whole page, also left in `target/pages/`.
    pub(crate) fn picture(&self, name: &str, scheme: Scheme, width: u32) -> Vec<u8> {
        let size = json!({ "width": width, "height": 1_600, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &media);
        let overflow =
            self.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(overflow, 0, "{name}: nothing is cut off at the side");
        let shot = self.call("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let text = shot["data"].as_str().expect("a picture");
        let decode = format!("Array.from(atob(\"{text}\"), (c) => c.charCodeAt(0))");
        let bytes: Vec<u8> = serde_json::from_value(self.value(&decode)).expect("bytes");
        fs::write(pages().join(format!("{name}-{scheme}-{width}.png")), &bytes).expect("a picture");
        bytes
    }

    /// What axe-core finds wrong with the page for people who use a keyboard or a screen reader.
    pub(crate) fn axe(&self, source: &Path) -> Vec<String> {
        self.value(&format!("{}; 1", fs::read_to_string(source).expect("axe-core")));
        let found = self.value("axe.run().then((found) => found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(' ')}`))");
        serde_json::from_value(found).expect("violations")
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
