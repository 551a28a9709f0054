use std::fmt;

use http::{HeaderMap, StatusCode};

use crate::phase::Side;

/// What an answer to a dual-written request means.
///
/// ```
/// use strangler_fig::gateway::dual::Verdict;
/// assert_ne!(Verdict::Refused, Verdict::Unclear);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is done, now or before.
    Done,
    /// It will not be done, and nothing has changed.
    Refused,
    /// Nothing has changed, and it may be done later.
    NotNow,
    /// Nobody knows.
    Unclear,
}

/// An answer, as it is to be judged.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct SideAnswer<'a> {
    /// Whose it is.
    pub side: Side,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Whether the side may have been sent the request before: then a 409 may be about that.
    pub is_repeat: bool,
    /// Whether it was sent as it was written down, without the client's other headers: a 401 or a redirect may
    /// then be about credentials that are missing.
    pub is_replay: bool,
}

/// Without what the headers say: cookies may be among them.
impl fmt::Debug for SideAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideAnswer")
            .field("side", &self.side)
            .field("status", &self.status.as_u16())
            .field("headers", &self.headers.len())
            .field("is_repeat", &self.is_repeat)
            .field("is_replay", &self.is_replay)
            .finish()
    }
}

/// Says what the answers of a side mean, where its services have their own ways.
///
/// ```
/// use strangler_fig::gateway::dual::{DualWriteJudge, SideAnswer, StatusJudge, Verdict};
///
/// /// A legacy service that says 409 of what it holds already.
/// #[derive(Debug)]
/// struct Ours;
///
/// impl DualWriteJudge for Ours {
///     fn judge(&self, answer: &SideAnswer<'_>) -> Verdict {
///         match answer.status.as_u16() {
///             409 if answer.is_repeat => Verdict::Done,
///             _ => StatusJudge.judge(answer),
///         }
///     }
/// }
/// ```
pub trait DualWriteJudge: fmt::Debug + Send + Sync + 'static {
    /// What an answer means. One that panics has said [`Verdict::Unclear`].
    fn judge(&self, answer: &SideAnswer<'_>) -> Verdict;
}

/// By the status: 2xx is done; 425 and 429 are not now; any other 4xx refuses, but 408. A redirect to what was done
/// (300 to 303) is done the first time only: a replay without credentials is redirected to where one logs in. 304,
/// 307 and 308 are never done. Of a request that was perhaps sent before, no 4xx refuses that may be about what the
/// first has changed (400, 404, 409, 410, 412, 428) or about credentials that were not written down (401, 403, 407).
/// All else is unclear.
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use strangler_fig::gateway::dual::{StatusJudge, Verdict};
///
/// assert_eq!(StatusJudge::of(StatusCode::CREATED, false), Verdict::Done);
/// assert_eq!(StatusJudge::of(StatusCode::CONFLICT, false), Verdict::Refused);
/// assert_eq!(StatusJudge::of(StatusCode::CONFLICT, true), Verdict::Unclear);
/// assert_eq!(StatusJudge::of(StatusCode::SEE_OTHER, true), Verdict::Unclear);
/// assert_eq!(StatusJudge::of(StatusCode::BAD_GATEWAY, false), Verdict::Unclear);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct StatusJudge;

impl StatusJudge {
    /// What a status means.
    #[must_use]
    pub const fn of(status: StatusCode, is_repeat: bool) -> Verdict {
        match status.as_u16() {
            200..=299 => Verdict::Done,
            300..=303 if !is_repeat => Verdict::Done,
            425 | 429 => Verdict::NotNow,
            408 => Verdict::Unclear,
            400 | 401 | 403 | 404 | 407 | 409 | 410 | 412 | 428 if is_repeat => Verdict::Unclear,
            400..=499 => Verdict::Refused,
            _ => Verdict::Unclear,
        }
    }
}

impl DualWriteJudge for StatusJudge {
    fn judge(&self, answer: &SideAnswer<'_>) -> Verdict {
        Self::of(answer.status, answer.is_repeat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_judged_may_be_logged() {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", "session=hunter2".parse().unwrap());
        let (side, status) = (Side::Legacy, StatusCode::OK);
        let answer =
            SideAnswer { side, status, headers: &headers, is_repeat: false, is_replay: true };
        let shown = format!("{answer:?}");
        assert!(shown.contains("headers: 1") && !shown.contains("hunter2"), "{shown}");
    }

    fn of(status: u16, is_repeat: bool) -> Verdict {
        StatusJudge::of(StatusCode::from_u16(status).unwrap(), is_repeat)
    }

    #[test]
    fn a_redirect_is_done_at_most_the_first_time() {
        for status in [300, 301, 302, 303] {
            assert_eq!((of(status, false), of(status, true)), (Verdict::Done, Verdict::Unclear));
        }
        for status in [304, 305, 307, 308] {
            assert_eq!((of(status, false), of(status, true)), (Verdict::Unclear, Verdict::Unclear));
        }
    }

    #[test]
    fn what_the_first_may_have_changed_refuses_no_repeat() {
        for status in [400, 401, 403, 404, 407, 409, 410, 412, 428] {
            assert_eq!((of(status, false), of(status, true)), (Verdict::Refused, Verdict::Unclear));
        }
        for status in [405, 413, 415, 422] {
            assert_eq!(of(status, true), Verdict::Refused);
        }
    }
}
