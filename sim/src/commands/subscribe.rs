//! `cargo sim subscribe`: messages from a broker, as mosquitto_sub prints them.

use std::time::Duration;

use bearcub::mqtt::{Event, Filter, Message, Resumption};
use clap::Args;
use serde_json::json;

use super::options::seconds;
use super::tell;
use crate::failure::Failure;
use crate::hex::Hex;
use crate::mqtt::options::{MqttOptions, qos};
use crate::mqtt::{clock, failed, with_client};

/// Options of `subscribe`.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub struct SubscribeOptions {
    /// The connection
    #[command(flatten)]
    pub mqtt: MqttOptions,
    /// A filter to subscribe with. May be repeated
    #[arg(short = 't', long, value_name = "FILTER", required = true)]
    pub topic: Vec<String>,
    /// Print no messages of topics that this filter matches. May be repeated
    #[arg(short = 'T', long, value_name = "FILTER")]
    pub filter_out: Vec<String>,
    /// End after so many messages
    #[arg(short = 'C', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End after this time
    #[arg(short = 'W', value_name = "SECONDS", value_parser = seconds)]
    pub wait: Option<Duration>,
    /// End as soon as the broker has granted the subscriptions; with -c, it keeps messages from then on
    #[arg(short = 'E')]
    pub exit_after_subscribing: bool,
    /// Print the topic before each message
    #[arg(short = 'v', long, conflicts_with = "json")]
    pub verbose: bool,
    /// Print no end of line after a message
    #[arg(short = 'N', conflicts_with = "json")]
    pub no_newline: bool,
    /// Print no messages that the broker had kept
    #[arg(short = 'R', conflicts_with = "retained_only")]
    pub no_retained: bool,
    /// Print only messages that the broker had kept, and end at the first other one
    #[arg(long)]
    pub retained_only: bool,
    /// Print each message as one line of JSON; payloads that are no text as hexadecimal
    #[arg(long)]
    pub json: bool,
}

/// Subscribes, and prints until it is to end.
///
/// # Errors
/// For wrong arguments, a filter that the broker refuses, or why the connection ended.
pub fn run(options: &SubscribeOptions) -> Result<(), Failure> {
    let filters: Vec<Filter<'_>> = options
        .topic
        .iter()
        .map(|topic| Filter::new(topic, qos(options.mqtt.qos)))
        .collect();
    let all = options.topic.iter().chain(&options.filter_out);
    for filter in all {
        bearcub::mqtt::packet::topic::check_filter(filter)
            .map_err(|error| Failure::from(bearcub::Error::from(error)).at(filter))?;
    }
    let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    let until = options.wait.map(|wait| clock().after(millis(wait)));
    with_client(&options.mqtt, |mut client, resumption| {
        if resumption == Resumption::Lost {
            tell(&format_args!(
                "{}: the broker has lost the session",
                options.mqtt.broker.address()
            ));
        }
        client.subscribe(&filters).map_err(failed)?;
        let mut left = options.count;
        // A message in pieces.
        let mut pieces: Option<(String, bool, Vec<u8>)> = None;
        loop {
            let at = until.unwrap_or_else(|| clock().after(60_000));
            let event = client.poll(at).map_err(failed)?;
            let is_printed = match event {
                None if until.is_some_and(|until| clock() >= until) => break,
                None => false,
                Some(Event::Subscribed { subscriptions, .. }) => {
                    let refused = subscriptions.iter().find(|one| one.granted().is_none());
                    if let Some(refused) = refused {
                        return Err(Failure::Other(format!(
                            "{}: the broker refuses the filter {}; do its access rules (acl_file, policy) let this client read there?",
                            options.mqtt.broker.address(),
                            refused.filter()
                        )));
                    }
                    if options.exit_after_subscribing {
                        break;
                    }
                    false
                }
                Some(Event::Message(message)) => {
                    let Message {
                        topic,
                        payload,
                        retain,
                        ..
                    } = message;
                    if options.retained_only && !retain {
                        break;
                    }
                    show(options, &topic, retain, payload)?
                }
                Some(Event::Begin(message)) => {
                    pieces = Some((
                        message.topic.as_str().to_owned(),
                        message.retain,
                        Vec::new(),
                    ));
                    false
                }
                Some(Event::Piece { data, last }) => {
                    if let Some((_, _, bytes)) = &mut pieces {
                        bytes.extend_from_slice(data);
                    }
                    match pieces.take_if(|_| last) {
                        Some((topic, retain, bytes)) => show(options, &topic, retain, &bytes)?,
                        None => false,
                    }
                }
                Some(_) => false,
            };
            if is_printed && let Some(left) = &mut left {
                *left -= 1;
                if *left == 0 {
                    break;
                }
            }
        }
        // The last message is acknowledged by asking for the next event.
        let timeout = millis(options.mqtt.broker.timeout);
        client
            .settle(clock().after(timeout.min(500)), |_| {})
            .map_err(failed)?;
        client.disconnect().map_err(failed).map(drop)
    })
}

/// Prints a message, if it is to be printed.
fn show(
    options: &SubscribeOptions,
    topic: &str,
    retain: bool,
    payload: &[u8],
) -> Result<bool, Failure> {
    let matches = |filter: &String| bearcub::mqtt::packet::topic::matches(filter, topic);
    if options.filter_out.iter().any(matches) || (options.no_retained && retain) {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    if options.json {
        let value = match str::from_utf8(payload) {
            Ok(text) => json!({ "topic": topic, "retain": retain, "payload": text }),
            Err(_) => {
                json!({ "topic": topic, "retain": retain, "payload_hex": Hex(payload.to_vec()) })
            }
        };
        bytes.extend(value.to_string().into_bytes());
    } else {
        if options.verbose {
            bytes.extend(topic.as_bytes());
            bytes.push(b' ');
        }
        bytes.extend(payload);
    }
    if !options.no_newline {
        bytes.push(b'\n');
    }
    super::print_bytes(&bytes).map(|()| true)
}
