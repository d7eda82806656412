//! `bearcub explain`: errors, alerts and log lines, in words.

use std::ffi::OsString;

use clap::Args;
use serde_json::json;

use super::style::bold;
use super::{print, print_json};
use crate::explain::{Answer, Found, lookup};
use crate::failure::Failure;
use crate::peer::printable;

/// Options of `explain`.
#[derive(Args, Debug)]
pub struct ExplainOptions {
    /// An error number, an alert by number or name, a verify error, a return code of MQTT, or a line of a log
    #[arg(
        value_name = "CODE|TEXT",
        required = true,
        allow_negative_numbers = true
    )]
    pub words: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The arguments' parser takes -1004 for a number, and -0x2700, as mbedTLS prints it, for options: a blank in front makes it a
/// word.
pub(super) fn take_hexadecimal(given: &mut [OsString]) {
    if given.get(1).is_none_or(|command| command != "explain") {
        return;
    }
    for word in given.iter_mut().skip(2) {
        if word
            .to_str()
            .is_some_and(|text| text.starts_with("-0x") || text.starts_with("-0X"))
        {
            *word = format!(" {}", word.to_string_lossy()).into();
        }
    }
}

/// Explains it.
///
/// # Errors
/// If it is not known; the nearest that are known have been told.
pub fn run(options: &ExplainOptions) -> Result<(), Failure> {
    let text = options.words.join(" ").trim().to_owned();
    let found = lookup(&text);
    let (answers, also, nearest) = match &found {
        Found::Known(answers, also) => (&answers[..], &also[..], &[][..]),
        Found::Unknown(nearest) => (&[][..], &[][..], &nearest[..]),
    };
    if options.json {
        print_json(&json!({
            "text": text, "explanations": answers, "also": also, "nearest": nearest,
        }))?;
    } else {
        let told: Vec<_> = answers.iter().map(describe).collect();
        print(&told.join("\n"))?;
        for command in also {
            print(&format!("\nIf it is something else: {command}\n"))?;
        }
    }
    match found {
        Found::Known(..) => Ok(()),
        Found::Unknown(nearest) => Err(Failure::Unknown(format!(
            "`{}` is not known. Nearest to it are: {}",
            printable(&text),
            nearest.join("; ")
        ))),
    }
}

fn describe(answer: &Answer) -> String {
    let mut text = format!(
        "{}\n  {}\n  Likeliest causes:\n",
        bold(&answer.title),
        answer.happened
    );
    for (number, cause) in answer.causes.iter().enumerate() {
        text.push_str(&format!("    {}. {cause}\n", number + 1));
    }
    text.push_str("  What to do:\n");
    for remedy in &answer.remedy {
        text.push_str(&format!("    {remedy}\n"));
    }
    text
}
