use rustix::time::{ClockId, clock_gettime};

/// The nanoseconds of the host's monotonic clock: what two processes of one host
/// can compare. No wall clock orders anything here.
#[must_use]
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let [seconds, nanos] =
        [time.tv_sec, time.tv_nsec].map(|part| u64::try_from(part).unwrap_or_default());
    seconds * 1_000_000_000 + nanos
}
