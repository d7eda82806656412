//! What is below TLS.

use std::cell::RefCell;
use std::io;
use std::net::TcpStream;
use std::rc::Rc;

use crate::clock::apart;
use crate::server::Server;

/// Bytes out, bytes in.
pub trait Link {
    /// Takes some bytes, at least one.
    ///
    /// # Errors
    /// Why it cannot.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Puts bytes into `into`; 0 at the end of the connection.
    ///
    /// # Errors
    /// Why it cannot.
    fn receive(&mut self, into: &mut [u8]) -> io::Result<usize>;
}

impl Link for TcpStream {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(self, bytes)
    }

    fn receive(&mut self, into: &mut [u8]) -> io::Result<usize> {
        io::Read::read(self, into)
    }
}

/// A link as the libraries want it.
pub struct Io<'l>(pub &'l mut dyn Link);

impl io::Read for Io<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.receive(into)
    }
}

impl io::Write for Io<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl embedded_io::ErrorType for Io<'_> {
    type Error = io::Error;
}

impl embedded_io::Read for Io<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.receive(into)
    }
}

impl embedded_io::Write for Io<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What becomes of the client's bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The server gets them, and answers; its work is done aside.
    Serve,
    /// They are dropped, and what the server has sent before is all that comes.
    Still,
}

/// A link to a server in this thread: it works when the client waits for it.
#[derive(Clone)]
pub struct Pipe(Rc<RefCell<End>>);

struct End {
    server: Server,
    mode: Mode,
    dropped: usize,
    to_client: Vec<u8>,
    taken: usize,
}

impl Pipe {
    /// A new connection to that server.
    pub fn new(server: Server) -> Pipe {
        Pipe(Rc::new(RefCell::new(End {
            server,
            mode: Mode::Serve,
            dropped: 0,
            to_client: Vec::new(),
            taken: 0,
        })))
    }

    /// Says what becomes of the client's bytes from now on.
    pub fn set(&self, mode: Mode) {
        self.0.borrow_mut().mode = mode;
    }

    /// Gives `work` the server, and takes what it then has to send.
    ///
    /// # Errors
    /// What `work` or the server reports.
    pub fn with_server<R>(
        &self,
        work: impl FnOnce(&mut Server) -> crate::Result<R>,
    ) -> crate::Result<R> {
        let mut end = self.0.borrow_mut();
        let end = &mut *end;
        let result = work(&mut end.server)?;
        end.server.output(&mut end.to_client)?;
        Ok(result)
    }

    /// How many bytes have been dropped.
    pub fn dropped(&self) -> usize {
        self.0.borrow().dropped
    }

    /// Whether the server sees a resumed session.
    pub fn is_resumed(&self) -> bool {
        self.0.borrow().server.is_resumed()
    }
}

impl Link for Pipe {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = &mut *self.0.borrow_mut();
        match end.mode {
            Mode::Still => end.dropped += bytes.len(),
            Mode::Serve => apart(|| end.server.input(bytes))?,
        }
        Ok(bytes.len())
    }

    fn receive(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let end = &mut *self.0.borrow_mut();
        if end.taken == end.to_client.len() {
            end.to_client.clear();
            end.taken = 0;
            if end.mode == Mode::Serve {
                apart(|| end.server.output(&mut end.to_client))?;
            }
        }
        let ready = &end.to_client[end.taken..];
        let len = ready.len().min(into.len());
        into[..len].copy_from_slice(&ready[..len]);
        end.taken += len;
        Ok(len)
    }
}
