use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, LOCATION, SET_COOKIE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use strangler_fig::controller::{Advanced, ControllerError};
use strangler_fig::phase::Actor;
use strangler_fig::status::{Colour, MigrationStatus};

use crate::authorizer::{Authorizer, same_text};
use crate::desk::{Desk, chain};
use crate::form::{Change, SignIn, SignOut};
use crate::guarded::guarded;
use crate::origin::is_ours;
use crate::page::Page;
use crate::session::{Session, Sessions, Told};

/// The name of the cookie.
pub const COOKIE_NAME: &str = "console";
/// The epoch of the status that an answer shows.
const EPOCH: HeaderName = HeaderName::from_static("console-epoch");
/// No form is longer.
const FORM_MAX: usize = 16 * 1024;

/// The console of one migration.
#[derive(Debug)]
pub struct Console {
    desk: Arc<dyn Desk>,
    authorizer: Arc<dyn Authorizer>,
    sessions: Sessions,
    /// Whether the cookie is sent over TLS alone.
    is_secure: bool,
}

impl Console {
    pub fn new(desk: Arc<dyn Desk>, authorizer: Arc<dyn Authorizer>, is_secure: bool) -> Arc<Self> {
        Arc::new(Self { desk, authorizer, sessions: Sessions::default(), is_secure })
    }
}

type Shared = State<Arc<Console>>;

/// The pages.
pub fn router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/fragment", get(fragment))
        .route("/status.json", get(json))
        .route("/status.txt", get(text))
        .route("/course.mmd", get(course))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/advance", post(advance))
        .route("/roll-back", post(roll_back))
        .route("/share", post(share))
        .fallback(async || Page::refused(StatusCode::NOT_FOUND, "There is no such page."))
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .layer(middleware::from_fn(guarded))
        .with_state(console)
}

/// Who asks: by the cookie of a session, or by a token of their own, as programs do.
enum Caller {
    Browser { secret: String, session: Session },
    Program(Actor),
}

impl Console {
    fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        if let Some(bearer) = headers.get(AUTHORIZATION) {
            let token = bearer.to_str().ok()?.strip_prefix("Bearer ")?;
            return self.authorizer.authorize(token).map(Caller::Program);
        }
        let secret = cookie(headers)?;
        let session = self.sessions.find(&secret)?;
        Some(Caller::Browser { secret, session })
    }

    /// The actor of a change. A cookie goes along by itself, so a browser's form must come from our own page, and
    /// carry what only that page knows.
    fn actor(caller: &Caller, headers: &HeaderMap, form_token: &str) -> Option<Actor> {
        match caller {
            Caller::Program(actor) => Some(actor.clone()),
            Caller::Browser { session, .. } => {
                let knows = same_text(&session.form_token, form_token);
                (knows && is_ours(headers)).then(|| session.actor.clone())
            }
        }
    }

    fn cookie(&self, secret: &str, life: &str) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text =
            format!("{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}{life}");
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, secret)| secret.to_owned())
}

fn see_other(cookie: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn unreadable(error: &ControllerError) -> Response {
    Page::refused(StatusCode::BAD_GATEWAY, &chain(error)).into_response()
}

async fn page(State(console): Shared, headers: HeaderMap) -> Response {
    match console.caller(&headers) {
        Some(Caller::Browser { secret, session }) => match console.desk.status().await {
            Ok(status) => {
                let told = console.sessions.told(&secret);
                Page::console(&status, &session, told.as_ref()).into_response()
            }
            Err(error) => unreadable(&error),
        },
        // A program has no forms to fill in.
        Some(Caller::Program(_)) => {
            seen(&console, &headers, "text/html; charset=utf-8", MigrationStatus::to_html).await
        }
        None => Page::sign_in(false).into_response(),
    }
}

/// The status in one of its forms.
async fn seen(
    console: &Console,
    headers: &HeaderMap,
    kind: &'static str,
    form: impl FnOnce(&MigrationStatus) -> String,
) -> Response {
    if console.caller(headers).is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match console.desk.status().await {
        Ok(status) => {
            let epoch = HeaderValue::from(status.epoch);
            ([(CONTENT_TYPE, HeaderValue::from_static(kind)), (EPOCH, epoch)], form(&status))
                .into_response()
        }
        Err(error) => unreadable(&error),
    }
}

async fn fragment(State(console): Shared, headers: HeaderMap) -> Response {
    seen(&console, &headers, "text/html; charset=utf-8", MigrationStatus::to_html_fragment).await
}

async fn json(State(console): Shared, headers: HeaderMap) -> Response {
    seen(&console, &headers, "application/json", MigrationStatus::to_json).await
}

async fn text(State(console): Shared, headers: HeaderMap) -> Response {
    seen(&console, &headers, "text/plain; charset=utf-8", |status| status.to_text(Colour::Never))
        .await
}

async fn course(State(console): Shared, headers: HeaderMap) -> Response {
    seen(&console, &headers, "text/plain; charset=utf-8", MigrationStatus::to_mermaid).await
}

async fn sign_in(State(console): Shared, headers: HeaderMap, Form(form): Form<SignIn>) -> Response {
    if !is_ours(&headers) {
        return Page::refused(StatusCode::FORBIDDEN, "Another page has asked this.")
            .into_response();
    }
    let Some(actor) = console.authorizer.authorize(&form.token) else {
        return Page::sign_in(true).into_response();
    };
    match console.sessions.begin(actor) {
        Ok(secret) => see_other(Some(console.cookie(&secret, ""))),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn sign_out(
    State(console): Shared,
    headers: HeaderMap,
    Form(form): Form<SignOut>,
) -> Response {
    if let Some(caller) = console.caller(&headers) {
        if Console::actor(&caller, &headers, &form.form_token).is_none() {
            return Page::refused(StatusCode::FORBIDDEN, "Another page has asked this.")
                .into_response();
        }
        if let Caller::Browser { secret, .. } = caller {
            console.sessions.end(&secret);
        }
    }
    see_other(Some(console.cookie("", "; Max-Age=0")))
}

async fn advance(State(console): Shared, headers: HeaderMap, Form(form): Form<Change>) -> Response {
    change(&console, &headers, &form, async |actor| {
        let request = form.request(actor)?;
        console.desk.controller().advance(&request).await.map_err(|error| chain(&error))
    })
    .await
}

async fn roll_back(
    State(console): Shared,
    headers: HeaderMap,
    Form(form): Form<Change>,
) -> Response {
    change(&console, &headers, &form, async |actor| {
        let request = form.request(actor)?;
        console.desk.controller().roll_back(&request).await.map_err(|error| chain(&error))
    })
    .await
}

async fn share(State(console): Shared, headers: HeaderMap, Form(form): Form<Change>) -> Response {
    change(&console, &headers, &form, async |actor| {
        let (request, share) = (form.request(actor)?, form.share()?);
        console.desk.controller().set_share(share, &request).await.map_err(|error| chain(&error))
    })
    .await
}

/// Changes something, if whoever asks may; and shows what came of it.
async fn change(
    console: &Console,
    headers: &HeaderMap,
    form: &Change,
    act: impl AsyncFnOnce(Actor) -> Result<Advanced, String>,
) -> Response {
    let Some(caller) = console.caller(headers) else {
        return Page::sign_in(false).into_response();
    };
    let is_blind = matches!(caller, Caller::Browser { .. }) && form.epoch.is_none();
    let actor = Console::actor(&caller, headers, &form.form_token).filter(|_| !is_blind);
    let Some(actor) = actor else {
        return Page::refused(
            StatusCode::FORBIDDEN,
            "Another page has asked this, or the form is too old.",
        )
        .into_response();
    };
    match (act(actor).await, caller) {
        (Ok(advanced), Caller::Browser { secret, .. }) => {
            console.sessions.tell(&secret, Told::Done(format!("Done: {}.", words(&advanced))));
            see_other(None)
        }
        (Ok(advanced), Caller::Program(_)) => words(&advanced).into_response(),
        (Err(wrong), Caller::Program(_)) => (StatusCode::CONFLICT, wrong).into_response(),
        (Err(wrong), Caller::Browser { secret, .. }) => {
            console.sessions.tell(&secret, Told::Wrong(format!("Not done: {wrong}")));
            see_other(None)
        }
    }
}

fn words(advanced: &Advanced) -> String {
    let steps: Vec<_> = advanced.steps.iter().map(|taken| taken.step.to_string()).collect();
    if steps.is_empty() { "nothing was to be done".to_owned() } else { steps.join(", ") }
}
