//! What a board provides.

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::Range;

/// The board that this runs on.
pub trait Machine {
    /// Instructions that the CPU has executed; the number wraps around.
    fn instructions() -> u32;

    /// Sends bytes to the host's standard output.
    fn write(bytes: &[u8]);

    /// Reads the host's file `tape.bin` to the start of `into`, and says how many bytes it has.
    fn read_tape(into: &mut [u8]) -> usize;

    /// The addresses that the stack may use, its lowest first.
    fn stack() -> Range<usize>;

    /// Ends the emulator: status 0 if all is well, else 1.
    fn exit(well: bool) -> !;
}

/// Lines for the host.
pub struct Host<M: Machine>(core::marker::PhantomData<M>);

impl<M: Machine> Default for Host<M> {
    fn default() -> Self {
        Host(core::marker::PhantomData)
    }
}

impl<M: Machine> fmt::Write for Host<M> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        M::write(text.as_bytes());
        Ok(())
    }
}

/// A value in static memory that is taken once.
pub struct Place<T>(UnsafeCell<T>);

// SAFETY: there is one thread, and no interrupt touches it.
unsafe impl<T> Sync for Place<T> {}

impl<T> Place<T> {
    /// With its first value.
    pub const fn new(value: T) -> Self {
        Place(UnsafeCell::new(value))
    }

    /// The value.
    ///
    /// # Safety
    /// It is called once for each place.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn take(&'static self) -> &'static mut T {
        // SAFETY: the caller takes it once, so that nobody else has a reference.
        unsafe { &mut *self.0.get() }
    }
}
