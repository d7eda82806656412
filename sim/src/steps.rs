//! What happened in a connection, in order: the messages of both sides, when each was there, and the work it made.

use std::time::Duration;

use bearcub::tls::Message;
use serde::Serialize;

use crate::client::Stage;
use crate::flow::Flow;
use crate::tape::{Direction, Tape};

/// One message of a handshake, or a record of another kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Who sent it: `client` or `server`.
    pub from: &'static str,
    /// As the RFCs call it.
    pub message: &'static str,
    /// Its bytes, without the record's header; of a message that was cut off, those that came.
    pub bytes: usize,
    /// Whether all of it came.
    pub complete: bool,
    /// When its last byte had gone or come, from the start of the connection.
    pub at_milliseconds: f64,
    /// The work of the client that it ended, where that was timed.
    pub computing_milliseconds: Option<f64>,
}

/// The steps of a connection, application data and what follows it left out.
pub fn of(tape: &Tape, stages: &[Stage]) -> Vec<Step> {
    let mut steps = [Vec::new(), Vec::new()];
    for (direction, steps) in [Direction::ToServer, Direction::ToClient]
        .into_iter()
        .zip(&mut steps)
    {
        for seen in Flow::read(&tape.stream(direction)).messages {
            if seen.name == "application data" {
                break;
            }
            let (position, at) = tape.when(direction, seen.end);
            let step = Step {
                from: match direction {
                    Direction::ToServer => "client",
                    Direction::ToClient => "server",
                },
                message: seen.name,
                bytes: seen.length,
                complete: seen.is_complete,
                at_milliseconds: milliseconds(at),
                computing_milliseconds: stages
                    .iter()
                    .find(|stage| seen.is_complete && name(stage.message, direction) == seen.name)
                    .map(|stage| milliseconds(stage.computing)),
            };
            steps.push((position, step));
        }
    }
    let mut all = steps.concat();
    all.sort_by_key(|(position, _)| *position);
    all.into_iter().map(|(_, step)| step).collect()
}

/// Milliseconds with their fraction.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The message whose work a stage is, as [`Flow`] calls it, if it went that way.
fn name(message: Message, direction: Direction) -> &'static str {
    match (direction, message) {
        (Direction::ToServer, Message::ClientHello) => "ClientHello",
        (Direction::ToServer, Message::ClientKeyExchange) => "ClientKeyExchange",
        (Direction::ToClient, Message::ServerHello) => "ServerHello",
        (Direction::ToClient, Message::Certificate) => "Certificate",
        (Direction::ToClient, Message::ServerKeyExchange) => "ServerKeyExchange",
        (Direction::ToClient, Message::ServerHelloDone) => "ServerHelloDone",
        (Direction::ToClient, Message::ChangeCipherSpec) => "ChangeCipherSpec",
        (Direction::ToClient, Message::Finished) => "Finished",
        _ => "",
    }
}

/// The steps as lines of text.
pub fn lines(steps: &[Step]) -> String {
    let line = |step: &Step| {
        let computing = step
            .computing_milliseconds
            .map_or_else(String::new, |time| format!(", computing {time:.1} ms"));
        let cut = if step.complete { "" } else { " of it, no more" };
        let verb = if step.from == "client" { "sent" } else { "got" };
        format!(
            "{:>9.1} ms  {verb:4} {:19} {:>5} B{cut}{computing}\n",
            step.at_milliseconds, step.message, step.bytes
        )
    };
    steps.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Segment;

    #[test]
    fn messages_of_both_sides_are_put_in_order_with_their_times() {
        let segment = |direction, ms, bytes: &[u8]| Segment {
            direction,
            at: Duration::from_millis(ms),
            bytes: bytes.to_vec(),
        };
        let tape = Tape {
            segments: vec![
                segment(Direction::ToServer, 1, &[22, 3, 3, 0, 4, 1, 0, 0, 0]),
                segment(Direction::ToClient, 5, &[22, 3, 3, 0, 8, 2, 0, 0]),
                segment(Direction::ToClient, 7, &[0, 13, 0, 0, 0]),
                segment(Direction::ToServer, 9, &[20, 3, 3, 0, 1, 1]),
                segment(Direction::ToClient, 11, &[22, 3, 3, 0, 9, 11, 0, 0]),
            ],
        };
        let stages = [Stage {
            message: Message::ServerHello,
            at: Duration::from_millis(8),
            computing: Duration::from_micros(2500),
        }];
        let steps = of(&tape, &stages);
        let seen: Vec<_> = steps
            .iter()
            .map(|step| (step.from, step.message, step.at_milliseconds, step.complete))
            .collect();
        assert_eq!(
            seen,
            [
                ("client", "ClientHello", 1.0, true),
                ("server", "ServerHello", 7.0, true),
                ("server", "CertificateRequest", 7.0, true),
                ("client", "ChangeCipherSpec", 9.0, true),
            ]
        );
        assert_eq!(steps[1].computing_milliseconds, Some(2.5));
        assert!(lines(&steps).contains("7.0 ms  got  ServerHello"));
    }
}
