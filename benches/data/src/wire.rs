//! What goes over the wire: the servers behind doors that count.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::candidates::{reladiff, task};
use crate::error::Failure;
use crate::fixture::Fixture;
use crate::process;

/// Bytes of one check, of both sides together and in both directions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wired {
    pub(crate) name: &'static str,
    pub(crate) bytes: u64,
}

/// One check each, not timed.
pub(crate) fn measured(fixture: &Fixture) -> Result<Vec<Wired>, Failure> {
    let mut wired = Vec::new();
    for (name, check, variant) in [
        ("checker.full.equal", "full", "modern"),
        ("checker.digest.equal", "digest", "modern"),
        ("checker.digest.few", "digest", "few"),
        ("reladiff.equal", "reladiff", "modern"),
        ("reladiff.few", "reladiff", "few"),
    ] {
        if !fixture.variants.contains(&variant) {
            continue;
        }
        let counter = Arc::new(AtomicU64::new(0));
        let legacy = door(&fixture.url("legacy"), &counter)?;
        let modern = door(&fixture.url(variant), &counter)?;
        let mut command = match (check, &fixture.servers.reladiff) {
            ("reladiff", Some(program)) => reladiff(program, &legacy, &modern),
            ("reladiff", None) => continue,
            _ => task(check, &legacy, &modern)?,
        };
        process::run(&mut command)?;
        wired.push(Wired { name, bytes: counter.load(Ordering::Relaxed) });
    }
    Ok(wired)
}

/// The same database through a door of its own, which stays open as long as we.
fn door(url: &str, counter: &Arc<AtomicU64>) -> Result<String, Failure> {
    let (head, rest) = url.split_once("://").ok_or_else(|| Failure::new("it is no URL"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
    let server = if server.contains(':') { server.to_owned() } else { format!("{server}:5432") };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let counter = Arc::clone(counter);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&server) else { continue };
            let _ = passed(client, server, &counter);
        }
    });
    let at = if user.is_empty() { "" } else { "@" };
    Ok(format!("{head}://{user}{at}127.0.0.1:{port}/{path}"))
}

/// Passes on what comes, in both directions.
fn passed(client: TcpStream, server: TcpStream, counter: &Arc<AtomicU64>) -> io::Result<()> {
    let (client_too, server_too) = (client.try_clone()?, server.try_clone()?);
    for (mut from, mut to) in [(client, server), (server_too, client_too)] {
        let counter = Arc::clone(counter);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1_024];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                counter.fetch_add(read as u64, Ordering::Relaxed);
                if to.write_all(&buffer[..read]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}
