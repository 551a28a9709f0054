use std::sync::Arc;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::answer::Told;
use super::head::{Sendable, entity_id, key_of, recorded, target_of};
use super::inner::{Inner, SideLink};
use super::parked::TellsOfParked;
use super::write::{HasMoved, Write};
use super::{DualWriteConfig, Fingerprint, NewRequest, RequestJournal, RequestReplayer};
use crate::gateway::{Body, BodyError, Request, Response, Upstream, mark};
use crate::phase::{NodeId, Side};
use crate::resilience::{Aside, Policy};
use crate::route::DualWritePlan;
use crate::stamp::StampClock;

/// Sends requests to both sides: none is lost between them, and none is done by one side alone for good.
///
/// A request is written down, with a stamp, a key and perhaps an id, before anybody is sent it. The first side is
/// asked, then the other; what came of each is written down, too. A client that goes away stops nothing. What is
/// left when a process dies, or a side does not answer, is sent again by a [`RequestReplayer`] under the same stamp, key and
/// id: run one beside every writer. The services behind it owe three things: a key is done once, and answered the same
/// when it comes again, a refusal included, for as long as the journal keeps it; the stamp goes to
/// [`apply`](crate::repository::StampedRepository::apply), so that what comes late does no harm; and no side makes ids.
///
/// A stamp is larger than every one that this gateway has met: its own, those of requests that it finds or takes over,
/// and those that a side names in a `strangler-stamp` of its response, which should be that of the newest write it
/// knows of the record. What is left: two gateways write one record one after the other, the second's clock is
/// behind by more than the time between, and it has met no stamp of the first. Keep the gateways' clocks within the
/// time between two writes of one record, or let services answer 409 to a write whose stamp is below the stored one.
///
/// ```
/// # use std::sync::Arc;
/// # use async_trait::async_trait;
/// # use http::StatusCode;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::gateway::dual::DualWriter;
/// # use strangler_fig::gateway::{Body, Request, Response, Upstream, mark};
/// # use strangler_fig::memory::InMemoryRequestJournal;
/// # use strangler_fig::phase::{Incarnation, NodeId, Side};
/// # use strangler_fig::route::{DualWritePlan, IdSource};
/// # use strangler_fig::stamp::StampClock;
/// #
/// #[derive(Debug)]
/// struct Service;
///
/// #[async_trait]
/// impl Upstream for Service {
///     async fn send(&self, request: Request) -> Result<Response, StoreError> {
///         assert!(request.headers().contains_key(mark::STAMP));
///         let mut created = Response::new(Body::empty());
///         *created.status_mut() = StatusCode::CREATED;
///         Ok(created)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Arc::new(InMemoryRequestJournal::default());
/// let node = NodeId { name: "gateway-1".parse()?, incarnation: Incarnation::random()? };
/// let stamps = Arc::new(StampClock::new()?);
/// let writer = DualWriter::new(journal, node, stamps, Arc::new(Service), Arc::new(Service));
///
/// let mut plan = DualWritePlan::new(Side::Legacy, IdSource::Gateway);
/// plan.is_strict = true;
/// let request = http::Request::post("/orders").body(Body::full("two pears"))?;
/// assert_eq!(writer.handle(request, plan, "orders").await.status(), StatusCode::CREATED);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DualWriter(pub(super) Arc<Inner>);

impl DualWriter {
    /// A writer for two sides, under policies that pass every call on, with the standard configuration. No other
    /// node may have the same id.
    #[must_use]
    pub fn new(
        journal: Arc<dyn RequestJournal>,
        node: NodeId,
        stamps: Arc<StampClock>,
        legacy: Arc<dyn Upstream>,
        modern: Arc<dyn Upstream>,
    ) -> Self {
        let link = |upstream, name| SideLink { upstream, policy: Policy::new(name) };
        let (legacy, modern) = (link(legacy, "legacy"), link(modern, "modern"));
        Self::of(journal, node, stamps, legacy, modern, DualWriteConfig::default())
    }

    fn of(
        journal: Arc<dyn RequestJournal>,
        node: NodeId,
        stamps: Arc<StampClock>,
        legacy: SideLink,
        modern: SideLink,
        config: DualWriteConfig,
    ) -> Self {
        let [writes, asides] = [config.writes_max, config.asides_max].map(Aside::new);
        let told = TellsOfParked::default();
        Self(Arc::new(Inner {
            journal,
            node,
            stamps,
            legacy,
            modern,
            config,
            writes,
            asides,
            told,
        }))
    }

    /// A writer like this one, which shares nothing with it but what it was made of.
    fn with(
        &self,
        change: impl FnOnce(&mut SideLink, &mut SideLink, &mut DualWriteConfig),
    ) -> Self {
        let Inner { journal, node, stamps, legacy, modern, config, .. } = &*self.0;
        let (journal, node, stamps) = (Arc::clone(journal), node.clone(), Arc::clone(stamps));
        let (mut legacy, mut modern, mut config) = (legacy.clone(), modern.clone(), config.clone());
        change(&mut legacy, &mut modern, &mut config);
        Self::of(journal, node, stamps, legacy, modern, config)
    }

    /// The same, calling a side under a policy; its deadlines are those of the configuration. What it retries,
    /// a side may be sent twice: under one key.
    #[must_use]
    pub fn with_policy(self, side: Side, policy: Policy) -> Self {
        self.with(|legacy, modern, _| match side {
            Side::Legacy => legacy.policy = policy,
            Side::Modern => modern.policy = policy,
        })
    }

    /// The same, with another configuration.
    #[must_use]
    pub fn with_config(self, config: DualWriteConfig) -> Self {
        self.with(|_, _, own| *own = config)
    }

    /// What sends again what this writer, or one that is no more, has left.
    #[must_use]
    pub fn replayer(&self) -> RequestReplayer {
        RequestReplayer::new(self)
    }

    /// Sends a request to both sides, and answers what its caller is to be told. Every end is a response:
    ///
    /// | status | means |
    /// |---|---|
    /// | a side's 2xx or 3xx | done by both if the plan is strict; else by the first, and on its way to the other |
    /// | 200, of the gateway's own | as a side's, of a key that was used before: the side's answer is not to be had again |
    /// | a side's 4xx | refused by the first; nothing has changed |
    /// | 400, 413, 408 | it lacks a key, or whose that is; the body is too long, or did not come. This call sent nothing |
    /// | 409 | its key's request is under way, is tried again after `retry-after`, was refused, or waits for an operator |
    /// | 422 | its key was used for another request |
    /// | 503 | this call sent nothing. Without a key of the client's, or where the text says so, nothing was sent at all, and nothing will be; else another call of the key may have |
    /// | 504 | nobody knows yet: it is written down, and will be done or looked into. Ask again with its key |
    ///
    /// `rule` is what it was routed by, for operators. Hop-by-hop headers are to be gone already.
    ///
    /// # Cancel safety
    ///
    /// Once the body is there, and there was room for it, a dropped call goes on, in a task of its own.
    pub async fn handle(&self, request: Request, plan: DualWritePlan, rule: &str) -> Response {
        self.accept(request, plan, rule, None).await
    }

    /// The same, for a plan that may be overtaken: where `has_moved` says before the answer that it was, the caller
    /// of a lenient write waits for both sides, too, which is right in any phase.
    ///
    /// # Cancel safety
    ///
    /// As [`handle`](Self::handle).
    pub async fn handle_unless_moved(
        &self,
        request: Request,
        plan: DualWritePlan,
        rule: &str,
        has_moved: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Response {
        self.accept(request, plan, rule, Some(Box::new(has_moved))).await
    }

    async fn accept(
        &self,
        request: Request,
        plan: DualWritePlan,
        rule: &str,
        has_moved: Option<HasMoved>,
    ) -> Response {
        let (mut tell, told) = oneshot::channel();
        let inner = Arc::clone(&self.0);
        let is_clients_key = request.headers().contains_key(mark::IDEMPOTENCY_KEY);
        let asked = Asked { request, plan, rule: rule.to_owned(), is_clients_key, has_moved };
        let work = async move {
            // The place is taken before the body is: so many are collected at once, and no more.
            let prepared = tokio::select! {
                biased;
                prepared = inner.prepared(asked) => prepared,
                // Nobody waits, and nothing was written down.
                () = tell.closed() => return,
            };
            match prepared {
                Ok(write) => inner.write(write, tell).await,
                Err(answer) => drop(tell.send(answer.of_key(is_clients_key).response())),
            }
        };
        if !self.0.writes.run(move || work) {
            return Told::NotSent.of_key(is_clients_key).response();
        }
        // Without a word its task has panicked.
        told.await.unwrap_or_else(|_| Told::Unknown.response())
    }

    /// Resolves when no write of this writer is under way; those that are left to a replayer do not count.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn drained(&self) {
        self.0.writes.idle().await;
        self.0.asides.idle().await;
    }
}

/// What is to be written down.
struct Asked {
    request: Request,
    plan: DualWritePlan,
    rule: String,
    is_clients_key: bool,
    has_moved: Option<HasMoved>,
}

impl Inner {
    async fn prepared(&self, asked: Asked) -> Result<Write, Told> {
        let config = &self.config;
        let Asked { request, plan, rule, is_clients_key, has_moved } = asked;
        let (parts, body) = request.into_parts();
        let key = key_of(&parts.headers, plan.ids, config)?;
        let body = timeout(config.body_deadline, collected(body, config.body_max)).await;
        let body = body.unwrap_or(Err(Told::Stalled))?;
        let stamp = self.stamps.now();
        let new = NewRequest {
            key,
            fingerprint: Fingerprint::of(parts.method.as_str(), target_of(&parts), &body),
            request: recorded(&parts, &body, config),
            stamp,
            first: plan.first,
            is_strict: plan.is_strict,
            answers: plan.answers,
            rule,
            entity_id: entity_id(plan.ids, stamp)?,
        };
        let sendable = Sendable::new(parts, body);
        Ok(Write { new: Arc::new(new), sendable, is_clients_key, has_moved })
    }
}

/// The whole body, if it is not too long.
async fn collected(body: Body, limit: usize) -> Result<bytes::Bytes, Told> {
    let least = http_body::Body::size_hint(&body).lower();
    if usize::try_from(least).map_or(true, |least| least > limit) {
        return Err(Told::TooLong);
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Told::TooLong),
        Err(error) => Err(Told::of_body(error.downcast_ref::<BodyError>())),
    }
}
