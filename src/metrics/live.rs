//! What is new at every scrape: the requests to this server, and what the process needs. The one part of `metrics` that
//! is not pure: it reads `/proc`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use prometheus::{core::Collector, process_collector::ProcessCollector};

use super::{
    catalogue::{CATALOGUE, HTTP_REQUESTS},
    exporter::Emit,
    text::{each_batch, encode},
};

/// The series that are read at every scrape: the process's, and the requests to this server, given as path, status
/// and count.
#[derive(Debug)]
pub struct Live {
    collector: ProcessCollector,
    process: Mutex<Option<Reading>>,
}

/// What the process needed, as text.
#[derive(Debug)]
struct Reading {
    taken: Instant,
    text: Bytes,
}

/// So long a reading of the process is served again: to read it costs more than the rest of a small scrape, and so early
/// nobody comes but who asks too much.
const READING_HOLDS: Duration = Duration::from_secs(1);

impl Default for Live {
    fn default() -> Self {
        Self { collector: ProcessCollector::for_self(), process: Mutex::default() }
    }
}

impl Live {
    /// Renders them. Their number does not depend on the data's.
    pub fn render<'a>(
        &self,
        now: Instant,
        requests: impl Iterator<Item = (&'a str, &'a str, u64)>,
    ) -> Vec<u8> {
        let metric =
            CATALOGUE.iter().find(|metric| metric.name == HTTP_REQUESTS).expect("it is in the catalogue");
        let mut text = Vec::with_capacity(4 << 10);
        let fill = |emit: &mut Emit<'_>| {
            for (path, code, count) in requests {
                emit(&[path, code], count as f64);
            }
        };
        each_batch(metric, fill, |part| text.extend_from_slice(part));
        text.extend_from_slice(&self.process(now));
        text
    }

    /// What the process needed, read just now or a moment ago.
    fn process(&self, now: Instant) -> Bytes {
        let mut process = self.process.lock();
        if let Some(reading) =
            process.as_ref().filter(|reading| now.duration_since(reading.taken) < READING_HOLDS)
        {
            return reading.text.clone();
        }
        let mut text = Vec::new();
        self.collector.collect().iter().for_each(|family| encode(family, &mut text));
        process.insert(Reading { taken: now, text: text.into() }).text.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_read_once_a_second_and_the_requests_are_as_they_are() {
        let (live, now) = (Live::default(), Instant::now());
        let (first, again) = (live.process(now), live.process(now + Duration::from_millis(999)));
        assert!(first.starts_with(b"# HELP process_cpu_seconds_total"));
        assert_eq!(first.as_ptr(), again.as_ptr(), "the same text");
        assert_ne!(live.process(now + Duration::from_secs(1)).as_ptr(), first.as_ptr(), "a new reading");
        for count in [1, 2] {
            let text = String::from_utf8(live.render(now, [("/", "200", count)].into_iter())).unwrap();
            let line =
                format!("github_copilot_exporter_http_requests_total{{path=\"/\",code=\"200\"}} {count}\n");
            assert!(text.contains(&line), "{text}");
        }
    }
}
