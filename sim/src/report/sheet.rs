//! A small table in the three forms that a report has.

use std::fmt::Write;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::html::escape;

/// Columns, lines, and a sentence about them. The first column has names, the others figures.
pub struct Sheet {
    /// What stands above each column.
    pub columns: Vec<String>,
    /// A cell for each column.
    pub lines: Vec<Vec<String>>,
    /// What stands below.
    pub note: &'static str,
}

impl Sheet {
    /// With these columns, and without a line.
    pub fn new(columns: &[&str], note: &'static str) -> Sheet {
        Sheet {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            lines: Vec::new(),
            note,
        }
    }

    /// For a terminal; nothing if there is no line.
    pub fn text(&self) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(&self.columns);
        for line in &self.lines {
            table.add_row(line);
        }
        for column in 1..self.columns.len() {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n{}\n\n", self.note)
    }

    /// For the README; nothing if there is no line.
    pub fn markdown(&self) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let mut text = format!("\n| {} |\n|---|", self.columns.join(" | "));
        text.push_str(&"---:|".repeat(self.columns.len() - 1));
        text.push('\n');
        for line in &self.lines {
            let _ = writeln!(text, "| {} |", line.join(" | "));
        }
        let _ = write!(text, "\n{}\n", self.note);
        text
    }

    /// For the page, under that title; nothing if there is no line.
    pub fn html(&self, title: &str) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let row = |tag: &str, cells: &[String]| {
            let cells: String = cells
                .iter()
                .map(|cell| format!("<{tag}>{}", escape(cell)))
                .collect();
            format!("<tr>{cells}\n")
        };
        let lines: String = self.lines.iter().map(|line| row("td", line)).collect();
        format!(
            "<h2>{}</h2>\n<div class=\"scroll\"><table>\n{}{lines}</table></div>\n<p>{}</p>\n",
            escape(title),
            row("th", &self.columns),
            escape(self.note)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Sheet;

    #[test]
    fn a_sheet_has_its_cells_in_every_form_and_an_empty_one_has_none() {
        let mut sheet = Sheet::new(&["name", "B"], "a < b");
        for form in [sheet.text(), sheet.markdown(), sheet.html("title")] {
            assert_eq!(form, "");
        }
        sheet.lines.push(vec!["x".to_owned(), "1".to_owned()]);
        assert!(sheet.text().contains("│ x    ┆ 1 │"), "{}", sheet.text());
        assert_eq!(
            sheet.markdown(),
            "\n| name | B |\n|---|---:|\n| x | 1 |\n\na < b\n"
        );
        let html = sheet.html("title");
        assert!(html.contains("<tr><td>x<td>1\n"), "{html}");
        assert!(html.contains("a &lt; b"), "{html}");
    }
}
