//! `bearcub completions` and `bearcub man`: what shells and `man` want to know about the binary.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use zeroize::Zeroizing;

use super::arguments::Arguments;
use super::print;
use crate::failure::Failure;
use crate::output::{Access, Outputs};

/// Options of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsOptions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Options of `man`.
#[derive(Args, Debug)]
pub struct ManOptions {
    /// The command whose page is printed, like `connect` or `ca-init` [default: that of bearcub]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub command: Option<String>,
    /// Write all pages, bearcub.1 and bearcub-COMMAND.1, into this folder
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Replace pages that are there
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// Prints the script that makes a shell complete the arguments.
///
/// # Errors
/// If it cannot be printed.
pub fn completions(options: &CompletionsOptions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        options.shell,
        &mut Arguments::command(),
        "bearcub",
        &mut script,
    );
    print(&String::from_utf8_lossy(&script))
}

/// Prints a page of the manual, or writes all of them.
///
/// # Errors
/// If there is no such command, or a page cannot be written.
pub fn man(options: &ManOptions) -> Result<(), Failure> {
    let mut all = Arguments::command();
    all.build();
    let mut pages = vec![("bearcub".to_owned(), &all)];
    add_pages(&all, "bearcub", &mut pages);
    let Some(folder) = &options.out else {
        let wanted = match &options.command {
            None => "bearcub".to_owned(),
            Some(name) => format!("bearcub-{name}"),
        };
        let Some((_, command)) = pages.iter().find(|(name, _)| *name == wanted) else {
            let names: Vec<_> = pages
                .iter()
                .filter_map(|(name, _)| name.strip_prefix("bearcub-"))
                .collect();
            return Err(Failure::Usage(format!(
                "there is no page for `{}`; there are: {}",
                &wanted["bearcub-".len()..],
                names.join(", ")
            )));
        };
        return print(&String::from_utf8_lossy(&page(command)?));
    };
    let mut outputs = Outputs::new(options.force);
    for (name, command) in &pages {
        outputs.add(
            &folder.join(format!("{name}.1")),
            Zeroizing::new(page(command)?),
            Access::Public,
        );
    }
    let written: Vec<_> = outputs
        .paths()
        .map(|path| format!("{}: written\n", path.display()))
        .collect();
    outputs.write()?;
    print(&written.concat())
}

/// The commands below one, and those below them: `bearcub-ca`, `bearcub-ca-init`.
fn add_pages<'a>(
    above: &'a clap::Command,
    prefix: &str,
    pages: &mut Vec<(String, &'a clap::Command)>,
) {
    let commands = above.get_subcommands();
    for command in commands.filter(|command| command.get_name() != "help") {
        let name = format!("{prefix}-{}", command.get_name());
        pages.push((name.clone(), command));
        add_pages(command, &name, pages);
    }
}

fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let below = command.get_after_help().map(ToString::to_string);
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone().after_help(Resettable::Reset))
        .render(&mut page)
        .map_err(|error| Failure::Other(format!("the page cannot be made: {error}")))?;
    // What stands below the help is laid out already.
    for section in below.unwrap_or_default().split("\n\n") {
        let (title, lines) = section.split_once('\n').unwrap_or(("", section));
        let title = title.trim_end_matches(':').to_uppercase();
        page.extend_from_slice(format!(".SH \"{title}\"\n.nf\n").as_bytes());
        for line in lines.lines() {
            page.extend_from_slice(format!("{}\n", escaped(line)).as_bytes());
        }
        page.extend_from_slice(b".fi\n");
    }
    Ok(page)
}

/// As roff prints it unchanged.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    match line.chars().next() {
        Some('.' | '\'') => format!("\\&{line}"),
        _ => line,
    }
}
