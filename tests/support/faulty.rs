//! A link that spoils one record of a connection, in either direction, and otherwise passes everything.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use embedded_io::{ErrorType, Read, Write};
use rand_core::TryRng as _;

use super::Seeded;

/// How long a reader waits once a fault has happened: what it waits for may never come.
const AFTERWARDS: Duration = Duration::from_millis(150);

/// What happens to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It comes a little later.
    Delay,
    /// It comes in single bytes.
    Split,
    /// It does not come.
    Drop,
    /// It comes twice.
    Duplicate,
    /// The next one comes before it.
    Swap,
    /// Half of it comes, then the end.
    Truncate,
    /// One bit of it is another one.
    Flip,
    /// The connection is reset instead.
    Reset,
    /// Nothing comes from here on.
    Stall,
}

impl Fault {
    pub const ALL: [Fault; 9] = [
        Fault::Delay,
        Fault::Split,
        Fault::Drop,
        Fault::Duplicate,
        Fault::Swap,
        Fault::Truncate,
        Fault::Flip,
        Fault::Reset,
        Fault::Stall,
    ];

    /// Whether nothing is lost by it.
    pub fn is_harmless(self) -> bool {
        matches!(self, Fault::Delay | Fault::Split)
    }
}

/// Which record is spoiled, and how.
#[derive(Clone, Copy, Debug)]
pub struct Spoiled {
    pub fault: Fault,
    /// Whether it is one from the server.
    pub is_incoming: bool,
    /// The number of the record in its direction.
    pub record: usize,
    /// Where in it.
    pub place: usize,
}

impl Spoiled {
    /// One of the first `records` records, the same one for the same seed.
    pub fn of(seed: u64, records: usize) -> Spoiled {
        let mut random = Seeded(seed);
        let mut number = |below: usize| {
            let Ok(number) = random.try_next_u32();
            number as usize % below
        };
        Spoiled {
            fault: Fault::ALL[number(Fault::ALL.len())],
            is_incoming: number(2) == 0,
            record: number(records),
            place: number(1 << 16),
        }
    }
}

/// Cuts a stream into records.
#[derive(Default)]
struct Records {
    bytes: VecDeque<u8>,
    count: usize,
}

impl Records {
    fn next(&mut self) -> Option<Vec<u8>> {
        if self.bytes.len() < 5 {
            return None;
        }
        let length = 5 + usize::from(u16::from_be_bytes([self.bytes[3], self.bytes[4]]));
        (self.bytes.len() >= length).then(|| {
            self.count += 1;
            self.bytes.drain(..length).collect()
        })
    }
}

pub struct Faulty {
    tcp: TcpStream,
    spoiled: Spoiled,
    incoming: Records,
    outgoing: Records,
    /// What the client may read.
    ready: VecDeque<u8>,
    /// A record that waits for the next one.
    held: Option<Vec<u8>>,
    single: bool,
    stalled: bool,
    ended: bool,
    reset: bool,
}

impl Faulty {
    pub fn connect(server: SocketAddr, spoiled: Spoiled) -> std::io::Result<Self> {
        let tcp = TcpStream::connect(server)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
        tcp.set_write_timeout(Some(Duration::from_secs(20)))?;
        Ok(Faulty {
            tcp,
            spoiled,
            incoming: Records::default(),
            outgoing: Records::default(),
            ready: VecDeque::new(),
            held: None,
            single: false,
            stalled: false,
            ended: false,
            reset: false,
        })
    }

    /// The socket, to change how long a read waits.
    pub fn socket(&self) -> TcpStream {
        self.tcp.try_clone().unwrap()
    }

    /// What becomes of a record: the bytes that pass.
    fn spoil(&mut self, mut record: Vec<u8>, is_incoming: bool, number: usize) -> Vec<u8> {
        let spoiled = self.spoiled;
        if spoiled.is_incoming != is_incoming || spoiled.record != number {
            if let Some(held) = self.held.take_if(|_| spoiled.is_incoming == is_incoming) {
                record.extend(held);
            }
            return record;
        }
        if !spoiled.fault.is_harmless() {
            self.tcp.set_read_timeout(Some(AFTERWARDS)).unwrap();
        }
        match spoiled.fault {
            Fault::Delay => std::thread::sleep(Duration::from_millis(3)),
            Fault::Split => self.single = true,
            Fault::Drop => record.clear(),
            Fault::Duplicate => record.extend_from_within(..),
            Fault::Swap => self.held = Some(std::mem::take(&mut record)),
            Fault::Truncate => {
                record.truncate(record.len() / 2);
                self.ended = true;
            }
            Fault::Flip => {
                let bit = spoiled.place % (8 * record.len());
                record[bit / 8] ^= 1 << (bit % 8);
            }
            Fault::Reset => {
                record.clear();
                self.reset = true;
            }
            Fault::Stall => {
                record.clear();
                self.stalled = true;
            }
        }
        record
    }

    fn fill(&mut self) -> std::io::Result<()> {
        while self.ready.is_empty() {
            if self.reset {
                let _ = self.tcp.shutdown(Shutdown::Both);
                return Err(ErrorKind::ConnectionReset.into());
            }
            if self.stalled {
                std::thread::sleep(Duration::from_millis(5));
                return Err(ErrorKind::TimedOut.into());
            }
            if self.ended {
                let _ = self.tcp.shutdown(Shutdown::Both);
                return Ok(());
            }
            if let Some(record) = self.incoming.next() {
                let number = self.incoming.count - 1;
                self.ready = self.spoil(record, true, number).into();
                continue;
            }
            let mut room = [0; 4096];
            match self.tcp.read(&mut room) {
                Ok(0) => {
                    // What is no whole record comes as it is.
                    self.ready = std::mem::take(&mut self.incoming.bytes);
                    return Ok(());
                }
                Ok(len) => self.incoming.bytes.extend(&room[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl ErrorType for Faulty {
    type Error = std::io::Error;
}

impl Read for Faulty {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.fill()?;
        let most = if self.single { 1 } else { into.len() };
        let len = most.min(into.len()).min(self.ready.len());
        for (place, byte) in into.iter_mut().zip(self.ready.drain(..len)) {
            *place = byte;
        }
        Ok(len)
    }
}

impl Write for Faulty {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        if self.reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        self.outgoing.bytes.extend(data);
        while let Some(record) = self.outgoing.next() {
            let number = self.outgoing.count - 1;
            let passes = self.spoil(record, false, number);
            if self.stalled {
                break;
            }
            self.tcp.write_all(&passes)?;
            if self.ended {
                let _ = self.tcp.shutdown(Shutdown::Write);
            }
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
