//! Rust source with constants for flash.

use crate::peer::printable;

/// Bytes as the elements of an array, 16 in a line, each line indented by that many blanks.
pub fn bytes(bytes: &[u8], indent: usize) -> String {
    let mut text = String::new();
    for line in bytes.chunks(16) {
        let line: Vec<_> = line.iter().map(|byte| format!("0x{byte:02x}")).collect();
        text.push_str(&format!("{:indent$}{},\n", "", line.join(", ")));
    }
    text
}

/// Lines of comment; what comes from certificates cannot end them.
pub fn comment(mark: &str, lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(format!("{mark} {}", printable(line)).trim_end());
        text.push('\n');
    }
    text
}

/// Whether it can be the name of a static.
pub fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_uppercase() || first == '_')
        && characters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && text != "_"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_certificate_cannot_leave_its_comment() {
        let lines = ["CN=x\nfn main() {}\u{202e}".to_owned()];
        assert_eq!(comment("///", &lines), "/// CN=x?fn main() {}?\n");
    }

    #[test]
    fn names_of_statics_are_told_from_others() {
        assert!(is_name("ANCHORS") && is_name("ROOTS_2"));
        for wrong in ["", "_", "2", "anchors", "A-B", "A;"] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
