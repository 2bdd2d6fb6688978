//! A month as OpenMetrics text, as `promtool tsdb create-blocks-from openmetrics` reads it.

use std::io::{self, Write};

use super::month::Month;

/// How much was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Samples.
    pub samples: u64,
    /// Bytes of text.
    pub bytes: u64,
}

/// Writes a month.
///
/// # Errors
/// Whatever `out` says.
pub fn write(month: &Month, out: &mut impl Write) -> io::Result<Written> {
    let _ = (month, out);
    todo!()
}
