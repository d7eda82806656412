//! MQTT beside other clients: codecs, clients on a link in memory, and the memory of a client.

mod clients;
mod codecs;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use bearcub_benches::table::time;
use criterion::Criterion;

const SAMPLES: usize = 20;
/// The message of every job.
const TOPIC: &str = "plant/7/temp";
const PAYLOAD: [u8; 64] = [b'm'; 64];
/// It is the first peer of every job.
const BEARCUB: &str = "bearcub";

/// Counts what is allocated, in this thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the system's.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One job, as one peer does it.
struct Candidate<'w> {
    peer: &'static str,
    work: Box<dyn FnMut() + 'w>,
}

/// What a peer took.
struct Took {
    peer: &'static str,
    nanoseconds: f64,
    allocations: u64,
}

/// Measures jobs, and remembers what they took.
struct Bench {
    criterion: Criterion,
    rows: Vec<(&'static str, Vec<Took>)>,
}

impl Bench {
    fn job(&mut self, name: &'static str, cells: Vec<Candidate<'_>>) {
        let mut group = self.criterion.benchmark_group(name);
        let mut row = Vec::new();
        for mut cell in cells {
            // The first time may set something up.
            (cell.work)();
            let before = ALLOCATIONS.get();
            (cell.work)();
            let allocations = ALLOCATIONS.get() - before;
            assert!(cell.peer != BEARCUB || allocations == 0, "{name} allocates");
            let mut samples = Vec::new();
            group.bench_function(cell.peer, |bencher| {
                bencher.iter_custom(|times| {
                    let start = Instant::now();
                    (0..times).for_each(|_| (cell.work)());
                    let duration = start.elapsed();
                    samples.push(duration.as_nanos() as f64 / times as f64);
                    duration
                });
            });
            if let Some(nanoseconds) = median(samples) {
                row.push(Took {
                    peer: cell.peer,
                    nanoseconds,
                    allocations,
                });
            }
        }
        group.finish();
        self.rows.push((name, row));
    }

    /// A table of the jobs that these peers have done.
    fn print(&self, peers: &[&str]) {
        if self.rows.iter().all(|(_, row)| row.is_empty()) {
            return;
        }
        println!(
            "\n| job | {} |\n|---|{}",
            peers.join(" | "),
            "---:|".repeat(peers.len())
        );
        for (name, row) in &self.rows {
            let of = |peer: &str| row.iter().find(|took| took.peer == peer);
            if peers
                .iter()
                .all(|peer| *peer == BEARCUB || of(peer).is_none())
            {
                continue;
            }
            let Some(own) = of(BEARCUB) else { continue };
            let cells: Vec<_> = peers
                .iter()
                .map(|peer| match of(peer) {
                    None => "–".to_owned(),
                    Some(took) if took.peer == BEARCUB => time(took.nanoseconds),
                    Some(took) => format!(
                        "{} ({:.2}){}",
                        time(took.nanoseconds),
                        own.nanoseconds / took.nanoseconds,
                        match took.allocations {
                            0 => String::new(),
                            count => format!(", {count} alloc."),
                        }
                    ),
                })
                .collect();
            println!("| {name} | {} |", cells.join(" | "));
        }
    }
}

/// The median of the last samples; those before them are criterion's warm-up. Nothing if it took none.
fn median(mut samples: Vec<f64>) -> Option<f64> {
    let first = samples.len().checked_sub(SAMPLES)?;
    let measured = &mut samples[first..];
    measured.sort_by(f64::total_cmp);
    Some(measured[SAMPLES / 2])
}

fn main() {
    let criterion = Criterion::default()
        .sample_size(SAMPLES)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .nresamples(10_000)
        .configure_from_args();
    let rows = Vec::new();
    let mut bench = Bench { criterion, rows };
    codecs::run(&mut bench);
    clients::run(&mut bench);
    bench.criterion.final_summary();
    bench.print(&[BEARCUB, "mqttrs", "mqttbytes"]);
    bench.print(&[BEARCUB, "rust-mqtt", "minimq"]);
    println!(
        "\nMedians of this run's samples. In brackets: bearcub's divided by the peer's; below 1, bearcub is the faster one. \
         alloc.: allocations each time; bearcub has none."
    );
    println!("\n{}", clients::memory());
}
