//! MQTT 3.1.1 for small devices: no allocation, nothing lost, nothing silent.
//!
//! It knows nothing of TLS: any stream with `embedded-io`'s `Read` and `Write` serves that can say whether its server is
//! known ([`Authenticated`](crate::trust::Authenticated)).
//!
//! In reading order: [`Options`] and [`Publish`] say what a session is to be and to send; [`Session`] is the client without
//! I/O; [`blocking::Client`] and `asynch::Client` (with the feature `async`) are two thin shells over it; [`store`] keeps
//! what is not acknowledged; [`Backoff`] says when to connect again. [`packet`] is the codec below; `queue` holds the bytes in
//! each direction, and `input` finds packets in what comes.

#[cfg(feature = "async")]
pub mod asynch;
pub mod blocking;
mod cause;
mod client;
mod input;
mod options;
pub mod packet;
mod queue;
mod reconnect;
mod session;
pub mod store;

pub use client::ClientError;
pub use input::{Input, Item};
pub use options::{Broker, Filter, Options, Overflow, Publish};
pub use packet::{PacketId, QoS, Topic};
pub use reconnect::{Backoff, Retry};
pub use session::{Acknowledge, Event, Message, Publication, Resumption, Session, Subscription};
