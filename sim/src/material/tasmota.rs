//! The lines `TLSKey1` and `TLSKey2` of Tasmota's console: a private scalar on P-256 and a certificate, in base64.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::{Item, der, private};
use crate::failure::Failure;

/// SEC1's ECPrivateKey, up to the scalar, and behind it: the curve's name, P-256.
const BEFORE: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const BEHIND: [u8; 12] = [
    0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
];

/// What such lines hold; nothing if there are none.
///
/// # Errors
/// What is wrong with one of them.
pub fn items(bytes: &[u8]) -> Result<Vec<Item>, Failure> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((command, value)) = line.trim().split_once(char::is_whitespace) else {
            continue;
        };
        let is = |name: &str| command.eq_ignore_ascii_case(name);
        if !is("TLSKey1") && !is("TLSKey2") {
            continue;
        }
        let wrong = |what: &str| Failure::Usage(format!("{command}: {what}"));
        let decoded = Base64::decode_vec(value.trim())
            .map(Zeroizing::new)
            .map_err(|_| {
                wrong("what follows is not whole in base64; copy it to the end of the line")
            })?;
        let mut item = if is("TLSKey2") {
            der::certificate(&decoded).map_err(|failure| failure.at(command))?
        } else if decoded.len() == 32 {
            let mut key = Zeroizing::new(Vec::with_capacity(51));
            key.extend_from_slice(&BEFORE);
            key.extend_from_slice(&decoded);
            key.extend_from_slice(&BEHIND);
            der::of_pair(private::ec(&key, None)?, "")
        } else {
            return Err(wrong(
                "a private key on P-256 has 32 bytes, and this has another number of them",
            ));
        };
        item.form = "Tasmota's console".to_owned();
        found.push(item);
    }
    Ok(found)
}
