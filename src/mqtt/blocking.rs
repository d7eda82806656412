//! The blocking shell, over `embedded-io`.

use embedded_io::{Error as _, ErrorKind, ErrorType, Read, Write};

use crate::clock::Instant;
use crate::trust::Authenticated;

use super::cause::Cause;
use super::client::{ClientError, Turn};
use super::packet::{PacketId, QoS};
use super::store::Store;
use super::{Acknowledge, Event, Filter, Publication, Publish, Resumption, Session};

/// A connection of a [`Session`] over a stream.
///
/// `T` is the stream: TLS, or [`PlainText`](crate::trust::PlainText). Its reads and writes must end: with an error of the kind
/// `TimedOut`, which is none here, after a while in which nothing moves (half a second, say), so that deadlines are looked
/// at. `C` is the clock, a closure that tells the present moment.
///
/// After any error but those of a call's own arguments the connection is over: drop the client, and connect the session
/// again over a new stream.
///
/// ```no_run
/// use bearcub::clock::Instant;
/// use bearcub::mqtt::store::Ram;
/// use bearcub::mqtt::{Event, Filter, Options, QoS, Session, blocking::Client};
/// # fn run<T: embedded_io::Read + embedded_io::Write>(
/// #     tls: bearcub::tls::blocking::Stream<'_, T>, uptime: impl Fn() -> u64) -> Result<(), bearcub::Error> {
/// let options = Options::new("sensor-7").credentials("plant", b"a password");
/// let (mut input, mut output, mut memory) = ([0; 256], [0; 256], [0; 512]);
/// let mut session: Session<_, 4, 2> =
///     Session::new(&options, &mut input, &mut output, Ram::new(&mut memory))?;
///
/// let clock = || Instant::from_millis(uptime());
/// let (mut mqtt, _) = Client::connect(tls, &mut session, clock)?;
/// mqtt.subscribe(&[Filter::new("plant/7/cmd", QoS::AtLeastOnce)])?;
/// mqtt.publish("plant/7/temp", b"21.5", QoS::AtLeastOnce)?;
/// while let Some(event) = mqtt.poll(clock().after(10_000))? {
///     if let Event::Message(message) = event {
///         // message.topic, message.payload
///     }
/// }
/// mqtt.disconnect()?;
/// # Ok(()) }
/// ```
pub struct Client<'c, 'b, T: ErrorType, C, S, const N: usize, const F: usize> {
    stream: T,
    session: &'c mut Session<'b, S, N, F>,
    clock: C,
    /// Something was written that may still be in the stream's own buffer.
    unflushed: bool,
    /// Since when the stream has taken nothing.
    stalled: Option<Instant>,
    /// Why the connection is over, for the next call to tell.
    failure: Option<Failure<T::Error>>,
}

/// The connection is over, and `failure` says why.
struct Failed;

/// A [`ClientError`] in fewer bytes.
enum Failure<E> {
    Mqtt(Cause),
    Stream(E),
}

impl<'c, 'b, T, C, S, const N: usize, const F: usize> Client<'c, 'b, T, C, S, N, F>
where
    T: Read + Write,
    C: FnMut() -> Instant,
    S: Store,
{
    /// Connects the session: sends CONNECT and awaits CONNACK.
    ///
    /// # Errors
    /// `Unverified` if the stream's server is not known; why the broker refuses; `NoConnAck`, `ClosedBeforeConnAck`; the
    /// stream's.
    pub fn connect(
        stream: T,
        session: &'c mut Session<'b, S, N, F>,
        mut clock: C,
    ) -> Result<(Self, Resumption), ClientError<T::Error>>
    where
        T: Authenticated,
    {
        let server = stream.verified()?;
        if !session.is_offline() {
            // A client that was dropped left it.
            session.ended();
        }
        session.connect(server, clock())?;
        let mut client = Client {
            stream,
            session,
            clock,
            unflushed: false,
            stalled: None,
            failure: None,
        };
        loop {
            if let Err(Failed) = client.turn() {
                return Err(client.why());
            }
            if let Some(Event::Connected(resumption)) = client.session.event() {
                return Ok((client, resumption));
            }
        }
    }

    /// The session.
    pub fn session(&self) -> &Session<'b, S, N, F> {
        self.session
    }

    /// The stream.
    pub fn stream(&mut self) -> &mut T {
        &mut self.stream
    }

    /// Publishes a message, which the broker does not keep. It must fit the output buffer (with QoS 0)
    /// or the store; a larger one goes [in pieces](Self::begin).
    ///
    /// # Errors
    /// As [`publish_message`](Self::publish_message).
    pub fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
    ) -> Result<Publication<N>, ClientError<T::Error>> {
        self.publish_message(&Publish::new(topic, payload).qos(qos))
    }

    /// Publishes a message. Once it is accepted, an end of the connection is told by the next call: the session has the message,
    /// and sends one of QoS 1 or 2 again.
    ///
    /// # Errors
    /// As [`Session::publish`].
    pub fn publish_message(
        &mut self,
        message: &Publish<'_>,
    ) -> Result<Publication<N>, ClientError<T::Error>> {
        let published = self.session.publish(message)?;
        // Should that fail, the session has it nevertheless, and the next call tells of the failure.
        let _ = self.send();
        Ok(published)
    }

    /// Begins a message whose payload of `length` bytes is given to [`supply`](Self::supply); of `header` the payload is
    /// not looked at. `again` is what [`Event::SupplyAgain`] told, or `None`.
    ///
    /// # Errors
    /// As [`Session::begin`], and the stream's.
    pub fn begin(
        &mut self,
        header: &Publish<'_>,
        length: usize,
        again: Option<PacketId>,
    ) -> Result<Option<PacketId>, ClientError<T::Error>> {
        self.send_all().map_err(|Failed| self.why())?;
        Ok(self.session.begin(header, length, again)?)
    }

    /// Sends the next bytes of the payload that was begun.
    ///
    /// # Errors
    /// As [`Session::supply`]; `Timeout` if the stream takes nothing; the stream's.
    pub fn supply(&mut self, mut data: &[u8]) -> Result<(), ClientError<T::Error>> {
        loop {
            let taken = self.session.supply(data)?;
            data = data.get(taken..).unwrap_or_default();
            if data.is_empty() && self.session.to_supply() > 0 {
                return Ok(());
            }
            self.send_all().map_err(|Failed| self.why())?;
            if data.is_empty() {
                return Ok(());
            }
        }
    }

    /// Subscribes.
    ///
    /// # Errors
    /// As [`Session::subscribe`], and the stream's.
    pub fn subscribe(&mut self, filters: &[Filter<'b>]) -> Result<PacketId, ClientError<T::Error>> {
        self.send_all().map_err(|Failed| self.why())?;
        let id = self.session.subscribe(filters)?;
        let _ = self.send();
        Ok(id)
    }

    /// Unsubscribes.
    ///
    /// # Errors
    /// As [`Session::unsubscribe`], and the stream's.
    pub fn unsubscribe(&mut self, filters: &[&str]) -> Result<PacketId, ClientError<T::Error>> {
        self.send_all().map_err(|Failed| self.why())?;
        let id = self.session.unsubscribe(filters)?;
        let _ = self.send();
        Ok(id)
    }

    /// Acknowledges a message.
    ///
    /// # Errors
    /// As [`Session::acknowledge`], and the stream's.
    pub fn acknowledge(&mut self, message: Acknowledge) -> Result<(), ClientError<T::Error>> {
        self.session.acknowledge(message)?;
        let _ = self.send();
        Ok(())
    }

    /// Sends and receives until there is an event, or until the moment `until`; `None` then. The connection is kept alive only
    /// while this is called.
    ///
    /// `None` comes earlier if nothing more can be received before the program acknowledges something.
    ///
    /// # Errors
    /// Why the connection is over.
    pub fn poll(&mut self, until: Instant) -> Result<Option<Event<'_>>, ClientError<T::Error>> {
        loop {
            match self.turn() {
                Ok(Turn::Event) => return Ok(self.session.event()),
                Ok(Turn::Nothing) if (self.clock)() < until => {}
                Ok(Turn::Nothing | Turn::Stuck) => return Ok(None),
                Err(Failed) => return Err(self.why()),
            }
        }
    }

    /// Sends and receives until nothing is under way, and hands all events to `told`; whether that was before `until`. The
    /// last thing to do before [`disconnect`](Self::disconnect) and sleep.
    ///
    /// # Errors
    /// Why the connection is over.
    pub fn settle(
        &mut self,
        until: Instant,
        mut told: impl FnMut(Event<'_>),
    ) -> Result<bool, ClientError<T::Error>> {
        while !self.session.is_settled() {
            // Round by round: what settles it last may be no event.
            match self.turn() {
                Ok(Turn::Event) => self.session.event().into_iter().for_each(&mut told),
                Ok(Turn::Nothing) if (self.clock)() < until => {}
                Ok(Turn::Nothing | Turn::Stuck) => return Ok(self.session.is_settled()),
                Err(Failed) => return Err(self.why()),
            }
        }
        Ok(true)
    }

    /// Ends the connection in order, so that the broker drops the will; returns the stream, to be closed.
    ///
    /// The broker hangs up when it has read this. Closing the stream may therefore fail, which means nothing: what had to
    /// arrive was acknowledged before ([`settle`](Self::settle)).
    ///
    /// # Errors
    /// As [`Session::disconnect`]; `Timeout` if the stream takes nothing; the stream's.
    pub fn disconnect(mut self) -> Result<T, ClientError<T::Error>> {
        self.send_all().map_err(|Failed| self.why())?;
        self.session.disconnect()?;
        self.send_all().map_err(|Failed| self.why())?;
        Ok(self.stream)
    }

    /// A round: work, send, receive once.
    fn turn(&mut self) -> Result<Turn, Failed> {
        if self.failure.is_some() {
            return Err(Failed);
        }
        let now = (self.clock)();
        if let Err(cause) = self.session.advance(now) {
            return Err(self.fail(cause));
        }
        if self.session.has_event() {
            return Ok(Turn::Event);
        }
        self.send()?;
        if self.session.is_offline() {
            return Err(self.fail(Cause::CLOSED));
        }
        let room = self.session.input();
        if room.is_empty() {
            return Ok(Turn::Stuck);
        }
        match self.stream.read(room) {
            Ok(0) => {
                let end = self.session.end();
                return Err(self.fail(end));
            }
            Ok(length) => self.session.received(length, (self.clock)()),
            Err(error) => self.failed(error)?,
        }
        Ok(Turn::Nothing)
    }

    /// Sends what there is, as far as the stream takes it, and flushes.
    fn send(&mut self) -> Result<(), Failed> {
        while !self.session.output().is_empty() {
            match self.stream.write(self.session.output()) {
                Ok(0) => {
                    return Err(self.fail(Cause::WRITE_ZERO));
                }
                Ok(length) => {
                    self.unflushed = true;
                    self.stalled = None;
                    self.session.sent(length, (self.clock)());
                    if let Err(cause) = self.session.fill_output() {
                        return Err(self.fail(cause));
                    }
                }
                Err(error) => return self.stalled(error),
            }
        }
        if self.unflushed {
            match self.stream.flush() {
                Ok(()) => (self.unflushed, self.stalled) = (false, None),
                Err(error) => return self.stalled(error),
            }
        }
        Ok(())
    }

    /// Sends all there is.
    fn send_all(&mut self) -> Result<(), Failed> {
        loop {
            self.send()?;
            if self.session.output().is_empty() && !self.unflushed {
                return Ok(());
            }
        }
    }

    /// The stream took nothing for a while. That is an error after the time that the broker has for its answers.
    fn stalled(&mut self, error: T::Error) -> Result<(), Failed> {
        self.failed(error)?;
        let now = (self.clock)();
        let since = *self.stalled.get_or_insert(now);
        if now.since(since) >= u64::from(self.session.response_timeout()) {
            return Err(self.fail(Cause::TIMEOUT));
        }
        Ok(())
    }

    /// A time-out is no error by itself; the deadlines decide.
    fn failed(&mut self, error: T::Error) -> Result<(), Failed> {
        if error.kind() == ErrorKind::TimedOut {
            return Ok(());
        }
        self.session.ended();
        self.failure = Some(Failure::Stream(error));
        Err(Failed)
    }

    #[inline(never)]
    fn fail(&mut self, cause: Cause) -> Failed {
        self.session.ended();
        self.failure = Some(Failure::Mqtt(cause));
        Failed
    }

    /// Why it failed.
    #[inline(never)]
    fn why(&mut self) -> ClientError<T::Error> {
        match self.failure.take() {
            Some(Failure::Stream(error)) => ClientError::Stream(error),
            Some(Failure::Mqtt(cause)) => cause.into(),
            None => Cause::CLOSED.into(),
        }
    }
}
