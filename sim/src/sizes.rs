//! Sizes of the library's structures where pointers have 32 bits.
//!
//! This machine's own sizes would not do: pointers and alignment differ. A test compiles the library for a 32-bit target,
//! where that is installed, and has the compiler compare every number here.

use bearcub::tls::RECORD_OVERHEAD;

use crate::plan::Plan;

/// `size_of::<tls::Context>()`.
pub const CONTEXT: usize = 3536;
/// `tls::Scratch::FINGERPRINTS`.
pub const SCRATCH_FINGERPRINTS: usize = 1272;
/// `tls::Scratch::ANCHORS`.
pub const SCRATCH_ANCHORS: usize = 3480;
/// Both without the feature `rsa-4096`, in the same order.
pub const SCRATCH_RSA_2048: [usize; 2] = [SCRATCH_FINGERPRINTS - 256, SCRATCH_ANCHORS - 3 * 256];
/// `size_of::<tls::Session>()`.
pub const SESSION: usize = 92;
/// `size_of::<tls::Storage<1024, 1024>>()`.
pub const STORAGE_1024_1024: usize = 5656;
/// `size_of::<trust::TrustAnchor>()`: an entry in a table of anchors.
pub const TRUST_ANCHOR: usize = 28;
/// Bytes of an `mqtt::Session` without a store, without slots and without subscriptions.
pub const MQTT_SESSION: usize = 144;
/// Bytes that each slot for messages adds to it, in both directions.
pub const MQTT_SLOT: usize = 8;
/// Bytes that each remembered subscription adds to it.
pub const MQTT_SUBSCRIPTION: usize = 16;
/// The alignment of `tls::Storage`, to which its size is rounded up.
const ALIGN: usize = 8;

/// What a connection keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The connection's state.
    pub context: usize,
    /// The buffer for records from the server, or for both directions.
    pub input: usize,
    /// The buffer for records to it; 0 if there is one for both directions.
    pub output: usize,
    /// All of `tls::Storage`, or of its parts, rounded up to its alignment.
    pub total: usize,
}

/// What a connection of that plan keeps on a 32-bit board.
pub fn kept(plan: &Plan) -> Kept {
    let buffers = plan.buffers;
    let (input, output) = if buffers.shared {
        (buffers.input.max(buffers.output) + RECORD_OVERHEAD, 0)
    } else {
        (
            buffers.input + RECORD_OVERHEAD,
            buffers.output + RECORD_OVERHEAD,
        )
    };
    Kept {
        context: CONTEXT,
        input,
        output,
        total: (CONTEXT + input + output).next_multiple_of(ALIGN),
    }
}

/// What it lends to the handshake on a 32-bit board.
pub fn scratch(plan: &Plan) -> usize {
    let sizes = if plan.rsa_2048_only {
        SCRATCH_RSA_2048
    } else {
        [SCRATCH_FINGERPRINTS, SCRATCH_ANCHORS]
    };
    sizes[usize::from(plan.trust.has_anchors())]
}
