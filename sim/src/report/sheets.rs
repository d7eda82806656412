//! The small tables beside the one of the scenarios.

use super::published::{Line, Unit};
use super::sheet::Sheet;
use super::{Beside, Row, grouped, is_choice, is_records, millions};
use crate::board::Board;
use crate::board::measure::Measurement;
use crate::board::mqtt::Mqtt;
use crate::model;

/// What the scenarios take on the board that the large table does not show.
pub fn esp32c3<'a>(rows: impl Iterator<Item = &'a Row>) -> Sheet {
    let mut sheet = Sheet::new(
        &[
            "ESP32-C3",
            "kept B",
            "handshake B: scratch + stack",
            "flash B",
            "M instructions",
            "longest step, M",
        ],
        "Measured on the ESP32-C3's CPU in an emulator. The longest step is the longest that a watchdog waits.",
    );
    for row in rows {
        let Some(measurement) = row.on(Board::Esp32C3) else {
            continue;
        };
        let flash = measurement.flash.map_or(0, |flash| flash.total());
        sheet.lines.push(vec![
            row.scenario.name.to_owned(),
            grouped(measurement.kept),
            format!(
                "{} + {}",
                grouped(measurement.scratch),
                grouped(measurement.stack())
            ),
            grouped(flash as usize),
            millions(measurement.instructions()),
            measurement
                .longest()
                .map_or_else(String::new, |stage| millions(stage.longest)),
        ]);
    }
    sheet
}

/// What differs from the first choice, on the ESP8266.
pub fn choices(rows: &[Row]) -> Sheet {
    let mut sheet = Sheet::new(
        &[
            "choice",
            "kept B",
            "handshake B",
            "flash B",
            "M instructions",
            "ms at 80 MHz",
        ],
        "On the ESP8266: the first line is the connection that the others are compared with, aws-ca; theirs is what they \
         add to it or save.",
    );
    let figures = |measurement: &Measurement| {
        let figures = measurement.figures();
        [
            figures.kept,
            figures.handshake,
            figures.flash,
            figures.instructions,
            model::measured_milliseconds(measurement, model::CLOCKS[0]).into(),
        ]
    };
    let mut base = None;
    for row in rows.iter().filter(|row| is_choice(row)) {
        let Some(measurement) = row.on(Board::Esp8266) else {
            continue;
        };
        let figures = figures(measurement);
        let mut line = vec![row.scenario.about.to_owned()];
        match base {
            None => {
                line.extend(
                    figures
                        .iter()
                        .enumerate()
                        .map(|(column, &figure)| match column {
                            3 => millions(figure),
                            _ => grouped(figure as usize),
                        }),
                );
                base = Some(figures);
            }
            Some(base) => {
                line.extend(figures.iter().zip(base).enumerate().map(
                    |(column, (&figure, base))| {
                        let sign = if figure < base { "−" } else { "+" };
                        let apart = figure.abs_diff(base);
                        match column {
                            3 if apart < 5000 => "0".to_owned(),
                            _ if apart == 0 => "0".to_owned(),
                            3 => format!("{sign}{}", millions(apart)),
                            _ => format!("{sign}{}", grouped(apart as usize)),
                        }
                    },
                ));
            }
        }
        sheet.lines.push(line);
    }
    sheet
}

/// Instructions for each byte of application data, by the size of what is sent.
pub fn records(rows: &[Row]) -> Sheet {
    let mut sheet = Sheet::new(
        &["records", "board", "bytes", "sealing", "opening"],
        "Instructions for each byte of application data, its record's overhead included.",
    );
    for row in rows.iter().filter(|row| is_records(row)) {
        for (board, measurement) in &row.boards {
            for turn in &measurement.turns {
                let each = |instructions: u64, bytes: usize| {
                    grouped((instructions / bytes.max(1) as u64) as usize)
                };
                sheet.lines.push(vec![
                    row.scenario.name.to_owned(),
                    board.name().to_owned(),
                    format!("{} out, {} in", turn.sent, turn.received),
                    each(turn.sealing, turn.sent),
                    each(turn.opening, turn.received),
                ]);
            }
        }
    }
    sheet
}

/// The implementations of the ciphers that BearSSL has, on every board.
pub fn ciphers(beside: &Beside) -> Sheet {
    let mut sheet = Sheet::new(
        &["cipher", "board", "instructions a byte", "key in RAM B"],
        "Over 1024 bytes, the key's set-up included. The library uses aes_ct, chacha20_ct and, on the ESP8266, \
         ghash_ctmul32, else ghash_ctmul: constant time, without tables that depend on secrets. The other ones are here \
         for comparison.",
    );
    for (board, ciphers) in &beside.ciphers {
        for cipher in ciphers {
            sheet.lines.push(vec![
                cipher.name.clone(),
                board.name().to_owned(),
                (cipher.instructions / cipher.bytes.max(1) as u64).to_string(),
                cipher.keys.to_string(),
            ]);
        }
    }
    sheet
}

/// What MQTT takes.
pub fn mqtt(mqtt: &[(Board, Mqtt)]) -> Sheet {
    let mut sheet = Sheet::new(
        &[
            "MQTT",
            "session B",
            "flash B, QoS 0 out",
            "flash B, every QoS both ways",
            "flash B, every option",
            "publish, QoS 1",
            "with TLS",
        ],
        "MQTT: bytes of a session without its buffers and its store; what MQTT adds to a program that publishes with \
         QoS 0, to one that publishes and subscribes with every QoS, and to one that also has messages in pieces, manual \
         acknowledgement, a store in flash, a broker's limits, a bounded queue, a last will, unsubscribing and \
         reconnecting; instructions of a message of 64 bytes, from `publish` to the broker's acknowledgement, and the same \
         with TLS (AES-128-GCM).",
    );
    for (board, mqtt) in mqtt {
        let sizes = mqtt.sizes;
        let number = |number: u64| grouped(number as usize);
        sheet.lines.push(vec![
            board.name().to_owned(),
            format!(
                "{} + {} a slot + {} a subscription",
                sizes.session, sizes.slot, sizes.subscription
            ),
            number(mqtt.sending.total()),
            number(mqtt.all.total()),
            number(mqtt.every.total()),
            number(mqtt.publish()),
            number(mqtt.publish_with_tls),
        ]);
    }
    sheet
}

/// What was published for Tasmota's TLS beside ours, where the work is the same.
pub fn published(lines: &[Line]) -> Sheet {
    let mut sheet = Sheet::new(
        &["ESP8266", "published", "ours", "difference"],
        "Published for Tasmota's TLS in 2019, and measured here with the same public-key operations; the structures and \
         buffers with its fragment length and buffers of its sizes. Times are within 0.1 s of the published ones, \
         structures and buffers within 10 %. The stack that was published is an allocation, ours is what was used.",
    );
    for line in lines {
        let number = |number: u64| match line.unit {
            Unit::Milliseconds => format!("{:.2} s", number as f64 / 1e3),
            Unit::Bytes | Unit::StackBytes => grouped(number as usize),
        };
        sheet.lines.push(vec![
            line.what.clone(),
            number(line.published),
            number(line.ours),
            line.difference(),
        ]);
    }
    sheet
}
