//! Where everything is: ports and cores.

use std::net::TcpListener;

use crate::error::Failure;

/// The ports of one run, all on loopback.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// nginx.
    pub(crate) nginx: u16,
    /// Our gateway.
    pub(crate) gateway: u16,
    /// hyper alone, which decides nothing.
    pub(crate) bare: u16,
    /// The modern service.
    pub(crate) modern: u16,
    /// The legacy service.
    pub(crate) legacy: u16,
}

impl Places {
    /// Ports that nobody listens on.
    pub(crate) fn free() -> Result<Self, Failure> {
        let listeners = [(); 5].map(|()| TcpListener::bind("127.0.0.1:0"));
        let mut ports = Vec::new();
        for listener in listeners {
            let listener = listener?;
            ports.push((listener.local_addr()?.port(), listener));
        }
        let port = |at: usize| ports[at].0;
        Ok(Self {
            nginx: port(0),
            gateway: port(1),
            bare: port(2),
            modern: port(3),
            legacy: port(4),
        })
    }
}

/// What a process may run on: a proxy has one core for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core {
    /// The proxies', of which one is at work at a time.
    Proxy,
    /// That of the services and of the load.
    Load,
}

impl Core {
    /// As `taskset` numbers it.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::Proxy => "0",
            Self::Load => "1",
        }
    }
}
