use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::BodyExt;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Mirror, MirrorReport, Request, Response, ResponseFields};
use strangler_fig::observe::{Comparison, Event, Observer};
use strangler_fig::phase::{Share, Side};
use strangler_fig::resilience::CallError;
use strangler_fig::route::MirrorPlan;

pub(crate) type Answer = Result<Response, CallError<StoreError>>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A request, and where it went.
type Sent = (Side, http::Request<()>);

/// Both sides, answering by a script; what they were sent is written down.
#[derive(Clone)]
pub(crate) struct Sides {
    script: Arc<dyn Fn(Side, usize) -> Answering + Send + Sync>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl fmt::Debug for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sides").finish_non_exhaustive()
    }
}

impl Sides {
    /// `script` is given the side, and how often it was asked before.
    pub(crate) fn new<F>(script: impl Fn(Side, usize) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let script = Arc::new(move |side, nth| Box::pin(script(side, nth)) as Answering);
        Self { script, sent: Arc::default() }
    }

    /// Sides that answer at once, with 200 and this text.
    pub(crate) fn saying<S: Into<Bytes>>(
        text: impl Fn(Side, usize) -> S + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |side, nth| {
            let answer = Ok(ok(text(side, nth)));
            async { answer }
        })
    }

    pub(crate) fn ask(&self, side: Side, request: Request) -> Answering {
        let mut sent = self.sent.lock().unwrap();
        let nth = sent.iter().filter(|(to, _)| *to == side).count();
        let (head, _) = request.into_parts();
        let mut kept = http::Request::new(());
        *kept.method_mut() = head.method;
        *kept.uri_mut() = head.uri;
        *kept.headers_mut() = head.headers;
        sent.push((side, kept));
        (self.script)(side, nth)
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// The sides in the order in which they were asked.
    pub(crate) fn order(&self) -> Vec<Side> {
        self.sent().iter().map(|(side, _)| *side).collect()
    }

    pub(crate) fn asked(&self, side: Side) -> usize {
        self.order().iter().filter(|&&it| it == side).count()
    }
}

pub(crate) fn ok(body: impl Into<Bytes>) -> Response {
    Response::new(Body::full(body))
}

pub(crate) fn get(target: &str) -> Request {
    Request::new(Body::empty()).with_target(target)
}

pub(crate) trait WithTarget {
    fn with_target(self, target: &str) -> Self;
    fn with(self, name: &'static str, value: &'static str) -> Self;
}

impl WithTarget for Request {
    fn with_target(mut self, target: &str) -> Self {
        *self.uri_mut() = target.parse().unwrap();
        self
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers_mut().append(name, value.parse().unwrap());
        self
    }
}

/// A mirror that measures no noise and waits for nothing before it asks again.
pub(crate) fn plain() -> Mirror {
    Mirror::new(Arc::new(ResponseFields::default())).with_noise_share(Share::NONE)
}

/// Everything that is safe.
pub(crate) const ALL: MirrorPlan = MirrorPlan::new(Side::Modern, Share::WHOLE);

/// What a gateway does with a request that legacy answers: nothing of the mirror is waited for.
pub(crate) async fn answered(mirror: &Mirror, sides: &Sides, request: Request) -> Response {
    answered_by(Side::Legacy, ALL, mirror, sides, request).await
}

pub(crate) async fn answered_by(
    side: Side,
    plan: MirrorPlan,
    mirror: &Mirror,
    sides: &Sides,
    request: Request,
) -> Response {
    let drawn = mirror.draw(plan, "orders", &request);
    let response = sides.ask(side, request).await.unwrap();
    let ask = sides.clone();
    match drawn {
        Some(drawn) => drawn.tee(side, response, move |side, request| ask.ask(side, request)),
        None => response,
    }
}

pub(crate) async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A GET through the mirror, read to its end, and the comparison awaited.
pub(crate) async fn compared(mirror: &Mirror, sides: &Sides) -> MirrorReport {
    text(answered(mirror, sides, get("/orders/7")).await).await;
    mirror.drained().await;
    mirror.report()
}

/// The places at which differences have counted.
pub(crate) fn counted(report: &MirrorReport) -> Vec<&str> {
    let counted = report.places.iter().filter(|it| it.counted > 0);
    counted.map(|it| it.place.as_str()).collect()
}

/// Writes down what came of comparisons.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(pub(crate) Mutex<Vec<(&'static str, Comparison)>>);

impl Observer for Verdicts {
    fn on_event(&self, event: &Event) {
        if let Event::ResponsesCompared { side, result } = *event {
            self.0.lock().unwrap().push((side, result));
        }
    }
}
