//! A real browser: Chromium, driven by its own WebDriver program. One at a time, so that none is slow because of another.
//!
//! What is looked for is looked for in open shadow roots, too. Nothing is waited for by sleeping: a condition is asked for
//! until it holds, with patience for a machine that is busy. `cargo xtask test` installs what is needed; without it the
//! scenarios leave themselves out, unless `RINGBACK_BROWSER=required`.

mod driver;
mod pages;

pub use pages::Pages;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use driver::Driver;

static ONE: Mutex<()> = Mutex::const_new(());

/// How long a condition may take.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Finds an element by a CSS selector in the document or in an open shadow root, the one that is shown first.
const DEEP: &str = "
    const everywhere = (root) => [root, ...[...root.querySelectorAll('*')].filter((e) => e.shadowRoot).flatMap((e) => everywhere(e.shadowRoot))];
    const all = (css) => everywhere(document).flatMap((root) => [...root.querySelectorAll(css)]);
    const seen = (e) => e.checkVisibility() && e.getClientRects().length > 0;
    const deep = (css) => all(css).find(seen) ?? all(css)[0] ?? null;
";

/// A browser with one window. It ends with this value.
pub struct Browser {
    driver: Driver,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    /// Starts one; none where none is installed.
    pub async fn start() -> Option<Self> {
        let turn = ONE.lock().await;
        let Some(driver) = Driver::start().await else {
            let scenario = std::thread::current().name().unwrap_or("a scenario").to_owned();
            assert!(!std::env::var("RINGBACK_BROWSER").is_ok_and(|v| v == "required"), "no chromedriver");
            eprintln!("{scenario}: left out, there is no chromedriver");
            return None;
        };
        let browser = Self { driver, _turn: turn };
        browser.size(1100, 800, false).await;
        Some(browser)
    }

    /// Goes to an address and waits until the page has loaded.
    pub async fn open(&self, url: &str) {
        self.driver.post("url", &json!({ "url": url })).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.driver.post("refresh", &json!({})).await;
    }

    /// Runs a script in the page and returns what it returns; `deep(css)` and `all(css)` look into shadow roots.
    pub async fn run(&self, script: &str) -> Value {
        self.driver.post("execute/sync", &json!({ "script": format!("{DEEP}{script}"), "args": [] })).await
    }

    /// Waits until a script returns something true, and returns it.
    ///
    /// # Panics
    /// When it does not within a minute; `what` says what was waited for.
    pub async fn until(&self, what: &str, script: &str) -> Value {
        let since = Instant::now();
        loop {
            let value = self.run(&format!("return ({script});")).await;
            if !(value.is_null() || value == false || value == 0 || value == "") {
                return value;
            }
            if since.elapsed() > PATIENCE {
                let page = self.run("return all('*').filter((e) => e.shadowRoot).map((e) => e.shadowRoot.textContent).join('|') || document.body.innerText").await;
                panic!(
                    "waited {PATIENCE:?} in vain: {what}\nthe page shows: {page}\nconsole: {:?}",
                    self.console().await
                );
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until an element is shown.
    pub async fn shown(&self, css: &str) {
        self.until(&format!("{css} is shown"), &format!("deep({}) && seen(deep({}))", quoted(css), quoted(css))).await;
    }

    /// Waits until a text is shown somewhere.
    pub async fn says(&self, text: &str) {
        let script = format!(
            "everywhere(document).some((r) => [...r.querySelectorAll('*')].some((e) => !e.children.length && e.textContent.includes({}) && seen(e)))",
            quoted(text)
        );
        self.until(&format!("the page says {text:?}"), &script).await;
    }

    /// The text of an element.
    pub async fn text(&self, css: &str) -> String {
        self.shown(css).await;
        let text = self.run(&format!("return deep({}).textContent", quoted(css))).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks an element with the mouse, once it is shown.
    pub async fn click(&self, css: &str) {
        self.shown(css).await;
        let element = self.run(&format!("return deep({})", quoted(css))).await;
        let id =
            element.as_object().and_then(|e| e.values().next()).and_then(Value::as_str).expect("an element").to_owned();
        self.driver.post(&format!("element/{id}/click"), &json!({})).await;
    }

    /// Clicks it twice, as a nervous hand does.
    pub async fn double_click(&self, css: &str) {
        self.shown(css).await;
        let element = self
            .run(&format!("const e = deep({}); e.scrollIntoView({{block: 'center'}}); return e", quoted(css)))
            .await;
        let (down, up) = (json!({ "type": "pointerDown", "button": 0 }), json!({ "type": "pointerUp", "button": 0 }));
        let moved = json!({ "type": "pointerMove", "duration": 0, "origin": element, "x": 0, "y": 0 });
        let actions = json!([{ "type": "pointer", "id": "mouse", "actions": [moved, down, up, down, up] }]);
        self.driver.post("actions", &json!({ "actions": actions })).await;
    }

    /// Presses keys one after the other, wherever the focus is: characters, or names as in [`key`].
    pub async fn press(&self, keys: &[&str]) {
        let strokes: Vec<Value> = keys
            .iter()
            .flat_map(|name| {
                let value = key(name);
                [json!({ "type": "keyDown", "value": value }), json!({ "type": "keyUp", "value": value })]
            })
            .collect();
        self.driver.post("actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": strokes }] })).await;
    }

    /// Writes a text wherever the focus is.
    pub async fn write(&self, text: &str) {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        self.press(&letters.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }

    /// Presses Tab until an element has the focus.
    ///
    /// # Panics
    /// When it cannot be reached.
    pub async fn tab_to(&self, css: &str) {
        let focused = format!("const e = deep({}); return !!e && e.getRootNode().activeElement === e", quoted(css));
        for _ in 0..40 {
            if self.run(&focused).await == true {
                return;
            }
            self.press(&["Tab"]).await;
        }
        panic!("{css} cannot be reached with Tab");
    }

    /// Takes the network away, or gives it back.
    pub async fn offline(&self, offline: bool) {
        self.network(offline, 0).await;
    }

    /// Makes every answer wait.
    pub async fn slow(&self, latency_ms: u32) {
        self.network(false, latency_ms).await;
    }

    async fn network(&self, offline: bool, latency: u32) {
        self.cdp("Network.enable", json!({})).await;
        let conditions =
            json!({ "offline": offline, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.cdp("Network.emulateNetworkConditions", conditions).await;
    }

    /// Sets what the visitor prefers: `prefers-color-scheme`, `prefers-reduced-motion`, …
    pub async fn prefer(&self, features: &[(&str, &str)]) {
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Sets the size of the window, in CSS pixels; a phone touches and has two pixels for one.
    pub async fn size(&self, width: u32, height: u32, phone: bool) {
        let factor = if phone { 2 } else { 1 };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": factor, "mobile": phone });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
        self.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": phone })).await;
    }

    /// A command of Chromium's own protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.driver.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await
    }

    /// Writes what is seen to `target/screens/{name}.png`.
    pub async fn screenshot(&self, name: &str) {
        use base64::Engine as _;
        let image = self.driver.get("screenshot").await;
        let image =
            base64::engine::general_purpose::STANDARD.decode(image.as_str().expect("an image")).expect("base64");
        let folder = target().join("screens");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.png")), image).expect("written");
    }

    /// What the console has complained about since it was last asked: errors and warnings.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.driver.post("se/log", &json!({ "type": "browser" })).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        let complaints = entries.iter().filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        complaints.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// What axe-core finds wrong with the page as it is now: the rule and the element, one a line.
    pub async fn axe(&self) -> Vec<String> {
        let Ok(axe) = std::fs::read_to_string(target().join("browser/axe.min.js")) else {
            assert!(!std::env::var("RINGBACK_BROWSER").is_ok_and(|v| v == "required"), "no axe-core");
            eprintln!("axe-core is not there: `cargo xtask test` fetches it");
            return Vec::new();
        };
        self.driver
            .post("execute/sync", &json!({ "script": format!("if (!window.axe) {{ {axe} }}"), "args": [] }))
            .await;
        let script = "
            const done = arguments[arguments.length - 1];
            const options = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
            axe.run(document, options).then((r) => done({ found: r.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`)), passed: r.passes.length }), (e) => done({ found: [String(e)], passed: 0 }));";
        let result = self.driver.post("execute/async", &json!({ "script": script, "args": [] })).await;
        assert!(result["passed"].as_u64().is_some_and(|n| n > 5), "axe looked at something: {result}");
        let found = result["found"].as_array().cloned().unwrap_or_default();
        found.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect()
    }
}

/// A key by its name, in WebDriver's code; anything else is itself.
fn key(name: &str) -> String {
    let code = match name {
        "Tab" => '\u{E004}',
        "Enter" => '\u{E007}',
        "Escape" => '\u{E00C}',
        "Space" => ' ',
        "ArrowLeft" => '\u{E012}',
        "ArrowUp" => '\u{E013}',
        "ArrowRight" => '\u{E014}',
        "ArrowDown" => '\u{E015}',
        "Home" => '\u{E011}',
        "End" => '\u{E010}',
        other => return other.to_owned(),
    };
    code.to_string()
}

/// A text as a literal of JavaScript.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// `target` of the workspace.
fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target")
}
