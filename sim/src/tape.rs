//! The bytes of a connection, and the link that plays them back.

use std::time::{Duration, Instant};

use crate::client::Link;
use crate::failure::Failure;
use crate::hex;

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
}

/// Bytes that went one way at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which way.
    pub direction: Direction,
    /// When, from the start of the connection.
    pub at: Duration,
    /// The bytes; never empty.
    pub bytes: Vec<u8>,
}

/// The bytes of a connection in the order in which the client saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape {
    /// One after the other.
    pub segments: Vec<Segment>,
}

impl Tape {
    /// All bytes that went one way.
    pub fn stream(&self, direction: Direction) -> Vec<u8> {
        let wanted = |segment: &&Segment| segment.direction == direction;
        let segments = self.segments.iter().filter(wanted);
        segments
            .flat_map(|segment| &segment.bytes)
            .copied()
            .collect()
    }

    /// The segment that holds the byte before that place in one way's stream, by its position, and its time.
    pub fn when(&self, direction: Direction, end: usize) -> (usize, Duration) {
        let mut passed = 0;
        let mut last = (0, Duration::ZERO);
        for (position, segment) in self.segments.iter().enumerate() {
            if segment.direction != direction {
                continue;
            }
            passed += segment.bytes.len();
            last = (position, segment.at);
            if passed >= end {
                break;
            }
        }
        last
    }
}

/// A link that writes down what passes.
pub struct Recorder<L> {
    link: L,
    start: Instant,
    tape: Tape,
}

impl<L: Link> Recorder<L> {
    /// Starts with an empty tape; its times count from `start`.
    pub fn new(link: L, start: Instant) -> Self {
        Recorder {
            link,
            start,
            tape: Tape::default(),
        }
    }

    /// What has passed so far.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    fn note(&mut self, direction: Direction, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.tape.segments.push(Segment {
                direction,
                at: self.start.elapsed(),
                bytes: bytes.to_vec(),
            });
        }
    }
}

impl<L: Link> Link for Recorder<L> {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let len = self.link.send(bytes)?;
        self.note(Direction::ToServer, &bytes[..len]);
        Ok(len)
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        let len = self.link.receive(into)?;
        self.note(Direction::ToClient, &into[..len]);
        Ok(len)
    }

    fn begin_turn(&mut self) {
        self.link.begin_turn();
    }
}

/// A link that plays the server's part of a tape, and holds the client to its own part.
///
/// The server's bytes come when the client has sent everything that it had sent by then in the recording.
pub struct Player {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    /// For each stretch of the server's bytes: where it ends, and how much the client had sent before it.
    gates: Vec<(usize, usize)>,
    sent: usize,
    received: usize,
}

impl Player {
    /// Rewound.
    pub fn new(tape: &Tape) -> Self {
        let (mut sent, mut received) = (0, 0);
        let mut gates = Vec::new();
        for segment in &tape.segments {
            match segment.direction {
                Direction::ToServer => sent += segment.bytes.len(),
                Direction::ToClient => {
                    received += segment.bytes.len();
                    gates.push((received, sent));
                }
            }
        }
        Player {
            to_server: tape.stream(Direction::ToServer),
            to_client: tape.stream(Direction::ToClient),
            gates,
            sent: 0,
            received: 0,
        }
    }

    /// Checks that the tape was played to its end.
    ///
    /// # Errors
    /// How much is left, and of what.
    pub fn finish(&self) -> Result<(), Failure> {
        let left = |what: &str, done: usize, all: usize| {
            Failure::Diverged(format!(
                "the connection is over at {what} byte {done}; the recording has {all}"
            ))
        };
        if self.sent < self.to_server.len() {
            return Err(left("client", self.sent, self.to_server.len()));
        }
        if self.received < self.to_client.len() {
            return Err(left("server", self.received, self.to_client.len()));
        }
        Ok(())
    }
}

impl Link for Player {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let recorded = &self.to_server[self.sent..];
        let same = bytes
            .iter()
            .zip(recorded)
            .take_while(|(a, b)| a == b)
            .count();
        if same == bytes.len() {
            self.sent += same;
            return Ok(same);
        }
        let offset = self.sent + same;
        let sends = hex::encode(&bytes[same..=same]);
        let what = recorded.get(same).map_or_else(
            || "the recording ends there".to_owned(),
            |byte| format!("recorded is {}", hex::encode(&[*byte])),
        );
        Err(Failure::Diverged(format!(
            "client byte {offset} is {sends}, {what}"
        )))
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        let Some(&(end, gate)) = self.gates.iter().find(|(end, _)| *end > self.received) else {
            return Ok(0);
        };
        if self.sent < gate {
            return Err(Failure::Diverged(format!(
                "the client waits at client byte {}; in the recording it sends up to byte {gate} first",
                self.sent
            )));
        }
        let len = into.len().min(end - self.received);
        into[..len].copy_from_slice(&self.to_client[self.received..][..len]);
        self.received += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tape() -> Tape {
        let segment = |direction, bytes: &[u8]| Segment {
            direction,
            at: Duration::ZERO,
            bytes: bytes.to_vec(),
        };
        Tape {
            segments: vec![
                segment(Direction::ToServer, b"hello"),
                segment(Direction::ToClient, b"who"),
                segment(Direction::ToServer, b"me"),
                segment(Direction::ToClient, b"bye"),
            ],
        }
    }

    fn text(result: Result<usize, Failure>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_tape_is_played_to_a_client_that_says_the_same() {
        let mut player = Player::new(&tape());
        let mut buffer = [0; 2];
        assert_eq!(player.send(b"hello"), Ok(5));
        assert_eq!(player.receive(&mut buffer), Ok(2));
        assert_eq!(player.receive(&mut buffer), Ok(1));
        assert_eq!(player.send(b"m"), Ok(1));
        assert_eq!(player.send(b"e"), Ok(1));
        assert!(player.finish().is_err());
        let mut buffer = [0; 9];
        assert_eq!(player.receive(&mut buffer), Ok(3));
        assert_eq!(player.receive(&mut buffer), Ok(0));
        assert_eq!(player.finish(), Ok(()));
    }

    #[test]
    fn what_differs_is_named_with_its_offset() {
        let mut player = Player::new(&tape());
        assert!(text(player.send(b"help")).contains("client byte 3 is 70, recorded is 6c"));
        assert!(text(player.receive(&mut [0; 9])).contains("up to byte 5 first"));
        assert_eq!(player.send(b"hello"), Ok(5));
        assert_eq!(player.receive(&mut [0; 9]), Ok(3));
        assert!(
            text(player.send(b"me!")).contains("client byte 7 is 21, the recording ends there")
        );
    }
}
