//! bearcub, TLS 1.2.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bearcub::clock::{Clock, Time};
use bearcub::tls::{self, Config, Handshake, Message, Scratch, Session, Storage};
use bearcub::trust::{Pin, Trust, TrustAnchor};
use getrandom::SysRng;

use super::{Embedded, Host, Peer, Talk, Target, Visit};
use crate::clock::time;
use crate::link::{Io, Link};
use crate::server::Server;
use crate::{Failure, Result};

/// The client, with buffers for records of `N` bytes.
pub struct Bearcub<'a, const N: usize> {
    host: &'a Host,
    anchors: [TrustAnchor<'a>; 1],
    target: Target<'a>,
    storage: Box<Storage<N, N>>,
    scratch: Box<[u8; Scratch::ANCHORS]>,
    session: Option<Session>,
}

fn clock() -> Result<Clock> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let time = Time::from_unix(since.as_secs().try_into()?);
    Ok(Clock::at(time.ok_or("the clock shows no time")?))
}

impl<'a, const N: usize> Bearcub<'a, N> {
    pub fn new(target: Target<'a>) -> Result<Self> {
        Ok(Bearcub {
            host: target.host,
            anchors: [TrustAnchor::from_certificate(target.root)?],
            target,
            storage: Box::new(Storage::new()),
            scratch: Box::new([0; Scratch::ANCHORS]),
            session: None,
        })
    }
}

impl<const N: usize> Peer for Bearcub<'_, N> {
    fn connect(&mut self, link: &mut dyn Link, visit: Visit, talk: &mut Talk<'_>) -> Result<()> {
        let trust = Trust::anchors(&self.anchors, clock()?);
        let config = Config::new(&self.host.text, &trust);
        let session = self.session.as_ref().filter(|_| visit == Visit::Resume);
        let mut stream = tls::connect(
            Io(link),
            &mut *self.storage,
            &mut *self.scratch,
            &config.resume(session),
            &mut SysRng,
        )?;
        talk(&mut Embedded(&mut stream))?;
        if visit != Visit::Fresh {
            self.session = stream.connection().session();
        }
        stream.close()?;
        Ok(())
    }

    fn validate(&mut self, server: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let trust = Trust::anchors(&self.anchors, clock()?);
        let config = Config::new(&self.host.text, &trust);
        certificate_stage(
            &mut self.storage,
            &mut *self.scratch,
            &config,
            server,
            times,
        )
    }

    fn fingerprint(&mut self, server: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let pins = [Pin::Sha256(super::pin(self.target.leaf()?)?)];
        let trust = Trust::fingerprints(&pins);
        let config = Config::new(&self.host.text, &trust);
        certificate_stage(
            &mut self.storage,
            &mut *self.scratch,
            &config,
            server,
            times,
        )
    }

    fn handed_in(&self) -> usize {
        size_of_val(&*self.storage) + size_of_val(&*self.scratch)
    }
}

/// The library verifies a certificate while it comes in, and has no function for that alone: here handshakes are taken up to
/// the end of the Certificate message, and the steps that work on this message are timed.
fn certificate_stage<const N: usize>(
    storage: &mut Storage<N, N>,
    scratch: &mut [u8],
    config: &Config<'_>,
    server: &Arc<rustls::ServerConfig>,
    times: u64,
) -> Result<Duration> {
    let mut flight = Vec::new();
    {
        let mut handshake = Handshake::begin(&mut *storage, scratch, config, &mut SysRng)?;
        let mut server = Server::new(server)?;
        while flight.is_empty() {
            let mut wire = handshake.wire();
            if wire.output().is_empty() {
                wire.step()?;
            } else {
                let len = wire.output().len();
                server.input(wire.output())?;
                server.output(&mut flight)?;
                wire.sent(len)?;
            }
        }
    }
    (0..times).try_fold(Duration::ZERO, |sum, _| {
        let mut handshake = Handshake::begin(&mut *storage, scratch, config, &mut SysRng)?;
        Ok(sum + take_in(&mut handshake, &flight)?)
    })
}

fn take_in(handshake: &mut Handshake<'_, '_>, mut flight: &[u8]) -> Result<Duration> {
    let mut spent = Duration::ZERO;
    loop {
        let stage = handshake.next();
        let mut wire = handshake.wire();
        if stage > Message::Certificate {
            return Ok(spent);
        } else if !wire.output().is_empty() {
            let len = wire.output().len();
            wire.sent(len)?;
        } else if wire.has_work() {
            let (duration, result) = time(|| wire.step());
            result?;
            if stage == Message::Certificate {
                spent += duration;
            }
        } else if wire.wants_input() && !flight.is_empty() {
            let place = wire.input();
            let len = place.len().min(flight.len());
            place[..len].copy_from_slice(&flight[..len]);
            flight = &flight[len..];
            wire.received(len)?;
        } else {
            return Err(Failure::from(
                "the server's messages end before the certificates do",
            ));
        }
    }
}
