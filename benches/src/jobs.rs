//! What is measured.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bearcub_lab::pki::{self, Chain, KeyKind};
use rustls::ServerConfig;

use crate::clock::{apart, time};
use crate::link::{Mode, Pipe};
use crate::peers::{Host, Library, Peer, Stream, Target, Version, Visit, Who};
use crate::server::{self, Server};
use crate::{Failure, Result};

/// What the server presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// One certificate: P-256, and a P-256 root that is not sent.
    P256,
    /// One certificate: RSA-2048, and an RSA-2048 root that is not sent.
    Rsa2048,
    /// What Let's Encrypt sends: RSA-2048 twice, then RSA-4096 signed by an RSA-4096 root that is not sent.
    LetsEncryptRsa,
}

impl Certificates {
    fn chain(self) -> Arc<Chain> {
        match self {
            Certificates::P256 => pki::simple(KeyKind::P256),
            Certificates::Rsa2048 => pki::simple(KeyKind::Rsa2048),
            Certificates::LetsEncryptRsa => pki::letsencrypt_rsa(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Certificates::P256 => "p256",
            Certificates::Rsa2048 => "rsa2048",
            Certificates::LetsEncryptRsa => "letsencrypt-rsa",
        }
    }
}

/// A job that every peer does which can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// A connection with a full handshake, from its set-up to the closing; no data.
    Full(Certificates),
    /// The same with a session resumed, and P-256 certificates that are not shown.
    Resumed,
    /// Sealing so many bytes as one record.
    Seal(usize),
    /// Opening one record of so many bytes.
    Open(usize),
    /// Validating certificates.
    Validate(Certificates),
    /// Comparing the SHA-256 of the key in the server's certificate with a pin.
    Fingerprint(Certificates),
}

impl Job {
    /// All of them, in the order of the table.
    pub fn all() -> Vec<Job> {
        use Certificates::{LetsEncryptRsa, P256, Rsa2048};
        let sizes = [64, 256, 1024, 4096];
        let mut jobs = vec![Job::Full(P256), Job::Full(Rsa2048), Job::Resumed];
        jobs.extend(sizes.map(Job::Seal));
        jobs.extend(sizes.map(Job::Open));
        jobs.extend([P256, Rsa2048, LetsEncryptRsa].map(Job::Validate));
        jobs.extend([P256, Rsa2048].map(Job::Fingerprint));
        jobs
    }

    /// The one that is written like this.
    pub fn named(name: &str) -> Option<Job> {
        Job::all().into_iter().find(|job| job.to_string() == name)
    }

    /// Why that peer does not do this job, if so.
    pub fn obstacle(self, who: Who) -> Option<&'static str> {
        // What does not depend on the version is measured once.
        let first = who.version == Version::Tls12 || who.library == Library::EmbeddedTls;
        match (self, who.library) {
            (Job::Resumed, Library::EmbeddedTls) => Some("does not resume sessions"),
            // Mbed TLS ignores the tickets of TLS 1.3 unless its configuration says otherwise, and mbedtls-rs has no way to.
            #[cfg(feature = "mbedtls")]
            (Job::Resumed, Library::Mbedtls) if who.version == Version::Tls13 => {
                Some("ignores the tickets of TLS 1.3")
            }
            (Job::Fingerprint(_), Library::EmbeddedTls) => Some("has no pins"),
            (Job::Validate(_) | Job::Fingerprint(_), _) if !first => Some("as in TLS 1.2"),
            #[cfg(feature = "mbedtls-1024")]
            (Job::Seal(4096) | Job::Open(4096), Library::Mbedtls) => {
                Some("has records of 1024 bytes")
            }
            _ => None,
        }
    }

    /// The peers that do this job.
    pub fn peers(self) -> impl Iterator<Item = Who> {
        let can = move |who: &Who| self.obstacle(*who).is_none();
        Who::ALL.iter().copied().filter(can)
    }

    /// Sets everything up, so that only the job itself remains.
    ///
    /// # Errors
    /// If the peer cannot be set up.
    pub fn prepare(self, who: Who) -> Result<Prepared> {
        if let Some(obstacle) = self.obstacle(who) {
            return Err(format!("{who} {obstacle}").into());
        }
        let certificates = match self {
            Job::Full(which) | Job::Validate(which) | Job::Fingerprint(which) => which,
            Job::Resumed | Job::Seal(_) | Job::Open(_) => Certificates::P256,
        };
        let chain = certificates.chain();
        Ok(Prepared {
            job: self,
            who,
            host: Host::new(&chain.host)?,
            server: server::config(&chain, who.version)?,
            chain,
        })
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Job::Full(which) => write!(f, "full-{}", which.name()),
            Job::Resumed => write!(f, "resumed"),
            Job::Seal(size) => write!(f, "seal-{size}"),
            Job::Open(size) => write!(f, "open-{size}"),
            Job::Validate(which) => write!(f, "validate-{}", which.name()),
            Job::Fingerprint(which) => write!(f, "fingerprint-{}", which.name()),
        }
    }
}

/// A job that can be started.
pub struct Prepared {
    job: Job,
    who: Who,
    chain: Arc<Chain>,
    host: Host,
    server: Arc<ServerConfig>,
}

/// Does a job so many times, and says how long it took.
pub type Run<'r> = dyn FnMut(u64) -> Result<Duration> + 'r;

impl Prepared {
    /// Lends `work` the job. A connection that it needs beforehand is there while that runs.
    ///
    /// # Errors
    /// What the peer, the server or `work` reports.
    pub fn start(&self, work: &mut dyn FnMut(&mut Run<'_>) -> Result<()>) -> Result<()> {
        let target = Target::new(&self.chain, &self.host);
        let mut peer = self.who.set_up(target)?;
        match self.job {
            Job::Full(_) => work(&mut |times| self.handshakes(&mut *peer, Visit::Fresh, times)),
            Job::Resumed => {
                let pipe = Pipe::new(Server::new(&self.server)?);
                handshake(&mut *peer, Visit::Remember, pipe)?;
                work(&mut |times| self.handshakes(&mut *peer, Visit::Resume, times))
            }
            Job::Seal(size) => self.with_connection(&mut *peer, &mut |stream, pipe| {
                pipe.set(Mode::Still);
                let data = vec![b'x'; size];
                work(&mut |times| {
                    let (duration, result) =
                        time(|| (0..times).try_for_each(|_| stream.send(&data)));
                    result.map(|()| duration)
                })
            }),
            Job::Open(size) => self.with_connection(&mut *peer, &mut |stream, pipe| {
                pipe.set(Mode::Still);
                let data = vec![b'x'; size];
                work(&mut |times| open(stream, pipe, &data, times))
            }),
            Job::Validate(_) => work(&mut |times| peer.validate(&self.server, times)),
            Job::Fingerprint(_) => work(&mut |times| peer.fingerprint(&self.server, times)),
        }
    }

    fn handshakes(&self, peer: &mut dyn Peer, visit: Visit, times: u64) -> Result<Duration> {
        (0..times).try_fold(Duration::ZERO, |sum, _| {
            let pipe = Pipe::new(Server::new(&self.server)?);
            let (duration, result) = time(|| handshake(peer, visit, pipe));
            result?;
            Ok(sum + duration)
        })
    }

    fn with_connection(
        &self,
        peer: &mut dyn Peer,
        work: &mut dyn FnMut(&mut dyn Stream, &Pipe) -> Result<()>,
    ) -> Result<()> {
        let mut pipe = Pipe::new(Server::new(&self.server)?);
        let seen = pipe.clone();
        peer.connect(&mut pipe, Visit::Fresh, &mut |stream| {
            echo(stream)?;
            let result = work(stream, &seen);
            seen.set(Mode::Still);
            result
        })
    }
}

/// One connection; an exchange of data, which brings the tickets of TLS 1.3 too, is left out of the time.
fn handshake(peer: &mut dyn Peer, visit: Visit, mut pipe: Pipe) -> Result<()> {
    let seen = pipe.clone();
    let mut resumed = false;
    let mut talk = |stream: &mut dyn Stream| {
        apart(|| {
            resumed = seen.is_resumed();
            if visit == Visit::Fresh {
                Ok(())
            } else {
                echo(stream)
            }
        })
    };
    peer.connect(&mut pipe, visit, &mut talk)?;
    match (visit, resumed) {
        (Visit::Resume, false) => Err("the session was not resumed".into()),
        (Visit::Fresh | Visit::Remember, true) => Err("a session was resumed".into()),
        _ => Ok(()),
    }
}

fn echo(stream: &mut dyn Stream) -> Result<()> {
    let mut answer = [0; 5];
    stream.send(b"hello")?;
    read_exactly(stream, &mut answer)?;
    if answer == *b"hello" {
        Ok(())
    } else {
        Err("the echo is another text".into())
    }
}

fn read_exactly(stream: &mut dyn Stream, mut into: &mut [u8]) -> Result<()> {
    while !into.is_empty() {
        let len = stream.receive(into)?;
        if len == 0 {
            return Err(Failure::from("the connection ended"));
        }
        into = &mut into[len..];
    }
    Ok(())
}

/// Opens records, a portion of them after the other; the server seals a portion beforehand.
fn open(stream: &mut dyn Stream, pipe: &Pipe, data: &[u8], times: u64) -> Result<Duration> {
    const PORTION: u64 = 64;
    let mut left = times;
    let mut sum = Duration::ZERO;
    let mut into = vec![0; data.len()];
    while left > 0 {
        let portion = left.min(PORTION);
        pipe.with_server(|server| {
            (0..portion).try_for_each(|_| server.seal(data))?;
            Ok(())
        })?;
        let (duration, result) =
            time(|| (0..portion).try_for_each(|_| read_exactly(stream, &mut into)));
        result?;
        sum += duration;
        left -= portion;
    }
    if times > 0 && into != data {
        return Err("the server's data is another".into());
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// mbedtls-rs is there once in a process.
    static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn every_peer_does_every_job_that_it_can() {
        let _alone = ALONE.lock();
        for job in Job::all() {
            for who in job.peers() {
                let prepared = job.prepare(who).unwrap();
                let started = prepared.start(&mut |run| run(2).map(|_| ()));
                started.unwrap_or_else(|error| panic!("{who} {job}: {error}"));
            }
        }
    }

    #[test]
    fn what_is_sealed_in_one_go_is_one_record() {
        let _alone = ALONE.lock();
        for size in [64, 4096] {
            for who in Job::Seal(size).peers() {
                let prepared = Job::Seal(size).prepare(who).unwrap();
                let target = Target::new(&prepared.chain, &prepared.host);
                let mut peer = who.set_up(target).unwrap();
                // Header, explicit nonce and tag; or header, type of content and tag.
                let overhead = match who.version {
                    Version::Tls12 => 5 + 8 + 16,
                    Version::Tls13 => 5 + 1 + 16,
                };
                let mut seen = 0;
                let mut work = |stream: &mut dyn Stream, pipe: &Pipe| {
                    pipe.set(Mode::Still);
                    stream.send(&vec![0; size])?;
                    seen = pipe.dropped();
                    Ok(())
                };
                prepared.with_connection(&mut *peer, &mut work).unwrap();
                // Mbed TLS pads the records of TLS 1.3 to a multiple of 16 bytes; a second record would take more.
                let one = size + overhead..size + overhead + 16;
                assert!(one.contains(&seen), "{who}: {seen}");
            }
        }
    }

    #[test]
    fn names_are_read_back() {
        for job in Job::all() {
            assert_eq!(Job::named(&job.to_string()), Some(job));
        }
        for who in Who::ALL {
            assert_eq!(Who::named(&who.to_string()), Some(*who));
        }
    }

    #[test]
    fn every_peer_refuses_a_server_that_its_root_does_not_vouch_for() {
        let _alone = ALONE.lock();
        let chain = pki::simple(KeyKind::P256);
        let other = pki::selfsigned(KeyKind::P256);
        let host = Host::new(&chain.host).unwrap();
        for &who in Who::ALL {
            let target = Target {
                root: other.root(),
                ..Target::new(&chain, &host)
            };
            let config = server::config(&chain, who.version).unwrap();
            let mut pipe = Pipe::new(Server::new(&config).unwrap());
            let mut peer = who.set_up(target).unwrap();
            let result = peer.connect(&mut pipe, Visit::Fresh, &mut |_| {
                panic!("{who} is connected")
            });
            assert!(result.is_err(), "{who}");
            drop(peer);
            let wrong = Host::new("example.org").unwrap();
            let mut pipe = Pipe::new(Server::new(&config).unwrap());
            let mut peer = who.set_up(Target::new(&chain, &wrong)).unwrap();
            let result = peer.connect(&mut pipe, Visit::Fresh, &mut |_| {
                panic!("{who} is connected")
            });
            assert!(result.is_err(), "{who}");
        }
    }
}
