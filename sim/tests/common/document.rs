//! Pages of documents: what they say is typed, and what it prints.

/// What the page says is typed, and what it shows of the answer.
pub struct Typed {
    pub command: String,
    pub shown: Vec<String>,
}

impl Typed {
    /// Installing takes minutes or another user, and is left out.
    pub fn is_left_out(&self) -> bool {
        self.command.starts_with("sudo ") || self.command.starts_with("cargo ")
    }
}

/// The commands of the blocks marked `console`.
pub fn commands(document: &str) -> Vec<Typed> {
    let mut all: Vec<Typed> = Vec::new();
    for block in document.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").expect("the end of a block");
        for line in block.lines() {
            match (line.strip_prefix("$ "), all.last_mut()) {
                (Some(command), _) => all.push(Typed {
                    command: command.to_owned(),
                    shown: Vec::new(),
                }),
                (None, Some(last)) if last.command.ends_with('\\') => {
                    last.command.push_str(&format!("\n{line}"));
                }
                (None, last) => last.expect("a command").shown.push(line.to_owned()),
            }
        }
    }
    all
}

/// Whether a line is what the page shows: `…` stands for anything.
fn is_like(line: &str, shown: &str) -> bool {
    match shown.split_once('…') {
        None => line.trim_end() == shown,
        Some((start, end)) => line.strip_prefix(start).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| &rest[at..]);
            ends.chain([""]).any(|rest| is_like(rest, end))
        }),
    }
}

/// Every line of the page, in this order; `…` alone stands for any lines, and so does an answer that is not shown.
pub fn compare(typed: &Typed, printed: &str) {
    let mut lines = printed.lines();
    let mut skips = typed.shown.is_empty();
    for shown in &typed.shown {
        if shown == "…" {
            skips = true;
            continue;
        }
        let found = match skips {
            true => lines.find(|line| is_like(line, shown)),
            false => lines.next().filter(|line| is_like(line, shown)),
        };
        let command = &typed.command;
        assert!(found.is_some(), "{command}: no `{shown}` in\n{printed}");
        skips = false;
    }
    let is_all = skips || lines.next().is_none();
    assert!(is_all, "{}: there is more:\n{printed}", typed.command);
}
