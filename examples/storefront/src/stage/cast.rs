//! Who plays: each service with its settings, and nothing else.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::Failed;

use super::rooms::Rooms;

/// The monolith, as an index into the cast; the others follow.
pub const MONOLITH: usize = 0;
/// Users.
pub const USER_SERVICE: usize = 1;
/// What there is to be sold.
pub const INVENTORY: usize = 2;
/// Money.
pub const PAYMENT: usize = 3;
/// Orders, and their sagas.
pub const ORDERS: usize = 4;
/// In front of all.
pub const GATEWAY: usize = 5;

pub(super) const NAMES: [&str; 6] = [
    "monolith",
    "user-service",
    "inventory-service",
    "payment-service",
    "order-service",
    "gateway",
];

/// What there is to be sold: not enough of everything.
const STOCK: &str = "p-1=60,p-2=200,p-3=400,p-4=400,p-5=1000";

/// A service: its program, and the environment it is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As which it takes part.
    pub name: &'static str,
    /// Where it is.
    pub program: PathBuf,
    /// What it is told on its command line.
    pub args: &'static [&'static str],
    /// Its environment.
    pub settings: Vec<(&'static str, String)>,
    /// Where it listens on loopback.
    pub port: u16,
    /// Where it logs to.
    pub log: PathBuf,
}

impl Part {
    /// Another value for a setting that it has.
    pub fn set(&mut self, name: &str, value: &str) {
        for setting in self.settings.iter_mut().filter(|setting| setting.0 == name) {
            value.clone_into(&mut setting.1);
        }
    }

    /// Where it is asked.
    #[must_use]
    pub fn url(&self) -> String {
        http(self.port)
    }
}

/// What listens on this port of loopback.
#[must_use]
pub fn http(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// All of them, as long as nothing has moved. `ports` are those of the cast, and one for gRPC.
#[must_use]
pub fn cast(rooms: &Rooms, programs: &Path, logs: &Path, ports: [u16; 7]) -> Vec<Part> {
    let [monolith, users, inventory, payment, orders, _, grpc] = ports;
    let state = ("STATE_URL", rooms.postgres("state"));
    let bus = [("AMQP_URL", rooms.amqp().to_owned()), ("TOPICS_PREFIX", rooms.run().to_owned())];
    let database = |room| ("DATABASE_URL", rooms.postgres(room));
    let stock = ("STOCK", STOCK.to_owned());
    let settings = [
        vec![
            ("DATABASE_URL", rooms.shop()),
            state.clone(),
            ("USER_SERVICE_URL", http(users)),
            ("USER_CODE", "on".to_owned()),
            ("DIRECT_WRITES", "on".to_owned()),
        ],
        vec![
            database("users"),
            state.clone(),
            ("MONOLITH_URL", http(monolith)),
            ("GRPC_LISTEN", format!("127.0.0.1:{grpc}")),
        ],
        [vec![database("inventory"), stock], bus.to_vec()].concat(),
        [vec![database("payments")], bus.to_vec()].concat(),
        [vec![database("orders")], bus.to_vec()].concat(),
        vec![
            ("MONOLITH_URL", http(monolith)),
            ("USER_SERVICE_URL", http(users)),
            ("ORDER_SERVICE_URL", http(orders)),
            ("INVENTORY_SERVICE_URL", http(inventory)),
            ("PAYMENT_SERVICE_URL", http(payment)),
            state,
        ],
    ];
    let part = |((name, port), settings): ((&'static str, u16), Vec<_>)| Part {
        name,
        program: programs.join(name),
        args: &[],
        settings: [
            settings,
            vec![("LISTEN", format!("127.0.0.1:{port}")), ("NODE", name.to_owned())],
        ]
        .concat(),
        port,
        log: logs.join(format!("{name}.log")),
    };
    NAMES.into_iter().zip(ports).zip(settings).map(part).collect()
}

/// Ports that nobody listens on.
///
/// # Errors
///
/// So many are not free.
pub fn free_ports<const N: usize>() -> Result<[u16; N], Failed> {
    let listeners = (0..N).map(|_| TcpListener::bind(("127.0.0.1", 0)));
    let listeners = listeners.collect::<Result<Vec<_>, _>>()?;
    let ports = listeners.iter().map(|listener| Ok(listener.local_addr()?.port()));
    let ports = ports.collect::<Result<Vec<_>, std::io::Error>>()?;
    Ok(ports.try_into().map_err(|_| "there are as many ports as listeners")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_all_different() {
        let mut ports = free_ports::<7>().unwrap();
        ports.sort_unstable();
        assert!(ports.windows(2).all(|two| two[0] != two[1]), "{ports:?}");
    }

    #[test]
    fn a_setting_is_changed_where_it_is() {
        let mut part = Part {
            name: "monolith",
            program: PathBuf::new(),
            args: &[],
            settings: vec![("USER_CODE", "on".to_owned())],
            port: 1,
            log: PathBuf::new(),
        };
        part.set("USER_CODE", "off");
        part.set("OTHER", "off");
        assert_eq!(part.settings, [("USER_CODE", "off".to_owned())]);
    }
}
