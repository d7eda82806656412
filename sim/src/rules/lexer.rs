//! The words of a statement.

use std::fmt;

/// Longer statements are not looked at.
pub const LONGEST: usize = 1 << 16;

/// A word, and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Its first byte's offset.
    pub at: usize,
    /// What it is.
    pub kind: Kind,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A name or a keyword.
    Name(String),
    /// A text, without its quotation marks.
    Text(String),
    /// A number, as it stands.
    Number(String),
    /// A sign, like `<=`.
    Sign(&'static str),
    /// The end.
    End,
}

/// The signs, longer ones before those that they begin with.
const SIGNS: [&str; 13] = [
    "<>", "<=", ">=", "<", ">", "=", "(", ")", ",", ".", "*", "}", "-",
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Name(text) | Kind::Number(text) => write!(f, "`{text}`"),
            Kind::Text(text) => write!(f, "'{text}'"),
            Kind::Sign(sign) => write!(f, "`{sign}`"),
            Kind::End => f.write_str("the end"),
        }
    }
}

/// What is wrong with a statement, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The offset.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

impl SyntaxError {
    /// An error at that offset.
    pub fn new(at: usize, what: impl Into<String>) -> Self {
        SyntaxError {
            at,
            what: what.into(),
        }
    }

    /// What is wrong, with the line it is in and a mark below the place.
    pub fn shown_in(&self, text: &str) -> String {
        let mut at = self.at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        let number = text[..start].matches('\n').count() + 1;
        let column = text[start..at].chars().count();
        let visible = |character: char| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        };
        // Of a long line, what is near.
        let first = column.saturating_sub(60);
        let line: String = text[start..end]
            .chars()
            .skip(first)
            .take(100)
            .map(visible)
            .collect();
        let mark = " ".repeat(column - first);
        format!(
            "line {number}, character {}: {}\n  {line}\n  {mark}^",
            column + 1,
            self.what
        )
    }
}

/// The first word of `text` from an offset on, and the offset behind it.
///
/// # Errors
/// If nothing begins there that a statement can have.
pub fn word(text: &str, from: usize) -> Result<(Word, usize), SyntaxError> {
    let rest = &text[from..];
    let at = from + (rest.len() - rest.trim_start().len());
    let rest = &text[at..];
    let length_while = |is_part: fn(char) -> bool| {
        rest.find(|character| !is_part(character))
            .unwrap_or(rest.len())
    };
    let Some(first) = rest.chars().next() else {
        return Ok((
            Word {
                at,
                kind: Kind::End,
            },
            at,
        ));
    };
    let (kind, length) = match first {
        '\'' | '"' => quoted(text, at, first)?,
        '0'..='9' => {
            let length = number_length(rest);
            (Kind::Number(rest[..length].to_owned()), length)
        }
        'a'..='z' | 'A'..='Z' | '_' => {
            let length = length_while(|part| part.is_ascii_alphanumeric() || part == '_');
            (Kind::Name(rest[..length].to_owned()), length)
        }
        _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => (Kind::Sign(sign), sign.len()),
            None => {
                let hint = match first {
                    '!' => "; for unequal, write <>",
                    '+' | '/' | '%' => "; there is no arithmetic here",
                    '`' => {
                        "; a name that is not made of letters, digits and _ is read with get(…, 'the-name')"
                    }
                    _ => "",
                };
                let what = format!("`{}` means nothing here{hint}", first.escape_debug());
                return Err(SyntaxError::new(at, what));
            }
        },
    };
    Ok((Word { at, kind }, at + length))
}

/// A text up to its closing mark, which stands for itself if it is doubled.
fn quoted(text: &str, at: usize, mark: char) -> Result<(Kind, usize), SyntaxError> {
    let mut content = String::new();
    let mut characters = text[at + 1..].char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        if character != mark {
            content.push(character);
        } else if characters.next_if(|(_, next)| *next == mark).is_some() {
            content.push(mark);
        } else {
            return Ok((Kind::Text(content), offset + 2));
        }
    }
    let what = format!("the text that begins here has no end: {mark} is missing");
    Err(SyntaxError::new(at, what))
}

/// Bytes of the number that a text begins with.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = &text.as_bytes()[from..];
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut end = digits(0);
    if text[end..].starts_with('.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}
