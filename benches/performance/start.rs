//! How soon the exporter answers, what it needs at rest, and how big it is.

use std::{
    fs,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    client::{free_port, is_up, wait_for},
    process::{Company, Running},
    stats::Sample,
};

const ROUNDS: usize = 15;

/// What was measured.
struct Start {
    /// From the start to the first answer of `/metrics`, in milliseconds.
    first_answer: Sample,
    /// From the start until all four sources of one organisation are up, in milliseconds.
    complete: Sample,
    /// Memory that is resident with one organisation, half a minute later, in MiB.
    resident: f64,
    /// Of the program, in bytes.
    size: u64,
}

/// The figures as a table.
pub fn report(program: &Path) -> String {
    let Start { first_answer, complete, resident, size } = run(program);
    format!(
        "| | measured | promised |\n|---|---|---|\n\
         | from the start to the first answer of `/metrics` | {first_answer:.0} ms | 100 ms |\n\
         | from the start to everything of one organisation (180 people, 12 teams, all four sources) | {complete:.0} ms | |\n\
         | resident memory with that organisation, half a minute later | {resident:.1} MiB | 24 MiB |\n\
         | the program | {:.2} MiB | 12 MiB |\n",
        size as f64 / f64::from(1 << 20),
    )
}

fn run(program: &Path) -> Start {
    eprintln!("start: {ROUNDS} rounds, and half a minute of rest");
    let (_github, company) = Running::company(program, &[]);
    let sources = ["activity", "teams", "seats", "billing"];
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let (exporter, port, first) = first_answer(program, &company);
            wait_for(port, Duration::from_millis(2), |text| sources.iter().all(|source| is_up(text, source)));
            (first, exporter.1.elapsed().as_secs_f64() * 1e3)
        })
        .collect();
    let (exporter, _, _) = first_answer(program, &company);
    sleep(Duration::from_secs(30));
    Start {
        first_answer: Sample::of(rounds.iter().map(|(first, _)| *first)),
        complete: Sample::of(rounds.iter().map(|(_, complete)| *complete)),
        resident: exporter.0.resident() as f64 / f64::from(1 << 20),
        size: fs::metadata(program).expect("it is there").len(),
    }
}

/// An exporter, when it was started, its port, and after how many milliseconds it answered.
fn first_answer(program: &Path, company: &Company) -> ((Running, Instant), u16, f64) {
    let (port, begun) = (free_port(), Instant::now());
    let exporter = Running::exporter(program, company, port, &[]);
    wait_for(port, Duration::from_micros(200), |_| true);
    ((exporter, begun), port, begun.elapsed().as_secs_f64() * 1e3)
}
