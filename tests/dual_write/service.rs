use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Request, Response, Upstream, mark};

use crate::scenario::Fault;

/// What a service was told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) key: String,
    pub(crate) stamp: String,
    pub(crate) id: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// A service that does what it owes: a key once, and always the same answer to it.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) effects: Vec<Effect>,
    /// What each key was answered.
    answered: BTreeMap<String, (StatusCode, String)>,
    /// What should not have come.
    pub(crate) wrong: Vec<String>,
    pub(crate) calls: Vec<Effect>,
}

/// A side of the sweep: what becomes of its first call is told.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) books: Arc<Mutex<Books>>,
    fault: Arc<Mutex<Fault>>,
}

impl Service {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { books: Arc::default(), fault: Arc::new(Mutex::new(fault)) }
    }

    pub(crate) fn effects(&self) -> Vec<Effect> {
        self.books.lock().unwrap().effects.clone()
    }

    pub(crate) fn calls(&self) -> Vec<Effect> {
        self.books.lock().unwrap().calls.clone()
    }

    /// What becomes of the next call.
    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn done(&self, effect: Effect, refuses: bool) -> StatusCode {
        let mut books = self.books.lock().unwrap();
        if let Some((status, stamp)) = books.answered.get(&effect.key).cloned() {
            if stamp != effect.stamp {
                books.wrong.push(format!("key {} came under two stamps", effect.key));
            }
            return status;
        }
        let status = if refuses { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::CREATED };
        books.answered.insert(effect.key.clone(), (status, effect.stamp.clone()));
        if !refuses {
            books.effects.push(effect);
        }
        status
    }
}

/// What a request asks for.
pub(crate) async fn effect(request: Request) -> Effect {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).map(|it| it.to_str().unwrap().to_owned());
    let (key, stamp) = (header(mark::IDEMPOTENCY_KEY).unwrap(), header(mark::STAMP).unwrap());
    let id = header(mark::ID);
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Effect { key, stamp, id, body }
}

pub(crate) fn answer(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response
}

#[async_trait]
impl Upstream for Service {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let effect = effect(request).await;
        let fault = {
            self.books.lock().unwrap().calls.push(effect.clone());
            let mut fault = self.fault.lock().unwrap();
            std::mem::replace(&mut *fault, Fault::Answers)
        };
        match fault {
            Fault::Unsent => return Err(StoreError::unavailable("no connection")),
            Fault::Hangs => return std::future::pending().await,
            Fault::BreaksBefore => return Err(StoreError::unknown("reset")),
            Fault::LandsLate => {
                let own = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(17)).await;
                    own.done(effect, false);
                });
                return std::future::pending().await;
            }
            _ => {}
        }
        let status = self.done(effect, fault == Fault::Refuses);
        match fault {
            Fault::Vanishes => std::future::pending().await,
            Fault::BreaksAfter => Err(StoreError::unknown("reset")),
            Fault::Fails => Ok(answer(StatusCode::INTERNAL_SERVER_ERROR, "oh")),
            _ => Ok(answer(status, "so be it")),
        }
    }
}
