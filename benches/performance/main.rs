//! Measures the program from outside and writes what was found into `docs/performance.md`.
//!
//! `make bench` runs it. Arguments: the parts to measure (`scrape`, `refresh`, `start`; all if none is named), and
//! `--exporter PATH` for another program than the one that was built with it. Nothing is asserted: whoever reads the page
//! judges, and what has to hold on every machine is in `tests/budgets.rs`.
#![allow(missing_docs, unreachable_pub, clippy::print_stderr, reason = "a program that measures")]

mod client;
#[path = "../support/page.rs"]
mod page;
mod process;
mod refresh;
mod scrape;
mod scraped;
mod start;
#[path = "../support/stats.rs"]
mod stats;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Measures, and says it as a text.
type Report = fn(&Path) -> String;

/// Each part.
const PARTS: [(&str, Report); 3] =
    [("start", start::report), ("scrape", scrape::report), ("refresh", refresh::report)];

/// The one that the program has: what is compared is to differ in nothing else.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let program = arguments.iter().position(|argument| argument == "--exporter").map(|at| {
        let path = arguments.remove(at + 1);
        arguments.remove(at);
        PathBuf::from(path)
    });
    let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_github-copilot-exporter").into());
    for (part, report) in PARTS {
        if page::is_wanted(part, &arguments) {
            let version = Command::new(&program).arg("--version").output().expect("it can be run").stdout;
            let version = String::from_utf8_lossy(&version);
            page::write(part, &format!("{}\n\n{}", page::measured(version.trim()), report(&program)));
        }
    }
}
