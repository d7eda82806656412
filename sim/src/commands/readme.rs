//! `cargo sim readme`: the table in the README is the one that is printed.

use std::path::Path;

use super::arguments::ReadmeOptions;
use super::print;
use crate::board::{Board, tools};
use crate::failure::Failure;
use crate::report::{markdown, rows};
use crate::scenarios;

/// What stands around the table.
const START: &str = "<!-- sim:table -->";
const END: &str = "<!-- /sim:table -->";

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
    let rows = rows(&scenarios::folder(), scenarios::ALL.iter(), &boards?);
    for row in &rows {
        if let Some(failure) = row.result.as_ref().err().or(row.trouble.first()) {
            return Err(failure.clone());
        }
    }
    let current = replace(&text, &markdown::table(&rows)).map_err(|error| wrong(&error))?;
    if current == text {
        return print(&format!("{}: the table is current\n", path.display()));
    }
    if options.action.write {
        std::fs::write(&path, current).map_err(|error| wrong(&error))?;
        return print(&format!(
            "{}: the table has been replaced\n",
            path.display()
        ));
    }
    Err(Failure::Other(format!(
        "{}: the table is not the one that is printed today; `cargo sim readme --write` replaces it",
        path.display()
    )))
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
    use super::replace;

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
