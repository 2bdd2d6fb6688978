//! From a snapshot to what a scrape gets. Pure, but for what is new at every scrape: [`live`].
//!
//! The [`catalogue`] names every series; [`samples`] reads the data's from the snapshot, [`exporter`] the exporter's
//! own, `detail` those of the newest day that are more than a count, `seats` and `billing` those of no day; [`plan`] leaves
//! out detail when there is too much; [`text`] writes it, [`gzip`] compresses, and [`pieces`] is what is sent.

mod billing;
pub mod catalogue;
mod detail;
pub mod exporter;
pub mod gzip;
pub mod live;
pub mod pieces;
pub mod plan;
pub mod samples;
mod seats;
pub mod text;

pub use exporter::Service;
pub use live::Live;
pub use plan::{Plan, TeamDetail};
pub use text::{Exposition, render};
