//! The pictures, as SVG.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::shares;
use crate::board::Board;
use crate::board::features::Feature;
use crate::board::measure::Measurement;
use crate::failure::Failure;
use crate::model;
use crate::report::Row;

const KEPT: RGBColor = RGBColor(46, 94, 140);
const SCRATCH: RGBColor = RGBColor(108, 160, 88);
const STACK: RGBColor = RGBColor(224, 148, 56);
const PUBLISHED: [RGBColor; 3] = [
    RGBColor(140, 148, 156),
    RGBColor(172, 180, 186),
    RGBColor(204, 210, 214),
];
/// The parts of a connect: the network, the stages of the handshake, what comes after the last of them.
const PARTS: [(&str, RGBColor); 10] = [
    ("network", RGBColor(200, 206, 212)),
    ("ClientHello", RGBColor(46, 94, 140)),
    ("ServerHello", RGBColor(96, 150, 190)),
    ("Certificate", RGBColor(108, 160, 88)),
    ("ServerKeyExchange", RGBColor(196, 200, 84)),
    ("ServerHelloDone", RGBColor(224, 148, 56)),
    ("ClientKeyExchange", RGBColor(196, 84, 68)),
    ("ChangeCipherSpec", RGBColor(142, 96, 156)),
    ("Finished", RGBColor(92, 124, 128)),
    ("end", RGBColor(60, 60, 72)),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(
    size: (u32, u32),
    work: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<String, Failure> {
    let mut svg = String::new();
    let failed = |error: &dyn std::fmt::Display| Failure::Other(format!("a picture: {error}"));
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE).map_err(|error| failed(&error))?;
        work(&area).map_err(|error| failed(&error))?;
        area.present().map_err(|error| failed(&error))?;
    }
    Ok(svg + "\n")
}

/// Bars of memory, one for each stage of the handshake, and the published one behind them.
pub fn memory(row: &Row, board: Board, measurement: &Measurement) -> Result<String, Failure> {
    let mut bars: Vec<(String, [usize; 3], bool)> = measurement
        .stages
        .iter()
        .map(|stage| {
            let parts = [measurement.kept, measurement.scratch, stage.stack];
            (stage.message.clone(), parts, false)
        })
        .collect();
    bars.push(("connected".to_owned(), [measurement.kept, 0, 0], false));
    if let Some(published) = row.scenario.published.filter(|_| board == Board::Esp8266) {
        let parts = [published.kept, published.scratch, published.stack];
        bars.push(("published".to_owned(), parts, true));
    }
    let top = bars
        .iter()
        .map(|(_, parts, _)| parts.iter().sum::<usize>())
        .max();
    let top = (top.unwrap_or(0) as f64 * 1.15).max(1.0);
    let count = bars.len() as f64;
    draw((640, 360), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(row.scenario.name, ("sans-serif", 18))
            .margin(8)
            .x_label_area_size(64)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..count, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_desc("bytes")
            .y_label_formatter(&|bytes| format!("{bytes:.0}"))
            .draw()?;
        for (number, (label, parts, is_published)) in bars.iter().enumerate() {
            let left = number as f64;
            let mut from = 0.0;
            for (part, bytes) in parts.iter().enumerate() {
                let color = if *is_published {
                    PUBLISHED[part]
                } else {
                    [KEPT, SCRATCH, STACK][part]
                };
                let to = from + *bytes as f64;
                chart.draw_series([Rectangle::new(
                    [(left + 0.1, from), (left + 0.9, to)],
                    color.filled(),
                )])?;
                from = to;
            }
            let sum: usize = parts.iter().sum();
            let (x, y) = chart.backend_coord(&(left + 0.5, from));
            area.draw_text(
                &super::grouped(sum),
                &("sans-serif", 11).into_text_style(area).pos(centered()),
                (x, y - 14),
            )?;
            let (x, y) = chart.backend_coord(&(left + 0.5, 0.0));
            let style = TextStyle::from(("sans-serif", 11)).pos(centered());
            for (line, part) in halves(label).into_iter().enumerate() {
                area.draw_text(&part, &style, (x, y + 6 + 13 * line as i32))?;
            }
        }
        legend(
            area,
            (70, 340),
            &[("kept", KEPT), ("scratch", SCRATCH), ("stack", STACK)],
        )
    })
}

/// A long name in two lines, where its second word begins.
fn halves(name: &str) -> Vec<String> {
    let middle = name.len() / 2;
    let cut = name
        .char_indices()
        .filter(|(at, letter)| *at > 0 && letter.is_uppercase())
        .map(|(at, _)| at)
        .min_by_key(|at| at.abs_diff(middle));
    match cut {
        Some(at) if name.len() > 9 => vec![name[..at].to_owned(), name[at..].to_owned()],
        _ => vec![name.to_owned()],
    }
}

fn centered() -> plotters::style::text_anchor::Pos {
    use plotters::style::text_anchor::{HPos, Pos, VPos};
    Pos::new(HPos::Center, VPos::Top)
}

fn legend(
    area: &Area<'_>,
    (mut x, y): (i32, i32),
    entries: &[(&str, RGBColor)],
) -> Result<(), Box<dyn std::error::Error>> {
    for (name, color) in entries {
        area.draw(&Rectangle::new([(x, y), (x + 12, y + 12)], color.filled()))?;
        area.draw_text(name, &("sans-serif", 12).into_text_style(area), (x + 16, y))?;
        x += 26 + 6 * name.len() as i32;
    }
    Ok(())
}

/// A bar for each scenario, in which every stage has its share; below it the published one.
pub fn time(board: Board, rows: &[(&Row, &Measurement)]) -> Result<String, Failure> {
    let mhz = *model::clocks(board).last().unwrap_or(&160);
    let bars: Vec<_> = rows
        .iter()
        .map(|(row, measurement)| {
            let published = row.scenario.published.filter(|_| board == Board::Esp8266);
            let published = published.map(|published| f64::from(published.milliseconds[1]));
            (row.scenario.name, shares(measurement, mhz), published)
        })
        .collect();
    let sum = |shares: &[(String, f64)]| shares.iter().map(|(_, share)| share).sum::<f64>();
    // One scenario takes many times what the others do: it is cut off, with its number beside it.
    let mut sums: Vec<f64> = bars.iter().map(|(_, shares, _)| sum(shares)).collect();
    sums.sort_by(f64::total_cmp);
    let right = match &sums[..] {
        [.., second, last] if *last > 2.0 * second => second * 1.25,
        [.., last] => last * 1.15,
        [] => 1.0,
    };
    let height = 90 + 46 * bars.len() as u32;
    draw((1100, height), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(190)
            .margin_bottom(34)
            .build_cartesian_2d(0.0..right, 0.0..bars.len() as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .x_desc(format!("ms at {mhz} MHz"))
            .x_label_formatter(&|ms| format!("{ms:.0}"))
            .draw()?;
        for (number, (name, shares, published)) in bars.iter().enumerate() {
            let bottom = (bars.len() - 1 - number) as f64;
            let mut from = 0.0;
            for (part, share) in shares {
                let to = (from + share).min(right);
                let known = PARTS.iter().find(|(name, _)| name == part);
                let color = known.map_or(BLACK, |(_, color)| *color);
                chart.draw_series([Rectangle::new(
                    [(from.min(right), bottom + 0.4), (to, bottom + 0.9)],
                    color.filled(),
                )])?;
                from += share;
            }
            if let Some(published) = published {
                chart.draw_series([Rectangle::new(
                    [(0.0, bottom + 0.15), (published.min(right), bottom + 0.36)],
                    PUBLISHED[0].filled(),
                )])?;
            }
            let style = ("sans-serif", 13).into_text_style(area);
            let (_, y) = chart.backend_coord(&(0.0, bottom + 0.8));
            area.draw_text(name, &style, (12, y))?;
            let beyond = if from > right { " →" } else { "" };
            let (x, y) = chart.backend_coord(&(from.min(right * 0.93), bottom + 0.8));
            area.draw_text(&format!("{from:.0}{beyond}"), &style, (x + 4, y))?;
        }
        let mut entries = PARTS.to_vec();
        entries.push(("published", PUBLISHED[0]));
        legend(area, (12, height as i32 - 20), &entries)
    })
}

/// A bar for the smallest connection, and one for each feature beside it.
pub fn flash(board: Board, features: &[Feature]) -> Result<String, Failure> {
    let mut bars: Vec<(String, f64, RGBColor)> = features
        .iter()
        .enumerate()
        .map(|(number, feature)| {
            let bytes = if number == 0 {
                feature.total.total() as f64
            } else {
                feature.added as f64
            };
            (feature.name.to_owned(), bytes, KEPT)
        })
        .collect();
    if board == Board::Esp8266 {
        // From Tasmota's page on TLS.
        bars.push(("published: the smallest".to_owned(), 34_500.0, PUBLISHED[0]));
        bars.push((
            "published: AWS IoT and CA".to_owned(),
            48_300.0,
            PUBLISHED[0],
        ));
    }
    let most = bars.iter().map(|(_, bytes, _)| *bytes).fold(1.0, f64::max);
    let least = bars.iter().map(|(_, bytes, _)| *bytes).fold(0.0, f64::min);
    let height = 60 + 26 * bars.len() as u32;
    draw((1100, height), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(480)
            .build_cartesian_2d(least * 1.2..most * 1.12, 0.0..bars.len() as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .x_desc("bytes of flash")
            .x_label_formatter(&|bytes| format!("{bytes:.0}"))
            .draw()?;
        for (number, (name, bytes, color)) in bars.iter().enumerate() {
            let bottom = (bars.len() - 1 - number) as f64;
            chart.draw_series([Rectangle::new(
                [(0.0, bottom + 0.15), (*bytes, bottom + 0.85)],
                color.filled(),
            )])?;
            let style = ("sans-serif", 12).into_text_style(area);
            let (_, y) = chart.backend_coord(&(0.0, bottom + 0.78));
            area.draw_text(name, &style, (12, y))?;
            let (x, y) = chart.backend_coord(&(bytes.max(0.0), bottom + 0.78));
            let sign = if number > 0 && number < features.len() {
                "+"
            } else {
                ""
            };
            let text = if *bytes < 0.0 {
                format!("{bytes:.0}")
            } else {
                format!("{sign}{bytes:.0}")
            };
            area.draw_text(&text, &style, (x + 4, y))?;
        }
        Ok(())
    })
}
