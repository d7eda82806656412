//! The table for the README: the figures that are the same on every machine.

use super::{Row, counts, grouped};
use crate::model;
use crate::scenarios::Published;

/// The table and a line about what it shows.
pub fn table(rows: &[Row]) -> String {
    let mut text =
        String::from("| scenario | bytes out, in | kept | scratch | public-key operations |");
    text.push_str(&model::CLOCKS.map(|mhz| format!(" {mhz} MHz |")).concat());
    text.push_str("\n|---|---:|---:|---:|---|---:|---:|\n");
    for row in rows {
        let Ok((_, measured)) = &row.result else {
            text.push_str(&format!("| {} | failed | | | | | |\n", row.scenario.name));
            continue;
        };
        let published = |of: &dyn Fn(&Published) -> String| {
            row.scenario
                .published
                .map_or_else(String::new, |published| format!(" ({})", of(published)))
        };
        text.push_str(&format!(
            "| {} | {}, {} | {}{} | {}{} | {} |",
            row.scenario.name,
            grouped(measured.bytes[0]),
            grouped(measured.bytes[1]),
            grouped(measured.kept.total),
            published(&|published| grouped(published.kept)),
            grouped(measured.scratch),
            published(&|published| grouped(published.scratch)),
            counts(measured, true).join(", "),
        ));
        let mark = if model::is_estimated(&measured.operations) {
            "~"
        } else {
            ""
        };
        for (index, mhz) in model::CLOCKS.into_iter().enumerate() {
            let modelled = model::milliseconds(&measured.operations, mhz) as usize;
            let beside = published(&|published| grouped(published.milliseconds[index] as usize));
            text.push_str(&format!(" {mark}{} ms{beside} |", grouped(modelled)));
        }
        text.push('\n');
    }
    let mut buffers: Vec<_> = rows
        .iter()
        .filter_map(|row| row.result.as_ref().ok())
        .map(|(header, _)| {
            format!(
                "{} in, {} out",
                header.plan.buffers.input, header.plan.buffers.output
            )
        })
        .collect();
    buffers.dedup();
    text.push_str(&format!(
        "\nBytes are those of a 32-bit board, with record buffers for {} and 29 bytes more each. Times are a whole \
         connect on an ESP8266, modelled from the counts (`~`: with estimated costs), not measured. In brackets: what was \
         published for Tasmota's TLS in 2019.\n",
        buffers.join("; "),
    ));
    text
}
