//! Applies a rule to what a broker delivers, and loses nothing on the way.
//!
//! A message with QoS 1 or 2 is acknowledged when what it leads to has been acknowledged by the broker, and in the order it
//! came. So whatever ends in between (the connection, the broker, this program), the broker delivers it once more. What this
//! program still knows of it then, it does not publish again.

use std::collections::VecDeque;

use bearcub::mqtt::{Acknowledge, Message, PacketId, Publish, QoS};
use sha2::{Digest, Sha256};

use super::evaluate::Refused;
use super::{Incoming, Outgoing, Rule};
use crate::failure::Failure;
use crate::mqtt::{ToolClient, failed};

/// Messages under way in each direction. Brokers limit themselves to fewer; the larger number is for those who were told not
/// to.
pub const IN_FLIGHT: usize = 4096;

/// Messages of QoS 0 that wait to be published; what comes then is dropped, as QoS 0 allows.
const QUEUE: usize = 16_384;

/// Bytes of the largest payload that a rule is applied to.
pub const LARGEST: usize = 8 << 20;

/// Bytes of messages that wait for their acknowledgement.
pub const STORE: usize = 4 * LARGEST;

/// A client with that many slots.
pub type Client<'c, 'b, 's> = ToolClient<'c, 'b, 's, IN_FLIGHT>;

/// What became of a message.
#[derive(Clone, Debug)]
pub enum Fate {
    /// This is published.
    Published(Outgoing),
    /// WHERE leaves it out.
    LeftOut,
    /// It is published to the topic for errors, if there is one.
    Refused(Refused),
    /// The broker had kept it from before: its time is not known.
    Old,
    /// It is from a subscription that the session had before.
    Foreign,
    /// It is being published already: the broker delivers it again.
    Known,
    /// It has QoS 0, and too many others wait.
    Dropped,
}

/// A message that is not done with.
struct Entry {
    /// How to tell it when it comes again; nothing for QoS 0.
    mark: Option<[u8; 32]>,
    acknowledge: Option<Acknowledge>,
    progress: Progress,
}

enum Progress {
    Waits(Outgoing),
    Sent(PacketId),
    Done,
}

/// How results are published, and what else is.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The QoS of results.
    pub qos: QoS,
    /// Where messages go that no result can be published for.
    pub errors: Option<String>,
    /// Whether to take messages that the broker had kept.
    pub retained: bool,
}

/// The messages under way.
pub struct Service<'r> {
    rule: &'r Rule,
    delivery: &'r Delivery,
    /// Those of this connection, in the order they came.
    entries: VecDeque<Entry>,
    /// Those of connections before, which the broker may deliver again.
    earlier: Vec<Entry>,
    /// Messages that are done with.
    pub done: u64,
}

impl<'r> Service<'r> {
    /// Nothing is under way.
    pub fn new(rule: &'r Rule, delivery: &'r Delivery) -> Self {
        Service {
            rule,
            delivery,
            entries: VecDeque::new(),
            earlier: Vec::new(),
            done: 0,
        }
    }

    /// Messages of this connection that are under way.
    pub fn under_way(&self) -> usize {
        self.entries.len()
    }

    /// A connection has begun. If the broker has no session from before, it delivers nothing again.
    pub fn connected(&mut self, is_resumed: bool) {
        self.earlier.extend(self.entries.drain(..));
        for entry in &mut self.earlier {
            entry.acknowledge = None;
            if !is_resumed {
                entry.mark = None;
            }
        }
        self.forget_earlier();
    }

    fn forget_earlier(&mut self) {
        self.earlier
            .retain(|entry| entry.mark.is_some() || !matches!(entry.progress, Progress::Done));
    }

    /// Takes a message, and says what becomes of it. Of one that is too large there is no payload.
    pub fn take(&mut self, message: &Message<'_>, payload: Option<&[u8]>, received: u64) -> Fate {
        let mark = (message.qos > QoS::AtMostOnce).then(|| {
            let topic = message.topic.as_bytes();
            let length = u64::try_from(topic.len()).unwrap_or(u64::MAX);
            let hash = Sha256::new().chain_update(length.to_be_bytes());
            <[u8; 32]>::from(
                hash.chain_update(topic)
                    .chain_update(payload.unwrap_or_default())
                    .finalize(),
            )
        });
        let entry = |progress| Entry {
            mark,
            acknowledge: message.acknowledge,
            progress,
        };
        if message.duplicate
            && let Some(index) = self.earlier.iter().position(|entry| entry.mark == mark)
        {
            let known = self.earlier.swap_remove(index);
            self.entries.push_back(entry(known.progress));
            return Fate::Known;
        }
        let fate = if message.retain && !self.delivery.retained {
            Fate::Old
        } else if !self.rule.takes(&message.topic) {
            Fate::Foreign
        } else if mark.is_none() && self.entries.len() >= QUEUE {
            return Fate::Dropped;
        } else if let Some(payload) = payload {
            let incoming = Incoming {
                topic: &message.topic,
                payload,
                received,
            };
            match self.rule.apply(&incoming) {
                Ok(Some(outgoing)) => Fate::Published(outgoing),
                Ok(None) => Fate::LeftOut,
                Err(refused) => Fate::Refused(refused),
            }
        } else {
            let why = format!("{} bytes are more than {LARGEST}", message.length);
            Fate::Refused(Refused { target: None, why })
        };
        let outgoing = match &fate {
            Fate::Published(outgoing) => Some(outgoing.clone()),
            Fate::Refused(refused) => self.error(&message.topic, payload, refused),
            _ => None,
        };
        self.entries
            .push_back(entry(outgoing.map_or(Progress::Done, Progress::Waits)));
        fate
    }

    /// What is published to the topic for errors, with the names that AWS gives to its parts.
    fn error(&self, topic: &str, payload: Option<&[u8]>, refused: &Refused) -> Option<Outgoing> {
        use base64ct::{Base64, Encoding};
        let message = serde_json::json!({
            "topic": topic,
            "base64OriginalPayload": payload.map(Base64::encode_string),
            "failures": [{
                "failedAction": "republish",
                "failedResource": refused.target,
                "errorMessage": refused.why,
            }],
        });
        self.delivery.errors.clone().map(|topic| Outgoing {
            topic,
            payload: message.to_string().into_bytes(),
        })
    }

    /// The broker has what was published with this identifier.
    pub fn published(&mut self, id: PacketId) {
        let mut all = self.entries.iter_mut().chain(&mut self.earlier);
        if let Some(entry) =
            all.find(|entry| matches!(entry.progress, Progress::Sent(sent) if sent == id))
        {
            entry.progress = Progress::Done;
        }
        self.forget_earlier();
    }

    /// Publishes what waits, as far as there is room, and acknowledges what is done with. Gives what can never be published,
    /// and why: it is acknowledged.
    ///
    /// # Errors
    /// Why the connection is over.
    pub fn go_on(
        &mut self,
        client: &mut Client<'_, '_, '_>,
    ) -> Result<Vec<(Outgoing, Failure)>, Failure> {
        let mut impossible = Vec::new();
        for entry in self.earlier.iter_mut().chain(&mut self.entries) {
            let Progress::Waits(outgoing) = &entry.progress else {
                continue;
            };
            let in_flight = client.session().in_flight();
            if in_flight >= IN_FLIGHT {
                break;
            }
            let message = Publish::new(&outgoing.topic, &outgoing.payload).qos(self.delivery.qos);
            let progress = match client.publish_message(&message) {
                Ok(published) => published.id.map_or(Progress::Done, Progress::Sent),
                // There will be room when the broker has acknowledged others.
                Err(error) if in_flight > 0 && is_lack_of_room(&error) => break,
                Err(error) if is_about_the_message(&error) => {
                    impossible.push((outgoing.clone(), failed(error)));
                    Progress::Done
                }
                Err(error) => return Err(failed(error)),
            };
            entry.progress = progress;
        }
        while let Some(entry) = self.entries.front()
            && matches!(entry.progress, Progress::Done)
        {
            if let Some(acknowledge) = entry.acknowledge {
                client.acknowledge(acknowledge).map_err(failed)?;
            }
            self.entries.pop_front();
            self.done += 1;
        }
        Ok(impossible)
    }
}

type ClientError = bearcub::mqtt::ClientError<bearcub::Error>;

fn is_lack_of_room(error: &ClientError) -> bool {
    use bearcub::error::{MqttResource, ResourceError};
    matches!(
        error,
        ClientError::Mqtt(bearcub::Error::Resource(ResourceError::Mqtt(
            MqttResource::InFlight | MqttResource::StoreFull
        )))
    )
}

/// Whether the message itself is the reason, so that no other connection helps.
fn is_about_the_message(error: &ClientError) -> bool {
    use bearcub::Error::{Config, Resource};
    matches!(error, ClientError::Mqtt(Config(_) | Resource(_)))
}
