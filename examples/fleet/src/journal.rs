use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::Event;
use crate::moment::now;

/// What one life of a node asked and heard.
///
/// Each event is one `write(2)` of a line, a call's before it is made and an
/// answer's after it came, and nothing is kept back: whatever kills the process,
/// a call that may have had an effect is in the file.
#[derive(Debug)]
pub struct Journal {
    file: File,
    calls: AtomicU64,
}

impl Journal {
    /// A new journal at `path`.
    ///
    /// # Errors
    ///
    /// When there is one already, or it cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        Ok(Self { file, calls: AtomicU64::new(0) })
    }

    /// A write begins; answers the number of the call.
    pub fn writes(&self, key: u32, value: Option<u64>) -> u64 {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.put(&Event::Write { call, key, value, at: now() });
        call
    }

    /// A read begins; answers the number of the call.
    pub fn reads(&self, key: u32) -> u64 {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.put(&Event::Read { call, key, at: now() });
        call
    }

    /// A write was acknowledged.
    pub fn done(&self, call: u64) {
        self.put(&Event::Done { call, at: now() });
    }

    /// A write surely had no effect.
    pub fn refused(&self, call: u64) {
        self.put(&Event::Refused { call });
    }

    /// A read was answered.
    pub fn found(&self, call: u64, value: Option<u64>) {
        self.put(&Event::Found { call, value, at: now() });
    }

    /// # Panics
    ///
    /// If the file takes no more: a life that cannot be judged must not go on.
    fn put(&self, event: &Event) {
        let mut line = serde_json::to_vec(event).expect("an event has a JSON form");
        line.push(b'\n');
        (&self.file).write_all(&line).expect("the journal can be written");
    }
}
