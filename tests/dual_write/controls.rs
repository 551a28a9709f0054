//! Writers that are wrong in one way, made of a right one and of what it stands on: the sweep finds each.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::gateway::dual::{
    NewRequest, Recorded, RequestAppend, RequestClaim, RequestJournal, RequestKey, RequestNote,
    RequestRecord, RequestRetention, Shelf,
};
use strangler_fig::gateway::{Body, Request, Response, Upstream, mark};
use strangler_fig::phase::{NodeId, Side};
use strangler_fig::stamp::StampClock;

use crate::crash::{scenarios, swept};

/// What is wrong with a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It writes the request down with its first note.
    RecordsLate,
    /// A replay has a stamp of its own.
    NewStamp,
    /// Both sides are sent it at once.
    InParallel,
    /// What broke is withdrawn.
    WithdrawsInDoubt,
    /// A withdrawal is not written down, and answered all the same.
    ForgetsWithdrawals,
    /// A note that was lost is taken for written.
    NotesNothing,
}

impl Flaw {
    pub(crate) fn journal(
        flaw: Option<Self>,
        journal: Arc<dyn RequestJournal>,
    ) -> Arc<dyn RequestJournal> {
        match flaw {
            None => journal,
            Some(flaw) => Arc::new(FlawedJournal { flaw, journal, late: Mutex::default() }),
        }
    }

    pub(crate) fn sides(
        flaw: Option<Self>,
        is_first: bool,
        [first, other]: [Arc<dyn Upstream>; 2],
    ) -> [Arc<dyn Upstream>; 2] {
        match flaw {
            Some(Self::NewStamp) if !is_first => {
                [first, other].map(|it| Arc::new(Restamped(it)) as _)
            }
            Some(Self::InParallel) => [Arc::new(Parallel([first, Arc::clone(&other)])) as _, other],
            Some(Self::WithdrawsInDoubt) => [Arc::new(Sure(first)) as _, other],
            _ => [first, other],
        }
    }
}

#[derive(Debug)]
struct Restamped(Arc<dyn Upstream>);

#[async_trait]
impl Upstream for Restamped {
    async fn send(&self, mut request: Request) -> Result<Response, StoreError> {
        let stamp = StampClock::new().unwrap().now().to_string();
        request.headers_mut().insert(mark::STAMP, stamp.parse().unwrap());
        self.0.send(request).await
    }
}

#[derive(Debug)]
struct Parallel([Arc<dyn Upstream>; 2]);

#[async_trait]
impl Upstream for Parallel {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let (parts, body) = request.into_parts();
        let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
        let each = || Request::from_parts(parts.clone(), Body::full(body.clone()));
        let (answer, _) = futures::join!(self.0[0].send(each()), self.0[1].send(each()));
        answer
    }
}

#[derive(Debug)]
struct Sure(Arc<dyn Upstream>);

#[async_trait]
impl Upstream for Sure {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        self.0.send(request).await.map_err(|error| error.with_kind(StoreErrorKind::Unavailable))
    }
}

#[derive(Debug)]
struct FlawedJournal {
    flaw: Flaw,
    journal: Arc<dyn RequestJournal>,
    late: Mutex<BTreeMap<RequestKey, (NewRequest, NodeId)>>,
}

#[async_trait]
impl RequestJournal for FlawedJournal {
    async fn record(
        &self,
        request: &NewRequest,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Recorded, StoreError> {
        if self.flaw == Flaw::RecordsLate && self.journal.load(&request.key).await?.is_none() {
            let late = (request.clone(), holder.clone());
            self.late.lock().unwrap().insert(request.key.clone(), late);
            return Ok(Recorded::New(RequestClaim { key: request.key.clone(), epoch: 1 }));
        }
        self.journal.record(request, holder, term).await
    }

    async fn note(
        &self,
        claim: &RequestClaim,
        append: &RequestAppend<'_>,
    ) -> Result<(), StoreError> {
        let late = self.late.lock().unwrap().remove(&claim.key);
        if let Some((request, holder)) = late {
            self.journal.record(&request, &holder, append.term).await?;
        }
        match (self.flaw, append.note) {
            (Flaw::ForgetsWithdrawals, RequestNote::Withdrawn) => Ok(()),
            (Flaw::NotesNothing, RequestNote::Answered { side, .. }) if append.position == 1 => {
                let refused = RequestNote::Refused { side: *side, status: 400 };
                let refused = RequestAppend::new(append.position, &refused, append.term);
                let _ = self.journal.note(claim, &refused.with_due(append.due)).await;
                Ok(())
            }
            _ => self.journal.note(claim, append).await,
        }
    }

    async fn load(&self, key: &RequestKey) -> Result<Option<RequestRecord>, StoreError> {
        self.journal.load(key).await
    }

    async fn claim(
        &self,
        key: &RequestKey,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Option<RequestClaim>, StoreError> {
        self.journal.claim(key, holder, term).await
    }

    async fn take(
        &self,
        holder: &NodeId,
        limit: NonZeroUsize,
        term: Duration,
    ) -> Result<Vec<(RequestClaim, RequestRecord)>, StoreError> {
        self.journal.take(holder, limit, term).await
    }

    async fn list(
        &self,
        wanted: Shelf,
        after: Option<&RequestKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RequestRecord>, StoreError> {
        self.journal.list(wanted, after, limit).await
    }

    async fn purge(
        &self,
        retention: RequestRetention,
        limit: NonZeroUsize,
    ) -> Result<usize, StoreError> {
        self.journal.purge(retention, limit).await
    }
}

/// One of the first findings says what is wrong, whatever the plan.
async fn is_found(flaw: Flaw, what: &str) {
    for first in [Side::Legacy, Side::Modern] {
        for strict in [false, true] {
            let (_, findings) = swept(scenarios(strict, first), Some(flaw)).await;
            let is_named = findings.iter().any(|finding| finding.contains(what));
            assert!(is_named, "{flaw:?}, strict {strict}, {first:?}, is not found: {findings:#?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_after_the_first_send_is_found() {
    is_found(Flaw::RecordsLate, "it was sent before it was written down").await;
}

#[tokio::test(start_paused = true)]
async fn a_new_stamp_on_a_replay_is_found() {
    is_found(Flaw::NewStamp, "came under two stamps").await;
}

#[tokio::test(start_paused = true)]
async fn both_sides_in_parallel_are_found() {
    is_found(Flaw::InParallel, "the other side was sent it before the first had done it").await;
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_in_doubt_is_found() {
    is_found(Flaw::WithdrawsInDoubt, "its client told that it was not sent").await;
}

#[tokio::test(start_paused = true)]
async fn a_503_without_a_withdrawal_is_found() {
    is_found(Flaw::ForgetsWithdrawals, "it was told Some(503) and is Some(Done)").await;
}

#[tokio::test(start_paused = true)]
async fn a_side_that_was_never_done_is_found() {
    is_found(Flaw::NotesNothing, "and was done [1, 1] times").await;
}
