//! Past days as a Prometheus would have them, had it scraped the exporter all along.

pub mod files;
pub mod month;
pub mod openmetrics;
pub mod options;
pub mod remote_write;

pub use options::Options;
