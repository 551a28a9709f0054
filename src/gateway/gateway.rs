use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Once};

use foldhash::fast::RandomState;
use http::Method;
use http::header::{HOST, HeaderValue};
use smol_str::SmolStr;
use tracing::{Instrument, debug, debug_span, warn};

use super::dual::DualWriter;
use super::flight::Flight;
use super::forward::Answered;
use super::head::Head;
use super::moved::has_moved;
use super::one_side::{OneSide, copy};
use super::several::whole;
use super::traced;
use super::vet::vet_line;
use super::{
    Aggregate, Body, ClientAddress, Fault, GatewayBuilder, GatewayConfig, Mirror, Request,
    Response, Upstream, forwarded, hop, mark, vet,
};
use crate::observe::{Event, Observer, field, span};
use crate::phase::Side;
use crate::route::{Decision, Reason, RouteState, RouteTable, TableHandle, Trackers};

/// How often a safe request is planned anew because the migration moved.
const PLANS_MAX: u32 = 3;

/// The front door: sends each request where a table says, and answers it whatever comes.
///
/// A safe request that modern does not answer in time, or answers with 500, 502, 503 or 504, is answered by
/// legacy where the rule allows it; never one that is not safe, and never after a 4xx. The rule's deadline, 500 ms
/// by default, ends with the head of the response; its body may pause for
/// [`body_idle`](GatewayConfig::with_body_idle). So the worst case is that deadline, and what legacy takes.
///
/// Bodies are passed on as they come, both ways. Nothing in a request chooses where it goes but the rules: of its
/// target only path and query are used, and hop-by-hop fields, framing, marks of gateways, and what a stranger
/// says of where it came from are not passed on.
///
/// ```
/// use std::sync::Arc;
/// # use http_body_util::BodyExt;
/// # use strangler_fig::error::StoreError;
/// use strangler_fig::gateway::{Body, Gateway, Request, Response, Upstream};
/// use strangler_fig::route::{RouteTable, TableHandle};
///
/// #[derive(Debug)]
/// struct Says(&'static str);
///
/// #[strangler_fig::async_trait]
/// impl Upstream for Says {
///     async fn send(&self, _: Request) -> Result<Response, StoreError> {
///         Ok(Response::new(Body::full(self.0)))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = RouteTable::from_document(r#"{
///     "format": "strangler-fig/route-table", "version": 1, "salt": "shop", "default": "legacy",
///     "rules": [{ "name": "orders", "path": { "prefix": "/orders" }, "to": "modern", "fallback": true }]
/// }"#)?;
/// let (legacy, modern) = (Arc::new(Says("the monolith")), Arc::new(Says("the service")));
/// let gateway = Gateway::builder(TableHandle::new(table), legacy, modern).build()?;
///
/// let request = http::Request::get("/orders/7").header("host", "shop.example").body(Body::empty())?;
/// let response = gateway.handle(request).await;
/// assert_eq!(response.into_body().collect().await?.to_bytes(), "the service");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Gateway {
    pub(super) tables: TableHandle,
    pub(super) legacy: Arc<OneSide>,
    pub(super) modern: Arc<OneSide>,
    pub(super) state: Trackers,
    pub(super) config: GatewayConfig,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) flight: Flight,
    pub(super) streams: Arc<Flight>,
    pub(super) responses: Arc<Flight>,
    pub(super) mirror: Option<Mirror>,
    pub(super) writer: Option<DualWriter>,
    pub(super) aggregates: HashMap<SmolStr, Aggregate, RandomState>,
    /// It is said once.
    pub(super) unequipped: Once,
}

/// Who asks, and what for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    peer: Option<IpAddr>,
    pub(super) client: Option<IpAddr>,
    trusted: bool,
    /// It may be sent twice.
    safe: bool,
    /// It is made again, and was told of before.
    is_again: bool,
}

/// What comes of a request by a rule that follows.
enum Followed {
    Answered(Response),
    /// The answer counts no more. The request, if it may be made again.
    Moved(Option<Box<Request>>),
}

impl Gateway {
    /// A gateway between these two sides, by this table.
    pub fn builder(
        tables: TableHandle,
        legacy: Arc<dyn Upstream>,
        modern: Arc<dyn Upstream>,
    ) -> GatewayBuilder {
        GatewayBuilder::new(tables, legacy, modern)
    }

    /// Answers a request; its [`ClientAddress`] says who has sent it.
    ///
    /// # Cancel safety
    ///
    /// A dropped call gives its connection to a side up; the request may have had its effect. What goes on aside
    /// goes on.
    pub async fn handle(&self, request: Request) -> Response {
        let peer = request.extensions().get::<ClientAddress>().map(|address| address.0);
        self.handle_from(request, peer).await
    }

    /// The same of a request that was sent from `peer`, by its connection.
    ///
    /// # Cancel safety
    ///
    /// As [`handle`](Self::handle).
    pub async fn handle_from(&self, request: Request, peer: Option<IpAddr>) -> Response {
        self.handle_boxed(Box::new(request), peer).await
    }

    /// Futures that hold a box are moved for less than those that hold a request.
    pub(super) async fn handle_boxed(
        &self,
        request: Box<Request>,
        peer: Option<IpAddr>,
    ) -> Response {
        let is_head = *request.method() == Method::HEAD;
        match self.answer(request, peer.map(|peer| peer.to_canonical())).await {
            Ok(response) => response,
            Err(fault) if is_head => self.refuse(fault).map(|_| Body::empty()),
            Err(fault) => self.refuse(fault),
        }
    }

    /// Resolves when nothing goes on aside: no mirrored request, and no dual write. What a journal holds beyond that
    /// is its replayer's.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn drained(&self) {
        if let Some(writer) = &self.writer {
            writer.drained().await;
        }
        if let Some(mirror) = &self.mirror {
            mirror.drained().await;
        }
    }

    async fn answer(
        &self,
        mut request: Box<Request>,
        peer: Option<IpAddr>,
    ) -> Result<Response, Fault> {
        let Some(_seat) = self.flight.seat() else { return Err(Fault::Busy) };
        let place = self.responses.place().ok_or(Fault::Busy)?;
        vet(&request, &self.config.limits)?;
        let length = hop::content_length(request.headers()).ok().flatten();
        request.body_mut().keep_to(length);
        let is_trusted = |address| self.config.trusted.iter().any(|range| range.contains(address));
        let client = forwarded::client(request.headers(), peer, is_trusted);
        let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let asked =
            Asked { peer, client, trusted: peer.is_some_and(is_trusted), safe, is_again: false };
        let mut response = self.route(request, asked).await?;
        if response.body().is_stream() {
            response.body_mut().watch().place(place);
        }
        Ok(response)
    }

    /// A part of a joined answer, as a request of the same client: who asks, and what a proxy has said of that, is
    /// what it was of the whole.
    pub(super) async fn answer_part(&self, part: Request, whole: Asked) -> Response {
        let routed = match vet_line(&part, &self.config.limits) {
            Ok(()) => {
                self.route(Box::new(part), Asked { safe: true, is_again: false, ..whole }).await
            }
            Err(fault) => Err(fault),
        };
        routed.unwrap_or_else(|fault| self.refuse(fault))
    }

    /// Answers a request that was looked at.
    async fn route(&self, mut request: Box<Request>, asked: Asked) -> Result<Response, Fault> {
        // What is decided by is what is sent.
        hop::settle(request.headers_mut(), asked.trusted);
        let table = self.tables.load();
        let decision = self.decide(&table, &request, asked);
        match decision.word {
            None => {
                self.carry_out(request, &table, &decision, asked).await.map(|it| self.finish(it))
            }
            Some(_) => Box::pin(self.follow(request, &table, &decision, asked)).await,
        }
    }

    fn decide<'t>(&self, table: &'t RouteTable, request: &Request, asked: Asked) -> Decision<'t> {
        table.decide_in(&Head { request, address: asked.client }, &self.state)
    }

    async fn carry_out(
        &self,
        mut request: Box<Request>,
        table: &RouteTable,
        decision: &Decision<'_>,
        asked: Asked,
    ) -> Result<Answered, Fault> {
        if decision.reason == Reason::PathNotPlain {
            return Err(Fault::PathNotPlain);
        }
        // A joined answer is made of parts, each of which is decided by what the client has said, and cleaned then.
        if decision.aggregate.is_none() {
            self.clean(&mut request, table, asked);
        }
        let rule = decision.rule.map_or("", |rule| rule.name());
        let reason = decision.reason.name();
        let side = decision.primary.map_or("several", Side::name);
        let span = debug_span!(
            span::REQUEST,
            { field::RULE } = rule,
            { field::SIDE } = side,
            { field::REASON } = reason
        );
        traced::enter(&span, request.headers_mut());
        if decision.aggregate.is_some() {
            return Box::pin(self.join(*request, decision, asked).instrument(span)).await;
        }
        if decision.dual_write.is_some() {
            return Box::pin(self.write_both(*request, decision, asked).instrument(span)).await;
        }
        let Some(primary) = decision.primary else { return Err(Fault::NoSide) };
        self.tell_routed(side, decision, asked);
        let drawn = match (&self.mirror, decision.mirror) {
            (Some(mirror), Some(plan)) => mirror.draw(plan, rule, &request).map(Box::new),
            _ => None,
        };
        let sent = self.forward(request, decision, primary, asked.safe).instrument(span);
        let sent = sent.await?;
        // Legacy stands in for modern there, too, and what phase it may do that in is asked of it in the end.
        let fell_back = sent.fell_back || decision.reason == Reason::BreakerOpen;
        Ok(Answered { fell_back, drawn, ..sent })
    }

    /// A request by a rule that follows a migration: it is answered by the state that is in force when it is,
    /// or made again.
    async fn follow(
        &self,
        request: Box<Request>,
        table: &RouteTable,
        decision: &Decision<'_>,
        asked: Asked,
    ) -> Result<Response, Fault> {
        let mut next = match self.try_once(request, table, decision, asked).await? {
            Followed::Answered(response) => return Ok(response),
            Followed::Moved(next) => next,
        };
        for _ in 1..PLANS_MAX {
            let Some(request) = next else { break };
            let asked = Asked { is_again: true, ..asked };
            let table = self.tables.load();
            let decision = self.decide(&table, &request, asked);
            next = match self.try_once(request, &table, &decision, asked).await? {
                Followed::Answered(response) => return Ok(response),
                Followed::Moved(next) => next,
            };
        }
        Err(if asked.safe { Fault::Unsettled } else { Fault::Unknown })
    }

    async fn try_once(
        &self,
        request: Box<Request>,
        table: &RouteTable,
        decision: &Decision<'_>,
        asked: Asked,
    ) -> Result<Followed, Fault> {
        let again = asked.safe.then(|| copy(&request)).flatten().map(Box::new);
        let answered = self.carry_out(request, table, decision, asked).await?;
        if decision.dual_write.is_some() || self.still_holds(decision, &answered, asked.safe)? {
            return Ok(Followed::Answered(self.finish(answered)));
        }
        debug!("the phase moved");
        Ok(Followed::Moved(again))
    }

    /// The end check (rule R6): whether an answer may be given in the state that is in force now.
    ///
    /// What is left: a migration that moves away and is back in the same phase before the check has not moved. A
    /// move waits for a fleet, and a request for its deadline, so that takes a fleet which is far quicker than a
    /// side.
    fn still_holds(
        &self,
        decision: &Decision<'_>,
        answered: &Answered,
        safe: bool,
    ) -> Result<bool, Fault> {
        let migration = decision.rule.and_then(|rule| rule.follows());
        let (Some(planned), Some(migration)) = (decision.word, migration) else { return Ok(true) };
        let status = answered.response.status();
        // A write that failed may be told as that, whatever moved.
        if !safe && (status.is_client_error() || status.is_server_error()) {
            return Ok(true);
        }
        let away = if safe { Fault::NoSide } else { Fault::Unknown };
        let Some(now) = self.state.word(migration).filter(|now| !now.is_closed()) else {
            return Err(away);
        };
        let Some(bucket) = decision.bucket.or_else(|| whole(planned, now)) else {
            return Ok(now == planned);
        };
        let now = (now.phase_of(bucket), now.entered_from(bucket));
        Ok(!has_moved(planned.phase_of(bucket), now, answered, safe))
    }

    /// What is passed on of a request's head.
    fn clean(&self, request: &mut Request, table: &RouteTable, asked: Asked) {
        if let Some(authority) = request.uri().authority() {
            if !request.headers().contains_key(HOST) {
                if let Ok(host) = HeaderValue::try_from(authority.as_str()) {
                    request.headers_mut().insert(HOST, host);
                }
            }
        }
        if let Some(target) = hop::origin_form(request.uri()) {
            *request.uri_mut() = target;
        }
        let headers = request.headers_mut();
        hop::clean_request(headers, hop::From { trusted: asked.trusted, safe: asked.safe });
        if let Some(header) = table.override_header() {
            headers.remove(header.name());
            if let Some(secret) = header.secret_name() {
                headers.remove(secret);
            }
        }
        forwarded::tell(headers, asked.peer, asked.trusted, self.config.scheme);
    }

    /// The response as the client gets it.
    fn finish(&self, answered: Answered) -> Response {
        let Answered { mut response, side, drawn, .. } = answered;
        if response.body().is_stream() {
            response.body_mut().watch().idle(self.config.body_idle, None);
        }
        let Some(side) = side else { return response };
        if let Some(drawn) = drawn {
            response = self.mirrored(*drawn, side, response);
        }
        if self.config.tells_side {
            let side = HeaderValue::from_static(side.name());
            response.headers_mut().insert(mark::SERVED_BY, side);
        }
        response
    }

    #[cold]
    fn refuse(&self, fault: Fault) -> Response {
        debug!({ field::REASON } = fault.name(), "a request was refused");
        if fault == Fault::NotEquipped {
            self.unequipped
                .call_once(|| warn!("the table asks for what this gateway does not have"));
        }
        if !fault.was_sent() {
            self.tell(|| Event::RequestRefused { reason: fault.name() });
        }
        fault.response()
    }

    pub(super) fn tell_routed(&self, side: &'static str, decision: &Decision<'_>, asked: Asked) {
        if !asked.is_again {
            self.tell(|| Event::RequestRouted { side, reason: decision.reason.name() });
        }
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.observer {
            observer.on_event(&event());
        }
    }
}
