//! Peers side by side.

use std::fmt::Write as _;

use crate::jobs::Job;
use crate::peers::Who;

/// What one job took, by peer.
pub struct Row {
    /// The job.
    pub job: Job,
    /// Who did it, and what it took.
    pub cells: Vec<(Who, f64)>,
}

impl Row {
    /// What that peer took.
    pub fn of(&self, who: Who) -> Option<f64> {
        let cell = self.cells.iter().find(|(other, _)| *other == who);
        cell.map(|(_, figure)| *figure)
    }
}

/// A table in Markdown: in each cell the figure, and behind it bearcub's divided by it.
pub fn markdown(rows: &[Row], show: fn(f64) -> String) -> String {
    let mut text = String::from("| job |");
    for who in Who::ALL {
        let _ = write!(text, " {who} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"---:|".repeat(Who::ALL.len()));
    for row in rows {
        let _ = write!(text, "\n| {} |", row.job);
        for &who in Who::ALL {
            let _ = match (row.of(who), row.of(Who::BEARCUB)) {
                (None, _) => write!(text, " – |"),
                (Some(own), _) if who == Who::BEARCUB => write!(text, " {} |", show(own)),
                (Some(other), None) => write!(text, " {} |", show(other)),
                (Some(other), Some(own)) => {
                    write!(text, " {} ({}) |", show(other), ratio(own / other))
                }
            };
        }
    }
    text.push('\n');
    text
}

fn ratio(ratio: f64) -> String {
    if ratio < 10.0 {
        format!("{ratio:.2}")
    } else {
        format!("{ratio:.0}")
    }
}

/// Nanoseconds, in the unit that suits them.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e4 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1e6 => format!("{:.0} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

/// Instructions, in thousands from ten thousand on, in millions from ten million on.
pub fn instructions(count: f64) -> String {
    match count {
        count if count < 1e4 => format!("{count:.0}"),
        count if count < 1e7 => format!("{:.0}k", count / 1e3),
        count => format!("{:.1}M", count / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_bearcubs_figure_divided_by_the_peers() {
        let job = Job::Resumed;
        let other = Who::ALL[1];
        let rows = [Row {
            job,
            cells: vec![(Who::BEARCUB, 3e6), (other, 1.5e6)],
        }];
        let text = markdown(&rows, time);
        assert!(
            text.contains("| resumed | 3.00 ms | 1.50 ms (2.00) | – |"),
            "{text}"
        );
    }
}
