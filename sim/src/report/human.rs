//! The table for a terminal.

use bearcub::tls::RECORD_OVERHEAD;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Row as TableRow, Table};

use super::{CLOCKS, MQTT_COLUMNS, MQTT_LEGEND, Row, counts, grouped, millions, mqtt_line};
use crate::board::Board;
use crate::board::mqtt::Mqtt;
use crate::measure::Measured;
use crate::scenarios::Published;
use crate::{model, sizes};

/// The table, what failed, and what the figures are.
pub fn table(rows: &[Row], mqtt: &[(Board, Mqtt)]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let mut header = vec![
        "scenario".to_owned(),
        "bytes\nout, in".to_owned(),
        "messages\nout, in".to_owned(),
        "kept\nB".to_owned(),
        "handshake B\n= scratch + stack".to_owned(),
        "flash\nB".to_owned(),
        "public-key operations".to_owned(),
        "blocks".to_owned(),
        "instructions\nM".to_owned(),
    ];
    header.extend(CLOCKS.map(|clock| format!("{}\n{} MHz\nms", clock.chip, clock.mhz)));
    table.set_header(header);
    for column in [1, 2, 3, 4, 5, 8, 9, 10, 11, 12] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for row in rows {
        match &row.result {
            Ok((_, measured)) => table.add_row(measured_row(row, measured)),
            Err(_) => table.add_row(TableRow::from(vec![row.scenario.name, "FAILED"])),
        };
    }
    let mut text = format!("{table}\n");
    for row in rows {
        if let Err(failure) = &row.result {
            text.push_str(&format!("FAILED {}: {failure}\n", row.scenario.name));
        }
    }
    text.push_str(&mqtt_table(mqtt));
    text.push_str(&legend(rows));
    text
}

fn mqtt_table(mqtt: &[(Board, Mqtt)]) -> String {
    if mqtt.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([&["MQTT"][..], &MQTT_COLUMNS].concat());
    for (board, mqtt) in mqtt {
        let mut cells = vec![board.name().to_owned()];
        cells.extend(mqtt_line(mqtt));
        table.add_row(cells);
    }
    for column in 2..=MQTT_COLUMNS.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n{MQTT_LEGEND}\n\n")
}

fn measured_row(row: &Row, measured: &Measured) -> Vec<String> {
    let scenario = row.scenario;
    let published = |of: &dyn Fn(&Published) -> String| {
        scenario
            .published
            .map_or_else(String::new, |published| format!("\n({})", of(published)))
    };
    let pair = |[out, into]: [usize; 2]| format!("{}, {}", grouped(out), grouped(into));
    let on_board = row.on(Board::Esp8266);
    let (stack, mark) = match on_board {
        Some(measurement) => (measurement.stack(), ""),
        None => (measured.stack.unwrap_or(0), "~"),
    };
    let handshake = format!(
        "{mark}{} = {} + {mark}{}",
        grouped(measured.scratch + stack),
        grouped(measured.scratch),
        grouped(stack)
    );
    let flash = on_board.and_then(|measurement| measurement.flash);
    let instructions = match on_board {
        Some(measurement) => millions(measurement.instructions()),
        None => format!(
            "~{}",
            millions(model::instructions(&measured.operations) as u64)
        ),
    };
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
        flash.map_or_else(String::new, |flash| grouped(flash.total() as usize)),
        counts(measured, true).join("\n"),
        counts(measured, false).join("\n"),
        instructions,
    ];
    for clock in CLOCKS {
        let beside = clock.published(scenario).map_or_else(String::new, |time| {
            format!("\n({})", grouped(time as usize))
        });
        cells.push(clock.time(row, measured) + &beside);
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
            "\nThe record buffers hold {} bytes in and {} out, and {RECORD_OVERHEAD} more each. A session that is kept to be \
             resumed takes {} bytes more.\n",
            buffers.input,
            buffers.output,
            sizes::SESSION,
        ));
    }
    text.push_str(
        "\
kept, scratch    sizes on a 32-bit board
stack            high-water mark in the handshake on the ESP8266's CPU, emulated
flash            what TLS adds to a program for the ESP8266: code, constants, initialised data
instructions     of the handshake on the ESP8266's CPU, emulated
ms               a whole connect: instructions × cycles per instruction ÷ clock, and 150 ms for the network
~                modelled from the counts of operations (stack: measured on this machine, which has 64 bits)
≈                the ESP32-C3's instructions, measured, with the ESP8266's cycles per instruction
(in brackets)    published for Tasmota's TLS in 2019: the stack there is what is allocated
",
    );
    text
}
