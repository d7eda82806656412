//! A reader over DER that is all in memory, for keys and certificates that the program hands in.
//!
//! What a peer sends goes through `scan` instead, which needs no more than a piece at a time.

use crate::error::{ConfigError, Fault, Input};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const SEQUENCE: u8 = 0x30;

/// One element: its content, and where it lies in the whole input.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub content: &'a [u8],
    /// Tag, length and content.
    pub raw: &'a [u8],
    /// Offset of the tag.
    pub start: usize,
}

impl<'a> Element<'a> {
    /// A reader over the content.
    pub fn reader(&self, input: Input) -> Reader<'a> {
        Reader {
            left: self.content,
            offset: self.start + (self.raw.len() - self.content.len()),
            input,
        }
    }
}

/// Reads one element after the other; knows its offset in the whole input, for errors.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    left: &'a [u8],
    offset: usize,
    input: Input,
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8], input: Input) -> Self {
        Self {
            left: bytes,
            offset: 0,
            input,
        }
    }

    pub const fn offset(&self) -> usize {
        self.offset
    }

    pub const fn malformed(&self, fault: Fault, offset: usize) -> ConfigError {
        ConfigError::Malformed {
            input: self.input,
            fault,
            offset,
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub fn next_is(&self, tag: u8) -> bool {
        self.left.first() == Some(&tag)
    }

    /// The next element, whatever its tag.
    pub fn any(&mut self) -> Result<Element<'a>, ConfigError> {
        let start = self.offset;
        let truncated = self.malformed(Fault::Truncated, start + self.left.len());
        let [tag, first, rest @ ..] = self.left else {
            return Err(truncated);
        };
        if tag & 0x1f == 0x1f {
            return Err(self.malformed(Fault::Unsupported, start));
        }
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            // Three octets hold the length of anything that TLS can carry.
            long @ 0x81..=0x83 => {
                let (octets, rest) = rest
                    .split_at_checked(usize::from(long & 0x7f))
                    .ok_or(truncated)?;
                let length = octets
                    .iter()
                    .fold(0, |sum: usize, octet| sum << 8 | usize::from(*octet));
                if length < 0x80 || octets[0] == 0 {
                    return Err(self.malformed(Fault::Unexpected, start + 1));
                }
                (length, rest)
            }
            0x84.. => return Err(self.malformed(Fault::TooLong, start + 1)),
            0x80 => return Err(self.malformed(Fault::Unexpected, start + 1)),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(truncated)?;
        let taken = self.left.len() - rest.len();
        let raw = self.left.get(..taken).ok_or(truncated)?;
        self.left = rest;
        self.offset += raw.len();
        Ok(Element {
            content,
            raw,
            start,
        })
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<Element<'a>, ConfigError> {
        let start = self.offset;
        match self.left.first() {
            Some(found) if *found != tag => Err(self.malformed(Fault::Unexpected, start)),
            _ => self.any(),
        }
    }

    /// The next element, which must have this tag, as a reader over its content.
    pub fn enter(&mut self, tag: u8) -> Result<Self, ConfigError> {
        Ok(self.expect(tag)?.reader(self.input))
    }

    /// The content of a BIT STRING of whole octets, as a reader.
    pub fn bit_string(&mut self) -> Result<Self, ConfigError> {
        let mut inner = self.enter(BIT_STRING)?;
        match inner.left {
            [0, rest @ ..] => {
                inner.left = rest;
                inner.offset += 1;
                Ok(inner)
            }
            _ => Err(inner.malformed(Fault::Unexpected, inner.offset)),
        }
    }

    /// A positive INTEGER, big-endian, without the zero octet that only marks the sign.
    pub fn positive_integer(&mut self) -> Result<&'a [u8], ConfigError> {
        let element = self.expect(INTEGER)?;
        match element.content {
            [] | [0] | [0x80..=0xff, ..] => Err(self.malformed(Fault::OutOfRange, element.start)),
            [0, 0..0x80, ..] => Err(self.malformed(Fault::Unexpected, element.start)),
            [0, magnitude @ ..] | magnitude => Ok(magnitude),
        }
    }

    /// What has not been read yet.
    pub const fn rest(self) -> &'a [u8] {
        self.left
    }

    /// Nothing may be left.
    pub const fn finish(&self) -> Result<(), ConfigError> {
        if self.left.is_empty() {
            Ok(())
        } else {
            Err(self.malformed(Fault::TrailingData, self.offset))
        }
    }
}
