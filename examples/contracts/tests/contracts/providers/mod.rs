//! What answers, run as it is, and asked what the committed files say.

mod controls;
mod inventory_service;
mod leftover;
mod monolith;
mod order_service;
mod payment_service;
mod room;
mod site;
mod stores;
mod user_service;
mod users;
mod verify;
