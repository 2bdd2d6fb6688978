//! Samples as text: the exposition format 0.0.4, plain and compressed. The only home of `prometheus`.

use bytes::Bytes;
use prometheus::{
    Encoder, TextEncoder,
    core::Collector,
    process_collector::ProcessCollector,
    proto::{Counter, Gauge, LabelPair, Metric as Sample, MetricFamily, MetricType},
};

use super::{
    catalogue::{CATALOGUE, HTTP_REQUESTS, Metric, Read},
    exporter::Service,
    gzip::{Deflated, Deflater},
    samples,
};

/// Rendered series, ready to be sent.
#[derive(Debug, Default)]
pub struct Exposition {
    /// As text.
    pub plain: Bytes,
    /// The same compressed; [`super::gzip::member`] makes a gzip answer of it.
    pub deflated: Deflated,
}

/// Renders everything but the live series, one family after the other.
pub fn render(service: &Service<'_>) -> Exposition {
    let mut writer = Writer::default();
    for metric in CATALOGUE {
        writer.write(family(metric, |emit| match metric.read {
            Read::Gauge(_, read) | Read::Counter(_, read) => read(service, emit),
            _ => {
                for scope in service.snapshot.scopes.iter().filter(|scope| service.plan.shows(metric, scope))
                {
                    samples::each(metric, scope, &mut *emit);
                }
            }
        }));
    }
    writer.finish()
}

/// The series that are read at every scrape: the process's, and the requests to this server, given as path, status
/// and count.
#[derive(Debug)]
pub struct Live(ProcessCollector);

impl Default for Live {
    fn default() -> Self {
        Self(ProcessCollector::for_self())
    }
}

impl Live {
    /// Renders them. Their number does not depend on the data's.
    pub fn render<'a>(&self, requests: impl Iterator<Item = (&'a str, &'a str, u64)>) -> Exposition {
        let metric =
            CATALOGUE.iter().find(|metric| metric.name == HTTP_REQUESTS).expect("it is in the catalogue");
        let mut writer = Writer::default();
        writer.write(family(metric, |emit| {
            for (path, code, count) in requests {
                emit(&[path, code], count as f64);
            }
        }));
        for family in self.0.collect() {
            writer.write(family);
        }
        writer.finish()
    }
}

/// Writes families as text and compresses them on the way.
#[derive(Default)]
struct Writer {
    plain: Vec<u8>,
    deflater: Deflater,
}

impl Writer {
    fn write(&mut self, family: MetricFamily) {
        // The encoder refuses a family without samples; absent is absent.
        if family.get_metric().is_empty() {
            return;
        }
        let start = self.plain.len();
        TextEncoder::new()
            .encode(&[family], &mut self.plain)
            .expect("memory takes every byte, and the catalogue's names are valid");
        self.deflater.write(&self.plain[start..]);
    }

    fn finish(self) -> Exposition {
        Exposition { plain: self.plain.into(), deflated: self.deflater.finish() }
    }
}

/// A family with the samples that `fill` emits.
fn family(metric: &Metric, fill: impl FnOnce(&mut dyn FnMut(&[&str], f64))) -> MetricFamily {
    let names = metric.labels();
    let mut samples = Vec::new();
    fill(&mut |values, number| samples.push(sample(metric, &names, values, number)));
    let mut family = MetricFamily::default();
    family.set_name(metric.name.to_owned());
    family.set_help(metric.help());
    family.set_field_type(if metric.is_counter() { MetricType::COUNTER } else { MetricType::GAUGE });
    family.set_metric(samples);
    family
}

fn sample(metric: &Metric, names: &[&str], values: &[&str], number: f64) -> Sample {
    debug_assert_eq!(names.len(), values.len(), "{}: a value for each label", metric.name);
    let label = |(name, value): (&&str, &&str)| {
        let mut label = LabelPair::default();
        label.set_name((*name).to_owned());
        label.set_value((*value).to_owned());
        label
    };
    let mut sample = Sample::from_label(names.iter().zip(values).map(label).collect());
    if metric.is_counter() {
        let mut counter = Counter::default();
        counter.set_value(number);
        sample.set_counter(counter);
    } else {
        let mut gauge = Gauge::default();
        gauge.set_value(number);
        sample.set_gauge(gauge);
    }
    sample
}
