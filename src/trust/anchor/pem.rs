//! PEM armour (RFC 7468) around one object.

use pem_rfc7468::Decoder;

use crate::error::{ConfigError, Fault, Input};

/// Decodes the one object in `text`, whose label must be `label`.
pub(super) fn decode<'a>(
    text: &[u8],
    label: &str,
    buffer: &'a mut [u8],
) -> Result<&'a [u8], ConfigError> {
    let begin = position(text, b"-----BEGIN ").ok_or(malformed(Fault::Truncated, text.len()))?;
    let end = find_end(text, begin).ok_or(malformed(Fault::Truncated, text.len()))?;
    let (object, rest) = text.split_at(end);
    if !rest.trim_ascii().is_empty() {
        let blanks = rest.len() - rest.trim_ascii_start().len();
        return Err(malformed(Fault::TrailingData, end + blanks));
    }

    let mut decoder =
        Decoder::new_detect_wrap(object).map_err(|_| malformed(Fault::Unexpected, begin))?;
    if decoder.type_label() != label {
        return Err(malformed(Fault::OtherKind, begin));
    }
    let buffer = buffer
        .get_mut(..decoder.remaining_len())
        .ok_or(malformed(Fault::BufferTooSmall, begin))?;
    decoder
        .decode(buffer)
        .map_err(|_| malformed(Fault::Unexpected, begin))
}

/// The offset after the dashes that close the END line.
fn find_end(text: &[u8], begin: usize) -> Option<usize> {
    const END: &[u8] = b"-----END ";
    const DASHES: &[u8] = b"-----";
    let label = begin + position(&text[begin..], END)? + END.len();
    Some(label + position(&text[label..], DASHES)? + DASHES.len())
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

const fn malformed(fault: Fault, offset: usize) -> ConfigError {
    ConfigError::Malformed {
        input: Input::Pem,
        fault,
        offset,
    }
}
