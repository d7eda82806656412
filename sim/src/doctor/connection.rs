//! From the configuration to the broker's answers, in the order of a device's connect.

use bearcub::Error;
use bearcub::error::{ConfigError, Input, Memory, MqttResource, NetworkError};
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Event, Filter, Options, Publish, QoS, Resumption, Session};

use super::setup::{Mqtt, Setup};
use super::{Findings, Level, tls};
use crate::failure::Failure;
use crate::live::Live;
use crate::mqtt::{IN_FLIGHT, ToolClient, ToolSession, clock, connected, failed};
use crate::peer::printable;
use crate::plan::{ClientPlan, Plan, TrustPlan};

/// Milliseconds in which the broker delivers what it has kept.
const RETAINED: u32 = 500;

const NOT_TRIED: &str = "not tried, because of what failed before";
const NOT_KNOWN: &str =
    "not tried: the server is not known, and is told no password before its pin is stored";

/// Tries everything.
pub fn examine(
    setup: &Setup,
    mut plan: Plan,
    has_identity: bool,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let checked = tls::run(&plan)?.check();
    match checked {
        // Wrong sizes and the like are the file's.
        Err(failure @ Failure::Usage(_)) => return Err(failure),
        Err(failure) if is_about_identity(&failure) => findings.fail("identity", &failure),
        Err(failure) => findings.fail("configuration", &failure),
        Ok(()) => {
            if has_identity {
                findings.ok("identity", "key and certificate belong together");
            }
            if let Some(client) = &plan.client {
                own_dates(&plan, client, findings);
            }
            findings.ok("configuration", "the library takes it");
        }
    }
    let is_sound = findings.count(Level::Fail) == 0;
    let reached = reach(setup, findings);
    let (Some(live), true) = (reached, is_sound) else {
        findings.add("tls", Level::Skipped, NOT_TRIED);
        return mqtt(setup, Err(NOT_TRIED), findings);
    };
    let has_password = setup.mqtt.as_ref().is_some_and(Mqtt::has_password);
    let is_learning = plan.trust == TrustPlan::Learn;
    match tls::examine(setup, &plan, live, findings)? {
        None => mqtt(setup, Err(NOT_TRIED), findings),
        // Whoever answered may be anyone.
        Some(_) if is_learning && has_password => mqtt(setup, Err(NOT_KNOWN), findings),
        Some(trust) => {
            plan.trust = trust;
            mqtt(setup, Ok(&plan), findings)
        }
    }
}

fn is_about_identity(failure: &Failure) -> bool {
    use ConfigError::{ChainLength, KeyMismatch, Malformed, MemoryTooSmall};
    let Some(Error::Config(error)) = failure.tls() else {
        return false;
    };
    matches!(
        error,
        KeyMismatch
            | ChainLength
            | Malformed {
                input: Input::Certificate | Input::PrivateKey,
                ..
            }
            | MemoryTooSmall {
                memory: Memory::Identity,
                ..
            }
    )
}

fn own_dates(plan: &Plan, client: &ClientPlan, findings: &mut Findings) {
    let end = client
        .certificates
        .first()
        .and_then(|der| tls::end_of(&der.0));
    // The server knows the time, whatever the device's clock says.
    let now = crate::files::time("now").ok().flatten().or(plan.clock);
    if let Some(left) = end
        .zip(now)
        .map(|(end, now)| (end - now).div_euclid(86_400))
        && left < 30
    {
        findings.warn(
            "identity",
            match left {
                0.. => format!("the device's certificate ends in {left} days"),
                _ => "the device's certificate has ended".to_owned(),
            },
            "Servers refuse it then (301): renew it.",
        );
    }
}

/// The name and TCP.
fn reach(setup: &Setup, findings: &mut Findings) -> Option<Live> {
    let address = setup.address();
    let result = Live::connect(&address, setup.timeout());
    let is_unresolved = matches!(
        &result,
        Err(failure) if failure.tls() == Some(&NetworkError::Resolve.into())
    );
    match result {
        Err(failure) if is_unresolved => {
            findings.fail("name", &failure.at(&address));
            findings.add("tcp", Level::Skipped, NOT_TRIED);
            None
        }
        Err(failure) => {
            findings.ok("name", format!("{} is found", setup.host));
            findings.fail("tcp", &failure.at(&address));
            None
        }
        Ok(live) => {
            findings.ok("name", format!("{} is found", setup.host));
            findings.ok("tcp", format!("{address} answers"));
            Some(live)
        }
    }
}

/// MQTT: what can be known without a broker, and the rest with one if there is a plan.
fn mqtt(setup: &Setup, plan: Result<&Plan, &str>, findings: &mut Findings) -> Result<(), Failure> {
    let Some(mqtt) = &setup.mqtt else {
        return Ok(());
    };
    let options = mqtt.options(setup.timeout());
    let (mut input, mut output) = (vec![0; mqtt.input_buffer], vec![0; mqtt.output_buffer]);
    let mut store = vec![0; mqtt.store];
    let session = Session::new(&options, &mut input, &mut output, Ram::new(&mut store));
    let mut session: ToolSession<'_, IN_FLIGHT> = match session {
        Ok(session) => session,
        Err(error) => {
            findings.fail("mqtt", &error.into());
            return Ok(());
        }
    };
    match plan {
        Err(why) => findings.add("mqtt", Level::Skipped, why),
        Ok(plan) => talk(setup, mqtt, plan, &mut session, findings),
    }
    publish(mqtt, &options, findings);
    Ok(())
}

/// Connects and subscribes.
fn talk<'b>(
    setup: &Setup,
    mqtt: &'b Mqtt,
    plan: &Plan,
    session: &mut ToolSession<'b, IN_FLIGHT>,
    findings: &mut Findings,
) {
    let limits = mqtt.limits();
    let mut filters = Vec::new();
    for name in &mqtt.subscribe {
        let filter = Filter::new(name, QoS::AtLeastOnce);
        match limits.check_filter(&filter) {
            Ok(()) => filters.push(filter),
            Err(error) => findings.fail("subscribe", &Failure::from(error).at(name)),
        }
    }
    let mut has_connected = false;
    let result = connected(
        &setup.address(),
        setup.timeout(),
        Some(plan),
        session,
        |mut client, resumption| {
            has_connected = true;
            accepted(mqtt, resumption, findings);
            subscribe(setup, &filters, &mut client, findings)?;
            client.disconnect().map_err(failed).map(drop)
        },
    );
    if let Err(failure) = result {
        findings.fail(if has_connected { "subscribe" } else { "mqtt" }, &failure);
    }
}

fn accepted(mqtt: &Mqtt, resumption: Resumption, findings: &mut Findings) {
    let kept = match resumption {
        Resumption::Resumed => "; it has kept the device's session",
        _ => "",
    };
    findings.ok(
        "mqtt",
        format!("the broker lets {} in{kept}", mqtt.client_id),
    );
    if mqtt.username.is_some() && !mqtt.has_password() {
        findings.warn(
            "mqtt",
            "there is a user name and no password",
            "password_file names the file with it.",
        );
    }
}

/// Subscribes, and looks at what the broker has kept.
fn subscribe<'b>(
    setup: &Setup,
    filters: &[Filter<'b>],
    client: &mut ToolClient<'_, 'b, '_, IN_FLIGHT>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    if filters.is_empty() {
        return Ok(());
    }
    client.subscribe(filters).map_err(failed)?;
    let timeout = u32::try_from(setup.timeout().as_millis()).unwrap_or(u32::MAX);
    let mut until = clock().after(timeout);
    let mut is_answered = false;
    while let Some(event) = client.poll(until).map_err(failed)? {
        match event {
            Event::Subscribed { subscriptions, .. } => {
                for one in subscriptions {
                    let filter = one.filter();
                    match one.granted() {
                        Some(_) => findings.ok("subscribe", format!("the broker grants {filter}")),
                        None => {
                            let message = format!("the broker refuses {filter}");
                            findings.add("subscribe", Level::Fail, message);
                            let remedy =
                                "Its rights (acl_file, policy) have to let this device read there.";
                            findings.advise(None, remedy.to_owned());
                        }
                    }
                }
                is_answered = true;
                until = clock().after(RETAINED);
            }
            Event::Begin(message) => {
                let text = format!(
                    "the broker has a message of {} bytes on {}, more than the input buffer of MQTT takes",
                    message.length,
                    printable(&message.topic)
                );
                let remedy = "It arrives in pieces (Event::Begin, Event::Piece): let the program take them, or enlarge input_buffer.";
                findings.warn("subscribe", text, remedy);
            }
            _ => {}
        }
    }
    match is_answered {
        true => Ok(()),
        false => Err(Error::from(NetworkError::Timeout).into()),
    }
}

/// Whether what the device publishes has room, and the broker takes it.
fn publish(mqtt: &Mqtt, options: &Options<'_>, findings: &mut Findings) {
    for message in &mqtt.publish {
        let payload = vec![0; message.bytes];
        let publish = message.publish(&payload);
        if let Err(error) = mqtt.limits().check_publish(&publish) {
            findings.fail("publish", &Failure::from(error).at(&message.topic));
            continue;
        }
        let what = format!("{} bytes on {}", message.bytes, message.topic);
        // The longest fixed header and the topic's length are 7 bytes.
        let packet = 7 + message.topic.len() + message.bytes;
        let is_at_once = message.qos == 0 && packet <= mqtt.output_buffer;
        if is_at_once || has_room(mqtt, options, &publish) {
            findings.ok("publish", format!("there is room for {what}"));
        } else {
            let text = format!(
                "{what} fit neither the store of {} bytes nor an output buffer of {}",
                mqtt.store, mqtt.output_buffer
            );
            findings.add("publish", Level::Fail, text);
            findings.advise(
                Some(MqttResource::StoreFull.into()),
                "Enlarge the store, or publish in pieces (begin, supply).".to_owned(),
            );
        }
    }
}

/// Whether a message fits a store of that size, with nothing else in it.
fn has_room(mqtt: &Mqtt, options: &Options<'_>, message: &Publish<'_>) -> bool {
    let (mut input, mut output) = (vec![0; mqtt.input_buffer], vec![0; mqtt.output_buffer]);
    let mut store = vec![0; mqtt.store];
    let session: Result<ToolSession<'_, IN_FLIGHT>, _> =
        Session::new(options, &mut input, &mut output, Ram::new(&mut store));
    session.is_ok_and(|mut session| session.publish(message).is_ok())
}
