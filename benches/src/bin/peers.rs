//! How much memory a connection takes at its peak, by peer: the same job against the same server.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use bearcub_benches::board::{self, Images, Job, Missing, Tools};
use bearcub_benches::link::Link;
use bearcub_benches::memory::{self, Counting};
use bearcub_benches::peers::{Host, Library, Memory, Stream, Target, Visit, Who};
use bearcub_benches::remote::Servers;
use bearcub_benches::{Failure, Result, stack};
use bearcub_lab::pki::{self, Chain, KeyKind};
use serde_json::json;

#[global_allocator]
static COUNTING: Counting = Counting;

const USAGE: &str = "usage: peers [--json]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        [] => compare(Format::Markdown),
        ["--json"] => compare(Format::Json),
        ["--client", who, server, host, root] => client(who, server, host, Path::new(root)),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Markdown,
    Json,
}

/// Measures on this machine and on the board, and prints both. What cannot be measured on the board leaves the rest standing.
fn compare(format: Format) -> Result<()> {
    let chain = pki::simple(KeyKind::P256);
    let servers = Servers::start(&chain)?;
    let rows = on_this_machine(&chain, &servers)?;
    if format == Format::Markdown {
        println!("{}", markdown(&rows));
    }
    let board = match Tools::find() {
        Ok(tools) => Ok(on_the_board(&tools, &chain, &servers)?),
        Err(missing) => Err(missing),
    };
    match (format, &board) {
        (Format::Markdown, Ok(board)) => print!("{}", board::markdown(board)),
        (Format::Markdown, Err(missing)) => println!("{missing}"),
        (Format::Json, board) => println!("{:#}", json(&rows, board)),
    }
    let mut failed = board.iter().flatten().filter(|(_, row)| row.is_err());
    match failed.next() {
        Some((who, Err(why))) => Err(format!("{who} on the ESP32-C3: {why}").into()),
        _ => Ok(()),
    }
}

/// Bytes at the peak.
#[derive(Clone, Copy)]
struct Peak {
    /// What the program hands in: buffers, and the harness's own object with what it keeps for the peer.
    handed_in: usize,
    /// Allocated by the library.
    heap: usize,
    /// The client's stack.
    stack: usize,
}

impl Peak {
    fn total(self) -> usize {
        self.handed_in + self.heap + self.stack
    }
}

struct Row {
    who: Who,
    /// The first connection of the process, with what the library sets up once.
    first: Peak,
    /// Each further one.
    further: Peak,
}

/// Measures every peer in a process of its own.
fn on_this_machine(chain: &Chain, servers: &Servers) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("root.der");
    std::fs::write(&root, chain.root())?;
    Who::ALL
        .iter()
        .map(|&who| {
            let ran = Command::new(std::env::current_exe()?)
                .args([
                    "--client",
                    &who.to_string(),
                    &servers.addr(who.version).to_string(),
                    &chain.host,
                ])
                .arg(&root)
                .output()?;
            let failed =
                || Failure::from(format!("{who}: {}", String::from_utf8_lossy(&ran.stderr)));
            if !ran.status.success() {
                return Err(failed());
            }
            let figures = String::from_utf8_lossy(&ran.stdout);
            let figures: Vec<usize> = figures
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .collect();
            match figures[..] {
                [handed_in, heap, stack, further_heap, further_stack] => Ok(Row {
                    who,
                    first: Peak {
                        handed_in,
                        heap,
                        stack,
                    },
                    further: Peak {
                        handed_in,
                        heap: further_heap,
                        stack: further_stack,
                    },
                }),
                _ => Err(failed()),
            }
        })
        .collect()
}

/// Measures the peers for small devices on the board.
fn on_the_board(tools: &Tools, chain: &Chain, servers: &Servers) -> Result<BoardRows> {
    let images = Images::open()?;
    let measured = board::peers().map(|who| {
        let job = Job {
            version: who.version,
            server: servers.addr(who.version),
            host: &chain.host,
            root: chain.root(),
            now: pki::NOW.unix().try_into()?,
        };
        let figures = board::measure(&images, tools, who, job);
        Ok((who, figures))
    });
    measured.collect()
}

type BoardRows = Vec<(Who, Result<board::Figures>)>;

/// Connects twice, and prints what that took.
fn client(who: &str, server: &str, host: &str, root: &Path) -> Result<()> {
    let who = Who::named(who).ok_or(USAGE)?;
    match who.library {
        #[cfg(feature = "mbedtls")]
        Library::Mbedtls => memory::count_mbedtls()?,
        #[cfg(feature = "openssl")]
        Library::Openssl => memory::count_openssl()?,
        _ => {}
    }
    let (root, host) = (std::fs::read(root)?, Host::new(host)?);
    let target = Target {
        host: &host,
        root: &root,
        certificates: &[],
        memory: Memory::Tight,
    };
    let (handed_in, heap, stack) = connect(who, target, server)?;
    let (_, further_heap, further_stack) = connect(who, target, server)?;
    println!("{handed_in} {heap} {stack} {further_heap} {further_stack}");
    Ok(())
}

/// Everything from the parsing of the root to the closing, on a painted stack.
fn connect(who: Who, target: Target<'_>, server: &str) -> Result<(usize, usize, usize)> {
    let mut tcp = TcpStream::connect(server)?;
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut handed_in = 0;
    let job = || {
        stack::painted(|| {
            let mut peer = who.set_up(target)?;
            handed_in = peer.handed_in() + size_of_val(&*peer);
            peer.connect(&mut tcp as &mut dyn Link, Visit::Fresh, &mut exchange)
        })
    };
    let (result, heap) = memory::peak(job);
    let (result, stack) = result?;
    result?;
    // What is handed in was allocated on the way.
    Ok((handed_in, heap - handed_in, stack))
}

/// 64 bytes there and back; the server reverses lines.
fn exchange(stream: &mut dyn Stream) -> Result<()> {
    let mut line = [b'b'; 64];
    line[0] = b'a';
    line[63] = b'\n';
    stream.send(&line)?;
    line[..63].reverse();
    let mut answer = [0; 64];
    let mut len = 0;
    while len < answer.len() {
        match stream.receive(&mut answer[len..])? {
            0 => return Err("the connection ended".into()),
            more => len += more,
        }
    }
    if answer == line {
        Ok(())
    } else {
        Err("the server's line is another".into())
    }
}

/// How the records come to be small.
fn records(who: Who) -> &'static str {
    match who.library {
        Library::Bearcub | Library::EmbeddedTls => "1024 asked for",
        #[cfg(feature = "openssl")]
        Library::Openssl => "1024 asked for",
        #[cfg(feature = "mbedtls-1024")]
        Library::Mbedtls => "1024 built in",
        #[cfg(all(feature = "mbedtls", not(feature = "mbedtls-1024")))]
        Library::Mbedtls => "16384 built in",
        Library::Rustls => "not limited",
    }
}

fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| peer | records | handed in | heap | stack | together | bearcub : peer | first connection |\n\
         |---|---|---:|---:|---:|---:|---:|---:|\n",
    );
    let own = rows.iter().find(|row| row.who == Who::BEARCUB);
    for row in rows {
        let Peak {
            handed_in,
            heap,
            stack,
        } = row.further;
        let ratio = own.map_or(0.0, |own| {
            own.further.total() as f64 / row.further.total() as f64
        });
        text.push_str(&format!(
            "| {} | {} | {handed_in} | {heap} | {stack} | {} | {ratio:.2} | {} |\n",
            row.who,
            records(row.who),
            row.further.total(),
            row.first.total(),
        ));
    }
    text.push_str(
        "\nBytes at the peak of a connection with CA validation and 64 bytes each way, on this 64-bit machine. The first \
         connection of a process includes what the library sets up once.\n",
    );
    text
}

fn json(rows: &[Row], board: &std::result::Result<BoardRows, Missing>) -> serde_json::Value {
    let peak = |peak: Peak| json!({"handed_in": peak.handed_in, "heap": peak.heap, "stack": peak.stack, "total": peak.total()});
    let machine = rows.iter().map(|row| {
        json!({
            "peer": row.who.to_string(),
            "records": records(row.who),
            "first_connection": peak(row.first),
            "further_connections": peak(row.further),
        })
    });
    let esp32c3 = board.iter().flatten().map(|(who, row)| match row {
        Ok(figures) => json!({
            "peer": who.to_string(),
            "handed_in": figures.handed_in,
            "heap": figures.heap,
            "stack": figures.stack,
            "total": figures.total(),
            "handshake_instructions": figures.handshake,
        }),
        Err(why) => json!({"peer": who.to_string(), "not_measured": why.to_string()}),
    });
    let mut all = json!({
        "this_machine": machine.collect::<Vec<_>>(),
        "esp32c3": esp32c3.collect::<Vec<_>>(),
    });
    if let Err(missing) = board {
        all["missing"] = missing.to_string().into();
    }
    all
}
