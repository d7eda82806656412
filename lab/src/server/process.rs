//! A child process whose output is kept, and that does not outlive its value.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::{Error, Program};

/// What a process has printed so far, on both streams.
#[derive(Default)]
struct Printed {
    /// Whole lines, so that the two streams do not mix within one.
    text: String,
    /// Streams that are still open.
    open: usize,
}

/// Grows while the process prints; waits without polling.
#[derive(Clone, Default)]
struct Log(Arc<(Mutex<Printed>, Condvar)>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.0.0.lock().expect("no panic under this lock")
    }

    fn follow(&self, mut stream: impl Read + Send + 'static) {
        self.lock().open += 1;
        let log = self.clone();
        std::thread::spawn(move || {
            let (mut buffer, mut line) = ([0; 4096], Vec::new());
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                line.extend_from_slice(&buffer[..count]);
                let complete = line
                    .iter()
                    .rposition(|byte| *byte == b'\n')
                    .map_or(0, |end| end + 1);
                log.lock()
                    .text
                    .push_str(&String::from_utf8_lossy(&line[..complete]));
                line.drain(..complete);
                log.0.1.notify_all();
            }
            let mut printed = log.lock();
            printed.text.push_str(&String::from_utf8_lossy(&line));
            printed.open -= 1;
            log.0.1.notify_all();
        });
    }

    /// The first answer that `look` finds in the log, or `None` when the time is over
    /// or nothing more will come.
    fn wait<T>(&self, timeout: Duration, mut look: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut printed = self.lock();
        loop {
            let found = look(&printed.text);
            let left = deadline.saturating_duration_since(Instant::now());
            if found.is_some() || printed.open == 0 || left.is_zero() {
                return found;
            }
            printed = self
                .0
                .1
                .wait_timeout(printed, left)
                .expect("no panic under this lock")
                .0;
        }
    }
}

/// A running program. Dropping it kills it; if that happens in a panic, its log is printed.
pub(super) struct Process {
    program: Program,
    child: Child,
    stdin: Option<ChildStdin>,
    log: Log,
}

impl Process {
    pub(super) fn spawn(program: Program, command: &mut Command) -> Result<Process, Error> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = Log::default();
        log.follow(child.stdout.take().expect("stdout is piped"));
        log.follow(child.stderr.take().expect("stderr is piped"));
        Ok(Process {
            program,
            stdin: child.stdin.take(),
            child,
            log,
        })
    }

    /// Everything printed so far.
    pub(super) fn log(&self) -> String {
        self.log.lock().text.clone()
    }

    /// Waits until `look` finds something in the log.
    pub(super) fn wait<T>(
        &self,
        timeout: Duration,
        look: impl FnMut(&str) -> Option<T>,
    ) -> Option<T> {
        self.log.wait(timeout, look)
    }

    /// Writes to the program's standard input.
    pub(super) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let stdin = self.stdin.as_mut().expect("stdin is piped");
        stdin.write_all(bytes)?;
        stdin.flush()
    }

    /// Asks the program to end (SIGTERM), or ends it at once (SIGKILL), and waits until it has.
    pub(super) fn end(&mut self, politely: bool) -> std::io::Result<()> {
        if politely {
            self.signal("-TERM")?;
        } else {
            self.child.kill()?;
        }
        self.child.wait().map(drop)
    }

    /// Sends a signal, as `kill` calls it.
    pub(super) fn signal(&self, name: &str) -> std::io::Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args([name, &pid]).status().map(drop)
    }

    /// An error that shows the log.
    pub(super) fn failed(&self, reason: &str) -> Error {
        Error::Failed {
            program: self.program,
            reason: reason.to_owned(),
            log: self.log(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.wait(Duration::from_secs(1), |_| None::<()>);
            eprintln!(
                "--- log of `{}` ---\n{}---",
                self.program.name(),
                self.log()
            );
        }
    }
}
