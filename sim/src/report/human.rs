//! The table for a terminal.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Row as TableRow, Table};

use super::{Row, counts, grouped};
use crate::measure::Measured;
use crate::model;
use crate::scenarios::{Published, Scenario};

/// The table, what failed, and what the figures are.
pub fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let mut header = vec![
        "scenario".to_owned(),
        "bytes\nout, in".to_owned(),
        "messages\nout, in".to_owned(),
        "kept\nB".to_owned(),
        "handshake B\n= scratch + stack".to_owned(),
        "public-key operations".to_owned(),
        "blocks".to_owned(),
    ];
    header.extend(model::CLOCKS.map(|mhz| format!("{mhz} MHz\nms, modelled")));
    table.set_header(header);
    for column in [1, 2, 3, 4, 7, 8] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for row in rows {
        match &row.result {
            Ok((_, measured)) => table.add_row(measured_row(row.scenario, measured)),
            Err(_) => table.add_row(TableRow::from(vec![row.scenario.name, "FAILED"])),
        };
    }
    let mut text = format!("{table}\n");
    for row in rows {
        if let Err(failure) = &row.result {
            text.push_str(&format!("FAILED {}: {failure}\n", row.scenario.name));
        }
    }
    text.push_str(&legend(rows));
    text
}

fn measured_row(scenario: &Scenario, measured: &Measured) -> Vec<String> {
    let published = |of: &dyn Fn(&Published) -> String| {
        scenario
            .published
            .map_or_else(String::new, |published| format!("\n({})", of(published)))
    };
    let pair = |[out, into]: [usize; 2]| format!("{}, {}", grouped(out), grouped(into));
    let stack = measured.stack.unwrap_or(0);
    let handshake = format!(
        "{} = {} + {}",
        grouped(measured.handshake()),
        grouped(measured.scratch),
        grouped(stack)
    );
    let mut cells = vec![
        scenario.name.to_owned(),
        pair(measured.bytes),
        pair(measured.messages),
        grouped(measured.kept.total) + &published(&|published| grouped(published.kept)),
        handshake
            + &published(&|published| {
                format!(
                    "{} = {} + {}",
                    grouped(published.handshake()),
                    grouped(published.scratch),
                    grouped(published.stack)
                )
            }),
        counts(measured, true).join("\n"),
        counts(measured, false).join("\n"),
    ];
    let mark = if model::is_estimated(&measured.operations) {
        "~"
    } else {
        ""
    };
    for (index, mhz) in model::CLOCKS.into_iter().enumerate() {
        let modelled = model::milliseconds(&measured.operations, mhz) as usize;
        let beside = published(&|published| grouped(published.milliseconds[index] as usize));
        cells.push(format!("{mark}{}{beside}", grouped(modelled)));
    }
    cells
}

fn legend(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(&format!(
            "{:24} {}\n",
            row.scenario.name, row.scenario.about
        ));
    }
    let buffers = rows
        .iter()
        .find_map(|row| row.result.as_ref().ok())
        .map(|(header, _)| header.plan.buffers);
    if let Some(buffers) = buffers {
        text.push_str(&format!(
            "\nThe record buffers hold {} bytes in and {} out, and 29 more each.\n",
            buffers.input, buffers.output
        ));
    }
    text.push_str(
        "\
kept, scratch    sizes on a 32-bit board
stack            high-water mark on this machine (64-bit); a board's is not measured here
ms               a whole connect on an ESP8266, modelled from the counts; ~ where a count's cost is estimated
(in brackets)    published for Tasmota's TLS in 2019: the stack there is what is allocated
",
    );
    text
}
