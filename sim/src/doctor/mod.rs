//! What would fail on a device that is set up like that, and why.
//!
//! [`setup`] reads how it is set up; `connection` tries it with the library's own client in that very configuration, and [`memory`]
//! counts bytes. What is found is a list of [`Finding`]s in the order in which the device would meet them.

mod connection;
pub mod memory;
pub mod setup;
mod tls;

use bearcub::Error;
use serde::Serialize;

use crate::failure::Failure;
use setup::Setup;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It works.
    Ok,
    /// It works, and something is to be looked at.
    Warn,
    /// It would fail.
    Fail,
    /// It could not be tried, because of what failed before.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What: `identity`, `configuration`, `name`, `tcp`, `tls`, `mqtt`, `subscribe`, `publish`, `memory`.
    pub check: &'static str,
    /// How it stands.
    pub level: Level,
    /// The number of the error, which `explain` knows too.
    pub code: Option<i32>,
    /// What was found.
    pub message: String,
    /// Why that is, where there is more to say.
    pub cause: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
}

/// All that was looked at.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &'static str, level: Level, message: impl Into<String>) {
        self.0.push(Finding {
            check,
            level,
            code: None,
            message: message.into(),
            cause: None,
            remedy: None,
        });
    }

    fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, Level::Ok, message);
    }

    fn warn(&mut self, check: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(check, Level::Warn, message);
        self.advise(None, remedy.into());
    }

    /// The code that the last one has, and what to do about it.
    fn advise(&mut self, code: Option<Error>, remedy: String) {
        if let Some(last) = self.0.last_mut() {
            last.code = code.map(|error| error.code());
            last.remedy = Some(remedy);
        }
    }

    /// What the device would report.
    fn fail(&mut self, check: &'static str, failure: &Failure) {
        let Some(explained) = failure.explained() else {
            return self.add(check, Level::Fail, failure.to_string());
        };
        let place = failure.place().map(|place| format!("{place}: "));
        self.0.push(Finding {
            check,
            level: Level::Fail,
            code: Some(explained.code),
            message: place.unwrap_or_default() + &explained.message,
            cause: Some(explained.cause),
            remedy: Some(explained.remedy),
        });
    }

    /// A sentence more about the last one.
    fn add_to_last(&mut self, sentence: &str) {
        if let Some(last) = self.0.last_mut() {
            let remedy = last.remedy.get_or_insert_default();
            if !remedy.is_empty() {
                remedy.push(' ');
            }
            remedy.push_str(sentence);
        }
    }

    /// How many stand like that.
    pub fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|one| one.level == level).count()
    }
}

/// Looks at everything.
///
/// # Errors
/// If a file that the set-up names cannot be used at all.
pub fn examine(setup: &Setup) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    let client = match setup.client() {
        // The file is there, and the device could not use what it holds.
        Err(failure) if failure.tls().is_some() => {
            findings.fail("identity", &failure);
            None
        }
        other => other?,
    };
    let has_identity = client.is_some();
    let plan = setup.plan(client)?;
    connection::examine(setup, plan, has_identity, &mut findings)?;
    memory::examine(setup, &mut findings)?;
    Ok(findings)
}
