//! Modern is killed while everybody asks: nobody may notice.

use std::thread;
use std::time::Duration;

use crate::client::Side;
use crate::error::Failure;
use crate::load::{Load, ended};
use crate::place::Places;
use crate::proxies::{Proxy, service};

/// How many connections ask.
const CONNECTIONS: u32 = 64;
/// For how many seconds; modern is killed in the middle.
const SECONDS: u32 = 6;

/// What callers of one proxy saw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Killed {
    pub(crate) proxy: Proxy,
    /// Safe requests that were answered, in any way.
    pub(crate) requests: u64,
    /// Safe requests that were not answered with a page.
    pub(crate) failed: u64,
}

/// Kills modern under one proxy.
pub(crate) fn run(places: &Places, proxy: Proxy) -> Result<Killed, Failure> {
    let (_legacy, modern) = (service(Side::Legacy, places)?, service(Side::Modern, places)?);
    let _proxy = proxy.start(places)?;
    proxy.checked(places)?;
    let load = Load { connections: CONNECTIONS, seconds: SECONDS, judged: true };
    let wrk = load.start(proxy.port(places))?;
    thread::sleep(Duration::from_secs((SECONDS / 2).into()));
    modern.kill()?;
    let loaded = ended(wrk)?;
    Ok(Killed { proxy, requests: loaded.requests, failed: loaded.failed })
}
