//! Error numbers as C has them, and their texts.

use core::ffi::c_char;
use core::fmt::{self, Write};

use bearcub::Error;
use bearcub::error::NetworkError;

/// A pointer that must not be null is null.
pub const NULL: i32 = -1600;
/// A piece of memory is smaller than it must be.
pub const SIZE: i32 = -1601;
/// A string is not UTF-8.
pub const TEXT: i32 = -1602;
/// A number is out of its range.
pub const VALUE: i32 = -1603;
/// A handle is not open, or memory is not aligned to 8 bytes.
pub const HANDLE: i32 = -1604;
/// A function was called from within a callback of its own connection.
pub const BUSY: i32 = -1605;
/// What was asked for is not there.
pub const NOTHING: i32 = -1606;
/// Nothing came or went in the time that the firmware's callbacks wait.
pub const TIMEOUT: i32 = -1005;

/// What went wrong, as C is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure(pub i32);

/// What a function of this interface comes to.
pub type Outcome = Result<(), Failure>;

impl Failure {
    /// The firmware's callbacks waited in vain.
    pub const TIMEOUT: Failure = Failure(TIMEOUT);
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure(error.code())
    }
}

impl From<NetworkError> for Failure {
    fn from(error: NetworkError) -> Self {
        Error::from(error).into()
    }
}

impl From<bearcub::error::ConfigError> for Failure {
    fn from(error: bearcub::error::ConfigError) -> Self {
        Error::from(error).into()
    }
}

/// As C is told.
pub fn number(outcome: Outcome) -> i32 {
    match outcome {
        Ok(()) => 0,
        Err(Failure(number)) => number,
    }
}

/// A text that goes to C's memory, as much of it as fits, and a NUL behind it.
struct Text {
    into: *mut c_char,
    size: usize,
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.length + 1 < self.size {
                // SAFETY: the caller of the exported function says that `size` bytes are there, and this is one of them.
                let place = unsafe { self.into.add(self.length) };
                // SAFETY: as above.
                unsafe { place.write(byte as c_char) };
            }
            self.length = self.length.saturating_add(1);
        }
        Ok(())
    }
}

impl Text {
    fn end(self) -> usize {
        if self.size > 0 {
            let end = self.length.min(self.size - 1);
            // SAFETY: `end` is less than `size`, and the caller of the exported function says that so many bytes are there.
            let place = unsafe { self.into.add(end) };
            // SAFETY: as above.
            unsafe { place.write(0) };
        }
        self.length
    }
}

/// What an error of the interface's own means, and what to do.
fn own(error: i32) -> Option<(&'static str, &'static str)> {
    Some(match error {
        0 => ("no error", ""),
        NULL => (
            "a pointer that must not be null is null",
            "Look at the function's description: every pointer that may be null says so.",
        ),
        SIZE => (
            "a piece of memory is smaller than it must be",
            "Give as many bytes as the size macro or function says.",
        ),
        TEXT => (
            "a string is not UTF-8",
            "MQTT and TLS want UTF-8; convert the string first.",
        ),
        VALUE => (
            "a number is out of its range",
            "Look at the function's description for what is allowed.",
        ),
        HANDLE => (
            "the handle is not open, or the memory is not aligned to 8 bytes",
            "Use a handle from a successful call, not after its closing; align memory with BEARCUB_MEMORY.",
        ),
        BUSY => (
            "the function was called from a callback of the same connection",
            "Let the callback return first.",
        ),
        NOTHING => (
            "what was asked for is not there",
            "A session is there only if the server offers resumption, a learned pin only after learning.",
        ),
        _ => return None,
    })
}

fn write(
    into: *mut c_char,
    size: usize,
    what: impl FnOnce(&mut Text) -> Result<(), fmt::Error>,
) -> usize {
    let size = if into.is_null() { 0 } else { size };
    let mut text = Text {
        into,
        size,
        length: 0,
    };
    // Writing to memory does not fail.
    let _ = what(&mut text);
    text.end()
}

/// `bearcub_error_text`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_error_text(error: i32, into: *mut c_char, size: usize) -> usize {
    write(into, size, |text| {
        match (own(error), Error::from_code(error)) {
            (Some((sentence, _)), _) => text.write_str(sentence),
            (None, Some(known)) => write!(text, "{known}"),
            (None, None) => write!(text, "error {error}, which is none of bearcub's"),
        }
    })
}

/// `bearcub_error_explain`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_error_explain(
    error: i32,
    into: *mut c_char,
    size: usize,
) -> usize {
    write(into, size, |text| {
        match (own(error), Error::from_code(error)) {
            (Some((_, remedy)), _) => text.write_str(remedy),
            (None, Some(known)) => {
                let explanation = known.explain();
                text.write_str(explanation.cause)?;
                text.write_str(" ")?;
                text.write_str(explanation.remedy)
            }
            (None, None) => text.write_str("Look where the number comes from."),
        }
    })
}
