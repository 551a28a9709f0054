//! What every process of the fleet does with its parent: obey, and end with it.

use std::io::{self, BufRead, Write};
use std::process;
use std::thread;

use rustix::process::{Signal, set_parent_process_death_signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The lines the parent says. When it says no more, it has ended, and so does
/// this process: by the end of the pipe, or, while it is stopped and reads
/// nothing, by a signal.
///
/// # Errors
///
/// When the signal cannot be asked for.
pub fn orders() -> io::Result<UnboundedReceiver<String>> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let (say, said) = unbounded_channel();
    // No task: a runtime would wait for a read that never ends.
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            // Nobody listens when the work is done.
            let _ = say.send(line);
        }
        process::exit(1)
    });
    Ok(said)
}

/// Tells the parent.
pub fn tell(line: &str) {
    // A parent that has ended hears nothing.
    let _ = writeln!(io::stdout(), "{line}");
}
