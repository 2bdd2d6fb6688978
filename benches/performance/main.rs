//! Measures the program from outside and writes what was found into `docs/performance.md`.
//!
//! `make bench` runs it. Arguments: the parts to measure (`scrape`, `refresh`, `start`; all if none is named), and
//! `--exporter PATH` for another program than the one that was built with it. Nothing is asserted: whoever reads the page
//! judges, and what has to hold on every machine is in `tests/budgets.rs`.
#![allow(missing_docs, reason = "a program")]

mod client;
mod process;
mod refresh;
mod scrape;
mod start;
mod stats;

use std::path::PathBuf;

fn main() {
    let mut arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let program = arguments.iter().position(|argument| argument == "--exporter").map(|at| {
        let path = arguments.remove(at + 1);
        arguments.remove(at);
        PathBuf::from(path)
    });
    let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_github-copilot-exporter").into());
    let wanted = |part: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == part);
    if wanted("start") {
        let s = start::run(&program);
        println!(
            "first {:.0} complete {:.0} rss {:.1} size {}",
            s.first_answer, s.complete, s.resident, s.size
        );
    }
    if wanted("scrape") {
        for c in scrape::run(&program) {
            println!(
                "{} {} gzip {} conns {}: {:.0} nginx {:.0} ratio {:.2} rates {:.0} {:.0}",
                c.size, c.bytes, c.gzip, c.connections, c.exporter, c.nginx, c.ratio, c.rates[0], c.rates[1]
            );
        }
    }
    if wanted("refresh") {
        for r in refresh::run(&program) {
            println!(
                "{} rows {} bytes {}: {:.2} bare {:.2} ratio {:.2} peak {:.1}",
                r.users, r.rows, r.bytes, r.exporter, r.bare, r.ratio, r.peak
            );
        }
    }
}
