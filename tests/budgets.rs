//! What a scrape, a row of a report and a series may cost, counted in allocations and bytes: the same on every machine.
//!
//! What it costs in seconds is measured by `make bench` and stands in `docs/performance.md`.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "in a test a panic is the answer, and everything is private"
)]

#[path = "../benches/support/company.rs"]
mod company;
#[path = "../benches/support/synthetic.rs"]
mod synthetic;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use chrono::NaiveDate;
use dhat::HeapStats;
use github_copilot_exporter::{
    clock::SystemClock,
    github::reports::Fold,
    model::{
        memberships::Memberships,
        people::{Days, People},
    },
    refresh::published::{Picture, Published},
    server::routes::Routes,
};
use hyper::{Request, body::Body};

use company::Company;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Counts from here on; one test at a time, as all of them share the memory.
struct Counting {
    _profiler: dhat::Profiler,
    _turn: MutexGuard<'static, ()>,
}

impl Counting {
    fn begin() -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self { _profiler: dhat::Profiler::builder().testing().build(), _turn: turn }
    }

    /// What comes of some work, how often it asked for memory, and how much of it.
    fn of<T>(work: impl FnOnce() -> T) -> (T, u64, u64) {
        let before = HeapStats::get();
        let done = work();
        let after = HeapStats::get();
        (done, after.total_blocks - before.total_blocks, after.total_bytes - before.total_bytes)
    }
}

/// Reads a body to its end: how long it is.
fn read(body: impl Body<Data = bytes::Bytes>) -> usize {
    let (mut body, mut length) = (Box::pin(body), 0);
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut Context::from_waker(Waker::noop()))
    {
        length += frame.data_ref().map_or(0, bytes::Bytes::len);
    }
    assert!(Pin::new(&body).is_end_stream());
    length
}

/// The allocations of a scrape and their bytes, and how much it sends.
fn scrape(series: usize, encoding: &str) -> (u64, u64, usize) {
    let published = Published::default();
    let exposition = synthetic::render(&synthetic::state(series));
    published.publish(Picture { exposition, ..Picture::default() });
    let routes = Routes::new(Arc::new(published), Arc::new(SystemClock));
    let request = Request::get("/metrics").header("accept-encoding", encoding).body(()).unwrap();
    // Once a second the process is read anew; most scrapes show what one of the others costs.
    let mut costs: Vec<_> = (0..20)
        .map(|_| {
            let (length, blocks, bytes) = Counting::of(|| read(routes.answer(&request).into_body()));
            (blocks, bytes, length)
        })
        .collect();
    costs.sort_unstable();
    let [.., most] = costs[..] else { unreachable!("there are twenty") };
    assert!(most.0 <= 1_000 && most.1 <= 128 << 10, "one that reads the process: {most:?}");
    costs[costs.len() / 2]
}

#[test]
fn a_scrape_needs_the_same_little_memory_however_many_series_there_are() {
    let _counting = Counting::begin();
    for encoding in ["identity", "gzip"] {
        let [few, many] = [1_000, 51_000].map(|series| scrape(series, encoding));
        assert!(many.2 > 20 * few.2, "{encoding}: {few:?} {many:?}");
        assert_eq!((few.0, few.1), (many.0, many.1), "{encoding}");
        assert!(many.0 <= 100 && many.1 <= 20 << 10, "{encoding}: {many:?}");
    }
}

#[test]
fn a_row_needs_memory_for_its_lists_and_little_else_and_leaves_none_behind() {
    let _counting = Counting::begin();
    let (company, day) = (Company::fetch(), company::DAY.parse::<NaiveDate>().unwrap());
    let mut memberships = Memberships::default();
    memberships.add(company.teams());
    let mut people = People::of(Days::Only(day), Arc::new(memberships), day).with_team_detail(true);
    let mut fold =
        || company.rows().for_each(|row| people.row(serde_json::from_slice(row).unwrap()).unwrap());
    // Names, teams and the groups of people are new the first time.
    fold();
    let rows = company.rows().count() as u64;
    assert!(rows > 500, "{rows}");
    let held = HeapStats::get().curr_bytes;
    let ((), blocks, bytes) = Counting::of(fold);
    assert!(blocks <= 6 * rows, "{blocks} for {rows} rows");
    assert!(bytes <= (8 << 10) * rows, "{bytes} bytes for {rows} rows");
    assert_eq!(HeapStats::get().curr_bytes, held, "twice as much was read, and nothing of it is held");
}

#[test]
fn a_series_needs_little_more_memory_than_its_text() {
    const SERIES: usize = 50_000;
    let _counting = Counting::begin();
    let state = synthetic::state(SERIES);
    let held = HeapStats::get().curr_bytes;
    assert!(held <= 40 * SERIES, "{held} bytes for the state");
    let exposition = synthetic::render(&state);
    let after = HeapStats::get();
    let text = exposition.text().len();
    assert!(text > 80 * SERIES, "{text}");
    let (rendered, peak) = (after.curr_bytes - held, after.max_bytes - held);
    assert!(rendered <= text * 5 / 4, "{rendered} bytes for a text of {text}, and the same compressed");
    assert!(peak <= text * 2, "{peak} bytes at once for a text of {text}");
}
