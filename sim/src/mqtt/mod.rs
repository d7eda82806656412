//! MQTT from the command line: the library's own client over its own TLS, as a program on a computer has it.
//!
//! [`options`] is what `publish` and `subscribe` have in common, named as Mosquitto's clients name it; [`stream`] the
//! connection below; [`with_client`] puts both together.

pub mod options;
pub mod stream;

use std::time::{Duration, Instant as SystemInstant};

use bearcub::clock::Instant;
use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{ClientError, Options, Resumption, Session};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::client::Run;
use crate::failure::Failure;
use crate::lab;
use crate::live::Address;
use crate::plan::Plan;
use crate::stranger;
use options::{MqttOptions, Own};
use stream::{Stream, Tcp};

/// Messages of `publish` and `subscribe` that are under way in each direction. Mosquitto's limit is 20, to which it does not
/// keep.
pub const IN_FLIGHT: usize = 64;

/// Filters that can be given.
pub const FILTERS: usize = 50;

/// The largest message that is received whole, and each of the other buffers.
const BUFFER: usize = 1 << 20;

/// A session of the commands, with its slots for messages.
pub type ToolSession<'b, const N: usize> = Session<'b, Ram<'b>, N, FILTERS>;

/// The client of the commands.
pub type ToolClient<'c, 'b, 's, const N: usize = IN_FLIGHT> =
    Client<'c, 'b, Stream<'s>, fn() -> Instant, Ram<'b>, N, FILTERS>;

/// Milliseconds since the program's first look at its clock.
pub fn clock() -> Instant {
    static START: std::sync::OnceLock<SystemInstant> = std::sync::OnceLock::new();
    let start = START.get_or_init(SystemInstant::now);
    Instant::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// What the library says, as a failure of the command.
pub fn failed(error: ClientError<bearcub::Error>) -> Failure {
    Failure::Tls(error.into())
}

/// Connects as the options say, and lets `work` have the client. Its memory lives as long as the program, which does this
/// once.
///
/// # Errors
/// What is wrong with the options, why the connection failed, or what `work` reports.
pub fn with_client<'b, T>(
    options: &'b MqttOptions,
    work: impl FnOnce(ToolClient<'_, 'b, '_>, Resumption) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let own: &'b Own = Box::leak(Box::new(options.broker.own()?));
    let mqtt: &'b Options<'b> = Box::leak(Box::new(options.mqtt(own)?));
    // Options are checked before anybody is connected to.
    let mut session = session(mqtt, 4 * BUFFER)?;
    let address = options.broker.address();
    let plan = options.broker.plan(&address)?;
    connected(
        &address,
        options.broker.timeout,
        plan.as_ref(),
        &mut session,
        work,
    )
}

/// A session with room for that many bytes of messages. Its memory lives as long as the program.
///
/// # Errors
/// What is wrong with the options.
pub fn session<'b, const N: usize>(
    options: &'b Options<'b>,
    store: usize,
) -> Result<ToolSession<'b, N>, Failure> {
    let memory = |size: usize| -> &'b mut [u8] { vec![0; size].leak() };
    let store = Ram::new(memory(store));
    Ok(Session::new(
        options,
        memory(BUFFER),
        memory(BUFFER),
        store,
    )?)
}

/// Connects a session, over TLS if there is a plan for it, and lets `work` have the client.
///
/// # Errors
/// Why the connection failed, or what `work` reports; errors of the library name the broker.
pub fn connected<'b, T, const N: usize>(
    address: &Address,
    timeout: Duration,
    plan: Option<&Plan>,
    session: &mut ToolSession<'b, N>,
    work: impl FnOnce(ToolClient<'_, 'b, '_, N>, Resumption) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let start = clock as fn() -> Instant;
    let placed = |failure: Failure| failure.at_server(address);
    let Some(plan) = plan else {
        let tcp = Tcp::connect(address, timeout)?;
        tcp.patience().end();
        let first = tcp.first();
        let client = Client::connect(Stream::Plain(tcp), session, start).map_err(failed);
        let (client, resumption) = stranger::named_plain(client, &first.bytes()).map_err(placed)?;
        return work(client, resumption).map_err(placed);
    };
    let run = Run {
        plan,
        seed: lab::fresh_seed()?,
        script: crate::client::Script::Silence,
        measure_stack: false,
    };
    run.check()?;
    let tcp = Tcp::connect(address, timeout)?;
    let (first, patience) = (tcp.first(), tcp.patience());
    let result = run.with_memory(|parts, scratch, config| {
        let mut rng = ChaCha20Rng::from_seed(run.seed);
        let stream =
            bearcub::tls::connect(tcp, parts, scratch, config, &mut rng).map_err(Failure::Tls);
        let stream = stranger::named(stream, &first.bytes())?;
        patience.end();
        if let Some(pin) = stream.connection().learned() {
            crate::commands::tell(&format_args!(
                "learned: from now on, use --fingerprint {pin}"
            ));
        }
        let (client, resumption) =
            Client::connect(Stream::Tls(stream), session, start).map_err(failed)?;
        work(client, resumption)
    });
    result.map_err(placed)
}
