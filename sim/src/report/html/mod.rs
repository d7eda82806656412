//! One self-contained page: the tables, and pictures of what they say. `charts` draws the pictures.

mod charts;

use std::fmt::Write;

use super::{CLOCKS, MQTT_COLUMNS, MQTT_LEGEND, Row, grouped, millions, mqtt_line};
use crate::board::Board;
use crate::board::features::Feature;
use crate::board::measure::Measurement;
use crate::board::mqtt::Mqtt;
use crate::failure::Failure;
use crate::measure::Measured;
use crate::model;
use crate::scenarios::{PUBLISHED_STRUCTURES, Published};

/// What is on the page.
pub struct Contents<'a> {
    /// The scenarios, the resumed ones and the choices.
    pub rows: &'a [Row],
    /// What each feature adds to the flash, by board.
    pub features: &'a [(Board, Vec<Feature>)],
    /// What MQTT takes, by board.
    pub mqtt: &'a [(Board, Mqtt)],
    /// Versions of the tools.
    pub versions: &'a [String],
}

const STYLE: &str = "\
body{font:16px/1.45 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#1c2733}\
table{border-collapse:collapse;margin:1rem 0;font-size:14px;width:100%}\
th,td{padding:.3rem .6rem;border-bottom:1px solid #d5dbe1;text-align:right;font-variant-numeric:tabular-nums}\
th{border-bottom:2px solid #8fa1b3;vertical-align:bottom}\
th:first-child,td:first-child{text-align:left;white-space:nowrap}\
td small{color:#5b6b7b}\
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(34rem,1fr));gap:1rem}\
svg{max-width:100%;height:auto}\
.scroll{overflow-x:auto}\
h2{margin-top:2.5rem}";

/// The page.
///
/// # Errors
/// If a picture cannot be drawn.
pub fn page(contents: &Contents<'_>) -> Result<String, Failure> {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>What a secure connection costs</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>What a secure connection costs</h1>\n\
         <p>bearcub on the CPUs of an ESP8266 and an ESP32-C3, emulated: bytes, instructions and stack are measured, \
         milliseconds are computed from the instructions (<code>≈</code>: with the ESP8266's cycles per instruction). \
         Beside it, in grey: what was published for Tasmota's TLS in 2019.</p>\n"
    );
    type Belongs = fn(&Row) -> bool;
    let kinds: [(&str, Belongs); 4] = [
        ("Scenarios", is_main),
        ("The same, resumed", |row| row.scenario.resumed),
        ("What a choice costs", is_choice),
        ("Records", is_records),
    ];
    for (title, belongs) in kinds {
        let rows: Vec<_> = contents.rows.iter().filter(|row| belongs(row)).collect();
        let _ = write!(page, "<h2>{title}</h2>\n{}", table(&rows));
    }
    page.push_str(&per_byte(contents.rows));
    let _ = write!(page, "<h2>MQTT</h2>\n{}", mqtt_table(contents.mqtt));
    page.push_str("<h2>Published, and measured in the same configuration</h2>\n");
    page.push_str(&comparison(contents.rows));
    for board in Board::ALL {
        let rows: Vec<_> = contents
            .rows
            .iter()
            .filter(|row| is_main(row))
            .filter_map(|row| Some((row, row.on(board)?)))
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(
            page,
            "<h2>Memory over the handshake, {board}</h2>\n<div class=\"pictures\">\n"
        );
        for (row, measurement) in &rows {
            page.push_str(&charts::memory(row, board, measurement)?);
        }
        let _ = write!(page, "</div>\n<h2>Time per step, {board}</h2>\n");
        page.push_str(&charts::time(board, &rows)?);
    }
    for (board, features) in contents.features {
        let _ = writeln!(page, "<h2>Flash by feature, {board}</h2>");
        page.push_str(&charts::flash(*board, features)?);
    }
    page.push_str("<h2>Made with</h2>\n<p>");
    for line in contents.versions {
        let _ = write!(page, "{}<br>", escape(line));
    }
    page.push_str("</p>\n</body>\n</html>\n");
    Ok(page)
}

fn is_main(row: &Row) -> bool {
    !row.scenario.resumed && !is_choice(row) && !is_records(row)
}

fn is_records(row: &Row) -> bool {
    row.scenario.name.starts_with("records-")
}

fn is_choice(row: &Row) -> bool {
    row.scenario.name.starts_with("choice-")
}

fn table(rows: &[&Row]) -> String {
    let mut text = String::from(
        "<div class=\"scroll\"><table>\n<tr><th>scenario<th>kept<th>scratch<th>stack<th>flash<th>M instructions",
    );
    for clock in CLOCKS {
        let _ = write!(text, "<th>{} {} MHz, ms", clock.chip, clock.mhz);
    }
    text.push('\n');
    for row in rows {
        match &row.result {
            Ok((_, measured)) => line(&mut text, row, measured),
            Err(failure) => {
                let _ = writeln!(
                    text,
                    "<tr><td>{}<td colspan=\"9\">{}",
                    row.scenario.name,
                    escape(&failure.to_string())
                );
            }
        }
    }
    text.push_str("</table></div>\n");
    text
}

fn line(text: &mut String, row: &Row, measured: &Measured) {
    let published = row.scenario.published;
    let beside = |of: &dyn Fn(&Published) -> usize| {
        published.map_or_else(String::new, |published| {
            format!("<br><small>{}</small>", grouped(of(published)))
        })
    };
    let on_board = row.on(Board::Esp8266);
    let flash = on_board.and_then(|measurement| measurement.flash);
    let _ = write!(
        text,
        "<tr><td title=\"{}\">{}<td>{}{}<td>{}{}<td>{}{}<td>{}<td>{}",
        escape(row.scenario.about),
        row.scenario.name,
        grouped(measured.kept.total),
        beside(&|published| published.kept),
        grouped(measured.scratch),
        beside(&|published| published.scratch),
        on_board.map_or_else(String::new, |measurement| grouped(measurement.stack())),
        beside(&|published| published.stack),
        flash.map_or_else(String::new, |flash| grouped(flash.total() as usize)),
        on_board.map_or_else(String::new, |measurement| millions(
            measurement.instructions()
        )),
    );
    for clock in CLOCKS {
        let beside = clock
            .published(row.scenario)
            .map_or_else(String::new, |time| {
                format!("<br><small>{}</small>", grouped(time as usize))
            });
        let _ = write!(text, "<td>{}{beside}", clock.time(row, measured));
    }
    text.push('\n');
}

/// Instructions for each byte of application data.
fn per_byte(rows: &[Row]) -> String {
    let mut text = String::from(
        "<div class=\"scroll\"><table>\n<tr><th>instructions a byte<th>board<th>bytes<th>sealing<th>opening\n",
    );
    for row in rows.iter().filter(|row| is_records(row)) {
        for (board, measurement) in &row.boards {
            for turn in &measurement.turns {
                let _ = writeln!(
                    text,
                    "<tr><td>{}<td>{board}<td>{}<td>{}<td>{}",
                    row.scenario.name,
                    turn.sent,
                    turn.sealing / turn.sent.max(1) as u64,
                    turn.opening / turn.received.max(1) as u64
                );
            }
        }
    }
    text.push_str("</table></div>\n");
    text
}

fn mqtt_table(mqtt: &[(Board, Mqtt)]) -> String {
    let mut text = format!(
        "<div class=\"scroll\"><table>\n<tr><th>board<th>{}\n",
        MQTT_COLUMNS.join("<th>")
    );
    for (board, mqtt) in mqtt {
        let _ = writeln!(text, "<tr><td>{board}<td>{}", mqtt_line(mqtt).join("<td>"));
    }
    let _ = write!(text, "</table></div>\n<p>{}</p>\n", escape(MQTT_LEGEND));
    text
}

/// Only what is alike is set side by side: the same public-key operations, the same structures.
fn comparison(rows: &[Row]) -> String {
    let mut text = String::from(
        "<div class=\"scroll\"><table>\n<tr><th>scenario<th>published, ms at 80 and 160 MHz<th>ours, ms<th>difference, s\n",
    );
    for row in rows {
        let (Some(published), Some(measurement)) = (row.scenario.published, row.on(Board::Esp8266))
        else {
            continue;
        };
        if !row.scenario.same_work {
            continue;
        }
        let ours = model::CLOCKS.map(|mhz| model::measured_milliseconds(measurement, mhz));
        let difference: Vec<_> = ours
            .iter()
            .zip(published.milliseconds)
            .map(|(ours, theirs)| format!("{:+.2}", (f64::from(*ours) - f64::from(theirs)) / 1e3))
            .collect();
        let _ = writeln!(
            text,
            "<tr><td>{}<td>{}, {}<td>{}, {}<td>{}",
            row.scenario.name,
            published.milliseconds[0],
            published.milliseconds[1],
            ours[0],
            ours[1],
            difference.join(", ")
        );
    }
    text.push_str("</table></div>\n");
    let measured = rows.iter().find_map(|row| row.on(Board::Esp8266));
    if let Some(measurement) = measured {
        text.push_str(
            "<div class=\"scroll\"><table>\n<tr><th>bytes on the ESP8266<th>published<th>ours<th>difference, %\n",
        );
        let names = ["client context", "certificate decoder", "validator"];
        for (number, name) in names.into_iter().enumerate() {
            let (published, ours) = (PUBLISHED_STRUCTURES[number], measurement.structures[number]);
            let difference = (ours as f64 / published as f64 - 1.0) * 100.0;
            let _ = writeln!(
                text,
                "<tr><td>{name}<td>{}<td>{}<td>{difference:+.1}",
                grouped(published),
                grouped(ours)
            );
        }
        text.push_str(
            "</table></div>\n<p>The stack that is published is what is allocated for it; ours is what was used.</p>\n",
        );
    }
    text
}

/// The share of each stage in a connect, in milliseconds at that clock, the network's first.
fn shares(measurement: &Measurement, mhz: u32) -> Vec<(String, f64)> {
    let total = f64::from(model::measured_milliseconds(measurement, mhz));
    let network = model::NETWORK * 1000.0;
    let all = measurement.instructions().max(1) as f64;
    let mut shares = vec![("network".to_owned(), network)];
    for stage in &measurement.stages {
        let share = stage.instructions as f64 / all * (total - network);
        shares.push((stage.message.clone(), share));
    }
    shares
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
