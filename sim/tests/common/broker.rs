//! A Mosquitto with a configuration of the test's own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bearcub_lab::Program;

const PATIENCE: Duration = Duration::from_secs(20);

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A running broker. Dropping it ends it.
pub struct Broker {
    child: Child,
    lines: Receiver<String>,
}

impl Broker {
    /// Starts it, and waits until it runs.
    pub fn start(configuration: &Path) -> Broker {
        let mut child = Command::new(Program::Mosquitto.find().unwrap())
            .arg("-c")
            .arg(configuration)
            .arg("-v")
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let broker = Broker { child, lines };
        broker.wait_for(" running");
        broker
    }

    /// Waits for a line of the log.
    pub fn wait_for(&self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no `{text}` in the log: {seen:#?}"));
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
    }

    /// Makes it read its files anew.
    pub fn reload(&self) {
        let id = self.child.id().to_string();
        let done = Command::new("kill").args(["-HUP", &id]).status().unwrap();
        assert!(done.success());
        self.wait_for("Reloading config");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
