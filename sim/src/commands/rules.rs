//! `bearcub rules`: a rule of AWS IoT, for any broker.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bearcub::clock::Instant;
use bearcub::mqtt::packet::topic;
use bearcub::mqtt::{
    Backoff, Event, Filter, Message, Options, QoS, Resumption, Subscription, Topic,
};
use clap::Args;
use rand_core::{Rng, SeedableRng};
use serde_json::json;

use super::options::seconds;
use super::{print, tell};
use crate::failure::Failure;
use crate::files;
use crate::lab;
use crate::live::Address;
use crate::mqtt::options::{BrokerOptions, Own, qos};
use crate::mqtt::{clock, connected, failed, session};
use crate::peer::printable;
use crate::rules::service::{Client, Delivery, Fate, IN_FLIGHT, LARGEST, STORE, Service};
use crate::rules::{Incoming, Rule};

/// 2026-01-01: a clock that is before this is not set.
const NOT_BEFORE: u64 = 1_767_225_600_000;

/// Options of `rules`.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
#[command(group = clap::ArgGroup::new("statement").required(true))]
pub struct RulesOptions {
    /// The connection
    #[command(flatten)]
    pub broker: BrokerOptions,
    /// The rule: SELECT … FROM 'filter' WHERE …
    #[arg(long, value_name = "STATEMENT", group = "statement")]
    pub sql: Option<String>,
    /// The file with the rule
    #[arg(long, value_name = "FILE", group = "statement")]
    pub sql_file: Option<PathBuf>,
    /// The topic of the results; ${topic()}, ${topic(2)} and other expressions of the rule stand for their values
    #[arg(long, value_name = "TOPIC")]
    pub republish: String,
    /// The topic for messages that no result can be published for [default: they are told on standard error only]
    #[arg(long, value_name = "TOPIC")]
    pub errors: Option<String>,
    /// The quality of service of the results: 0 or 1. With 1 nothing is lost
    #[arg(short = 'q', long, value_name = "QOS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub qos: u8,
    /// The level of the topic that has the publisher's client identifier, for clientid(); from 1
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub client_id_level: Option<usize>,
    /// Apply the rule to messages too that the broker had kept from before
    #[arg(long)]
    pub retained: bool,
    /// Connect nowhere: apply the rule to standard input, as if it came with this topic, and print the result
    #[arg(long, value_name = "TOPIC")]
    pub dry_run: Option<String>,
    /// End after so many messages
    #[arg(short = 'C', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End after this time
    #[arg(short = 'W', value_name = "SECONDS", value_parser = seconds)]
    pub wait: Option<Duration>,
    /// Print what becomes of each message
    #[arg(short = 'v', long)]
    pub verbose: bool,
    /// Print what becomes of each message as a line of JSON
    #[arg(long, conflicts_with = "verbose")]
    pub json: bool,
}

fn level(text: &str) -> Result<usize, String> {
    let level = text.parse().ok().filter(|level| *level > 0);
    level.ok_or_else(|| "levels are counted from 1".to_owned())
}

/// Applies the rule until it is to end.
///
/// # Errors
/// For wrong arguments, a broker that does not let it in or refuses the filter.
pub fn run(options: &RulesOptions) -> Result<(), Failure> {
    let rule = Rule::new(
        &statement(options)?,
        &options.republish,
        options.client_id_level,
    )?;
    if let Some(errors) = &options.errors {
        topic::check_name(errors)
            .map_err(|error| Failure::from(bearcub::Error::from(error)).at("--errors"))?;
        if rule.takes(errors) {
            return Err(Failure::Usage(format!(
                "--errors {errors}: the rule would be given its own errors, for ever: FROM '{}' matches that topic",
                rule.filter()
            )));
        }
    }
    if let Some(topic) = &options.dry_run {
        return dry_run(options, &rule, topic);
    }
    if options.broker.id.is_none() {
        let needed = "--id NAME is needed: under this name the broker keeps messages for the rule while it is not connected";
        return Err(Failure::Usage(needed.to_owned()));
    }
    now()?;
    serve(options, &rule)
}

fn statement(options: &RulesOptions) -> Result<String, Failure> {
    match (&options.sql, &options.sql_file) {
        (Some(sql), _) => Ok(sql.clone()),
        (None, Some(file)) => files::text_at_most(file, files::TEXT_MAX).map_err(|error| {
            Failure::unread(format_args!("--sql-file {}", file.display()), &error)
        }),
        (None, None) => Err(Failure::Usage("--sql is missing".to_owned())),
    }
}

/// Milliseconds since 1970.
fn now() -> Result<u64, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok());
    now.filter(|now| *now >= NOT_BEFORE).ok_or_else(|| {
        Failure::Other(
            "this computer's clock is not set: it says a time before 2026, and timestamps would be wrong"
                .to_owned(),
        )
    })
}

fn dry_run(options: &RulesOptions, rule: &Rule, name: &str) -> Result<(), Failure> {
    topic::check_name(name)
        .map_err(|error| Failure::from(bearcub::Error::from(error)).at("--dry-run"))?;
    let payload = files::read_at_most(std::io::stdin(), LARGEST as u64)
        .map_err(|error| Failure::Usage(format!("standard input: {error}")))?;
    let incoming = Incoming {
        topic: name,
        payload: &payload,
        received: now()?,
    };
    let left_out = |why: &str| Failure::Refuted(format!("nothing is republished: {why}"));
    if !rule.takes(name) {
        return Err(left_out(&format!(
            "FROM '{}' does not match {name}",
            rule.filter()
        )));
    }
    let result = rule
        .apply(&incoming)
        .map_err(|refused| left_out(&refused.why))?;
    let result = result.ok_or_else(|| left_out("WHERE leaves the message out"))?;
    let text = String::from_utf8_lossy(&result.payload);
    if options.json {
        let line = json!({ "republished": result.topic, "payload": text });
        return print(&format!("{line}\n"));
    }
    print(&format!("{} {text}\n", result.topic))
}

fn serve<'b>(options: &'b RulesOptions, rule: &'b Rule) -> Result<(), Failure> {
    let broker = &options.broker;
    // They live as long as the program, which does this once.
    let own: &'b Own = Box::leak(Box::new(broker.own()?));
    let mqtt: &'b Options<'b> = Box::leak(Box::new(
        broker.mqtt(own).persistent().acknowledge_manually(),
    ));
    let filter = Filter::new(rule.filter(), QoS::AtLeastOnce);
    mqtt.check()?;
    let address = broker.address();
    let plan = broker.plan(&address)?;
    let mut session = Box::new(session::<IN_FLIGHT>(mqtt, STORE)?);
    let delivery = Delivery {
        qos: qos(options.qos),
        errors: options.errors.clone(),
        retained: options.retained,
    };
    let mut backoff =
        Backoff::new(Duration::from_secs(1), Duration::from_secs(60)).at_least(LEAST_WAIT);
    let mut rng = rand_chacha::ChaCha20Rng::from_seed(lab::fresh_seed()?);
    let mut has_connected = false;
    let mut at_work = AtWork {
        options,
        service: Service::new(rule, &delivery),
        until: options.wait.map(|wait| clock().after(millis(wait))),
        pieces: None,
    };
    loop {
        let result = connected(
            &address,
            broker.timeout,
            plan.as_ref(),
            &mut session,
            |mut client, resumption| {
                has_connected = true;
                backoff.connected(clock());
                at_work.begin(resumption);
                if client.session().subscriptions().is_empty() {
                    client.subscribe(&[filter]).map_err(failed)?;
                }
                at_work.go_on(&mut client)?;
                client.disconnect().map_err(failed).map(drop)
            },
        );
        let failure = match result {
            Ok(()) => return Ok(()),
            // What the first connection fails of is told at once.
            Err(failure) if !has_connected => return Err(failure),
            Err(failure) => failure,
        };
        let (Some(error), Some(explained)) = (failure.tls(), failure.explained()) else {
            return Err(failure);
        };
        let retry = backoff.failed(error, clock(), rng.next_u32());
        tell(&format_args!(
            "{address}: error {}: {}; connecting again in {:.1} s",
            explained.code,
            explained.message,
            retry.after.as_secs_f32()
        ));
        if retry.contested {
            tell(&"somebody else seems to connect with the same --id");
        }
        if at_work.is_time_over(retry.after) {
            return Err(failure);
        }
        std::thread::sleep(retry.after);
    }
}

/// AWS IoT accepts one connection a second for a client identifier.
const LEAST_WAIT: Duration = Duration::from_secs(1);

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// A message that comes in pieces.
struct Pieces {
    topic: String,
    header: Message<'static>,
    bytes: Vec<u8>,
}

struct AtWork<'r> {
    options: &'r RulesOptions,
    service: Service<'r>,
    until: Option<Instant>,
    pieces: Option<Pieces>,
}

impl AtWork<'_> {
    fn is_time_over(&self, wait: Duration) -> bool {
        self.until
            .is_some_and(|until| clock().after(millis(wait)) >= until)
    }

    fn is_over(&self) -> bool {
        let has_all = |count| self.service.done >= count;
        self.is_time_over(Duration::ZERO) || self.options.count.is_some_and(has_all)
    }

    fn begin(&mut self, resumption: Resumption) {
        self.pieces = None;
        self.service.connected(resumption == Resumption::Resumed);
        tell(&match resumption {
            Resumption::New => "connected",
            Resumption::Resumed => "connected; the broker has kept the session",
            Resumption::Lost => {
                "connected; the broker has lost the session, and what came in the meantime"
            }
        });
    }

    /// Works until it is to end, and then until what is under way has arrived.
    fn go_on(&mut self, client: &mut Client<'_, '_, '_>) -> Result<(), Failure> {
        let mut end = None;
        loop {
            for (outgoing, failure) in self.service.go_on(client)? {
                tell(&format_args!("{}: {failure}", printable(&outgoing.topic)));
            }
            if end.is_none() && self.is_over() {
                end = Some(clock().after(millis(self.options.broker.timeout)));
            }
            if end.is_some_and(|end| self.service.under_way() == 0 || clock() >= end) {
                return Ok(());
            }
            let idle = clock().after(60_000);
            let at = end.or(self.until).map_or(idle, |until| until.min(idle));
            let told = match client.poll(at).map_err(failed)? {
                None if clock() < at && self.service.under_way() >= IN_FLIGHT => {
                    return Err(Failure::Other(format!(
                        "{}: the broker has sent {IN_FLIGHT} messages without waiting for their acknowledgements; limit it \
                         (Mosquitto: max_inflight_messages)",
                        self.options.broker.address()
                    )));
                }
                // They are delivered again, to the next run.
                Some(Event::Message(_) | Event::Begin(_)) if end.is_some() => None,
                Some(event) => self.happened(&event)?,
                None => None,
            };
            if let Some((topic, fate)) = told {
                show(self.options, &topic, &fate)?;
            }
        }
    }

    /// Takes note of an event; of a message, what becomes of it.
    fn happened(&mut self, event: &Event<'_>) -> Result<Option<(String, Fate)>, Failure> {
        match event {
            Event::Published(id) => self.service.published(*id),
            Event::Subscribed { subscriptions, .. } => {
                let address = self.options.broker.address();
                subscriptions
                    .iter()
                    .try_for_each(|one| check_granted(one, &address))?;
            }
            Event::Message(message) => {
                let fate = self.service.take(message, Some(message.payload), now()?);
                return Ok(Some((message.topic.as_str().to_owned(), fate)));
            }
            Event::Begin(message) => {
                self.pieces = Some(Pieces {
                    topic: message.topic.as_str().to_owned(),
                    header: Message {
                        topic: Topic::default(),
                        payload: &[],
                        ..*message
                    },
                    bytes: Vec::new(),
                });
            }
            Event::Piece { data, last } => {
                if let Some(pieces) = &mut self.pieces
                    && pieces.header.length <= LARGEST
                {
                    pieces.bytes.extend_from_slice(data);
                }
                if let Some(pieces) = self.pieces.take_if(|_| *last) {
                    let message = Message {
                        topic: Topic::new(&pieces.topic).unwrap_or_default(),
                        ..pieces.header
                    };
                    let is_whole = pieces.bytes.len() == pieces.header.length;
                    let payload = is_whole.then_some(&pieces.bytes[..]);
                    let fate = self.service.take(&message, payload, now()?);
                    return Ok(Some((pieces.topic, fate)));
                }
            }
            _ => {}
        }
        Ok(None)
    }
}

fn check_granted(one: &Subscription<'_>, address: &Address) -> Result<(), Failure> {
    match one.granted() {
        None => Err(Failure::Other(format!(
            "{address}: the broker refuses the filter {}; do its access rules (acl_file, policy) let this client read there?",
            one.filter()
        ))),
        Some(QoS::AtMostOnce) => {
            tell(&format_args!(
                "{address}: the broker grants QoS 0 only: messages may be lost"
            ));
            Ok(())
        }
        Some(_) => Ok(()),
    }
}

/// Tells what became of a message.
fn show(options: &RulesOptions, topic: &str, fate: &Fate) -> Result<(), Failure> {
    let (word, republished, why) = match fate {
        Fate::Published(outgoing) => ("published", Some(&outgoing.topic), None),
        Fate::LeftOut => ("left_out", None, None),
        Fate::Refused(refused) => ("refused", refused.target.as_ref(), Some(&refused.why)),
        Fate::Old => ("old", None, None),
        Fate::Foreign => ("foreign", None, None),
        Fate::Known => ("known", None, None),
        Fate::Dropped => ("dropped", None, None),
    };
    if let Some(why) = why {
        tell(&format_args!("{}: {why}", printable(topic)));
    }
    if options.json {
        let line = json!({ "topic": topic, "fate": word, "republished": republished, "why": why });
        return print(&format!("{line}\n"));
    }
    if !options.verbose {
        return Ok(());
    }
    let target = republished.map(|target| format!(" {}", printable(target)));
    print(&format!(
        "{} {}{}\n",
        printable(topic),
        word.replace('_', " "),
        target.unwrap_or_default()
    ))
}
