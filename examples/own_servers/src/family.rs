//! A process and all that it has started, whatever group and session that is in.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Number, parent and state of each process. Anybody may read these, also of other users.
fn processes() -> BTreeMap<i32, (i32, char)> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    numbers.filter_map(|number: i32| Some((number, stat(number)?))).collect()
}

/// `NUMBER (name) STATE PARENT …`, whatever stands in the name.
fn stat(number: i32) -> Option<(i32, char)> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some((words.next()?.parse().ok()?, state))
}

/// A process, and its descendants.
pub(crate) fn family(head: u32) -> Vec<Pid> {
    let processes = processes();
    let Ok(head) = i32::try_from(head) else { return Vec::new() };
    let mut family = vec![head];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        let children = processes.iter().filter(|(_, (of, _))| *of == parent);
        family.extend(children.map(|(number, _)| *number));
        next += 1;
    }
    family.into_iter().filter_map(Pid::from_raw).collect()
}

/// Sends each of them a signal. Who has ended meanwhile needs none.
pub(crate) fn signal(family: &[Pid], signal: Signal) {
    for member in family {
        let _ = kill_process(*member, signal);
    }
}

/// Whether it goes on; one that has ended and was not waited for does not.
pub(crate) fn lives(member: Pid) -> bool {
    stat(member.as_raw_nonzero().get()).is_some_and(|(_, state)| state != 'Z')
}
