//! `bearcub library`: the library for firmware that is written in C.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use zeroize::Zeroizing;

use super::{print, print_json};
use crate::board::{Board, build, library, tools};
use crate::failure::Failure;
use crate::output::{Access, Outputs};

/// Options of `library`.
#[derive(Args, Debug)]
pub struct LibraryOptions {
    /// The board: esp8266
    #[arg(value_name = "BOARD")]
    pub board: Board,
    /// The folder to write libbearcub.a and bearcub.h to; it is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Builds it, and puts it where it is wanted.
///
/// # Errors
/// For a board whose library is not needed, a tool that is missing, files that are there, or what the compiler said.
pub fn run(options: &LibraryOptions) -> Result<(), Failure> {
    if options.board != Board::Esp8266 {
        return Err(Failure::Usage(format!(
            "the library in C is for boards that Rust has no Wi-Fi for: esp8266; firmware for {} is written in Rust",
            options.board
        )));
    }
    let wanted = |name: &str| options.out.join(name);
    let header = build::root().join("capi/bearcub.h");
    let read = |path: &PathBuf| {
        std::fs::read(path)
            .map(Zeroizing::new)
            .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))
    };
    let mut outputs = Outputs::new(options.force);
    outputs.add(&wanted("bearcub.h"), read(&header)?, Access::Public);
    outputs.add(
        &wanted("libbearcub.a"),
        Zeroizing::default(),
        Access::Public,
    );
    // Before the compiler works for minutes.
    outputs.check()?;
    let tools = tools::compilers(options.board)?;
    let library = library::build(&tools)?;
    std::fs::create_dir_all(&options.out)
        .map_err(|error| Failure::Other(format!("{}: {error}", options.out.display())))?;
    let mut outputs = Outputs::new(options.force);
    outputs.add(&wanted("bearcub.h"), read(&header)?, Access::Public);
    outputs.add(&wanted("libbearcub.a"), read(&library)?, Access::Public);
    let written: Vec<_> = outputs
        .paths()
        .map(|path| path.display().to_string())
        .collect();
    outputs.write()?;
    if options.json {
        return print_json(&json!({ "board": options.board.name(), "written": written }));
    }
    print(&format!("written: {}\n", written.join(", ")))
}
