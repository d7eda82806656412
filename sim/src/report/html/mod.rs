//! One self-contained page: the tables, and pictures of what they say. `charts` draws the pictures.

mod charts;

use std::fmt::Write;

use super::{Beside, CLOCKS, Row, grouped, is_choice, is_main, is_records, millions, sheets};
use crate::board::Board;
use crate::board::features::Feature;
use crate::board::measure::Measurement;
use crate::failure::Failure;
use crate::measure::Measured;
use crate::model;
use crate::scenarios::Published;

/// What is on the page.
pub struct Contents<'a> {
    /// The scenarios, the resumed ones and the choices.
    pub rows: &'a [Row],
    /// What each feature adds to the flash, by board.
    pub features: &'a [(Board, Vec<Feature>)],
    /// What is measured beside them.
    pub beside: &'a Beside,
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
         milliseconds are computed from the instructions (<code>≈</code>: with the ESP8266's cycles per instruction; \
         <code>~</code>: modelled, where nothing could be measured). \
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
    let (rows, beside) = (contents.rows, contents.beside);
    let small = [
        (sheets::records(rows), "Instructions a byte"),
        (sheets::ciphers(beside), "Implementations of the ciphers"),
        (sheets::esp32c3(rows.iter()), "On the ESP32-C3"),
        (sheets::mqtt(&beside.mqtt), "MQTT"),
        (
            sheets::published(&beside.published),
            "Published, and measured in the same configuration",
        ),
    ];
    page.extend(small.iter().map(|(sheet, title)| sheet.html(title)));
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

/// The share of each stage in a connect, in milliseconds at that clock, the network's first.
fn shares(measurement: &Measurement, mhz: u32) -> Vec<(String, f64)> {
    let mut shares = vec![("network".to_owned(), model::NETWORK * 1000.0)];
    for stage in &measurement.stages {
        let share = model::computing(stage.instructions, stage.curves, mhz);
        shares.push((stage.message.clone(), share));
    }
    let finishing = model::computing(measurement.finishing, 0, mhz);
    shares.push(("end".to_owned(), finishing));
    shares
}

/// Text as HTML wants it.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
