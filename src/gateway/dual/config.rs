use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::header;

use super::{DualWriteJudge, RequestRetention, StatusJudge};
use crate::observe::Observer;
use crate::resilience::Exponential;

/// How dual-written requests are sent and sent again.
///
/// ```
/// use std::time::Duration;
/// use http::HeaderName;
/// use strangler_fig::gateway::dual::DualWriteConfig;
///
/// let config = DualWriteConfig::default()
///     .with_scope(HeaderName::from_static("x-user"))
///     .with_deadline(Duration::from_secs(2))
///     .with_body_max(64 << 10)
///     .with_header(HeaderName::from_static("x-tenant"));
/// ```
#[derive(Debug, Clone)]
pub struct DualWriteConfig {
    pub(super) body_max: usize,
    pub(super) body_deadline: Duration,
    pub(super) deadline: Duration,
    pub(super) lenient_wait: Duration,
    pub(super) term: Duration,
    pub(super) journal_deadline: Duration,
    pub(super) scope: Option<HeaderName>,
    pub(super) headers: Vec<HeaderName>,
    pub(super) judge: Arc<dyn DualWriteJudge>,
    pub(super) writes_max: NonZeroU32,
    pub(super) asides_max: NonZeroU32,
    pub(super) attempts_max: NonZeroU32,
    pub(super) backoff: Exponential,
    pub(super) concurrency: NonZeroUsize,
    pub(super) poll_interval: Duration,
    pub(super) retention: RequestRetention,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl Default for DualWriteConfig {
    /// Bodies of 1 MiB that come within 30 s, 5 s for each side, 100 ms that the caller of a lenient write waits for the other one; claims for
    /// 30 s; 1,024 writes at once, and 256 that go on after their caller was answered; 20 attempts, from a second to five
    /// minutes apart, 16 at once; requests are emptied after an hour, and their keys kept for a week.
    fn default() -> Self {
        Self {
            body_max: 1 << 20,
            body_deadline: Duration::from_secs(30),
            deadline: Duration::from_secs(5),
            lenient_wait: Duration::from_millis(100),
            term: Duration::from_secs(30),
            journal_deadline: Duration::from_secs(5),
            scope: None,
            headers: vec![
                header::ACCEPT,
                header::CONTENT_ENCODING,
                header::CONTENT_LANGUAGE,
                header::CONTENT_TYPE,
                header::HOST,
                HeaderName::from_static("traceparent"),
            ],
            judge: Arc::new(StatusJudge),
            writes_max: NonZeroU32::new(1_024).expect("it is not zero"),
            asides_max: NonZeroU32::new(256).expect("it is not zero"),
            attempts_max: NonZeroU32::new(20).expect("it is not zero"),
            backoff: Exponential::between(Duration::from_secs(1), Duration::from_secs(300)),
            concurrency: NonZeroUsize::new(16).expect("it is not zero"),
            poll_interval: Duration::from_secs(1),
            retention: RequestRetention::default(),
            observer: None,
        }
    }
}

impl DualWriteConfig {
    /// How many bytes a body may have: all of it is written down. Beyond that it is a 413.
    #[must_use]
    pub const fn with_body_max(mut self, bytes: usize) -> Self {
        self.body_max = bytes;
        self
    }

    /// How long a body may take to come; after that it is a 408. Those on their way count among the writes, so that all
    /// of them together hold no more memory than `writes_max` bodies.
    #[must_use]
    pub const fn with_body_deadline(mut self, deadline: Duration) -> Self {
        self.body_deadline = deadline;
        self
    }

    /// How long each side may take until the head of its response is there.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long the caller of a lenient write waits for the other side, so that it rarely goes on alone.
    #[must_use]
    pub const fn with_lenient_wait(mut self, wait: Duration) -> Self {
        self.lenient_wait = wait;
        self
    }

    /// How long a request is held without a note; longer, where three deadlines are longer. After that another
    /// gateway takes it over.
    #[must_use]
    pub const fn with_term(mut self, term: Duration) -> Self {
        self.term = term;
        self
    }

    /// How long one call of the journal may take; after that it is in doubt, and looked into.
    #[must_use]
    pub const fn with_journal_deadline(mut self, deadline: Duration) -> Self {
        self.journal_deadline = deadline;
        self
    }

    /// The header that says whose an idempotency key is; a request without it is a 400. It must be one
    /// that callers cannot make up: set by whatever authenticates them, in front of the gateway. It is written down, so
    /// that who asks is known to the sides when a request is sent again.
    #[must_use]
    pub fn with_scope(mut self, header: HeaderName) -> Self {
        self.scope = Some(header);
        self
    }

    /// A header that is written down, too, and sent when a request is sent again. Without it the standard ones are:
    /// `accept`, `content-encoding`, `content-language`, `content-type`, `host`, `traceparent`.
    #[must_use]
    pub fn with_header(mut self, header: HeaderName) -> Self {
        if !self.headers.contains(&header) {
            self.headers.push(header);
        }
        self
    }

    /// Credentials are written down, too: `authorization` and `cookie`. Without them a side must take
    /// the gateway's word for who asks, where a request is sent again; and the journal is worth stealing with them.
    #[must_use]
    pub fn with_credentials(self) -> Self {
        self.with_header(header::AUTHORIZATION).with_header(header::COOKIE)
    }

    /// Who says what an answer means, if not its status alone.
    #[must_use]
    pub fn with_judge(mut self, judge: Arc<dyn DualWriteJudge>) -> Self {
        self.judge = judge;
        self
    }

    /// How many writes may be under way; more are a 503.
    #[must_use]
    pub const fn with_writes_max(mut self, writes: NonZeroU32) -> Self {
        self.writes_max = writes;
        self
    }

    /// How many lenient writes may go on after their caller was answered; what is more is left to a
    /// [`RequestReplayer`](super::RequestReplayer).
    #[must_use]
    pub const fn with_asides_max(mut self, asides: NonZeroU32) -> Self {
        self.asides_max = asides;
        self
    }

    /// How often a side is sent it before an operator has to look; what is surely not sent, since a breaker is open or
    /// nobody is there to connect to, does not count, and is tried on.
    #[must_use]
    pub const fn with_attempts_max(mut self, attempts: NonZeroU32) -> Self {
        self.attempts_max = attempts;
        self
    }

    /// How long it is between two attempts.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Exponential) -> Self {
        self.backoff = backoff;
        self
    }

    /// How many requests a replayer sends at once.
    #[must_use]
    pub const fn with_concurrency(mut self, requests: NonZeroUsize) -> Self {
        self.concurrency = requests;
        self
    }

    /// How often a replayer looks for something to do.
    #[must_use]
    pub const fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// How long what is closed keeps its headers and body.
    #[must_use]
    pub const fn with_content_retention(mut self, content: Duration) -> Self {
        self.retention.content = content;
        self
    }

    /// How long the key of what is closed is known: services must know a key at least as long, counted from the
    /// request's stamp. What is older, less the term of a claim, is not sent again: a client that asks is told that
    /// it was done, and what a side may have been sent is parked, also by a process that has died before it could
    /// note that. What no side can have been sent is sent however old it is.
    #[must_use]
    pub const fn with_key_retention(mut self, key: Duration) -> Self {
        self.retention.key = key;
        self
    }

    /// Who is told what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The headers that are written down.
    pub(super) fn recorded_names(&self) -> impl Iterator<Item = &HeaderName> {
        let scope = self.scope.as_ref().filter(|scope| !self.headers.contains(scope));
        self.headers.iter().chain(scope)
    }

    /// From which age on a service may have forgotten a key.
    pub(super) fn old(&self) -> Duration {
        let keep = self.retention.key;
        keep.saturating_sub(self.claim_term().min(keep / 2))
    }

    /// How long a claim lasts: long enough for both sides to answer, one after the other.
    pub(super) fn claim_term(&self) -> Duration {
        // Further away it does not matter when.
        self.term.max(self.deadline.saturating_mul(3)).min(Duration::from_secs(1 << 32))
    }
}
