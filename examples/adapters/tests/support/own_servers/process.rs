//! A process that is killed with all of its own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::said;

/// Where a server lives, and as whom.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) directory: PathBuf,
    pub(super) port: u16,
    /// User and group, if they are not those of the test.
    owner: Option<(u32, u32)>,
}

impl Place {
    /// A directory that is new, and a port that is free. `account` is a user that the server runs as where the test is
    /// root.
    pub(super) fn of(name: &str, account: Option<&str>) -> Self {
        let port = free_port();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{port}"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("a directory can be made");
        let owner = account.filter(|_| id("-u", None) == Some(0)).map(|account| {
            let user = if id("-u", Some(account)).is_some() { account } else { "nobody" };
            let numbers = id("-u", Some(user)).zip(id("-g", Some(user)));
            numbers.unwrap_or_else(|| panic!("neither {account} nor nobody is a user"))
        });
        if let Some((user, group)) = owner {
            chown(&directory, Some(user), Some(group)).expect("root gives things away");
        }
        Self { directory, port, owner }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// A command in this place, and as its owner.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.directory).stdin(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    /// Starts a server, whose words go to its log.
    pub(super) fn run(&self, mut command: Command) -> Running {
        let log = fs::File::options().create(true).append(true).open(self.log());
        let log = log.expect("a log can be written");
        command.stdout(log.try_clone().expect("a log can be shared")).stderr(log);
        let child = command.process_group(0).spawn();
        Running(child.unwrap_or_else(|error| panic!("no {command:?} ({error}): install it")))
    }

    /// Who works in this directory: the server, and what it has started, whatever group and session that is in.
    fn residents(&self) -> Vec<String> {
        let processes = fs::read_dir("/proc").expect("there is a /proc").flatten();
        let residents = processes.filter(|process| {
            fs::read_link(process.path().join("cwd"))
                .is_ok_and(|at| at.starts_with(&self.directory))
        });
        residents.filter_map(|process| process.file_name().into_string().ok()).collect()
    }
}

/// Does something, once.
pub(super) fn finish(mut command: Command) {
    let output = command.output().unwrap_or_else(|error| panic!("no {command:?}: {error}"));
    let text = || String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {}", text());
}

/// A server that was started.
#[derive(Debug)]
pub(super) struct Running(Child);

impl Running {
    pub(super) fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("it is ours").is_some()
    }

    pub(super) fn kill(mut self, place: &Place) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        // One that is about to start another may get to it.
        while let residents @ [_, ..] = &*place.residents() {
            let _ =
                Command::new("kill").arg("-KILL").args(residents).stderr(Stdio::null()).status();
            sleep(Duration::from_millis(5));
        }
    }
}

/// The first of three in a row that no outgoing connection gets, so that a server that is started again finds them free.
fn free_port() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut ports = std::iter::repeat_with(|| fastrand::u16(7_000..10_000) * 3);
    ports.find(|port| (0..3).all(|more| is_free(port + more))).expect("it tries for ever")
}

fn id(what: &str, user: Option<&str>) -> Option<u32> {
    said(Command::new("id").arg(what).args(user))?.parse().ok()
}
