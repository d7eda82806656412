//! What a connection takes.

use core::fmt::{self, Debug, Display, Write as _};

use bearcub_replay::machine::Host;
use bearcub_replay::{Machine, stack};
use embedded_io::{Read, Write};

use crate::{Board, Job, uart};

/// Why a connection failed: that has been told to the host.
pub struct Failed(());

/// Tells the host what the library says.
impl<E: Debug> From<E> for Failed {
    fn from(error: E) -> Self {
        tell("failed", &format_args!("{error:?}"));
        Failed(())
    }
}

/// Measures one part of the connection.
pub struct Watch {
    handshake: Option<u32>,
}

impl Watch {
    /// Runs the handshake, and counts its instructions without those of the transport.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn handshake<T>(&mut self, work: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
        let (start, spent) = (Board::instructions(), uart::spent());
        let result = work()?;
        let all = Board::instructions().wrapping_sub(start);
        self.handshake = Some(all.wrapping_sub(uart::spent().wrapping_sub(spent)));
        let _ = writeln!(Host::<Board>::default(), r#"{{"event":"connected"}}"#);
        Ok(result)
    }
}

/// Runs `connect` on a painted stack, tells the host what it took, and ends the emulator. `handed_in` are the bytes that the
/// program keeps for the library, `heap` says how many bytes were allocated at the peak.
pub fn run(
    handed_in: usize,
    connect: fn(Job, uart::Uart, &mut Watch) -> Result<(), Failed>,
    heap: fn() -> usize,
) -> ! {
    let Some(job) = Job::read() else {
        trouble(&"the host's file is not a job")
    };
    let mut watch = Watch { handshake: None };
    let top = stack::address();
    stack::paint::<Board>();
    let result = connect(job, uart::Uart::new(), &mut watch);
    let stack = top.saturating_sub(stack::lowest::<Board>());
    if let (Ok(()), Some(handshake)) = (&result, watch.handshake) {
        let _ = writeln!(
            Host::<Board>::default(),
            r#"{{"event":"done","handed_in":{handed_in},"heap":{},"stack":{stack},"handshake":{handshake}}}"#,
            heap()
        );
    }
    Board::exit(result.is_ok())
}

/// 64 bytes there and back; the server reverses lines.
///
/// # Errors
/// What the stream reports, or that the answer is another.
pub fn exchange<S: Read + Write>(stream: &mut S) -> Result<(), Failed> {
    let mut line = [b'b'; 64];
    line[0] = b'a';
    line[63] = b'\n';
    stream.write_all(&line)?;
    stream.flush()?;
    line[..63].reverse();
    let mut answer = [0; 64];
    stream.read_exact(&mut answer)?;
    if answer == line {
        Ok(())
    } else {
        Err("the server's line is another".into())
    }
}

/// Ends the emulator, and tells the host why.
pub(crate) fn trouble(what: &dyn Display) -> ! {
    tell("trouble", what);
    Board::exit(false)
}

fn tell(event: &str, what: &dyn Display) {
    let mut host = Host::<Board>::default();
    let _ = write!(host, r#"{{"event":"{event}","what":""#);
    let _ = write!(Text(&mut host), "{what}");
    let _ = writeln!(host, r#""}}"#);
}

/// Text in a JSON string: what would need an escape is left out.
struct Text<'h>(&'h mut Host<Board>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kept = |char: &char| !char.is_control() && !matches!(char, '"' | '\\');
        let mut kept = text.chars().filter(kept);
        kept.try_for_each(|char| self.0.write_char(char))
    }
}
