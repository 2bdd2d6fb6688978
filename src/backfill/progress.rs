//! How far it is: a bar on a terminal, lines otherwise.

use std::{
    fmt,
    io::Write,
    sync::atomic::{AtomicU64, Ordering},
};

use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};

/// So many days are read between two lines.
const DAYS_A_LINE: u64 = 30;

/// Where it is shown how far it is. Never where results go: that may be piped into a file.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    read: AtomicU64,
    lines: bool,
}

impl Progress {
    /// On standard error, which may be a terminal.
    pub fn on_stderr() -> Self {
        let bar = ProgressBar::new(0);
        let style =
            ProgressStyle::with_template("{msg:10} {wide_bar} {pos}/{len} days  {per_sec}  {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let lines = bar.is_hidden();
        Self { bar, read: AtomicU64::new(0), lines }
    }

    /// Nowhere.
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), read: AtomicU64::new(0), lines: false }
    }

    /// So many more days are to be read.
    pub fn expect(&self, days: u64) {
        self.bar.inc_length(days);
    }

    /// A day was read.
    pub fn read(&self, day: NaiveDate) {
        self.bar.set_message(day.to_string());
        self.bar.inc(1);
        let read = self.read.fetch_add(1, Ordering::Relaxed) + 1;
        if self.lines && read.is_multiple_of(DAYS_A_LINE) {
            self.say(&format_args!("read {day}: {read} of {} days", self.bar.length().unwrap_or_default()));
        }
    }

    /// Says something above the bar.
    pub fn say(&self, words: &dyn fmt::Display) {
        if self.lines {
            // Nobody may be reading any more; that is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{words}");
        } else {
            self.bar.suspend(|| {
                if !self.bar.is_hidden() {
                    let _ = writeln!(std::io::stderr(), "{words}");
                }
            });
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
