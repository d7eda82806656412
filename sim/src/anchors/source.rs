//! Rust source with a table of anchors, and the reader that checks what was written.

use bearcub::trust::{Curve, PublicKey, TrustAnchor};

use super::Candidate;
use crate::failure::Failure;
use crate::rust;

/// The source file.
///
/// # Errors
/// If a candidate is no authority, or if what is written would not be read back as the same anchors.
pub fn of(candidates: &[&Candidate], name: &str) -> Result<String, Failure> {
    let mut anchors = Vec::new();
    for candidate in candidates {
        anchors.push(TrustAnchor::from_certificate(&candidate.der)?);
    }
    let total: usize = candidates.iter().map(|candidate| candidate.bytes).sum();
    let mut text = rust::comment(
        "//",
        &[
            format!(
                "{} trust {}, {total} bytes of flash, written by `bearcub anchors`.",
                anchors.len(),
                if anchors.len() == 1 {
                    "anchor"
                } else {
                    "anchors"
                }
            ),
            String::new(),
            format!("Trust::anchors(&{name}, clock)"),
        ],
    );
    text.push_str("\nuse bearcub::trust::TrustAnchor;\n");
    text.push_str(&format!(
        "\npub static {name}: [TrustAnchor<'static>; {}] = [\n",
        anchors.len()
    ));
    for (candidate, anchor) in candidates.iter().zip(&anchors) {
        let seen = &candidate.seen;
        text.push_str(&rust::comment(
            "    //",
            &[
                seen.subject.clone(),
                format!(
                    "{}, {} bytes, certificate valid from {} to {}",
                    seen.key, candidate.bytes, seen.not_before, seen.not_after
                ),
            ],
        ));
        text.push_str("    TrustAnchor {\n");
        text.push_str(&field("subject", anchor.subject, 8));
        match anchor.key {
            PublicKey::Rsa { n, e } => {
                text.push_str("        key: bearcub::trust::PublicKey::Rsa {\n");
                text.push_str(&field("n", n, 12));
                text.push_str(&field("e", e, 12));
            }
            PublicKey::Ec { curve, q } => {
                text.push_str(&format!(
                    "        key: bearcub::trust::PublicKey::Ec {{\n            curve: bearcub::trust::Curve::{curve:?},\n"
                ));
                text.push_str(&field("q", q, 12));
            }
        }
        text.push_str("        },\n        is_ca: true,\n    },\n");
    }
    text.push_str("];\n");
    if read(&text)?.iter().map(Anchor::borrow).ne(anchors) {
        return Err(unreadable());
    }
    Ok(text)
}

fn field(name: &str, bytes: &[u8], indent: usize) -> String {
    let inner = indent + 4;
    format!(
        "{:indent$}{name}: &[\n{}{:indent$}],\n",
        "",
        rust::bytes(bytes, inner),
        ""
    )
}

/// An anchor as it was read from a source file.
pub struct Anchor {
    subject: Vec<u8>,
    key: Key,
}

enum Key {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, q: Vec<u8> },
}

impl Anchor {
    /// As the library has it.
    pub fn borrow(&self) -> TrustAnchor<'_> {
        TrustAnchor {
            subject: &self.subject,
            key: match &self.key {
                Key::Rsa { n, e } => PublicKey::Rsa { n, e },
                Key::Ec { curve, q } => PublicKey::Ec { curve: *curve, q },
            },
            is_ca: true,
        }
    }
}

fn unreadable() -> Failure {
    Failure::Other("the source with the anchors does not read back as it should".to_owned())
}

/// Reads the anchors out of a source file of this program's making.
///
/// # Errors
/// If it is none.
pub fn read(text: &str) -> Result<Vec<Anchor>, Failure> {
    let mut anchors = Vec::new();
    let blocks = text.split("\n    TrustAnchor {\n").skip(1);
    for block in blocks {
        let array = |name: &str| {
            let (_, rest) = block.split_once(&format!(" {name}: &[\n"))?;
            let (inside, _) = rest.split_once(']')?;
            inside
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok())
                .collect::<Option<Vec<u8>>>()
        };
        let curve = [Curve::P256, Curve::P384, Curve::P521]
            .into_iter()
            .find(|curve| block.contains(&format!("Curve::{curve:?},")));
        let key = match curve {
            Some(curve) => array("q").map(|q| Key::Ec { curve, q }),
            None => array("n").zip(array("e")).map(|(n, e)| Key::Rsa { n, e }),
        };
        let anchor = array("subject").zip(key);
        let (subject, key) = anchor.ok_or_else(unreadable)?;
        anchors.push(Anchor { subject, key });
    }
    Ok(anchors)
}
