//! What the three services of an order have in common: what an order is, who is told what, and how a service does a
//! command once. They share no table, and none calls another.

mod answer;
mod command;
mod mailbox;
mod order;
mod service;
mod tidy;

pub use answer::Answer;
pub use command::{
    ACCEPT_ORDER, CANCEL_ORDER, CONFIRM_ORDER, ORDER_CANCELLED, ORDER_CONFIRMED, ORDER_CREATED,
    PROCESS_PAYMENT, REFUND_PAYMENT, RELEASE_INVENTORY, RESERVE_INVENTORY,
};
pub use mailbox::{Mailbox, bus};
pub use order::{Order, WrongOrder, order_of, refused};
pub use service::Service;
pub use tidy::{AGE, Forgets, Tidies};
