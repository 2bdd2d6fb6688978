//! How far it is: a bar on a terminal, lines otherwise.

use std::{
    fmt,
    io::{self, Write},
};

use chrono::NaiveDate;
use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

/// Where it is shown how far it is. Never where results go: those may be piped into a file.
#[derive(Debug)]
pub struct Progress {
    /// Counts, whether it is seen or not.
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    /// On standard error, which may be a terminal.
    pub fn on_stderr() -> Self {
        let bar = ProgressBar::new(0);
        // Of nothing to read there is no bar: it would be full.
        bar.set_style(style("{msg}"));
        let lines = bar.is_hidden();
        Self { bar, lines }
    }

    /// Nowhere.
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), lines: false }
    }

    /// So many more days are to be read.
    pub fn expect(&self, days: u64) {
        self.bar.inc_length(days);
        self.bar.set_style(style("{msg} {wide_bar} {pos}/{len} days{rate}"));
    }

    /// A day was asked for.
    pub fn read(&self, day: NaiveDate) {
        self.bar.set_message(day.to_string());
        self.bar.inc(1);
    }

    /// Says something, above the bar if there is one.
    pub fn say(&self, words: impl fmt::Display) {
        if self.lines {
            // Nobody may be reading any more; that is no reason to stop.
            let _ = writeln!(io::stderr(), "{words}");
        } else {
            self.bar.println(words.to_string());
        }
    }

    /// Says what was done, and where there is no bar, how far that is.
    pub fn done(&self, words: impl fmt::Display) {
        if self.lines {
            let (asked, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
            self.say(format_args!("{words} ({asked} of {all} days asked)"));
        } else {
            self.say(words);
        }
    }

    /// Where a log goes while it is shown: to standard error, and not through the bar.
    pub fn log(&self) -> impl Fn() -> Log + Clone + Send + Sync + 'static {
        let bar = self.bar.clone();
        move || Log(bar.clone())
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Before the first day there is no rate, and so no time left that one could tell.
        if state.pos() > 0 {
            let _ = write!(out, ", {:.1}/s, {:#} left", state.per_sec(), HumanDuration(state.eta()));
        }
    })
}

/// A writer to standard error that puts the bar aside.
#[derive(Debug)]
pub struct Log(ProgressBar);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
