//! The messages of remote write 1.0 and the body of a request: protobuf in a block of snappy. Pure.
//!
//! Only the fields that the specification names are here; metadata, exemplars and histograms are not part of 1.0.

use prost::Message;

/// What one request says (`prometheus.WriteRequest`).
#[derive(Clone, PartialEq, Message)]
pub(super) struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    pub(super) timeseries: Vec<TimeSeries>,
}

/// Samples of one series, ascending.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    pub(super) labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    pub(super) samples: Vec<Sample>,
}

/// A label; of a series they are sorted by name.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Label {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

/// A value and its moment.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(double, tag = "1")]
    pub(super) value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    pub(super) timestamp: i64,
}

impl WriteRequest {
    /// The body of the request.
    pub(super) fn body(&self) -> Vec<u8> {
        let raw = self.encode_to_vec();
        // The block format: receivers do not read the framed one.
        snap::raw::Encoder::new().compress_vec(&raw).expect("a batch is far below the 4 GiB of a block")
    }
}

impl TimeSeries {
    /// A series without samples yet: the metric's name stands among its labels, in the order of bytes.
    pub(super) fn new(metric: &str, labels: &[(&str, &str)]) -> Self {
        let name = [("__name__", metric)];
        let mut labels: Vec<_> = labels
            .iter()
            .chain(&name)
            .map(|(name, value)| Label { name: (*name).to_owned(), value: (*value).to_owned() })
            .collect();
        labels.sort_by(|a, b| a.name.cmp(&b.name));
        Self { labels, samples: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stands_among_the_labels_in_the_order_of_bytes() {
        for (labels, expected) in [
            (vec![], vec!["__name__"]),
            (vec![("org", "a"), ("team", "b")], vec!["__name__", "org", "team"]),
            // Capitals come before the underscore, small letters after it.
            (vec![("Zone", "a"), ("_x", "b"), ("a", "c")], vec!["Zone", "__name__", "_x", "a"]),
        ] {
            let series = TimeSeries::new("up", &labels);
            let names: Vec<_> = series.labels.iter().map(|label| &*label.name).collect();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn a_body_is_a_snappy_block_of_the_bytes_that_the_specification_lays_out() {
        let mut series = TimeSeries::new("m", &[("a", "é")]);
        series.samples.push(Sample { value: 1.5, timestamp: 300 });
        let body = WriteRequest { timeseries: vec![series] }.body();
        let raw = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        let name =
            [b"\x0a\x0d\x0a\x08__name__\x12\x01m".as_slice(), b"\x0a\x07\x0a\x01a\x12\x02\xc3\xa9"].concat();
        let sample = b"\x12\x0c\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x10\xac\x02";
        let inner = [&name, sample.as_slice()].concat();
        assert_eq!(raw, [&[0x0a, u8::try_from(inner.len()).unwrap()], &*inner].concat());
    }
}
