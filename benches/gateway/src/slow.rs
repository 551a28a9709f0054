//! Ten thousand clients hang on, modern is dead, and others ask for pages.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use crate::asking::Asked;
use crate::client::Side;
use crate::error::Failure;
use crate::hanging::Hanging;
use crate::place::{Core, Places};
use crate::process::part;
use crate::proxies::{Proxy, service};

/// How many hang on, where descriptors allow it.
pub(crate) const CLIENTS: u32 = 10_000;
/// How long others ask, in seconds.
pub(crate) const ASKED_FOR: u32 = 15;
/// How long it may take until all hang on.
const HANGING_WITHIN: Duration = Duration::from_secs(45);

/// What happened to one proxy.
#[derive(Debug)]
pub(crate) struct Slowed {
    pub(crate) proxy: Proxy,
    /// Who hung on when the others began to ask, and when they had asked.
    pub(crate) before: Hanging,
    pub(crate) after: Hanging,
    pub(crate) asked: Asked,
    /// The most memory it held, in MiB.
    pub(crate) rss_mib: f64,
}

/// How many may hang on: each takes a descriptor of the proxy, and mostly one more towards
/// a service.
pub(crate) fn clients() -> u32 {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let spare = u32::try_from(limit).unwrap_or(u32::MAX).saturating_sub(1_000);
    CLIENTS.min(spare / 9 * 5)
}

/// Lets so many hang on one proxy, while others ask for so many seconds.
pub(crate) fn run(
    places: &Places,
    proxy: Proxy,
    clients: u32,
    seconds: u32,
) -> Result<Slowed, Failure> {
    let (_legacy, modern) = (service(Side::Legacy, places)?, service(Side::Modern, places)?);
    let server = proxy.start(places)?;
    let sides = proxy.checked(places)?;
    // Who posts is one of legacy's, the next is one of modern's.
    let wanted = [Side::Legacy, Side::Modern];
    let user = sides.windows(2).position(|two| two == wanted).map(|at| at + 1);
    let user =
        user.ok_or_else(|| Failure::new("no user of modern's is next to one of legacy's"))?;
    modern.kill()?;
    let port = proxy.port(places).to_string();
    let crowd = Crowd::started(&[&port, &clients.to_string(), &user.to_string()])?;
    let before = crowd.gathered(clients);
    let asked = asked(&port, seconds)?;
    let after = crowd.now();
    Ok(Slowed { proxy, before, after, asked, rss_mib: server.peak_rss_mib()? })
}

fn asked(port: &str, seconds: u32) -> Result<Asked, Failure> {
    let mut command = part(Core::Load, "ask")?;
    let output =
        command.args([port, &seconds.to_string()]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let said = String::from_utf8(output.output()?.stdout)?;
    Asked::read(said.trim()).ok_or_else(|| Failure::new(format!("who asked said {said:?}")))
}

/// Those who hang on, and what they said last.
struct Crowd {
    process: Child,
    said: Arc<Mutex<Hanging>>,
}

impl Crowd {
    fn started(arguments: &[&str]) -> Result<Self, Failure> {
        let mut command = part(Core::Load, "hang")?;
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let lines = process.stdout.take().ok_or_else(|| Failure::new("nothing was piped"))?;
        let said = Arc::new(Mutex::new(Hanging::default()));
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                if let Some(hanging) = Hanging::read(&line) {
                    *heard.lock().unwrap_or_else(PoisonError::into_inner) = hanging;
                }
            }
        });
        Ok(Self { process, said })
    }

    /// How many hang on, as of the last second.
    fn now(&self) -> Hanging {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all hang on, or as many as do.
    fn gathered(&self, clients: u32) -> Hanging {
        let began = Instant::now();
        while self.now().all() < clients && began.elapsed() < HANGING_WITHIN {
            thread::sleep(Duration::from_millis(100));
        }
        self.now()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
