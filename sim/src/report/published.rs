//! What was published in 2019 for Tasmota's TLS on an ESP8266, beside what the same work takes here.

use serde::Serialize;

use crate::board::Board;
use crate::board::measure::measure;
use crate::board::tools::Tools;
use crate::failure::Failure;
use crate::model;
use crate::recording::Recording;
use crate::scenarios::{self, PUBLISHED_BUFFERS, PUBLISHED_STRUCTURES, Scenario};

/// A figure that was published, and ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// In what.
    pub unit: Unit,
    /// Theirs.
    pub published: u64,
    /// Ours.
    pub ours: u64,
}

/// In what a figure is, and how near ours has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A whole connect, in milliseconds; within 100 of what was published.
    Milliseconds,
    /// A structure or a buffer, in bytes; within a tenth.
    Bytes,
    /// The stack, in bytes: an allocation there, what was used here. They are not the same thing.
    StackBytes,
}

impl Line {
    /// Whether ours is what was published, as near as that can be asked for.
    pub fn is_reproduced(&self) -> bool {
        let apart = self.ours.abs_diff(self.published);
        match self.unit {
            Unit::Milliseconds => apart <= 100,
            Unit::Bytes => apart * 10 <= self.published,
            Unit::StackBytes => true,
        }
    }

    /// How far ours is from it, in words.
    pub fn difference(&self) -> String {
        let (ours, published) = (self.ours as f64, self.published as f64);
        match self.unit {
            Unit::Milliseconds => format!("{:+.2} s", (ours - published) / 1e3),
            Unit::Bytes | Unit::StackBytes => {
                format!("{:+.1} %", (ours / published - 1.0) * 100.0)
            }
        }
    }
}

/// Every figure that was published, of connections whose public-key operations are those of the published ones; the
/// buffers are those of a connection that has them as large.
///
/// # Errors
/// What cannot be read, built or run.
pub fn compare(tools: &Tools) -> Result<Vec<Line>, Failure> {
    let measured = |scenario: &Scenario| {
        let recording = Recording::load(&scenario.recording(&scenarios::folder()))?;
        measure(Board::Esp8266, tools, &recording)
    };
    let mut lines = Vec::new();
    let mut line = |what: String, unit, published, ours| {
        lines.push(Line {
            what,
            unit,
            published,
            ours,
        });
    };
    let mut stacks = Vec::new();
    for scenario in scenarios::every().filter(|scenario| scenario.same_work) {
        let Some(published) = scenario.published else {
            continue;
        };
        let measurement = measured(scenario)?;
        for (mhz, time) in model::CLOCKS.into_iter().zip(published.milliseconds) {
            let ours = model::measured_milliseconds(&measurement, mhz);
            let what = format!("{}, {mhz} MHz", scenario.name);
            line(what, Unit::Milliseconds, time.into(), ours.into());
        }
        let what = format!("{}, stack B", scenario.name);
        stacks.push((what, published.stack as u64, measurement.stack() as u64));
    }
    let same_buffers = measured(&scenarios::BUFFERS_OF_2019)?;
    let names = ["client context B", "certificate decoder B", "validator B"];
    for (number, name) in names.into_iter().enumerate() {
        let published = PUBLISHED_STRUCTURES[number] as u64;
        let ours = same_buffers.structures[number] as u64;
        line(name.to_owned(), Unit::Bytes, published, ours);
    }
    let ours = (same_buffers.kept - same_buffers.context) as u64;
    let published = PUBLISHED_BUFFERS as u64;
    line("record buffers B".to_owned(), Unit::Bytes, published, ours);
    for (what, published, ours) in stacks {
        line(what, Unit::StackBytes, published, ours);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_reproduced_within_a_tenth_of_a_second_or_of_itself() {
        let line = |unit, published, ours| Line {
            what: String::new(),
            unit,
            published,
            ours,
        };
        assert!(line(Unit::Milliseconds, 1300, 1400).is_reproduced());
        assert!(!line(Unit::Milliseconds, 1300, 1401).is_reproduced());
        assert!(line(Unit::Bytes, 3000, 2700).is_reproduced());
        assert!(!line(Unit::Bytes, 3000, 2699).is_reproduced());
        assert_eq!(line(Unit::Milliseconds, 1300, 1340).difference(), "+0.04 s");
        assert_eq!(line(Unit::Bytes, 1000, 972).difference(), "-2.8 %");
    }
}
