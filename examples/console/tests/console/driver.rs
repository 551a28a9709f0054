//! As much of `WebDriver` (W3C) as the tests need: <https://www.w3.org/TR/webdriver2/>.

use std::process::Stdio;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// The name under which an element is told.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long anything may take: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A browser of our own, in a directory of its own.
pub(crate) struct Driver {
    client: Client<HttpConnector, Full<Bytes>>,
    session: String,
    // It ends when it is dropped, and the browser with it.
    _chromedriver: Child,
    profile: std::path::PathBuf,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// Where the browser and its driver are, as `scripts/chromium.sh` says.
fn found(what: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/chromium.sh");
    let said = std::process::Command::new(script).output().unwrap();
    let said_wrong = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "no browser to test with: {said_wrong}");
    let said = String::from_utf8(said.stdout).unwrap();
    let prefix = format!("{what}=");
    said.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap().to_owned()
}

impl Driver {
    pub(crate) async fn start(name: &str) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let chromedriver = Command::new(found("CHROMEDRIVER"))
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let profile = std::env::temp_dir().join(format!("console-{name}-{}", std::process::id()));
        let client = Client::builder(TokioExecutor::new()).build_http();
        let session = format!("http://127.0.0.1:{port}/session");
        let mut driver = Self { client, session, _chromedriver: chromedriver, profile };
        driver.begin().await;
        driver
    }

    async fn begin(&mut self) {
        let profile = format!("--user-data-dir={}", self.profile.display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=1100,1400",
            &profile,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "binary": found("CHROMIUM"), "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let until = Instant::now() + PATIENCE;
        let answer = loop {
            match self.ask(Method::POST, "", &wanted).await {
                Ok(answer) => break answer,
                Err(error) if Instant::now() > until => {
                    panic!("the browser does not start: {error}")
                }
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        };
        self.session = format!("{}/{}", self.session, answer["sessionId"].as_str().unwrap());
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let told = |error: &dyn std::error::Error| console::desk::chain(error);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.session))
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap();
        let answer = self.client.request(request).await.map_err(|error| told(&error))?;
        let body = answer.into_body().collect().await.map_err(|error| told(&error))?.to_bytes();
        let mut body: Value = serde_json::from_slice(&body).map_err(|error| told(&error))?;
        let value = body["value"].take();
        if value["error"].is_string() { Err(format!("{path}: {value:.400}")) } else { Ok(value) }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::POST, path, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, &Value::Null).await.unwrap()
    }

    pub(crate) async fn goes_to(&self, url: &str) {
        self.post("/url", &json!({ "url": url })).await;
    }

    /// The one element that the selector finds.
    async fn element(&self, selector: &str) -> String {
        let asked = json!({ "using": "css selector", "value": selector });
        let found = self.post("/element", &asked).await;
        format!("/element/{}", found[ELEMENT].as_str().unwrap())
    }

    /// The same when it is there.
    pub(crate) async fn waits_for(&self, selector: &str) {
        let asked = json!({ "using": "css selector", "value": selector });
        self.until(selector, async || self.ask(Method::POST, "/element", &asked).await.is_ok())
            .await;
    }

    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds().await {
            assert!(Instant::now() < until, "in vain: {what}\n{}", self.text("body").await);
            sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn writes(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.post(&format!("{element}/value"), &json!({ "text": text })).await;
    }

    pub(crate) async fn clicks(&self, selector: &str) {
        let element = self.element(selector).await;
        self.post(&format!("{element}/click"), &json!({})).await;
    }

    /// What is read there, in one line. In one call, for the page is fetched anew every second.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({selector:?})?.innerText ?? ''");
        let text = self.says(&script).await;
        text.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The page is not fetched anew any more, as when nobody looks at it.
    pub(crate) async fn stands_still(&self) {
        self.says("Object.defineProperty(document, 'hidden', { value: true })").await;
    }

    /// Its role and its name, as the browser tells them to who does not see them.
    pub(crate) async fn told(&self, element: &Value) -> (String, String) {
        let element = format!("/element/{}", element[ELEMENT].as_str().unwrap());
        let role = self.get(&format!("{element}/computedrole")).await;
        let label = self.get(&format!("{element}/computedlabel")).await;
        (role.as_str().unwrap().to_owned(), label.as_str().unwrap().to_owned())
    }

    pub(crate) async fn all(&self, selector: &str) -> Vec<Value> {
        let asked = json!({ "using": "css selector", "value": selector });
        self.post("/elements", &asked).await.as_array().unwrap().clone()
    }

    /// What a script of the test answers; the page's policy does not bind it.
    pub(crate) async fn says(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] })).await
    }

    pub(crate) async fn presses(&self, key: &str) {
        let keys = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let actions = json!({ "actions": [{ "type": "key", "id": "keys", "actions": keys }] });
        self.post("/actions", &actions).await;
    }

    /// A method of the `DevTools` protocol.
    pub(crate) async fn devtools(&self, method: &str, params: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": method, "params": params })).await
    }

    /// As wide as a telephone, or not.
    pub(crate) async fn is_wide(&self, width: u32) {
        let params =
            json!({ "width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", &params).await;
    }

    pub(crate) async fn is_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let params = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", &params).await;
    }

    /// What the browser has complained of: a policy that was broken, a script that failed.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" })).await;
        let lines = log.as_array().unwrap().iter();
        lines.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    /// A picture of the whole page, in `target/console`.
    pub(crate) async fn pictures(&self, name: &str) {
        let params = json!({ "captureBeyondViewport": true });
        let shot = self.devtools("Page.captureScreenshot", &params).await;
        let picture = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/console");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }

    pub(crate) async fn quits(self) {
        self.ask(Method::DELETE, "", &Value::Null).await.unwrap();
    }
}
