//! The table for the README: the figures that are the same on every machine.

use super::{CLOCKS, MQTT_COLUMNS, MQTT_LEGEND, Row, grouped, millions, mqtt_line};
use crate::board::Board;
use crate::board::mqtt::Mqtt;
use crate::measure::Measured;
use crate::scenarios::Published;

use bearcub::tls::RECORD_OVERHEAD;

/// The table and a few lines about what it shows.
pub fn table(rows: &[Row], mqtt: &[(Board, Mqtt)]) -> String {
    let mut text = String::from(
        "| scenario | bytes out, in | kept | handshake: scratch + stack | flash | instructions |",
    );
    for clock in CLOCKS {
        text.push_str(&format!(" {} {} MHz |", clock.chip, clock.mhz));
    }
    text.push_str("\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for row in rows {
        let Ok((_, measured)) = &row.result else {
            text.push_str(&format!(
                "| {} | failed | | | | | | | | |\n",
                row.scenario.name
            ));
            continue;
        };
        text.push_str(&line(row, measured));
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
        "\nBytes, M instructions and ms. Kept and scratch are sizes on a 32-bit board, with record buffers for {} and \
         {RECORD_OVERHEAD} bytes more each. Stack, flash (what TLS adds to a program) and instructions were measured on the \
         ESP8266's CPU in an emulator. ms are a whole connect, computed from the instructions; `≈`: from those of the \
         ESP32-C3, also measured, with the ESP8266's cycles per instruction; `~`: modelled. In brackets: what was published \
         for Tasmota's TLS in 2019, whose stack is what it allocates.\n",
        buffers.join("; "),
    ));
    if !mqtt.is_empty() {
        text.push_str(&format!(
            "\n| MQTT | {} |\n|---|---|{}\n",
            MQTT_COLUMNS.join(" | "),
            "---:|".repeat(MQTT_COLUMNS.len() - 1)
        ));
        for (board, mqtt) in mqtt {
            text.push_str(&format!("| {board} | {} |\n", mqtt_line(mqtt).join(" | ")));
        }
        text.push_str(&format!("\n{MQTT_LEGEND}\n"));
    }
    text
}

fn line(row: &Row, measured: &Measured) -> String {
    let published = |of: &dyn Fn(&Published) -> String| {
        row.scenario
            .published
            .map_or_else(String::new, |published| format!(" ({})", of(published)))
    };
    let on_board = row.on(Board::Esp8266);
    let stack = on_board.map_or_else(
        || "?".to_owned(),
        |measurement| grouped(measurement.stack()),
    );
    let flash = on_board.and_then(|measurement| measurement.flash);
    let mut text = format!(
        "| {} | {}, {} | {}{} | {} + {stack}{} | {} | {} |",
        row.scenario.name,
        grouped(measured.bytes[0]),
        grouped(measured.bytes[1]),
        grouped(measured.kept.total),
        published(&|published| grouped(published.kept)),
        grouped(measured.scratch),
        published(&|published| format!(
            "{} + {}",
            grouped(published.scratch),
            grouped(published.stack)
        )),
        flash.map_or_else(String::new, |flash| grouped(flash.total() as usize)),
        on_board.map_or_else(String::new, |measurement| millions(
            measurement.instructions()
        )),
    );
    for clock in CLOCKS {
        let beside = clock
            .published(row.scenario)
            .map_or_else(String::new, |time| format!(" ({})", grouped(time as usize)));
        text.push_str(&format!(" {}{beside} |", clock.time(row, measured)));
    }
    text.push('\n');
    text
}
