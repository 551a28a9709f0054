//! Orders on real servers: those of `POSTGRES_URL` and `AMQP_URL`, or of the usual ports (`make servers`). Each test has
//! schemas and queues of its own, and drops them.

mod participant;
mod site;
mod story;
