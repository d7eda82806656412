//! The client, driven by hand between a server and the rules that hold whatever the server sends.

use bearcub::Error;
use bearcub::tls::{
    Config, Connection, Context, Handshake, Negotiated, Parts, RECORD_OVERHEAD, Session, Wire,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Whoever answers.
pub trait Server {
    /// Bytes from the client.
    fn take(&mut self, bytes: &[u8]);

    /// Puts bytes for the client into `into`; 0 if there will be no more.
    fn give(&mut self, into: &mut [u8]) -> usize;
}

/// A server that does not listen.
pub struct Playback<'a> {
    /// What is still to be said.
    pub bytes: &'a [u8],
    /// Most bytes at a time.
    pub piece: usize,
}

impl Server for Playback<'_> {
    fn take(&mut self, _: &[u8]) {}

    fn give(&mut self, into: &mut [u8]) -> usize {
        let len = into.len().min(self.bytes.len()).min(self.piece.max(1));
        let (piece, rest) = self.bytes.split_at(len);
        into[..len].copy_from_slice(piece);
        self.bytes = rest;
        len
    }
}

/// How it ended.
#[derive(Debug, Default)]
pub struct Ending {
    /// What was agreed on, if the handshake was completed.
    pub negotiated: Option<Negotiated>,
    /// All that was released to the program.
    pub plaintext: Vec<u8>,
    /// Why it failed, if it did.
    pub failure: Option<Error>,
    /// What it takes to resume, as it is stored.
    pub session: Option<[u8; Session::LEN]>,
}

/// Sizes of plaintext in the buffers; `None` for one that is shared.
#[derive(Clone, Copy, Debug)]
pub struct Buffers {
    /// Of the input.
    pub input: usize,
    /// Of the output.
    pub output: Option<usize>,
}

/// More steps than any connection of a fuzz target has.
const STEPS: usize = 400_000;

/// A whole connection: handshake, `say`, everything that the server has, close.
pub fn connect(
    buffers: Buffers,
    scratch: usize,
    config: &Config<'_>,
    seed: [u8; 32],
    server: &mut dyn Server,
    say: &[u8],
) -> Ending {
    let mut context = Box::new(Context::new());
    let mut input = vec![0xA5; buffers.input + RECORD_OVERHEAD];
    let mut output = vec![0x5A; buffers.output.unwrap_or(0) + RECORD_OVERHEAD];
    let mut scratch = vec![0xA5; scratch];
    let mut ending = Ending::default();
    {
        let (mut input, mut output) = (&mut input[..], &mut output[..]);
        let parts = match buffers.output {
            Some(_) => Parts::new(&mut context, &mut input, &mut output),
            None => Parts::shared(&mut context, &mut input),
        };
        let mut rng = ChaCha20Rng::from_seed(seed);
        let mut handshake = match Handshake::begin(parts, &mut scratch, config, &mut rng) {
            Ok(handshake) => handshake,
            Err(error) => {
                ending.failure = Some(error);
                return ending;
            }
        };
        let mut steps = 0;
        while !handshake.is_complete() {
            if let Err(error) = advance(&mut handshake.wire(), server, &mut steps) {
                stays_failed(&mut handshake.wire(), error);
                ending.failure = Some(error);
                break;
            }
        }
        match handshake.finish() {
            Ok(connection) => talk(connection, server, say, &mut steps, &mut ending),
            Err(error) => assert_eq!(Some(error), ending.failure, "an error that changes"),
        }
    }
    assert!(
        scratch.iter().all(|&byte| byte == 0),
        "scratch that is not wiped"
    );
    assert!(
        input.iter().all(|&byte| byte == 0),
        "input that is not wiped"
    );
    if buffers.output.is_some() {
        assert!(
            output.iter().all(|&byte| byte == 0),
            "output that is not wiped"
        );
    }
    ending
}

fn talk(
    mut connection: Connection<'_>,
    server: &mut dyn Server,
    mut say: &[u8],
    steps: &mut usize,
    ending: &mut Ending,
) {
    ending.negotiated = Some(connection.negotiated());
    ending.session = connection.session().map(|session| session.to_bytes());
    if let Some(bytes) = ending.session {
        let again = Session::from_bytes(&bytes).expect("our own session");
        assert_eq!(again.to_bytes(), bytes);
    }
    loop {
        let ready = connection.readable();
        ending.plaintext.extend_from_slice(ready);
        let ready = ready.len();
        connection.consume(ready);
        if !say.is_empty() {
            match connection.write(say) {
                Ok(taken) => {
                    say = &say[taken..];
                    if say.is_empty() {
                        connection.flush();
                    }
                }
                // The server has said that it is done, or has failed.
                Err(_) => say = &[],
            }
        }
        if connection.is_read_closed() && connection.readable().is_empty() {
            break;
        }
        if let Err(error) = advance(&mut connection.wire(), server, steps) {
            // What was decrypted before is still there to be read.
            let ready = connection.readable();
            ending.plaintext.extend_from_slice(ready);
            let ready = ready.len();
            connection.consume(ready);
            stays_failed(&mut connection.wire(), error);
            ending.failure = Some(error);
            assert_eq!(connection.read(&mut [0; 8]), Err(error));
            break;
        }
    }
    connection.close();
    while !connection.is_closed() || !connection.wire().output().is_empty() {
        let mut wire = connection.wire();
        if wire.output().is_empty() && !wire.has_work() && !wire.wants_input() {
            break;
        }
        if advance(&mut wire, server, steps).is_err() {
            break;
        }
    }
}

/// Does the next thing.
fn advance(wire: &mut Wire<'_>, server: &mut dyn Server, steps: &mut usize) -> Result<(), Error> {
    *steps += 1;
    assert!(*steps < STEPS, "it does not come to an end");
    if !wire.output().is_empty() {
        let len = wire.output().len();
        server.take(wire.output());
        wire.sent(len)?;
    } else if let Some(failure) = wire.failure() {
        return Err(failure);
    } else if wire.has_work() {
        // A failure shows once its alert is out.
        let _ = wire.step();
    } else if wire.wants_input() {
        let room = wire.input();
        let len = server.give(room);
        assert!(len <= room.len());
        wire.received(len)?;
        if len == 0 {
            wire.input_ended();
        }
    } else {
        return Err(wire
            .failure()
            .unwrap_or(bearcub::error::NetworkError::Closed.into()));
    }
    Ok(())
}

/// After a failure nothing goes on, and everybody is told the same.
fn stays_failed(wire: &mut Wire<'_>, error: Error) {
    if wire.failure().is_none() {
        return;
    }
    assert_eq!(wire.failure(), Some(error));
    assert!(wire.output().is_empty() && !wire.has_work() && !wire.wants_input());
    assert_eq!(wire.step(), Err(error));
    assert!(wire.received(1).is_err());
    // Every error can say what it is.
    assert!(!error.to_string().is_empty());
    let _ = (error.code(), error.who());
}
