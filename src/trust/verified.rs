//! The proof that a server is known.

use crate::error::Error;

/// Proof that whoever gets what is sent is the one it is meant for: by a TLS handshake that verified the server, or
/// because the program said that it needs no proof.
///
/// What has secrets to send (an MQTT session: password, will) asks for one. There are two ways to get it:
/// [`Authenticated::verified`] of a connection, and [`Verified::plain_text_to_whoever_answers`].
#[derive(Debug)]
pub struct Verified(());

impl Verified {
    pub(crate) const fn by_handshake() -> Self {
        Verified(())
    }

    /// No proof: everybody on the way can read and change what is sent. For brokers on one's own desk.
    #[must_use]
    pub const fn plain_text_to_whoever_answers() -> Self {
        Verified(())
    }
}

/// A connection that can say whether its server is known.
///
/// TLS connections can, and [`PlainText`] is the way to say that none is needed.
pub trait Authenticated {
    /// The proof.
    ///
    /// # Errors
    /// [`MqttMisuse::Unverified`](crate::error::MqttMisuse::Unverified) if the server was accepted without being known.
    fn verified(&self) -> Result<Verified, Error>;
}

impl<T: Authenticated + ?Sized> Authenticated for &mut T {
    fn verified(&self) -> Result<Verified, Error> {
        T::verified(self)
    }
}

/// A transport without TLS, by the program's explicit choice: everybody on the way can read and change what is sent.
///
/// ```
/// use bearcub::trust::{Authenticated, PlainText};
///
/// # let (tcp, mut to) = (&b"answer"[..], [0; 6]);
/// let mut stream = PlainText(tcp);
/// assert!(stream.verified().is_ok());
/// embedded_io::Read::read(&mut stream, &mut to)?;
/// # Ok::<(), core::convert::Infallible>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PlainText<T>(pub T);

impl<T> Authenticated for PlainText<T> {
    fn verified(&self) -> Result<Verified, Error> {
        Ok(Verified::plain_text_to_whoever_answers())
    }
}

impl<T: embedded_io::ErrorType> embedded_io::ErrorType for PlainText<T> {
    type Error = T::Error;
}

impl<T: embedded_io::Read> embedded_io::Read for PlainText<T> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, T::Error> {
        self.0.read(into)
    }
}

impl<T: embedded_io::Write> embedded_io::Write for PlainText<T> {
    fn write(&mut self, data: &[u8]) -> Result<usize, T::Error> {
        self.0.write(data)
    }

    fn flush(&mut self) -> Result<(), T::Error> {
        self.0.flush()
    }
}

#[cfg(feature = "async")]
impl<T: embedded_io_async::Read> embedded_io_async::Read for PlainText<T> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, T::Error> {
        self.0.read(into).await
    }
}

#[cfg(feature = "async")]
impl<T: embedded_io_async::Write> embedded_io_async::Write for PlainText<T> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, T::Error> {
        self.0.write(data).await
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.0.flush().await
    }
}
