//! What MQTT takes on a board: a session's memory, the instructions of its steps, what it adds to a program.

use serde::{Deserialize, Serialize};

use super::build::{self, Kind};
use super::measure::{Flash, measure};
use super::run::{self, Event, MqttSizes, MqttStep};
use super::tools::Tools;
use super::{Board, cache};
use crate::budgets::MqttFigures;
use crate::failure::Failure;
use crate::recording::Recording;
use crate::scenarios;

/// The recording of a message over TLS, and the step without TLS that it belongs to.
const RECORDED: (&str, &str) = ("records-mqtt", "publish 64 B with QoS 1");

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mqtt {
    /// Bytes of a session.
    pub sizes: MqttSizes,
    /// Steps of a session, without TLS.
    pub steps: Vec<MqttStep>,
    /// Instructions of the recorded step, from `publish` to the broker's acknowledgement, its two TLS records included.
    pub publish_with_tls: u64,
    /// What MQTT adds to a program that publishes with QoS 0 alone.
    pub sending: Flash,
    /// What it adds to a program that publishes and subscribes with every QoS.
    pub all: Flash,
    /// What it adds to one that uses everything else, too: messages in pieces, acknowledgements of its own, a store in flash, the
    /// limits of a broker, a bound for its queue, a last will, unsubscribing, reconnecting.
    pub every: Flash,
}

impl Mqtt {
    /// Instructions of the recorded step without TLS.
    pub fn publish(&self) -> u64 {
        self.step(RECORDED.1).map_or(0, |step| step.instructions)
    }

    /// Whether that step is the recorded one.
    pub fn is_recorded(step: &MqttStep) -> bool {
        step.name == RECORDED.1
    }

    fn step(&self, name: &str) -> Option<&MqttStep> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// What is held to a budget.
    pub fn figures(&self) -> MqttFigures {
        MqttFigures {
            session: self.sizes.session as u64,
            slot: self.sizes.slot as u64,
            subscription: self.sizes.subscription as u64,
            flash_sending: self.sending.total(),
            flash: self.all.total(),
            publish: self.publish(),
            publish_with_tls: self.publish_with_tls,
        }
    }
}

/// Measures it, or remembers what was measured before anything changed.
///
/// # Errors
/// A program that is missing, or what went wrong in building or running.
pub fn measured(board: Board, tools: &Tools) -> Result<Mqtt, Failure> {
    let recording = recording()?;
    let place = cache::Place::of(board, tools, &recording.header.plan, b"mqtt")?;
    if let Some(known) = place.read() {
        return Ok(known);
    }
    let mqtt = afresh(board, tools)?;
    place.write(&mqtt);
    Ok(mqtt)
}

fn recording() -> Result<Recording, Failure> {
    let scenario = scenarios::find(RECORDED.0)?;
    Recording::load(&scenario.recording(&scenarios::folder()))
}

/// Measures it, whatever is remembered of MQTT.
///
/// # Errors
/// As [`measured`].
pub fn afresh(board: Board, tools: &Tools) -> Result<Mqtt, Failure> {
    let recording = recording()?;
    let turns = measure(board, tools, &recording)?.turns;
    let plan = &recording.header.plan;
    let _lock = build::lock(board)?;
    let image = build::image(board, tools, Kind::Mqtt, plan)?;
    let events = run::image(board, board.emulator().as_ref(), &image, &[], run::LIMIT)?;
    let (mut sizes, mut steps) = (None, Vec::new());
    for event in events {
        match event {
            Event::MqttSizes(found) => sizes = Some(found),
            Event::Mqtt(step) => steps.push(step),
            _ => {}
        }
    }
    let lacks = |what: &str| Failure::Other(format!("the image's report on MQTT lacks {what}"));
    let sizes = sizes.ok_or_else(|| lacks("the sizes"))?;
    let step = steps.iter().find(|step| Mqtt::is_recorded(step));
    let step = step.ok_or_else(|| lacks(RECORDED.1))?;
    // The recorded message is the step's: both have the same length, and so the same records.
    let turn = turns.iter().find(|turn| turn.sent == step.packet);
    let turn = turn.ok_or_else(|| lacks("the step that was recorded"))?;
    let publish_with_tls = step.instructions + turn.sealing + turn.opening;
    let plain = Flash::of(&build::image(board, tools, Kind::Plain, plan)?)?;
    let added = |kind| {
        let with = Flash::of(&build::image(board, tools, kind, plan)?)?;
        Ok::<_, Failure>(with.beyond(plain))
    };
    Ok(Mqtt {
        sizes,
        publish_with_tls,
        steps,
        sending: added(Kind::MqttSend)?,
        all: added(Kind::MqttFirmware)?,
        every: added(Kind::MqttEvery)?,
    })
}
