//! What a run is staged with, whatever it shows: servers, a database and a login for each service, the processes, and whoever
//! operates them. No service uses any of it.

mod cast;
mod claim;
mod crew;
mod doors;
mod house;
mod operator;
mod own;
mod process;
mod rooms;
mod servers;
mod web;

pub use cast::{
    GATEWAY, INVENTORY, MONOLITH, ORDERS, PAYMENT, Part, USER_SERVICE, cast, free_ports, http,
};
pub use crew::{Crew, Member};
pub use doors::Doors;
pub use house::{House, USERS, load};
pub use operator::Operator;
pub use own::OwnServers;
pub use process::{Process, mortal};
pub use rooms::Rooms;
pub use servers::{Servers, door};
pub use web::{Answer, Outcome, Web};
