//! What it costs to render so many series, in time and in memory beside what was there before. Writes its section of
//! `docs/performance.md`.
#![allow(missing_docs, unreachable_pub, reason = "a program that measures")]

#[path = "support/page.rs"]
mod page;
#[path = "support/stats.rs"]
mod stats;
#[path = "support/synthetic.rs"]
mod synthetic;

use std::fmt::Write;

use cpu_time::ThreadTime;
use github_copilot_exporter::model::State;
use peak_alloc::PeakAlloc;
use stats::Sample;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const ROUNDS: usize = 9;

/// What one rendering needed: milliseconds of CPU, bytes at the peak and afterwards, and the length of the text.
struct Rendering {
    cpu: f64,
    peak: usize,
    held: usize,
    text: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !page::is_wanted("rendering", &arguments) {
        return;
    }
    let mut text = format!(
        "{}\n\n| series | text, MB | CPU, ms | added at the peak, MB | by the text (3 promised) | held afterwards, MB | state, bytes a series |\n\
         |---|---|---|---|---|---|---|\n",
        page::measured(concat!("commit ", env!("BUILD_REVISION")))
    );
    for series in [1_000, 10_000, 100_000, 300_000] {
        let before = MEMORY.current_usage();
        let state = synthetic::state(series);
        let of_state = MEMORY.current_usage() - before;
        let rounds: Vec<_> = (0..ROUNDS).map(|_| render(&state)).collect();
        let (cpu, any) = (Sample::of(rounds.iter().map(|round| round.cpu)), &rounds[0]);
        let megabytes = |bytes: usize| bytes as f64 / 1e6;
        writeln!(
            text,
            "| {series} | {:.2} | {cpu:.1} | {:.2} | {:.2} | {:.2} | {} |",
            megabytes(any.text),
            megabytes(any.peak),
            any.peak as f64 / any.text as f64,
            megabytes(any.held),
            of_state / series
        )
        .expect("memory takes it");
    }
    page::write("rendering", &text);
}

fn render(state: &State) -> Rendering {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let begun = ThreadTime::now();
    let exposition = synthetic::render(state);
    let cpu = begun.elapsed().as_secs_f64() * 1e3;
    let (peak, held) = (MEMORY.peak_usage() - before, MEMORY.current_usage() - before);
    Rendering { cpu, peak, held, text: exposition.text().len() }
}
