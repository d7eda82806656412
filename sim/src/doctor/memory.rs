//! What a set-up takes of the device's memory.

use serde::Serialize;

use super::setup::Setup;
use super::{Findings, Level};
use crate::failure::Failure;
use crate::sizes;

/// Bytes on a 32-bit board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// TLS, while it is connected.
    pub tls: usize,
    /// MQTT, with its buffers and its store.
    pub mqtt: usize,
    /// Both.
    pub kept: usize,
    /// What the handshake borrows beside, its stack left out.
    pub scratch: usize,
}

impl Needed {
    /// Of that set-up.
    ///
    /// # Errors
    /// If a file that it names cannot be used.
    pub fn of(setup: &Setup) -> Result<Needed, Failure> {
        let plan = setup.plan(None)?;
        let mqtt = setup.mqtt.as_ref().map_or(0, |mqtt| {
            sizes::MQTT_SESSION
                + mqtt.slots * sizes::MQTT_SLOT
                + mqtt.subscribe.len() * sizes::MQTT_SUBSCRIPTION
                + mqtt.input_buffer
                + mqtt.output_buffer
                + mqtt.store
        });
        let tls = sizes::kept(&plan).total;
        Ok(Needed {
            tls,
            mqtt,
            kept: tls + mqtt,
            scratch: sizes::scratch(&plan),
        })
    }
}

/// Compares it with the budget.
pub(super) fn examine(setup: &Setup, findings: &mut Findings) -> Result<(), Failure> {
    let needed = Needed::of(setup)?;
    let scratch = format!(
        "the handshake borrows {} bytes, and its stack (`bearcub board {} --steps` measures that)",
        needed.scratch, setup.board
    );
    for (what, bytes, budget) in [
        (
            format!(
                "{} bytes are kept while connected: TLS {}, MQTT {}",
                needed.kept, needed.tls, needed.mqtt
            ),
            needed.kept,
            setup.budget.kept,
        ),
        (scratch, needed.scratch, setup.budget.scratch),
    ] {
        match budget {
            Some(budget) if bytes > budget => {
                findings.add(
                    "memory",
                    Level::Fail,
                    format!("{what}; the budget has {budget}"),
                );
                findings.advise(
                    Some(bearcub::error::ResourceError::OutOfMemory.into()),
                    "Smaller record buffers with a fragment length, a smaller store, pins instead of authorities, or \
                     rsa_4096 = false take less."
                        .to_owned(),
                );
            }
            Some(budget) => findings.ok("memory", format!("{what}, of {budget}")),
            None => findings.ok("memory", what),
        }
    }
    Ok(())
}
