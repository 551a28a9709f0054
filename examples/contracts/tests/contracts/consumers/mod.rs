//! What asks, run as it is, against a mock that answers as it expects and takes nothing else.

mod controls;
mod front;
mod gateway;
mod mock;
mod monolith;
mod stores;
mod user_service;
