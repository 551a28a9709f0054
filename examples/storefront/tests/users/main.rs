//! What monolith and user service answer about users, on stores in memory.

mod queue;
mod routes;
