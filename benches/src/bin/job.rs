//! One job, for callgrind to count; or all of them under callgrind.

use std::process::{Command, ExitCode};

use bearcub_benches::jobs::Job;
use bearcub_benches::peers::Who;
use bearcub_benches::table::{self, Row};
use bearcub_benches::{Failure, Result};

const USAGE: &str = "usage: job PEER JOB [TIMES]  does that job once, or so many times
       job --count [JOB]...  counts the instructions of these jobs, or of all, with callgrind";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["--count", ref jobs @ ..] => named(jobs).and_then(|jobs| count(&jobs)),
        [who, job] => run(who, job, "1"),
        [who, job, times] => run(who, job, times),
        _ => Err(usage()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("job: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> Failure {
    let jobs: Vec<_> = Job::all().iter().map(Job::to_string).collect();
    let peers: Vec<_> = Who::ALL.iter().map(Who::to_string).collect();
    let (jobs, peers) = (jobs.join(" "), peers.join(" "));
    format!("{USAGE}\npeers: {peers}\njobs: {jobs}").into()
}

fn named(names: &[&str]) -> Result<Vec<Job>> {
    if names.is_empty() {
        return Ok(Job::all());
    }
    let find = |name: &&str| Job::named(name).ok_or_else(usage);
    names.iter().map(find).collect()
}

fn run(who: &str, job: &str, times: &str) -> Result<()> {
    let who = Who::named(who).ok_or_else(usage)?;
    let job = Job::named(job).ok_or_else(usage)?;
    let times = times.parse().map_err(|_| usage())?;
    job.prepare(who)?.start(&mut |run| run(times).map(|_| ()))
}

fn count(jobs: &[Job]) -> Result<()> {
    let mut rows = Vec::new();
    for &job in jobs {
        let mut cells = Vec::new();
        for who in job.peers() {
            // What a library sets up when it does a job for the first time is not the job's.
            let (one, two) = (instructions(who, job, "1")?, instructions(who, job, "2")?);
            cells.push((who, two - one));
        }
        rows.push(Row { job, cells });
    }
    println!("{}", table::markdown(&rows, table::instructions));
    println!("In brackets: bearcub's instructions divided by the peer's.");
    Ok(())
}

/// What callgrind counts inside `clock::measured` and not inside `clock::aside`.
fn instructions(who: Who, job: Job, times: &str) -> Result<f64> {
    let ran = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--collect-atstart=no",
        ])
        .args([
            "--toggle-collect=*clock::measured*",
            "--toggle-collect=*clock::aside*",
        ])
        .arg(std::env::current_exe()?)
        .args([&who.to_string(), &job.to_string(), times])
        .output()
        .map_err(|error| format!("valgrind: {error} (apt-get install valgrind)"))?;
    let text = String::from_utf8_lossy(&ran.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, count)| count.trim().parse().ok()) {
        Some(count) if ran.status.success() => Ok(count),
        _ => Err(format!("{who}, {job}: {text}").into()),
    }
}
