//! `cargo sim readme`: the table in the README is the one that is printed.
//!
//! The size of an image depends by a few bytes on the folder it is built in (cargo names symbols by the path, and the
//! linker's padding follows), so that numbers may differ by a thousandth.

use std::path::Path;

use serde_json::json;

use super::arguments::ReadmeOptions;
use super::{print, print_json};
use crate::board::{Board, tools};
use crate::failure::Failure;
use crate::report::{Beside, markdown, rows};
use crate::scenarios;

/// What stands around the table.
const START: &str = "<!-- sim:table -->";
const END: &str = "<!-- /sim:table -->";

/// The part of itself by which a number may differ from the README's.
const TOLERANCE: f64 = 0.001;

/// Checks the table or puts it there.
///
/// # Errors
/// If there is no README, no place for the table in it, no table because a scenario fails, or another table than today's.
pub fn run(options: &ReadmeOptions) -> Result<(), Failure> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let path = options.file.clone().unwrap_or(default);
    let wrong =
        |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(&error))?;
    let boards: Result<Vec<_>, Failure> = Board::ALL
        .into_iter()
        .map(|board| Ok((board, tools::find(board)?)))
        .collect();
    let boards = boards?;
    let shown = scenarios::ALL.iter().chain(&scenarios::CHOICES);
    let rows = rows(&scenarios::folder(), shown, &boards);
    for row in &rows {
        if let Some(failure) = row.result.as_ref().err().or(row.trouble.first()) {
            return Err(failure.clone());
        }
    }
    let table = markdown::table(&rows, &Beside::measured(&boards)?);
    let current = replace(&text, &table).map_err(|error| wrong(&error))?;
    let tell = |is_written: bool, words: &str| {
        let file = path.display().to_string();
        if options.json {
            return print_json(&json!({ "file": file, "current": true, "written": is_written }));
        }
        print(&format!("{file}: {words}\n"))
    };
    if is_alike(&current, &text) && !(options.action.write && current != text) {
        return tell(false, "the table is current");
    }
    if options.action.write {
        crate::output::replace(&path, &current)?;
        return tell(true, "the table has been replaced");
    }
    Err(Failure::Other(format!(
        "{}: the table is not the one that is printed today; `cargo sim readme --write` replaces it",
        path.display()
    )))
}

/// Whether two texts are the same but for the tolerance of their numbers.
fn is_alike(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    one.len() == other.len()
        && one.iter().zip(&other).all(|(one, other)| {
            let number = |word: &str| word.replace(',', "").parse::<f64>();
            match (number(one), number(other)) {
                (Ok(one), Ok(other)) => (one - other).abs() <= TOLERANCE * other.abs(),
                _ => one == other,
            }
        })
}

/// A text cut into its numbers, with their thousands' commas, and what is between them.
fn words(text: &str) -> Vec<&str> {
    let is_numeric = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c| is_numeric(c) != is_numeric(first))
            .unwrap_or(rest.len());
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}

/// The text with that table between the marks.
fn replace(text: &str, table: &str) -> Result<String, String> {
    let only = |mark: &str| match text.matches(mark).count() {
        1 => Ok(text.find(mark).unwrap_or_default()),
        0 => Err(format!(
            "there is no line `{mark}`: the table stands between `{START}` and `{END}`"
        )),
        count => Err(format!("there are {count} lines `{mark}` instead of one")),
    };
    let (start, end) = (only(START)? + START.len(), only(END)?);
    if end < start {
        return Err(format!("`{END}` comes before `{START}`"));
    }
    Ok(format!("{}\n{table}{}", &text[..start], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::{is_alike, replace};

    #[test]
    fn numbers_may_differ_by_a_thousandth_and_nothing_else_may() {
        assert!(is_alike("| a | 81,991 |", "| a | 81,999 |"));
        assert!(!is_alike("| a | 81,991 |", "| a | 82,999 |"));
        assert!(!is_alike("| a | 5 |", "| a | 6 |"));
        assert!(!is_alike("| a | 81,991 |", "| b | 81,991 |"));
        assert!(!is_alike("| a | 81,991 |", "| a | 81,991 | 1 |"));
    }

    #[test]
    fn what_stands_between_the_marks_is_replaced_and_nothing_else() {
        let text = "# A\n<!-- sim:table -->\nold\n<!-- /sim:table -->\nrest\n";
        let new = replace(text, "| new |\n").unwrap();
        assert_eq!(
            new,
            "# A\n<!-- sim:table -->\n| new |\n<!-- /sim:table -->\nrest\n"
        );
        assert_eq!(replace(&new, "| new |\n").unwrap(), new);
    }

    #[test]
    fn a_text_without_a_place_for_the_table_is_an_error() {
        assert!(
            replace("nothing", "x")
                .unwrap_err()
                .contains("no line `<!-- sim:table -->`")
        );
        assert!(
            replace("<!-- sim:table -->", "x")
                .unwrap_err()
                .contains("/sim:table")
        );
        let twice = "<!-- sim:table --><!-- sim:table --><!-- /sim:table -->";
        assert!(replace(twice, "x").unwrap_err().contains("2 lines"));
        assert!(
            replace("<!-- /sim:table --><!-- sim:table -->", "x")
                .unwrap_err()
                .contains("before")
        );
    }
}
