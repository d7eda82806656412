//! The network: joins it and stays in it, finds the broker, asks for the time.

use bearcub::clock::Time;
use bearcub::error::NetworkError;
use bearcub::mqtt::Backoff;
use bearcub::sntp::{self, Advice, Request};
use core::time::Duration;
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, Runner, Stack};
use embassy_time::{Instant, Timer, with_timeout};
use embedded_io_async::{ErrorType, Read, Write};
use esp_hal::rng::Rng;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{AuthenticationMethodConfig, Config, Interface, WifiController, WifiError};

use crate::broker::Ticks;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// What the network may take for one answer.
const PATIENCE: embassy_time::Duration = embassy_time::Duration::from_secs(10);

/// The settings as the radio's driver wants them.
///
/// # Errors
/// A name or a password that no network can have.
pub fn configuration(settings: &Settings) -> Result<Config, WifiError> {
    let password = settings.wifi_password;
    let authentication = if password.is_empty() {
        AuthenticationMethodConfig::Open
    } else {
        AuthenticationMethodConfig::Wpa2Personal(password.try_into()?)
    };
    let station = StationConfig::default()
        .with_ssid(settings.wifi_name.try_into()?)
        .with_authentication(authentication);
    Ok(Config::Station(station))
}

/// Joins the network, and again whenever it is lost.
#[embassy_executor::task]
pub async fn stay_joined(mut controller: WifiController<'static>) -> ! {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    loop {
        match controller.connect_async().await {
            Ok(point) => {
                log::info!("joined {:?}, channel {}", point.ssid, point.channel);
                backoff.connected(Ticks::uptime());
                match controller.wait_for_disconnect_async().await {
                    Ok(why) => log::warn!("the network is lost: {:?}", why.reason),
                    Err(error) => log::warn!("the network is lost: {error}"),
                }
            }
            Err(error) => log::error!("the network cannot be joined: {error:?}"),
        }
        let random = Rng::new().random();
        let retry = backoff.failed(&NetworkError::Connect.into(), Ticks::uptime(), random);
        Timer::after_millis(retry.after.as_millis() as u64).await;
    }
}

/// Runs the network stack.
#[embassy_executor::task]
pub async fn run(mut runner: Runner<'static, Interface>) -> ! {
    runner.run().await
}

/// Waits until the network has given us an address.
pub async fn address(stack: Stack<'_>) -> Result<(), Trouble> {
    let waited = with_timeout(3 * PATIENCE, stack.wait_config_up()).await;
    waited.map_err(|_| Trouble::NoAddress)
}

/// The address of a name, which may be one already.
async fn resolve(stack: Stack<'_>, name: &str) -> Result<IpAddress, NetworkError> {
    let query = with_timeout(PATIENCE, stack.dns_query(name, DnsQueryType::A)).await;
    let addresses = query.ok().and_then(Result::ok);
    let first = addresses.and_then(|addresses| addresses.first().copied());
    first.ok_or(NetworkError::Resolve)
}

/// Asks for the time.
///
/// # Errors
/// [`Trouble::NoTime`], after the reason was logged.
pub async fn time(stack: Stack<'_>, server: &str) -> Result<Time, Trouble> {
    let asked = with_timeout(PATIENCE, ask(stack, server)).await;
    match asked {
        Ok(Ok(Some(time))) => return Ok(time),
        Ok(Ok(None)) => log::warn!("{server} refuses to tell the time"),
        Ok(Err(error)) => log::warn!("{server} cannot be asked for the time: {error}"),
        Err(_) => log::warn!("{server} does not answer"),
    }
    Err(Trouble::NoTime)
}

/// One question; `None` for an answer that is not the time.
async fn ask(stack: Stack<'_>, server: &str) -> Result<Option<Time>, bearcub::Error> {
    let server = (resolve(stack, server).await?, sntp::PORT);
    let (mut incoming, mut outgoing) = ([PacketMetadata::EMPTY; 1], [PacketMetadata::EMPTY; 1]);
    let (mut received, mut sent) = ([0; 128], [0; 128]);
    let mut socket = UdpSocket::new(
        stack,
        &mut incoming,
        &mut received,
        &mut outgoing,
        &mut sent,
    );
    let random = Rng::new();
    // What keeps forged answers out; the radio is on, so the numbers are true ones.
    let mut request = Request::new(u64::from(random.random()) << 32 | u64::from(random.random()));
    let at = Instant::now();
    if socket.bind(0).is_err() || socket.send_to(&request.packet(), server).await.is_err() {
        return Err(NetworkError::Connect.into());
    }
    let mut answer = [0; 128];
    loop {
        let Ok((length, _)) = socket.recv_from(&mut answer).await else {
            continue;
        };
        let elapsed = Duration::from_millis(at.elapsed().as_millis());
        match request.read(&answer[..length], Some(elapsed)) {
            Ok(timestamp) => return Ok(timestamp.time()),
            Err(error) if error.advice() == Advice::Wait => log::debug!("{error}"),
            Err(error) => {
                log::warn!("{error}");
                return Ok(None);
            }
        }
    }
}

/// A TCP connection to the broker.
///
/// # Errors
/// `Resolve` or `Connect`.
pub async fn dial<'m>(
    stack: Stack<'m>,
    host: &str,
    port: u16,
    memory: &'m mut ([u8; 1536], [u8; 1024]),
) -> Result<Tcp<'m>, NetworkError> {
    let address = resolve(stack, host).await?;
    let mut socket = TcpSocket::new(stack, &mut memory.0, &mut memory.1);
    // The handshake's last messages are small records that must not wait for one another.
    socket.set_nagle_enabled(false);
    match with_timeout(PATIENCE, socket.connect((address, port))).await {
        Ok(Ok(())) => Ok(Tcp(socket)),
        Ok(Err(_)) | Err(_) => Err(NetworkError::Connect),
    }
}

/// A socket whose `flush` does not wait for the other side to have received everything: the stack sends by itself.
pub struct Tcp<'m>(TcpSocket<'m>);

impl ErrorType for Tcp<'_> {
    type Error = embassy_net::tcp::Error;
}

impl Read for Tcp<'_> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Self::Error> {
        self.0.read(into).await
    }
}

impl Write for Tcp<'_> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        self.0.write(data).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
