use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failed;
use crate::product::Product;

/// Has the kernel kill what it becomes when the thread that has started it ends. To ask for that oneself, between fork and
/// exec, would be `unsafe`.
const SETPRIV: &str = "/usr/bin/setpriv";

/// Where a server lives, and as whom.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    pub(crate) port: u16,
    /// User and group, if they are not those of this process.
    owner: Option<(u32, u32)>,
}

impl Place {
    /// A directory that is new, and a port that is free.
    pub(crate) fn new(product: Product, parent: &Path) -> Result<Self, Failed> {
        let port = free_port();
        let directory = parent.join(format!("{}-{port}", product.name()));
        let made = remake(&directory);
        made.map_err(|error| format!("no directory {}: {error}", directory.display()))?;
        let owner = product.account().filter(|_| id("-u", None) == Some(0)).map(owner);
        let owner = owner.transpose()?;
        if let Some((user, group)) = owner {
            chown(&directory, Some(user), Some(group))?;
        }
        Ok(Self { directory, port, owner })
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// A command in this place, as its owner, that ends with this thread.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = if Path::new(SETPRIV).exists() {
            let mut command = Command::new(SETPRIV);
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.directory).stdin(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

fn remake(directory: &Path) -> std::io::Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)
}

/// User and group of `account`, or of nobody.
fn owner(account: &str) -> Result<(u32, u32), Failed> {
    let user = if id("-u", Some(account)).is_some() { account } else { "nobody" };
    let numbers = id("-u", Some(user)).zip(id("-g", Some(user)));
    numbers.ok_or_else(|| format!("neither {account} nor nobody is a user").into())
}

fn id(what: &str, user: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg(what).args(user).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())??.trim().parse().ok()
}

/// Does something, once.
pub(crate) fn finish(mut command: Command) -> Result<(), Failed> {
    let output = command.output().map_err(|error| format!("no {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&said)).into())
}

/// The first of three in a row that no outgoing connection gets, so that a server that is started again finds them free.
fn free_port() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut ports = std::iter::repeat_with(|| fastrand::u16(7_000..10_000) * 3);
    ports.find(|port| (0..3).all(|more| is_free(port + more))).expect("it tries for ever")
}
