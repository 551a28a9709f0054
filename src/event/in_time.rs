//! Calls of what others have written: they may panic, and may never end.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::timeout;

use crate::error::StoreError;

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Panicked,
    TimedOut,
}

/// A call that ends within its deadline, and whose panic is its own.
pub(super) async fn in_time<T>(
    deadline: Duration,
    call: impl Future<Output = T>,
) -> Result<T, Cut> {
    match timeout(deadline, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_panic)) => Err(Cut::Panicked),
        Err(_) => Err(Cut::TimedOut),
    }
}

/// The same of `who`: a call without an answer may have had its effect.
pub(super) async fn answered<T>(
    who: &'static str,
    deadline: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    in_time(deadline, call).await.unwrap_or_else(|cut| {
        Err(StoreError::unknown(match cut {
            Cut::Panicked => format!("{who} has panicked"),
            Cut::TimedOut => format!("{who} has not answered in time"),
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreErrorKind;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_call_ends() {
        assert_eq!(in_time(SECOND, async { 7 }).await, Ok(7));
        assert_eq!(in_time(Duration::ZERO, async { 7 }).await, Ok(7));
        assert_eq!(in_time::<u8>(SECOND, std::future::pending()).await, Err(Cut::TimedOut));
        assert_eq!(in_time::<u8>(SECOND, async { panic!("its own") }).await, Err(Cut::Panicked));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_answer_is_not_known() {
        let late = answered::<u8>("the bus", SECOND, std::future::pending()).await.unwrap_err();
        assert_eq!(late.kind(), StoreErrorKind::Unknown);
        assert!(late.with_causes().ends_with("the bus has not answered in time"));
        let broken = answered::<u8>("the bus", SECOND, async { panic!("its own") }).await;
        assert!(broken.unwrap_err().with_causes().ends_with("the bus has panicked"));
    }
}
