//! A reader for the few DER structures that keys and certificates are made of.
//!
//! It borrows, never copies, and knows the offset of everything it reads, so that a fault can be reported by its
//! place. A length is checked against what surrounds it before it is used.

use crate::error::{ConfigError, Fault, Input};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// Context-specific constructed `[0]`.
pub(super) const EXPLICIT_0: u8 = 0xa0;
/// Context-specific constructed `[1]`.
pub(super) const EXPLICIT_1: u8 = 0xa1;
/// Context-specific primitive `[1]`: an implicitly tagged string.
pub(super) const IMPLICIT_1: u8 = 0x81;

/// The contents of one element, and where the element starts in the whole input.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) contents: &'a [u8],
    /// Offset of the tag.
    pub(super) offset: usize,
    /// Offset of the contents.
    inner: usize,
    input: Input,
}

impl<'a> Element<'a> {
    pub(super) fn reader(&self) -> Reader<'a> {
        Reader {
            rest: self.contents,
            offset: self.inner,
            input: self.input,
        }
    }

    pub(super) fn error(&self, fault: Fault) -> ConfigError {
        malformed(self.input, fault, self.offset)
    }
}

pub(super) fn malformed(input: Input, fault: Fault, offset: usize) -> ConfigError {
    ConfigError::Malformed {
        input,
        fault,
        offset,
    }
}

/// Reads elements one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Offset of `rest[0]` in the whole input.
    offset: usize,
    input: Input,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], input: Input) -> Self {
        Self {
            rest: bytes,
            offset: 0,
            input,
        }
    }

    /// The fault, at the element that would be read next.
    pub(super) fn error(&self, fault: Fault) -> ConfigError {
        malformed(self.input, fault, self.offset)
    }

    /// The tag of the next element, if there is one.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, which must have this tag.
    pub(super) fn read(&mut self, tag: u8) -> Result<Element<'a>, ConfigError> {
        match self.peek() {
            None => return Err(self.error(Fault::Truncated)),
            Some(found) if found != tag => return Err(self.error(Fault::Unexpected)),
            Some(_) => {}
        }
        let (header, length) = self.length()?;
        let end = header + length; // at most 4 + 65535
        let contents = self
            .rest
            .get(header..end)
            .ok_or_else(|| self.error(Fault::Truncated))?;
        let element = Element {
            contents,
            offset: self.offset,
            inner: self.offset + header,
            input: self.input,
        };
        self.rest = &self.rest[end..];
        self.offset += end;
        Ok(element)
    }

    /// The next element, if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, ConfigError> {
        if self.peek() == Some(tag) {
            self.read(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A reader for the contents of the next element, which must have this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Result<Reader<'a>, ConfigError> {
        Ok(self.read(tag)?.reader())
    }

    /// An INTEGER that must not be negative, without its sign byte; zero is the empty slice.
    pub(super) fn unsigned(&mut self) -> Result<Element<'a>, ConfigError> {
        let mut element = self.read(INTEGER)?;
        element.contents = match element.contents {
            [] => return Err(element.error(Fault::Truncated)),
            [0x80..=0xff, ..] => return Err(element.error(Fault::OutOfRange)),
            [0, 0..=0x7f, ..] => return Err(element.error(Fault::Unexpected)),
            [0, magnitude @ ..] => magnitude,
            magnitude => magnitude,
        };
        Ok(element)
    }

    /// A BIT STRING of whole bytes, without the count of unused bits.
    pub(super) fn bit_string(&mut self) -> Result<Element<'a>, ConfigError> {
        let mut element = self.read(BIT_STRING)?;
        element.contents = match element.contents {
            [] => return Err(element.error(Fault::Truncated)),
            [0, bytes @ ..] => bytes,
            _ => return Err(element.error(Fault::Unexpected)),
        };
        element.inner += 1;
        Ok(element)
    }

    /// Nothing may follow.
    pub(super) fn finish(&self) -> Result<(), ConfigError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(Fault::TrailingData))
        }
    }

    /// Size of the header (tag and length bytes) and the length it states: definite, in its shortest form (X.690
    /// section 10.1), and at most 65,535.
    fn length(&self) -> Result<(usize, usize), ConfigError> {
        match *self.rest {
            [_] | [_, 0x81] | [_, 0x82] | [_, 0x82, _] => Err(self.error(Fault::Truncated)),
            [_, short @ 0..=0x7f, ..] => Ok((2, usize::from(short))),
            [_, 0x81, length @ 0x80..=0xff, ..] => Ok((3, usize::from(length))),
            [_, 0x82, high @ 1..=0xff, low, ..] => {
                Ok((4, usize::from(u16::from_be_bytes([high, low]))))
            }
            [_, 0x83..=0x84, ..] => Err(self.error(Fault::TooLong)),
            _ => Err(self.error(Fault::Unexpected)),
        }
    }
}

/// Opens the one SEQUENCE that the whole input must be.
pub(super) fn open(bytes: &[u8], input: Input) -> Result<Reader<'_>, ConfigError> {
    let mut reader = Reader::new(bytes, input);
    let sequence = reader.read(SEQUENCE)?;
    reader.finish()?;
    Ok(sequence.reader())
}
