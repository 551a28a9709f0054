//! Panics anywhere in a run, also where nobody joins the task.

use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static HOOK: Once = Once::new();

/// From now on, what panics on this thread is written down as well as told.
pub(crate) fn watch() {
    HOOK.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            SEEN.with_borrow_mut(|seen| seen.push(info.to_string()));
            told(info);
        }));
    });
    SEEN.with_borrow_mut(Vec::clear);
}

/// What has panicked since then.
pub(crate) fn seen() -> Option<String> {
    SEEN.with_borrow(|seen| (!seen.is_empty()).then(|| format!("panicked: {}", seen.join("; "))))
}
