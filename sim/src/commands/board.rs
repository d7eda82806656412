//! `cargo sim board`: scenarios on a board's own CPU, emulated.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::arguments::BoardOptions;
use super::{print, print_json, tell};
use crate::board::features::{self, Feature};
use crate::board::measure::{Flash, Measurement, ciphers, measure};
use crate::board::mqtt::{self, Mqtt};
use crate::board::{Board, tools};
use crate::failure::{Failure, sum_up};
use crate::model;
use crate::recording::Recording;
use crate::report::{Beside, grouped, human, millions, rows, sheets};
use crate::scenarios::{self, Scenario};

/// Measures, and prints what was measured.
///
/// # Errors
/// For wrong arguments, a tool that is missing, or an image that fails; what can be measured is printed all the same.
pub fn run(options: &BoardOptions) -> Result<(), Failure> {
    let chosen: Vec<&'static Scenario> = if options.scenarios.is_empty() {
        scenarios::ALL.iter().collect()
    } else {
        let names = options.scenarios.iter();
        names
            .map(|name| scenarios::find(name))
            .collect::<Result<_, _>>()?
    };
    let board = options.board;
    let tools = match tools::find(board) {
        Ok(tools) => tools,
        Err(failure) => {
            // The next best thing.
            let rows = rows(&scenarios::folder(), chosen.into_iter(), &[]);
            print(&human::table(&rows, &Beside::default()))?;
            return Err(failure);
        }
    };
    if options.features {
        let features = features::all(board, &tools)?;
        return if options.json {
            print_json(&serde_json::json!({ "board": board.name(), "features": features }))
        } else {
            print(&features_table(board, &features))
        };
    }
    if options.ciphers {
        let ciphers = ciphers(board, &tools)?;
        return if options.json {
            print_json(&serde_json::json!({ "board": board.name(), "ciphers": ciphers }))
        } else {
            let beside = Beside {
                ciphers: vec![(board, ciphers)],
                ..Beside::default()
            };
            print(&sheets::ciphers(&beside).text())
        };
    }
    if options.mqtt {
        let took = mqtt::measured(board, &tools)?;
        return if options.json {
            print_json(&serde_json::json!({ "board": board.name(), "mqtt": took }))
        } else {
            print(&mqtt_table(board, &took))
        };
    }
    let (mut measured, mut failures) = (Vec::new(), Vec::new());
    for scenario in &chosen {
        let result = Recording::load(&scenario.recording(&scenarios::folder()))
            .and_then(|recording| measure(board, &tools, &recording));
        match result {
            Ok(measurement) => measured.push((*scenario, measurement)),
            Err(failure) => {
                tell(&format_args!("{}: {failure}", scenario.name));
                failures.push(failure);
            }
        }
    }
    if options.json {
        print_json(&json(board, &measured))?;
    } else {
        if !measured.is_empty() {
            print(&table(board, &measured))?;
        }
        if options.steps {
            for (scenario, measurement) in &measured {
                print(&steps(scenario, measurement))?;
            }
        }
    }
    sum_up(&failures, chosen.len(), "scenarios")
}

fn table(board: Board, measured: &[(&Scenario, Measurement)]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let mut header = vec![
        "scenario".to_owned(),
        "kept\nB".to_owned(),
        "handshake B\n= scratch + stack".to_owned(),
        "flash\nB".to_owned(),
        "constants\nin RAM B".to_owned(),
        "instructions\nM".to_owned(),
        "longest step\nM, in".to_owned(),
    ];
    header.extend(
        model::clocks(board)
            .iter()
            .map(|mhz| format!("{mhz} MHz\nms")),
    );
    table.set_header(header);
    for column in 1..table.column_count() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (scenario, measurement) in measured {
        let longest = measurement.longest().map_or_else(String::new, |stage| {
            format!("{} {}", millions(stage.longest), stage.message)
        });
        let mut row = vec![
            scenario.name.to_owned(),
            grouped(measurement.kept),
            format!(
                "{} = {} + {}",
                grouped(measurement.scratch + measurement.stack()),
                grouped(measurement.scratch),
                grouped(measurement.stack())
            ),
            measurement
                .flash
                .map_or_else(String::new, |flash| grouped(flash.total() as usize)),
            measurement.flash.map_or_else(String::new, |flash| {
                grouped(flash.constants_in_ram as usize)
            }),
            millions(measurement.instructions()),
            longest,
        ];
        row.extend(
            model::clocks(board)
                .iter()
                .map(|&mhz| grouped(model::measured_milliseconds(measurement, mhz) as usize)),
        );
        table.add_row(row);
    }
    format!(
        "{table}\nMeasured on the CPU of an {board} in the emulator; milliseconds from the instructions measured.\n"
    )
}

fn mqtt_table(board: Board, mqtt: &Mqtt) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["step", "instructions", "with TLS"]);
    for column in 1..3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for step in &mqtt.steps {
        let with_tls = if Mqtt::is_recorded(step) {
            grouped(mqtt.publish_with_tls as usize)
        } else {
            String::new()
        };
        let instructions = grouped(step.instructions as usize);
        table.add_row([step.name.clone(), instructions, with_tls]);
    }
    let flash = |flash: &Flash| {
        format!(
            "{} B, of which {} are copied to RAM",
            grouped(flash.total() as usize),
            grouped(flash.constants_in_ram as usize)
        )
    };
    format!(
        "{table}\nInstructions on an {board}; with TLS: its two records included, of AES-128-GCM.\n\
         What MQTT adds to a program: {} to publish with QoS 0 alone; {} to publish and subscribe with every QoS; {} with every \
         option: messages in pieces, manual acknowledgement, a store in flash, a broker's limits, a bounded queue, a last will, \
         unsubscribing, reconnecting.\n\
         A session takes {} B of RAM, {} for each slot and {} for each subscription, without its buffers and its store.\n",
        flash(&mqtt.sending),
        flash(&mqtt.all),
        flash(&mqtt.every),
        mqtt.sizes.session,
        mqtt.sizes.slot,
        mqtt.sizes.subscription,
    )
}

fn features_table(board: Board, features: &[Feature]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["feature", "added B", "flash B", "constants\nin RAM B"]);
    for column in 1..4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (number, feature) in features.iter().enumerate() {
        let sign = if feature.added < 0 { "-" } else { "+" };
        let added = grouped(feature.added.unsigned_abs() as usize);
        table.add_row([
            feature.name.to_owned(),
            if number == 0 {
                String::new()
            } else {
                format!("{sign}{added}")
            },
            grouped(feature.total.total() as usize),
            grouped(feature.total.constants_in_ram as usize),
        ]);
    }
    format!(
        "{table}\nWhat TLS adds to a program for an {board}: code, constants, initialised data. The feature `rsa-4096` \
         takes memory, not code.\n"
    )
}

fn steps(scenario: &Scenario, measurement: &Measurement) -> String {
    let agreed = &measurement.agreed;
    let fragments = agreed.fragment_length.map_or_else(
        || "records of any length".to_owned(),
        |length| format!("fragments of {length} B"),
    );
    let group = agreed.group.as_deref().unwrap_or("none");
    let resumed = if agreed.resumed { ", resumed" } else { "" };
    let mut text = format!(
        "\n{}: {}, group {group}, {fragments}{resumed}\n",
        scenario.name, agreed.suite,
    );
    for stage in &measurement.stages {
        text.push_str(&format!(
            "  {:18} {:>12} instructions, longest step {:>12}, stack {:>5} B\n",
            stage.message,
            grouped(stage.instructions as usize),
            grouped(stage.longest as usize),
            grouped(stage.stack)
        ));
    }
    for turn in &measurement.turns {
        text.push_str(&format!(
            "  {} B sent: {} instructions a byte; {} B received: {}\n",
            turn.sent,
            turn.sealing / turn.sent.max(1) as u64,
            turn.received,
            turn.opening / turn.received.max(1) as u64,
        ));
    }
    text
}

fn json(board: Board, measured: &[(&Scenario, Measurement)]) -> serde_json::Value {
    let entries: Vec<_> = measured
        .iter()
        .map(|(scenario, measurement)| {
            serde_json::json!({
                "name": scenario.name,
                "board": board.name(),
                "measured": true,
                "figures": measurement.figures(),
                "measurement": measurement,
            })
        })
        .collect();
    serde_json::json!({ "scenarios": entries })
}
