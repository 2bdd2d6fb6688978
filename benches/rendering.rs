//! What it costs to render so many series, in time and in memory beside what was there before.
#![allow(missing_docs, clippy::print_stdout, unreachable_pub, reason = "a program that measures")]

mod synthetic;

use cpu_time::ThreadTime;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() {
    for series in [1_000, 10_000, 100_000, 300_000] {
        let state = synthetic::state(series);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let begun = ThreadTime::now();
        let exposition = synthetic::render(&state);
        let cpu = begun.elapsed();
        let (peak, held) = (MEMORY.peak_usage() - before, MEMORY.current_usage() - before);
        let text = exposition.plain.len();
        println!("{series} text {:.2} MB cpu {:.1} ms peak added {:.2} MB = {:.2} held {:.2} state {:.2}", text as f64 / 1e6, cpu.as_secs_f64()*1e3, peak as f64/1e6, peak as f64 / text as f64, held as f64 / 1e6, before as f64 / 1e6);
    }
}
