//! Which spans are whose children, and which are only linked: as an exporter is told.

mod events;
mod gateway;
mod repository;
mod sagas;
mod world;
