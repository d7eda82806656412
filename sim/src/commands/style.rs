//! Colours and weight, which reach terminals only.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

fn styled(style: Style, text: &dyn Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A heading.
pub fn bold(text: impl Display) -> String {
    styled(Style::new().bold(), &text)
}

/// What is well.
pub fn good(text: impl Display) -> String {
    styled(AnsiColor::Green.on_default().bold(), &text)
}

/// What is to be looked at.
pub fn warning(text: impl Display) -> String {
    styled(AnsiColor::Yellow.on_default().bold(), &text)
}

/// What fails.
pub fn bad(text: impl Display) -> String {
    styled(AnsiColor::Red.on_default().bold(), &text)
}
