//! Whether a future is `Send`, asked without failing to compile.

/// A future, whose methods depend on what it is.
pub(crate) struct Asked<T>(pub(crate) T);

/// What is known of every future.
pub(crate) trait AnyFuture {
    fn is_sendable(&self) -> bool {
        false
    }
}

impl<T> AnyFuture for &Asked<T> {}

impl<T: Send> Asked<T> {
    #[expect(clippy::unused_self, reason = "the method that is found is the answer")]
    pub(crate) fn is_sendable(&self) -> bool {
        true
    }
}

/// Whether a future is `Send`: the inherent method is found first, if it is there.
macro_rules! sendable {
    ($future:expr) => {{
        #[allow(unused_imports, reason = "of a future that is `Send` it is not asked")]
        use $crate::probes::spawned::{AnyFuture as _, Asked};
        (&Asked($future)).is_sendable()
    }};
}
pub(crate) use sendable;
