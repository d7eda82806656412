//! Just enough DER to write certificates, and to take apart what `openssl` wrote.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// `[number]`, primitive.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// `[number]`, constructed.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

/// One element: tag, length, content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match significant {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | long.len() as u8);
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

pub(crate) fn boolean(value: bool) -> Vec<u8> {
    element(BOOLEAN, &[if value { 0xff } else { 0 }])
}

pub(crate) fn null() -> Vec<u8> {
    element(NULL, &[])
}

/// A non-negative INTEGER from big-endian bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = bytes[zeros..].to_vec();
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    element(INTEGER, &content)
}

/// A BIT STRING of whole bytes.
pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes].concat())
}

/// A named-bit-list (X.690, 11.2.2): trailing zero bits are left out.
pub(crate) fn named_bits(bits: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let mask = bits
        .into_iter()
        .fold(0u16, |mask, bit| mask | (0x8000 >> bit));
    let bytes = mask.to_be_bytes();
    let used = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let unused = bytes[..used]
        .last()
        .map_or(0, |last| last.trailing_zeros() as u8);
    element(BIT_STRING, &[&[unused], &bytes[..used]].concat())
}

/// An OBJECT IDENTIFIER from its arcs.
pub(crate) fn oid(arcs: &[u32]) -> Vec<u8> {
    let mut content = Vec::new();
    let first = arcs[0] * 40 + arcs[1];
    for arc in core::iter::once(first).chain(arcs[2..].iter().copied()) {
        let groups = (32 - arc.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let continued = if group == 0 { 0 } else { 0x80 };
            content.push((arc >> (7 * group)) as u8 & 0x7f | continued);
        }
    }
    element(OBJECT_IDENTIFIER, &content)
}

/// Splits the first element off: its tag, its content, and what follows it.
///
/// # Panics
///
/// On anything that is not DER. Only bytes made on this machine come here.
pub(crate) fn split(input: &[u8]) -> (u8, &[u8], &[u8]) {
    let (tag, first) = (input[0], usize::from(input[1]));
    let (start, length) = if first < 0x80 {
        (2, first)
    } else {
        let start = 2 + (first & 0x7f);
        let length = input[2..start]
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        (start, length)
    };
    (tag, &input[start..start + length], &input[start + length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(element(OCTET_STRING, &[7; 127])[..3], [0x04, 0x7f, 7]);
        assert_eq!(element(OCTET_STRING, &[7; 128])[..4], [0x04, 0x81, 0x80, 7]);
        assert_eq!(
            element(OCTET_STRING, &[7; 300])[..5],
            [0x04, 0x82, 0x01, 0x2c, 7]
        );
        assert_eq!(null(), [0x05, 0x00]);
    }

    #[test]
    fn integers_stay_non_negative_and_minimal() {
        assert_eq!(unsigned(&[0, 0, 0x80]), [0x02, 0x02, 0x00, 0x80]);
        assert_eq!(unsigned(&[0, 0x7f]), [0x02, 0x01, 0x7f]);
        assert_eq!(unsigned(&[0]), [0x02, 0x01, 0x00]);
    }

    #[test]
    fn named_bits_drop_their_trailing_zeros() {
        assert_eq!(named_bits([0]), [0x03, 0x02, 0x07, 0x80]);
        assert_eq!(named_bits([5, 6]), [0x03, 0x02, 0x01, 0x06]);
        assert_eq!(named_bits([]), [0x03, 0x01, 0x00]);
    }

    #[test]
    fn object_identifiers_use_base_128() {
        // sha256WithRSAEncryption, RFC 4055.
        let expected = [
            0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b,
        ];
        assert_eq!(oid(&[1, 2, 840, 113549, 1, 1, 11]), expected);
        assert_eq!(oid(&[2, 5, 29, 0]), [0x06, 0x03, 0x55, 0x1d, 0x00]);
    }

    #[test]
    fn split_undoes_element() {
        let both = [element(SEQUENCE, &[1; 200]), element(NULL, &[])].concat();
        let (tag, content, rest) = split(&both);
        assert_eq!(
            (tag, content, rest),
            (SEQUENCE, &[1u8; 200][..], &[5u8, 0][..])
        );
    }
}
