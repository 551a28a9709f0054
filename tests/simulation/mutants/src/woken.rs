//! Which fault is awake, on this thread.

use std::cell::Cell;

thread_local! {
    static AWAKE: Cell<&'static str> = const { Cell::new("") };
}

/// Wakes this fault, and lets every other sleep.
pub fn wake(name: &'static str) {
    AWAKE.set(name);
}

/// Whether this fault is awake.
pub fn is(name: &str) -> bool {
    AWAKE.get() == name
}
