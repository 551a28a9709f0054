use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::http::header::{
    CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE,
};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use strangler_fig::controller::ControllerError;
use strangler_fig::status::{Colour, MigrationStatus};

use crate::action::{advance, roll_back, share};
use crate::admission::{Caller, SIGN_IN, admitted, forbidden, form, peer};
use crate::attempts::{Attempts, WINDOW};
use crate::authorizer::Authorizer;
use crate::desk::{Desk, chain};
use crate::form::{SignIn, SignOut};
use crate::guarded::guarded;
use crate::origin::Origin;
use crate::page::Page;
use crate::session::Sessions;

/// The epoch of the status that an answer shows.
const EPOCH: HeaderName = HeaderName::from_static("console-epoch");
/// No form is longer.
const FORM_MAX: usize = 16 * 1024;

/// The console of one migration.
#[derive(Debug)]
pub struct Console {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) sessions: Sessions,
    pub(crate) settings: Settings,
    attempts: Attempts,
}

/// How browsers reach the console.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether the cookie is sent over TLS alone.
    pub is_secure: bool,
    /// Where it is found, if that is not the host that a request names.
    pub origin: Option<Origin>,
}

impl Console {
    pub fn new(
        desk: Arc<dyn Desk>,
        authorizer: Arc<dyn Authorizer>,
        settings: Settings,
    ) -> Arc<Self> {
        let (sessions, attempts) = (Sessions::default(), Attempts::default());
        Arc::new(Self { desk, authorizer, sessions, settings, attempts })
    }
}

type Shared = State<Arc<Console>>;
type Known = Extension<Caller>;

/// The pages.
pub fn router(console: Arc<Console>) -> Router {
    let admitted = middleware::from_fn_with_state(console.clone(), admitted);
    Router::new()
        .route("/", get(page))
        .route("/fragment", get(fragment))
        .route("/status.json", get(json))
        .route("/status.txt", get(text))
        .route("/course.mmd", get(course))
        .route(SIGN_IN, get(sign_in_page).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/advance", post(advance))
        .route("/roll-back", post(roll_back))
        .route("/share", post(share))
        .fallback(async || Page::refused(StatusCode::NOT_FOUND, "There is no such page."))
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .layer(admitted)
        .layer(middleware::from_fn(guarded))
        .with_state(console)
}

/// To the page, which shows what is `told` under this number.
pub(crate) fn see_other(told: Option<u64>, cookie: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = told.map_or_else(|| "/".to_owned(), |told| format!("/?told={told}"));
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, to);
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn unreadable(error: &ControllerError) -> Response {
    Page::refused(StatusCode::BAD_GATEWAY, &chain(error)).into_response()
}

async fn page(
    State(console): Shared,
    Extension(caller): Known,
    method: Method,
    uri: Uri,
) -> Response {
    let Caller::Browser { secret, session } = caller else {
        // A program has no forms to fill in.
        return seen(&console, "text/html; charset=utf-8", MigrationStatus::to_html).await;
    };
    match console.desk.status().await {
        Ok(status) => {
            let id = uri.query().and_then(|query| query.strip_prefix("told="));
            let id = id.and_then(|id| id.parse().ok());
            let told = if method == Method::GET {
                console.sessions.show(&secret, id)
            } else {
                console.sessions.told(&secret, id)
            };
            Page::console(&status, &session, &told).into_response()
        }
        Err(error) => unreadable(&error),
    }
}

/// The status in one of its forms.
async fn seen(
    console: &Console,
    kind: &'static str,
    form: impl FnOnce(&MigrationStatus) -> String,
) -> Response {
    match console.desk.status().await {
        Ok(status) => {
            let epoch = HeaderValue::from(status.epoch);
            ([(CONTENT_TYPE, HeaderValue::from_static(kind)), (EPOCH, epoch)], form(&status))
                .into_response()
        }
        Err(error) => unreadable(&error),
    }
}

async fn fragment(State(console): Shared) -> Response {
    seen(&console, "text/html; charset=utf-8", MigrationStatus::to_html_fragment).await
}

async fn json(State(console): Shared) -> Response {
    seen(&console, "application/json", MigrationStatus::to_json).await
}

async fn text(State(console): Shared) -> Response {
    seen(&console, "text/plain; charset=utf-8", |status| status.to_text(Colour::Never)).await
}

async fn course(State(console): Shared) -> Response {
    seen(&console, "text/plain; charset=utf-8", MigrationStatus::to_mermaid).await
}

async fn sign_in_page(caller: Option<Known>) -> Response {
    match caller {
        Some(_) => see_other(None, None),
        None => Page::sign_in(StatusCode::OK, None).into_response(),
    }
}

async fn sign_in(State(console): Shared, request: Request) -> Response {
    let from = peer(&request);
    if !console.attempts.may(from) {
        let why = "Too many attempts have failed. Wait a minute.";
        let page = Page::sign_in(StatusCode::TOO_MANY_REQUESTS, Some(why));
        return ([(RETRY_AFTER, HeaderValue::from(WINDOW.as_secs()))], page).into_response();
    }
    let before = console.secret(request.headers());
    let form: SignIn = match form(request).await {
        Ok(form) => form,
        Err(rejected) => return rejected,
    };
    let Some(actor) = console.authorizer.authorize(&form.token) else {
        console.attempts.failed(from);
        let why = "Nobody bears this token.";
        return Page::sign_in(StatusCode::UNAUTHORIZED, Some(why)).into_response();
    };
    match console.sessions.begin(actor, before.as_deref()) {
        Ok(secret) => see_other(None, Some(console.cookie(&secret, ""))),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn sign_out(State(console): Shared, Extension(caller): Known, request: Request) -> Response {
    let form: SignOut = match form(request).await {
        Ok(form) => form,
        Err(rejected) => return rejected,
    };
    if caller.actor(&form.form_token).is_none() {
        return forbidden();
    }
    if let Caller::Browser { secret, .. } = caller {
        console.sessions.end(&secret);
    }
    see_other(None, Some(console.cookie("", "; Max-Age=0")))
}
