//! The async shell, over `embedded-io-async`.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};

use crate::clock::Instant;
use crate::error::NetworkError;
use crate::trust::Authenticated;

use super::client::{ClientError, Turn};
use super::packet::{PacketId, QoS};
use super::store::Store;
use super::{Acknowledge, Event, Filter, Publication, Publish, Resumption, Session};

/// The clock of an async program.
///
/// With embassy: `now` is `Instant::from_millis(embassy_time::Instant::now().as_millis())`, and `wait_until` awaits
/// `Timer::at`.
pub trait Timer {
    /// The present moment.
    fn now(&mut self) -> Instant;

    /// Waits until a moment; at once if it has passed.
    ///
    /// # Cancellation safety
    /// Nothing is lost if the future is dropped.
    fn wait_until(&mut self, at: Instant) -> impl Future<Output = ()>;
}

impl<C: Timer + ?Sized> Timer for &mut C {
    fn now(&mut self) -> Instant {
        C::now(self)
    }

    fn wait_until(&mut self, at: Instant) -> impl Future<Output = ()> {
        C::wait_until(self, at)
    }
}

/// A connection of a [`Session`] over an async stream.
///
/// As [`blocking::Client`](super::blocking::Client), but that the stream's calls may take any time: deadlines are waited for
/// beside them.
///
/// # Cancellation safety
/// Each method says what happens if its future is dropped. It holds for streams whose own `read`, `write` and `flush` lose
/// nothing when dropped; [`tls::asynch::Stream`](crate::tls::asynch::Stream) is such a one over a transport that is.
pub struct Client<'c, 'b, T: ErrorType, C, S, const N: usize, const F: usize> {
    stream: T,
    session: &'c mut Session<'b, S, N, F>,
    timer: C,
    unflushed: bool,
    /// Why the connection is over, for the next call to tell.
    failure: Option<ClientError<T::Error>>,
}

impl<'c, 'b, T, C, S, const N: usize, const F: usize> Client<'c, 'b, T, C, S, N, F>
where
    T: Read + Write,
    C: Timer,
    S: Store,
{
    /// Connects the session: sends CONNECT and awaits CONNACK.
    ///
    /// # Errors
    /// As [`blocking::Client::connect`](super::blocking::Client::connect).
    ///
    /// # Cancellation safety
    /// Dropping the future drops the stream; the session connects again later.
    pub async fn connect(
        stream: T,
        session: &'c mut Session<'b, S, N, F>,
        mut timer: C,
    ) -> Result<(Self, Resumption), ClientError<T::Error>>
    where
        T: Authenticated,
    {
        let server = stream.verified()?;
        if !session.is_offline() {
            session.ended();
        }
        session.connect(server, timer.now())?;
        let mut client = Client {
            stream,
            session,
            timer,
            unflushed: false,
            failure: None,
        };
        loop {
            client.turn().await?;
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
    /// As [`blocking::Client::publish_message`](super::blocking::Client::publish_message).
    ///
    /// # Cancellation safety
    /// As [`publish_message`](Self::publish_message).
    pub async fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
    ) -> Result<Publication<N>, ClientError<T::Error>> {
        self.publish_message(&Publish::new(topic, payload).qos(qos))
            .await
    }

    /// Publishes a message. Once it is accepted, an end of the connection is told by the next call: the session has the message,
    /// and sends one of QoS 1 or 2 again.
    ///
    /// # Errors
    /// As [`blocking::Client::publish_message`](super::blocking::Client::publish_message).
    ///
    /// # Cancellation safety
    /// The message is taken before the first await, unless there is an error; if the future is dropped, later calls send it.
    pub async fn publish_message(
        &mut self,
        message: &Publish<'_>,
    ) -> Result<Publication<N>, ClientError<T::Error>> {
        let published = self.session.publish(message)?;
        self.send_accepted().await;
        Ok(published)
    }

    /// Begins a message whose payload of `length` bytes is given to [`supply`](Self::supply).
    ///
    /// # Errors
    /// As [`blocking::Client::begin`](super::blocking::Client::begin).
    ///
    /// # Cancellation safety
    /// If the future is dropped, the message has not begun.
    pub async fn begin(
        &mut self,
        header: &Publish<'_>,
        length: usize,
        again: Option<PacketId>,
    ) -> Result<Option<PacketId>, ClientError<T::Error>> {
        self.send().await?;
        Ok(self.session.begin(header, length, again)?)
    }

    /// Sends the next bytes of the payload that was begun.
    ///
    /// # Errors
    /// As [`blocking::Client::supply`](super::blocking::Client::supply).
    ///
    /// # Cancellation safety
    /// If the future is dropped, some of the bytes have been taken: [`Session::to_supply`] says how many are still wanted.
    pub async fn supply(&mut self, mut data: &[u8]) -> Result<(), ClientError<T::Error>> {
        loop {
            let taken = self.session.supply(data)?;
            data = &data[taken..];
            if data.is_empty() && self.session.to_supply() > 0 {
                return Ok(());
            }
            self.send().await?;
            if data.is_empty() {
                return Ok(());
            }
        }
    }

    /// Subscribes.
    ///
    /// # Errors
    /// As [`blocking::Client::subscribe`](super::blocking::Client::subscribe).
    ///
    /// # Cancellation safety
    /// If the future is dropped, the subscription may have been taken or not; one that was taken is sent by later calls.
    pub async fn subscribe(
        &mut self,
        filters: &[Filter<'b>],
    ) -> Result<PacketId, ClientError<T::Error>> {
        self.send().await?;
        let id = self.session.subscribe(filters)?;
        self.send_accepted().await;
        Ok(id)
    }

    /// Unsubscribes.
    ///
    /// # Errors
    /// As [`blocking::Client::unsubscribe`](super::blocking::Client::unsubscribe).
    ///
    /// # Cancellation safety
    /// As [`subscribe`](Self::subscribe).
    pub async fn unsubscribe(
        &mut self,
        filters: &[&str],
    ) -> Result<PacketId, ClientError<T::Error>> {
        self.send().await?;
        let id = self.session.unsubscribe(filters)?;
        self.send_accepted().await;
        Ok(id)
    }

    /// Acknowledges a message.
    ///
    /// # Errors
    /// As [`Session::acknowledge`], and the stream's.
    ///
    /// # Cancellation safety
    /// If the future is dropped, the message is acknowledged, and later calls tell the broker.
    pub async fn acknowledge(&mut self, message: Acknowledge) -> Result<(), ClientError<T::Error>> {
        self.session.acknowledge(message)?;
        self.send_accepted().await;
        Ok(())
    }

    /// Sends and receives until there is an event. The connection is kept alive only while this is awaited.
    ///
    /// `None` if nothing more can be received before the program acknowledges something.
    ///
    /// # Errors
    /// Why the connection is over.
    ///
    /// # Cancellation safety
    /// Nothing is lost if the future is dropped.
    pub async fn poll(&mut self) -> Result<Option<Event<'_>>, ClientError<T::Error>> {
        loop {
            match self.turn().await? {
                Turn::Event => break,
                Turn::Stuck => return Ok(None),
                Turn::Nothing => {}
            }
        }
        Ok(self.session.event())
    }

    /// Sends and receives until nothing is under way, and hands all events to `told`.
    ///
    /// # Errors
    /// Why the connection is over.
    ///
    /// # Cancellation safety
    /// Nothing is lost if the future is dropped, which is how a time is set to it.
    pub async fn settle(
        &mut self,
        mut told: impl FnMut(Event<'_>),
    ) -> Result<bool, ClientError<T::Error>> {
        while !self.session.is_settled() {
            // Round by round: what settles it last may be no event.
            match self.turn().await? {
                Turn::Event => self.session.event().into_iter().for_each(&mut told),
                Turn::Nothing => {}
                Turn::Stuck => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Ends the connection in order, so that the broker drops the will; returns the stream, to be closed. The broker hangs up
    /// when it has read this, so that closing the stream may fail, which means nothing.
    ///
    /// # Errors
    /// As [`blocking::Client::disconnect`](super::blocking::Client::disconnect).
    ///
    /// # Cancellation safety
    /// Dropping the future drops the stream, and DISCONNECT may not have been sent.
    pub async fn disconnect(mut self) -> Result<T, ClientError<T::Error>> {
        self.send().await?;
        self.session.disconnect()?;
        self.send().await?;
        Ok(self.stream)
    }

    /// A round: work, send, receive once or wait for the deadline.
    async fn turn(&mut self) -> Result<Turn, ClientError<T::Error>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let now = self.timer.now();
        self.session.advance(now)?;
        if self.session.has_event() {
            return Ok(Turn::Event);
        }
        self.send().await?;
        if self.session.is_offline() {
            return Err(NetworkError::Closed.into());
        }
        let deadline = self.session.poll_at();
        let room = self.session.input();
        if room.is_empty() {
            return Ok(Turn::Stuck);
        }
        match before(deadline, &mut self.timer, self.stream.read(room)).await {
            None => {}
            Some(Ok(0)) => return Err(self.session.ended().into()),
            Some(Ok(length)) => self.session.received(length, self.timer.now()),
            Some(Err(error)) => self.failed(error)?,
        }
        Ok(Turn::Nothing)
    }

    /// Sends what the session has accepted. Should that fail, the session has it nevertheless, and the next call tells of
    /// the failure.
    async fn send_accepted(&mut self) {
        if let Err(failure) = self.send().await {
            self.failure = Some(failure);
        }
    }

    /// Sends all there is, and flushes.
    async fn send(&mut self) -> Result<(), ClientError<T::Error>> {
        while !self.session.output().is_empty() || self.unflushed {
            let deadline = Some(self.timer.now().after(self.session.response_timeout()));
            if self.session.output().is_empty() {
                match before(deadline, &mut self.timer, self.stream.flush()).await {
                    None => return Err(self.too_late()),
                    Some(Ok(())) => self.unflushed = false,
                    Some(Err(error)) => self.failed(error)?,
                }
                continue;
            }
            let writing = self.stream.write(self.session.output());
            match before(deadline, &mut self.timer, writing).await {
                None => return Err(self.too_late()),
                Some(Ok(0)) => {
                    self.session.ended();
                    return Err(NetworkError::Transport(ErrorKind::WriteZero).into());
                }
                Some(Ok(length)) => {
                    self.unflushed = true;
                    self.session.sent(length, self.timer.now());
                    self.session.fill_output()?;
                }
                Some(Err(error)) => self.failed(error)?,
            }
        }
        Ok(())
    }

    /// The stream took nothing in the time that the broker has for its answers.
    fn too_late(&mut self) -> ClientError<T::Error> {
        self.session.ended();
        NetworkError::Timeout.into()
    }

    fn failed(&mut self, error: T::Error) -> Result<(), ClientError<T::Error>> {
        if error.kind() == ErrorKind::TimedOut {
            return Ok(());
        }
        self.session.ended();
        Err(ClientError::Stream(error))
    }
}

/// What `future` comes to, or `None` at the deadline.
async fn before<F: Future>(
    deadline: Option<Instant>,
    timer: &mut impl Timer,
    future: F,
) -> Option<F::Output> {
    let Some(deadline) = deadline else {
        return Some(future.await);
    };
    let mut future = pin!(future);
    let mut alarm = pin!(timer.wait_until(deadline));
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await
}
