//! The memory of a connection: what it keeps, and what only the handshake borrows.

use crate::buffer::Buffer;

use super::engine::{ANCHORS_SCRATCH, Context, FIXED_SCRATCH, Kept, PINS_SCRATCH, RecordBuffer};

/// What a connection keeps while it is connected: its state, and a buffer for each direction.
///
/// `IN` and `OUT` are bytes of plaintext in a record, at least 512 each; the buffers have 34 bytes more. `IN` picks the
/// fragment length that is offered. All zero at first, so a `static` costs no flash.
///
/// ```
/// use bearcub::tls::Storage;
///
/// let mut storage: Storage<1024, 512> = Storage::new();
/// ```
pub struct Storage<const IN: usize, const OUT: usize> {
    context: Context,
    input: RecordBuffer<IN>,
    output: RecordBuffer<OUT>,
}

impl<const IN: usize, const OUT: usize> Storage<IN, OUT> {
    /// Unused memory.
    pub const fn new() -> Self {
        Storage {
            context: Context::new(),
            input: RecordBuffer::new(),
            output: RecordBuffer::new(),
        }
    }
}

impl<const IN: usize, const OUT: usize> Default for Storage<IN, OUT> {
    fn default() -> Self {
        Storage::new()
    }
}

/// The pieces of what a connection keeps, for programs that place each of them themselves.
///
/// ```
/// use bearcub::tls::{Context, Parts};
///
/// let mut context = Context::new();
/// let mut input = heapless::Vec::<u8, 1058>::new();
/// let mut output = [0; 546];
/// let parts = Parts::new(&mut context, &mut input, &mut output);
/// ```
pub struct Parts<'s>(Kept<'s>);

impl<'s> Parts<'s> {
    /// A buffer for each direction. Their lengths are those of records: fragment length + 34, at least 546.
    pub fn new(
        context: &'s mut Context,
        input: &'s mut (impl Buffer + ?Sized),
        output: &'s mut (impl Buffer + ?Sized),
    ) -> Self {
        Parts(Kept {
            context,
            input: input.bytes(),
            output: Some(output.bytes()),
        })
    }

    /// One buffer for both directions, at least 546 bytes.
    ///
    /// It saves a buffer and costs simultaneity: while a record is coming in or has not been read to its end, nothing can
    /// be written. `write` then waits for the rest of the record, or reports `UnreadInput` if the program must read first.
    pub fn shared(context: &'s mut Context, buffer: &'s mut (impl Buffer + ?Sized)) -> Self {
        Parts(Kept {
            context,
            input: buffer.bytes(),
            output: None,
        })
    }

    pub(super) fn kept(self) -> Kept<'s> {
        self.0
    }
}

impl<'s, const IN: usize, const OUT: usize> From<&'s mut Storage<IN, OUT>> for Parts<'s> {
    fn from(storage: &'s mut Storage<IN, OUT>) -> Self {
        Parts::new(
            &mut storage.context,
            &mut storage.input,
            &mut storage.output,
        )
    }
}

/// Memory that is lent to a handshake, and the program's own again when it is over.
///
/// Any `&mut [u8]` of the right size serves; here are the sizes. A client whose certificates or key are stored elsewhere and
/// copied at the moment they are used adds the larger of the whole chain's length and the key's.
///
/// ```
/// use bearcub::tls::Scratch;
///
/// let mut scratch = [0; Scratch::FINGERPRINTS];          // for trust by fingerprint, or learning
/// let mut larger = [0; Scratch::ANCHORS + 900];          // for CA validation, and 900 bytes of stored identity
/// assert!(Scratch::FINGERPRINTS < Scratch::ANCHORS);
/// ```
pub struct Scratch;

impl Scratch {
    /// Bytes for trust by fingerprint, for learning, and for accepting anyone.
    pub const FINGERPRINTS: usize = FIXED_SCRATCH + PINS_SCRATCH.next_multiple_of(8);
    /// Bytes for trust by anchors, with or without a pin.
    pub const ANCHORS: usize = FIXED_SCRATCH + ANCHORS_SCRATCH.next_multiple_of(8);
}
