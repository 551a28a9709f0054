//! Who gets in, who may move what, and what every answer carries.

use axum::body::Body;
use axum::http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN,
    SET_COOKIE,
};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use console::desk::Desk;
use http_body_util::BodyExt;
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
        assert_eq!(act(path, more).await.status, StatusCode::SEE_OTHER, "{path}");
        let page = Ask::get("/").with(COOKIE.as_str(), &cookie).sends(&served, "").await;
        assert!(page.body.contains("<p role=\"status\" id=\"told\">Done: "), "{path}");
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
        Ask::own(path).with(COOKIE.as_str(), &cookie).sends(&served, &form).await;
        let page = Ask::get("/").with(COOKIE.as_str(), &cookie).sends(&served, "").await;
        let alert = page
            .body
            .split("<p role=\"alert\" class=\"alert\" id=\"told\">Not done: ")
            .nth(1)
            .unwrap();
        assert!(alert.split("</p>").next().unwrap().contains(why), "{path}: {alert:.200}");
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
