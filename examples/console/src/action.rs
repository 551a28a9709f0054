//! What the buttons do.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use strangler_fig::controller::Advanced;
use strangler_fig::phase::Actor;

use crate::admission::{Caller, forbidden, form};
use crate::desk::chain;
use crate::form::Change;
use crate::router::{Console, see_other};
use crate::session::Told;

#[derive(Debug, Clone, Copy)]
enum Action {
    Advance,
    RollBack,
    Share,
}

impl Action {
    async fn is_taken(
        self,
        console: &Console,
        form: &Change,
        actor: Actor,
    ) -> Result<Advanced, String> {
        let request = form.request(actor)?;
        let controller = console.desk.controller();
        let advanced = match self {
            Self::Advance => controller.advance(&request).await,
            Self::RollBack => controller.roll_back(&request).await,
            Self::Share => controller.set_share(form.share()?, &request).await,
        };
        advanced.map_err(|error| chain(&error))
    }
}

type Shared = State<Arc<Console>>;
type Known = Extension<Caller>;

pub(crate) async fn advance(console: Shared, caller: Known, request: Request) -> Response {
    change(console, caller, request, Action::Advance).await
}

pub(crate) async fn roll_back(console: Shared, caller: Known, request: Request) -> Response {
    change(console, caller, request, Action::RollBack).await
}

pub(crate) async fn share(console: Shared, caller: Known, request: Request) -> Response {
    change(console, caller, request, Action::Share).await
}

/// Changes something, if whoever asks may; and says what came of it.
async fn change(
    State(console): Shared,
    Extension(caller): Known,
    request: Request,
    action: Action,
) -> Response {
    let form: Change = match form(request).await {
        Ok(form) => form,
        Err(rejected) => return rejected,
    };
    let is_blind = matches!(caller, Caller::Browser { .. }) && form.epoch.is_none();
    let Some(actor) = caller.actor(&form.form_token).filter(|_| !is_blind) else {
        return forbidden();
    };
    // Whoever asked may hang up: a way back that was cut half-way would stay there.
    let taken = tokio::spawn(async move {
        let came_of = action.is_taken(&console, &form, actor).await;
        let came_of = came_of.map(|advanced| words(&advanced));
        match caller {
            Caller::Program(_) => match came_of {
                Ok(done) => done.into_response(),
                Err(wrong) => (StatusCode::CONFLICT, wrong).into_response(),
            },
            Caller::Browser { secret, .. } => {
                let told = match came_of {
                    Ok(done) => Told::Done(format!("Done: {done}.")),
                    Err(wrong) => Told::Wrong(format!("Not done: {wrong}")),
                };
                see_other(console.sessions.tell(&secret, told), None)
            }
        }
    });
    taken.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn words(advanced: &Advanced) -> String {
    let steps: Vec<_> = advanced.steps.iter().map(|taken| taken.step.to_string()).collect();
    if steps.is_empty() { "nothing was to be done".to_owned() } else { steps.join(", ") }
}
