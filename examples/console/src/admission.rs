//! Who asks, and whether they may: before anything else of a request is looked at.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Form, FromRequest, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use strangler_fig::phase::Actor;

use crate::authorizer::same_text;
use crate::origin::is_ours;
use crate::page::Page;
use crate::router::Console;
use crate::session::Session;

/// Where one signs in: the one path that is open to everybody.
pub(crate) const SIGN_IN: &str = "/sign-in";
/// How long a form may take to arrive.
const FORM_TIME: Duration = Duration::from_secs(10);

/// Who asks: by the cookie of a session, or by a token of their own, as programs do.
#[derive(Clone)]
pub(crate) enum Caller {
    Browser { secret: String, session: Session },
    Program(Actor),
}

impl Caller {
    /// The actor of a change. A cookie goes along by itself, so a browser's form must carry what only our own page knows.
    pub(crate) fn actor(&self, form_token: &str) -> Option<Actor> {
        match self {
            Self::Program(actor) => Some(actor.clone()),
            Self::Browser { session, .. } => {
                same_text(&session.form_token, form_token).then(|| session.actor.clone())
            }
        }
    }
}

impl Console {
    fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        if let Some(token) = bearer(headers) {
            return self.authorizer.authorize(token).map(Caller::Program);
        }
        let secret = self.secret(headers)?;
        let session = self.sessions.find(&secret)?;
        Some(Caller::Browser { secret, session })
    }

    /// No page of another host, nor one that is not reached over TLS, can set a cookie of such a name.
    fn cookie_name(&self) -> &'static str {
        if self.settings.is_secure { "__Host-console" } else { "console" }
    }

    pub(crate) fn cookie(&self, secret: &str, life: &str) -> HeaderValue {
        let (name, secure) =
            (self.cookie_name(), if self.settings.is_secure { "; Secure" } else { "" });
        let text = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}{life}");
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    /// What the browser's cookie says.
    pub(crate) fn secret(&self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let named = pairs.find(|(name, _)| *name == self.cookie_name());
        named.map(|(_, secret)| secret.to_owned())
    }
}

/// A token of the caller's own. What else stands there is not for us: a proxy may ask for a name and a password.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.to_str().ok());
    all.find_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
    })
}

/// Lets in who may come in, and no form of another page.
pub(crate) async fn admitted(
    State(console): State<Arc<Console>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = console.caller(request.headers());
    let is_sign_in = request.uri().path() == SIGN_IN;
    if caller.is_none() && !is_sign_in {
        return unauthorized(request.headers());
    }
    let is_program = matches!(caller, Some(Caller::Program(_))) && !is_sign_in;
    let only_looks = matches!(*request.method(), Method::GET | Method::HEAD);
    if !only_looks && !is_program && !is_ours(request.headers(), console.settings.origin.as_ref()) {
        return forbidden();
    }
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    next.run(request).await
}

fn unauthorized(headers: &HeaderMap) -> Response {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|accepts| accepts.contains("text/html")) {
        Page::sign_in(StatusCode::UNAUTHORIZED, None).into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

pub(crate) fn forbidden() -> Response {
    let why = "Another page has asked this, or the form is too old.";
    Page::refused(StatusCode::FORBIDDEN, why).into_response()
}

/// Where the request comes from.
pub(crate) fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}

/// The form of a request; it is not waited for without end.
pub(crate) async fn form<T: DeserializeOwned>(request: Request) -> Result<T, Response> {
    match tokio::time::timeout(FORM_TIME, Form::from_request(request, &())).await {
        Ok(Ok(Form(form))) => Ok(form),
        Ok(Err(rejected)) => Err(rejected.into_response()),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}
