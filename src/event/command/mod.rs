//! Steps of sagas that are commands to other services, by messages.
//!
//! The one end is a [`CommandStep`] of a [`CommandChannel`]: it publishes a command and waits for the reply of its
//! correlation in a [`ReplyStore`], which a [`ReplyReceiver`] fills. The other end is a
//! [`CommandParticipant`], or, for who does it by hand, a [`ReceivedCommand`].

mod channel;
mod error;
mod id;
mod participant;
mod received;
mod receiver;
mod reply;
mod reply_store;
mod step;

pub use channel::CommandChannel;
pub use error::CommandError;
pub use participant::{CommandHandler, CommandParticipant};
pub use received::ReceivedCommand;
pub use receiver::ReplyReceiver;
pub use reply::Reply;
pub use reply_store::ReplyStore;
pub use step::{CommandStep, CommandToUndo};
