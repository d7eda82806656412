//! `cargo sim publish`: messages to a broker, as mosquitto_pub sends them.

use std::io::BufRead;
use std::path::PathBuf;
use std::time::Duration;

use bearcub::mqtt::{Event, Publish};
use clap::Args;
use serde_json::json;

use super::options::seconds;
use super::print_json;
use crate::failure::Failure;
use crate::files;
use crate::mqtt::options::{MqttOptions, qos};
use crate::mqtt::{ToolClient, clock, failed, with_client};

/// The longest packet that there is (section 2.2.3 of MQTT 3.1.1).
const PAYLOAD_MAX: u64 = 268_435_455;

/// Options of `publish`.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
#[command(group = clap::ArgGroup::new("payload").required(true))]
pub struct PublishOptions {
    /// The connection
    #[command(flatten)]
    pub mqtt: MqttOptions,
    /// The topic
    #[arg(short = 't', long, value_name = "TOPIC")]
    pub topic: String,
    /// The message is this text
    #[arg(short = 'm', long, value_name = "TEXT", group = "payload")]
    pub message: Option<String>,
    /// The message is this file
    #[arg(short = 'f', long, value_name = "FILE", group = "payload")]
    pub file: Option<PathBuf>,
    /// The message is all of standard input
    #[arg(short = 's', long, group = "payload")]
    pub stdin_file: bool,
    /// Each line of standard input is a message
    #[arg(short = 'l', long, group = "payload")]
    pub stdin_line: bool,
    /// The message is empty
    #[arg(short = 'n', long, group = "payload")]
    pub null_message: bool,
    /// The broker keeps the message for whoever subscribes later
    #[arg(short = 'r', long)]
    pub retain: bool,
    /// How often to publish the message
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// The time between two of them
    #[arg(long, value_name = "SECONDS", requires = "repeat", value_parser = seconds)]
    pub repeat_delay: Option<Duration>,
    /// Print one JSON object when everything has arrived
    #[arg(long)]
    pub json: bool,
}

/// Publishes.
///
/// # Errors
/// For wrong arguments and files, or why a message has not arrived.
pub fn run(options: &PublishOptions) -> Result<(), Failure> {
    let stdin = |error: std::io::Error| Failure::Usage(format!("standard input: {error}"));
    let payload = if let Some(text) = &options.message {
        text.clone().into_bytes()
    } else if let Some(file) = &options.file {
        std::fs::File::open(file)
            .and_then(|file| files::read_at_most(file, PAYLOAD_MAX))
            .map_err(|error| Failure::unread(format_args!("--file {}", file.display()), &error))?
    } else if options.stdin_file {
        files::read_at_most(std::io::stdin(), PAYLOAD_MAX).map_err(stdin)?
    } else {
        Vec::new()
    };
    bearcub::mqtt::packet::topic::check_name(&options.topic)
        .map_err(|error| Failure::from(bearcub::Error::from(error)).at("--topic"))?;
    let mut published = 0_u64;
    with_client(&options.mqtt, |mut client, _| {
        if options.stdin_line {
            for line in std::io::stdin().lock().lines() {
                publish(&mut client, options, line.map_err(stdin)?.as_bytes())?;
                published += 1;
            }
        } else {
            for round in 0..options.repeat {
                if let (1.., Some(delay)) = (round, options.repeat_delay) {
                    wait(&mut client, delay)?;
                }
                publish(&mut client, options, &payload)?;
                published += 1;
            }
        }
        settle(&mut client, options)?;
        client.disconnect().map_err(failed).map(drop)
    })?;
    if options.json {
        let (topic, qos) = (&options.topic, options.mqtt.qos);
        return print_json(&json!({ "topic": topic, "qos": qos, "published": published }));
    }
    Ok(())
}

/// Publishes one message, in pieces if it is large.
fn publish(
    client: &mut ToolClient<'_, '_, '_>,
    options: &PublishOptions,
    payload: &[u8],
) -> Result<(), Failure> {
    let message = Publish::new(&options.topic, payload).qos(qos(options.mqtt.qos));
    let message = if options.retain {
        message.retained()
    } else {
        message
    };
    // As many are under way as there are slots for.
    if client.session().in_flight() >= crate::mqtt::IN_FLIGHT {
        settle(client, options)?;
    }
    if payload.len() < 1 << 19 {
        return client.publish_message(&message).map_err(failed).map(drop);
    }
    settle(client, options)?;
    client
        .begin(&message, payload.len(), None)
        .map_err(failed)?;
    client.supply(payload).map_err(failed)
}

/// Waits until everything has arrived.
fn settle(client: &mut ToolClient<'_, '_, '_>, options: &PublishOptions) -> Result<(), Failure> {
    let broker = &options.mqtt.broker;
    let timeout = u32::try_from(broker.timeout.as_millis()).unwrap_or(u32::MAX);
    if client
        .settle(clock().after(timeout), |_| {})
        .map_err(failed)?
    {
        return Ok(());
    }
    Err(Failure::Other(format!(
        "{}: {} messages were not acknowledged in time (--timeout)",
        broker.address(),
        client.session().in_flight()
    )))
}

/// Lets time pass, with the connection kept alive.
fn wait(client: &mut ToolClient<'_, '_, '_>, delay: Duration) -> Result<(), Failure> {
    let until = clock().after(u32::try_from(delay.as_millis()).unwrap_or(u32::MAX));
    while let Some(event) = client.poll(until).map_err(failed)? {
        debug_assert!(matches!(event, Event::Published(_)));
    }
    Ok(())
}
