//! What is measured, and what is beside it.

use crate::client::{self, Side, USERS};
use crate::error::Failure;
use crate::nginx;
use crate::place::{Core, Places};
use crate::process::{Server, part};

/// Who answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// nginx with `split_clients` and `proxy_next_upstream`.
    Nginx,
    /// Ours.
    Gateway,
    /// hyper's server and client, which decide nothing.
    Bare,
    /// No proxy: the legacy service itself.
    None,
}

impl Proxy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Gateway => "gateway",
            Self::Bare => "hyper alone",
            Self::None => "no proxy",
        }
    }

    /// Where it listens.
    pub(crate) fn port(self, places: &Places) -> u16 {
        match self {
            Self::Nginx => places.nginx,
            Self::Gateway => places.gateway,
            Self::Bare => places.bare,
            Self::None => places.legacy,
        }
    }

    /// Starts it.
    pub(crate) fn start(self, places: &Places) -> Result<Server, Failure> {
        let name = match self {
            Self::Nginx => return nginx::start(places),
            Self::Gateway => "gateway",
            Self::Bare => "bare",
            Self::None => return service(Side::Legacy, places),
        };
        let port = self.port(places);
        let mut command = part(Core::Proxy, name)?;
        command.args([port, places.modern, places.legacy].map(|port| port.to_string()));
        Server::start(&mut command, port)
    }

    /// That it answers everybody with a page, always of the same side, about half of them
    /// with modern's.
    pub(crate) fn checked(self, places: &Places) -> Result<Vec<Side>, Failure> {
        let failed = |failure| Failure::new(format!("{}: {failure}", self.name()));
        let sides = client::sides(self.port(places)).map_err(failed)?;
        let modern = sides.iter().filter(|side| **side == Side::Modern).count();
        let half = USERS as usize / 2;
        // Five times what chance would do.
        if modern.abs_diff(half) > 80 {
            return Err(failed(Failure::new(format!("{modern} of {USERS} users got modern"))));
        }
        Ok(sides)
    }
}

/// Starts a service.
pub(crate) fn service(side: Side, places: &Places) -> Result<Server, Failure> {
    let (name, port) = match side {
        Side::Modern => ("modern", places.modern),
        Side::Legacy => ("legacy", places.legacy),
    };
    let mut command = part(Core::Load, "backend")?;
    Server::start(command.args([name, &port.to_string()]), port)
}
