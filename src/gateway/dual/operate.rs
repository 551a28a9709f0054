use super::{DualWriter, RequestAppend, RequestKey, RequestNote, RequestStatus};
use crate::error::StoreError;
use crate::phase::{Actor, Reason};

/// Why an operator's decision was not carried out.
///
/// ```
/// use strangler_fig::gateway::dual::{OperateError, RequestStatus};
///
/// let error = OperateError::NotParked { status: RequestStatus::Done };
/// assert_eq!(error.to_string(), "the request is done, not parked");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// There is none.
    #[error("there is no such request")]
    NotFound,
    /// Somebody is about to change it.
    #[error("the request is held by somebody else")]
    Held,
    /// It is on its way, or closed.
    #[error("the request is {}, not parked", status.name())]
    NotParked {
        /// Where it stands.
        status: RequestStatus,
    },
    /// A service may have forgotten its key, and would do it a second time.
    #[error("the request is so old that a side may have forgotten its key")]
    TooOld,
    /// The journal failed.
    #[error("the journal failed for request {key}")]
    Journal {
        /// Which request; its digest is shown.
        key: RequestKey,
        /// What it reported.
        source: StoreError,
    },
}

impl OperateError {
    /// Whether the same decision may be carried out later.
    ///
    /// ```
    /// use strangler_fig::gateway::dual::OperateError;
    ///
    /// assert!(OperateError::Held.is_retryable() && !OperateError::TooOld.is_retryable());
    /// ```
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Held => true,
            Self::Journal { source, .. } => source.is_retryable(),
            Self::NotFound | Self::NotParked { .. } | Self::TooOld => false,
        }
    }
}

impl DualWriter {
    /// Lets a parked request be tried again, from now on: written down, with who and why. One that is as old as
    /// [`with_key_retention`](super::DualWriteConfig::with_key_retention) says is refused, and one that becomes so before it is sent is
    /// parked again.
    ///
    /// # Errors
    ///
    /// [`OperateError`]; in doubt, look at it again.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have had its effect.
    pub async fn retry(
        &self,
        key: &RequestKey,
        actor: &Actor,
        reason: &Reason,
    ) -> Result<(), OperateError> {
        let (actor, reason) = (actor.clone(), reason.clone());
        let note = RequestNote::Retried { actor, reason, however_old: false };
        self.operate(key, &note, false).await
    }

    /// The same, however old it is: for an operator who has seen that the sides still know the key, or that what is
    /// sent is not yet done there. An old one is sent once, and then parked again.
    ///
    /// # Errors
    ///
    /// [`OperateError`]; in doubt, look at it again.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have had its effect.
    pub async fn retry_however_old(
        &self,
        key: &RequestKey,
        actor: &Actor,
        reason: &Reason,
    ) -> Result<(), OperateError> {
        let (actor, reason) = (actor.clone(), reason.clone());
        let note = RequestNote::Retried { actor, reason, however_old: true };
        self.operate(key, &note, true).await
    }

    /// Closes a parked request, since somebody has made both sides the same by hand: written down, with who and why.
    ///
    /// # Errors
    ///
    /// [`OperateError`]; in doubt, look at it again.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have had its effect.
    pub async fn resolve(
        &self,
        key: &RequestKey,
        actor: &Actor,
        reason: &Reason,
    ) -> Result<(), OperateError> {
        let (actor, reason) = (actor.clone(), reason.clone());
        self.operate(key, &RequestNote::Resolved { actor, reason }, true).await
    }

    async fn operate(
        &self,
        key: &RequestKey,
        note: &RequestNote,
        is_forced: bool,
    ) -> Result<(), OperateError> {
        let inner = &self.0;
        let failed = |source| OperateError::Journal { key: key.clone(), source };
        let found = inner.within(inner.journal.load(key)).await.map_err(failed)?;
        let found = found.ok_or(OperateError::NotFound)?;
        let status = found.state.status();
        if !matches!(status, RequestStatus::Parked(_)) {
            return Err(OperateError::NotParked { status });
        }
        if !is_forced && inner.is_old(found.state.stamp(), found.idle) {
            return Err(OperateError::TooOld);
        }
        let term = inner.config.claim_term();
        let claim =
            inner.within(inner.journal.claim(key, &inner.node, term)).await.map_err(failed)?;
        let claim = claim.ok_or(OperateError::Held)?;
        let append = RequestAppend::new(found.position(), note, term);
        inner.within(inner.journal.note(&claim, &append)).await.map_err(failed)
    }
}
