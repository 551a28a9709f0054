use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// A name of a test's own, which tells whose it is: what a process has left behind that failed, the next one here removes.
pub(crate) fn own_name() -> String {
    format!("contracts_{}_{}_{:016x}", place(), std::process::id(), fastrand::u64(..))
}

/// Whether a name is that of a process of this place that is gone.
pub(crate) fn is_left(name: &str) -> bool {
    let own = format!("contracts_{}_", place());
    let process = name.strip_prefix(&own).and_then(|rest| rest.split('_').next()?.parse().ok());
    process.is_some_and(|process: u32| !Path::new(&format!("/proc/{process}")).exists())
}

/// Where a process has its number: the same one elsewhere, on the same servers, is another process.
fn place() -> String {
    let mut hasher = DefaultHasher::new();
    fs::read("/proc/sys/kernel/random/boot_id").ok().hash(&mut hasher);
    fs::read_link("/proc/self/ns/pid").ok().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[test]
fn what_a_process_has_that_lives_or_is_elsewhere_is_not_left() {
    assert!(!is_left(&own_name()));
    // No process has that number: it is beyond the largest that Linux gives.
    assert!(is_left(&format!("contracts_{}_4194305_0123456789abcdef", place())));
    for other in ["public", "contracts_0123456789abcdef", "contracts_elsewhere_4194305_0"] {
        assert!(!is_left(other), "{other}");
    }
}
