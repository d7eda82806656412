//! All jobs by all peers, and a table with what this run has measured.

use std::time::Duration;

use bearcub_benches::jobs::Job;
use bearcub_benches::table::{self, Row};
use criterion::Criterion;

const SAMPLES: usize = 20;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(SAMPLES)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1000))
        .nresamples(10_000)
        .configure_from_args();
    let mut rows = Vec::new();
    for job in Job::all() {
        let mut group = criterion.benchmark_group(job.to_string());
        let mut cells = Vec::new();
        for who in job.peers() {
            let mut samples = Vec::new();
            let result = job.prepare(who).and_then(|prepared| {
                prepared.start(&mut |run| {
                    group.bench_function(who.to_string(), |bencher| {
                        bencher.iter_custom(|times| match run(times) {
                            Ok(duration) => {
                                samples.push(duration.as_nanos() as f64 / times as f64);
                                duration
                            }
                            Err(error) => panic!("{who}, {job}: {error}"),
                        });
                    });
                    Ok(())
                })
            });
            if let Err(error) = result {
                panic!("{who}, {job}: {error}");
            }
            cells.extend(median(samples).map(|figure| (who, figure)));
        }
        group.finish();
        if !cells.is_empty() {
            rows.push(Row { job, cells });
        }
    }
    criterion.final_summary();
    if !rows.is_empty() {
        println!("\n{}", table::markdown(&rows, table::time));
        println!(
            "Medians of this run's samples. In brackets: bearcub's divided by the peer's; below 1, bearcub is the faster one."
        );
    }
}

/// The median of the last samples; those before them are criterion's warm-up. Nothing if it took none.
fn median(mut samples: Vec<f64>) -> Option<f64> {
    let first = samples.len().checked_sub(SAMPLES)?;
    let measured = &mut samples[first..];
    measured.sort_by(f64::total_cmp);
    Some(measured[SAMPLES / 2])
}
