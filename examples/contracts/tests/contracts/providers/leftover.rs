use std::path::Path;

/// A name of a test's own, which tells whose it is: what a process has left behind that failed, the next one removes.
pub(crate) fn own_name() -> String {
    format!("contracts_{}_{:016x}", std::process::id(), fastrand::u64(..))
}

/// Whether a name is that of a process that is gone.
pub(crate) fn is_left(name: &str) -> bool {
    let mut parts = name.split('_');
    let (Some("contracts"), Some(process), Some(_)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    process.parse::<u32>().is_ok_and(|process| !Path::new(&format!("/proc/{process}")).exists())
}

#[test]
fn what_a_living_process_has_is_not_left() {
    assert!(!is_left(&own_name()));
    assert!(!is_left("public") && !is_left("contracts_0123456789abcdef"));
    // No process has that number: it is beyond the largest that Linux gives.
    assert!(is_left("contracts_4194305_0123456789abcdef"));
}
