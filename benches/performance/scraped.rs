//! How long scrapes take while a refresh runs, and when none does.

use std::{
    fmt::Write,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    client::{Client, free_port, is_up, scrape, wait_for},
    process::Running,
    refresh::{SOURCES, company},
};

/// The pause between two scrapes.
const PAUSE: Duration = Duration::from_millis(2);

/// How long is scraped when nothing is refreshed.
const REST: Duration = Duration::from_secs(2);

/// The latencies as a table.
pub fn report(program: &Path) -> String {
    eprintln!("scrapes during a refresh");
    let (_github, company) = company(program, "10000", "100", "2");
    let (kept, port) = (tempfile::tempdir().expect("a directory"), free_port());
    let variables = [SOURCES[0], ("EXPORTER_STATE_DIR", kept.path().to_str().expect("it is text"))];
    let earlier = Running::exporter(program, &company, port, &variables);
    wait_for(port, PAUSE, has_everything);
    // What it knows is written down at once; the next serves it from its start, and reads everything anew.
    sleep(Duration::from_secs(2));
    drop(earlier);
    let port = free_port();
    let _exporter = Running::exporter(program, &company, port, &variables);
    wait_for(port, PAUSE, |_| true);
    let busy = latencies(port, || !has_everything(&scrape(port)));
    let begun = Instant::now();
    let idle = latencies(port, || begun.elapsed() < REST);
    let mut text = String::from(
        "| scrapes, gzip | number | median, ms | 99 of 100, ms | longest, ms |\n|---|---|---|---|---|\n",
    );
    for (when, mut times) in [("while 10,000 people are read", busy), ("at rest", idle)] {
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        writeln!(text, "| {when} | {} | {:.2} | {:.2} | {:.2} |", times.len(), at(50), at(99), at(100))
            .expect("memory takes it");
    }
    text
}

fn has_everything(text: &str) -> bool {
    is_up(text, "activity") && is_up(text, "teams")
}

/// How many milliseconds each scrape took. It is looked every now and then whether it goes on.
fn latencies(port: u16, goes_on: impl Fn() -> bool) -> Vec<f64> {
    let mut client = Client::connect(port, "/metrics", true).expect("it listens");
    let mut times = Vec::new();
    while goes_on() {
        for _ in 0..20 {
            let begun = Instant::now();
            client.ask().expect("it answers");
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            sleep(PAUSE);
        }
    }
    times
}
