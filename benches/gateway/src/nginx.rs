//! nginx as the gateway: half of the users try modern first, and legacy stands in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Failure;
use crate::place::{Core, Places};
use crate::process::{Server, on};

/// Where its files are.
const HOME: &str = "gateway";

/// Starts it, with one worker, which is what is measured.
pub(crate) fn start(places: &Places) -> Result<Server, Failure> {
    let home = home()?;
    let conf = home.join("nginx.conf");
    fs::write(&conf, configuration(places, rustix::process::getuid().is_root()))?;
    let mut nginx = on(Core::Proxy, "nginx");
    nginx.arg("-p").arg(&home).arg("-c").arg(&conf).arg("-e").arg(home.join("error.log"));
    let master = Server::start(&mut nginx, places.nginx)?;
    let worker = only_child(master.pid())?;
    Ok(master.measured_by(worker))
}

/// Whether it is installed.
pub(crate) fn is_here() -> bool {
    Command::new("nginx").arg("-v").output().is_ok_and(|output| output.status.success())
}

/// The directory of what a run leaves: `target/gateway`.
pub(crate) fn home() -> Result<PathBuf, Failure> {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let home = Path::new(&target).join(HOME);
    fs::create_dir_all(&home)?;
    Ok(home.canonicalize()?)
}

fn only_child(pid: u32) -> Result<u32, Failure> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    let mut children = children.split_whitespace().map(str::parse);
    match (children.next(), children.next()) {
        (Some(Ok(child)), None) => Ok(child),
        _ => Err(Failure::new("nginx does not have exactly one worker")),
    }
}

/// As root, its worker would be a user who may not enter our directories.
fn configuration(places: &Places, is_root: bool) -> String {
    let user = if is_root { "user root;" } else { "" };
    let Places { nginx, modern, legacy, .. } = places;
    format!(
        r#"{user}
daemon off;
pid nginx.pid;
worker_processes 1;
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  split_clients "shop$http_x_user" $group {{ 50% modern_first; * legacy_only; }}
  upstream modern_first {{
    server 127.0.0.1:{modern};
    server 127.0.0.1:{legacy} backup;
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  upstream legacy_only {{
    server 127.0.0.1:{legacy};
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{nginx} reuseport backlog=4096;
    location / {{
      proxy_pass http://$group;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_connect_timeout 500ms;
      proxy_read_timeout 500ms;
      proxy_next_upstream error timeout http_500 http_502 http_503 http_504;
      proxy_next_upstream_tries 2;
    }}
  }}
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_are_where_the_configuration_says() {
        let places = Places { nginx: 1, gateway: 2, bare: 3, modern: 4, legacy: 5 };
        let text = configuration(&places, false);
        assert!(text.contains("listen 127.0.0.1:1 ") && text.contains("server 127.0.0.1:4;"));
        assert!(text.contains("server 127.0.0.1:5 backup;") && !text.contains("user root"));
    }
}
