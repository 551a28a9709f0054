//! Who gets in, who may move what, and what every answer carries.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN,
    SET_COOKIE,
};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use console::desk::Desk;
use console::origin::Origin;
use console::router::Settings;
use http_body_util::BodyExt;
use strangler_fig::controller::ChangeRequest;
use strangler_fig::phase::Phase;
use tower::ServiceExt;

use crate::served::{Served, TOKEN};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A request with what a browser adds to one of our own page.
struct Ask(axum::http::request::Builder);

impl Ask {
    fn of(method: Method, path: &str) -> Self {
        Self(Request::builder().method(method).uri(path).header(HOST, "console"))
    }

    fn get(path: &str) -> Self {
        Self::of(Method::GET, path)
    }

    fn post(path: &str) -> Self {
        let ask = Self::of(Method::POST, path);
        ask.with(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")
    }

    fn own(path: &str) -> Self {
        Self::post(path)
            .with(ORIGIN.as_str(), "http://console")
            .with("sec-fetch-site", "same-origin")
    }

    fn with(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    async fn sends(self, served: &Served, body: &str) -> Answer {
        let request = self.0.body(Body::from(body.to_owned())).unwrap();
        let (head, body) = served.pages.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

/// Signs in; the cookie, and the token of the forms.
async fn signed_in(served: &Served) -> (String, String) {
    let answer = Ask::own("/sign-in").sends(served, &format!("token={TOKEN}")).await;
    assert_eq!((answer.status, answer.header(LOCATION.as_str())), (StatusCode::SEE_OTHER, "/"));
    let cookie = answer.header(SET_COOKIE.as_str());
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = Ask::get("/").with(COOKIE.as_str(), &cookie).sends(served, "").await;
    assert_eq!(page.status, StatusCode::OK);
    let token =
        page.body.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    (cookie, token.to_owned())
}

async fn epoch(served: &Served) -> u64 {
    served.migration.status().await.unwrap().epoch
}

#[tokio::test]
async fn without_a_token_nothing_is_shown_and_nothing_moves() {
    let served = Served::new().await;
    for path in ["/", "/fragment", "/status.json", "/status.txt", "/course.mmd"] {
        for ask in [
            Ask::get(path),
            Ask::get(path).with(COOKIE.as_str(), "console=guessed"),
            Ask::get(path).with(AUTHORIZATION.as_str(), "Bearer wrong"),
            Ask::get(path).with(AUTHORIZATION.as_str(), &format!("Basic {TOKEN}")),
        ] {
            let answer = ask.sends(&served, "").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert!(!answer.body.contains("legacy_only"), "{path}");
        }
    }
    for path in ["/advance", "/roll-back", "/share"] {
        let answer = Ask::own(path).sends(&served, "reason=x&percent=10").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let answer = Ask::own("/sign-in").sends(&served, "token=ann-s-token-of-some-lengtH").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(
        answer.body.contains("Nobody bears this token") && answer.header("set-cookie").is_empty()
    );
    assert_eq!(epoch(&served).await, 0);
}

#[tokio::test]
async fn a_form_of_another_page_moves_nothing_though_the_cookie_comes_along() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    let form = format!("reason=x&percent=10&epoch=0&form_token={token}");
    for path in ["/advance", "/roll-back", "/share", "/sign-out"] {
        let with = |ask: Ask| ask.with(COOKIE.as_str(), &cookie);
        for (ask, body) in [
            (with(Ask::own(path)), "reason=x&percent=10&epoch=0".to_owned()),
            (with(Ask::own(path)), "reason=x&percent=10&epoch=0&form_token=".to_owned()),
            (with(Ask::own(path)), format!("{form}x")),
            (with(Ask::post(path)), form.clone()),
            (with(Ask::post(path)).with("sec-fetch-site", "cross-site"), form.clone()),
            (with(Ask::post(path)).with(ORIGIN.as_str(), "http://evil.example"), form.clone()),
            (with(Ask::post(path)).with(ORIGIN.as_str(), "null"), form.clone()),
        ] {
            assert_eq!(
                ask.sends(&served, &body).await.status,
                StatusCode::FORBIDDEN,
                "{path}: {body}"
            );
        }
    }
    assert_eq!(epoch(&served).await, 0);
    // The control: the same form, from our own page.
    let answer = Ask::own("/advance").with(COOKIE.as_str(), &cookie).sends(&served, &form).await;
    assert_eq!((answer.status, epoch(&served).await), (StatusCode::SEE_OTHER, 1));
}

#[tokio::test]
async fn every_action_stands_in_the_history_with_who_took_it_and_why() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    let act = |path: &'static str, more: &'static str| {
        let ask = Ask::own(path).with(COOKIE.as_str(), &cookie);
        let (served, token) = (&served, &token);
        async move {
            let (reason, epoch) = (&path[1..], epoch(served).await);
            let form = format!("form_token={token}&epoch={epoch}&reason=OPS-12%3A+{reason}{more}");
            ask.sends(served, &form).await
        }
    };
    for (path, more) in [("/advance", ""), ("/share", "&percent=12.5"), ("/roll-back", "")] {
        let answer = act(path, more).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        let next = Ask::get(answer.header(LOCATION.as_str())).with(COOKIE.as_str(), &cookie);
        let page = next.sends(&served, "").await.body;
        assert!(page.contains("<p role=\"status\" class=\"done\" id=\"told\""), "{path}");
        assert!(page.contains("<title>Done: "), "who hears the page hears it first: {path}");
        let again = Ask::get("/").with(COOKIE.as_str(), &cookie).sends(&served, "").await;
        assert!(!again.body.contains("Done: "), "it is told once");
    }
    let status = served.migration.status().await.unwrap();
    let told: Vec<_> = status
        .history
        .iter()
        .map(|past| {
            (past.actor.as_deref().unwrap(), past.reason.as_deref().unwrap(), past.step.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ann", "OPS-12: advance", "to dual_write"),
            ("ann", "OPS-12: share", "cohort of 12.50 % begins"),
            ("ann", "OPS-12: roll-back", "cohort ends"),
        ]
    );
}

#[tokio::test]
async fn what_the_controller_refuses_is_shown_with_its_reason() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    for (path, form, why) in [
        ("/roll-back", "reason=x", "nothing lies behind"),
        ("/share", "reason=x&percent=200", "The share is a number from 0 to 100"),
        ("/share", "reason=x&percent=0.004", "of two decimals at most"),
        ("/advance", "reason=", "The reason is missing or wrong"),
    ] {
        let form = format!("{form}&epoch=0&form_token={token}");
        let told = presses(&served, path, &cookie, &form).await;
        assert!(told.starts_with("Not done: ") && told.contains(why), "{path}: {told}");
    }
    assert_eq!(epoch(&served).await, 0);
}

/// Presses a button of the page that was seen in this epoch; what the next page tells of it.
async fn presses(served: &Served, path: &str, cookie: &str, form: &str) -> String {
    let answer = Ask::own(path).with(COOKIE.as_str(), cookie).sends(served, form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let next = Ask::get(answer.header(LOCATION.as_str())).with(COOKIE.as_str(), cookie);
    let page = next.sends(served, "").await.body;
    let told = page.split("id=\"told\"").nth(1).unwrap().split_once('>').unwrap().1;
    told.split("</p>").next().unwrap().to_owned()
}

#[tokio::test]
async fn a_button_of_an_old_page_takes_no_other_step_than_it_showed() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    let page = Ask::get("/").with(COOKIE.as_str(), &cookie).sends(&served, "").await.body;
    let field = "<input type=\"hidden\" name=\"epoch\" value=\"0\">";
    assert_eq!(page.matches(field).count(), 3, "each form says what its page showed");
    let form = |epoch: u64| format!("reason=x&percent=10&epoch={epoch}&form_token={token}");
    let told = presses(&served, "/advance", &cookie, &form(0)).await;
    assert_eq!(told, "Done: to dual_write.");
    for path in ["/advance", "/share", "/roll-back"] {
        let told = presses(&served, path, &cookie, &form(0)).await;
        let wanted = "Not done: airports has moved since you looked: epoch 1, not 0, by ann";
        assert_eq!(told, wanted, "{path}");
    }
    assert_eq!(epoch(&served).await, 1);
    let told = presses(&served, "/roll-back", &cookie, &form(1)).await;
    assert_eq!(told, "Done: to legacy_only.");
}

#[tokio::test]
async fn a_button_that_is_pressed_twice_at_once_takes_one_step() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    let form = format!("reason=x&epoch=0&form_token={token}");
    let press = || Ask::own("/advance").with(COOKIE.as_str(), &cookie).sends(&served, &form);
    tokio::join!(press(), press());
    assert_eq!(epoch(&served).await, 1);
}

#[tokio::test]
async fn a_form_of_a_browser_that_says_not_what_was_seen_moves_nothing() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    let form = format!("reason=x&form_token={token}");
    let answer = Ask::own("/advance").with(COOKIE.as_str(), &cookie).sends(&served, &form).await;
    assert_eq!((answer.status, epoch(&served).await), (StatusCode::FORBIDDEN, 0));
}

#[tokio::test]
async fn a_program_with_a_token_of_its_own_needs_no_form() {
    let served = Served::new().await;
    let bearer = |ask: Ask| ask.with(AUTHORIZATION.as_str(), "Bearer bob-s-token-of-some-length");
    let answer = bearer(Ask::post("/advance")).sends(&served, "reason=nightly").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "to dual_write"));
    let late = bearer(Ask::post("/advance")).sends(&served, "reason=nightly&epoch=0").await;
    assert_eq!((late.status, epoch(&served).await), (StatusCode::CONFLICT, 1));
    let refused = bearer(Ask::post("/share")).sends(&served, "reason=nightly&percent=x").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let json = bearer(Ask::get("/status.json")).sends(&served, "").await;
    let json: serde_json::Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(
        (&json["parts"][0]["phase"], &json["history"][0]["actor"]),
        (&"dual_write".into(), &"bob".into())
    );
    let text = bearer(Ask::get("/status.txt")).sends(&served, "").await;
    assert!(text.body.starts_with("Migration airports, epoch 1: dual_write"));
    let course = bearer(Ask::get("/course.mmd")).sends(&served, "").await;
    assert!(course.body.starts_with("flowchart LR\n"));
}

#[tokio::test]
async fn who_has_signed_out_is_out() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    let ask = Ask::own("/sign-out").with(COOKIE.as_str(), &cookie);
    let answer = ask.sends(&served, &format!("form_token={token}")).await;
    assert!(
        answer.header("set-cookie").starts_with("console=; ")
            && answer.header("set-cookie").ends_with("Max-Age=0")
    );
    let page = Ask::get("/").with(COOKIE.as_str(), &cookie).sends(&served, "").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_it() {
    let served = Served::new().await;
    let (cookie, _) = signed_in(&served).await;
    for path in ["/", "/fragment", "/status.json", "/nowhere"] {
        for cookie in ["", &cookie] {
            let answer = Ask::get(path).with(COOKIE.as_str(), cookie).sends(&served, "").await;
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
            let policy = answer.header(CONTENT_SECURITY_POLICY.as_str());
            assert!(
                policy.starts_with("default-src 'none'")
                    && policy.contains("frame-ancestors 'none'"),
                "{path}"
            );
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
        }
    }
    let nonce = async || {
        let answer = Ask::get("/").with(COOKIE.as_str(), &cookie).sends(&served, "").await;
        let policy = answer.header(CONTENT_SECURITY_POLICY.as_str()).to_owned();
        let nonce = policy
            .split("script-src 'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        assert!(answer.body.contains(&format!("<script nonce=\"{nonce}\">")));
        nonce
    };
    assert_ne!(nonce().await, nonce().await, "each page has names of its own");
}

#[tokio::test]
async fn a_form_that_is_too_long_is_not_read() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    let form = format!("form_token={token}&reason={}", "x".repeat(1_000_000));
    let answer = Ask::own("/advance").with(COOKIE.as_str(), &cookie).sends(&served, &form).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(served.migration.status().await.unwrap().phase(), Phase::LegacyOnly);
}

#[tokio::test]
async fn of_two_tabs_each_shows_what_came_of_its_own_action() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    let form = format!("reason=x&epoch=0&form_token={token}");
    let mut next = Vec::new();
    for path in ["/advance", "/roll-back"] {
        let ask = Ask::own(path).with(COOKIE.as_str(), &cookie);
        let answer = ask.sends(&served, &form).await;
        next.push(answer.header(LOCATION.as_str()).to_owned());
    }
    let page = async |method: Method, path: &str| {
        Ask::of(method, path).with(COOKIE.as_str(), &cookie).sends(&served, "").await.body
    };
    for path in next.iter().map(String::as_str).chain(["/"]) {
        page(Method::HEAD, path).await;
    }
    for _ in 0..2 {
        let (first, second) =
            (page(Method::GET, &next[0]).await, page(Method::GET, &next[1]).await);
        assert!(first.contains(">Done: to dual_write.<") && !first.contains(">Not done: "));
        assert!(
            second.contains(">Not done: airports has moved since") && !second.contains(">Done")
        );
    }
    assert!(!page(Method::GET, "/").await.contains("id=\"told\""));
}

/// Takes the migration to this phase, as soon as the gates are open.
async fn goes_to(served: &Served, phase: Phase) {
    let request = ChangeRequest::new("bob".parse().unwrap(), "OPS-13".parse().unwrap());
    let controller = served.migration.controller();
    while let Err(error) = controller.advance_to(phase, &request).await {
        assert!(error.is_retryable(), "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn who_hangs_up_does_not_cut_the_way_back_short_and_is_told_afterwards() {
    let served = Served::new().await;
    let (cookie, token) = signed_in(&served).await;
    goes_to(&served, Phase::Live).await;
    let form = format!("reason=x&epoch={}&form_token={token}", epoch(&served).await);
    let ask = Ask::own("/roll-back").with(COOKIE.as_str(), &cookie);
    let gone = tokio::time::timeout(Duration::from_millis(50), ask.sends(&served, &form)).await;
    assert!(gone.is_err(), "it takes longer");
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    while served.migration.status().await.unwrap().phase() != Phase::DualWrite {
        assert!(tokio::time::Instant::now() < until, "it stopped half-way");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let page = async || Ask::get("/").with(COOKIE.as_str(), &cookie).sends(&served, "").await.body;
    let mut shown = page().await;
    while !shown.contains("id=\"told\"") {
        assert!(tokio::time::Instant::now() < until, "nobody is told");
        shown = page().await;
    }
    assert!(shown.contains(">Done: to cutover, to dual_write.<"), "{shown:.2000}");
    assert!(!page().await.contains("id=\"told\""), "it is told once");
}

#[tokio::test]
async fn nobody_learns_anything_before_it_is_known_who_asks() {
    let served = Served::new().await;
    let json = (CONTENT_TYPE.as_str(), "application/json");
    let long = "x".repeat(100_000);
    for (ask, body) in [
        (Ask::get("/advance"), ""),
        (Ask::of(Method::DELETE, "/"), ""),
        (Ask::of(Method::POST, "/advance").with(json.0, json.1), "{}"),
        (Ask::own("/advance"), "epoch=x"),
        (Ask::own("/advance"), long.as_str()),
        (Ask::own("/sign-out"), ""),
        (Ask::get("/nowhere"), ""),
    ] {
        let answer = ask.sends(&served, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::UNAUTHORIZED, ""));
    }
    let browser = Ask::get("/nowhere").with("accept", "text/html,*/*;q=0.8");
    assert!(browser.sends(&served, "").await.body.contains("action=\"/sign-in\""));
    let page = Ask::get("/sign-in").sends(&served, "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("action=\"/sign-in\""));
}

#[tokio::test]
async fn who_tries_too_often_to_sign_in_must_wait() {
    let served = Served::new().await;
    for _ in 0..10 {
        let answer = Ask::own("/sign-in").sends(&served, "token=guessed").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = Ask::own("/sign-in").sends(&served, &format!("token={TOKEN}")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "60");
}

#[tokio::test]
async fn who_signs_in_once_more_has_one_session_and_one_operator_does_not_push_another_out() {
    let served = Served::new().await;
    let (ann, _) = signed_in(&served).await;
    let again = Ask::own("/sign-in").with(COOKIE.as_str(), &ann);
    let answer = again.sends(&served, &format!("token={TOKEN}")).await;
    let newer = answer.header(SET_COOKIE.as_str()).split(';').next().unwrap().to_owned();
    for _ in 0..101 {
        let answer = Ask::own("/sign-in").sends(&served, "token=bob-s-token-of-some-length").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    }
    for (cookie, status) in [(ann, StatusCode::UNAUTHORIZED), (newer, StatusCode::OK)] {
        let page = Ask::get("/").with(COOKIE.as_str(), &cookie).sends(&served, "").await;
        assert_eq!(page.status, status);
    }
}

/// As nginx does: it names itself as the host, and says who it is by a scheme of its own.
#[tokio::test]
async fn behind_a_proxy_one_signs_in_and_acts() {
    let origin: Option<Origin> = Some("https://console.example".parse().unwrap());
    let served = Served::with(Settings { is_secure: true, origin }).await;
    let proxied = |ask: Ask| {
        ask.with(ORIGIN.as_str(), "https://console.example")
            .with("sec-fetch-site", "same-origin")
            .with(AUTHORIZATION.as_str(), "Basic cHJveHk6cHJveHk=")
    };
    let answer = proxied(Ask::post("/sign-in")).sends(&served, &format!("token={TOKEN}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let cookie = answer.header(SET_COOKIE.as_str());
    assert!(cookie.starts_with("__Host-console=") && cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let page = proxied(Ask::get("/")).with(COOKIE.as_str(), cookie).sends(&served, "").await;
    let token = page.body.split("name=\"form_token\" value=\"").nth(1).unwrap();
    let form = format!("reason=x&epoch=0&form_token={}", token.split('"').next().unwrap());
    let press = |ask: Ask| ask.with(COOKIE.as_str(), cookie);
    let elsewhere = press(Ask::own("/advance")).sends(&served, &form).await;
    assert_eq!((elsewhere.status, epoch(&served).await), (StatusCode::FORBIDDEN, 0));
    let answer = press(proxied(Ask::post("/advance"))).sends(&served, &form).await;
    assert_eq!((answer.status, epoch(&served).await), (StatusCode::SEE_OTHER, 1));
}

#[tokio::test]
async fn the_scheme_of_a_token_is_read_in_any_case() {
    let served = Served::new().await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let ask =
            Ask::get("/status.txt").with(AUTHORIZATION.as_str(), &format!("{scheme} {TOKEN}"));
        assert_eq!(ask.sends(&served, "").await.status, StatusCode::OK, "{scheme}");
    }
}
